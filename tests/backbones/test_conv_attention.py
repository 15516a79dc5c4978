import keras
import numpy as np
import pytest
from pydantic import ValidationError

from kerascnn.errors import BuildError
from tests.backbones.zoo import parameters, strides_of
from tests.helpers import make, normal, numpy

SMALL = {"filters": [4, 6, 8], "blocks": [1, 1, 2], "head_width": 4}


def built(shape=(32, 32, 3), **fields):
    x = keras.Input(shape)
    return keras.Model(x, make("backbone", "conv_attention", **SMALL | fields).apply(x))


def types(model):
    """Return which stages have shares of attention, and which depthwise convolutions."""
    names = [layer.name for layer in model.layers]
    return tuple(sorted({name[:6] for name in names if name.endswith(end)}) for end in ("_shares", "_depthwise"))


def test_it_is_small_and_close_to_coatnet_0_in_its_form():
    assert parameters({"type": "conv_attention"}, classes=10, shape=(32, 32, 3)) < 1e6
    form = {"filters": [64, 96, 192, 384, 768], "blocks": [2, 2, 3, 5, 2], "attention_stages": 2}
    # The paper gives 25 million; its convolutions have a few weights more or less.
    assert 24e6 < parameters({"type": "conv_attention", **form}) < 27e6


def test_a_transformer_block_has_the_weights_of_its_parts():
    own = sum(int(np.prod(weight.shape)) for weight in built().weights if "stage3_block2" in weight.path)
    # Two norms, four dense layers of 8, a table for maps of 4 x 4 and two heads, and 8 -> 32 -> 8.
    assert own == 2 * 16 + 4 * (64 + 8) + 7 * 7 * 2 + (8 * 32 + 32) + (32 * 8 + 8)


@pytest.mark.parametrize(
    ("stages", "attentive", "convolved"),
    [(0, [], ["stage2", "stage3"]), (1, ["stage3"], ["stage2"]), (2, ["stage2", "stage3"], [])],
)
def test_the_last_stages_have_attention(stages, attentive, convolved):
    filters = [4, 8, 8]
    assert types(built(filters=filters, attention_stages=stages)) == (attentive, convolved)


def test_features_stand_at_their_strides():
    assert strides_of({"type": "conv_attention", **SMALL}) == {"P1": (2, 2), "P2": (4, 4), "P3": (8, 8)}
    assert list(built(stem_stride=1).output) == ["P0", "P1", "P2"]


def test_sizes_that_do_not_divide_are_rounded_up():
    found = built((17, 21, 3)).output
    assert [tuple(y.shape[1:3]) for y in found.values()] == [(9, 11), (5, 6), (3, 3)]


def test_only_attention_sees_the_far_corner():
    given = normal(1, 128, 128, 3)
    other = given.copy()
    other[:, -4:, -4:] += 100
    # Gates average whole maps, so the plain network is one without inverted residuals.
    for stages, sees in ((0, False), (1, True)):
        x = keras.Input((128, 128, 3))
        fields = {"filters": [4, 4], "blocks": [1, 1], "head_width": 4, "attention_stages": stages}
        model = keras.Model(x, make("backbone", "conv_attention", **fields).apply(x))
        for layer in model.layers:
            if "gate_expand" in layer.name:
                layer.set_weights([np.zeros_like(weight) for weight in layer.get_weights()])
        corner = [numpy(model(pictures, training=False)["P2"])[0, 0, 0] for pictures in (given, other)]
        assert (np.abs(corner[0] - corner[1]).max() > 1e-6) == sees


def test_the_deepest_maps_are_normalised():
    found = numpy(built()(normal(2, 32, 32, 3), training=False)["P3"])
    np.testing.assert_allclose(found.mean(-1), 0, atol=1e-5)


def test_attention_over_too_many_places_is_refused():
    with pytest.raises(BuildError, match="128 x 128 places with one another, and 4096 is the most"):
        built((1024, 1024, 3))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"blocks": [1, 1]}, "2 numbers in blocks and 3 in filters"),
        ({"attention_stages": 3}, "3 stages, of which at most 2 can have attention"),
        ({"head_width": 5}, "attention of 8 filters, which do not divide into heads of 5"),
    ],
)
def test_what_does_not_fit_is_refused(fields, message):
    with pytest.raises(ValidationError, match=message):
        make("backbone", "conv_attention", **SMALL | fields)


def test_no_weights_are_published():
    assert make("backbone", "conv_attention").pretrained() is None
