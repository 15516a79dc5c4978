import keras
import pytest

from tests.helpers import make


def built(shape=(32_000, 1), **fields):
    x = keras.Input(shape)
    return keras.Model(x, make("backbone", "m5", **fields).apply(x)["out"])


@pytest.mark.parametrize(
    ("depth", "by_hand", "in_the_paper"),
    [
        (3, 80 * 256 + 3 * 256**2, 0.2e6),
        (5, 80 * 128 + 3 * (128**2 + 128 * 256 + 256 * 512), 0.5e6),
        (11, 80 * 64 + 3 * (2 * 64**2 + 64 * 128 + 128**2 + 128 * 256 + 2 * 256**2 + 256 * 512 + 512**2), 1.8e6),
        (18, 5120 + 3 * (4 * 64**2 + 64 * 128 + 3 * 128**2 + 128 * 256 + 3 * 256**2 + 256 * 512 + 3 * 512**2), 3.7e6),
    ],
)  # fmt: skip
def test_the_weights_are_as_many_as_in_the_paper(depth, by_hand, in_the_paper):
    model = built(depth=depth)
    kernels = sum(layer.count_params() for layer in model.layers if layer.name.endswith("_conv"))
    assert kernels == by_hand
    assert abs(by_hand - in_the_paper) < 0.06e6
    assert sum(layer.name.endswith("_conv") for layer in model.layers) == depth - 1


def test_four_seconds_become_what_the_paper_says():
    # 32,000 samples, strides of 4, and pooling by 4 behind each stage: 8,000, 2,000, 500, 125, 31.
    assert built().output_shape == (None, 31, 512)
    assert built(depth=11).output_shape == (None, 31, 512)


def test_it_takes_sounds_with_two_channels():
    assert built((8000, 2)).output_shape == (None, 7, 512)
