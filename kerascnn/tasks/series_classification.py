"""One class for each series."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from kerascnn.spec import register
from kerascnn.tasks.classification import Classification


@register("series_classification")
class SeriesClassification(Classification):
    """Say which one of several classes a series belongs to.

    The loss is categorical cross-entropy or focal. Shapes: targets and answers `(n, classes)`.
    """

    reads: ClassVar[str] = "series"
    presets: ClassVar[Mapping[str, str]] = {
        "quick": "conv1d_small",
        "balanced": "fcn_table",
        "thorough": "inception_time",
    }
