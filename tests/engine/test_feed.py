"""What Keras gets its batches from, and that nothing waits at their end."""

import itertools

import keras
import numpy as np
import pytest

from kerascnn.engine import feed as module
from kerascnn.engine.feed import fed, fed_held
from kerascnn.engine.phase import Held
from kerascnn.engine.stream import Prefetch, Stream
from kerascnn.engine.train import train
from kerascnn.spec import spec_from_dict

needs_tensorflow = pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="the data sets are TensorFlow's")


def pictures(chosen):
    return np.broadcast_to(chosen[:, None, None, None], (len(chosen), 2, 2, 1)).astype("uint8")


def make_stream(n=7, batch_size=3):
    return Stream(pictures, np.arange(n), lambda chosen: chosen, batch_size=batch_size, seed=0)


def make_held(n=7, batch_size=3):
    return Held(pictures, lambda chosen: chosen * 2, np.arange(n), batch_size)


def assert_same(found, expected):
    for one, other in zip(found, expected, strict=True):
        for mine, wanted in zip(one, other, strict=True):
            np.testing.assert_array_equal(np.asarray(mine), wanted)


@needs_tensorflow
def test_every_batch_of_a_stream_comes_once_and_in_order_from_where_it_begins():
    stream = make_stream()
    batches = Prefetch(make_stream(), 2)
    try:
        found = list(itertools.islice(fed(batches, stream), 5))
    finally:
        batches.close()
    assert_same(found, [stream.batch(step) for step in range(2, 7)])


@needs_tensorflow
def test_a_split_comes_as_often_as_it_is_asked_for_and_says_how_many_batches_it_has():
    held = make_held()
    batches = fed_held(held)
    for _ in range(2):
        assert_same(batches, [held[i] for i in range(3)])
    assert len(batches) == 3
    assert fed_held(None) is None


@needs_tensorflow
def test_a_batch_may_be_smaller_than_the_first_and_hold_a_structure():
    held = Held(lambda part: {"one": pictures(part)}, lambda part: (part, part[:, None]), np.arange(4), 3)
    shapes = [keras.tree.map_structure(lambda array: tuple(array.shape), batch) for batch in fed_held(held)]
    assert shapes == [
        ({"one": (3, 2, 2, 1)}, ((3,), (3, 1))),
        ({"one": (1, 2, 2, 1)}, ((1,), (1, 1))),
    ]


def test_other_backends_get_the_batches_as_they_are(monkeypatch):
    monkeypatch.setattr(module, "backend", lambda: "jax")
    batches, held = [(np.zeros(1), np.ones(1))], make_held()
    assert next(fed(batches, make_stream())) is batches[0]
    assert fed_held(held) is held


@needs_tensorflow
def test_keras_gets_no_data_set_with_a_tuner_that_its_end_would_wait_for(monkeypatch, tmp_path):
    """The tuner sleeps for up to a minute, and often does not hear that it is to end."""
    seen, plain = [], keras.Model.fit

    def fit(self, x, **more):
        seen.extend([x, more["validation_data"]])
        return plain(self, x, **more)

    monkeypatch.setattr(keras.Model, "fit", fit)
    spec = {
        "kerascnn": 1,
        "name": "fed",
        "task": {"type": "image_classification"},
        "data": {"source": {"type": "digits"}, "split": {"validation": 0.1, "test": 0}},
        "model": {"backbone": {"type": "mlp", "hidden": [4]}, "head": {"type": "classifier"}},
        "train": {"batch_size": 256, "stages": [{"epochs": 1}]},
    }
    train(spec_from_dict(spec), tmp_path)
    assert len(seen) == 2
    for data in seen:
        assert data.options().autotune.enabled is False
