import keras
import numpy as np
import pytest

from kerascnn.backbones.vdcnn import _largest
from tests.helpers import make, numpy

# Convolutions with 64, 128, 256 and 512 filters in the blocks of table 2 (Conneau et al. 2017, E17-1104), as others
# have them from there too: Tencent/NeuralNLP-NeuralClassifier @ f0b90b5 textvdcnn.py, and half of each, in blocks, in
# cjiang2/VDCNN vdcnn.py. The first convolution, of 64, comes on top.
TABLE = {9: (2, 2, 2, 2), 17: (4, 4, 4, 4), 29: (10, 10, 4, 4), 49: (16, 16, 10, 6)}


def built(shape=(64, 16), **parameters):
    x = keras.Input(shape)
    with keras.StatelessScope(initialize_variables=False):
        return keras.Model(x, make("backbone", "vdcnn", **parameters).apply(x)["out"])


def convolutions(model):
    return [layer for layer in model.layers if isinstance(layer, keras.layers.Conv1D)]


@pytest.mark.parametrize("depth", TABLE)
def test_there_are_as_many_convolutions_of_each_width_as_in_table_2(depth):
    found = convolutions(built(depth=depth))
    assert len(found) == depth
    counts = [sum(layer.filters == 64 << level for layer in found) for level in range(4)]
    assert counts == [TABLE[depth][0] + 1, *TABLE[depth][1:]]
    assert {layer.kernel_size for layer in found} == {(3,)}


@pytest.mark.parametrize("depth", TABLE)
def test_the_weights_are_those_of_the_convolutions_in_the_table(depth):
    # Our own count, held fixed: the paper's millions of parameters were not to be confirmed.
    filters, wanted = 64, 3 * 16 * 64 + 64
    for width, layers in zip((64, 128, 256, 512), TABLE[depth], strict=True):
        for _ in range(layers):
            wanted += 3 * filters * width + 2 * width  # the normalisation has a scale and a shift
            filters = width
    found = sum(int(np.prod(weight.shape)) for weight in built(depth=depth).trainable_weights)
    assert found == wanted


def test_a_text_is_halved_three_times_and_its_8_largest_answers_are_kept():
    assert built((1024, 16)).output_shape == (None, 8, 512)
    shapes = {layer.name: layer.output.shape[1] for layer in built((1024, 16)).layers}
    assert [shapes[f"block{level}_1_relu2"] for level in (1, 2, 3, 4)] == [1024, 512, 256, 128]


@pytest.mark.parametrize("pooling", ["max", "convolution"])
@pytest.mark.parametrize("shortcut", [True, False])
def test_each_way_to_halve_goes_with_and_without_shortcuts(pooling, shortcut):
    model = built((33, 16), pooling=pooling, shortcut=shortcut)
    assert model.output_shape == (None, 5, 512)
    assert len(convolutions(model)) == 9 + 3 * shortcut
    assert any(isinstance(layer, keras.layers.MaxPooling1D) for layer in model.layers) == (pooling == "max")


def test_the_largest_answers_keep_the_order_of_the_text():
    x = np.array([[[3.0, 0], [9, 5], [1, 6], [8, 7], [2, 1]]], "float32")
    assert numpy(_largest(x, 3))[0].tolist() == [[3, 5], [9, 6], [8, 7]]


def test_a_text_with_fewer_places_than_k_keeps_all():
    assert built((5, 16)).output_shape == (None, 1, 512)
    assert built((64, 16), k=3).output_shape == (None, 3, 512)
