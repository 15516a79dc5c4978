"""Numbers for each series."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from kerascnn.spec import register
from kerascnn.tasks.regression import Regression


@register("series_regression")
class SeriesRegression(Regression):
    """Say one number or several of each series.

    Shapes: targets and answers `(n, values)`.
    """

    reads: ClassVar[str] = "series"
    presets: ClassVar[Mapping[str, str]] = {
        "quick": "fcn_regression",
        "balanced": "fcn_regression",
        "thorough": "fcn_regression",
    }
