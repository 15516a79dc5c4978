"""Named parts of a network: what they hold, freezing them, and rates of their own."""

import keras
import numpy as np
import pytest

from kerascnn.engine.build import build
from kerascnn.engine.optimize import averaged, current_rate, make_optimizer, multiply_rates
from kerascnn.engine.parts import factors, freeze, part_layers
from kerascnn.errors import BuildError
from kerascnn.spec import DataInfo
from kerascnn.spec.training import Stage
from tests.engine.made import make_spec

BACKBONE = {"type": "resnet", "depth": 18}


@pytest.fixture(scope="module")
def built():
    return build(make_spec({"type": "digits"}, backbone=BACKBONE), DataInfo.of((32, 32, 3), 3))


def names(layers):
    return {layer.name for layer in layers}


def test_a_part_is_what_lies_on_the_way_to_its_feature(built):
    stem, p2, p5 = (names(part_layers(built, name, "")) for name in ("stem", "P2", "P5"))
    assert stem < p2 < p5
    assert {"stem_conv", "stem_norm"} <= stem
    assert "stage2_block1_conv1" in p2 - stem
    assert p5 == names(part_layers(built, "backbone", ""))
    assert names(part_layers(built, "head", "")) >= {"pool", "logits"}
    kinds = {type(layer) for layer in part_layers(built, "batch_norm", "")}
    assert kinds == {keras.layers.BatchNormalization}


def test_a_part_that_is_not_there_is_named_with_those_that_are(built):
    with pytest.raises(BuildError, match=r"x\.y: this backbone has no part 'P7'; it has stem, P1, P2, P3, P4, P5, "):
        part_layers(built, "P7", "x.y")


@pytest.mark.parametrize("name", ["stem", "P3", "backbone", "batch_norm", "head"])
def test_what_is_frozen_is_that_part_and_nothing_else(built, name):
    everything = len(built.model.weights) - sum(len(layer.non_trainable_weights) for layer in built.backbone.layers)
    freeze(built, [name], "")
    frozen = {id(weight) for layer in part_layers(built, name, "") for weight in layer.weights}
    assert not {id(weight) for weight in built.model.trainable_weights} & frozen
    assert all(not layer.trainable for layer in part_layers(built, name, ""))
    freeze(built, [], "")
    assert len(built.model.trainable_weights) == everything or everything == 0
    assert all(layer.trainable for layer in built.backbone.layers)


def test_what_was_frozen_is_free_in_the_next_stage(built):
    free = len(built.model.trainable_weights)
    freeze(built, ["backbone"], "")
    assert len(built.model.trainable_weights) == 2
    freeze(built, ["P2", "batch_norm"], "")
    between = len(built.model.trainable_weights)
    freeze(built, [], "")
    assert 2 < between < len(built.model.trainable_weights) == free


def test_a_weight_goes_with_the_smallest_part_that_has_it(built):
    freeze(built, [], "")
    rates = factors(built, {"backbone": 0.5, "P3": 0.3, "stem": 0.1}, "")
    by_layer = {path.split("/")[-2]: rate for path, rate in rates.items()}
    assert (by_layer["stem_conv"], by_layer["stage2_block1_conv1"], by_layer["stage5_block1_conv1"]) == (0.1, 0.3, 0.5)
    assert "logits" not in by_layer


def small():
    """Return a model of two dense layers, and these."""
    x = keras.Input((2,))
    first, second = keras.layers.Dense(2, name="first"), keras.layers.Dense(1, name="second")
    model = keras.Model(x, second(first(x)))
    return model, first, second


def test_rates_of_parts_move_weights_that_much_less():
    from kerascnn.spec.component import parse_component
    from kerascnn.spec.kinds import Optimizer

    sgd = parse_component(Optimizer, {"type": "sgd"})
    stage = Stage(learning_rate=0.1).model_copy(update={"optimizer": sgd})
    model, first, _ = small()
    optimizer = make_optimizer(stage, 10, 1.0, {weight.path: 0.01 for weight in first.trainable_weights})
    model.compile(optimizer, loss="mse", jit_compile=False)
    model.optimizer.build(model.trainable_weights)
    before = [np.asarray(keras.ops.convert_to_numpy(weight)) for weight in model.trainable_weights]
    model.optimizer.apply([np.ones(weight.shape, "float32") for weight in model.trainable_weights])
    moved = [
        float(np.abs(keras.ops.convert_to_numpy(weight) - old).max())
        for weight, old in zip(model.trainable_weights, before, strict=True)
    ]
    assert moved == pytest.approx([0.001, 0.001, 0.1, 0.1], rel=1e-3)
    assert current_rate(model.optimizer) == pytest.approx(0.1)
    multiply_rates(model.optimizer, 0.5)
    assert current_rate(model.optimizer) == pytest.approx(0.05)


def test_averages_stand_in_for_the_weights_and_go_again():
    model, first, _ = small()
    model.compile(keras.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.5), loss="mse", jit_compile=False)
    model.optimizer.build(model.trainable_weights)
    for _ in range(2):  # the first average is the weights after the first step
        model.optimizer.apply([np.ones(weight.shape, "float32") for weight in model.trainable_weights])
    now = np.array(keras.ops.convert_to_numpy(first.kernel))
    with averaged(model):
        inside = np.array(keras.ops.convert_to_numpy(first.kernel))
    assert np.allclose(inside, now + 0.05)
    assert np.array_equal(keras.ops.convert_to_numpy(first.kernel), now)
