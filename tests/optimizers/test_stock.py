import keras
import numpy as np
import pytest

from tests.helpers import make

RATE = 0.1
START, GRADIENT = np.array([1.0, -2.0]), np.array([3.0, -4.0])


def steps(optimizer, count, gradients=(GRADIENT,)):
    """Return the weights after some steps with the same gradients."""
    weights = [keras.Variable(START, dtype="float32", name="kernel") for _ in gradients]
    made = optimizer.make(RATE)
    for _ in range(count):
        made.apply([keras.ops.convert_to_tensor(g, "float32") for g in gradients], weights)
    return [weight.numpy() for weight in weights]


def test_sgd_goes_against_the_gradient():
    (found,) = steps(make("optimizer", "sgd"), 1)
    np.testing.assert_allclose(found, [1 - 0.1 * 3, -2 + 0.1 * 4], rtol=1e-6)


def test_sgd_with_momentum_keeps_part_of_the_last_step():
    (found,) = steps(make("optimizer", "sgd", momentum=0.9), 2)
    # First step -rate g, second one 0.9 of it and -rate g.
    np.testing.assert_allclose(found, START - RATE * GRADIENT * (1 + 1.9), rtol=1e-6)


def test_nesterov_looks_ahead():
    (found,) = steps(make("optimizer", "sgd", momentum=0.9, nesterov=True), 1)
    np.testing.assert_allclose(found, START - RATE * GRADIENT * 1.9, rtol=1e-6)


@pytest.mark.parametrize("name", ["adam", "adamw"])
def test_adam_first_steps_by_the_rate_against_the_sign(name):
    (found,) = steps(make("optimizer", name, weight_decay=0.0), 1)
    np.testing.assert_allclose(found, START - RATE * np.sign(GRADIENT), rtol=1e-5)


def test_adam_by_the_formula_over_three_steps():
    optimizer = make("optimizer", "adam", beta_1=0.8, beta_2=0.95, epsilon=1e-3)
    weight, mean, square = START, 0.0, 0.0
    for t in (1, 2, 3):
        mean = 0.8 * mean + 0.2 * GRADIENT
        square = 0.95 * square + 0.05 * GRADIENT**2
        rate = RATE * np.sqrt(1 - 0.95**t) / (1 - 0.8**t)
        weight = weight - rate * mean / (np.sqrt(square) + 1e-3)
    (found,) = steps(optimizer, 3)
    np.testing.assert_allclose(found, weight, rtol=1e-5)


def test_adamw_takes_the_decay_off_beside_the_step_of_adam():
    (found,) = steps(make("optimizer", "adamw", weight_decay=0.1), 1)
    np.testing.assert_allclose(found, START * (1 - RATE * 0.1) - RATE * np.sign(GRADIENT), rtol=1e-5)


def test_rmsprop_divides_by_the_root_of_the_mean_square():
    (found,) = steps(make("optimizer", "rmsprop", rho=0.8, epsilon=1e-3), 1)
    np.testing.assert_allclose(found, START - RATE * GRADIENT / np.sqrt(0.2 * GRADIENT**2 + 1e-3), rtol=1e-5)


def test_rmsprop_with_momentum_keeps_part_of_the_last_step():
    (found,) = steps(make("optimizer", "rmsprop", rho=0.0, momentum=0.5, epsilon=1e-7), 2)
    np.testing.assert_allclose(found, START - RATE * np.sign(GRADIENT) * (1 + 1.5), rtol=1e-5)


NAMES = ["sgd", "adam", "adamw", "rmsprop"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("decay", [0.0, 0.1])
def test_weight_decay_leaves_biases_and_normalisation_alone(name, decay):
    x = keras.Input((4,))
    y = keras.layers.Dense(3)(x)
    for norm in (keras.layers.BatchNormalization(), keras.layers.LayerNormalization()):
        y = norm(y)
    model = keras.Model(x, y)
    model.set_weights([np.full(w.shape, 2.0) for w in model.weights])
    made = make("optimizer", name, weight_decay=decay).make(RATE)
    made.apply([keras.ops.zeros(w.shape) for w in model.trainable_weights], model.trainable_weights)
    assert len(model.trainable_weights) == 6
    for weight in model.trainable_weights:
        wanted = 2.0 * (1 - RATE * decay) if weight.name == "kernel" else 2.0
        np.testing.assert_allclose(weight.numpy(), wanted, rtol=1e-6, err_msg=weight.path)


def test_clipnorm_limits_the_norm_of_all_gradients_together():
    # (3, 4) and (0, 12) have the norm 13 together.
    gradients = (np.array([3.0, 4.0]), np.array([0.0, 12.0]))
    for found, gradient in zip(steps(make("optimizer", "sgd", clipnorm=1.0), 1, gradients), gradients, strict=True):
        np.testing.assert_allclose(found, START - RATE * gradient / 13, rtol=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_every_optimizer_clips(name):
    assert make("optimizer", name, clipnorm=1.0).make(RATE).global_clipnorm == 1.0


def test_clipnorm_leaves_a_small_gradient_alone():
    (found,) = steps(make("optimizer", "sgd", clipnorm=5.1), 1)
    np.testing.assert_allclose(found, START - RATE * GRADIENT, rtol=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_the_rate_may_be_a_schedule(name):
    schedule = make("schedule", "cosine").make(RATE, 10)
    assert float(make("optimizer", name).make(schedule).learning_rate) == pytest.approx(RATE)


def test_each_make_gives_a_new_optimizer_of_keras():
    classes = {"sgd": "SGD", "adam": "Adam", "adamw": "AdamW", "rmsprop": "RMSprop"}
    for name in NAMES:
        optimizer = make("optimizer", name)
        first, second = optimizer.make(RATE), optimizer.make(RATE)
        assert first is not second
        assert type(first) is getattr(keras.optimizers, classes[name])
