"""A head that says with one number whether a picture is real."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field

from kerascnn.spec import Head, register

CRITIC = "generative.critic"
"""What the head answers with and `generative.dcgan` takes."""


@register("critic")
class Critic(Head):
    """Say how real a picture looks, as a logit: above 0 real, below generated.

    Shapes: `{..., "P3": (n, h, w, c)} -> (n, 1)`, float32 whatever the precision of the rest.
    """

    output: ClassVar[str] = CRITIC

    pooling: Literal["flatten", "avg"] = "flatten"
    """How maps become one row of numbers: all of them, as in DCGAN, or the mean of each channel."""
    dropout: float = Field(0.0, ge=0, lt=1)
    """Fraction of these numbers set to zero while training; 0 for none."""

    def apply(self, features: Mapping[str, Any], outputs: int) -> Any:
        """Return the logit."""
        from keras import layers

        x = list(features.values())[-1]
        if len(x.shape) > 2 and self.pooling == "avg":
            x = layers.GlobalAveragePooling1D(name="pool")(layers.Reshape((-1, x.shape[-1]), name="places")(x))
        elif len(x.shape) > 2:
            x = layers.Flatten(name="flatten")(x)
        if self.dropout:
            x = layers.Dropout(self.dropout, name="dropout")(x)
        return layers.Dense(outputs, dtype="float32", name="logit")(x)
