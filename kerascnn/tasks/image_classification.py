"""One class for each picture."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from kerascnn.spec import register
from kerascnn.tasks.classification import Classification


@register("image_classification")
class ImageClassification(Classification):
    """Say which one of several classes a picture shows.

    The loss is categorical cross-entropy or focal. Shapes: targets and answers `(n, classes)`.
    """

    reads: ClassVar[str] = "image"
    presets: ClassVar[Mapping[str, str]] = {
        "quick": "arrays_cnn",
        "balanced": "simple_cnn",
        "thorough": "photo_geometry",
    }
