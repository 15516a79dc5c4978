"""What a sweep's file may say, and what is said of one that is wrong."""

from pathlib import Path

import pytest

from kerascnn.errors import SpecError
from kerascnn.spec import load_spec, spec_from_dict
from kerascnn.spec.load import parse_spec
from kerascnn.spec.section import Section
from kerascnn.spec.sweep import Sweep, has_sweep, load_sweep
from kerascnn.templates_list import find_template

HEAD = "kerascnn_sweep: 1\nname: s\nspec: a.yaml\n"


def sweep(tmp_path: Path, text: str):
    (tmp_path / "s.yaml").write_text(HEAD + text, "utf-8")
    return load_sweep(tmp_path / "s.yaml")


def test_lists_and_ranges_are_read(tmp_path: Path) -> None:
    found = sweep(
        tmp_path,
        "parameters:\n  a.b: {values: [1, x, {type: sgd}]}\n  c: {low: 1, high: 5}\n"
        "  d: {low: 0.1, high: 1, log: true}\n",
    )
    assert found.parameters["a.b"].values == [1, "x", {"type": "sgd"}]
    assert found.parameters["c"].whole
    assert not found.parameters["d"].whole
    assert (found.sampler, found.pruner, found.trials) == ("tpe", "none", 20)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("parameters: {}\n", "s.yaml:4:13: parameters: "),
        ("parameters: {a: {low: 1}}\n", "parameters.a: needs either 'values', or 'low' and 'high'"),
        ("parameters: {a: {values: [1], low: 1}}\n", "has 'values'; leave out 'low'"),
        ("parameters: {a: {low: 2, high: 2}}\n", "needs a 'low' below 'high'"),
        ("parameters: {a: {low: 0, high: 2, log: true}}\n", "needs a 'low' above 0 where 'log' is true"),
        ("parameters: {a: {low: 1, high: 4, log: true, step: 1}}\n", "cannot have both 'log' and 'step'"),
        ("parameters: {a: {low: 0.5, high: 2}}\nsampler: grid\n", "sampler 'grid' needs 'values', a 'step' or whole"),
        ("parameters: {a: {values: [1]}}\nsampler: bayes\n", "s.yaml:5:10: sampler: should be 'tpe', 'random' or"),
        ("parameters: {a: {values: [1]}}\ntrails: 3\n", "did you mean 'trials'?"),
        ("parameters: {sweep.seed: {values: [1]}}\n", "cannot try 'sweep.seed', a value of a sweep itself"),
        ("parameters: {a.b: {values: [1]}, a: {values: [{}]}}\n", "'a' would put something else in the place of 'a.b'"),
        ("parameters: {'a=b': {values: [1]}}\n", "has a path with '=' in it"),
    ],
)
def test_mistakes_stand_at_their_place(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(SpecError) as caught:
        sweep(tmp_path, text)
    assert said in str(caught.value)


def test_an_empty_file_says_what_a_sweep_is(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text("", "utf-8")
    with pytest.raises(SpecError, match="a sweep is a mapping with the key 'kerascnn_sweep'"):
        load_sweep(tmp_path / "s.yaml")


SPEC = """\
kerascnn: 1
name: digits
task: {type: image_classification}
data: {source: {type: digits}}
model:
  backbone: {type: simple_cnn}
  head: {type: classifier}
train: {batch_size: 8}
"""
INSIDE = "sweep:\n  parameters:\n    train.batch_size: {values: [16, 32]}\n"


def inside(text: str, *settings: str):
    return parse_spec(SPEC + text, "spec.yaml", settings)


def said_of(text: str, *settings: str) -> str:
    with pytest.raises(SpecError) as caught:
        inside(text, *settings)
    return str(caught.value)


def test_a_spec_may_hold_a_sweep_and_a_training_is_the_same_with_it() -> None:
    found = inside(INSIDE)
    assert found.sweep is not None
    assert found.sweep.parameters["train.batch_size"].values == [16, 32]
    assert found.train.batch_size == 8
    assert found.spell() == inside("").spell()
    assert "sweep" not in found.spell()
    assert spec_from_dict(found.spell()) == inside("")


def test_a_spec_with_a_sweep_is_loaded_as_one(tmp_path: Path) -> None:
    file = tmp_path / "spec.yaml"
    file.write_text(SPEC + INSIDE + "  sampler: grid\n", "utf-8")
    found = load_sweep(file)
    assert found == Sweep.model_validate(
        {
            "kerascnn_sweep": 1,
            "name": "digits",
            "spec": str(file),
            "sampler": "grid",
            "parameters": {"train.batch_size": {"values": [16, 32]}},
        }
    )
    more = load_sweep(file, ["sweep.trials=3", "sweep.name=other", "train.seed=4"])
    assert (more.trials, more.name) == (3, "other")
    assert has_sweep(file)
    assert not has_sweep(find_template("lenet5"))
    with pytest.raises(SpecError, match="has no section 'sweep', which says what is tried"):
        load_sweep(find_template("lenet5"))


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ("train.batch_siz: {values: [1]}", "spec.yaml:11:5: sweep.parameters.train.batch_siz: no field is named "
         "'batch_siz'; did you mean 'batch_size'?"),
        ("train.batch_size: {values: [8, 0]}", "spec.yaml:11:36: sweep.parameters.train.batch_size.values.1: should be "
         "1 or more (got 0)"),
        ("train.batch_size: {low: 8, high: 70000}", "spec.yaml:11:23: sweep.parameters.train.batch_size: should be "
         "65536 or less (got 70000)"),
        ("train.batch_size: {low: 8.0, high: 16}", "should be whole numbers; write them so for 'low', 'high'"),
        ("task: {values: [{type: image_regression}]}", "sweep.parameters.task.values.0: model.head.type: 'classifier' "
         "serves"),
        ("data.source.type.x: {values: [1]}", "sweep.parameters.data.source.type.x: is a single value"),
    ],
)  # fmt: skip
def test_paths_and_values_are_those_that_the_spec_takes(parameters: str, said: str) -> None:
    assert said in said_of(f"sweep:\n  parameters:\n    {parameters}\n")


