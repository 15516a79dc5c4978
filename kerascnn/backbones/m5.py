"""Networks on the waveform itself: M3, M5, M11 and M18 (Dai et al. 2016, arXiv:1610.00087)."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field

from kerascnn.spec import Backbone, register

_MOMENTUM = 0.9
"""Of the means over batches: on small sets an epoch has few steps, behind which Keras's 0.99 would lag."""
_STAGES = {
    3: ((256, 1),),
    5: ((128, 1), (256, 1), (512, 1)),
    11: ((64, 2), (128, 2), (256, 3), (512, 2)),
    18: ((64, 4), (128, 4), (256, 4), (512, 4)),
}


@register("m5")
class M5(Backbone):
    """A long first kernel that stands in the place of a spectrogram, then kernels of 3 between steps of pooling by 4.

    Every convolution is followed by batch normalisation and ReLU.

    Shapes: `(n, samples, c) -> {"out": (n, samples / 4**k, f)}`, by default k = 5 and f = 512.
    """

    reads: ClassVar[str] = "audio"

    depth: Literal[3, 5, 11, 18] = 5
    """Layers with weights, the last one being that of the head."""
    kernel_size: int = Field(80, ge=1, le=65_536)
    """Samples that the first kernel spans: 10 milliseconds at 8,000 samples a second."""

    def apply(self, x: Any) -> dict[str, Any]:
        """Return the last maps, which a head takes the mean of."""
        from keras import layers

        stages = _STAGES[self.depth]
        x = _convolve(x, stages[0][0], self.kernel_size, 4, "stem")
        x = layers.MaxPooling1D(4, name="stem_pool")(x)
        for stage, (filters, count) in enumerate(stages, 1):
            for i in range(1, count + 1):
                x = _convolve(x, filters, 3, 1, f"stage{stage}_block{i}")
            if stage < len(stages) or self.depth <= 5:
                x = layers.MaxPooling1D(4, name=f"stage{stage}_pool")(x)
        return {"out": x}


def _convolve(x: Any, filters: int, size: int, strides: int, name: str) -> Any:
    from keras import layers

    x = layers.Conv1D(filters, size, strides=strides, padding="same", use_bias=False, name=f"{name}_conv")(x)
    return layers.Activation("relu", name=f"{name}_relu")(
        layers.BatchNormalization(momentum=_MOMENTUM, name=f"{name}_norm")(x)
    )
