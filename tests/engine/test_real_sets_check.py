"""The flaws that the READMEs of real public sets tell of are all found by the check."""

import os
from pathlib import Path

import pytest

from kerascnn.engine.data import load_data
from kerascnn.spec import spec_from_dict

ROOT = Path(os.environ.get("KERASCNN_DATA") or Path(__file__).parents[3] / "shared" / "data")
pytestmark = pytest.mark.skipif(not ROOT.is_dir(), reason=f"the real sets are not at {ROOT} (KERASCNN_DATA)")


def check(task, source, head="classifier", backbone=None, **data):
    """Return the findings about a set by their names, and the data."""
    spec = {
        "kerascnn": 1,
        "name": "real",
        "task": {"type": task},
        "data": {"source": source, **data},
        "model": {"backbone": backbone or {"type": "layers", "layers": [{"type": "flatten"}]}, "head": {"type": head}},
    }
    found = load_data(spec_from_dict(spec), keep=False)
    return {finding.id: finding for finding in found.findings}, found


def test_trashnet_has_three_pairs_under_two_labels_two_of_them_across_splits():
    splits = ROOT / "trashnet150" / "splits"
    lists = {name: str(splits / f"{short}.txt") for name, short in (("train", "train"), ("validation", "val"))}
    findings, data = check(
        "image_classification",
        {"type": "image_folder", "path": str(ROOT / "trashnet150" / "images")},
        image_size=[150, 150],
        split={"lists": {**lists, "test": str(splits / "test.txt")}},
    )
    assert data.sizes == {"train": 1768, "validation": 328, "test": 431}
    assert data.notes == []
    names = {Path(name).stem for name in findings["duplicate-label"].samples}
    assert names == {"metal91", "glass115", "plastic332", "glass389", "plastic152", "glass176"}
    leaked = findings["duplicate-across-splits"]
    assert {Path(name).stem for name in leaked.samples} == {"plastic332", "glass389", "plastic152", "glass176"}
    assert leaked.severity == "warning"  # two of 759
    data.refuse_errors([])


def test_trec_has_repeated_questions_and_some_in_train_and_test():
    findings, data = check(
        "text_classification",
        {
            "type": "text_lines",
            "path": str(ROOT / "text" / "TREC.train.all"),
            "test_path": str(ROOT / "text" / "TREC.test.all"),
        },
        split={"validation": 0.1},
    )
    assert data.sizes["test"] == 500
    assert sum(data.sizes.values()) == 5952
    lines = {part: [m["sha256"] for m in data.manifest if (m["split"] == "test") is part] for part in (False, True)}
    assert len(lines[False]) - len(set(lines[False])) == 71
    # Ten to the letter, and the eleventh but for a capital.
    assert len(set(lines[False]) & set(lines[True])) == 10
    assert len(findings["near-duplicate-across-splits"].samples) == 2
    assert findings["duplicate-across-splits"].severity == "error"  # 10 of 500 are 2 %
    assert "10 of the 500 of test" in findings["duplicate-across-splits"].message
    assert "text-encoding" in findings


def test_blood_cells_have_two_boxes_of_no_size():
    findings, data = check(
        "object_detection",
        {"type": "pascal_voc", "path": str(ROOT / "bccd")},
        head="center_detector",
        backbone={"type": "simple_cnn"},
        image_size=[120, 160],
    )
    assert data.sizes == {"train": 205, "validation": 87, "test": 72}
    assert {Path(name).stem for name in findings["empty-box"].samples} == {"BloodImage_00338", "BloodImage_00343"}


def test_membranes_are_read_by_their_folds():
    findings, data = check(
        "image_segmentation",
        {
            "type": "image_masks",
            "images": str(ROOT / "isbi_membrane" / "train" / "image"),
            "masks": str(ROOT / "isbi_membrane" / "train" / "label"),
            "class_names": ["membrane", "cell"],
        },
        head="segmenter",
        backbone={"type": "simple_cnn"},
        image_size=[128, 128],
        split={"file": str(ROOT / "isbi_membrane" / "folds.csv"), "folds": 5, "fold": 2, "validation": 0.2},
    )
    tested = sorted(int(Path(line["id"]).stem) for line in data.manifest if line["split"] == "test")
    assert tested == list(range(12, 18))
    assert not {"mask-size", "mask-values"} & set(findings)


@pytest.mark.parametrize(("name", "missing"), [("JapaneseVowels", {"unequal-length"}), ("GunPoint", set())])
def test_series_of_unequal_length_are_noted(name, missing):
    folder = ROOT / "series" / name
    findings, data = check(
        "series_classification",
        {"type": "ts_file", "path": str(folder / f"{name}_TRAIN.ts"), "test_path": str(folder / f"{name}_TEST.ts")},
        split={"validation": 0},
    )
    assert set(findings) & {"unequal-length", "missing-values"} == missing
    assert data.sizes == ({"train": 270, "test": 370} if missing else {"train": 50, "test": 150})


@pytest.mark.slow
def test_mnist_is_read_by_its_files():
    findings, data = check(
        "image_classification", {"type": "idx", "path": str(ROOT / "mnist")}, split={"validation": 0}
    )
    assert data.sizes == {"train": 60_000, "test": 10_000}
    assert "duplicate-across-splits" not in findings
