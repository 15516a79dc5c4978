"""A head that gives a probability for each class."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field

from kerascnn.heads.pooled import Pooled
from kerascnn.spec import register


@register("classifier")
class Classifier(Pooled):
    """Pool the deepest features, pass them through hidden layers, and give probabilities that sum to 1.

    Shapes: `{..., "P5": (n, h, w, c)} -> (n, classes)`, float32 whatever the precision of the rest.
    """

    output: ClassVar[str] = "classes"

    max_norm: float | None = Field(None, gt=0, le=1000)
    """Largest length of the vector of weights that lead to one class; after each step a longer one is shortened to it
    (Kim 2014, arXiv:1408.5882, takes 3). Left out: no limit."""

    def apply(self, features: Mapping[str, Any], outputs: int) -> Any:
        """Return the probabilities."""
        from keras import constraints, layers

        limit = constraints.MaxNorm(self.max_norm, axis=0) if self.max_norm else None
        logits = layers.Dense(outputs, kernel_constraint=limit, dtype="float32", name="logits")(
            self.hidden_features(features)
        )
        return layers.Activation("softmax", dtype="float32", name="probabilities")(logits)
