"""Train a spec into a run folder."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras

from kerascnn import __version__
from kerascnn.engine.build import Built, build, precision_policy
from kerascnn.engine.data import QUARANTINE, Dataset, anchor, load_data
from kerascnn.engine.devices import choose_precision, choose_xla, environment
from kerascnn.engine.faults import explain
from kerascnn.engine.progress import Progress
from kerascnn.engine.stages import StageResult, Trainer
from kerascnn.engine.stream import Stream
from kerascnn.errors import DataError, DivergedError, KerasCnnError, StoppedError, UsageError
from kerascnn.runs.atomic import write_json, write_json_lines
from kerascnn.runs.folder import RunFolder
from kerascnn.runs.lock import RunLock
from kerascnn.runs.state import write_state
from kerascnn.spec import Spec
from kerascnn.spec.lint import Known, lint
from kerascnn.spec.yaml_text import write_yaml

_REASON_LINES = 100


def train(
    spec: Spec,
    runs: str | Path = "runs",
    *,
    given: tuple[bytes, str] | None = None,
    progress: Progress | None = None,
    stop: Callable[[], int | None] = lambda: None,
) -> RunFolder:
    """Train a spec in a new run folder under `runs` and return the folder.

    `given` is the spec's own text and its ending, kept as it is. `stop` is asked after each step; a number that it
    returns ends the run with that exit code. Python's, NumPy's and Keras's global random generators are seeded.

    Raises KerasCnnError; the folder's state then says `failed`, `diverged` or `stopped`, with the reason.
    """
    progress = progress or Progress()
    if spec.data.split.folds is not None and spec.data.split.fold is None:
        raise UsageError(
            f"data.split.folds asks for {spec.data.split.folds} trainings: use cross_validate, or say with "
            "data.split.fold which one this is"
        )
    spec = anchor(spec)
    text, ending = given or (write_yaml(spec.spell()).encode(), ".yaml")
    about = {"name": spec.name, "version": __version__, "seed": spec.train.seed, "environment": environment()}
    run = RunFolder.create(runs, given=text, ending=ending, resolved=spec.spell(), about=about)
    with RunLock(run.path):
        try:
            run.log(f"run {run.id}: {spec.name}")
            _work(spec, run, progress, stop)
        except BaseException as error:
            explained = explain(error)
            _record(run, explained)
            if explained is error:
                raise
            raise explained from error
    return run


def _work(spec: Spec, run: RunFolder, progress: Progress, stop: Callable[[], int | None]) -> None:
    started = time.monotonic()
    keras.utils.set_random_seed(spec.train.seed)
    write_state(run.path, "running")
    data = load_data(spec, progress)
    _write_data(run, data)
    data.refuse_errors(spec.data.allow)
    _check_monitor(spec, data)
    for note in [*data.notes, *(str(finding) for finding in data.findings if finding.severity != "note")]:
        progress.note(note)
        run.log(note)
    precision, xla = choose_precision(spec), choose_xla(spec)
    with precision_policy(precision["used"]):
        built = build(spec, data.info)
        advice = [said.finding() for said in lint(spec, Known(data.info, data.findings, built.model.count_params()))]
        for said in advice:
            progress.note(f"{said.id}: {said}")
            run.log(f"{said.id}: {said}")
        stream = Stream(
            data.elements.take,
            data.indices("train"),
            data.answers.of,
            lambda answers: spec.task.targets(answers, data.info),
            kind=data.answers.kind,
            batch_size=spec.train.batch_size,
            seed=spec.train.seed,
            augment=spec.augment,
        )
        effective = _effective(spec, data, built, stream, precision, xla)
        effective["advice"] = [said.as_dict() for said in advice]
        write_json(run.path / "effective.json", effective)
        trainer = Trainer(spec, data, built, stream, run, progress, stop, xla=xla["used"])
        for number in range(len(spec.train.stages)):
            result = trainer.run_stage(number)
            effective["stages"].append(_stage_facts(result))
            write_json(run.path / "effective.json", effective)
    write_state(run.path, "finalizing")
    effective["seconds"] = round(time.monotonic() - started, 3)
    write_json(run.path / "effective.json", effective)
    write_state(run.path, "done", exit_code=0)
    run.log("done")


def _check_monitor(spec: Spec, data: Dataset) -> None:
    monitor = spec.train.monitor
    if monitor.startswith("val_") and not len(data.indices("validation")):
        raise DataError(
            f"train.monitor is {monitor}, but no sample is in the validation split; raise data.split.validation, "
            f"or set train.monitor to {monitor.removeprefix('val_')}"
        )


def _write_data(run: RunFolder, data: Dataset) -> None:
    write_json_lines(run.path / "data.manifest.jsonl", data.manifest)
    facts = {
        "fingerprint": data.fingerprint,
        "samples": len(data.manifest),
        "quarantined": data.parts.count(QUARANTINE),
        "sizes": data.sizes,
        "counts": data.info.counts,
        "mean": data.info.mean,
        "variance": data.info.variance,
        "notes": list(data.notes),
        "findings": [finding.as_dict() for finding in data.findings],
    }
    write_json(run.path / "data.json", facts)
    write_json(run.path / "labels.json", list(data.info.labels))
    write_json(run.path / "input.json", {"shape": list(data.info.shape), **data.elements.form.spell()})


def _effective(
    spec: Spec, data: Dataset, built: Built, stream: Stream, precision: dict[str, Any], xla: dict[str, Any]
) -> dict[str, Any]:
    return {
        "backend": keras.backend.backend(),
        "precision": precision,
        "xla": xla,
        "parameters": built.model.count_params(),
        "batch_size": {"asked": spec.train.batch_size, "used": stream.batch_size},
        "steps_per_epoch": stream.steps_per_epoch,
        "samples": data.sizes,
        "elements": data.elements.where,
        "augmentation": [augmentation.spell() for augmentation in spec.augment],
        "preprocessing": {"input_shape": list(data.info.shape), **spec.model.preprocess.model_dump(mode="json")},
        "stages": [],
    }


def _stage_facts(result: StageResult) -> dict[str, Any]:
    return dataclasses.asdict(result)


def _record(run: RunFolder, error: BaseException) -> None:
    """Write down how the run ended. A disk that takes nothing more leaves the last state as it is."""
    state, reason = "failed", _shortened(str(error) or type(error).__name__)
    code = error.exit_code if isinstance(error, KerasCnnError) else 70
    if isinstance(error, DivergedError):
        state = "diverged"
    elif isinstance(error, StoppedError):
        state = "stopped"
    elif isinstance(error, KeyboardInterrupt):
        state, reason, code = "stopped", "interrupted", 130
    try:
        write_state(run.path, state, reason=reason, exit_code=code)
        run.log(f"{state}: {error}")
    except KerasCnnError:
        return


def _shortened(reason: str) -> str:
    """Return the first lines of a reason that names many files; the run's log has them all."""
    lines = reason.splitlines()
    if len(lines) <= _REASON_LINES:
        return reason
    return "\n".join([*lines[:_REASON_LINES], f"  ... and {len(lines) - _REASON_LINES} more; see logs/run.log"])
