"""`kerascnn runs`: what is in a folder of runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kerascnn.cli.options import AsJson, RunName, RunsFolder
from kerascnn.cli.output import document, note, result, table

if TYPE_CHECKING:
    from kerascnn.runs.folder import RunFolder


def add_to(app: typer.Typer) -> None:
    """Add the group of commands."""
    group = typer.Typer(
        help="List runs, show one, compare some, go on with one.",
        no_args_is_help=True,
        rich_markup_mode=None,
        add_completion=False,
    )
    group.command("list")(list_all)
    group.command("show")(show)
    group.command("compare")(compare)
    group.command("resume")(resume)
    app.add_typer(group, name="runs")


Sort = Annotated[
    str | None,
    typer.Option(metavar="FIGURE", help="By this figure of the best epoch, such as val_accuracy; the best one first."),
]
Group = Annotated[
    bool,
    typer.Option("--group", help="With --sort: runs whose specs differ in train.seed alone as one, mean and spread."),
]


def list_all(runs: RunsFolder = Path("runs"), sort: Sort = None, group: Group = False, as_json: AsJson = False) -> None:
    """List the runs, the latest last; with --sort the best one first, with --group repeats of one spec together.

    Whether more or less of a figure is better is the task's to say. Of a group only runs count that are done.
    """
    from kerascnn.runs.folder import list_runs

    if sort or group:
        from kerascnn.cli.runs_many import list_sorted

        list_sorted(runs, sort, group=group, as_json=as_json)
        return
    rows = [run.summary() for run in list_runs(runs)]
    if as_json:
        document(rows)
    elif not rows:
        result(f"no runs under {runs}")
    else:
        shown = [[row["run"], row["name"], row["state"], str(row["epochs"]), _figures(row["metrics"])] for row in rows]
        result(table(["run", "name", "state", "epochs", "best"], shown))


def show(run: RunName, runs: RunsFolder = Path("runs"), as_json: AsJson = False) -> None:
    """Show one run: its state and why, its figures, what was really done."""
    from kerascnn.runs.folder import RunFolder

    folder = RunFolder.find(run, runs)
    facts = folder.summary()
    present = {
        name: folder.read(f"{name}.json") for name in ("effective", "data", "labels")
        if (folder.path / f"{name}.json").is_file()
    }  # fmt: skip
    splits = sorted(file.stem for file in (folder.path / "evaluation").glob("*.json"))
    evaluations = {split: folder.read(f"evaluation/{split}.json") for split in splits}
    if as_json:
        document({**facts, **present, "history": folder.metrics(), "evaluations": evaluations})
        return
    result(f"run      {facts['run']}  {facts['name']}")
    result(f"state    {facts['state']}" + (f": {facts['reason']}" if facts["reason"] else ""))
    result(f"folder   {facts['path']}")
    result(f"epochs   {facts['epochs']}" + (f", best {_figures(facts['metrics'])}" if facts["metrics"] else ""))
    if "effective" in present:
        effective = present["effective"]
        result(f"computed {effective['backend']}, {effective['precision']['used']}, XLA "
               f"{'on' if effective['xla']['used'] else 'off'} ({effective['xla']['why']})")  # fmt: skip
        result(f"network  {effective['parameters']:,} parameters")
    for split, report in evaluations.items():
        result(f"{split:<8} {_figures(report['metrics'])}")


def compare(
    names: Annotated[
        list[str],
        typer.Argument(metavar="RUN...", help="Runs: their ids, beginnings of them, their folders, or `latest`."),
    ],
    split: Annotated[
        str | None,
        typer.Option(help="Of two runs: test (left out), validation or train; both are evaluated on it."),
    ] = None,
    runs: RunsFolder = Path("runs"),
    sort: Sort = None,
    group: Group = False,
    as_json: AsJson = False,
) -> None:
    """Show two runs side by side: figures, whether they differ by more than chance, and what was changed.

    Both were evaluated on the same samples. Classifications are compared by McNemar's exact test of the samples that
    one is right on and the other is not, which are named; other figures by the paired bootstrap, those of the specs'
    `evaluate.metrics` among them. Of masks, boxes and numbers the samples that got better and worse by most are named,
    with the figures of A and B. Of the specs only the keys that differ are shown.

    Three runs or more, or two with --sort, are a table: the figures of the best epoch of each, on its validation
    split, and the keys of the specs that differ. These runs need not have been evaluated.
    """
    from kerascnn.errors import UsageError
    from kerascnn.runs.compare import compare as work
    from kerascnn.runs.compare import say_p
    from kerascnn.runs.folder import RunFolder

    if len(names) < 2:
        raise UsageError(f"name two runs or more that are to be compared (got {len(names)})")
    if len(names) > 2 or sort or group:
        from kerascnn.cli.runs_many import compare_many

        if split is not None:
            raise UsageError("--split is for two runs; a table of several has the figures of their best epochs")
        compare_many(names, runs, sort, group=group, as_json=as_json)
        return
    found = work(RunFolder.find(names[0], runs), RunFolder.find(names[1], runs), split or "test")
    if as_json:
        document(found)
        return
    for side in ("a", "b"):
        about = found[side]
        result(f"{side.upper()}  {about['run']}  {about['name']}  {_size(about)}")
    result("")
    rows = [
        [row["metric"], *(_number(row[key]) for key in ("a", "b", "difference"))]
        for row in found["metrics"]
        if not row["metric"].endswith(("_low", "_high"))
    ]
    result(table(["metric", "A", "B", "B - A"], rows))
    result("")
    result(found["verdict"])
    for test in found["tests"][1:]:
        result(
            f"{test['metric']} {test['difference']:+.4f} (95 % interval {test['low']:+.4f} to {test['high']:+.4f}, "
            f"{test['test']} {say_p(test['p'])})"
        )
    for sentence in found["notes"]:
        result(sentence)
    for name, rows in (found["changed"] or {}).items():
        shown = ", ".join(f"{row['id']} ({row['a']:.3g}, {row['b']:.3g})" for row in rows[:_NAMED])
        result(f"{name:<6} {shown}" if rows else f"{name:<6} none")
    for name in ("fixed", "broke"):
        if found[name]:
            shown = ", ".join(found[name][:_NAMED]) + (", ..." if len(found[name]) > _NAMED else "")
            result(f"{name:<6} {len(found[name])}: {shown}")
    for name in ("spec", "environment"):
        if found[name]:
            rows = [[row["path"], _short(row["a"]), _short(row["b"])] for row in found[name]]
            result("")
            result(table([name, "A", "B"], rows))


def resume(
    run: RunName,
    runs: RunsFolder = Path("runs"),
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing while it trains.")] = False,
    profile: Annotated[
        bool, typer.Option("--profile", help="Say where the time of this session went; write profile.json and traces.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Go on with a run that was stopped, failed, or whose process is gone.

    It goes on after the last step that was kept, and ends on the same weights as if nothing had happened. On another
    machine or with other versions it goes on as well, and says that the result may differ in the last bits.
    """
    from kerascnn.cli.loading import announce_keras
    from kerascnn.cli.signals import Stopper
    from kerascnn.runs.folder import RunFolder

    folder = RunFolder.find(run, runs)
    with Stopper() as stopper:
        announce_keras()
        from kerascnn.cli.progress import make_progress
        from kerascnn.engine.processes import was_other
        from kerascnn.engine.train import resume as work

        progress = make_progress(quiet=quiet)
        try:
            work(folder, progress=progress, stop=stopper, profile=profile)
        finally:
            progress.close()
    if was_other():
        return
    facts = folder.summary()
    if as_json:
        more = {"profile": folder.read("profile.json")} if profile else {}
        document({key: facts[key] for key in ("run", "path", "state", "epochs", "metrics")} | more)
        return
    say_end(folder)
    if profile:
        say_profile(folder)


