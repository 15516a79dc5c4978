"""Commands that need keras: train, evaluate, predict."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kerascnn.cli.options import AsJson, RunName, RunsFolder, Setting, SpecFile
from kerascnn.cli.output import document, note, result, table


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
    as_json: AsJson = False,
) -> None:
    """Train a spec in a new run folder."""
    import time

    from kerascnn.cli.loading import announce_keras, at_spec
    from kerascnn.cli.signals import Stopper
    from kerascnn.spec.load import parse_spec, read_file

    started = time.monotonic()
    content = read_file(spec)
    loaded = parse_spec(content, str(spec), settings or ())
    with Stopper() as stopper:
        announce_keras()
        from kerascnn.cli.progress import make_progress
        from kerascnn.engine.train import train as work

        progress = make_progress(quiet=quiet)
        ending = ".json" if spec.suffix.lower() == ".json" else ".yaml"
        with at_spec(spec, settings or ()):
            try:
                run = work(loaded, runs, given=(content, ending), progress=progress, stop=stopper)
            finally:
                progress.close()
    facts = run.summary()
    if as_json:
        seconds = round(time.monotonic() - started, 3)
        document({key: facts[key] for key in ("run", "path", "state", "epochs", "metrics")} | {"seconds": seconds})
        return
    from kerascnn.cli.progress import say_figures

    result(f"run      {facts['run']} ({facts['state']}, {facts['epochs']} epochs)")
    result(f"folder   {facts['path']}")
    result(f"best     epoch {run.best().get('epoch')}: {say_figures(facts['metrics'])}")
    note(f"next: kerascnn evaluate {facts['path']}")


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
    from kerascnn.engine.report import class_rows, verdict

    report = work(folder, split)
    if as_json:
        document(report)
        return
    m = report["metrics"]
    result(f"accuracy {m['accuracy']:.4f} (95 % interval {m['accuracy_low']:.4f} to {m['accuracy_high']:.4f}), "
           f"macro F1 {m['macro_f1']:.4f}, loss {m['loss']:.4f}")  # fmt: skip
    result(verdict(report))
    result("")
    result(table(["class", "precision", "recall", "f1", "samples"], class_rows(report)))
    result("")
    result(f"run folder  {folder.path.resolve()}")
    result(f"report      {(folder.path / 'report.html').resolve()}")


def predict(
    run: RunName,
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="Pictures, or folders of them.")],
    runs: RunsFolder = Path("runs"),
    as_json: AsJson = False,
) -> None:
    """Say what a run's model sees in pictures."""
    from kerascnn.cli.loading import announce_keras
    from kerascnn.errors import DataError
    from kerascnn.runs.folder import RunFolder

    folder = RunFolder.find(run, runs)
    announce_keras()
    from kerascnn.engine.predict import Predictor, picture_files

    files = picture_files(paths)
    predictions, bad = Predictor(folder).predict(files, [str(file) for file in files])
    if as_json:
        document([prediction.as_dict() for prediction in predictions])
    elif predictions:
        rows: list[list[str]] = [[p.path, p.label, f"{p.confidence:.4f}"] for p in predictions]
        result(table(["picture", "label", "confidence"], rows))
    if bad:
        raise DataError(f"{len(bad)} of {len(files)} pictures cannot be read", bad)
