"""`kerascnn sweep`: trainings with other values, chosen by what earlier ones came to."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kerascnn.cli.batch import Engine, Jobs, RayAddress, check_engine, make_pool
from kerascnn.cli.options import AsJson, RunsFolder, Setting
from kerascnn.cli.output import note, result, table
from kerascnn.cli.signals import Stopper
from kerascnn.errors import StoppedError, TrainError, UsageError

if TYPE_CHECKING:
    from kerascnn.jobs.sweep import Searching


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(sweep)


def sweep(
    file: Annotated[
        Path,
        typer.Argument(metavar="SWEEP", help="A spec with the section `sweep`, or a file that says what is tried."),
    ],
    settings: Setting = None,
    runs: RunsFolder = Path("runs"),
    trials: Annotated[int | None, typer.Option(min=1, help="Trainings in all; left out: as the file says.")] = None,
    minutes: Annotated[
        float | None, typer.Option(min=0.01, help="Minutes after which none begins; left out: as the file says.")
    ] = None,
    jobs: Jobs = None,
    engine: Engine = "local",
    ray_address: RayAddress = None,
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where the page of the trials is written as well.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing while it works.")] = False,
    as_json: AsJson = False,
) -> None:
    """Search good values for any paths of a spec: by grid, by chance, or by what earlier trials came to (TPE).

    Each trial is a run of its own, in a process of its own, --jobs at a time; a pruner ends those early that fall
    behind. The figure is the spec's train.monitor of the best epoch, on the validation split. The best trial stands in
    sweeps/NAME/best.yaml of the folder of runs, a plain spec, and all of them in sweep.html beside it: one page that
    opens from the disk. What was stopped or killed goes on when the same command is given again; where nothing is left
    to train it only writes these. Needs Optuna: pip install 'kerascnn[sweep]'.
    """
    from kerascnn.cli.batch_view import make_view
    from kerascnn.jobs.queue import Queue
    from kerascnn.jobs.sweep import Searching, batch_of
    from kerascnn.spec.sweep import load_sweep

    check_engine(engine, ray_address)
    if html is not None and not html.parent.is_dir():
        raise UsageError(f"there is no folder {html.parent} for the page; make it, or give another --html")
    asked = load_sweep(file, settings or ())
    asked = asked.model_copy(update={k: v for k, v in (("trials", trials), ("minutes", minutes)) if v is not None})
    queue = Queue(runs)
    pool = make_pool(queue, jobs, batch_of(asked), engine=engine, address=ray_address)
    searching = Searching(asked, queue, settings or (), pool.many, pool.end)
    view = make_view(pool.many, quiet=quiet or as_json)

    def told(found: list[Any]) -> None:
        searching.told(found)
        view(queue.jobs(searching.batch))

    with Stopper() as stopper:
        try:
            code = pool.run(told, stopper)
        finally:
            view.close()
    best = searching.write_best()
    importances = searching.importances()
    _say(searching, importances, best, _write_page(searching, importances, html), as_json=as_json)
    if code is not None:
        raise StoppedError("stopped on request; the same command goes on", code)
    if best is None:
        raise TrainError("no trial came to an end; `kerascnn queue list` says why")


def _write_page(searching: Searching, importances: dict[str, float], html: Path | None) -> Path:
    """Write the page into the sweep's folder, and where else it is wished; return its file."""
    from kerascnn.engine.sweep_page import sweep_page
    from kerascnn.runs.atomic import write_text

    page = sweep_page(searching.sweep, searching.ranked(), importances, searching.monitor, upwards=searching.upwards)
    kept = searching.folder / "sweep.html"
    for file in [kept, *([html] if html else [])]:
        write_text(file, page)
    return html or kept


def _say(searching: Searching, importances: dict[str, float], best: Path | None, page: Path, *, as_json: bool) -> None:
    if as_json:
        told = {"sweep": searching.sweep.name, "trials": searching.rows(), "importances": importances}
        result(json.dumps(told | {"best": str(best.resolve()) if best else None, "html": str(page.resolve())}))
        return
    paths = list(searching.sweep.parameters)
    monitor = searching.monitor
    shown = [
        [
            str(row["trial"] + 1),
            row["state"],
            "" if row[monitor] is None else f"{row[monitor]:.4f}",
            *(_cell(row["values"].get(path)) for path in paths),
        ]
        for row in searching.ranked()
    ]
    result(table(["trial", "state", monitor, *(path.rpartition(".")[2] for path in paths)], shown))
    if importances:
        said = ", ".join(f"{path} {share:.0%}" for path, share in importances.items())
        note(f"how much each had to do with {monitor}: {said}")
    result(f"page  {page.resolve()}")
    if best:
        result(f"best  {best.resolve()}")
        note(f"next: kerascnn train {best}")


def _cell(value: Any) -> str:
    return "" if value is None else f"{value:.4g}" if isinstance(value, float) else str(value)
