"""The parts of the plugin: the conformance kit, losses and figures by hand, and what is refused."""

import base64
import io
import json
import math

import numpy as np
import pytest
from kerascnn_generative import Critic, Dcgan, Vae, VaeHead
from kerascnn_generative.figures import accuracy, distances, frechet, reconstruction, taken_for_real
from kerascnn_generative.grid import png, shown
from kerascnn_generative.growing import grids
from kerascnn_generative.pages import plane
from PIL import Image

from kerascnn import load_spec
from kerascnn.errors import BuildError
from kerascnn.spec import DataInfo, find, spec_from_dict
from kerascnn.spec.lint import lint
from kerascnn.templates_list import find_template
from kerascnn.testing import check_component, check_head, check_light_import, check_plain_keras

INFO = DataInfo((8, 8, 1), ("a", "b"))


def spec_of(template, **head):
    spelled = load_spec(find_template(template)).spell()
    spelled["model"]["head"] |= head
    return spec_from_dict(spelled)


def outer_of(template, *, smooth=False, **head):
    """Return the training model of a template; `smooth` has no corners, where a derivative is not that of a step."""
    from kerascnn.engine.build import build

    spec = spec_of(template, **head)
    if smooth:
        spec = spec_from_dict(json.loads(json.dumps(spec.spell()).replace("leaky_relu", "gelu")))
    built = build(spec, INFO)
    return spec.task.outer(built.model.input, built.model.output, INFO)


def as_array(tensor):
    import keras

    return keras.ops.convert_to_numpy(tensor)


# The kit.


def test_they_conform_and_what_they_build_opens_in_plain_keras():
    from kerascnn_generative.nn import generator

    check_light_import("kerascnn_generative")
    for component in (Critic(), VaeHead(), Dcgan(), Vae()):
        check_component(component)
        assert find(component.kind, component.type_name) is type(component)
    features = {"P1": (7, 7, 8), "P2": (3, 3, 12)}
    models = {
        "critic": check_head(Critic(dropout=0.2), features, 1, plain_keras=False),
        "vae": check_head(VaeHead(size=(15, 14), latent=3, filters=8), features, 3, plain_keras=False),
        "generator": generator((7, 10, 3), 5, 8),
    }
    assert models["vae"].output_shape == (None, 15, 14, 3)
    assert models["generator"].output_shape == (None, 7, 10, 3)
    check_plain_keras(models, without=["kerascnn", "kerascnn_generative"])


def test_the_tasks_conform(tmp_path):
    Vae().check_work(tmp_path)
    Dcgan().check_work(tmp_path)


def test_heads_have_other_forms():
    import keras

    feeds = {"P1": keras.Input((7, 7, 8)), "P2": keras.Input((3, 3, 12))}
    assert VaeHead(hidden=0, filters=8).apply(feeds, 1).shape == (None, 14, 14, 1)
    assert Critic(pooling="avg").apply(feeds, 1).shape == (None, 1)
    assert VaeHead(size=(6, 6)).apply({"out": keras.Input((5,))}, 2).shape == (None, 6, 6, 2)


# Growing.


def test_a_picture_begins_at_a_grid_of_four_and_doubles():
    assert grids(64, 64) == [(4, 4), (8, 8), (16, 16), (32, 32), (64, 64)]
    assert grids(8, 12) == [(4, 6), (8, 12)]
    assert grids(3, 9) == [(3, 9)]


# Losses.


