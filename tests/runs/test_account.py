"""The methods paragraph, the model card and how to repeat a run."""

import json

import pytest

from kerascnn.runs.account import how_to_repeat, methods_paragraph, model_card
from kerascnn.runs.folder import RunFolder

STAGE = {"learning_rate": 0.003, "schedule": {"type": "cosine"}}
DONE = {"optimizer": {"type": "adam"}, "frozen": [], "epochs": 4, "batch_size": 64, "ended": "all epochs done"}
FILES = {
    "RUN.json": {
        "format": 1,
        "name": "digits",
        "version": "0.1.0",
        "environment": {
            "python": "3.11.7",
            "platform": "Linux",
            "backend": "tensorflow",
            "versions": {"kerascnn": "0.1.0", "keras": "3.15.1", "tensorflow": "2.21.0"},
        },
    },
    "state.json": {},
    "labels.json": ["cat", "dog"],
    "spec.resolved.json": {
        "task": {"type": "image_classification"},
        "data": {"split": {"group_by": None, "lists": None, "file": None, "order": None}},
        "model": {"backbone": {"type": "lenet"}, "head": {"type": "classifier"}},
        "train": {"seed": 7, "monitor": "val_loss", "stages": [STAGE]},
    },
    "data.json": {
        "samples": 100,
        "sizes": {"train": 60, "validation": 20, "test": 20},
        "fingerprint": "0123456789abcdef",
        "quarantined": 0,
        "findings": [{"id": "imbalance", "severity": "warning", "message": "dogs are rare", "samples": []}],
    },
    "effective.json": {
        "backend": "tensorflow",
        "precision": {"used": "float32"},
        "parameters": 61706,
        "weights": None,
        "augmentation": [{"type": "random_flip"}],
        "preprocessing": {"input_shape": [28, 28, 1], "normalize": "unit"},
        "stages": [DONE],
    },
}


@pytest.fixture
def run(tmp_path):
    for name, content in FILES.items():
        (tmp_path / name).write_text(json.dumps(content))
    return RunFolder(tmp_path)


def judged(run, metrics, **more):
    (run.path / "evaluation").mkdir()
    (run.path / "evaluation" / "test.json").write_text(json.dumps({"samples": 20, "metrics": metrics, **more}))


def changed(run, name, change):
    content = json.loads((run.path / name).read_text())
    change(content)
    (run.path / name).write_text(json.dumps(content))


def test_the_paragraph_says_data_network_and_training(run):
    said = methods_paragraph(run)
    assert "100 samples, version 0123456789ab" in said
    assert "at random or as the source gives it, seed 7: 60 for training, 20 for validation, 20 for test" in said
    assert "augmented (random flip)" in said
    assert "backbone lenet, head classifier, 61,706 parameters, input 28 x 28 x 1, scale unit" in said
    assert "began from random weights" in said
    assert "kerascnn 0.1.0, Keras 3.15.1 and tensorflow 2.21.0 in float32" in said
    assert "Training took 4 epochs of adam (learning rate 0.003, schedule cosine, batches of 64" in said
    assert "On the test split" not in said


@pytest.mark.parametrize(
    ("split", "said"),
    [
        ({"lists": {"train": "a"}}, "by given lists"),
        ({"file": "s.csv"}, "by given lists"),
        ({"order": "time"}, "by time"),
        ({"group_by": "patient"}, "by groups (patient), seed 7"),
    ],
)
def test_the_paragraph_says_how_the_data_were_divided(run, split, said):
    changed(run, "spec.resolved.json", lambda spec: spec["data"]["split"].update(split))
    assert said in methods_paragraph(run)


def test_stages_are_numbered_and_say_what_was_frozen(run):
    changed(run, "effective.json", lambda done: done["stages"].append(DONE | {"frozen": ["backbone"]}))
    changed(run, "spec.resolved.json", lambda spec: spec["train"]["stages"].append(STAGE))
    said = methods_paragraph(run)
    assert "Stage 1 took 4 epochs" in said
    assert "Stage 2 took 4 epochs of adam (learning rate 0.003, schedule cosine, batches of 64, backbone frozen" in said


def test_figures_have_the_intervals_that_the_report_shows(run):
    metrics = {"accuracy": 0.9, "accuracy_low": 0.7, "accuracy_high": 0.97, "macro_f1": 0.85, "loss": 0.3}
    judged(run, metrics, intervals={"accuracy": [0.1, 0.2], "macro_f1": [0.6, 0.95]})
    said = methods_paragraph(run)
    assert "accuracy 0.9000 (95 % interval 0.7000 to 0.9700); macro F1 0.8500 (95 % interval 0.6000 to 0.9500)" in said
    assert "loss 0.3000." in said


def test_the_card_names_what_is_known_to_be_wrong(run):
    card = model_card(run)
    assert card.startswith("# digits\n")
    assert "Answers: cat, dog." in card
    assert "- dogs are rare" in card
    assert "It was not judged on a test split." in card
    assert "- Training began from trained weights: no." in card


def test_repeating_names_versions_data_and_the_command(run):
    versions, data, command, _ = how_to_repeat(run)
    assert "Python 3.11.7" in versions
    assert "keras 3.15.1" in versions
    assert "0123456789abcdef" in data
    assert command == f"kerascnn train {run.path / 'spec.resolved.json'}"