def test_a_path_may_need_what_an_earlier_one_puts_in() -> None:
    text = (
        "sweep:\n  parameters:\n    model.backbone: {values: [{type: resnet}, {type: resnet, version: 2}]}\n"
        "    model.backbone.depth: {values: [50, 101]}\n"
    )
    assert inside(text).sweep is not None
    assert "sweep.parameters.model.backbone.depth" in said_of(text.replace("101", "35"))


def test_mistakes_outside_the_sweep_are_said_once_and_at_their_own_place() -> None:
    said = said_of(INSIDE + "    train.sed: {values: [1]}\n", "train.patience=0")
    assert said.count("train.patience") == 1
    assert "--set:1:16: train.patience: should be 1 or more (got 0)" in said
    assert "spec.yaml:12:5: sweep.parameters.train.sed: no field is named 'sed'; did you mean 'seed'?" in said


def test_the_whole_path_is_what_an_editor_may_put_in() -> None:
    with pytest.raises(SpecError) as caught:
        inside("sweep:\n  parameters:\n    trian.seed: {values: [1]}\n    train.stages.0.lerning_rate: {values: [1]}\n")
    assert [issue.suggestion for issue in caught.value.issues] == ["train.seed", "train.stages.0.learning_rate"]


def test_a_file_of_its_own_is_held_against_its_spec_too(tmp_path: Path) -> None:
    (tmp_path / "spec.yaml").write_text(SPEC, "utf-8")
    file = tmp_path / "s.yaml"
    head = HEAD.replace("a.yaml", str(tmp_path / "spec.yaml"))
    file.write_text(head + "parameters:\n  train.batch_size: {values: [8, x]}\n  train.sed: {values: [1]}\n", "utf-8")
    with pytest.raises(SpecError) as caught:
        load_sweep(file)
    assert [(issue.file, issue.line, issue.path) for issue in caught.value.issues] == [
        (str(file), 5, "parameters.train.batch_size.values.1"),
        (str(file), 6, "parameters.train.sed"),
    ]


def test_values_that_are_no_plain_data_are_refused() -> None:
    tree = load_spec(find_template("lenet5")).spell()
    sweep = {"parameters": {"train.stages.0": {"values": [Section()]}}}
    with pytest.raises(SpecError, match="needs plain values"):
        spec_from_dict({**tree, "sweep": sweep})
