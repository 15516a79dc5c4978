"""Keras's own file."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from kerascnn.spec import Exporter, Exporting, register

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np


@register("keras")
class Keras(Exporter):
    """Write a `.keras` file, which Keras opens on TensorFlow, JAX or PyTorch, without kerascnn.

    The precision of the training stays, and what was compiled for training is left out.
    """

    file: ClassVar[str] = "model.keras"
    backend: ClassVar[str] = ""

    def write(self, model: Any, path: Path, about: Exporting) -> None:
        """Save the model."""
        model.save(path, include_optimizer=False)

    def open(self, path: Path, threads: int) -> Callable[[np.ndarray], np.ndarray]:
        """Return Keras's answers."""
        import keras
        import numpy as np

        model = keras.saving.load_model(path, compile=False, safe_mode=True)
        return lambda elements: np.asarray(model.predict_on_batch(elements), "float32")
