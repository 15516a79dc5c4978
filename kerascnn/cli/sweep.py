"""`kerascnn sweep`: trainings with other values, chosen by what earlier ones came to."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kerascnn.cli.batch import Jobs
from kerascnn.cli.options import AsJson, RunsFolder, Setting
from kerascnn.cli.output import note, result, table
from kerascnn.cli.signals import Stopper
from kerascnn.errors import StoppedError, TrainError

if TYPE_CHECKING:
    from kerascnn.jobs.sweep import Searching


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(sweep)


def sweep(
    file: Annotated[Path, typer.Argument(metavar="SWEEP", help="A YAML or JSON file that says what is tried.")],
    settings: Setting = None,
    runs: RunsFolder = Path("runs"),
    trials: Annotated[int | None, typer.Option(min=1, help="Trainings in all; left out: as the file says.")] = None,
    minutes: Annotated[
        float | None, typer.Option(min=0.01, help="Minutes after which none begins; left out: as the file says.")
    ] = None,
    jobs: Jobs = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing while it works.")] = False,
    as_json: AsJson = False,
) -> None:
    """Search good values for any paths of a spec: by grid, by chance, or by what earlier trials came to (TPE).

    Each trial is a run of its own, in a process of its own, --jobs at a time; a pruner ends those early that fall
    behind. The figure is the spec's train.monitor of the best epoch, on the validation split. The best trial stands in
    sweeps/NAME/best.yaml of the folder of runs, a plain spec. What was stopped or killed goes on when the same command
    is given again. Needs Optuna: pip install 'kerascnn[sweep]'.
    """
    from kerascnn.cli.batch_view import make_view
    from kerascnn.jobs.pool import Pool, gpus_here
    from kerascnn.jobs.queue import Queue
    from kerascnn.jobs.sweep import Searching
    from kerascnn.spec.sweep import load_sweep

    asked = load_sweep(file)
    asked = asked.model_copy(update={k: v for k, v in (("trials", trials), ("minutes", minutes)) if v is not None})
    gpus = gpus_here()
    many = jobs or max(1, len(gpus))
    queue = Queue(runs)
    searching = Searching(asked, queue, settings or (), many)
    pool = Pool(queue, many, batch=searching.batch, gpus=gpus)
    view = make_view(many, quiet=quiet or as_json)

    def told(found: list[Any]) -> None:
        searching.told(found)
        view(queue.jobs(searching.batch))

    with Stopper() as stopper:
        try:
            code = pool.run(told, stopper)
        finally:
            view.close()
    best = searching.write_best()
    _say(searching, best, as_json=as_json)
    if code is not None:
        raise StoppedError("stopped on request; the same command goes on", code)
    if best is None:
        raise TrainError("no trial came to an end; `kerascnn queue list` says why")


def _say(searching: Searching, best: Path | None, *, as_json: bool) -> None:
    rows, importances = searching.rows(), searching.importances()
    if as_json:
        told = {"sweep": searching.sweep.name, "trials": rows, "importances": importances}
        result(json.dumps(told | {"best": str(best.resolve()) if best else None}))
        return
    paths = list(searching.sweep.parameters)
    monitor = searching.monitor
    known = sorted(
        (row for row in rows if row[monitor] is not None), key=lambda row: row[monitor], reverse=searching.upwards
    )
    others = [row for row in rows if row[monitor] is None]
    shown = [
        [
            str(row["trial"] + 1),
            row["state"],
            "" if row[monitor] is None else f"{row[monitor]:.4f}",
            *(_cell(row["values"].get(path)) for path in paths),
        ]
        for row in [*known, *others]
    ]
    result(table(["trial", "state", monitor, *(path.rpartition(".")[2] for path in paths)], shown))
    if importances:
        said = ", ".join(f"{path} {share:.0%}" for path, share in importances.items())
        note(f"how much each had to do with {monitor}: {said}")
    if best:
        result(f"best  {best.resolve()}")
        note(f"next: kerascnn train {best}")


def _cell(value: Any) -> str:
    return "" if value is None else f"{value:.4g}" if isinstance(value, float) else str(value)
