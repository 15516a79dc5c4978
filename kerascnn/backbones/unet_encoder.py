"""The contracting half of the U-Net (Ronneberger et al. 2015, arXiv:1505.04597)."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from kerascnn.spec import Backbone, register

_MOMENTUM = 0.9
"""Of the means over batches: segmentation has few pictures, so few steps, in which Keras's 0.99 would lag behind."""


@register("unet_encoder")
class UNetEncoder(Backbone):
    """Convolutions at the full size, and again after each halving; what stands before each halving is a feature.

    Shapes: `(n, h, w, c) -> {"P0": (n, h, w, filters[0]), "P1": (n, h/2, w/2, filters[1]), ...}`, sizes rounded up.
    With the head segmenter this is the paper's network, but for padding: the paper cuts off what the convolutions lose,
    here answers are as large as pictures, of any size.
    """

    filters: list[Annotated[int, Field(gt=0, le=65_536)]] = Field([64, 128, 256, 512, 1024], min_length=2, max_length=9)
    """Channels of each level, the full size first; the paper's have 31 million weights with the head."""
    convolutions: int = Field(2, ge=1, le=8)
    """3 x 3 convolutions of each level."""
    batch_norm: bool = True
    """Normalise over the batch between each convolution and its ReLU (arXiv:1502.03167); the paper does not."""
    dropout: float = Field(0.0, ge=0, lt=1)
    """Fraction of the numbers of the deepest level set to zero while training, as at the end of the paper's contracting
    path; 0 for none."""

    def apply(self, x: Any) -> dict[str, Any]:
        """Return the output of each level."""
        from keras import layers

        features = {}
        for level, filters in enumerate(self.filters):
            if level:
                # Padded, so that an odd size is rounded up and the decoder has only to cut.
                x = layers.MaxPooling2D(2, padding="same", name=f"level{level}_pool")(x)
            for i in range(1, self.convolutions + 1):
                name = f"level{level}_conv{i}"
                x = layers.Conv2D(filters, 3, padding="same", use_bias=not self.batch_norm, name=name)(x)
                if self.batch_norm:
                    x = layers.BatchNormalization(momentum=_MOMENTUM, name=f"level{level}_norm{i}")(x)
                x = layers.Activation("relu", name=f"level{level}_act{i}")(x)
            features[f"P{level}"] = x
        if self.dropout:
            deepest = f"P{len(self.filters) - 1}"
            features[deepest] = layers.Dropout(self.dropout, name=f"level{len(self.filters) - 1}_dropout")(x)
        return features
