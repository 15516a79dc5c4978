"""Numbers for each picture."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from kerascnn.spec import register
from kerascnn.tasks.regression import Regression


@register("image_regression")
class ImageRegression(Regression):
    """Say one number or several of each picture.

    Shapes: targets and answers `(n, values)`.
    """

    reads: ClassVar[str] = "image"
    presets: ClassVar[Mapping[str, str]] = {
        "quick": "regression_manifest",
        "balanced": "regression_manifest",
        "thorough": "regression_manifest",
    }
