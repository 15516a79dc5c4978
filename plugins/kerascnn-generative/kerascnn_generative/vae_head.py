"""The head of a variational autoencoder: from features to a few numbers, and back to the picture."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field

from kerascnn.errors import BuildError
from kerascnn.spec import Head, register
from kerascnn.spec.fields import ImageSize
from kerascnn.spec.trace import current_path
from kerascnn_generative.growing import grown

PICTURE = "generative.picture"
"""What the head answers with and `generative.vae` takes."""
_BEGIN = -4.0
"""The logarithm of the variance with which training begins."""


@register("vae")
class VaeHead(Head):
    """Turn the deepest features into a mean and a variance of a few numbers, and these into the picture again.

    While training the numbers are drawn with that mean and variance; otherwise the mean itself is taken, so that the
    same picture always gives the same. The part that draws pictures is a model of its own, "decoder". Shapes:
    `{..., "P3": (n, h, w, c)} -> (n, height, width, channels)`, float32 from 0 to 1.
    """

    output: ClassVar[str] = PICTURE

    latent: int = Field(16, ge=1, le=4096)
    """Numbers that a picture comes down to; with 2 the report shows the plane that they span."""
    filters: int = Field(64, ge=8, le=4096)
    """Channels of the smallest grid that a picture is drawn from; half as many each time that it doubles."""
    hidden: int = Field(128, ge=0, le=65_536)
    """Units of a layer between the numbers and the smallest grid; 0 for none."""
    size: ImageSize | None = None
    """[height, width] of the pictures, `data.image_size`. Left out: what the finest features `P<k>` times 2**k are."""

    def apply(self, features: Mapping[str, Any], outputs: int) -> Any:
        """Return the pictures. Raises BuildError where nothing says how large they are."""
        import keras
        from keras import initializers, layers

        size = self.size or _size_of(features)
        x = list(features.values())[-1]
        if len(x.shape) > 2:
            x = layers.Flatten(name="flatten")(x)
        mean = layers.Dense(self.latent, dtype="float32", name="mean")(x)
        # It begins with little noise, whatever the features are: with much, what draws learns to look away from numbers
        # that say little yet, for good (on digits one training of seven did).
        log_variance = layers.Dense(
            self.latent,
            kernel_initializer="zeros",
            bias_initializer=initializers.Constant(_BEGIN),
            dtype="float32",
            name="log_variance",
        )(x)
        half = layers.Rescaling(0.5, dtype="float32", name="half")(log_variance)
        deviation = layers.Activation("exponential", dtype="float32", name="deviation")(half)
        # Noise is added while training alone: to zeros it is noise then, and nothing otherwise.
        zeros = layers.Rescaling(0.0, dtype="float32", name="zeros")(mean)
        noise = layers.GaussianNoise(1.0, dtype="float32", name="noise")(zeros)
        apart = layers.Multiply(dtype="float32", name="apart")([deviation, noise])
        drawn = layers.Add(dtype="float32", name="drawn")([mean, apart])
        source = keras.Input((self.latent,), name="latent")
        x = layers.Dense(self.hidden, activation="relu", name="hidden")(source) if self.hidden else source
        picture = grown(x, size, outputs, self.filters, final="sigmoid")
        return keras.Model(source, picture, name="decoder")(drawn)


def _size_of(features: Mapping[str, Any]) -> tuple[int, int]:
    """Return the size of the pictures by the finest features that are named after their strides."""
    levels = [
        (int(name[1:]), x)
        for name, x in features.items()
        if name[:1] == "P" and name[1:].isdecimal() and len(x.shape) == 4
    ]
    if not levels:
        raise BuildError(
            f"the features {', '.join(features)} do not say how large the pictures are; set size to data.image_size, "
            "such as [28, 28]",
            current_path(),
        )
    level, x = min(levels, key=lambda one: one[0])
    return x.shape[1] << level, x.shape[2] << level
