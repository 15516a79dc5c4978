"""The plugin's components: conformance, losses and the metric on vectors whose figures are known."""

import math

import keras
import numpy as np
import pytest
from kerascnn_metric_learning import Arcface, Embedding, Triplet, Verification
from kerascnn_metric_learning.figures import Pairs
from kerascnn_metric_learning.nn import ArcfaceLoss, EqualErrorRate, TripletLoss

from kerascnn import SpecError, load_spec
from kerascnn.engine.position import variables_of
from kerascnn.errors import DataError
from kerascnn.spec import DataInfo, find
from kerascnn.templates_list import find_template
from kerascnn.testing import check_component, check_head, check_light_import


def number(tensor):
    return keras.ops.convert_to_numpy(tensor)


def info(train, validation=None, classes="abc"):
    counts = {"train": dict(zip(classes, train, strict=True))}
    counts |= {"validation": dict(zip(classes, validation, strict=True))} if validation else {}
    return DataInfo((4,), tuple(classes), counts)


def directed(facts, criterion=None):
    x = keras.Input((4,))
    y = keras.layers.UnitNormalization()(keras.layers.Dense(2)(x))
    return (criterion or Arcface(margin=0.3, scale=8)).outer(x, y, facts)


def test_they_conform(tmp_path):
    for component in (Arcface(), Triplet(), Triplet(margin=None), Embedding(), Verification(criterion=Triplet())):
        check_component(component)
    check_light_import("kerascnn_metric_learning")
    for checked in (Arcface(), Triplet(margin=None), Verification(length=2)):
        checked.check_work(tmp_path)
    check_head(Embedding(batch_norm=True, dropout=0.2), {"P2": (3, 3, 8)}, 4)


@pytest.mark.slow
@pytest.mark.parametrize("pooling", ["max", "flatten"])
def test_its_head_conforms_whatever_it_pools(pooling):
    check_head(Embedding(pooling=pooling), {"P2": (3, 3, 8)}, 4, plain_keras=False)
    check_head(Embedding(pooling=pooling), {"out": (8,)}, 4, plain_keras=False)


def test_the_plugin_is_installed_under_its_name():
    assert find("metric.criterion", "metric.arcface") is Arcface
    assert find("head", "metric.embedding") is Embedding


def test_vectors_have_the_length_one():
    x = keras.Input((3, 3, 2))
    model = keras.Model(x, Embedding(pooling="flatten").apply({"P2": x}, 5))
    found = model.predict_on_batch(np.random.default_rng(0).standard_normal((4, 3, 3, 2)))
    assert np.linalg.norm(found, axis=1) == pytest.approx(np.ones(4), abs=1e-5)


def test_the_angle_to_the_right_class_counts_as_larger_by_the_margin():
    # 60 degrees to the right class, 90 to the other.
    found = number(ArcfaceLoss(0.5, 2.0)(np.array([[1, 0]], "float32"), np.array([[0.5, 0]], "float32")))
    right = 2 * math.cos(math.pi / 3 + 0.5)
    assert found == pytest.approx(math.log(math.exp(right) + 1) - right, abs=1e-5)


def test_beyond_a_half_turn_the_loss_goes_on_rising():
    loss = ArcfaceLoss(0.5, 2.0)
    found = number(loss(np.array([[1, 0]], "float32"), np.array([[-1, 0]], "float32")))
    right = 2 * (-1 - 0.5 * math.sin(0.5))
    assert found == pytest.approx(math.log(math.exp(right) + 1) - right, abs=1e-5)
    cosines = np.linspace(-1, 1, 101, dtype="float32")
    each = number(loss.call(np.tile([[1.0, 0.0]], (101, 1)).astype("float32"), np.stack([cosines, 0 * cosines], 1)))
    assert (np.diff(each) < 0).all()


def test_without_a_margin_it_is_the_cross_entropy_of_cosines():
    cosines = np.array([[0.9, -0.2, 0.1], [0.3, 0.4, 0.5]], "float32")
    shares = np.array([[1, 0, 0], [0.25, 0.75, 0]], "float32")
    wanted = keras.losses.CategoricalCrossentropy(from_logits=True)(shares, 4 * cosines)
    assert number(ArcfaceLoss(0.0, 4.0)(shares, cosines)) == pytest.approx(float(number(wanted)), rel=1e-5)


def test_the_farthest_of_the_class_is_compared_with_the_nearest_of_another():
    vectors = np.array([[1, 0], [0, 1], [-1, 0]], "float32")
    shares = np.array([[1, 0], [1, 0], [0, 1]], "float32")
    # Right angles are the root of 2 apart. The last one has no partner and counts for nothing.
    assert number(TripletLoss(0.2)(shares, vectors)) == pytest.approx((0 + 0.2) / 2, abs=1e-4)
    soft = (math.log1p(math.exp(2**0.5 - 2)) + math.log(2)) / 2
    assert number(TripletLoss(None)(shares, vectors)) == pytest.approx(soft, abs=1e-4)


