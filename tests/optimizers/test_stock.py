import keras
import numpy as np
import pytest
from pydantic import ValidationError

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
    weight = keras.Variable([START], dtype="float32", name="kernel")
    make("optimizer", "adamw", weight_decay=0.1).make(RATE).apply([keras.ops.convert_to_tensor([GRADIENT])], [weight])
    (found,) = weight.numpy()
    np.testing.assert_allclose(found, START * (1 - RATE * 0.1) - RATE * np.sign(GRADIENT), rtol=1e-5)


def test_rmsprop_divides_by_the_root_of_the_mean_square():
    (found,) = steps(make("optimizer", "rmsprop", rho=0.8, epsilon=1e-3), 1)
    np.testing.assert_allclose(found, START - RATE * GRADIENT / np.sqrt(0.2 * GRADIENT**2 + 1e-3), rtol=1e-5)


def test_rmsprop_with_momentum_keeps_part_of_the_last_step():
    (found,) = steps(make("optimizer", "rmsprop", rho=0.0, momentum=0.5, epsilon=1e-7), 2)
    np.testing.assert_allclose(found, START - RATE * np.sign(GRADIENT) * (1 + 1.5), rtol=1e-5)


def test_adagrad_divides_by_the_root_of_all_squares_so_far():
    (found,) = steps(make("optimizer", "adagrad", initial_accumulator_value=0.5, epsilon=1e-3), 2)
    first, second = np.sqrt(0.5 + GRADIENT**2 + 1e-3), np.sqrt(0.5 + 2 * GRADIENT**2 + 1e-3)
    np.testing.assert_allclose(found, START - RATE * GRADIENT * (1 / first + 1 / second), rtol=1e-5)


def test_adadelta_takes_the_size_of_a_step_from_those_before():
    optimizer = make("optimizer", "adadelta", rho=0.8, epsilon=1e-3)
    weight, squares, moves = START, 0.0, 0.0
    for _ in range(3):
        squares = 0.8 * squares + 0.2 * GRADIENT**2
        move = -np.sqrt(moves + 1e-3) / np.sqrt(squares + 1e-3) * GRADIENT
        moves = 0.8 * moves + 0.2 * move**2
        weight = weight + RATE * move
    (found,) = steps(optimizer, 3)
    np.testing.assert_allclose(found, weight, rtol=1e-5)


def test_nadam_by_the_formula_over_three_steps():
    optimizer = make("optimizer", "nadam", beta_1=0.8, beta_2=0.95, epsilon=1e-3)
    weight, mean, square, product = START, 0.0, 0.0, 1.0
    for t in (1, 2, 3):
        now, following = (0.8 * (1 - 0.5 * 0.96**k) for k in (t, t + 1))
        product *= now
        mean = 0.8 * mean + 0.2 * GRADIENT
        square = 0.95 * square + 0.05 * GRADIENT**2
        ahead = following * mean / (1 - product * following) + (1 - now) * GRADIENT / (1 - product)
        weight = weight - RATE * ahead / (np.sqrt(square / (1 - 0.95**t)) + 1e-3)
    (found,) = steps(optimizer, 3)
    np.testing.assert_allclose(found, weight, rtol=1e-5)


def test_adamax_divides_by_the_largest_gradient_of_late():
    made = make("optimizer", "adamax", beta_1=0.0, beta_2=0.5, epsilon=1e-7).make(RATE)
    weight = keras.Variable([0.0], name="kernel")
    for gradient in (8.0, 2.0):
        made.apply([keras.ops.convert_to_tensor([gradient])], [weight])
    # 8 / 8, and then 2 / 4: half of 8 is more than 2.
    np.testing.assert_allclose(weight.numpy(), [-RATE * (1 + 0.5)], rtol=1e-5)


def test_lamb_steps_as_far_as_the_weights_are_large():
    (found,) = steps(make("optimizer", "lamb"), 1)
    step = RATE * np.linalg.norm(START) / np.sqrt(2) * np.sign(GRADIENT)
    np.testing.assert_allclose(found, START - step, rtol=1e-5)


