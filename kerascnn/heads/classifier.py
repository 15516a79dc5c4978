"""A head that gives a probability for each class."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from kerascnn.heads.pooled import Pooled
from kerascnn.spec import register


@register("classifier")
class Classifier(Pooled):
    """Pool the deepest features, pass them through hidden layers, and give probabilities that sum to 1.

    Shapes: `{..., "P5": (n, h, w, c)} -> (n, classes)`, float32 whatever the precision of the rest.
    """

    output: ClassVar[str] = "classes"

    def apply(self, features: Mapping[str, Any], outputs: int) -> Any:
        """Return the probabilities."""
        from keras import layers

        logits = layers.Dense(outputs, dtype="float32", name="logits")(self.hidden_features(features))
        return layers.Activation("softmax", dtype="float32", name="probabilities")(logits)
