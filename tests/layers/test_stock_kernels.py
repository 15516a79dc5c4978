"""What every layer with a kernel can be told of its weights."""

import keras
import numpy as np
import pytest
from pydantic import ValidationError

from kerascnn.layers.fields import Kernel
from kerascnn.spec import components
from tests.helpers import layer, model_of

PICTURE, SERIES, VOLUME = (6, 6, 4), (9, 4), (4, 4, 4, 4)
# Each layer with its kernels, and the axes that one output sums over.
KERNELS = {
    "conv2d": ({"filters": 3}, PICTURE, {"kernel": (0, 1, 2)}),
    "conv2d_transpose": ({"filters": 3}, PICTURE, {"kernel": (0, 1, 3)}),
    "depthwise_conv2d": ({}, PICTURE, {"kernel": (0, 1)}),
    "separable_conv2d": ({"filters": 3}, PICTURE, {"depthwise_kernel": (0, 1), "pointwise_kernel": (0, 1, 2)}),
    "dense": ({"units": 3}, (4,), {"kernel": (0,)}),
    "conv1d": ({"filters": 3}, SERIES, {"kernel": (0, 1)}),
    "conv1d_transpose": ({"filters": 3}, SERIES, {"kernel": (0, 2)}),
    "depthwise_conv1d": ({}, SERIES, {"kernel": (0,)}),
    "separable_conv1d": ({"filters": 3}, SERIES, {"depthwise_kernel": (0,), "pointwise_kernel": (0, 1)}),
    "conv3d": ({"filters": 3}, VOLUME, {"kernel": (0, 1, 2, 3)}),
    "conv3d_transpose": ({"filters": 3}, VOLUME, {"kernel": (0, 1, 2, 4)}),
}


def built(name, **more):
    parameters, shape, axes = KERNELS[name]
    keras.utils.set_random_seed(0)
    model = model_of(layer(name, **parameters, **more), shape)
    kernels = [weight for weight in model.trainable_weights if weight.name != "bias"]
    assert [weight.name for weight in kernels] == list(axes)
    return model, kernels, list(axes.values())


def test_every_layer_with_a_kernel_is_here():
    assert {name for name, cls in components("layer").items() if issubclass(cls, Kernel)} == set(KERNELS)


@pytest.mark.parametrize("name", KERNELS)
def test_the_initializer_fills_the_kernels(name):
    assert all((keras.ops.convert_to_numpy(w) == 1).all() for w in built(name, kernel_initializer="ones")[1])
    before = built(name)[1]
    again = built(name, kernel_initializer="glorot_uniform")[1]
    for one, other in zip(before, again, strict=True):
        np.testing.assert_array_equal(keras.ops.convert_to_numpy(one), keras.ops.convert_to_numpy(other))


@pytest.mark.parametrize("name", KERNELS)
def test_penalties_are_sums_over_the_kernels_alone(name):
    assert built(name)[0].losses == []
    model, kernels, _ = built(name, kernel_l1=0.5, kernel_l2=0.25)
    values = [keras.ops.convert_to_numpy(w) for w in kernels]
    wanted = sum(0.5 * np.abs(value).sum() + 0.25 * (value**2).sum() for value in values)
    assert float(sum(model.losses)) == pytest.approx(wanted, rel=1e-5)


@pytest.mark.parametrize("name", KERNELS)
def test_max_norm_shortens_the_weights_of_each_output_after_a_step(name):
    model, kernels, axes = built(name, max_norm=0.5, kernel_initializer="ones")
    model.compile(optimizer=keras.optimizers.SGD(0.0), loss="mean_squared_error", run_eagerly=True)
    x, y = np.zeros((2, *model.input_shape[1:])), np.zeros((2, *model.output_shape[1:]))
    model.fit(x, y, epochs=1, verbose=0)
    for weight, summed in zip(kernels, axes, strict=True):
        lengths = np.sqrt((keras.ops.convert_to_numpy(weight) ** 2).sum(summed))
        np.testing.assert_allclose(lengths, np.full_like(lengths, 0.5), rtol=1e-4)


def test_max_norm_leaves_short_weights_alone():
    constraint = model_of(layer("dense", units=2, max_norm=1.0), (2,)).layers[-1].kernel_constraint
    weights = np.array([[0.3, 3.0], [0.4, 4.0]], "float32")
    np.testing.assert_allclose(constraint(weights), [[0.3, 0.6], [0.4, 0.8]], rtol=1e-5)


def test_every_initializer_is_one_of_keras():
    for name in Kernel.model_fields["kernel_initializer"].annotation.__args__:
        model_of(layer("dense", units=2, kernel_initializer=name), (4,))


@pytest.mark.parametrize(
    "wrong", [{"kernel_initializer": "he"}, {"kernel_l2": -0.1}, {"max_norm": 0}, {"kernel_l1": float("inf")}], ids=str
)
def test_what_means_nothing_for_a_kernel_is_refused(wrong):
    with pytest.raises(ValidationError):
        layer("dense", units=2, **wrong)
