"""Commands that need keras: train, evaluate, predict."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kerascnn.cli.batch import Engine, Jobs, RayAddress, say_aside, train_all
from kerascnn.cli.judging import calibrate, say_report, unsure_cells, unsure_head
from kerascnn.cli.options import AsJson, RunName, RunNames, RunsFolder, Setting, SpecFiles, Tta
from kerascnn.cli.output import document, note, result, table
from kerascnn.cli.runs import say_end, say_profile
from kerascnn.cli.several import say_folds, say_seeds
from kerascnn.jobs.plan import values_of

if TYPE_CHECKING:
    from kerascnn.engine.predict import Predictor
    from kerascnn.engine.progress import Progress
    from kerascnn.spec import Spec


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(train)
    app.command()(evaluate)
    app.command()(predict)
    app.command()(calibrate)


def train(
    specs: SpecFiles,
    settings: Setting = None,
    runs: RunsFolder = Path("runs"),
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing while it trains.")] = False,
    folds: Annotated[
        int | None, typer.Option(min=2, max=1000, help="Cross-validate: as data.split.folds of the spec.")
    ] = None,
    seeds: Annotated[
        int | None,
        typer.Option(min=2, max=1000, help="Train from this many seeds, train.seed and those after it."),
    ] = None,
    split: Annotated[
        str | None, typer.Option(help="With --seeds: validation (the default) or test, read only when asked for.")
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
    jobs: Jobs = None,
    engine: Engine = "local",
    ray_address: RayAddress = None,
    as_json: AsJson = False,
) -> None:
    """Train a spec in a new run folder, or several of them.

    Several specs, and settings with several values such as --set train.seed=1,2,3, make a batch of all combinations,
    each trained in a process of its own, --jobs at a time. They wait in the queue of the folder of runs, where
    `kerascnn worker` goes on with what was left. The exit code is 0 where all are done.

    With --engine ray each is a task of a Ray cluster, at a time one for each GPU, or without any one for each machine.
    One whose machine dies goes on elsewhere from its last checkpoint. The folder of runs, the data and the specs are
    at the same paths on all machines.

    A spec with data.split.folds and without data.split.fold is trained once for each fold and evaluated on it; mean,
    standard deviation and the 95 % interval of the mean stand at the end.

    With --seeds it is trained once for each seed, with folds once for each seed and fold. The figures are those of the
    validation split, with folds of each fold; the test split is read only with --split test. Those of the networks
    together, by the mean of their answers, stand below. A CSV file has a row for each run. What was interrupted goes
    on when the same command is given again: runs that are done in the folder of runs are not trained twice.

    With --find-lr no run is made: a few steps at rising rates say which learning rate the first stage may have.

    With --profile a table says what the time of the training went to: waiting for data, steps, validation, checkpoints.
    """
    import time

    from kerascnn.cli.loading import announce_keras, at_spec
    from kerascnn.cli.signals import Stopper
    from kerascnn.errors import UsageError
    from kerascnn.spec.load import parse_spec, read_file

    started = time.monotonic()
    settings = [*(settings or ()), *([f"data.split.folds={folds}"] if folds else [])]
    several = len(specs) > 1 or any(len(values_of(setting)) > 1 for setting in settings)
    if several or jobs or engine != "local" or ray_address:
        _refuse_in_batch({"--seeds": seeds, "--find-lr": find_lr, "--profile": profile, "--folds": folds})
        train_all(specs, settings, runs, jobs, as_json=as_json, quiet=quiet, engine=engine, address=ray_address)
        return
    spec = specs[0]
    content = read_file(spec)
    loaded = parse_spec(content, str(spec), settings)
    if loaded.sweep is not None and not quiet:
        say_aside([spec])
    folded = loaded.data.split.folds is not None and loaded.data.split.fold is None
    if profile and (folded or seeds or find_lr):
        what = "leave out --seeds" if seeds else "give data.split.fold" if folded else "leave out --find-lr"
        raise UsageError(f"--profile is for one training; {what}")
    if seeds and find_lr:
        raise UsageError("--find-lr trains nothing; leave out --seeds")
    if split is not None and not seeds:
        raise UsageError("--split is for --seeds; `kerascnn evaluate RUN --split` judges a run that is done")
    with Stopper() as stopper:
        announce_keras()
        from kerascnn.cli.progress import make_progress
        from kerascnn.engine.processes import was_other
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
                if seeds:
                    say_seeds(loaded, seeds, split, runs, (content, ending), progress, stopper, as_json=as_json)
                    return
                if folded:
                    say_folds(loaded, runs, (content, ending), progress, stopper, as_json=as_json)
                    return
                given = (content, ending)
                run = work(loaded, runs, given=given, progress=progress, stop=stopper, profile=profile)
            finally:
                progress.close()
    if was_other():
        return
    facts = run.summary()
    if as_json:
        seconds = round(time.monotonic() - started, 3)
        more = {"profile": run.read("profile.json")} if profile else {}
        names = ("run", "path", "state", "epochs", "metrics")
        document({key: facts[key] for key in names} | {"seconds": seconds} | more)
        return
    say_end(run)
    if profile:
        say_profile(run)


def _refuse_in_batch(options: dict[str, object]) -> None:
    from kerascnn.errors import UsageError

    for name, given in options.items():
        if given:
            other = {"--seeds": "--set train.seed=1,2,3", "--folds": "--set data.split.fold=0,1,2"}.get(name)
            hint = f"; {other} makes a batch" if other else ""
            raise UsageError(f"{name} is for one spec with one value for each setting{hint}")


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


def evaluate(
    run: RunNames,
    split: Annotated[str, typer.Option(help="test, validation or train.")] = "test",
    tta: Tta = None,
    runs: RunsFolder = Path("runs"),
    as_json: AsJson = False,
) -> None:
    """Say how good a run is on a split, or how good several are together.

    Several runs answer together by the mean of their answers, such as their probabilities: runs of one task that
    differ in their seed or in their network, and have the same samples in the split.

    With --tta flip,shift,scale answers are means over each picture as it is, mirrored left-right, shifted by a few
    pixels in four directions, and scaled by 1.1 and 0.9; masks take flip alone. The figures are kept beside those
    without it, as evaluation/SPLIT.tta.json.
    """
    from kerascnn.cli.loading import announce_keras
    from kerascnn.errors import UsageError
    from kerascnn.runs.folder import RunFolder

    if tta is not None and len(run) > 1:
        raise UsageError("--tta is for one run; `kerascnn ensemble` makes one of several")
    folders = [RunFolder.find(name, runs) for name in run]
    announce_keras()
    from kerascnn.engine.ensemble import evaluate_together
    from kerascnn.engine.evaluate import evaluate as work

    report = (
        work(folders[0], split, tta=() if tta is None else tta)
        if len(folders) == 1
        else evaluate_together(folders, split)
    )
    if as_json:
        document(report)
        return
    say_report(report)
    result("")
    if len(folders) > 1:
        for folder in folders:
            result(f"run folder  {folder.path.resolve()}")
        return
    result(f"run folder  {folders[0].path.resolve()}")
    kept = "report.html" if tta is None else f"evaluation/{split}.tta.json"
    result(f"report      {(folders[0].path / kept).resolve()}")


def predict(
    run: RunName,
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="PATH...",
            help="Pictures, texts (.txt), sounds (.wav) or series (.npy, .csv), or folders.",
            show_default=False,
        ),
    ] = None,
    tta: Tta = None,
    runs: RunsFolder = Path("runs"),
    as_json: AsJson = False,
    listening: Annotated[
        bool, typer.Option("--listen", help="Load the model once, and answer a question a line on stdin.")
    ] = False,
) -> None:
    """Say what a run's model answers for pictures, texts, series or sounds.

    With --listen questions are read from stdin, each one JSON document on a line: {"paths": ["a.png", "folder"]}. Each
    is answered by one line on stdout: {"predictions": [...], "errors": [{"path": ..., "reason": ...}]}, a prediction
    being what --json prints of it, or {"error": ..., "exit_code": ...}, after which the next question may come. The
    first line, {"ready": true, "run": ..., "task": ..., "reads": ..., "labels": [...], "calibrated": ...}, says that
    the model is loaded. With "overlays": DIR in a question pictures with the masks or boxes found are written there,
    named 0.png, 1.png and so on like the predictions. It ends where stdin does.

    With --tta flip,shift,scale each answer is the mean over versions of the picture, as in `kerascnn evaluate`.
    """
    from kerascnn.cli.loading import announce_keras
    from kerascnn.errors import DataError, UsageError
    from kerascnn.runs.folder import RunFolder

    if listening == bool(paths):
        raise UsageError("with --listen paths come on stdin; leave them out" if paths else _NO_PATHS)
    folder = RunFolder.find(run, runs)
    announce_keras()
    from kerascnn.engine.predict import Predictor

    predictor = Predictor(folder, () if tta is None else tta)
    for line in predictor.told:
        note(line)
    if listening:
        _listen(predictor)
        return
    predictions, bad, count = predictor.predict_files(paths or ())
    if as_json:
        document([prediction.as_dict() for prediction in predictions])
    elif predictions:
        rows: list[list[str]] = [
            [p.path, p.label, "-" if p.confidence is None else f"{p.confidence:.4f}", *unsure_cells(p)]
            for p in predictions
        ]
        result(table(["file", "label", "confidence", *unsure_head(predictions[0])], rows))
    if bad:
        raise DataError(f"{len(bad)} of {count} files cannot be read", bad)


_NO_PATHS = "name a file or a folder to answer for, or say --listen"


def _listen(predictor: Predictor) -> None:
    """Answer on stdout what comes on stdin, a line each; the line is whole ASCII, whatever files are named."""
    from kerascnn.engine.listen import listen

    for answer in listen(predictor, sys.stdin.buffer):
        typer.echo(json.dumps(answer, allow_nan=False))
