import keras
import pytest

from tests.helpers import make


def count(filters, convolutions, kernel, channels, batch_norm):
    """Return the number of weights: of each convolution, and of its bias or its normalisation."""
    total = 0
    for width in filters:
        for _ in range(convolutions):
            total += kernel[0] * kernel[1] * channels * width + (4 * width if batch_norm else width)
            channels = width
    return total


@pytest.mark.parametrize("batch_norm", [False, True])
@pytest.mark.parametrize(
    ("filters", "convolutions", "kernel"), [([32, 64, 128], 1, [3, 3]), ([8], 3, [5, 1]), ([4, 6], 2, [1, 1])]
)
def test_simple_cnn_has_the_parameters_of_the_formula(filters, convolutions, kernel, batch_norm):
    backbone = make(
        "backbone",
        "simple_cnn",
        filters=filters,
        convolutions=convolutions,
        kernel_size=kernel,
        batch_norm=batch_norm,
    )
    x = keras.Input((32, 32, 3))
    model = keras.Model(x, backbone.apply(x))
    assert model.count_params() == count(filters, convolutions, kernel, 3, batch_norm)


def test_simple_cnn_by_default_has_93248_parameters():
    # 3 x 3 x (3 x 32 + 32 x 64 + 64 x 128) + 32 + 64 + 128
    x = keras.Input((32, 32, 3))
    assert keras.Model(x, make("backbone", "simple_cnn").apply(x)).count_params() == 93_248


def test_each_block_halves_height_and_width_and_names_its_output():
    features = make("backbone", "simple_cnn", filters=[4, 8, 16]).apply(keras.Input((32, 26, 3)))
    assert {name: y.shape[1:] for name, y in features.items()} == {
        "P1": (16, 13, 4),
        "P2": (8, 6, 8),
        "P3": (4, 3, 16),
    }


def test_too_many_blocks_for_the_picture_are_an_error():
    with pytest.raises(ValueError, match="zero or negative"):
        make("backbone", "simple_cnn", filters=[4] * 4).apply(keras.Input((8, 8, 3)))


def test_dropout_and_normalisation_stand_where_they_are_documented():
    x = keras.Input((8, 8, 3))
    backbone = make("backbone", "simple_cnn", filters=[4], batch_norm=True, dropout=0.1, pooling="average")
    model = keras.Model(x, backbone.apply(x))
    kinds = [type(layer).__name__ for layer in model.layers]
    assert kinds == [
        "InputLayer",
        "Conv2D",
        "BatchNormalization",
        "Activation",
        "AveragePooling2D",
        "Dropout",
    ]
    assert not model.layers[1].use_bias
