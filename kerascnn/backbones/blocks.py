"""What known networks are built of: stock Keras layers under the names that they have in a backbone."""

from __future__ import annotations

from typing import Any

EPSILON = 1.001e-5
"""The number that Keras's own ResNets add to the variance."""


def convolve(
    x: Any,
    filters: int,
    size: int,
    *,
    name: str,
    strides: int = 1,
    padding: str = "same",
    groups: int = 1,
    use_bias: bool = False,
    symmetric: bool = False,
) -> Any:
    """Return a convolution of square kernels: `(n, h, w, c) -> (n, h', w', filters)`.

    `symmetric` pads a stride of 2 alike on all sides, as the papers' frameworks do; "same" pads more at the end.
    """
    from keras import layers

    if symmetric and strides > 1:
        x = layers.ZeroPadding2D(size // 2, name=f"{name}_pad")(x)
        padding = "valid"
    return layers.Conv2D(filters, size, strides=strides, padding=padding, groups=groups, use_bias=use_bias, name=name)(
        x
    )


def normalise(x: Any, name: str, *, epsilon: float = EPSILON, momentum: float = 0.99) -> Any:
    """Return batch normalisation."""
    from keras import layers

    return layers.BatchNormalization(epsilon=epsilon, momentum=momentum, name=name)(x)


def activate(x: Any, name: str, function: str = "relu") -> Any:
    """Return an activation."""
    from keras import layers

    return layers.Activation(function, name=name)(x)


def gate(x: Any, hidden: int, name: str, *, inner: str = "relu", outer: str = "sigmoid") -> Any:
    """Return the channels reweighted by a gate computed from their means (Hu et al. 2017, arXiv:1709.01507)."""
    from keras import layers

    y = layers.GlobalAveragePooling2D(keepdims=True, name=f"{name}_squeeze")(x)
    y = layers.Conv2D(max(1, hidden), 1, activation=inner, name=f"{name}_reduce")(y)
    y = layers.Conv2D(x.shape[-1], 1, activation=outer, name=f"{name}_expand")(y)
    return layers.Multiply(name=f"{name}_excite")([x, y])
