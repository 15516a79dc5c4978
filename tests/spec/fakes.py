"""Components of a plugin `acme` that is not there, for what the core alone cannot show."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from kerascnn.spec import Augmentation, Backbone, Head, Source, Task, register
from kerascnn.spec.component import namespace


class FakeTask(Task):
    """A task that is never run."""

    def outputs(self, info: Any) -> int:
        """Return one."""
        return 1

    def targets(self, labels: Any, info: Any) -> Any:
        """Return nothing."""

    def loss(self, info: Any) -> Any:
        """Return nothing."""

    def compiled_metrics(self) -> list[Any]:
        """Return nothing."""
        return []

    def report(self, targets: Any, answers: Any, info: Any) -> dict[str, Any]:
        """Return nothing."""
        return {}

    def say(self, answer: Any, labels: Any) -> dict[str, Any]:
        """Return nothing."""
        return {}


class Segmentation(FakeTask):
    """A task about pictures that asks for masks."""

    reads: ClassVar[str] = "image"
    output: ClassVar[str] = "acme masks"
    metrics: ClassVar[Mapping[str, str]] = {"iou": "max"}


class Detection(FakeTask):
    """A task about pictures that asks for boxes."""

    reads: ClassVar[str] = "image"
    output: ClassVar[str] = "acme boxes"
    metrics: ClassVar[Mapping[str, str]] = {}


class Painting(FakeTask):
    """A task that no head serves."""

    reads: ClassVar[str] = "image"
    output: ClassVar[str] = "acme pictures"
    metrics: ClassVar[Mapping[str, str]] = {}


class Tagging(FakeTask):
    """A task about words."""

    reads: ClassVar[str] = "text"
    output: ClassVar[str] = "classes"
    metrics: ClassVar[Mapping[str, str]] = {"f1": "max", "accuracy": "max"}


class FakeHead(Head):
    """A head that is never built and serves no task."""

    output: ClassVar[str] = "acme nothing"

    def apply(self, features: Any, outputs: int) -> Any:
        """Return nothing."""


class Masks(FakeHead):
    """A head that answers with masks."""

    output: ClassVar[str] = "acme masks"


class Boxes(FakeHead):
    """A head that answers with boxes."""

    output: ClassVar[str] = "acme boxes"


class Words(Source):
    """A source of words."""

    gives: ClassVar[str] = "text"

    def scan(self) -> Any:
        """Return nothing."""


class SwapWords(Augmentation):
    """A change to words."""

    reads: ClassVar[str] = "text"

    def apply(self, images: Any, rng: Any) -> Any:
        """Return nothing."""


class TextCNN(Backbone):
    """A network for words."""

    reads: ClassVar[str] = "text"

    def apply(self, x: Any) -> dict[str, Any]:
        """Return nothing."""
        return {}


def register_acme() -> None:
    """Register all of them; the fixture `registry` takes them away again."""
    with namespace("acme"):
        for name, cls in {
            "segmentation": Segmentation,
            "detection": Detection,
            "painting": Painting,
            "tagging": Tagging,
            "idle": FakeHead,
            "masks": Masks,
            "boxes": Boxes,
            "words": Words,
            "swap_words": SwapWords,
            "text_cnn": TextCNN,
        }.items():
            register(name)(cls)
