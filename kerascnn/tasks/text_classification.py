"""One class for each text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from kerascnn.spec import register
from kerascnn.tasks.classification import Classification


@register("text_classification")
class TextClassification(Classification):
    """Say which one of several classes a text belongs to.

    The loss is categorical cross-entropy or focal. Shapes: targets and answers `(n, classes)`.
    """

    reads: ClassVar[str] = "text"
    presets: ClassVar[Mapping[str, str]] = {
        "quick": "textcnn_opinions",
        "balanced": "textcnn",
        "thorough": "textcnn_table",
    }
