"""Commands that need keras: train, evaluate, predict."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kerascnn.cli.options import AsJson, RunName, RunsFolder, Setting, SpecFile
from kerascnn.cli.output import document, note, result, table
from kerascnn.cli.runs import say_end

if TYPE_CHECKING:
    from kerascnn.engine.progress import Progress
    from kerascnn.runs.folder import RunFolder
    from kerascnn.spec import Spec


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(train)
    app.command()(evaluate)
    app.command()(predict)


def train(
    spec: SpecFile,
    settings: Setting = None,
    runs: RunsFolder = Path("runs"),
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing while it trains.")] = False,
    folds: Annotated[
        int | None, typer.Option(min=2, max=1000, help="Cross-validate: as data.split.folds of the spec.")
    ] = None,
    find_lr: Annotated[
        bool, typer.Option("--find-lr", help="Train nothing: try rising learning rates and suggest one.")
    ] = False,
    find_lr_to: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The picture of --find-lr; left out: find-lr.svg.")
    ] = None,
    profile: Annotated[
        bool, typer.Option("--profile", help="Say where the time went; write profile.json and traces into the run.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Train a spec in a new run folder.

    A spec with data.split.folds and without data.split.fold is trained once for each fold and evaluated on it; mean
    and standard deviation of the figures stand at the end.

    With --find-lr no run is made: a few steps at rising rates say which learning rate the first stage may have.

    With --profile a table says what the time of the training went to: waiting for data, steps, validation, checkpoints.
    """
    import time

    from kerascnn.cli.loading import announce_keras, at_spec
    from kerascnn.cli.signals import Stopper
    from kerascnn.errors import UsageError
    from kerascnn.spec.load import parse_spec, read_file

    started = time.monotonic()
    content = read_file(spec)
    settings = [*(settings or ()), *([f"data.split.folds={folds}"] if folds else [])]
    loaded = parse_spec(content, str(spec), settings)
    folded = loaded.data.split.folds is not None and loaded.data.split.fold is None
    if profile and (folded or find_lr):
        raise UsageError(
            f"--profile is for one training; {'give data.split.fold' if folded else 'leave out --find-lr'}"
        )
    with Stopper() as stopper:
        announce_keras()
        from kerascnn.cli.progress import make_progress
        from kerascnn.engine.train import train as work

        progress = make_progress(quiet=quiet)
        ending = ".json" if spec.suffix.lower() == ".json" else ".yaml"
        with at_spec(spec, settings):
            try:
                if find_lr:
                    _find_rate(
                        loaded,
                        find_lr_to or Path("find-lr.svg"),
                        (str(spec), settings),
                        progress,
                        stopper,
                        as_json=as_json,
                    )
                    return
                if folded:
                    _cross_validate(loaded, runs, (content, ending), progress, stopper, as_json=as_json)
                    return
                measured = {"profile": True} if profile else {}
                run = work(loaded, runs, given=(content, ending), progress=progress, stop=stopper, **measured)
            finally:
                progress.close()
    facts = run.summary()
    if as_json:
        seconds = round(time.monotonic() - started, 3)
        more = {"profile": run.read("profile.json")} if profile else {}
        names = ("run", "path", "state", "epochs", "metrics")
        document({key: facts[key] for key in names} | {"seconds": seconds} | more)
        return
    say_end(run)
    if profile:
        _say_profile(run)


def _say_profile(run: RunFolder) -> None:
    from kerascnn.engine.profile import profile_rows

    facts = run.read("profile.json")
    result("")
    result(table(["what", "seconds", "%"], profile_rows(facts)))
    note(f"traces: {(run.path / facts['trace']).resolve()} (open it at ui.perfetto.dev)")


