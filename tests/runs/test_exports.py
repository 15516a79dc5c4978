"""What a run was exported to."""

import json
import os

import pytest

from kerascnn.runs import exports
from kerascnn.runs.exports import exports_of
from kerascnn.runs.folder import RunFolder


@pytest.fixture
def run(tmp_path):
    (tmp_path / "model.keras").write_bytes(b"the model")
    for name, model in (("keras", exports.digest_of(tmp_path / "model.keras")), ("onnx", "another")):
        (tmp_path / "exports" / name).mkdir(parents=True)
        (tmp_path / "exports" / name / "export.json").write_text(json.dumps({"model": model, "passed": True}))
    return RunFolder(tmp_path)


def current(run):
    return {one.name: one.current for one in exports_of(run)}


def test_an_export_is_current_where_it_is_of_the_model_that_is_there(run):
    assert current(run) == {"keras": True, "onnx": False}
    (run.path / "model.keras").unlink()
    assert current(run) == {"keras": False, "onnx": False}


def test_folders_that_hold_no_export_are_passed_over(run):
    (run.path / "exports" / "empty").mkdir()
    (run.path / "exports" / "keras" / "export.json").write_text("{")
    assert current(run) == {"onnx": False}


def test_a_model_is_hashed_once_until_it_changes(run, monkeypatch):
    asked, plain = [], exports.digest_of
    monkeypatch.setattr(exports, "digest_of", lambda file: asked.append(file) or plain(file))
    for _ in range(3):
        assert current(run)["keras"]
    assert len(asked) == 1
    other = run.path / "new"
    other.write_bytes(b"not model")  # as many bytes
    os.replace(other, run.path / "model.keras")
    assert not current(run)["keras"]
    assert len(asked) == 2
