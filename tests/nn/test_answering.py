"""Answers of a network that is not trained, from any thread."""

import threading

import keras
import numpy as np

from kerascnn.nn.answering import answering

ELEMENTS = np.random.default_rng(0).random((6, 5)).astype("float32")


def test_they_are_those_of_the_saved_network_in_a_thread_too():
    x = keras.Input((5,))
    y = keras.layers.Dropout(0.9)(keras.layers.Dense(4, activation="relu")(x))
    model = keras.Model(x, keras.layers.Dense(3, activation="softmax")(keras.layers.BatchNormalization()(y)))
    answer = answering(model)
    found = [answer(ELEMENTS)]
    thread = threading.Thread(target=lambda: found.append(answer(ELEMENTS[:4])))
    thread.start()
    thread.join()
    wanted = model.predict_on_batch(ELEMENTS)
    assert found[0].dtype == np.float32
    np.testing.assert_allclose(found[0], wanted, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(found[1], wanted[:4], rtol=1e-5, atol=1e-6)


def test_they_stay_those_of_the_time_it_was_asked_to_with_dictionaries_of_features_too():
    x = keras.Input((5,), name="out")
    model = keras.Model({"out": x}, keras.layers.Dense(2)(x))
    np.testing.assert_allclose(
        answering(model)({"out": ELEMENTS}), model.predict_on_batch({"out": ELEMENTS}), rtol=1e-5, atol=1e-6
    )
