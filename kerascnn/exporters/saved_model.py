"""TensorFlow's SavedModel."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from kerascnn.spec import Exporter, Exporting, register

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np


@register("saved_model")
class SavedModel(Exporter):
    """Write a folder that TensorFlow and TensorFlow Serving run (https://www.tensorflow.org/guide/saved_model).

    Its signature `serving_default` takes batches of any size. Models of texts have another one, `texts`, which takes
    strings in UTF-8 and cuts and numbers them itself.
    """

    file: ClassVar[str] = "saved_model"
    packages: ClassVar[tuple[str, ...]] = ("tensorflow",)
    install: ClassVar[str] = "tensorflow"
    strings: ClassVar[bool] = True

    def write(self, model: Any, path: Path, about: Exporting) -> None:
        """Save the model's function, with its weights as variables. Raises ExportError."""
        import tensorflow as tf

        from kerascnn.exporters.text_input import check, numbering
        from kerascnn.exporters.tracing import quiet, signature

        with quiet():
            module = tf.Module()
            module.model = model  # what is not held by the module is not saved
            module.serve = tf.function(lambda x: {"answer": model(x, training=False)}, input_signature=signature(model))
            signatures = {"serving_default": module.serve}
            form = about.card["input"]
            if form.get("medium") == "text":
                number, module.vocabulary = numbering(form)
                check(number, form)
                one = tf.TensorSpec((None,), tf.string, name="texts")
                module.read = tf.function(lambda texts: module.serve(number(texts)), input_signature=[one])
                signatures["texts"] = module.read
            tf.saved_model.save(module, str(path), signatures=signatures)

    def open(self, path: Path, threads: int) -> Callable[[np.ndarray], np.ndarray]:
        """Return the answers of the signature."""
        import numpy as np
        import tensorflow as tf

        loaded = tf.saved_model.load(str(path))
        serve = loaded.signatures["serving_default"]
        [name] = serve.structured_input_signature[1]

        def answer(elements: np.ndarray) -> np.ndarray:
            assert loaded is not None  # its variables live as long as it does
            [found] = serve(**{name: tf.constant(elements)}).values()
            return np.asarray(found, "float32")

        return answer
