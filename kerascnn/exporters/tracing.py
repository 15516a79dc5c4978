"""A Keras model as one graph of TensorFlow, from which other formats are made."""

from __future__ import annotations

import contextlib
import logging
import warnings
from collections.abc import Iterator
from typing import Any


def signature(model: Any) -> list[Any]:
    """Return what the model takes, for batches of any size."""
    import tensorflow as tf

    return [tf.TensorSpec((None, *x.shape[1:]), x.dtype, name=x.name) for x in model.inputs]


def frozen(model: Any) -> Any:
    """Return the model's function with its weights as constants, never as in training.

    While it is traced, functions that Keras compiles on their own, such as grouped convolutions, become part of it.
    """
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    function = tf.function(lambda x: tf.identity(model(x, training=False), name="answer"))
    before = tf.config.functions_run_eagerly()
    tf.config.run_functions_eagerly(True)
    try:
        traced = function.get_concrete_function(*signature(model))
    finally:
        tf.config.run_functions_eagerly(before)
    return convert_variables_to_constants_v2(traced)


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Leave out what converters say to those who wrote them."""
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(logging.NOTSET)
