"""The product of specs and of settings with several values."""

from pathlib import Path

import pytest

from kerascnn.errors import SpecError, UsageError
from kerascnn.jobs.plan import plan, values_of
from kerascnn.templates_list import find_template

LENET, MLP = find_template("lenet5"), find_template("mlp")


@pytest.mark.parametrize(
    ("setting", "values"),
    [
        ("train.seed=1,2,3", ("1", "2", "3")),
        ("train.seed=1", ("1",)),
        ("x=[28, 28],[32, 32]", ("[28, 28]", "[32, 32]")),
        ("x={a: 1, b: 2}, {a: 2}", ("{a: 1, b: 2}", "{a: 2}")),
        ("x='a,b'", ("'a,b'",)),
        ("x='a,b',c", ("'a,b'", "c")),
        ("x=[1,", ("[1,",)),
        ("x=1,", ("1,",)),
        ("x=,", (",",)),
    ],
)
def test_commas_part_values_but_not_inside_brackets_and_quotes(setting: str, values: tuple[str, ...]) -> None:
    path = setting.partition("=")[0]
    assert values_of(setting) == tuple(f"{path}={value}" for value in values)


def test_every_choice_is_made_and_the_last_setting_changes_fastest() -> None:
    found = plan([LENET], ["train.seed=1,2", "train.batch_size=32", "train.stages.0.epochs=1,5"])
    assert [one.name for one in found] == [
        "train.seed=1 train.stages.0.epochs=1",
        "train.seed=1 train.stages.0.epochs=5",
        "train.seed=2 train.stages.0.epochs=1",
        "train.seed=2 train.stages.0.epochs=5",
    ]
    assert found[1].settings == ("train.seed=1", "train.batch_size=32", "train.stages.0.epochs=5")
    assert found[0].text == LENET.read_bytes()


def test_several_specs_are_told_apart_by_their_files() -> None:
    assert [one.name for one in plan([LENET, MLP])] == [str(LENET), str(MLP)]
    assert [one.name for one in plan([LENET, MLP], ["train.seed=1,2"])][1] == f"{LENET} train.seed=2"
    assert [one.name for one in plan([LENET])] == [str(LENET)]


def test_the_mistakes_of_all_are_said_before_anything_is_trained(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("kerascnn: 1\nname: bad\n", "utf-8")
    with pytest.raises(SpecError) as caught:
        plan([LENET, tmp_path / "bad.yaml"], ["train.seed=1,-1"])
    said = str(caught.value)
    assert "bad.yaml" in said
    assert "train.seed: should be 0 or more (got -1)" in said
    assert len(caught.value.issues) == len(set(map(str, caught.value.issues)))


def test_folds_of_a_batch_are_named_one_by_one() -> None:
    with pytest.raises(UsageError, match=r"--set data\.split\.fold=0,1,2"):
        plan([LENET], ["data.split.folds=3"])
    assert len(plan([LENET], ["data.split.folds=3", "data.split.fold=0,1,2"])) == 3


def test_more_trainings_than_anybody_means_are_refused() -> None:
    many = ",".join(map(str, range(101)))
    with pytest.raises(UsageError, match="10201 trainings are more than 10000"):
        plan([LENET], [f"train.seed={many}", f"train.batch_size={many}"])
