"""One class for each sound."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from kerascnn.spec import register
from kerascnn.tasks.classification import Classification


@register("audio_classification")
class AudioClassification(Classification):
    """Say which one of several classes a sound belongs to.

    The loss is categorical cross-entropy or focal. Shapes: targets and answers `(n, classes)`.
    """

    reads: ClassVar[str] = "audio"
    presets: ClassVar[Mapping[str, str]] = {"quick": "logmel_cnn", "balanced": "logmel_cnn", "thorough": "logmel_cnn"}
