"""Blocks beside the same thing written out in layers whose values are known."""

import math

import keras
import numpy as np

from kerascnn.spec.compose import compose
from tests.helpers import make, model_of, normal, numpy

NORM = {"type": "batch_norm"}


def act(function="relu"):
    return {"type": "activation", "function": function}


def conv(filters, size=1, **more):
    return {"type": "conv2d", "filters": filters, "kernel_size": size, "use_bias": False, **more}


def written_out(chain, shape):
    """Return a model of a chain of layers."""
    x = keras.Input(shape)
    return keras.Model(x, compose(make("backbone", "layers", layers=chain).layers, x, "layers"))


def assert_same(block, chain, shape=(9, 8, 6)):
    """Give a block and a chain the same weights of chance, and compare what they make of the same maps."""
    model, other = model_of(block, shape), written_out(chain, shape)
    assert [w.shape for w in model.weights] == [w.shape for w in other.weights]
    rng = np.random.default_rng(0)
    values = [
        rng.uniform(0.5, 1.5, w.shape) if "variance" in w.path or "gamma" in w.path else rng.uniform(-0.5, 0.5, w.shape)
        for w in model.weights
    ]
    model.set_weights(values)
    other.set_weights(values)
    maps = normal(3, *shape, seed=1)
    found, wanted = numpy(model(maps, training=False)), numpy(other(maps, training=False))
    assert found.shape[1:] == model.output_shape[1:]
    assert np.abs(wanted).max() > 0.1
    np.testing.assert_allclose(found, wanted, rtol=1e-3, atol=1e-3)


def assert_skips(block, shape=(4, 4, 3)):
    """Check that a block with half its elements skipped in training gives the skipped ones back as they are."""
    keras.utils.set_random_seed(0)
    x = np.abs(normal(1, *shape, seed=2)).repeat(200, axis=0)
    found = numpy(model_of(block, shape)(x, training=True))
    skipped = np.isclose(found, x, atol=1e-6).all((1, 2, 3))
    # Four standard errors of 200 elements.
    assert abs(skipped.mean() - 0.5) < 0.142


def parameters(weights):
    """Return the number of numbers in weights."""
    return sum(math.prod(weight.shape) for weight in weights)