def test_the_loss_of_the_autoencoder_is_that_of_the_paper():
    outer = outer_of("generative.vae_digits")
    for weight in outer.weights:
        weight.assign(np.zeros(weight.shape))
    values = {"mean": 1.0, "log_variance": math.log(4)}
    for weight in outer.weights:
        for name, value in values.items():
            if weight.path.endswith(f"{name}/bias"):
                weight.assign(np.full(weight.shape, value))
    x = np.random.default_rng(0).integers(0, 256, (5, 8, 8, 1)).astype("uint8")
    outer.compile("sgd", metrics=Vae().compiled_metrics())
    y_pred = outer(x, training=True)
    loss = float(outer.compute_loss(x, None, y_pred))
    divergence = 2 * (1 + 4 - math.log(4) - 1) / 2
    # A picture of 0.5 everywhere costs log 2 for each number, whatever the right one is.
    assert loss == pytest.approx(64 * math.log(2) + divergence, rel=1e-5)
    assert float(outer.divergence.result()) == pytest.approx(divergence, rel=1e-5)
    assert float(outer.figure.result()) == pytest.approx(float(((x / 255 - 0.5) ** 2).mean()), rel=1e-5)
    outer.error, outer.beta = "squared", 3.0
    squared = float(outer.compute_loss(x, None, y_pred))
    assert squared == pytest.approx(float(((x / 255 - 0.5) ** 2).mean()) * 32 + 3 * divergence, rel=1e-5)


def test_the_numbers_are_drawn_while_training_alone():
    outer = outer_of("generative.vae_digits")
    x = np.random.default_rng(0).integers(0, 256, (4, 8, 8, 1)).astype("uint8")
    still = [as_array(outer(x, training=False)["picture"]) for _ in range(2)]
    drawn = [as_array(outer(x, training=True)["picture"]) for _ in range(2)]
    assert np.array_equal(*still)
    assert not np.allclose(*drawn)


def test_critic_and_generator_move_by_their_own_loss_alone():
    import keras

    def answered(elements):
        """Return the critic's logits, leaving its statistics as they are."""
        kept = outer.get_weights()
        logits = as_array(outer(elements, training=True))
        outer.set_weights(kept)
        return logits

    def fooled():
        made = outer.generator(noise, training=True)
        return float(np.logaddexp(0, -answered(made).astype("float64")).mean())

    outer = outer_of("generative.dcgan_digits", smooth=True)
    outer.compile(keras.optimizers.SGD(0.1), metrics=Dcgan().compiled_metrics())
    x = np.random.default_rng(0).integers(0, 256, (16, 8, 8, 1)).astype("uint8")
    [of_critic] = [one for one in outer.trainable_variables if one.path.endswith("logit/bias")]
    [of_generator] = [one for one in outer.generator.trainable_variables if one.path.endswith("grow1/bias")]
    seed = int(as_array(outer.noise.state)[0])
    noise = keras.random.normal((16, 32), seed=keras.random.SeedGenerator(seed))
    real, fake = answered(x), answered(outer.generator(noise, training=True))
    assert as_array(of_generator) == 0
    losses = []
    for change in (-0.005, 0.005):
        of_generator.assign([change])
        losses.append(fooled())
    of_generator.assign([0.0])
    before = float(as_array(of_critic)[0])
    outer.train_on_batch(x, np.ones((16, 1)))
    sigmoid = lambda z: 1 / (1 + np.exp(-z))  # noqa: E731
    moved = -0.1 * float(np.mean(-sigmoid(-real)) + np.mean(sigmoid(fake)))
    assert float(as_array(of_critic)[0]) - before == pytest.approx(moved, rel=2e-3)
    assert float(as_array(of_generator)[0]) == pytest.approx(-0.1 * (losses[1] - losses[0]) / 0.01, rel=0.01)


def test_the_generator_begins_by_the_seed_of_the_training():
    import keras

    weights = []
    for seed in (1, 1, 2):
        keras.utils.set_random_seed(seed)
        weights.append(outer_of("generative.dcgan_digits").generator.get_weights()[0])
    assert np.array_equal(weights[0], weights[1])
    assert not np.array_equal(weights[0], weights[2])


def test_the_distance_of_an_epoch_is_0_for_the_same_pictures_and_known_for_shifted_ones():
    from kerascnn_generative.nn import SlicedDistance

    metric = SlicedDistance()
    x = np.random.default_rng(0).integers(0, 256, (32, 6)).astype("uint8")
    metric.update_state(x[:16], x[:16])
    metric.update_state(x[16:], x[16:])
    assert float(metric.result()) == pytest.approx(0, abs=1e-6)
    metric.reset_state()
    metric.update_state(np.full((4, 1), 51.0), np.full((4, 1), 204.0))  # 0.2 and 0.8, along the only direction
    assert float(metric.result()) == pytest.approx(0.36, rel=1e-5)