def test_lion_steps_against_the_sign_of_a_mean_gradient():
    made = make("optimizer", "lion", beta_1=0.5, beta_2=0.9).make(RATE)
    weight = keras.Variable([0.0, 0.0], name="kernel")
    for gradient in ([4.0, 4.0], [-0.3, -0.5]):
        made.apply([keras.ops.convert_to_tensor(gradient)], [weight])
    # The kept mean is 0.4: 0.5 * 0.4 is more than 0.5 * 0.3, and less than 0.5 * 0.5.
    np.testing.assert_allclose(weight.numpy(), [-2 * RATE, 0], rtol=1e-5)


def test_adafactor_steps_relative_to_the_size_of_the_weights():
    (found,) = steps(make("optimizer", "adafactor"), 1)
    np.testing.assert_allclose(found, START - RATE * np.sqrt(2.5) * np.sign(GRADIENT), rtol=1e-5)


def test_adafactor_keeps_a_row_and_a_column_of_a_matrix():
    gradient, weight = np.array([[1.0, 2.0, 2.0], [4.0, 3.0, 1.0]]), keras.Variable(np.ones((2, 3)), name="kernel")
    make("optimizer", "adafactor", clip_threshold=100.0).make(RATE).apply(
        [keras.ops.convert_to_tensor(gradient, "float32")], [weight]
    )
    rows, columns = (gradient**2).mean(1), (gradient**2).mean(0)
    wanted = 1 - RATE * gradient / np.sqrt(rows[:, None] * columns / rows.mean())
    np.testing.assert_allclose(weight.numpy(), wanted, rtol=1e-5)


def muon_step(gradient, name="hidden", **parameters):
    """Return by how much a step of Muon moves the kernel of a dense layer of that name, and its bias."""
    layer = keras.layers.Dense(gradient.shape[1], name=name)
    layer.build((None, gradient.shape[0]))
    before = [weight.numpy() for weight in layer.trainable_weights]
    gradients = [keras.ops.convert_to_tensor(gradient, "float32"), keras.ops.full((gradient.shape[1],), 7.0)]
    make("optimizer", "muon", weight_decay=0.0, **parameters).make(RATE).apply(gradients, layer.trainable_weights)
    return [was - now.numpy() for was, now in zip(before, layer.trainable_weights, strict=True)]


def test_muon_makes_the_step_of_a_hidden_matrix_orthogonal_and_of_a_root_mean_square():
    gradient = np.random.default_rng(0).standard_normal((4, 6)) * [[1], [2], [4], [8]]
    kernel, bias = muon_step(gradient)
    stretched = np.linalg.svd(kernel / (RATE * 0.2 * np.sqrt(6)), compute_uv=False)
    assert stretched.min() > 0.5
    assert stretched.max() < 1.3
    np.testing.assert_allclose(bias, RATE, rtol=1e-5)  # Adam's first step
    as_it_is, _ = muon_step(gradient, rms_rate=None)
    np.testing.assert_allclose(as_it_is * 0.2 * np.sqrt(6), kernel, rtol=1e-4)


@pytest.mark.parametrize(
    ("name", "parameters", "adam"),
    [
        ("logits", {}, True),
        ("values", {}, True),
        ("my_logits", {}, False),
        ("fc1", {"exclude_layers": ["^fc"]}, True),
        ("logits", {"exclude_layers": []}, False),
    ],
)
def test_muon_leaves_the_last_layer_and_those_that_are_named_to_adam(name, parameters, adam):
    gradient = np.random.default_rng(0).standard_normal((4, 6))
    kernel, _ = muon_step(gradient, name, **parameters)
    assert np.allclose(kernel, RATE * np.sign(gradient), rtol=1e-4) == adam


def test_muon_leaves_kernels_of_convolutions_to_adam():
    layer = keras.layers.Conv2D(2, 3, use_bias=False)
    layer.build((None, 8, 8, 1))
    before = layer.kernel.numpy()
    make("optimizer", "muon", weight_decay=0.0).make(RATE).apply([keras.ops.ones((3, 3, 1, 2))], [layer.kernel])
    np.testing.assert_allclose(before - layer.kernel.numpy(), RATE, rtol=1e-4)


CLASSES = {
    "sgd": "SGD", "adam": "Adam", "adamw": "AdamW", "rmsprop": "RMSprop", "adagrad": "Adagrad", "adadelta": "Adadelta",
    "nadam": "Nadam", "adamax": "Adamax", "lamb": "Lamb", "lion": "Lion", "adafactor": "Adafactor", "muon": "Muon",
}  # fmt: skip
NAMES = list(CLASSES)


