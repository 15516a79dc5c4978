"""What class activation maps have in common."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

from pydantic import Field

from kerascnn.spec import Explainer

if TYPE_CHECKING:
    import numpy as np

    from kerascnn.spec.explained import Explained, Features


class ActivationMap(Explainer):
    """Weigh the channels of feature maps, add them up, and keep what is above 0."""

    layer: str | None = Field(None, min_length=1)
    """A feature of the backbone, such as P5, or one of its layers; left out: the deepest maps with more than one
    place."""

    def explain(self, seen: Explained) -> np.ndarray:
        """Return maps of the layer, brought to the places of the input. Raises UsageError where there are no maps."""
        import numpy as np

        total = np.zeros(seen.inputs.shape[:-1], "float32")
        for features in seen.features(self.layer):
            total += features.spread(self.weighed(features))
        return np.maximum(total, 0)

    @abstractmethod
    def weighed(self, features: Features) -> np.ndarray:
        """Return the sum over the channels, each weighed, `(n, *places)`."""
