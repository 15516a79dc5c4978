"""`kerascnn failures`: where a run is wrong, and which labels may be."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from kerascnn.cli.options import AsJson, RunName, RunsFolder
from kerascnn.cli.output import document, note, result, table


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(failures)


def failures(
    run: RunName,
    split: Annotated[str, typer.Option(help="test, validation or train.")] = "test",
    top: Annotated[int, typer.Option(min=1, max=100_000, help="How many of each kind.")] = 20,
    write_fixes: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write the labels that may be wrong as a new .csv or .yaml for data.fixes."),
    ] = None,
    runs: RunsFolder = Path("runs"),
    as_json: AsJson = False,
) -> None:
    """Say where a run that was evaluated is wrong, and which labels may be.

    The worst mistakes, those it was surest of, the classes that it confuses, and labels that may be wrong, by confident
    learning: candidates that somebody has to look at. A page in the run's folder shows the samples. Of a run of one
    fold the test splits of all folds are looked at together.

    With --write-fixes the candidates are written into a file, each as `keep` with the class that it seems to be of:
    look at each, write relabel or leave_out instead where that is right, and train again with data.fixes. What stands
    in the run's own data.fixes is judged already: it is written first, and is no candidate.
    """
    from kerascnn.engine.fixes import judged_in
    from kerascnn.engine.fixes import write_fixes as write
    from kerascnn.engine.galleries import write_page
    from kerascnn.runs.failures import failures as work
    from kerascnn.runs.folder import RunFolder

    folder = RunFolder.find(run, runs)
    judged = judged_in(folder)
    found = work(folder, split, top=top, judged={fix.id for fix in judged})
    written = {} if write_fixes is None else {"fixes": str(write_fixes.resolve())}
    if write_fixes is not None:
        write(write_fixes, found, judged)
    page = str(write_page(folder, found))
    if as_json:
        document({**found, "page": page, **written})
        return
    _say(found)
    result(f"page     {page}")
    for what, path in written.items():
        result(f"{what:<8} {path}")
    if write_fixes is not None:
        note(f"next: judge each line, then train with --set data.fixes={write_fixes}")


def _say(found: dict[str, Any]) -> None:
    from kerascnn.engine.galleries import say_answer, say_figure
    from kerascnn.runs.failures import say_found

    result(say_found(found))
    for sentence in found["notes"]:
        note(sentence)
    result("")
    last, name = say_figure(found)
    rows = [
        [row["id"], say_answer(row["truth"]), say_answer(row["said"]), f"{row[last]:.4f}"] for row in found["worst"]
    ]
    _section("worst mistakes", ["sample", "is", "said", name], rows)
    rows = [
        [row["id"], say_answer(row["truth"]), row.get("class", say_answer(row["said"])), f"{row['confidence']:.4f}"]
        for row in found["sure"] or ()
    ]
    _section("wrong but sure", ["sample", "is", "wrong about" if _several(found) else "said", "confidence"], rows)
    rows = [[*pair["classes"], *map(str, pair["counts"])] for pair in found["confused"] or ()]
    _section("most confused", ["class", "other class", "taken for the other", "and back"], rows)
    rows = [
        [row["id"], say_answer(row["label"]), say_answer(row["suggested"]), f"{row['margin']:.4f}"]
        for row in found["label_errors"] or ()
    ]
    _section("labels that may be wrong", ["sample", "labelled", "seems to be", "margin"], rows)


def _several(found: dict[str, Any]) -> bool:
    return any("class" in row for row in found["sure"] or ())


def _section(title: str, head: list[str], rows: list[list[str]]) -> None:
    if rows:
        result(title)
        result(table(head, rows))
        result("")
