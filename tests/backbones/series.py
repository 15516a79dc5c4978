"""What the tests of networks for series share."""

import keras
import numpy as np

from tests.helpers import make, normal, numpy


def trained_weights(backbone, channels=1, steps=100):
    """Return how many weights of a network are trained, by the papers' way of counting."""
    x = keras.Input((steps, channels))
    model = keras.Model(x, backbone.apply(x))
    return sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)


def shapes(backbone, shape):
    return {name: tuple(y.shape[1:]) for name, y in backbone.apply(keras.Input(shape)).items()}


def answers(backbone, series, *, weights=None, training=False):
    """Return the row for each series and the weights, all chance but for those that are given."""
    keras.utils.set_random_seed(0)
    x = keras.Input(series.shape[1:])
    model = keras.Model(x, backbone.apply(x)["out"])
    if weights is not None:
        model.set_weights(weights)
    return numpy(model(series, training=training)), model.get_weights()


def assert_blind_to_padding(name, *, training=True, **fields):
    """Compare what a network makes of series with what it makes of the same with zeros behind them."""
    backbone = make("backbone", name, **fields)
    short = normal(12, 13, 2)
    long = np.concatenate([short, np.zeros((12, 20, 2), "float32")], axis=1)
    for mode in (False, True)[: 1 + training]:
        one, weights = answers(backbone, short, training=mode)
        other, _ = answers(backbone, long, weights=weights, training=mode)
        np.testing.assert_allclose(one, other, atol=1e-4)
    # Where it is told that nothing is padded, zeros are values.
    open_to_all = make("backbone", name, **fields, skip_padding=False)
    seen, unseen = (answers(one, long, weights=weights)[0] for one in (open_to_all, backbone))
    assert np.abs(seen - unseen).max() > 1e-4


def reach(backbone, steps, place=0, channel=0):
    """Return how many steps change what stands at a place of P0, by trying each."""
    keras.utils.set_random_seed(0)
    x = keras.Input((steps, 1))
    model = keras.Model(x, backbone.apply(x)["P0"])
    base = 1 + np.abs(normal(1, steps, 1))
    changed = np.repeat(base, steps, axis=0)
    changed[np.arange(steps), np.arange(steps)] += 100
    before, after = numpy(model(base, training=False)), numpy(model(changed, training=False))
    moved = np.abs(after - before)[:, place].max(-1) > 0
    return int(moved.sum())
