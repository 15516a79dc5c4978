"""How Keras gets its batches. This module touches tensorflow.

On TensorFlow Keras wraps what yields batches in a data set with a tuner: a thread that has nothing to tune here, sleeps
the longer the longer it runs, up to a minute, and misses the call to end about every third time, so that the end of a
stage or of a validation waits for it. So Keras gets data sets without one.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from copy import copy
from typing import Any

import keras

from kerascnn.engine.devices import backend
from kerascnn.engine.distribute import is_mirrored
from kerascnn.engine.phase import Held
from kerascnn.engine.stream import Stream

_AHEAD = 2
"""Batches that TensorFlow holds ready, besides those that are made ahead of it."""


def fed(batches: Iterable[Any], stream: Stream) -> Any:
    """Return the batches as Keras takes them, each of them once and in order.

    With several devices on TensorFlow Keras looks into the data first, and what was read ahead for that look would be
    missing in training: it gets a batch of its own to look at.
    """
    feed = iter(batches)
    if backend() != "tensorflow":
        return feed
    if is_mirrored():
        first = copy(stream).batch(0)  # the stream itself works in a thread
        times = iter([iter([first]), feed])
    else:
        first = next(feed)
        times = iter([itertools.chain([first], feed)])
    return _dataset(lambda: next(times), first)


def fed_held(held: Held | None) -> Any:
    """Return the batches of a split as Keras takes them, as often as it asks for them; None where there is no split."""
    if held is None or backend() != "tensorflow":
        return held
    import tensorflow as tf

    batches = _dataset(lambda: (held[i] for i in range(len(held))), held[0])
    return batches.apply(tf.data.experimental.assert_cardinality(len(held)))


def _dataset(times: Callable[[], Iterator[Any]], like: Any) -> Any:
    import tensorflow as tf

    def form(array: Any) -> Any:
        return tf.TensorSpec((None, *array.shape[1:]), keras.backend.standardize_dtype(array.dtype))

    options = tf.data.Options()
    options.autotune.enabled = False
    found = tf.data.Dataset.from_generator(times, output_signature=keras.tree.map_structure(form, like))
    return found.prefetch(_AHEAD).with_options(options)
