"""A small Keras model, and what it comes to when it is written and opened again."""

from functools import cache

import numpy as np

from kerascnn.spec import Exporter, Exporting
from kerascnn.spec.component import parse_component

CARD = {"labels": ["cat", "dög"], "input": {"size": [8, 8]}}


def exporter(type_name, **settings):
    """Return an exporter as the command line makes it."""
    return parse_component(Exporter, {"type": type_name, **settings})


@cache
def model():
    """Return a model of bytes with what is hard to export: batch norm, groups, exact GELU, and a resize."""
    import keras
    from keras import layers

    keras.utils.set_random_seed(0)
    given = keras.Input((8, 8, 2), dtype="uint8", name="image")
    x = layers.Rescaling(1 / 255, dtype="float32")(given)
    x = layers.Resizing(12, 12, dtype="float32")(x, training=False)
    x = layers.Conv2D(8, 3)(x)
    x = layers.BatchNormalization(moving_mean_initializer="random_normal")(x)
    x = layers.Conv2D(8, 3, groups=2, activation="gelu")(x)
    x = layers.MaxPooling2D()(x)
    x = layers.Dropout(0.5)(layers.Flatten()(x))
    return keras.Model(given, layers.Dense(2, activation="softmax", name="scores")(x))


def elements(count=5):
    return np.random.default_rng(0).integers(0, 256, (count, 8, 8, 2)).astype("uint8")


def written(one, folder, made=None, samples=None):
    """Write the model into a folder and return the file and the function that answers."""
    file = folder / one.file
    one.write(made or model(), file, Exporting(CARD, elements() if samples is None else samples))
    return file, one.open(file, 1)


def wanted(count=5, made=None):
    return np.asarray((made or model()).predict_on_batch(elements(count)))