def say_end(folder: RunFolder) -> None:
    """Print what a training came to."""
    from kerascnn.cli.progress import say_figures

    facts = folder.summary()
    result(f"run      {facts['run']} ({facts['state']}, {facts['epochs']} epochs)")
    result(f"folder   {facts['path']}")
    result(f"best     epoch {folder.best().get('epoch')}: {say_figures(facts['metrics'])}")
    note(f"next: kerascnn evaluate {facts['path']}")


def say_profile(folder: RunFolder) -> None:
    """Print where the time of a training went."""
    from kerascnn.engine.profile import profile_rows

    facts = folder.read("profile.json")
    result("")
    result(table(["what", "seconds", "%"], profile_rows(facts)))
    note(f"traces: {(folder.path / facts['trace']).resolve()} (open it at ui.perfetto.dev)")


_NAMED = 10
"""Samples that are named of those fixed and broken; --json names all."""
_WIDEST = 40


def _size(about: dict[str, Any]) -> str:
    parts = [f"{about['epochs']} epochs"]
    parts += [f"{about['parameters']:,} parameters"] if about["parameters"] is not None else []
    parts += [f"{about['seconds']:.0f} s"] if about["seconds"] is not None else []
    return ", ".join(parts)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"


def _short(value: Any) -> str:
    import json

    text = "-" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _WIDEST else f"...{text[-_WIDEST:]}"


def _figures(figures: dict[str, float]) -> str:
    return "  ".join(f"{name} {value:.4f}" for name, value in figures.items())
