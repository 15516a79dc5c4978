"""The task of a variational autoencoder: pictures again from a few numbers that are normally distributed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from kerascnn.spec import DataInfo, Task, register
from kerascnn_generative.vae_head import PICTURE

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np


@register("vae")
class Vae(Task):
    """Learn to draw the pictures again from a few numbers (Kingma and Welling 2013, arXiv:1312.6114).

    The loss of a picture is its reconstruction error plus `beta` times how far the distribution of its numbers is from
    a normal one (Kullback-Leibler divergence), so that numbers drawn at random give pictures, too. What class a picture
    belongs to is not looked at. Shapes: answers `(n, height, width, channels)`, from 0 to 1.
    """

    reads: ClassVar[str] = "image"
    output: ClassVar[str] = PICTURE
    alone: ClassVar[bool] = False
    metrics: ClassVar[Mapping[str, str]] = {"squared_error": "min"}

    beta: float = Field(1.0, ge=0, le=1000)
    """Weight of the divergence; 1 in the paper, more makes the numbers less dependent on one another and pictures less
    sharp (arXiv:1804.03599)."""
    error: Literal["cross_entropy", "squared"] = "cross_entropy"
    """How far a picture is from its reconstruction, summed over its numbers, which are 0 to 1: cross-entropy, or half
    the squared difference."""

    def outputs(self, info: DataInfo) -> int:
        """Return the channels of the pictures."""
        return info.shape[-1]

    def targets(self, answers: np.ndarray, info: DataInfo) -> np.ndarray:
        """Return zeros: what is learnt is the picture itself."""
        import numpy as np

        return np.zeros((len(answers), 1, 1, 1), dtype="float32")

    def loss(self, info: DataInfo) -> Any:
        """Return the mean squared error; the training itself has the loss of `outer`."""
        from keras import losses

        return losses.MeanSquaredError()

    def outer(self, inputs: Any, outputs: Any, info: DataInfo) -> Any:
        """Return the model with the loss. Raises BuildError where the network does not answer with whole pictures."""
        from kerascnn_generative.nn import variational

        _check(inputs, outputs)
        return variational(inputs, outputs, self.beta, self.error)

    def compiled_metrics(self) -> list[Any]:
        """Return the mean squared error of a number of a picture."""
        from keras import metrics

        return [metrics.MeanSquaredError(name="squared_error")]

    def truth(self, answers: Any, elements: np.ndarray) -> Any:
        """Return the pictures."""
        return elements

    def report(self, truth: np.ndarray, answers: np.ndarray, info: DataInfo) -> dict[str, Any]:
        """Return the squared error of the reconstructions, beside that of the mean of all these pictures."""
        from kerascnn_generative.figures import reconstruction

        return {**reconstruction(truth, answers), "labels": list(info.labels), "per_class": []}

    def sections(self, folder: Path, split: str) -> Sequence[Mapping[str, Any]]:
        """Return reconstructions beside the pictures, samples, and what each number carries."""
        from kerascnn_generative.pages import vae_sections

        return vae_sections(folder, split)

    def check_work(self, folder: Path) -> None:
        """Check, for `kerascnn plugins check`, the task on pictures and what was made of them."""
        import numpy as np

        from kerascnn.testing import Answered, check_task

        rng = np.random.default_rng(0)
        pictures = rng.integers(0, 256, (12, 8, 8, 1)).astype("uint8")
        found = rng.uniform(0, 1, pictures.shape).astype("float32")
        check_task(self, Answered(pictures, found), DataInfo((8, 8, 1), ("brightness",)))

    def say(self, answer: np.ndarray, labels: Sequence[str]) -> dict[str, Any]:
        """Return the size of the reconstruction and its mean brightness."""
        height, width = answer.shape[:2]
        mean = float(answer.mean())
        label = f"a picture of {width} x {height} with the mean brightness {mean:.3f}"
        return {"label": label, "confidence": None, "values": {"brightness": mean}}


def _check(inputs: Any, outputs: Any) -> None:
    from kerascnn.errors import BuildError
    from kerascnn_generative.nn import check_pictures

    check_pictures(inputs)
    if tuple(outputs.shape[1:]) != tuple(inputs.shape[1:]):
        height, width = inputs.shape[1:3]
        raise BuildError(
            f"draws pictures of {outputs.shape[1]} x {outputs.shape[2]} of those of {height} x {width}; set size to "
            f"[{height}, {width}]",
            "model.head",
        )
