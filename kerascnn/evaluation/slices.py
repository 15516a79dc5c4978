"""Figures by part of the data: for each value of what is known of the samples besides their answers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kerascnn.errors import counted
from kerascnn.evaluation.names import say_name

if TYPE_CHECKING:
    import numpy as np

FEWEST = 10
"""How many samples a slice has at least."""
_QUARTERS = 4
_NOTHING = "(none)"


def slices(
    columns: Mapping[str, Sequence[str]], name: str, better: str, values: np.ndarray
) -> tuple[list[dict[str, Any]], list[str]]:
    """Return a row for each slice, the worst first, and sentences on what was left out.

    `values` `(n,)` are what each sample has of the figure `name`, whose mean it is; `better` is "max" or "min". A row
    has the column, its value, the number of samples, the figure, its 95 % interval (Wilson's for shares, else of the
    bootstrap) and the gap to the best slice of its column. Numbers of more than eight values are taken in quarters.
    A sample whose value is NaN has none, and is in no slice.
    """
    import numpy as np

    rows, notes = [], []
    known = np.flatnonzero(np.isfinite(values)).tolist()
    if len(known) < len(values):
        without = counted(len(values) - len(known), "sample has", "samples have")
        notes.append(f"{without} no {say_name(name)} and no part in the slices.")
        columns, values = {key: [told[i] for i in known] for key, told in columns.items()}, values[known]
    for column, told in columns.items():
        groups = _groups(told)
        large = {value: places for value, places in groups.items() if len(places) >= FEWEST}
        if len(large) < len(groups):
            gone = [value for value in groups if value not in large]
            samples = sum(len(groups[value]) for value in gone)
            notes.append(
                f"{len(gone)} of {len(groups)} values of '{column}' have fewer than {FEWEST} samples and are left out "
                f"({samples} samples)."
            )
        found: list[dict[str, Any]] = [
            {"column": column, "value": value, "samples": len(places), name: float(values[places].mean())}
            | dict(zip(("low", "high"), _interval(values[places]), strict=True))
            for value, places in large.items()
        ]
        figures = [row[name] for row in found]
        for row in found:
            row["gap"] = abs((max(figures) if better == "max" else min(figures)) - row[name])
        rows += found
    return sorted(rows, key=lambda row: row[name] if better == "max" else -row[name]), notes


def _groups(told: Sequence[str]) -> dict[str, list[int]]:
    """Return which samples have each value: numbers in quarters, others as they are."""
    import numpy as np

    numbers = [_number(text) for text in told]
    known = [value for text, value in zip(told, numbers, strict=True) if text.strip()]
    if len(set(known)) <= 2 * _QUARTERS or any(value is None for value in known):
        names = [text.strip() or _NOTHING for text in told]
    else:
        bounds = np.unique(np.quantile([value for value in known if value is not None], np.linspace(0, 1, 5)))
        names = [_NOTHING if value is None else _quarter(value, bounds) for value in numbers]
    groups: dict[str, list[int]] = {}
    for i, value in enumerate(names):
        groups.setdefault(value, []).append(i)
    return groups


def _quarter(value: float, bounds: np.ndarray) -> str:
    import numpy as np

    place = int(np.clip(np.searchsorted(bounds, value, side="left") - 1, 0, max(len(bounds) - 2, 0)))
    return (
        f"{bounds[place]:g} to {bounds[place + 1]:g}"
        if place == 0
        else f"over {bounds[place]:g} to {bounds[place + 1]:g}"
    )


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _interval(values: np.ndarray) -> list[float]:
    import numpy as np
    from scipy.stats import binomtest

    from kerascnn.evaluation.bootstrap import intervals

    if np.isin(values, (0, 1)).all():
        found = binomtest(int(values.sum()), len(values)).proportion_ci(confidence_level=0.95, method="wilson")
        return [float(found.low), float(found.high)]
    return intervals(lambda counts: {"mean": counts @ values / len(values)}, len(values))["mean"]
