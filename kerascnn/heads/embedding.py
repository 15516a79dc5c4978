"""A head that learns a vector for each element by telling classes apart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field

from kerascnn.heads.pooled import Pooled
from kerascnn.spec import register


@register("embedding")
class Embedding(Pooled):
    """Turn the deepest features into a vector of length 1, and compare it with a direction for each class.

    The probabilities are a softmax of cosines (Wang et al. 2017, arXiv:1704.06369), so that elements of a class lie
    close together on a sphere, and the nearest neighbours of a vector are what is most like it. The vector is the
    output of the layer "embedding"; with numpy, `a @ b` is the likeness of two of them, -1 to 1. Of a saved model:

        head = model.get_layer("head")
        to_vector = keras.Model(head.input, head.get_layer("embedding").output)
        features = model.get_layer("backbone")(model.operations[-3].output)
        vectors = keras.Model(model.input, to_vector({name: features[name] for name in head.input}))

    Shapes: `{..., "P5": (n, h, w, c)} -> (n, classes)`, float32 whatever the precision of the rest.
    """

    output: ClassVar[str] = "classes"

    units: int = Field(128, gt=0, le=65_536)
    """Numbers of the vector."""
    scale: float = Field(16.0, gt=0, le=1000)
    """Factor of the cosines before the softmax. Too small a one leaves the loss high however good the vectors are:
    about 5 is enough for 10 classes, 10 for 1,000."""

    def apply(self, features: Mapping[str, Any], outputs: int) -> Any:
        """Return the probabilities."""
        from keras import constraints, initializers, layers

        x = layers.Dense(self.units, dtype="float32", name="projection")(self.hidden_features(features))
        vector = layers.UnitNormalization(dtype="float32", name="embedding")(x)
        # Directions of chance are about 1 long; from the first step on the constraint makes them exactly that.
        directions = layers.Dense(
            outputs,
            use_bias=False,
            kernel_initializer=initializers.RandomNormal(stddev=self.units**-0.5),
            kernel_constraint=constraints.UnitNorm(axis=0),
            dtype="float32",
            name="cosines",
        )
        logits = layers.Rescaling(self.scale, dtype="float32", name="logits")(directions(vector))
        return layers.Activation("softmax", dtype="float32", name="probabilities")(logits)
