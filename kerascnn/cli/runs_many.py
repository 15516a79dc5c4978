"""Several runs in one table: by a figure of their best epoch, and with what tells their specs apart."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kerascnn.cli.output import document, note, result, table
from kerascnn.errors import UsageError

_WIDEST = 28
_MOST_COLUMNS = 8
"""Keys that stand as columns; more of them are rows."""


def list_sorted(runs: Path, figure: str | None, *, group: bool, as_json: bool) -> None:
    """Print the runs of a folder by a figure, or their groups."""
    from kerascnn.runs.folder import list_runs
    from kerascnn.runs.ranking import grouped, ranked, rows_of

    rows = rows_of(list_runs(runs))
    if not rows:
        document([]) if as_json else result(f"no runs under {runs}")
        return
    figure = _named(figure)
    found = grouped(rows, figure) if group else ranked(rows, figure)
    if as_json:
        document([{key: value for key, value in row.items() if key != "spec"} for row in found])
    elif group:
        result(table(_group_head(figure), [_group_cells(row) for row in found]))
        _say_left_out(found)
    else:
        others = list(dict.fromkeys(name for row in found for name in row["metrics"] if name != figure))
        cells = [
            [row["run"], row["name"], row["state"], str(row["epochs"]), *_figures(row, [figure, *others])]
            for row in found
        ]
        result(table(["run", "name", "state", "epochs", figure, *others], cells))


def compare_many(names: Sequence[str], runs: Path, figure: str | None, *, group: bool, as_json: bool) -> None:
    """Print several runs with the figures of their best epochs and the keys of their specs that differ."""
    from kerascnn.runs.folder import RunFolder
    from kerascnn.runs.ranking import differing, grouped, is_upwards, ranked, rows_of

    folders = [RunFolder.find(name, runs) for name in names]
    twice = [name for name, count in Counter(folder.path.resolve() for folder in folders).items() if count > 1]
    if twice:
        raise UsageError(f"run {twice[0].name} is named twice; name another one to compare it with")
    rows = rows_of(folders)
    if group:
        figure = _named(figure)
        found = grouped(rows, figure)
    else:
        found = rows if figure is None else ranked(rows, figure)
    keys = differing([row["spec"] for row in found], seed=not group)
    if as_json:
        chosen = [
            {key: value for key, value in row.items() if key != "spec"}
            | {"differs": {path: values[i] for path, values in keys.items()}}
            for i, row in enumerate(found)
        ]
        better = None if figure is None else "more" if is_upwards(rows, figure) else "less"
        document({"figure": figure, "better": better, "groups" if group else "runs": chosen})
        return
    if group:
        head, cells = _group_head(str(figure)), [_group_cells(row) for row in found]
    else:
        every = dict.fromkeys([*([figure] if figure else []), *(name for row in found for name in row["metrics"])])
        head = ["run", "state", "epochs", *every]
        cells = [[row["run"], row["state"], str(row["epochs"]), *_figures(row, list(every))] for row in found]
    columns = dict(zip(_short_names(list(keys)), keys.values(), strict=True))
    if len(columns) <= _MOST_COLUMNS:
        rest = [[_said(values[i]) for values in columns.values()] for i in range(len(found))]
        result(table([*head, *columns], [[*one, *more] for one, more in zip(cells, rest, strict=True)]))
    else:
        result(table(head, cells))
        result("")
        shown = [row["best"] or "-" if group else row["run"] for row in found]
        result(table(["spec", *shown], [[path, *map(_said, keys[path])] for path in keys]))
    if not keys:
        note("their specs do not differ" + (" but in the seed" if group else ""))
    if group:
        _say_left_out(found)


def _named(figure: str | None) -> str:
    """Return the figure. Raises UsageError where none is named."""
    if figure is None:
        raise UsageError("--group gives the mean of a figure; say which with --sort, such as --sort val_loss")
    return figure


def _group_head(figure: str) -> list[str]:
    return ["name", "runs", figure, "sd", "low", "high", "best run"]


def _group_cells(row: dict[str, Any]) -> list[str]:
    numbers = ["-" if row[key] is None else f"{row[key]:.4f}" for key in ("mean", "sd", "low", "high")]
    return [row["name"], str(len(row["runs"])), *numbers, row["best"] or "-"]


def _say_left_out(groups: Sequence[dict[str, Any]]) -> None:
    if left := [name for row in groups for name in row["others"]]:
        note(f"not counted, as they are not done or have no such figure: {', '.join(left)}")


def _figures(row: dict[str, Any], names: Sequence[str]) -> list[str]:
    return [f"{row['metrics'][name]:.4f}" if name in row["metrics"] else "-" for name in names]


def _short_names(paths: Sequence[str]) -> list[str]:
    """Return the ends of the paths, as long as they have to be to tell them apart.

    >>> _short_names(["model.head.dropout", "model.backbone.dropout", "train.seed"])
    ['head.dropout', 'backbone.dropout', 'seed']
    """
    parts = [path.split(".") for path in paths]
    found = []
    for own in parts:
        length = next(
            n for n in range(1, len(own) + 1)
            if n == len(own) or sum(other[-n:] == own[-n:] for other in parts) == 1
        )  # fmt: skip
        found.append(".".join(own[-length:]))
    return found


def _said(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    text = "-" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _WIDEST else f"...{text[3 - _WIDEST :]}"
