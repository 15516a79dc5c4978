"""Stochastic weight averaging: which models are averaged, and that the average is their mean."""

import keras
import numpy as np

from kerascnn.spec import JoinedStage
from tests.helpers import make, numpy


def counts(epochs, **fields):
    method = make("method", "swa", **fields)
    return [method.models(done, epochs) for done in range(epochs + 1)]


def test_every_kth_epoch_is_averaged_from_its_beginning_on():
    assert counts(4, begin=0.75) == [0, 0, 0, 0, 1]
    assert counts(4, begin=0.0) == [0, 1, 2, 3, 4]
    assert counts(7, begin=0.3, every=2) == [0, 0, 0, 1, 1, 2, 2, 3]


def joined(epochs, **fields):
    """Return a network of one dense layer, what averages it, and its optimizer."""
    x = keras.Input((2,))
    network = keras.Model(x, keras.layers.Dense(2, use_bias=False)(x))
    stage = JoinedStage(0, epochs, "classes", (), {}, lambda path: None, network)
    companion = make("method", "swa", **fields).join(stage)
    optimizer = keras.optimizers.SGD()
    optimizer.build(network.trainable_variables)
    companion.equip(optimizer)
    return network, companion, optimizer


def test_the_average_is_the_mean_of_the_weights_and_is_there_while_it_is_judged():
    network, companion, optimizer = joined(4, begin=0.25)
    models = np.random.default_rng(0).standard_normal((4, 2, 2)).astype("float32")
    for epoch, weights in enumerate(models):
        network.set_weights([weights])
        companion.end_epoch(epoch)
        with companion.judged(lambda step: None, 1):
            judged = network.get_weights()[0]
        wanted = models[0] if epoch == 0 else models[1 : epoch + 1].mean(0)
        np.testing.assert_allclose(judged, wanted, rtol=1e-6)
        np.testing.assert_array_equal(network.get_weights()[0], weights)
    np.testing.assert_allclose(numpy(optimizer.variables[-1]), models[1:].mean(0), rtol=1e-6)
    assert companion.begins == 1
    assert companion.facts(2) == {"averaged": 3, "averaged_in_kept": 1, "batch_norms": 0}


def test_another_optimizer_of_the_stage_has_the_same_means():
    network, companion, optimizer = joined(1, begin=0.0)
    other = keras.optimizers.SGD()
    other.build(network.trainable_variables)
    companion.equip(other)
    assert other.variables[-1] is optimizer.variables[-1]
