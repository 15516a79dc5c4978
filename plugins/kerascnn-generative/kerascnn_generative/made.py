"""A trained run put to use: pictures that it makes, and those that it was made with."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from kerascnn.errors import UntrustedFileError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np

_AT_ONCE = 256


class Maker:
    """The part of a run of `generative.dcgan` or `generative.vae` that makes pictures.

    Raises UsageError for another run, or one that kept no model.
    """

    def __init__(self, folder: Path):
        from kerascnn.engine.predict import Predictor
        from kerascnn.runs.folder import RunFolder

        self.run = RunFolder(folder)
        self.predictor = Predictor(self.run)
        self.task = self.predictor.task
        if self.task.type_name not in ("generative.dcgan", "generative.vae"):
            raise UsageError(
                f"run {self.run.id} has the task '{self.task.type_name}', which makes no pictures; name a run of "
                "generative.dcgan or generative.vae"
            )

    @cached_property
    def model(self) -> Any:
        """The network from numbers to pictures: the generator, or the decoder."""
        import keras

        if self.task.type_name == "generative.vae":
            return self.predictor.model.get_layer("head").get_layer("decoder")
        file = self.run.path / "generator.keras"
        if not file.is_file():
            raise UsageError(f"run {self.run.id} has no generator.keras; its state is '{self.run.state.state}'")
        try:
            return keras.saving.load_model(file, compile=False, safe_mode=True)
        except (ValueError, TypeError, OSError, KeyError) as error:
            reason = str(error).split("\n", 1)[0]
            raise UntrustedFileError(f"{file} cannot be loaded as the generator of this run: {reason}") from error

    def make(self, count: int, seed: int = 0) -> np.ndarray:
        """Return pictures of normal numbers, uint8 `(count, height, width, channels)`: the same for a seed."""
        import numpy as np

        return self.draw(np.random.default_rng(seed).standard_normal((count, self.model.input_shape[-1])))

    def draw(self, numbers: np.ndarray) -> np.ndarray:
        """Return the pictures of these numbers."""
        [found] = answered(self.model, numbers.astype("float32"))
        return as_bytes(found if self.task.type_name == "generative.dcgan" else 255 * found)

    def answers(self, pictures: np.ndarray) -> np.ndarray:
        """Return what the network of the spec answers for pictures."""
        return answered(self.predictor.model, pictures)[0]

    def held(self, split: str, most: int) -> np.ndarray:
        """Return at most so many pictures of a split, evenly chosen. Raises DataError where the data has changed."""
        import numpy as np

        from kerascnn.engine.held import HeldSplit

        manifest = self.run.manifest()
        own = [i for i, line in enumerate(manifest) if line["split"] == split]
        chosen = {own[i] for i in np.linspace(0, len(own) - 1, min(most, len(own))).astype(int)}
        kept = [line for i, line in enumerate(manifest) if line["split"] != split or i in chosen]
        return HeldSplit(self.predictor.spec, kept, self.predictor.form, split).whole()[0]


def answered(model: Any, elements: np.ndarray) -> list[np.ndarray]:
    """Return each answer of a model, some elements at a time. No program is made for it, which would take seconds."""
    import keras
    import numpy as np

    parts = [
        [
            keras.ops.convert_to_numpy(one)
            for one in keras.tree.flatten(model(elements[start : start + _AT_ONCE], training=False))
        ]
        for start in range(0, len(elements), _AT_ONCE)
    ]
    return [np.concatenate(each) for each in zip(*parts, strict=True)]


def as_bytes(pictures: np.ndarray) -> np.ndarray:
    """Return numbers from 0 to 255 as bytes."""
    import numpy as np

    return np.rint(np.clip(pictures, 0, 255)).astype("uint8")
