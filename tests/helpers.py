"""Short ways to components and to what they compute."""

import numpy as np

from kerascnn.spec.component import parse_component
from kerascnn.spec.kinds import KINDS


def make(kind, type_name, **parameters):
    """Return a component as a spec would make it."""
    return parse_component(KINDS[kind], {"type": type_name, **parameters})


def layer(type_name, **parameters):
    """Return a layer as a spec would make it."""
    return make("layer", type_name, **parameters)


def model_of(layer, shape):
    """Return a Keras model of one layer for inputs of this shape, without the batch."""
    import keras

    x = keras.Input(shape)
    return keras.Model(x, layer.apply(x))


def run(layer, x, weights=None, training=False):
    """Return what a layer makes of an array, with these weights where they are given."""
    model = model_of(layer, np.shape(x)[1:])
    if weights is not None:
        model.set_weights(weights)
    return numpy(model(np.asarray(x, dtype="float32"), training=training))


def numpy(tensor):
    """Return a tensor of any backend as an array."""
    import keras

    return keras.ops.convert_to_numpy(tensor)


def normal(*shape, seed=0):
    """Return normal numbers, the same at each call."""
    return np.random.default_rng(seed).standard_normal(shape).astype("float32")


def pictures(*shape, seed=0):
    """Return random uint8 pictures, the same at each call."""
    return np.random.default_rng(seed).integers(0, 256, shape).astype("uint8")
