"""DenseNet: every layer sees all those before it."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from kerascnn.backbones.blocks import activate, convolve, normalise
from kerascnn.spec import Backbone, Pretrained, register

_LAYERS = {121: (6, 12, 24, 16), 169: (6, 12, 32, 32), 201: (6, 12, 48, 32)}


@register("densenet")
class DenseNet(Backbone):
    """Four dense blocks with transitions that halve channels, height and width (Huang et al. 2016, arXiv:1608.06993).

    Shapes: `(n, h, w, c) -> {"P1": ..., "P5": ...}` at strides 2 to 32.
    """

    depth: Literal[121, 169, 201] = 121
    """Layers with weights, the last one being that of the head."""
    growth_rate: int = Field(32, ge=1, le=256)
    """Channels that each layer adds."""

    def pretrained(self) -> Pretrained | None:
        """Return Keras's weights at a growth rate of 32."""
        return Pretrained(f"DenseNet{self.depth}", "torch") if self.growth_rate == 32 else None

    def apply(self, x: Any) -> dict[str, Any]:
        """Return the stem and the four blocks."""
        from keras import layers

        x = layers.ZeroPadding2D(3, name="stem_pad")(x)
        x = convolve(x, 2 * self.growth_rate, 7, strides=2, padding="valid", name="stem_conv")
        x = activate(normalise(x, "stem_norm"), "stem_relu")
        features = {"P1": x}
        x = layers.ZeroPadding2D(1, name="stem_pool_pad")(x)
        x = layers.MaxPooling2D(3, 2, name="stem_pool")(x)
        for block, count in enumerate(_LAYERS[self.depth]):
            if block:
                name = f"transition{block}"
                x = activate(normalise(x, f"{name}_norm"), f"{name}_relu")
                x = convolve(x, x.shape[-1] // 2, 1, name=f"{name}_conv")
                x = layers.AveragePooling2D(2, name=f"{name}_pool")(x)
            for i in range(count):
                x = self._layer(x, f"block{block + 1}_layer{i + 1}")
            features[f"P{block + 2}"] = x
        features["P5"] = activate(normalise(x, "last_norm"), "last_relu")
        return features

    def _layer(self, x: Any, name: str) -> Any:
        from keras import layers

        y = activate(normalise(x, f"{name}_norm1"), f"{name}_relu1")
        y = convolve(y, 4 * self.growth_rate, 1, name=f"{name}_conv1")
        y = activate(normalise(y, f"{name}_norm2"), f"{name}_relu2")
        y = convolve(y, self.growth_rate, 3, name=f"{name}_conv2")
        return layers.Concatenate(name=f"{name}_join")([x, y])
