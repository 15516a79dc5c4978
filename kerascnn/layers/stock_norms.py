"""Keras's own normalisations, under their names and with their arguments."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from kerascnn.spec import Layer, register


@register("batch_norm")
class BatchNorm(Layer):
    """Normalise each channel by its statistics over the batch (Ioffe and Szegedy 2015, arXiv:1502.03167).

    Shapes: `(n, ..., c) -> (n, ..., c)`.
    """

    momentum: float = Field(0.99, ge=0, lt=1)
    """Weight of the past in the moving statistics that inference uses."""
    epsilon: float = Field(1e-3, gt=0, le=1)
    """Number added to the variance."""

    def apply(self, x: Any) -> Any:
        """Return the normalised values."""
        from keras import layers

        return layers.BatchNormalization(momentum=self.momentum, epsilon=self.epsilon)(x)


@register("layer_norm")
class LayerNorm(Layer):
    """Normalise each place by its statistics over the channels (Ba et al. 2016, arXiv:1607.06450).

    Shapes: `(n, ..., c) -> (n, ..., c)`.
    """

    epsilon: float = Field(1e-3, gt=0, le=1)
    """Number added to the variance."""

    def apply(self, x: Any) -> Any:
        """Return the normalised values."""
        from keras import layers

        return layers.LayerNormalization(epsilon=self.epsilon)(x)


@register("group_norm")
class GroupNorm(Layer):
    """Normalise groups of channels within each element (Wu and He 2018, arXiv:1803.08494); for tiny batches.

    Shapes: `(n, ..., c) -> (n, ..., c)`.
    """

    groups: int = Field(32, ge=1)
    """Number of groups; it divides the channels."""
    epsilon: float = Field(1e-3, gt=0, le=1)
    """Number added to the variance."""

    def apply(self, x: Any) -> Any:
        """Return the normalised values."""
        from keras import layers

        return layers.GroupNormalization(groups=self.groups, epsilon=self.epsilon)(x)


@register("rms_norm")
class RMSNorm(Layer):
    """Divide each place by the root of its mean square over the channels (Zhang and Sennrich 2019, arXiv:1910.07467).

    Shapes: `(n, ..., c) -> (n, ..., c)`.
    """

    epsilon: float = Field(1e-6, gt=0, le=1)
    """Number added to the mean square."""

    def apply(self, x: Any) -> Any:
        """Return the normalised values."""
        from keras import layers

        return layers.RMSNormalization(epsilon=self.epsilon)(x)
