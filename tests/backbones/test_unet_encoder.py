import keras
import pytest

from tests.helpers import make

SIZE = (37, 51, 2)


def built(shape=SIZE, **parameters):
    x = keras.Input(shape)
    return keras.Model(x, make("backbone", "unet_encoder", **parameters).apply(x))


def test_each_level_halves_and_rounds_up():
    shapes = {name: y.shape[1:] for name, y in built(filters=[2, 3, 4, 5]).output.items()}
    assert shapes == {"P0": (37, 51, 2), "P1": (19, 26, 3), "P2": (10, 13, 4), "P3": (5, 7, 5)}


def test_the_first_level_sees_the_picture_at_its_full_size():
    model = built(filters=[2, 3])
    names = [layer.name for layer in model.layers]
    assert names.index("level0_act2") < names.index("level1_pool") < names.index("level1_conv1")


def test_the_contracting_path_of_the_paper_has_its_weights():
    # 3 x 3 kernels and a bias each, twice a level: 1-64-64, 64-128-128, ..., 512-1024-1024.
    channels, wanted = 1, 0
    for filters in (64, 128, 256, 512, 1024):
        wanted += 9 * channels * filters + filters + 9 * filters * filters + filters
        channels = filters
    model = built((32, 32, 1), batch_norm=False)
    assert model.count_params() == wanted == 18_842_048


@pytest.mark.parametrize(("batch_norm", "count"), [(True, 4), (False, 0)])
def test_batch_normalisation_replaces_the_bias(batch_norm, count):
    model = built(filters=[2, 3], batch_norm=batch_norm)
    assert sum(isinstance(layer, keras.layers.BatchNormalization) for layer in model.layers) == count
    assert model.get_layer("level1_conv1").use_bias is not batch_norm


def test_convolutions_are_as_many_as_asked():
    model = built(filters=[2, 3], convolutions=3)
    assert sum(isinstance(layer, keras.layers.Conv2D) for layer in model.layers) == 6


def test_dropout_is_at_the_deepest_level_alone():
    names = [layer.name for layer in built(filters=[2, 3, 4], dropout=0.5).layers]
    assert [name for name in names if "dropout" in name] == ["level2_dropout"]
    assert not any("dropout" in layer.name for layer in built(filters=[2, 3]).layers)