def test_a_batch_without_triplets_has_no_loss_and_equal_vectors_have_a_finite_gradient():
    vectors = np.tile(np.array([[1, 0]], "float32"), (4, 1))
    assert number(TripletLoss()(np.eye(4, dtype="float32"), vectors)) == 0
    x = keras.Input((2,))
    model = keras.Model(x, keras.layers.UnitNormalization()(keras.layers.Dense(2)(x)))
    model.compile(keras.optimizers.SGD(0.1), TripletLoss(), run_eagerly=True)
    assert model.train_on_batch(vectors, np.eye(2, dtype="float32")[[0, 0, 1, 1]]) == pytest.approx(0.2, abs=1e-3)
    assert all(np.isfinite(weight).all() for weight in model.get_weights())


def test_the_metric_counts_the_pairs_of_a_whole_split_batch_by_batch():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 6, 90)
    vectors = rng.standard_normal((90, 4)) + 1.5 * rng.standard_normal((6, 4))[truth]
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype("float32")
    shares = np.eye(6, dtype="float32")[truth]
    point = Pairs(vectors, truth).equal()
    wanted = (point.false_accepts + 1 - point.true_accepts) / 2
    for size in (7, 32, 90):
        metric = EqualErrorRate(4)
        for start in range(0, 90, size):
            metric.update_state(shares[start : start + size], vectors[start : start + size])
        assert number(metric.pairs).sum() == 90 * 89 / 2
        assert number(metric.result()) == pytest.approx(wanted, abs=5e-3)


def test_its_memory_goes_back_some_samples_and_a_large_batch_leaves_its_last_ones():
    metric = EqualErrorRate(2, memory=4)
    one = np.array([[1, 0]], "float32")
    for i in range(7):
        metric.update_state(np.eye(2, dtype="float32")[[i % 2]], one)
    assert number(metric.pairs).sum() == 1 + 2 + 3 + 4 + 4 + 4
    metric.reset_state()
    metric.update_state(np.eye(2, dtype="float32")[[0, 0, 0, 1, 1, 1]], np.tile(one, (6, 1)))
    assert number(metric.pairs).sum() == 15
    assert sorted(number(metric.classes).tolist()) == [0, 1, 1, 1]


def test_without_pairs_to_compare_the_metric_is_that_of_guessing():
    metric = EqualErrorRate(2)
    assert number(metric.result()) == 0.5
    metric.update_state(np.eye(3, dtype="float32"), np.eye(3, 2, dtype="float32"))
    assert number(metric.result()) == 0.5


def test_losses_and_the_metric_are_made_again_from_what_they_say():
    for made in (ArcfaceLoss(0.3, 16.0), TripletLoss(None), EqualErrorRate(4, memory=8)):
        again = type(made).from_config(made.get_config())
        assert again.get_config() == made.get_config()


def test_directions_are_trained_and_kept_in_checkpoints_but_are_not_in_the_network():
    model = directed(info([5, 0, 5]))
    model.compile(keras.optimizers.SGD(0.1), Arcface(margin=0.3, scale=8).loss(info([5, 0, 5])), jit_compile=False)
    model.optimizer.build(model.trainable_variables)
    directions = model.directions.kernel
    assert directions.shape == (2, 2)
    assert any(variable is directions for variable in variables_of(model)["model"])
    before = number(directions).copy()
    np.testing.assert_array_equal(before, number(directed(info([5, 0, 5])).directions.kernel))
    model.train_on_batch(np.random.default_rng(0).standard_normal((6, 4)), np.eye(3, dtype="float32")[[0, 2] * 3])
    assert not np.allclose(before, number(directions))
    assert sum(weight.shape == (2, 2) for weight in keras.Model(model.input, model.output).weights) == 0


def test_in_validation_classes_without_a_direction_are_compared_with_one_another():
    facts = info([5, 5, 0, 0], [0, 0, 3, 3], "abcd")
    model = directed(facts)
    model.compile(loss=Arcface(margin=0.3, scale=8).loss(facts), jit_compile=False)
    x, shares = np.random.default_rng(0).standard_normal((6, 4)), np.eye(4, dtype="float32")[[2, 3] * 3]
    wanted = TripletLoss()(shares, model(x, training=False))
    assert model.test_on_batch(x, shares) == pytest.approx(float(number(wanted)), rel=1e-5)
    # In training such samples would count for nothing.
    assert number(model.compute_loss(x, shares, model(x, training=False), training=True)) == 0


def test_one_class_to_train_on_is_refused():
    with pytest.raises(DataError, match="two classes or more"):
        Arcface().loss(info([5, 0, 0]))


def test_an_unknown_criterion_is_refused_at_its_place(tmp_path):
    text = find_template("metric.digits").read_text("utf-8")
    (tmp_path / "spec.yaml").write_text(text.replace("metric.arcface", "metric.arcfase"), "utf-8")
    with pytest.raises(SpecError, match=r"spec.yaml:\d+:\d+: task.criterion.type: .*did you mean 'metric.arcface'"):
        load_spec(tmp_path / "spec.yaml")