def _find_rate(
    spec: Spec,
    picture: Path,
    given: tuple[str, list[str]],
    progress: Progress,
    stop: Callable[[], int | None],
    *,
    as_json: bool,
) -> None:
    from kerascnn.engine.find_rate import find_rate
    from kerascnn.engine.rate_picture import draw
    from kerascnn.errors import TrainError, UsageError
    from kerascnn.runs.atomic import write_text

    if not picture.parent.is_dir():
        raise UsageError(f"there is no folder {picture.parent} for the picture; make it, or give another --find-lr-to")
    found = find_rate(spec, progress=progress, stop=stop)
    write_text(picture, draw(found, spec.name))
    if as_json:
        document(found.as_dict() | {"setting": found.setting, "picture": str(picture.resolve())})
    if found.setting is None:
        raise TrainError(f"no learning rate can be suggested: {found.reason}; the picture is {picture.resolve()}")
    if as_json:
        return
    result(f"rate     {found.suggestion:g}")
    result(f"picture  {picture.resolve()}")
    note(found.reason)
    path, settings = given
    command = ["kerascnn", "train", path, *(word for setting in settings for word in ("--set", setting))]
    note(f"next: {shlex.join([*command, '--set', found.setting])}")


def _cross_validate(
    spec: Spec,
    runs: Path,
    given: tuple[bytes, str],
    progress: Progress,
    stop: Callable[[], int | None],
    *,
    as_json: bool,
) -> None:
    from kerascnn.engine.folds import cross_validate

    def told(fold: int, run: RunFolder) -> None:
        progress.note(f"fold {fold} of {spec.data.split.folds} is done: {run.path}")

    found = cross_validate(spec, runs, given=given, progress=progress, stop=stop, told=told)
    if as_json:
        document(found)
        return
    names = list(found["metrics"])
    rows = [[str(row["fold"]), *(f"{row['metrics'][name]:.4f}" for name in names), row["run"]] for row in found["runs"]]
    rows += [[key, *(f"{found['metrics'][name][key]:.4f}" for name in names), ""] for key in ("mean", "sd")]
    result(table(["fold", *names, "run"], rows))


def evaluate(
    run: RunName,
    split: Annotated[str, typer.Option(help="test, validation or train.")] = "test",
    runs: RunsFolder = Path("runs"),
    as_json: AsJson = False,
) -> None:
    """Say how good a run is on a split."""
    from kerascnn.cli.loading import announce_keras
    from kerascnn.runs.folder import RunFolder

    folder = RunFolder.find(run, runs)
    announce_keras()
    from kerascnn.engine.evaluate import evaluate as work
    from kerascnn.engine.report import class_head, class_rows, say_metrics, verdict

    report = work(folder, split)
    if as_json:
        document(report)
        return
    result(say_metrics(report))
    result(verdict(report))
    result("")
    result(table(class_head(report), class_rows(report)))
    result("")
    result(f"run folder  {folder.path.resolve()}")
    result(f"report      {(folder.path / 'report.html').resolve()}")


def predict(
    run: RunName,
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="PATH...", help="Pictures, texts (.txt), sounds (.wav) or series (.npy, .csv), or folders."
        ),
    ],
    runs: RunsFolder = Path("runs"),
    as_json: AsJson = False,
) -> None:
    """Say what a run's model answers for pictures, texts, series or sounds."""
    from kerascnn.cli.loading import announce_keras
    from kerascnn.errors import DataError
    from kerascnn.runs.folder import RunFolder

    folder = RunFolder.find(run, runs)
    announce_keras()
    from kerascnn.engine.predict import Predictor

    predictor = Predictor(folder)
    predictions, bad, count = predictor.predict_files(paths)
    if as_json:
        document([prediction.as_dict() for prediction in predictions])
    elif predictions:
        rows: list[list[str]] = [
            [p.path, p.label, "-" if p.confidence is None else f"{p.confidence:.4f}"] for p in predictions
        ]
        result(table(["file", "label", "confidence"], rows))
    if bad:
        raise DataError(f"{len(bad)} of {count} files cannot be read", bad)