@pytest.mark.parametrize("name", NAMES)
def test_the_names_and_the_defaults_of_arguments_are_those_of_keras(name):
    made, bare = (
        make("optimizer", name).make(1e-3).get_config(),
        getattr(keras.optimizers, CLASSES[name])().get_config(),
    )
    ours = {"name", "learning_rate", "exclude_layers"}
    assert {key: value for key, value in made.items() if key not in ours} == {
        key: value for key, value in bare.items() if key not in ours
    }


def tables_and_norms():
    """Return a model whose weights are all 2: kernels, biases, normalisation, a table, and odd names of layers."""
    x = keras.Input((4,), dtype="int32")
    y = keras.layers.Flatten()(keras.layers.Embedding(5, 2, name="positions")(x))
    y = keras.layers.Dense(3, name="bias")(y)
    for norm in (keras.layers.BatchNormalization(name="beta"), keras.layers.LayerNormalization()):
        y = norm(y)
    y = keras.layers.Conv1D(2, 2, name="gamma_rays")(keras.layers.Reshape((3, 1))(y))
    y = keras.layers.MultiHeadAttention(2, 2)(y, y)
    y = keras.layers.EinsumDense("nlc,c->nlc", output_shape=tuple(y.shape[1:]), name="layer_scale")(y)
    model = keras.Model(x, keras.layers.Dense(2, name="logits")(y))
    model.set_weights([np.full(w.shape, 2.0) for w in model.weights])
    return model


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("decay", [0.0, 0.1])
def test_weight_decay_leaves_biases_and_normalisation_and_tables_and_factors_of_channels_alone(name, decay):
    model = tables_and_norms()
    made = make("optimizer", name, weight_decay=decay).make(RATE)
    made.apply([keras.ops.zeros(w.shape) for w in model.trainable_weights], model.trainable_weights)
    names = [weight.name for weight in model.trainable_weights]
    assert [names.count(each) for each in ("kernel", "bias", "gamma", "embeddings")] == [8, 7, 2, 1]
    for weight in model.trainable_weights:
        wanted = 2.0 * (1 - RATE * decay) if weight.name == "kernel" and len(weight.shape) > 1 else 2.0
        np.testing.assert_allclose(weight.numpy(), wanted, rtol=1e-6, err_msg=weight.path)


def test_clipnorm_limits_the_norm_of_all_gradients_together():
    # (3, 4) and (0, 12) have the norm 13 together.
    gradients = (np.array([3.0, 4.0]), np.array([0.0, 12.0]))
    for found, gradient in zip(steps(make("optimizer", "sgd", clipnorm=1.0), 1, gradients), gradients, strict=True):
        np.testing.assert_allclose(found, START - RATE * gradient / 13, rtol=1e-5)


