"""One class for each picture, said by the length of its capsule."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from kerascnn.spec import DataInfo, register
from kerascnn.tasks.class_scores import ClassScores
from kerascnn_capsule.head import LENGTHS

if TYPE_CHECKING:
    import numpy as np

_THERE = 0.5
"""Length from which on a capsule says that its class is there; half-way between the paper's margins."""


@register("classification")
class CapsuleClassification(ClassScores):
    """Say which one of several classes a picture belongs to: the one whose capsule is longest.

    The loss is the margin loss (Sabour et al. 2017, arXiv:1710.09829). A length is 0 to 1, and no probability: lengths
    do not sum to 1, and the loss asks for `present`, however sure the network can be. So there is no confidence, no
    logarithmic loss and no calibration. Shapes: targets and answers `(n, classes)`.
    """

    reads: ClassVar[str] = "image"
    output: ClassVar[str] = LENGTHS

    present: float = Field(0.9, gt=0, le=1)
    """Length from which on the capsule of the class that is there costs nothing; m+ in the paper."""
    absent: float = Field(0.1, ge=0, lt=1)
    """Length up to which the capsules of the other classes cost nothing; m- in the paper."""
    absent_weight: float = Field(0.5, gt=0, le=100)
    """How much the other classes count, so that the first steps do not shorten all capsules; lambda in the paper."""

    @model_validator(mode="after")
    def _are_apart(self) -> Self:
        if self.absent >= self.present:
            raise PydanticCustomError(
                "margins", "absent ({absent}) should be less than present ({present})", self.model_dump()
            )
        return self

    def loss(self, info: DataInfo) -> Any:
        """Return the margin loss."""
        from kerascnn_capsule.nn import MarginLoss

        return MarginLoss(self.present, self.absent, self.absent_weight)

    def report(self, truth: np.ndarray, answers: np.ndarray, info: DataInfo) -> dict[str, Any]:
        """Return the figures of a classification that need no probabilities, and a section on the lengths."""
        section = _lengths_section(truth, answers, info.labels)
        return {**super().report(truth, answers, info), "sections": [section]}


def _lengths_section(truth: np.ndarray, answers: np.ndarray, labels: Sequence[str]) -> dict[str, Any]:
    """Return how long capsules are where their class is there and where it is not: the part of the report's page."""
    import numpy as np

    long = (answers > _THERE).sum(1)
    one, several, none = (float(share.mean()) for share in (long == 1, long > 1, long == 0))
    there = np.asarray(truth, dtype=int)[:, None] == np.arange(len(labels))
    rows = [
        [label, *(float(lengths[where].mean()) if where.any() else None for where in (mine, ~mine))]
        for label, lengths, mine in zip(labels, np.asarray(answers, "float64").T, there.T, strict=True)
    ]
    return {
        "title": "Lengths of the capsules",
        "text": f"{one:.1%} of the pictures have one capsule longer than {_THERE}, {several:.1%} several, {none:.1%} "
        "none. A length is no probability: those of a picture do not sum to 1.",
        "table": {"head": ["class", "mean length where it is there", "mean length where it is not"], "rows": rows},
    }
