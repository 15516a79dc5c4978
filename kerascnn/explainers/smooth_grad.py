"""SmoothGrad."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from kerascnn.spec import Explainer, register

if TYPE_CHECKING:
    import numpy as np

    from kerascnn.spec.explained import Explained


@register("smooth_grad")
class SmoothGrad(Explainer):
    """Average the gradient over copies with noise, and take its largest channel (Smilkov et al., arXiv:1706.03825).

    Calmer than saliency. Shapes: `-> (n, *places)`, never below 0.
    """

    samples: int = Field(25, ge=1, le=10_000)
    """Copies of each element."""
    noise: float = Field(0.15, gt=0, le=10)
    """Standard deviation of the noise, as a fraction of the distance between an element's smallest and largest
    number."""
    seed: int = Field(0, ge=0)
    """Of the noise, which is the same for every element."""

    def explain(self, seen: Explained) -> np.ndarray:
        """Return the largest absolute mean gradient of each place."""
        import numpy as np

        x = seen.inputs
        inner = tuple(range(1, x.ndim))
        width = self.noise * (x.max(inner, keepdims=True) - x.min(inner, keepdims=True))
        rng, rows = np.random.default_rng(self.seed), np.arange(len(x))
        total = np.zeros(x.shape, "float64")
        for _ in range(self.samples):
            noise = rng.standard_normal(x.shape[1:], dtype="float32")
            total += seen.gradients(x + width * noise, rows)
        return np.asarray(np.abs(total / self.samples).max(-1), "float32")
