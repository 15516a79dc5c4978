"""LiteRT, which was TensorFlow Lite."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from kerascnn.errors import ExportError
from kerascnn.exporters.fewer_bits import FewerBits
from kerascnn.spec import Exporting, register

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np


@register("litert")
class LiteRT(FewerBits):
    """Write a `.tflite` file for phones and small devices (https://ai.google.dev/edge/litert).

    It needs `pip install kerascnn[litert]`. Where weights or activations get fewer bits, what the answers are worth is
    compared on the validation split; input and output stay as they are.
    """

    file: ClassVar[str] = "model.tflite"
    packages: ClassVar[tuple[str, ...]] = ("tensorflow", "ai_edge_litert")
    install: ClassVar[str] = "kerascnn[litert]"

    quantize: Literal["none", "dynamic_range", "float16", "int8"] = "none"
    """none; dynamic_range: weights of 8 bits; float16: weights of 16 bits; int8: weights and activations of 8 bits,
    whose ranges are those of training samples."""

    def write(self, model: Any, path: Path, about: Exporting) -> None:
        """Convert the model's graph and write it."""
        import tensorflow as tf

        from kerascnn.exporters.tracing import frozen, quiet

        def rows() -> Iterator[list[np.ndarray]]:
            for one in about.samples:
                yield [one[None]]

        with quiet():
            converter = tf.lite.TFLiteConverter.from_concrete_functions([frozen(model)])
            if self.quantize != "none":
                converter.optimizations = [tf.lite.Optimize.DEFAULT]
            if self.quantize == "float16":
                converter.target_spec.supported_types = [tf.float16]
            if self.quantize == "int8":
                converter.representative_dataset = rows
            try:
                made = converter.convert()
            except Exception as error:  # its exceptions have no base class of their own
                raise ExportError(f"TensorFlow cannot convert the model to LiteRT: {_reason(error)}") from error
        path.write_bytes(made)

    def open(self, path: Path, threads: int) -> Callable[[np.ndarray], np.ndarray]:
        """Return the answers of LiteRT's interpreter on the processor."""
        import numpy as np
        from ai_edge_litert.interpreter import Interpreter

        try:
            interpreter = Interpreter(model_path=str(path), num_threads=threads)
        except (ValueError, RuntimeError) as error:
            raise ExportError(f"LiteRT cannot load what was written: {_reason(error)}") from error
        [given], [found] = interpreter.get_input_details(), interpreter.get_output_details()
        many = 0

        def answer(elements: np.ndarray) -> np.ndarray:
            nonlocal many
            if len(elements) != many:
                interpreter.resize_tensor_input(given["index"], elements.shape, strict=True)
                interpreter.allocate_tensors()
                many = len(elements)
            interpreter.set_tensor(given["index"], elements)
            interpreter.invoke()
            return np.array(interpreter.get_tensor(found["index"]))

        return answer


def _reason(error: BaseException) -> str:
    """Return what a long message says: the operations that are missing, or its first line."""
    missing = sorted(set(re.findall(r"'tf\.(\w+)' op is neither", str(error))))
    if missing:
        return f"it has no operation for {', '.join(missing)}"
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines or [type(error).__name__])[0][:300]
