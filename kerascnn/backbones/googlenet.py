"""GoogLeNet, the first Inception network."""

from __future__ import annotations

from typing import Any, Literal

from kerascnn.backbones.blocks import activate, convolve, normalise
from kerascnn.spec import Backbone, register

# Channels of the 1 x 1; before and of the 3 x 3; before and of the 5 x 5; after the pooling: table 1 of the paper.
_MODULES = {
    "3a": (64, 96, 128, 16, 32, 32),
    "3b": (128, 128, 192, 32, 96, 64),
    "4a": (192, 96, 208, 16, 48, 64),
    "4b": (160, 112, 224, 24, 64, 64),
    "4c": (128, 128, 256, 24, 64, 64),
    "4d": (112, 144, 288, 32, 64, 64),
    "4e": (256, 160, 320, 32, 128, 128),
    "5a": (256, 160, 320, 32, 128, 128),
    "5b": (384, 192, 384, 48, 128, 128),
}


@register("googlenet")
class GoogLeNet(Backbone):
    """Nine modules of four branches side by side (Szegedy et al. 2014, arXiv:1409.4842).

    Two things of the paper are left out, as everywhere today: the local response normalisation, which Keras does not
    have, and the two auxiliary classifiers, which helped training before batch normalisation. The paper's head is
    `{type: classifier, dropout: 0.4}`.

    Shapes: `(n, h, w, c) -> {"P1": ..., "P5": ...}` at strides 2 to 32, sizes rounded up.
    """

    batch_norm: bool = False
    """Normalise over the batch between each convolution and its activation (arXiv:1502.03167); it replaces the bias.
    The paper has it not, and is hard to train without its auxiliary classifiers."""
    large_kernel: Literal[3, 5] | None = None
    """Height and width of each module's largest kernel: 5 in the paper, 3 in torchvision's version, which normalises.
    Left out: 3 with batch_norm, 5 without."""

    def apply(self, x: Any) -> dict[str, Any]:
        """Return what stands before each halving, and the last module."""
        from keras import layers

        p1 = self._convolve(x, 64, 7, "conv1", strides=2)
        x = layers.MaxPooling2D(3, 2, padding="same", name="pool1")(p1)
        x = self._convolve(x, 64, 1, "conv2_reduce")
        features = {"P1": p1, "P2": self._convolve(x, 192, 3, "conv2")}
        x = features["P2"]
        for module, channels in _MODULES.items():
            if module.endswith("a"):
                x = layers.MaxPooling2D(3, 2, padding="same", name=f"pool{int(module[0]) - 1}")(x)
            x = self._module(x, channels, f"inception{module}")
            features[f"P{module[0]}"] = x
        return features

    def _module(self, x: Any, channels: tuple[int, ...], name: str) -> Any:
        from keras import layers

        one, before_three, three, before_large, large, pooled = channels
        size = self.large_kernel or (3 if self.batch_norm else 5)
        middle = self._convolve(x, before_three, 1, f"{name}_3x3_reduce")
        wide = self._convolve(x, before_large, 1, f"{name}_5x5_reduce")
        pool = layers.MaxPooling2D(3, 1, padding="same", name=f"{name}_pool")(x)
        branches = [
            self._convolve(x, one, 1, f"{name}_1x1"),
            self._convolve(middle, three, 3, f"{name}_3x3"),
            self._convolve(wide, large, size, f"{name}_5x5"),
            self._convolve(pool, pooled, 1, f"{name}_pool_conv"),
        ]
        return layers.Concatenate(name=f"{name}_join")(branches)

    def _convolve(self, x: Any, filters: int, size: int, name: str, *, strides: int = 1) -> Any:
        x = convolve(x, filters, size, strides=strides, name=name, use_bias=not self.batch_norm, symmetric=True)
        if self.batch_norm:
            x = normalise(x, f"{name}_norm", epsilon=1e-3)
        return activate(x, f"{name}_relu")
