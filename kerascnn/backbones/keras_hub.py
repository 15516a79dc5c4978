"""Networks of KerasHub, by the name of a preset."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError

from kerascnn.errors import BuildError, DataError
from kerascnn.spec import Backbone, register
from kerascnn.spec.trace import current_path


@register("keras_hub")
class KerasHub(Backbone):
    """A network for pictures that KerasHub has as a preset (https://keras.io/keras_hub/presets/).

    It needs `pip install kerascnn[hub]`. A saved model opens with plain Keras where the network is made of Keras's own
    layers, as ResNets are; the layers of others, as of ViT, need keras_hub then, too.

    Shapes: `(n, h, w, c) -> {"P2": ..., "P5": ...}` as the network has them, else `{"out": what it gives}`.
    """

    paths: ClassVar[tuple[str, ...]] = ("weights", "preset")

    preset: str = Field(min_length=1)
    """Name of a preset, such as `resnet_50_imagenet`, which is downloaded once; or the folder of one on the disk."""
    weights: str = Field("preset", min_length=1)
    """What training begins with: preset (those that the preset has), none (chance), or the path of weights: a
    `.weights.h5` or `.keras` file, or the folder of a run."""

    @field_validator("preset")
    @classmethod
    def _is_of_keras(cls, preset: str) -> str:
        if "://" in preset:
            raise PydanticCustomError(
                "preset", "should be the name of a preset of KerasHub itself, or a folder; download others first"
            )
        return preset

    def apply(self, x: Any) -> dict[str, Any]:
        """Return the features. Raises BuildError without keras_hub, DataError where the preset cannot be had."""
        network = self._network(load_weights=False, image_shape=tuple(x.shape[1:]))
        found = network(x)
        if isinstance(found, dict) and not all(name[:1] == "P" and name[1:].isdecimal() for name in found):
            raise BuildError(f"the preset '{self.preset}' gives {', '.join(found)}, and no features", current_path())
        return dict(sorted(found.items())) if isinstance(found, dict) else {"out": found}

    def fetch(self) -> tuple[list[str], list[Any], tuple[Any, Any] | None]:
        """Return names and arrays of the preset's weights in order, and the scale of its pictures where it says it.

        The scale is a factor and an offset for values of 0 to 255. Raises what `apply` raises.
        """
        from keras import ops

        weights = self._network(load_weights=True).weights
        return [v.path for v in weights], [ops.convert_to_numpy(v) for v in weights], self._scale()

    def _network(self, **how: Any) -> Any:
        import keras

        try:
            model = _hub().models.Backbone.from_preset(self.preset, **how)
        except TypeError as error:
            raise BuildError(f"the preset '{self.preset}' takes no pictures: {error}", current_path()) from error
        except (BuildError, KeyboardInterrupt):
            raise
        except Exception as error:  # of KerasHub, and of the two places that it downloads from
            reason = " ".join(str(error).split())[:300]
            raise DataError(
                f"model.backbone.preset: '{self.preset}' cannot be had ({reason}); give the name of one, or a folder "
                "that Backbone.save_to_preset wrote"
            ) from error
        levels = getattr(model, "pyramid_outputs", None)
        return keras.Model(model.inputs, levels, name="network") if levels else model

    def _scale(self) -> tuple[Any, Any] | None:
        try:
            converter = _hub().layers.ImageConverter.from_preset(self.preset)
        except (ValueError, OSError):
            return None  # the preset has none
        return (1.0 if converter.scale is None else converter.scale), (converter.offset or 0.0)


def _hub() -> Any:
    try:
        import keras_hub
    except ImportError as error:
        raise BuildError(
            f"needs keras_hub ({error}): pip install kerascnn[hub]", current_path() or "model.backbone"
        ) from error
    return keras_hub
