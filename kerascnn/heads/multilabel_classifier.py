"""A head that gives a probability for each class by itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from kerascnn.heads.pooled import Pooled
from kerascnn.spec import register


@register("multilabel_classifier")
class MultilabelClassifier(Pooled):
    """Pool the deepest features, pass them through hidden layers, and give each class a probability of its own.

    Shapes: `{..., "P5": (n, h, w, c)} -> (n, classes)`, float32 whatever the precision of the rest.
    """

    output: ClassVar[str] = "each_class"

    def apply(self, features: Mapping[str, Any], outputs: int) -> Any:
        """Return the probabilities."""
        from keras import layers

        logits = layers.Dense(outputs, dtype="float32", name="logits")(self.hidden_features(features))
        return layers.Activation("sigmoid", dtype="float32", name="probabilities")(logits)