# Figures.


def test_the_frechet_distance_of_normal_distributions_is_that_of_the_formula():
    square = np.array([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])
    assert frechet(square, square) == pytest.approx(0, abs=1e-9)
    # Deviations 1 and 1 against 3 and 2; means apart by 3 and 4.
    assert frechet(square, square * [3, 2] + [3, 4]) == pytest.approx(25 + 4 + 1)


def test_distances_tell_pictures_of_the_same_sort_from_noise():
    rng = np.random.default_rng(1)
    shapes = np.kron(rng.integers(0, 2, (400, 2, 2)), np.ones((4, 4)))[..., None]
    pictures = (shapes * 200 + rng.integers(0, 40, shapes.shape)).astype("uint8")
    found = distances(pictures[:200], pictures[200:300], pictures[300:])
    assert found["components"] == 32
    assert 0.9 < found["explained"] < 1
    assert found["made"] < 3 * found["halves"] < found["noise"] / 3
    assert distances(pictures, pictures[:3], pictures[:3]) is None


def test_a_critic_is_right_on_both_sides():
    found = accuracy(np.array([[1.0], [2], [-1], [3]]), np.array([[-1.0], [-2], [-3], [4]]))
    assert (found["real"], found["made"], found["accuracy"]) == (0.75, 0.75, 0.75)
    # Of 16 pairs the generated 4 is above all four real ones; -1 equals one of them.
    assert found["order"] == pytest.approx((16 - 4 - 0.5) / 16)
    assert taken_for_real(np.zeros((4, 1)))["metrics"]["loss"] == pytest.approx(math.log(2))


def test_reconstructions_are_compared_with_the_mean_picture():
    pictures = np.array([0, 255] * 5, "uint8").reshape(10, 1, 1, 1) * np.ones((1, 2, 2, 1), "uint8")
    found = reconstruction(pictures, np.full(pictures.shape, 0.4, "float32"))
    assert found["metrics"]["squared_error"] == pytest.approx((0.16 + 0.36) / 2, rel=1e-5)
    assert found["floor"]["squared_error"] == 0.25


def test_the_plane_is_of_quantiles_from_the_upper_left():
    found = plane(3)
    assert found.shape == (9, 2)
    assert found[4] == pytest.approx([0, 0])
    assert found[0] == pytest.approx([-0.6745, 0.6745], abs=1e-4)


@pytest.mark.parametrize(("channels", "mode"), [(1, "L"), (2, "L"), (3, "RGB"), (4, "RGBA")])
def test_pictures_stand_side_by_side(channels, mode):
    pictures = np.arange(5, dtype="uint8")[:, None, None, None] * np.ones((1, 50, 60, channels), "uint8")
    image = Image.open(io.BytesIO(png(pictures)))
    assert (image.mode, image.size) == (mode, (182, 101))
    first = image.getpixel((61, 51))
    assert (first if mode == "L" else first[0]) == 4
    assert base64.b64decode(shown(pictures, "five")["png"]).startswith(b"\x89PNG")


# What is refused, and what is advised.


def test_pictures_of_another_size_are_refused():
    with pytest.raises(BuildError, match=r"draws pictures of 9 x 8 of those of 8 x 8; set size to \[8, 8\]"):
        outer_of("generative.vae_digits", size=[9, 8])


def test_features_without_a_stride_need_a_size():
    import keras

    with pytest.raises(BuildError, match="do not say how large the pictures are; set size"):
        VaeHead().apply({"out": keras.Input((4,))}, 1)


@pytest.mark.parametrize("task", [Dcgan(), Vae()])
def test_features_that_were_computed_once_are_refused(task):
    with pytest.raises(BuildError, match="needs the pictures themselves"):
        task.outer({"P1": None}, None, INFO)


def test_the_loss_is_no_monitor_of_two_networks():
    spec = spec_of("generative.dcgan_digits")
    assert not [said for said in lint(spec) if said.id == "generative.monitor"]
    other = spec.model_copy(update={"train": spec.train.model_copy(update={"monitor": "val_loss"})})
    assert [said.id for said in lint(other)].count("generative.monitor") == 1
