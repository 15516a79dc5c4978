"""Inception v3: large kernels taken apart into small and narrow ones."""

from __future__ import annotations

from typing import Any

from kerascnn.spec import Backbone, Pretrained, register

# Each branch of a module is a chain of convolutions: channels, height and width of the kernel.
_Chain = tuple[tuple[int, int, int], ...]
_DOUBLE: _Chain = ((64, 1, 1), (96, 3, 3), (96, 3, 3))
_BRANCHES_35: dict[str, _Chain] = {"1x1": ((64, 1, 1),), "5x5": ((48, 1, 1), (64, 5, 5)), "double": _DOUBLE}
_BRANCHES_TO_17: dict[str, _Chain] = {"3x3": ((384, 3, 3),), "double": _DOUBLE}
_BRANCHES_TO_8: dict[str, _Chain] = {
    "3x3": ((192, 1, 1), (320, 3, 3)),
    "7x7": ((192, 1, 1), (192, 1, 7), (192, 7, 1), (192, 3, 3)),
}


def _branches_17(inner: int) -> dict[str, _Chain]:
    """Return the branches of a module on maps of 17 x 17, with this many channels inside them."""
    return {
        "1x1": ((192, 1, 1),),
        "7x7": ((inner, 1, 1), (inner, 1, 7), (192, 7, 1)),
        "double": ((inner, 1, 1), (inner, 7, 1), (inner, 1, 7), (inner, 7, 1), (192, 1, 7)),
    }


@register("inception_v3")
class InceptionV3(Backbone):
    """Eleven modules of branches side by side (Szegedy et al. 2015, arXiv:1512.00567), as in Keras.

    Convolutions that halve height and width do not pad, so that maps are a little smaller than their strides say. The
    auxiliary classifier is left out. The smallest picture is 75 x 75, the paper's is 299 x 299.

    Shapes: `(n, h, w, c) -> {"P1": ..., "P5": ...}` at strides 2 to 32; of 299 x 299, 147, 71, 35, 17 and 8.
    """

    def pretrained(self) -> Pretrained:
        """Return Keras's InceptionV3."""
        return Pretrained("InceptionV3", "symmetric")

    def apply(self, x: Any) -> dict[str, Any]:
        """Return what stands before each halving, and the last module."""
        from keras import layers

        x = _convolve(x, (32, 3, 3), "stem_conv1", strides=2)
        x = _convolve(x, (32, 3, 3), "stem_conv2", padding="valid")
        p1 = _convolve(x, (64, 3, 3), "stem_conv3")
        x = layers.MaxPooling2D(3, 2, name="stem_pool1")(p1)
        x = _convolve(x, (80, 1, 1), "stem_conv4")
        p2 = _convolve(x, (192, 3, 3), "stem_conv5", padding="valid")
        x = layers.MaxPooling2D(3, 2, name="stem_pool2")(p2)
        for number, pooled in enumerate((32, 64, 64)):
            x = _module(x, _BRANCHES_35, pooled, f"mixed{number}")
        features = {"P1": p1, "P2": p2, "P3": x}
        x = _reduction(x, _BRANCHES_TO_17, "mixed3")
        for number, inner in enumerate((128, 160, 160, 192), 4):
            x = _module(x, _branches_17(inner), 192, f"mixed{number}")
        features["P4"] = x
        x = _reduction(x, _BRANCHES_TO_8, "mixed8")
        for number in (9, 10):
            x = _forked(x, f"mixed{number}")
        return {**features, "P5": x}


def _module(x: Any, branches: dict[str, _Chain], pooled: int, name: str) -> Any:
    """Return the chains and a pooling, side by side."""
    ends = [_chain(x, steps, f"{name}_{branch}") for branch, steps in branches.items()]
    return _join([*ends, _pooled(x, pooled, name)], name)


def _reduction(x: Any, branches: dict[str, _Chain], name: str) -> Any:
    """Return the chains and a pooling side by side, each of which halves height and width at its end."""
    from keras import layers

    ends = [_chain(x, steps, f"{name}_{branch}", strides=2) for branch, steps in branches.items()]
    return _join([*ends, layers.MaxPooling2D(3, 2, name=f"{name}_pool")(x)], name)


def _forked(x: Any, name: str) -> Any:
    """Return a module of the last stage, whose chains end in a row and a column beside each other."""
    one = _convolve(x, (320, 1, 1), f"{name}_1x1_conv1")
    three = _fork(_chain(x, ((384, 1, 1),), f"{name}_3x3"), f"{name}_3x3")
    double = _fork(_chain(x, ((448, 1, 1), (384, 3, 3)), f"{name}_double"), f"{name}_double")
    return _join([one, three, double, _pooled(x, 192, name)], name)


def _fork(x: Any, name: str) -> Any:
    ends = [_convolve(x, (384, 1, 3), f"{name}_row"), _convolve(x, (384, 3, 1), f"{name}_column")]
    return _join(ends, f"{name}_fork")


def _pooled(x: Any, filters: int, name: str) -> Any:
    from keras import layers

    x = layers.AveragePooling2D(3, 1, padding="same", name=f"{name}_pool")(x)
    return _convolve(x, (filters, 1, 1), f"{name}_pool_conv")


def _chain(x: Any, steps: _Chain, name: str, *, strides: int = 1) -> Any:
    """Return convolutions one after another; the last one takes the strides."""
    for i, step in enumerate(steps, 1):
        x = _convolve(x, step, f"{name}_conv{i}", strides=strides if i == len(steps) else 1)
    return x


def _convolve(x: Any, step: tuple[int, int, int], name: str, *, strides: int = 1, padding: str = "same") -> Any:
    """Return a convolution with normalisation, which has no scale as ReLU follows; a stride of 2 does not pad."""
    from keras import layers

    filters, *size = step
    padding = "valid" if strides > 1 else padding
    x = layers.Conv2D(filters, tuple(size), strides=strides, padding=padding, use_bias=False, name=name)(x)
    x = layers.BatchNormalization(scale=False, name=f"{name}_norm")(x)
    return layers.Activation("relu", name=f"{name}_relu")(x)


def _join(branches: list[Any], name: str) -> Any:
    from keras import layers

    return layers.Concatenate(name=f"{name}_join")(branches)
