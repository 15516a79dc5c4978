"""The task of two networks that learn against one another: one makes pictures, one tells them from real ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from kerascnn.spec import DataInfo, Task, register
from kerascnn_generative.critic import CRITIC

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np


@register("dcgan")
class Dcgan(Task):
    """Learn to make pictures that a critic takes for real (Radford et al. 2015, arXiv:1511.06434).

    The network of the spec is the critic. The generator is the task's own, kept as `generator.keras` beside
    `model.keras`; it turns normal numbers into pictures from 0 to 255. In each step both learn: the critic to tell
    the batch from as many generated pictures, the generator to be taken for real (the non-saturating loss). What class
    a picture belongs to is not looked at. Shapes: answers `(n, 1)`, above 0 for real.
    """

    reads: ClassVar[str] = "image"
    output: ClassVar[str] = CRITIC
    alone: ClassVar[bool] = False
    metrics: ClassVar[Mapping[str, str]] = {"distance": "min"}

    latent: int = Field(64, ge=1, le=4096)
    """Numbers that a picture is made of; 100 in the paper."""
    filters: int = Field(256, ge=8, le=4096)
    """Channels of the smallest grid that a picture is made from, half as many each time that it doubles; 1024 in the
    paper, which makes pictures of 64 x 64."""
    smoothing: float = Field(0.0, ge=0, lt=0.5)
    """How sure the critic need not be of real pictures: 0.1 asks for 0.9 (one-sided label smoothing,
    arXiv:1606.03498); 0 in the paper."""

    def outputs(self, info: DataInfo) -> int:
        """Return 1: the logit."""
        return 1

    def targets(self, answers: np.ndarray, info: DataInfo) -> np.ndarray:
        """Return ones: all pictures of the data are real."""
        import numpy as np

        return np.ones((len(answers), 1), dtype="float32")

    def loss(self, info: DataInfo) -> Any:
        """Return the cross-entropy of the logit; the training itself has the loss of `outer`."""
        from keras import losses

        return losses.BinaryCrossentropy(from_logits=True)

    def outer(self, inputs: Any, outputs: Any, info: DataInfo) -> Any:
        """Return the model in which generator and critic learn."""
        from kerascnn_generative.nn import adversarial, check_pictures

        check_pictures(inputs)
        return adversarial(inputs, outputs, self.latent, self.filters, self.smoothing)

    def beside(self, outer: Any) -> Mapping[str, Any]:
        """Return the generator."""
        return {"generator": outer.generator}

    def compiled_metrics(self) -> list[Any]:
        """Return the distance of generated pictures from real ones, by which an epoch can be chosen."""
        from kerascnn_generative.nn import SlicedDistance

        return [SlicedDistance(name="distance")]

    def report(self, truth: Any, answers: np.ndarray, info: DataInfo) -> dict[str, Any]:
        """Return how many of the pictures the critic takes for real; generated ones are in the sections."""
        from kerascnn_generative.figures import taken_for_real

        return {**taken_for_real(answers), "labels": list(info.labels), "per_class": []}

    def sections(self, folder: Path, split: str) -> Sequence[Mapping[str, Any]]:
        """Return generated pictures, the critic's accuracy on them, and how far they are from real ones."""
        from kerascnn_generative.pages import dcgan_sections

        return dcgan_sections(folder, split)

    def check_work(self, folder: Path) -> None:
        """Check, for `kerascnn plugins check`, the task on logits of real pictures and made ones."""
        import numpy as np

        from kerascnn.testing import Answered, check_task

        logits = np.random.default_rng(0).normal(0, 2, (12, 1)).astype("float32")
        answered = Answered(np.arange(12) % 2, logits, np.abs(logits) + 3)
        check_task(self, answered, DataInfo((8, 8, 1), ("logit",)))

    def say(self, answer: np.ndarray, labels: Sequence[str]) -> dict[str, Any]:
        """Return whether the critic takes a picture for real; it is no probability, so there is no confidence."""
        logit = float(answer[0])
        return {"label": "real" if logit > 0 else "generated", "confidence": None, "values": {"logit": logit}}
