"""Several trainings that are looked at together: of other folds, other seeds, or both."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from scipy import stats

from kerascnn import __version__
from kerascnn.engine.data import anchor, fingerprint, load_data
from kerascnn.engine.evaluate import evaluate
from kerascnn.engine.processes import refuse_several
from kerascnn.engine.progress import Progress
from kerascnn.engine.train import resume, train
from kerascnn.errors import KerasCnnError, StoppedError, UsageError, counted
from kerascnn.runs.atomic import write_text
from kerascnn.runs.folder import RunFolder, list_runs
from kerascnn.runs.state import NEXT
from kerascnn.spec import Spec


@dataclass(frozen=True)
class Planned:
    """One of several trainings."""

    keys: dict[str, int]
    """What tells it from the others: `seed`, `fold`, or both."""
    spec: Spec

    def __str__(self) -> str:
        return ", ".join(f"{name} {number}" for name, number in self.keys.items())


Told = Callable[[Planned, RunFolder], None]


def train_all(
    planned: Sequence[Planned],
    runs: str | Path,
    *,
    given: tuple[bytes, str] | None = None,
    progress: Progress | None = None,
    stop: Callable[[], int | None] = lambda: None,
    told: Told = lambda one, run: None,
) -> list[RunFolder]:
    """Return a run that is done for each training, in their order.

    A training whose run lies in `runs` already is not done again: the very spec, the data as it is now, this kerascnn,
    this backend. One that was interrupted is resumed. So the same call goes on where another one stopped. `told` is
    called after each. Raises what a training raises, with a word on what is done.
    """
    refuse_several("a spec that is trained several times")
    progress = progress or Progress()
    there = _Kept(runs, progress)
    done: list[RunFolder] = []
    for one in planned:
        try:
            run = there.find(one)
            if run is None:
                run = train(one.spec, runs, given=given, progress=progress, stop=stop)
            elif run.state.state != "done":
                progress.note(f"{one}: going on with run {run.id}")
                resume(run, progress=progress, stop=stop)
            else:
                progress.note(f"{one}: run {run.id} is there already")
        except StoppedError as error:
            raise StoppedError(f"{error}; {_so_far(planned, done)}", error.exit_code) from error
        except KerasCnnError:
            progress.note(_so_far(planned, done))
            raise
        done.append(run)
        told(one, run)
        # Graphs of one training are of no use to the next; it collects garbage as well.
        keras.backend.clear_session()
    return done


def evaluated(planned: Sequence[Planned], runs: Sequence[RunFolder], split: str) -> list[dict[str, Any]]:
    """Return a row for each run: its keys, `run`, `path`, `samples` and `metrics` on a split."""
    rows = []
    for one, run in zip(planned, runs, strict=True):
        report = evaluate(run, split)
        about = {"run": run.id, "path": str(run.path.resolve()), "samples": report["samples"]}
        rows.append({**one.keys, **about, "metrics": report["metrics"]})
        keras.backend.clear_session()
    return rows


def over(rows: Sequence[Mapping[str, Any]], unit: str) -> dict[str, dict[str, Any]]:
    """Return how each figure is spread over the units, `seed` or `fold`: `spread` of the means of their rows.

    Bounds of intervals are left out, and so are figures that not every row has.
    """
    names = [name for name in rows[0]["metrics"] if not name.endswith(("_low", "_high"))]
    found = {}
    for name in names:
        by_unit: dict[int, list[float]] = {}
        for row in rows:
            by_unit.setdefault(row[unit], []).append(row["metrics"].get(name))
        if all(isinstance(value, int | float) for values in by_unit.values() for value in values):
            found[name] = spread([float(np.mean(values)) for values in by_unit.values()])
    return found


def spread(values: Sequence[float]) -> dict[str, Any]:
    """Return mean, standard deviation with n - 1, the 95 % interval of the mean by Student's t, and the values."""
    mean, sd = float(np.mean(values)), float(np.std(values, ddof=1))
    half = float(stats.t.ppf(0.975, len(values) - 1)) * sd / len(values) ** 0.5
    return {"mean": mean, "sd": sd, "low": mean - half, "high": mean + half, "values": list(values)}


def write_rows(file: Path, rows: Sequence[Mapping[str, Any]], split: str) -> None:
    """Write the rows as CSV, one for each run, so that those of two specs can be compared in pairs.

    Columns: seed and fold, whichever there are, run, split, samples, and the figures. Raises ResourceError.
    """
    keys = [key for key in ("seed", "fold") if key in rows[0]]
    names = list(dict.fromkeys(name for row in rows for name in row["metrics"]))
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow([*keys, "run", "split", "samples", *names])
    for row in rows:
        figures = [row["metrics"].get(name) for name in names]
        table.writerow([*(row[key] for key in keys), row["run"], split, row["samples"], *figures])
    write_text(file, text.getvalue())


class _Kept:
    """The runs of a folder that may stand for trainings of today."""

    def __init__(self, runs: str | Path, progress: Progress):
        self.progress = progress
        self.by_spec: dict[str, list[RunFolder]] = {}
        self.data: dict[str, str] = {}
        for run in list_runs(runs):
            try:
                about, resolved = run.about(), run.read("spec.resolved.json")
            except UsageError:
                continue  # a damaged folder, or one of a later version
            if (about.get("version"), about.get("environment", {}).get("backend")) == _here():
                self.by_spec.setdefault(_spelled(resolved), []).append(run)

    def find(self, one: Planned) -> RunFolder | None:
        """Return the run of this training that is done, else one that can be gone on with, the latest ones first."""
        wanted = self.by_spec.get(_spelled(anchor(one.spec).spell()), [])
        usable = [run for run in reversed(wanted) if _usable(run)]
        for run in sorted(usable, key=lambda run: run.state.state != "done"):
            if not (run.path / "data.manifest.jsonl").is_file():
                return run  # it was stopped before it had read its data
            if self._contents(one.spec) == _contents(run.manifest()):
                return run
            self.progress.note(f"{one}: run {run.id} had other data, and does not count")
        return None

    def _contents(self, spec: Spec) -> str:
        """Return a hash of the data as it is now, whatever its division."""
        key = _spelled(anchor(spec).spell()["data"] | {"split": None})
        if key not in self.data:
            self.data[key] = _contents(load_data(spec, self.progress, keep=False).manifest)
        return self.data[key]


def _here() -> tuple[str, str]:
    return __version__, keras.backend.backend()


def _usable(run: RunFolder) -> bool:
    try:
        state = run.state.state
    except UsageError:
        return False
    return state == "done" or "running" in NEXT[state]


def _spelled(tree: Any) -> str:
    return json.dumps(tree, sort_keys=True)


def _contents(manifest: Sequence[Mapping[str, Any]]) -> str:
    return fingerprint([{**line, "split": ""} for line in manifest])


def _so_far(planned: Sequence[Planned], done: Sequence[RunFolder]) -> str:
    """Return a sentence on what is done of several trainings."""
    if not done:
        return f"none of {len(planned)} trainings is done"
    said = "; ".join(str(one) for one in planned[: len(done)])
    many = counted(len(done), "training is", "trainings are")
    return f"{many} done ({said}) of {len(planned)}; the same command goes on with the others"
