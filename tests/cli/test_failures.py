"""`kerascnn failures` and `kerascnn runs compare`, on runs that were never trained."""

import json

import numpy as np
import pytest

import kerascnn.api
from kerascnn.cli.main import run as command
from kerascnn.engine.data import load_data
from kerascnn.runs.atomic import write_json
from kerascnn.spec import spec_from_dict
from tests.runs.made import make_run, spec_tree, sure_of


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    """The test split of the digits, with answers that are right but on some samples."""
    data = load_data(spec_from_dict(spec_tree()))
    rows = data.indices("test")
    folder = tmp_path_factory.mktemp("runs")

    def make(wrong, **changes):
        truth = data.answers.all[rows]
        said = truth.copy()
        said[list(wrong)] = (said[list(wrong)] + 1) % 10
        ids = [data.samples[i].id for i in rows]
        made = make_run(
            folder, truth, sure_of(said, 10), data.info.labels, ids=ids, manifest=data.manifest,
            tree=spec_tree(**changes), metrics={"accuracy": float(np.mean(said == truth))},
        )  # fmt: skip
        write_json(made.path / "input.json", {"shape": list(data.info.shape), **data.elements.form.spell()})
        return made, ids

    return make


def test_failures_are_printed_and_drawn(digits, capsys):
    made, ids = digits([0, 1, 2])
    assert command(["failures", str(made.path), "--top", "2"]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("3 of 359 test samples are answered wrongly; 3 labels may be wrong\n")
    for title in ("worst mistakes", "wrong but sure", "most confused", "labels that may be wrong"):
        assert f"\n{title}\n" in out
    assert ids[0] in out
    assert "somebody has to look at each" in err
    page = made.path / "evaluation" / "failures-test.html"
    assert f"page     {page.resolve()}" in out
    assert "data:image/jpeg;base64," in page.read_text()


def test_candidates_that_were_judged_do_not_come_again(digits, capsys, tmp_path):
    made, ids = digits([0, 1, 2])
    file = tmp_path / "fixes.csv"
    assert command(["failures", str(made.path), "--write-fixes", str(file), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["fixes"] == str(file)
    assert {row["id"] for row in found["label_errors"]} == set(ids[:3])
    file.write_text(file.read_text().replace(f"{ids[2]},keep", "9999,keep"))  # not judged
    with pytest.raises(AssertionError):
        assert command(["failures", str(made.path), "--write-fixes", str(file)]) == 0
    assert "is there already, and may hold judgements" in capsys.readouterr().err
    again, _ = digits([0, 1, 2], data__fixes=str(file))
    assert command(["failures", str(again.path), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [row["id"] for row in found["label_errors"]] == [ids[2]]
    assert found["judged"] == 2


def test_two_runs_are_compared(digits, capsys):
    (a, ids), (b, _) = digits([*range(12)]), digits([0, 20], train__seed=5)
    assert command(["runs", "compare", str(a.path), str(b.path)]) == 0
    out = capsys.readouterr().out
    # 11 fixed, 1 broke: 2 x (1 + 12) / 2^12.
    assert "B is right on 357 of 359 test samples, A on 347: 11 fixed, 1 broke (exact McNemar p = 0.0063)." in out
    assert f"fixed  11: {', '.join(ids[1:11])}, ...\n" in out
    assert f"broke  1: {ids[20]}\n" in out
    assert "train.seed  0  5" in out
    assert "accuracy  0.9666  0.9944  0.0279" in out
    assert command(["runs", "compare", str(a.path), str(b.path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["fixed"] == ids[1:12]


def test_a_split_without_an_evaluation_is_one_sentence(digits, capsys):
    made, _ = digits([0])
    assert command(["failures", str(made.path), "--split", "validation"]) == 2
    assert capsys.readouterr().err.startswith(f"error: run {made.id} has no answers on its validation split")
    assert command(["runs", "compare", str(made.path), str(made.path)]) == 2
    assert "is named twice" in capsys.readouterr().err


def test_python_says_the_same(digits):
    (a, ids), (b, _) = digits([0, 1]), digits([1])
    assert [row["id"] for row in kerascnn.api.Run(a.path).failures(top=1)["sure"]] == [ids[0]]
    assert kerascnn.api.compare(a.path, kerascnn.api.Run(b.path))["fixed"] == [ids[0]]