def test_clipvalue_limits_each_number_of_a_gradient():
    (found,) = steps(make("optimizer", "sgd", clipvalue=3.5), 1)
    np.testing.assert_allclose(found, START - RATE * np.array([3.0, -3.5]), rtol=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_every_optimizer_clips_and_averages(name):
    assert make("optimizer", name, clipnorm=1.0).make(RATE).global_clipnorm == 1.0
    made = make("optimizer", name, clipvalue=0.5, ema=0.99).make(RATE)
    assert (made.clipvalue, made.use_ema, made.ema_momentum) == (0.5, True, 0.99)
    assert not make("optimizer", name).make(RATE).use_ema


def test_gradients_are_clipped_in_one_way():
    with pytest.raises(ValidationError, match=r"clipnorm 1\.0 and clipvalue 0\.5.*leave one of them out"):
        make("optimizer", "adam", clipnorm=1.0, clipvalue=0.5)


def test_clipnorm_leaves_a_small_gradient_alone():
    (found,) = steps(make("optimizer", "sgd", clipnorm=5.1), 1)
    np.testing.assert_allclose(found, START - RATE * GRADIENT, rtol=1e-6)


def apply_each(made, weight, gradients):
    """Give an optimizer these gradients, one after another, and return what the weight is after each."""
    values = []
    for gradient in gradients:
        made.apply([keras.ops.full(weight.shape, gradient)], [weight])
        values.append(weight.numpy().item())
    return values


def test_the_average_follows_the_weights():
    made, weight = make("optimizer", "sgd", ema=0.9).make(1.0), keras.Variable([0.0], name="kernel")
    apply_each(made, weight, [-1.0, -1.0, -1.0])  # to 1, 2 and 3
    made.finalize_variable_values([weight])
    np.testing.assert_allclose(weight.numpy(), [0.9 * (0.9 * 1 + 0.1 * 2) + 0.1 * 3], rtol=1e-6)


def test_the_average_is_as_long_with_accumulation():
    made, weight = make("optimizer", "sgd", ema=0.9).make(1.0, accumulate=4), keras.Variable([0.0], name="kernel")
    # To 1, 2 and 3, and three batches more, before which the average has not yet seen all of the last step.
    apply_each(made, weight, [-1.0] * 12 + [0.0] * 3)
    made.finalize_variable_values([weight])
    np.testing.assert_allclose(weight.numpy(), [0.9 * (0.9 * 1 + 0.1 * 2) + 0.1 * 3], rtol=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_accumulated_gradients_move_the_weights_as_their_mean_does(name):
    schedule = make("schedule", "polynomial").make(RATE, 4)
    once = make("optimizer", name, weight_decay=0.1).make(schedule)
    thrice = make("optimizer", name, weight_decay=0.1).make(schedule, accumulate=3)
    one, other = (keras.Variable([[1.0]], name="kernel") for _ in range(2))
    wanted = apply_each(once, one, [2.0, -1.0, 0.5])
    found = apply_each(thrice, other, [1.0, 2.0, 3.0, -1.0, 0.0, -2.0, 0.5, 0.5, 0.5])
    np.testing.assert_allclose(found[2::3], wanted, rtol=1e-5)
    np.testing.assert_allclose(found[:2], 1.0)
    np.testing.assert_allclose(found[3:5], [wanted[0]] * 2, rtol=1e-5)


def test_a_schedule_counts_steps_of_the_weights_and_not_batches():
    schedule = make("schedule", "polynomial").make(1.0, 4)  # 1, 0.75, 0.5, 0.25
    made, weight = make("optimizer", "sgd").make(schedule, accumulate=3), keras.Variable([0.0], name="kernel")
    values = [0.0, *apply_each(made, weight, [-1.0] * 12)[2::3]]
    np.testing.assert_allclose(np.diff(values), [1.0, 0.75, 0.5, 0.25], rtol=1e-6)
    assert int(made.iterations) == 4
    assert float(made.learning_rate) == 0.0


@pytest.mark.parametrize("name", ["adam", *(pytest.param(name, marks=pytest.mark.slow) for name in ("nadam", "muon"))])
def test_accumulation_and_averages_work_inside_a_compiled_training_step(name):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, name="hidden"), keras.layers.Dense(1)])
    schedule = make("schedule", "step", at=[0.5]).make(RATE, 2)
    model.compile(make("optimizer", name, ema=0.5, clipnorm=1.0).make(schedule, accumulate=2), "mse", jit_compile=False)
    before = model.get_weights()
    x, y = np.ones((8, 3), "float32"), np.ones((8, 1), "float32")
    model.fit(x, y, batch_size=2, verbose=0)
    assert int(model.optimizer.iterations) == 2
    assert all(np.abs(was - now).max() > 0 for was, now in zip(before, model.get_weights(), strict=True))


def test_a_rate_that_is_a_number_can_be_set_with_accumulation():
    made = make("optimizer", "sgd").make(0.5, accumulate=2)
    made.learning_rate = 0.25
    assert float(made.learning_rate) == 0.25


@pytest.mark.parametrize("name", NAMES)
def test_the_rate_may_be_a_schedule(name):
    schedule = make("schedule", "cosine").make(RATE, 10)
    assert float(make("optimizer", name).make(schedule).learning_rate) == pytest.approx(RATE)


def test_each_make_gives_a_new_optimizer_of_keras():
    for name in NAMES:
        optimizer = make("optimizer", name)
        first, second = optimizer.make(RATE), optimizer.make(RATE)
        assert first is not second
        assert type(first) is getattr(keras.optimizers, CLASSES[name])
