"""The gates of a run that was exported."""

import hashlib
import json

import pytest

from kerascnn.runs.folder import RunFolder
from kerascnn.runs.readiness import readiness
from tests.runs.test_readiness import DATA, EFFECTIVE, SPEC

WORTH = {"metric": "accuracy", "before": 0.95, "after": 0.94}


@pytest.fixture
def gates(tmp_path):
    """Write a run with these exports, and return its gates by their names."""

    def looked(**exports):
        model = b"model"
        (tmp_path / "model.keras").write_bytes(model)
        whole = {"spec.resolved.json": SPEC, "data.json": DATA, "effective.json": EFFECTIVE, "state.json": {}}
        for name, more in exports.items():
            facts = {
                "passed": True, "reason": "", "variant": "", "bytes": 1234, "accuracy": None,
                "model": hashlib.sha256(model).hexdigest(), "latency": {"median_ms": 1.5, "machine": "a computer"},
            }  # fmt: skip
            whole[f"exports/{name}/export.json"] = facts | more
        for name, content in whole.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(json.dumps(content))
        return {gate.id: gate for gate in readiness(RunFolder(tmp_path))}

    return looked


def test_without_an_export_the_gate_says_how_to_make_one(gates):
    assert gates()["exported"].passed is False
    assert "kerascnn export" in gates()["exported"].reason
    assert gates()["int8-validated"].passed is None


def test_an_export_that_passed_is_named_with_its_time_and_size(gates):
    gate = gates(onnx={}, litert={"passed": False, "reason": "differs"})["exported"]
    assert (gate.passed, gate.reason) == (True, "onnx: 1.50 ms an element, 1,234 bytes (a computer)")


def test_exports_that_failed_or_are_of_an_earlier_model_do_not_count(gates):
    gate = gates(onnx={"passed": False, "reason": "differs"}, keras={"model": "0" * 64})["exported"]
    assert (gate.passed, gate.reason) == (False, "no export is good: keras: is of an earlier model; onnx: differs")


@pytest.mark.parametrize("passed", [True, False])
def test_a_model_of_8_bits_passes_by_what_it_lost(passed, gates):
    gate = gates(int8={"variant": "int8", "accuracy": WORTH, "passed": passed})["int8-validated"]
    assert (gate.passed, gate.reason) == (passed, "int8: accuracy 0.9500 before, 0.9400 after")


def test_an_export_that_cannot_be_read_is_passed_over(gates, tmp_path):
    gates(onnx={})
    (tmp_path / "exports" / "onnx" / "export.json").write_text("{")
    assert {gate.id: gate for gate in readiness(RunFolder(tmp_path))}["exported"].passed is False
