"""Several runs as one model: a network that holds theirs and gives the mean of their answers, kept as a run."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import keras
from keras import layers, ops

from kerascnn import __version__
from kerascnn.engine.devices import environment
from kerascnn.engine.ensemble import check_alike
from kerascnn.engine.keeper import snapshots
from kerascnn.engine.predict import Predictor
from kerascnn.errors import UsageError
from kerascnn.evaluation.calibration import SMALLEST
from kerascnn.runs.atomic import write_bytes, write_json, write_with
from kerascnn.runs.folder import RunFolder
from kerascnn.runs.lock import RunLock
from kerascnn.runs.state import write_state
from kerascnn.spec.yaml_text import write_yaml

Mean = Literal["probabilities", "logits"]
_SAME = ("labels.json", "input.json", "data.json", "data.manifest.jsonl")
"""Files of a run that its ensemble takes over from the first run."""


def merge(runs: Sequence[RunFolder], root: str | Path = "runs", *, mean: Mean = "probabilities") -> RunFolder:
    """Return a new run under `root` whose model answers with the mean of the runs' answers.

    It is one Keras file that plain Keras opens; `evaluate`, `predict`, `calibrate` and the report take it like any run.
    The runs have the same task, labels, form of elements, and samples in every split. "logits" is the mean before the
    softmax, for answers that are one class of several. Raises UsageError where they do not go together.
    """
    if len(runs) < 2:
        raise UsageError(f"name two runs or more that answer together (got {len(runs)})")
    predictors = [Predictor(run) for run in runs]
    _check(predictors)
    members = [{"run": one.run.id, "model": _digest(one.run.path / one.file)} for one in predictors]
    return _merged(predictors, members, root, mean)


def merge_snapshots(run: RunFolder, root: str | Path = "runs", *, mean: Mean = "probabilities") -> RunFolder:
    """Return a new run under `root` whose model answers with the mean of the answers of a run's snapshots.

    These are the networks that the method `snapshots` kept at the end of each cycle (Huang et al. 2017,
    arXiv:1704.00109); the run's best model counts only as one of them. Raises UsageError where there are less than two.
    """
    files = snapshots(run)
    if len(files) < 2:
        raise UsageError(
            f"run {run.id} has {len(files) or 'no'} snapshots, and an ensemble takes two; train with the method "
            "`snapshots` in a stage"
        )
    state = run.state.state
    if state != "done":
        raise UsageError(f"run {run.id} is not done: its state is '{state}', and snapshots may still come and go")
    predictors = [Predictor(run, file=file.name) for file in files.values()]
    members = [{"run": run.id, "model": _digest(file), "epoch": epoch} for epoch, file in files.items()]
    return _merged(predictors, members, root, mean)


def _merged(
    predictors: Sequence[Predictor], members: Sequence[dict[str, Any]], root: str | Path, mean: Mean
) -> RunFolder:
    first = predictors[0]
    if not first.task.alone:
        raise UsageError(f"answers of {first.task.type_name} mean nothing by themselves, and have no mean")
    if mean == "logits" and (first.task.target, first.task.output) != ("class", "classes"):
        raise UsageError(f"the answers of {first.task.type_name} have no logits; leave out --mean logits")
    model = _model(predictors, mean)
    spec = first.spec.spell()
    about = {
        "name": f"{first.spec.name}-ensemble"[:64],
        "version": __version__,
        "seed": first.spec.train.seed,
        "environment": environment(),
        "ensemble": {"mean": mean, "members": members},
    }
    made = RunFolder.create(root, given=write_yaml(spec).encode(), ending=".yaml", resolved=spec, about=about)
    with RunLock(made.path):
        write_state(made.path, "running")
        for name in _SAME:
            write_bytes(made.path / name, (first.run.path / name).read_bytes())
        # How each was trained stands in its own folder; here is what the first one did, and what holds for all.
        done = first.run.read("effective.json") | {"ensemble": about["ensemble"], "parameters": model.count_params()}
        write_json(made.path / "effective.json", done)
        write_bytes(made.path / "metrics.jsonl", b"")
        write_with(made.path / "model.keras", lambda path: keras.saving.save_model(model, path))
        write_state(made.path, "finalizing")
        write_state(made.path, "done")
    return made


def _check(predictors: Sequence[Predictor]) -> None:
    """Raise UsageError where the runs have not the same form of elements, or other samples in a split."""
    first = predictors[0]
    form = first.run.read("input.json")
    splits = dict.fromkeys(line["split"] for line in first.run.manifest() if line["split"] in ("validation", "test"))
    for i, other in enumerate(predictors):
        if any(other.run.path.resolve() == one.run.path.resolve() for one in predictors[:i]):
            raise UsageError(f"run {other.run.id} is named twice; it would count double in the mean")
        if i and other.run.read("input.json") != form:
            raise UsageError(
                f"run {other.run.id} takes elements in another form than run {first.run.id}, and one model has one "
                "input; `kerascnn evaluate` of both judges them together"
            )
        for split in splits if i else ():
            check_alike(first, other, split)


def _model(predictors: Sequence[Predictor], mean: Mean) -> keras.Model:
    first = predictors[0].model
    inputs = keras.Input(first.input_shape[1:], dtype=first.input.dtype, name="input")
    answers = []
    for i, one in enumerate(predictors, 1):
        member = one.model
        if member.output_shape != first.output_shape:
            raise UsageError(
                f"run {one.run.id} answers {member.output_shape[1:]} numbers, run {predictors[0].run.id} "
                f"{first.output_shape[1:]}"
            )
        member.name = f"member_{i}"
        member.trainable = False
        answers.append(member(inputs))
    if mean == "probabilities":
        return keras.Model(inputs, layers.Average(dtype="float32", name="mean")(answers), name="ensemble")
    logs = [ops.log(ops.maximum(answer, SMALLEST)) for answer in answers]
    mixed = layers.Average(dtype="float32", name="mean")(logs)
    return keras.Model(inputs, layers.Activation("softmax", dtype="float32", name="softmax")(mixed), name="ensemble")


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def members_of(run: RunFolder) -> list[dict[str, Any]]:
    """Return the runs, or the snapshots of one, that an ensemble was made of, [] for a run that is none."""
    found: list[dict[str, Any]] = run.about().get("ensemble", {}).get("members", [])
    return found
