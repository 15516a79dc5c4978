"""The teacher's term against values by hand, and the loss that has it."""

import keras
import numpy as np
import pytest

from kerascnn.nn.taught import Taught, teachers_term
from tests.helpers import numpy

TEACHER = np.array([[0.7, 0.2, 0.1], [0.1, 0.1, 0.8]], "float32")
ANSWER = np.array([[0.5, 0.3, 0.2], [0.3, 0.3, 0.4]], "float32")


def soft(p, temperature):
    powers = p.astype("float64") ** (1 / temperature)
    return powers / powers.sum(-1, keepdims=True)


def divergence(p, q, temperature):
    """Return T^2 KL(p || q) of softened probabilities, by hand."""
    p, q = soft(p, temperature), soft(q, temperature)
    return temperature**2 * np.mean(np.sum(p * np.log(p / q), -1))


@pytest.mark.parametrize("temperature", [1.0, 4.0])
def test_classes_are_softened(temperature):
    found = float(numpy(teachers_term("classes", temperature, TEACHER, keras.ops.convert_to_tensor(ANSWER))))
    assert found == pytest.approx(divergence(TEACHER, ANSWER, temperature), rel=1e-4)


def test_pixels_are_softened_one_by_one():
    masks = [np.stack([np.stack([p, p])]) for p in (TEACHER, ANSWER)]  # (1, 2, 2, 3)
    found = float(numpy(teachers_term("mask", 2.0, *map(keras.ops.convert_to_tensor, masks))))
    assert found == pytest.approx(divergence(TEACHER, ANSWER, 2.0), rel=1e-4)


def test_each_class_is_there_or_not():
    found = float(numpy(teachers_term("each_class", 3.0, *map(keras.ops.convert_to_tensor, (TEACHER, ANSWER)))))
    wanted = divergence(*(np.stack([p, 1 - p], -1) for p in (TEACHER, ANSWER)), 3.0)
    assert found == pytest.approx(wanted, rel=1e-4)


def test_numbers_are_compared_by_their_squared_error():
    assert float(numpy(teachers_term("values", 3.0, TEACHER, ANSWER))) == pytest.approx(
        ((TEACHER - ANSWER) ** 2).mean()
    )


def test_the_same_answer_costs_nothing_even_where_it_is_sure():
    sure = np.array([[1.0, 0.0, 0.0]], "float32")
    for output in ("classes", "each_class"):
        assert abs(float(numpy(teachers_term(output, 2.0, sure, keras.ops.convert_to_tensor(sure))))) < 1e-6


@pytest.fixture(scope="module")
def model():
    x = keras.Input((2,))
    y = keras.layers.Dense(3, activation="softmax", kernel_regularizer=keras.regularizers.L2(0.1))(x)
    found = Taught(x, y)
    found.learn_from("classes", 2.0, 0.25)
    found.compile(
        optimizer=keras.optimizers.SGD(0.0), loss="categorical_crossentropy", metrics=["accuracy"], jit_compile=False
    )
    return found


def test_training_has_both_terms_and_validation_that_of_the_task(model):
    x = np.array([[1.0, 0.0], [0.5, -1.0]], "float32")
    truth = np.eye(3, dtype="float32")[[0, 2]]
    answer = numpy(model(x)).astype("float64")
    task = -np.mean(np.sum(truth * np.log(answer), -1))
    penalty = 0.1 * np.sum(model.get_weights()[0] ** 2)
    wanted = 0.75 * task + 0.25 * divergence(TEACHER, answer, 2.0) + penalty
    trained = model.train_on_batch(x, (truth, TEACHER), return_dict=True)
    assert float(trained["loss"]) == pytest.approx(wanted, rel=1e-4)
    tested = model.test_on_batch(x, truth, return_dict=True)
    assert float(tested["loss"]) == pytest.approx(task + penalty, rel=1e-4)
    assert float(tested["accuracy"]) == np.mean(answer.argmax(-1) == [0, 2])
