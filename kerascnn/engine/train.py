"""Train a spec into a run folder."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import keras

from kerascnn import __version__
from kerascnn.engine import processes
from kerascnn.engine.batch_size import settle, try_steps
from kerascnn.engine.build import Built, build, precision_policy
from kerascnn.engine.callbacks import Callbacks
from kerascnn.engine.data import QUARANTINE, Dataset, anchor, load_data
from kerascnn.engine.devices import be_deterministic, choose_precision, choose_xla, environment, gpus
from kerascnn.engine.distribute import check_devices, choose_devices, distributed
from kerascnn.engine.faults import explain
from kerascnn.engine.going_on import check_same_data, check_same_work, last_checkpoint, resumes
from kerascnn.engine.phase import Phases
from kerascnn.engine.preprocess import used_scale
from kerascnn.engine.probe import Pacer
from kerascnn.engine.profile import Profile
from kerascnn.engine.progress import Progress
from kerascnn.engine.stages import Trainer
from kerascnn.engine.vectors import begin_with_vectors
from kerascnn.engine.weights import fetch_weights, kept_weights
from kerascnn.errors import DataError, DivergedError, KerasCnnError, StoppedError, UsageError
from kerascnn.runs.atomic import write_json, write_json_lines
from kerascnn.runs.folder import RunFolder
from kerascnn.runs.lock import RunLock
from kerascnn.runs.state import NEXT, write_state
from kerascnn.spec import Spec, plugins, spec_from_dict
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
    profile: bool = False,
    job: str = "",
    began: Callable[[RunFolder], None] = lambda run: None,
) -> RunFolder:
    """Train a spec in a new run folder under `runs` and return the folder.

    `given` is the spec's own text and its ending, kept as it is. `stop` is asked after each step; a number that it
    returns ends the run with that exit code. `profile` writes where the time goes. `job` is that of the queue which the
    run is for; `began` is told of the folder as soon as there is one. Python's, NumPy's and Keras's global
    random generators are seeded.

    Raises KerasCnnError; the folder's state then says `failed`, `diverged` or `stopped`, with the reason.
    """
    progress = progress or Progress()
    if spec.data.split.folds is not None and spec.data.split.fold is None:
        raise UsageError(
            f"data.split.folds asks for {spec.data.split.folds} trainings: use cross_validate, or say with "
            "data.split.fold which one this is"
        )
    processes.join()
    spec = anchor(spec)
    if processes.index():
        spec, runs, progress, profile = processes.without_callbacks(spec), processes.scratch(), Progress(), False
    stop = processes.agreed_stop(stop)
    text, ending = given or (write_yaml(spec.spell()).encode(), ".yaml")
    around = environment() | {"plugins": plugins.versions(spec.spell())}
    about = {"name": spec.name, "version": __version__, "seed": spec.train.seed, "environment": around}
    about |= {"job": job} if job else {}
    run = RunFolder.create(runs, given=text, ending=ending, resolved=spec.spell(), about=about)
    began(run)
    with RunLock(run.path):
        _guarded(run, lambda: _work(spec, run, progress, stop, profile=profile))
    processes.leave()
    return run


def resume(
    run: RunFolder,
    *,
    progress: Progress | None = None,
    stop: Callable[[], int | None] = lambda: None,
    profile: bool = False,
) -> RunFolder:
    """Go on with a run that was stopped, failed, or whose process is gone, from its last checkpoint.

    It ends on the same bits as one that was never stopped, on the same machine and versions; where those differ it goes
    on too, and `effective.json` says what differs. A run that a process of another machine works on, by its state, is
    taken over where its lock is free. `profile` writes where the time of this session goes.

    Raises UsageError where there is nothing to go on with, DataError where the data has changed, KerasCnnError as
    `train` does.
    """
    progress = progress or Progress()
    processes.join()
    if processes.index():
        run, progress, profile = processes.copied(run), Progress(), False
    stop = processes.agreed_stop(stop)
    with RunLock(run.path):
        processes.rows(0)  # by now the others have copied the folder
        state = run.state
        if state.is_elsewhere:
            gone = f"its machine {state.host} left it: the run's lock is free"
            run.log(gone)
            state = write_state(run.path, "stopped", reason=gone)
        if "running" not in NEXT[state.state]:
            raise UsageError(f"run {run.id} cannot be resumed: its state is '{state.state}'")
        run.about()
        spec = spec_from_dict(run.read("spec.resolved.json"))
        if processes.index():
            spec = processes.without_callbacks(spec)
        _guarded(run, lambda: _work(spec, run, progress, stop, going_on=True, profile=profile))
    processes.leave()
    return run


def _guarded(run: RunFolder, work: Callable[[], None]) -> None:
    """Do the work of a run and write down how it ended."""
    try:
        work()
    except BaseException as error:
        explained = processes.explained(explain(error))
        _record(run, explained)
        if explained is error:
            raise
        raise explained from error


def _work(
    spec: Spec,
    run: RunFolder,
    progress: Progress,
    stop: Callable[[], int | None],
    *,
    going_on: bool = False,
    profile: bool = False,
) -> None:
    run.log(f"run {run.id}: {spec.name}")
    write_state(run.path, "running")
    checkpoint = last_checkpoint(run, progress) if going_on else None
    # A checkpoint has all weights in it, but not the scale of the pictures that they were trained with.
    weights = fetch_weights(spec) if checkpoint is None else kept_weights(run)
    if spec.train.deterministic:
        be_deterministic()
    keras.utils.set_random_seed(spec.train.seed)
    check_devices(spec)
    data = load_data(spec, progress)
    if going_on:
        check_same_data(run, data)
    _write_data(run, data)
    data.refuse_errors(spec.data.allow)
    _check_monitor(spec, data)
    for note in [*data.notes, *(str(finding) for finding in data.findings if finding.severity != "note")]:
        progress.note(note)
        run.log(note)
    check_same_work(spec, data, checkpoint)
    spec, devices = choose_devices(spec, len(data.indices("train")), len(data.indices("validation")))
    precision, xla = choose_precision(spec), choose_xla(spec, len(devices["used"]))
    there = run.read("effective.json") if checkpoint or (run.path / "effective.json").is_file() else {}
    # What an earlier session chose holds, or the bits would not.
    earlier = there if checkpoint is not None else {}
    spec, batch = settle(spec, data.info, len(data.indices("train")), earlier.get("batch"))
    with distributed(devices["used"]), precision_policy(precision["used"]):
        built = build(spec, data.info, weights)
        if batch is not None and not earlier and gpus() and processes.count() == 1:
            spec, batch = try_steps(
                spec,
                batch,
                lambda tried: Phases(tried, data, built, lambda resized: build(resized, data.info, weights)),
            )
        if batch is not None:
            text = f"batch size {batch['used']}: {batch['why']}"
            progress.note(text)
            run.log(text)
        if built.weights is not None:
            progress.note(str(built.weights))
            run.log(str(built.weights))
        vectors = begin_with_vectors(spec, data, built) if checkpoint is None else None
        if vectors is not None:
            progress.note(vectors)
            run.log(vectors)
        advice = [said.finding() for said in lint(spec, Known(data.info, data.findings, built.model.count_params()))]
        for said in advice:
            progress.note(f"{said.id}: {said}")
            run.log(f"{said.id}: {said}")
        effective = _effective(spec, data, built, precision, earlier.get("xla", xla))
        effective["devices"] = devices
        if batch is not None:
            effective["batch"] = batch
        effective["advice"] = [said.as_dict() for said in advice]
        phases = Phases(spec, data, built, lambda resized: build(resized, data.info, weights))
        processes.same({place: facts["sha256"] for place, facts in phases.learnt_from.items()})
        effective["learnt_from"] = phases.learnt_from
        effective["resumes"] = resumes(run, progress, there, effective, checkpoint) if going_on else []
        write_json(run.path / "effective.json", effective)

        def tell(stages: list[dict[str, Any]]) -> None:
            write_json(run.path / "effective.json", effective | {"stages": stages})

        def chosen(pace: dict[str, Any]) -> None:
            run.log(f"XLA {'on' if pace['xla']['used'] else 'off'}: {pace['xla']['why']}")
            run.log(f"steps in a call: {pace['steps_per_execution']['used']}: {pace['steps_per_execution']['why']}")
            effective["xla"] = pace["xla"]
            tell(trainer.position.stages)

        mirrored = keras.backend.backend() == "tensorflow" and len(devices["used"]) > 1
        pacer = None if mirrored else Pacer(spec, data.info, xla, progress, stop, chosen)
        trainer = Trainer(spec, phases, run, progress, stop, xla=xla["used"], pacer=pacer, after_stage=tell)
        with ExitStack() as around:
            trainer.callbacks = around.enter_context(Callbacks(spec, run, progress, going_on=going_on))
            trainer.profile = around.enter_context(Profile(run.path, progress)) if profile else None
            trainer.train(checkpoint)
    write_state(run.path, "finalizing")
    effective |= {"stages": trainer.position.stages, "rollbacks": trainer.position.rollbacks}
    write_json(run.path / "effective.json", effective | {"seconds": round(trainer.seconds, 3)})
    write_state(run.path, "done", exit_code=0)
    run.log("done")
    trainer.keeper.checkpoints.remove()


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
    spec: Spec, data: Dataset, built: Built, precision: dict[str, Any], xla: dict[str, Any]
) -> dict[str, Any]:
    return {
        "backend": keras.backend.backend(),
        "precision": precision,
        "xla": xla,
        "deterministic": spec.train.deterministic,
        "parameters": built.model.count_params(),
        "batch_size": spec.train.batch_size,
        "samples": data.sizes,
        "elements": data.elements.where,
        "augmentation": [augmentation.spell() for augmentation in spec.augment],
        "weights": built.weights.as_dict() if built.weights else None,
        "preprocessing": {
            "input_shape": list(data.info.shape),
            **spec.model.preprocess.model_dump(mode="json"),
            "normalize": used_scale(spec, built.weights.trained if built.weights else None),
        },
        "stages": [],
    }


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
