"""The run folder: everything that is known of one training. No module here imports keras.

RUN.json              written once: id, name, version, seed, environment, command
spec.yaml|.json       the spec as given, to the byte      spec.resolved.json   with every default and override
data.manifest.jsonl   a line for each sample: id, sha256, label, split, size      data.json   counts, fingerprint
labels.json           classes in the order of the outputs   input.json   how a raw picture becomes the model's input
effective.json        what was really done: precision, XLA, rates, trainable parameters, augmentation
state.json            the state, with the process            run.lock   held by the process while it works
metrics.jsonl         a line for each epoch                  logs/run.log   notes and errors with times
model.keras           the best model so far                  evaluation/SPLIT.json, SPLIT.npz: figures and every answer
NAME.keras            what the task keeps with it             ckpt/   the way back of a training that goes on
snapshot_EPOCH.keras  networks that the method `snapshots` kept for good
calibration.json      temperature, threshold, sets, ranges     robustness.json: what corruptions and attacks leave
exports/FORMAT/       the model for other programs, card.json: how to use it, export.json: what was measured
report.html, report.json, model_card.md   all of it, to be read
"""

from __future__ import annotations

import json
import os
import re
import secrets
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kerascnn.errors import ResourceError, UsageError
from kerascnn.runs.atomic import read_json_lines, write_bytes, write_json
from kerascnn.runs.state import State, read_state, write_state

FORMAT = 1
RUN_ID = re.compile(r"\d{8}-\d{6}-[0-9a-f]{6}")


class RunFolder:
    """One run on the disk."""

    def __init__(self, path: str | Path):
        self.path = Path(path)

    @classmethod
    def create(
        cls, root: str | Path, *, given: bytes, ending: str, resolved: dict[str, Any], about: dict[str, Any]
    ) -> RunFolder:
        """Make a new run under `root` and write its spec. Raises ResourceError where it cannot be written."""
        root = Path(root)
        try:
            root.mkdir(parents=True, exist_ok=True)
            while True:
                now = datetime.now(UTC)
                # Microseconds, then one digit of chance: the order of names is that of time within a second, too.
                run_id = f"{now:%Y%m%d-%H%M%S}-{now.microsecond:05x}{secrets.token_hex(1)[0]}"
                try:
                    (root / run_id).mkdir()
                    break
                except FileExistsError:
                    continue
            run = cls(root / run_id)
            (run.path / "logs").mkdir()
        except (OSError, ValueError) as error:  # ValueError for a NUL in the path
            reason = getattr(error, "strerror", None) or error
            raise ResourceError(f"cannot make a run under {root}: {reason}") from error
        write_state(run.path, "new")
        write_bytes(run.path / f"spec{ending}", given)
        write_json(run.path / "spec.resolved.json", resolved)
        write_json(run.path / "RUN.json", {"format": FORMAT, "run": run_id, "created": time.time(), **about})
        return run

    @classmethod
    def find(cls, name: str | Path, root: str | Path = "runs") -> RunFolder:
        """Return the run of that id (or a beginning of it, or `latest`) under `root`, or of that path.

        Raises UsageError where there is none, or more than one.
        """
        path = Path(name)
        if os.path.isfile(path / "state.json"):  # unlike Path.is_file, it says no to names that are too long
            return cls(path)
        runs = list_runs(root)
        if str(name) == "latest" and runs:
            return runs[-1]
        found = [run for run in runs if run.id.startswith(str(name))] if str(name) else []
        exact = [run for run in found if run.id == str(name)]
        if len(exact or found) == 1:
            return (exact or found)[0]
        if found:
            raise UsageError(f"'{name}' fits {len(found)} runs: {', '.join(run.id for run in found[:5])}")
        there = f"the last ones are {', '.join(run.id for run in runs[-3:])}" if runs else "there are none"
        raise UsageError(f"no run '{name}' under {root}; {there}")

    @property
    def id(self) -> str:
        """The run's generated name."""
        return self.path.resolve().name

    @property
    def state(self) -> State:
        """The state now; `lost` where its process is gone."""
        return read_state(self.path)

    def read(self, name: str) -> Any:
        """Return a JSON file of the run. Raises UsageError where the run has none, or one that cannot be read."""
        file = self.path / name
        try:
            return json.loads(file.read_text("utf-8"))
        except FileNotFoundError:
            state = self.state
            why = f": {state.reason.splitlines()[0]}" if state.reason else ""
            raise UsageError(f"run {self.id} has no {name}; its state is '{state.state}'{why}") from None
        except (OSError, ValueError) as error:
            raise UsageError(f"{file} cannot be read: {error}") from None

    def about(self) -> dict[str, Any]:
        """Return RUN.json. Raises UsageError where it is damaged, and for a format of a later version."""
        about = self.read("RUN.json")
        if not isinstance(about, dict) or not isinstance(about.get("format"), int):
            raise UsageError(f"{self.path / 'RUN.json'} cannot be read: it names no format")
        if about["format"] > FORMAT:
            raise UsageError(
                f"run {self.id} was written by a later kerascnn (format {about['format']}); install that one"
            )
        return dict(about)

    def metrics(self) -> list[dict[str, Any]]:
        """Return the figures of each epoch so far."""
        return read_json_lines(self.path / "metrics.jsonl")

    def manifest(self) -> list[dict[str, Any]]:
        """Return a line for each sample: id, sha256, label, split. Raises UsageError where the run got no data."""
        if not (self.path / "data.manifest.jsonl").is_file():
            self.read("data.json")  # says why there is none
        return read_json_lines(self.path / "data.manifest.jsonl")

    def best(self) -> dict[str, Any]:
        """Return the figures of the epoch whose model was kept, {} where there is none yet."""
        kept = [line for line in self.metrics() if line.get("kept")]
        return kept[-1] if kept else {}

    def summary(self) -> dict[str, Any]:
        """Return the row of this run in `kerascnn runs list`."""
        state, about, best = self.state, self.about(), self.best()
        return {
            "run": self.id,
            "name": about.get("name", ""),
            "path": str(self.path.resolve()),
            "state": state.state,
            "reason": state.reason,
            "created": about.get("created", 0.0),
            "epochs": len(self.metrics()),
            "metrics": figures(best),
        }

    def log(self, text: str) -> None:
        """Add a line with the time to the run's log. Raises ResourceError."""
        stamp = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
        path = self.path / "logs" / "run.log"
        try:
            # A file name that is no UTF-8 may stand in an error's text.
            with path.open("a", encoding="utf-8", errors="backslashreplace") as file:
                file.write("".join(f"{stamp} {line}\n" for line in text.splitlines()))
        except OSError as error:
            raise ResourceError(f"cannot write {path}: {error.strerror or error}") from error


def figures(line: Mapping[str, Any]) -> dict[str, float]:
    """Return the losses and metrics of an epoch's line, without its counters."""
    return {key: value for key, value in line.items() if key not in _COUNTERS}


_COUNTERS = frozenset({"epoch", "stage", "kept", "learning_rate", "seconds"})


def list_runs(root: str | Path = "runs") -> list[RunFolder]:
    """Return the runs under a folder, oldest first; other folders there are passed over."""
    root = Path(root)
    if not os.path.isdir(root):
        return []
    found = [item for item in root.iterdir() if RUN_ID.fullmatch(item.name) and (item / "RUN.json").is_file()]
    # The names tell the second; RUN.json, written once, tells apart two runs of the same second.
    found.sort(key=lambda item: (item.name[:15], (item / "RUN.json").stat().st_mtime_ns))
    return [RunFolder(item) for item in found]
