"""What classifications of pictures, texts, series and sounds have in common: one class for each element."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from kerascnn.spec import DataInfo
from kerascnn.tasks.class_scores import ClassScores
from kerascnn.tasks.losses import ClassWeights, refuse_unused, weights_of

if TYPE_CHECKING:
    import numpy as np


class Classification(ClassScores):
    """Say which one of several classes an element belongs to; each medium has its own task."""

    output: ClassVar[str] = "classes"
    probabilities: ClassVar[bool] = True

    criterion: Literal["cross_entropy", "focal"] = "cross_entropy"
    """What the loss is: cross-entropy; or the focal loss, in which elements that are answered well already hardly count
    (Lin et al. 2017, arXiv:1708.02002)."""
    gamma: float = Field(2.0, gt=0, le=10)
    """Power of the focal loss: the higher, the less count elements that are answered well already; 2 in the paper."""
    label_smoothing: float = Field(0.0, ge=0, lt=1)
    """Share of each target that is spread over all classes (Szegedy et al. 2015, arXiv:1512.00567)."""
    class_weights: ClassWeights = "none"
    """How much each class counts in the loss, of training and validation alike: none, all elements alike; auto, all
    classes alike, however few samples of the training split they have; or weights by the classes' names,
    `{cat: 2.5}`, 1 for those that are not named."""

    @model_validator(mode="after")
    def _is_read(self) -> Self:
        refuse_unused(self, "criterion", {"gamma": ("focal",)})
        return self

    def loss(self, info: DataInfo) -> Any:
        """Return categorical cross-entropy or focal loss. Raises DataError for `class_weights` that do not fit."""
        from kerascnn.nn.classification_loss import ClassificationLoss

        gamma = self.gamma if self.criterion == "focal" else 0.0
        return ClassificationLoss(gamma, weights_of(self.class_weights, info), self.label_smoothing)

    def decisions(self, truth: np.ndarray, answers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return how sure each answer is, its highest probability, and whether it is right."""
        import numpy as np

        return answers.max(1), np.argmax(answers, axis=1) == np.asarray(truth)
