"""The task: are two pictures of the same class, and which pictures are most like this one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from kerascnn.spec import DataInfo, OneOf, Task, register
from kerascnn.spec.component import parse_component
from kerascnn_metric_learning.criteria import Criterion

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np

_SHOWN = 3


@register("verification")
class Verification(Task):
    """Say of two pictures whether they show the same: a face, a product, a place. The network answers with a vector.

    Two pictures are the same where the cosine of their vectors reaches a threshold. Classes need no training sample to
    be told apart, so whole ones may be held back: `data.split.group_by: '^[^/]+'` with pictures in a folder a class.
    """

    reads: ClassVar[str] = "image"
    output: ClassVar[str] = "vectors"
    open_set: ClassVar[bool] = True
    alone: ClassVar[bool] = False
    metrics: ClassVar[Mapping[str, str]] = {"equal_error_rate": "min"}

    length: int = Field(128, ge=2, le=4096)
    """Numbers of a vector; 512 in ArcFace's paper, 128 in that of the triplet loss."""
    criterion: OneOf[Criterion] = Field(
        default_factory=lambda: parse_component(Criterion, {"type": "metric.arcface"}),
        json_schema_extra={"default": {"type": "metric.arcface"}},
    )
    """What the vectors are trained by: `metric.arcface` or `metric.triplet`."""
    false_accepts: float | None = Field(None, gt=0, lt=1)
    """Share of different pairs that may pass for the same at the threshold that an evaluation keeps, such as 0.001.
    Left out: as large a share as that of the same pairs which do not pass."""

    def outputs(self, info: DataInfo) -> int:
        """Return the numbers of a vector."""
        return self.length

    def targets(self, answers: np.ndarray, info: DataInfo) -> np.ndarray:
        """Return one-hot rows, which augmentations can mix."""
        import numpy as np

        return np.eye(len(info.labels), dtype="float32")[np.asarray(answers, dtype=int)]

    def loss(self, info: DataInfo) -> Any:
        """Return the loss of the criterion."""
        return self.criterion.loss(info)

    def outer(self, inputs: Any, outputs: Any, info: DataInfo) -> Any:
        """Return the model in which the criterion trains."""
        return self.criterion.outer(inputs, outputs, info)

    def compiled_metrics(self) -> list[Any]:
        """Return the equal error rate of pairs that are at most 1,024 samples apart."""
        from kerascnn_metric_learning.nn import EqualErrorRate

        return [EqualErrorRate(self.length, name="equal_error_rate")]

    def report(self, truth: np.ndarray, answers: np.ndarray, info: DataInfo) -> dict[str, Any]:
        """Return the figures of all pairs and of each sample's neighbours, beside those of guessing.

        "threshold" is what `python -m kerascnn_metric_learning verify` decides by. Raises DataError for a split without
        two samples of a class, or with one class alone.
        """
        from kerascnn_metric_learning.report import judged

        return judged(truth, answers, info.labels, self.false_accepts)

    def check_work(self, folder: Path) -> None:
        """Check, for `kerascnn plugins check`, all but the loss of a criterion that makes something else of vectors.

        What such a criterion trains, its own check says. Raises AssertionError.
        """
        import numpy as np

        from kerascnn.testing import Answered, check_task
        from kerascnn_metric_learning.criteria import Triplet

        classes, right = np.arange(12) % 3, np.zeros((12, self.length), "float32")
        angles = 2 * np.pi / 3 * classes  # three directions, as far apart as they can be
        right[:, 0], right[:, 1] = np.cos(angles), np.sin(angles)
        chance = np.random.default_rng(0).normal(size=right.shape).astype("float32")
        chance /= np.linalg.norm(chance, axis=1, keepdims=True)
        check_task(self.model_copy(update={"criterion": Triplet()}), Answered(classes, chance, right))

    def say(self, answer: np.ndarray, labels: Sequence[str]) -> dict[str, Any]:
        """Return the vector: what it is like, only other pictures can say."""
        numbers = [float(value) for value in answer]
        begin = ", ".join(f"{value:.3f}" for value in numbers[:_SHOWN])
        return {
            "label": f"{begin}, ... ({len(numbers)} numbers)",
            "confidence": None,
            "values": {f"v{i}": value for i, value in enumerate(numbers)},
        }
