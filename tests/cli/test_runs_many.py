"""`kerascnn runs list --sort` and `kerascnn runs compare` of several, on runs that were never trained."""

import json

import pytest

from kerascnn.cli.main import run as command
from kerascnn.cli.runs_many import _short_names
from tests.runs.test_ranking import run


@pytest.fixture
def runs(tmp_path):
    specs = [(0.5, 0, 32), (0.9, 0, 64), (0.7, 1, 32), (0.6, 1, 64)]
    return [
        run(tmp_path, accuracy, train__seed=seed, train__batch_size=size, name=f"size-{size}")
        for accuracy, seed, size in specs
    ]


def told(capsys, *arguments):
    code = command(["runs", *map(str, arguments)])
    out, err = capsys.readouterr()
    return code, out, err


def names_of(out):
    return [line.split()[0] for line in out.splitlines()[2:]]


def test_runs_are_listed_with_the_best_first(runs, tmp_path, capsys):
    code, out, _ = told(capsys, "list", "--runs", tmp_path, "--sort", "val_accuracy")
    assert code == 0
    assert names_of(out) == [runs[i].id for i in (1, 2, 3, 0)]
    assert out.splitlines()[0].split() == ["run", "name", "state", "epochs", "val_accuracy", "val_loss"]
    _, out, _ = told(capsys, "list", "--runs", tmp_path, "--sort", "val_loss", "--json")
    rows = json.loads(out)
    assert [row["run"] for row in rows] == [runs[i].id for i in (1, 2, 3, 0)]
    assert "spec" not in rows[0]


def test_groups_are_listed_with_mean_and_spread(runs, tmp_path, capsys):
    _, out, err = told(capsys, "list", "--runs", tmp_path, "--sort", "val_accuracy", "--group")
    assert [line.split() for line in out.splitlines()[2:]] == [
        ["size-64", "2", "0.7500", "0.2121", "0.6000", "0.9000", runs[1].id],
        ["size-32", "2", "0.6000", "0.1414", "0.5000", "0.7000", runs[2].id],
    ]
    assert err == ""
    run(tmp_path, 0.1, state="failed", train__batch_size=64)
    _, out, err = told(capsys, "list", "--runs", tmp_path, "--sort", "val_accuracy", "--group", "--json")
    assert [len(group["others"]) for group in json.loads(out)] == [1, 0]
    _, _, err = told(capsys, "list", "--runs", tmp_path, "--sort", "val_accuracy", "--group")
    assert err.startswith("not counted, as they are not done or have no such figure: ")


def test_a_group_needs_a_figure_and_an_empty_folder_none(runs, tmp_path, capsys):
    code, _, err = told(capsys, "list", "--runs", tmp_path, "--group")
    assert (code, "say which with --sort" in err) == (2, True)
    assert told(capsys, "list", "--runs", tmp_path / "no", "--sort", "val_loss")[:2] == (
        0, f"no runs under {tmp_path / 'no'}\n",
    )  # fmt: skip
    assert told(capsys, "list", "--runs", tmp_path / "no", "--sort", "val_loss", "--json")[1] == "[]\n"


def test_several_are_compared_by_the_keys_that_differ(runs, tmp_path, capsys):
    ids = [one.id for one in runs[:3]]
    code, out, _ = told(capsys, "compare", *ids, "--runs", tmp_path)
    assert code == 0
    assert [line.split() for line in (out.splitlines()[0], *out.splitlines()[2:])] == [
        ["run", "state", "epochs", "val_accuracy", "val_loss", "seed", "batch_size"],
        [ids[0], "done", "1", "0.5000", "0.5000", "0", "32"],
        [ids[1], "done", "1", "0.9000", "0.1000", "0", "64"],
        [ids[2], "done", "1", "0.7000", "0.3000", "1", "32"],
    ]
    _, out, _ = told(capsys, "compare", *ids, "--runs", tmp_path, "--sort", "val_loss", "--json")
    found = json.loads(out)
    assert (found["figure"], found["better"]) == ("val_loss", "less")
    assert [row["run"] for row in found["runs"]] == [ids[1], ids[2], ids[0]]
    assert found["runs"][0]["differs"] == {"train.seed": 0, "train.batch_size": 64}


def test_groups_are_compared_without_their_seeds(runs, tmp_path, capsys):
    ids = [one.id for one in runs]
    _, out, _ = told(capsys, "compare", *ids, "--runs", tmp_path, "--sort", "val_accuracy", "--group")
    assert out.splitlines()[0].split() == ["name", "runs", "val_accuracy", "sd", "low", "high", "best", "run",
                                           "batch_size"]  # fmt: skip
    assert [line.split()[-1] for line in out.splitlines()[2:]] == ["64", "32"]


def test_many_keys_stand_below_each_other(tmp_path, capsys):
    mlp = {"type": "mlp", **{f"key_{i}": i for i in range(9)}}
    ids = [run(tmp_path, 0.5).id, run(tmp_path, 0.6, model__backbone=mlp).id, run(tmp_path, 0.7, train__seed=2).id]
    _, out, _ = told(capsys, "compare", *ids, "--runs", tmp_path)
    table = out.split("\n\n")[1].splitlines()
    assert table[0].split() == ["spec", *ids]
    assert next(line for line in table if line.startswith("train.seed ")).split() == ["train.seed", "0", "0", "2"]


def test_two_with_a_figure_are_a_table_and_equal_ones_say_so(tmp_path, capsys):
    ids = [run(tmp_path, 0.5).id, run(tmp_path, 0.6).id]
    code, out, err = told(capsys, "compare", *ids, "--runs", tmp_path, "--sort", "val_accuracy")
    assert (code, names_of(out)) == (0, ids[::-1])
    assert err == "their specs do not differ\n"
    code, _, err = told(capsys, "compare", *ids, "--runs", tmp_path)
    assert (code, "was not evaluated on its test split" in err) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([0], "name two runs or more"),
        ([0, 1, 1], "is named twice"),
        ([0, 1, 2, "--split", "test"], "--split is for two runs"),
        ([0, 1, 2, "--sort", "val_accurac"], "did you mean 'val_accuracy'?"),
        ([0, 1, 2, "--group"], "say which with --sort"),
    ],
)
def test_what_cannot_be_compared_is_refused(runs, tmp_path, capsys, arguments, said):
    given = [runs[one].id if isinstance(one, int) else one for one in arguments]
    code, out, err = told(capsys, "compare", *given, "--runs", tmp_path)
    assert (code, out) == (2, "")
    assert said in err


def test_ends_of_paths_are_as_long_as_they_have_to_be():
    assert _short_names(["a.b.c", "a.d.c", "x"]) == ["b.c", "d.c", "x"]
    assert _short_names(["train.seed", "seed"]) == ["train.seed", "seed"]
