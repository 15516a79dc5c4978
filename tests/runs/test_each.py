"""What is kept of each sample where whole answers are too large."""

import numpy as np
import pytest

from kerascnn.errors import UsageError
from kerascnn.runs.each import KeptFigures, file_of, read_figures, write_figures
from kerascnn.runs.failures import failures, say_found
from tests.runs.made import make_run, sure_of


@pytest.fixture
def run(tmp_path):
    found = make_run(tmp_path, [0, 1, 0], sure_of([0, 1, 0], 2))
    (found.path / "evaluation" / "test.npz").unlink()
    return found


MASKS = np.arange(8, dtype="uint8").reshape(2, 2, 2)
KEPT = KeptFigures(
    ["0.png", "1.png", "2.png"],
    "picture_iou",
    "max",
    np.array([0.5, np.nan, 0.25]),
    ["2.png", "0.png"],
    ["disc 10 %", "disc 20 %"],
    ["nothing", "disc 5 %"],
    masks=MASKS,
)


def test_what_is_kept_comes_back(run):
    write_figures(run, "test", KEPT)
    found = read_figures(run, "test")
    assert (found.ids, found.name, found.better, found.boxes) == (KEPT.ids, "picture_iou", "max", None)
    assert (found.worst, found.truths, found.said) == (KEPT.worst, KEPT.truths, KEPT.said)
    np.testing.assert_array_equal(found.values, KEPT.values)
    np.testing.assert_array_equal(found.masks, MASKS)
    np.testing.assert_array_equal(found.of(["2.png", "0.png"]), [0.25, 0.5])


def test_the_worst_pictures_are_the_failures(run):
    write_figures(run, "test", KEPT)
    found = failures(run, "test")
    assert found["worst"][0] == {
        "id": "2.png",
        "truth": "disc 10 %",
        "said": "nothing",
        "figure": "picture_iou",
        "value": 0.25,
    }
    assert [row["id"] for row in found["worst"]] == ["2.png", "0.png"]
    assert (found["samples"], found["wrong"], found["sure"], found["label_errors"]) == (3, None, None, None)
    assert say_found(found) == "3 test samples"
    assert len(found["notes"]) == 1
    assert len(failures(run, "test", top=1)["worst"]) == 1


def test_that_more_pictures_are_wrong_than_are_kept_is_said(run):
    write_figures(
        run, "test", KeptFigures(KEPT.ids, "picture_iou", "max", np.array([0.5, 0.7, 1]), ["0.png"], ["a"], ["b"])
    )
    said = "Of 2 pictures that are not as they should be, an evaluation keeps the 1 worst."
    assert failures(run, "test")["notes"][1:] == [said]
    assert failures(run, "test", top=1)["notes"][1:] == []


def test_nothing_kept_or_a_damaged_file_is_said(run):
    with pytest.raises(UsageError, match="has no figures of single samples on its test split; `kerascnn evaluate"):
        read_figures(run, "test")
    file_of(run, "test").write_bytes(b"no archive")
    with pytest.raises(UsageError, match=r"test\.each\.npz is damaged .*; evaluate the run again"):
        read_figures(run, "test")
