"""A head whose answers are the lengths of capsules, one for each class."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field

from kerascnn.errors import BuildError
from kerascnn.spec import Head, register
from kerascnn_capsule.squash import lengths, squash

LENGTHS = "capsule.lengths"
"""What the head answers with and the task takes."""


@register("digits")
class DigitCapsules(Head):
    """One capsule for each class, to which the capsules below send what they agree on; its length says how much.

    Every capsule below predicts that of each class by a matrix of its own, and sends more to those whose vector its
    prediction agrees with. The vectors are the output of the layer "capsules", `(n, classes, size)`. Shapes:
    `{..., "out": (n, capsules, c)} -> (n, classes)`, float32, each from 0 to 1; they do not sum to 1.
    """

    output: ClassVar[str] = LENGTHS

    size: int = Field(16, ge=1, le=1024)
    """Numbers of the capsule of each class; 16 in the paper."""
    iterations: int = Field(3, ge=1, le=20)
    """Rounds of the routing; 3 in the paper, 1 sends the same to all classes."""

    def apply(self, features: Mapping[str, Any], outputs: int) -> Any:
        """Return the lengths. Raises BuildError where the features are no capsules."""
        from keras import layers

        x = list(features.values())[-1]
        if len(x.shape) != 3:
            raise BuildError(
                f"takes capsules (n, capsules, size), and the backbone gives the shape {tuple(x.shape)}; let "
                "capsule.primary be its last layer",
                "model.head",
            )
        vectors = self._routed(self._predictions(x, outputs))
        vectors = layers.Identity(dtype="float32", name="capsules")(vectors)
        return lengths(vectors)

    def _predictions(self, x: Any, outputs: int) -> Any:
        """Return what each capsule predicts of each class: `(n, capsules, c) -> (n, capsules, classes, size)`."""
        from keras import initializers, layers

        return layers.EinsumDense(
            "nic,icjs->nijs",
            output_shape=(x.shape[1], outputs, self.size),
            # Of the authors' own program. Keras's default takes the capsules for a fan of one dense layer.
            kernel_initializer=initializers.TruncatedNormal(stddev=0.1),
            dtype="float32",
            name="predictions",
        )(x)

    def _routed(self, predictions: Any) -> Any:
        """Return the vector of each class, `(n, classes, size)`, after the rounds of the routing."""
        from keras import ops

        # In the first round every capsule sends each class the same share.
        classes = predictions.shape[2]
        vectors = squash(ops.divide(ops.sum(predictions, axis=1), float(classes)))
        agreed: Any = 0.0
        for _ in range(self.iterations - 1):
            agreement = ops.sum(ops.multiply(predictions, ops.expand_dims(vectors, 1)), axis=-1)
            agreed = ops.add(agreement, agreed)
            shares = ops.expand_dims(ops.softmax(agreed, axis=-1), -1)
            vectors = squash(ops.sum(ops.multiply(predictions, shares), axis=1))
        return vectors
