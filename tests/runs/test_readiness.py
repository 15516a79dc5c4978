"""The gates of a run."""

import json

import numpy as np
import pytest

from kerascnn.runs.folder import RunFolder
from kerascnn.runs.readiness import GATES, readiness
from tests.runs.made import make_run, sure_of

SPEC = {
    "task": {"type": "image_classification"},
    "data": {"split": {"group_by": None, "lists": None, "file": None}},
    "model": {"head": {"type": "classifier"}},
    "train": {"monitor": "val_loss"},
}
DATA = {"findings": [], "fingerprint": "0123456789abcdef", "quarantined": 0}
EFFECTIVE = {"weights": None, "augmentation": [{"type": "random_flip"}], "preprocessing": {"normalize": "unit"}}


@pytest.fixture
def look(tmp_path):
    """Write a run of these files, and return its gates by their names."""

    def looked(spec=None, data=None, effective=None, **files):
        whole = {
            "spec.resolved.json": SPEC | (spec or {}),
            "data.json": DATA | (data or {}),
            "effective.json": EFFECTIVE | (effective or {}),
            "state.json": {},
            **files,
        }
        for name, content in whole.items():
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text(json.dumps(content))
        return {gate.id: gate for gate in readiness(RunFolder(tmp_path))}

    return looked


def finding(name):
    return {"id": name, "severity": "warning", "message": f"found {name}", "samples": []}


def test_there_are_ten_gates_each_with_a_reason(look):
    gates = look()
    assert list(gates) == list(GATES)
    assert len(gates) == 10
    assert all(gate.reason and gate.title for gate in gates.values())
    assert {gate.passed for gate in gates.values()} <= {True, False, None}


def test_a_fresh_run_has_no_figures_and_says_how_to_get_them(look):
    gate = look()["figures-complete"]
    assert gate.passed is False
    assert "kerascnn evaluate" in gate.reason
    assert "kerascnn calibrate" in gate.reason


@pytest.mark.parametrize(("flipped", "passed"), [(0, True), (3, False)])
def test_with_figures_calibration_and_answers_only_doubtful_labels_are_left(tmp_path, flipped, passed):
    truth = np.arange(60) % 2
    said = truth.copy()
    said[:flipped] = 1 - said[:flipped]
    run = make_run(tmp_path, truth, sure_of(said, 2, 0.98))
    for name, content in {"data.json": DATA, "effective.json": EFFECTIVE, "calibration.json": {}}.items():
        (run.path / name).write_text(json.dumps(content))
    gates = {gate.id: gate for gate in readiness(run)}
    assert gates["figures-complete"].passed
    assert "60 test samples" in gates["figures-complete"].reason
    assert gates["distribution-logged"].passed
    assert gates["labels-audited"].passed is passed
    assert f"{flipped} on the test split" in gates["labels-audited"].reason


def test_a_regression_needs_no_calibration(look):
    spec = {"task": {"type": "image_regression"}}
    assert look(spec, **{"evaluation/test.json": {"samples": 1}})["figures-complete"].passed


@pytest.mark.parametrize("name", ["duplicate-label", "small-class", "similar-class-names", "imbalance"])
def test_what_the_check_found_on_labels_is_said(look, name):
    gate = look(data={"findings": [finding(name)]})["labels-audited"]
    assert (gate.passed, gate.reason) == (False, f"found {name}")


@pytest.mark.parametrize("name", ["group-across-splits", "duplicate-across-splits", "near-duplicate-across-splits"])
def test_a_leak_between_splits_does_not_pass_even_with_groups(look, name):
    spec = {"data": {"split": {"group_by": "patient", "lists": None, "file": None}}}
    assert look(spec)["split-by-group"].passed
    assert look(spec, {"findings": [finding(name)]})["split-by-group"].passed is False


def test_a_split_of_single_samples_does_not_pass_and_an_official_one_does(look):
    assert look()["split-by-group"].passed is False
    assert look({"data": {"split": {"group_by": None, "lists": {"train": "a"}, "file": None}}})["split-by-group"].passed


def test_trained_weights_pass_chance_does_not_and_texts_have_none(look):
    assert look(effective={"weights": {"origin": "imagenet"}})["pretrained"].passed
    assert look()["pretrained"].passed is False
    assert look({"task": {"type": "text_classification"}})["pretrained"].passed is None


def test_a_model_is_versioned_and_files_left_out_are_counted(look):
    assert look()["versioned"].passed is False
    gate = look(data={"quarantined": 2}, **{"model.keras": {}})["versioned"]
    assert gate.passed
    assert "data 0123456789ab" in gate.reason
    assert "2 files could not be read" in gate.reason


def test_masks_are_not_called_into_question_one_by_one_nor_kept_whole(look):
    gates = look({"task": {"type": "image_segmentation"}}, **{"evaluation/test.each.npz": {}})
    assert gates["labels-audited"].passed is True
    assert "no classes" in gates["labels-audited"].reason
    assert gates["distribution-logged"].passed is False
    assert "not kept" in gates["distribution-logged"].reason
