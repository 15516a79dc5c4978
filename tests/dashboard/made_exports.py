"""Exports as `kerascnn export` would have left them."""

from __future__ import annotations

import hashlib
import time
from typing import Any

from kerascnn.runs.folder import RunFolder
from tests.dashboard.made_runs import write


def make_export(run: RunFolder, name: str = "onnx", file: str = "model.onnx", **more: Any) -> dict[str, Any]:
    """Write an export of a run and return what its export.json says."""
    folder = run.path / "exports" / name
    to, _, variant = name.partition("-")
    facts = {
        "format": to, "variant": variant, "passed": True, "reason": "", "file": file, "bytes": 2_500_000,
        "files": [{"name": "card.json"}, {"name": file}],
        "model": hashlib.sha256((run.path / "model.keras").read_bytes()).hexdigest(),
        "parity": {"samples": 32, "split": "validation", "difference": 4.2e-7, "tolerance": 1e-4},
        "accuracy": None,
        "latency": {"median_ms": 0.5, "p95_ms": 0.75, "threads": 1, "machine": "Linux, 2 processors"},
        "memory": 1 << 26, "notes": [], "exported": time.time(), **more,
    }  # fmt: skip
    write(folder / "export.json", facts)
    write(folder / "card.json", {})
    (folder / file).write_bytes(b"model")
    return facts


WORTH = {
    "metric": "accuracy",
    "before": 0.95,
    "after": 0.91,
    "drop": 0.04,
    "limit": 0.01,
    "passed": False,
    "split": "validation",
    "samples": 100,
}
FAILED = {"passed": False, "reason": "accuracy is worse by 0.0400, more than 0.01", "accuracy": WORTH}
