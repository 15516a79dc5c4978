"""What holds for explainers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kerascnn.spec import Attention, Explained, Explainer, Features
from kerascnn.testing.facts import doing, hold, title

if TYPE_CHECKING:
    import numpy as np

SHAPES = ((6, 8, 3), (9, 2))
"""A picture, and a series."""


class MadeUp(Explained):
    """Elements whose score is known: the sum of all numbers, each times its weight, and of half their squares.

    It stands in for a trained network, and loads no Keras. Its feature maps are the channels themselves.
    """

    def __init__(self, inputs: np.ndarray, weights: np.ndarray, *, squares: float = 0.0):
        """Take elements `(n, *places, channels)` and the weight of each number, `(*places, channels)`."""
        import numpy as np

        self.inputs, self.weights, self.squares = inputs, weights, squares
        self.empty = np.zeros_like(weights)

    def cover(self, element: np.ndarray) -> np.ndarray:
        """Return the means of the channels."""
        import numpy as np

        return np.asarray(element.reshape(-1, element.shape[-1]).mean(0), "float32")

    def scores(self, inputs: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Return the score of each input."""
        both = inputs * self.weights + self.squares / 2 * inputs**2
        return both.reshape(len(inputs), -1).sum(1)

    def gradients(self, inputs: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Return the weights, and the numbers themselves as far as their squares count."""
        import numpy as np

        return np.asarray(self.weights + self.squares * inputs, "float32")

    def features(self, layer: str | None) -> list[Features]:
        """Return the inputs as maps."""
        import numpy as np

        gradients = self.gradients(self.inputs, np.arange(len(self.inputs)))
        return [Features(layer or "made_up", self.inputs, gradients, lambda maps: maps)]

    def attention(self) -> Attention:
        """Return two blocks in which places look at what is like them."""
        import numpy as np

        tokens = self.inputs.reshape(len(self.inputs), -1, self.inputs.shape[-1])
        scores = np.exp(-np.abs(tokens[:, :, None] - tokens[:, None]).sum(-1))
        shares = np.asarray(scores / scores.sum(-1, keepdims=True), "float32")
        places = self.inputs.shape[:-1]
        return Attention([shares, shares], 0, lambda maps: maps.reshape(places))


def check_explainer(explainer: Explainer) -> None:
    """Check an explainer on pictures and series of a made-up network. Raises AssertionError.

    Its maps have the places of the input, are float32 and finite, and are never below 0 unless it says `signed`. They
    are the same at each call and whatever else is explained; what is explained stays as it is.
    """
    import numpy as np

    hold(
        isinstance(explainer, Explainer),
        f"{explainer!r} is no explainer; derive its class from kerascnn.spec.Explainer",
    )
    name = title(explainer)
    for shape in SHAPES:
        rng = np.random.default_rng(len(shape))
        inputs = rng.standard_normal((3, *shape)).astype("float32")
        weights = rng.standard_normal(shape).astype("float32")
        before = inputs.copy()
        maps = _maps(name, explainer, MadeUp(inputs, weights, squares=0.5))
        hold((inputs == before).all(), f"{name}: explain() changes what it is given; copy it first")
        hold(
            maps.shape == (3, *shape[:-1]),
            f"{name}: explain() gives {maps.shape} for inputs of {inputs.shape}; give one number for each place",
        )
        hold(maps.dtype == np.float32, f"{name}: explain() gives {maps.dtype}; give float32")
        hold(np.isfinite(maps).all(), f"{name}: explain() gives numbers that are not finite")
        hold(
            explainer.signed or (maps >= 0).all(),
            f"{name}: explain() gives numbers below 0; say `signed: ClassVar[bool] = True`",
        )
        again = _maps(name, explainer, MadeUp(inputs, weights, squares=0.5))
        hold((maps == again).all(), f"{name}: explain() gives other maps the second time; seed what is random")
        alone = _maps(name, explainer, MadeUp(inputs[1:2], weights, squares=0.5))
        hold(
            np.allclose(maps[1:2], alone, rtol=1e-4, atol=1e-5),
            f"{name}: the map of an element depends on what else is explained",
        )


def _maps(name: str, explainer: Explainer, seen: Explained) -> Any:
    with doing(f"{name}: explain()"):
        return explainer.explain(seen)
