"""A head that forecasts a series in the series' own units."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field

from kerascnn.errors import BuildError
from kerascnn.heads.pooled import Pooled
from kerascnn.spec import register
from kerascnn.spec.trace import current_path


@register("forecaster")
class Forecaster(Pooled):
    """Say how far each coming step is from the last one, in standard deviations of the window, and put both back.

    Before anything is learnt it answers about as the naive forecast does: the last value, over and over. Level and
    scale of a series are no matter to what is learnt, so that series may stay in their own units (after Kim et al.
    2022, "Reversible Instance Normalization"). The backbone gives the window itself as P0, as `tcn` does with
    `window_norm: true`, and `model.preprocess.normalize` is none.

    Shapes: `{"P0": (n, l, c), ..., "out": (n, f)} -> (n, steps x values)`, float32 whatever the precision of the rest.
    """

    output: ClassVar[str] = "values"

    values: int = Field(1, ge=1, le=4096)
    """Numbers of each coming step: those of the first channels of the window."""

    def apply(self, features: Mapping[str, Any], outputs: int) -> Any:
        """Return the numbers of the first coming step, then of the second, ... Raises BuildError."""
        from keras import layers, ops

        from kerascnn.nn.steps import spread_of

        window = features.get("P0")
        if window is None or len(window.shape) != 3:
            raise BuildError("needs a backbone that gives the window itself as P0, such as tcn", current_path())
        if self.values > window.shape[-1] or outputs % self.values:
            raise BuildError(
                f"values: {self.values} does not fit {outputs} numbers to be forecast from {window.shape[-1]} "
                "channels; it is the number of data.source.target_columns",
                current_path(),
            )
        window = ops.cast(window, "float32")
        steps = outputs // self.values
        level = window[:, -1, : self.values]
        scale = spread_of(window, ops.ones_like(window[..., 0]))[:, : self.values]
        # Small at first: the naive forecast is hard to beat, and a good place to begin.
        dense = layers.Dense(outputs, dtype="float32", kernel_initializer=_small(), name="changes")
        changes = dense(self.hidden_features(features))
        return ops.add(ops.tile(level, (1, steps)), ops.multiply(changes, ops.tile(scale, (1, steps))))


def _small() -> Any:
    from keras import initializers

    return initializers.RandomNormal(stddev=0.01)
