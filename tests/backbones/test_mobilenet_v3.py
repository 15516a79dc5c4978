import keras
import pytest

from kerascnn.spec import Pretrained
from tests.backbones.zoo import assert_fits_its_builder, assert_same_outputs, parameters, strides_of
from tests.helpers import make


@pytest.mark.parametrize(
    ("fields", "hidden", "count"),
    [
        ({"size": "large"}, 1280, 5_507_432),
        ({"size": "large", "width": 0.75}, 1280, 4_012_616),
        ({"size": "large", "minimalistic": True}, 1280, 3_948_688),
        # Wider than 1, the head is wider as well: 1280 x 1.3 and 1024 x 1.3 as multiples of 8.
        ({"size": "large", "width": 1.3}, 1664, 8_741_320),
        ({"size": "small"}, 1024, 2_554_968),
        ({"size": "small", "width": 0.5}, 1024, 1_599_720),
        ({"size": "small", "minimalistic": True}, 1024, 2_056_848),
        ({"size": "small", "width": 1.3}, 1328, 3_999_536),
    ],
)
def test_with_its_head_the_parameters_are_those_of_keras(fields, hidden, count):
    head = {"type": "classifier", "hidden": [hidden], "activation": "hard_silu"}
    assert parameters({"type": "mobilenet_v3", **fields}, head, all_weights=True) == count


@pytest.mark.parametrize(
    ("size", "side"), [("small", 75), *(pytest.param(size, 64, marks=pytest.mark.slow) for size in ("small", "large"))]
)
def test_with_keras_s_weights_the_outputs_are_keras_s(size, side):
    assert_keras_s({"size": size}, side)


def test_so_they_are_minimalistic_and_at_another_width():
    assert_keras_s({"size": "large", "minimalistic": True, "width": 0.75}, 75)


def assert_keras_s(fields, side):
    theirs = getattr(keras.applications, f"MobileNetV3{fields['size'].capitalize()}")(
        weights=None,
        include_top=False,
        include_preprocessing=False,
        input_shape=(side, side, 3),
        alpha=fields.get("width", 1.0),
        minimalistic=fields.get("minimalistic", False),
    )
    assert_same_outputs(theirs, {"type": "mobilenet_v3", **fields}, (side, side, 3))


def test_the_whole_network_with_its_head_is_keras_s():
    shape = (64, 64, 3)
    theirs = keras.applications.MobileNetV3Small(weights=None, include_preprocessing=False, input_shape=shape)
    # Their last two layers are convolutions of 1 x 1 over one place, ours are dense.
    weights = theirs.get_weights()
    weights[-4:] = [w.reshape(w.shape[-2:]) if w.ndim == 4 else w for w in weights[-4:]]
    head = {"type": "classifier", "hidden": [1024], "activation": "hard_silu", "dropout": 0.2}
    x = keras.Input(shape)
    features = make("backbone", "mobilenet_v3", size="small").apply(x)
    ours = keras.Model(x, make("head", head.pop("type"), **head).apply(features, 1000))
    ours.set_weights(weights)
    picture = keras.random.uniform((1, *shape), -1, 1, seed=1)
    found, expected = (keras.ops.convert_to_numpy(m(picture, training=False)) for m in (ours, theirs))
    assert abs(found - expected).max() <= 1e-6


@pytest.mark.parametrize("size", ["small", "large"])
def test_features_stand_at_their_strides(size):
    assert strides_of({"type": "mobilenet_v3", "size": size}) == {f"P{i}": (2**i, 2**i) for i in range(1, 6)}


def test_minimalistic_has_neither_gates_nor_large_kernels_nor_hard_functions():
    x = keras.Input((32, 32, 3))
    model = keras.Model(x, make("backbone", "mobilenet_v3", minimalistic=True).apply(x))
    assert not [layer.name for layer in model.layers if "_gate_" in layer.name]
    own = [layer for layer in model.layers if isinstance(layer, keras.layers.DepthwiseConv2D)]
    assert {layer.kernel_size for layer in own} == {(3, 3)}
    assert {layer.activation.__name__ for layer in model.layers if layer.name.endswith("_act")} == {"relu"}


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ({}, Pretrained("MobileNetV3Large", "symmetric")),
        ({"size": "small"}, Pretrained("MobileNetV3Small", "symmetric")),
        ({"width": 0.75}, Pretrained("MobileNetV3Large", "symmetric", {"alpha": 0.75})),
        ({"minimalistic": True}, Pretrained("MobileNetV3Large", "symmetric", {"minimalistic": True})),
        ({"width": 0.5}, None),
        ({"minimalistic": True, "width": 0.75}, None),
    ],
)
def test_weights_are_published_for_these_forms(fields, wanted):
    assert make("backbone", "mobilenet_v3", **fields).pretrained() == wanted


@pytest.mark.parametrize("size", ["small", "large"])
@pytest.mark.parametrize("fields", [{"width": 0.75}, {"minimalistic": True}], ids=str)
def test_of_another_form_the_weights_are_those_of_the_builder_in_its_order(size, fields):
    assert_fits_its_builder({"type": "mobilenet_v3", "size": size, **fields})
