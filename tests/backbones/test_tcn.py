import keras
import numpy as np
import pytest

from tests.backbones.series import answers, assert_blind_to_padding, shapes, trained_weights
from tests.helpers import make, normal, numpy


def test_the_weights_are_those_of_the_paper_on_pixels_one_by_one():
    # 8 levels of 25 channels and kernels of 7; with the head for ten classes about 70,000 (Bai et al. 2018).
    first = (7 + 1 * 0) * 25 + 25 + 7 * 25 * 25 + 25 + (25 + 25)
    others = 7 * 2 * (7 * 25 * 25 + 25)
    assert trained_weights(make("backbone", "tcn", filters=25, levels=8, kernel_size=7)) == first + others == 66_250


def test_features_are_the_series_itself_and_a_row():
    assert shapes(make("backbone", "tcn", filters=8, levels=2), (24, 3)) == {"P0": (24, 3), "out": (8,)}


@pytest.mark.parametrize("output", ["last", "mean"])
def test_padding_behind_a_series_changes_nothing(output):
    assert_blind_to_padding("tcn", filters=8, levels=3, dropout=0.0, output=output)


def test_the_last_step_sees_its_receptive_field_and_no_more():
    backbone = make("backbone", "tcn", filters=16, levels=3, kernel_size=3)
    assert backbone.receptive_field() == 29
    series = np.repeat(1 + np.abs(normal(1, 50, 1)), 51, axis=0)
    series[np.arange(50), np.arange(50)] += 10
    rows, _ = answers(backbone, series)
    moved = np.abs(rows[:50] - rows[50]).max(1) > 0
    assert moved.tolist() == [False] * 21 + [True] * 29


def test_no_step_sees_what_comes_later():
    x = keras.Input((30, 1))
    backbone = make("backbone", "tcn", filters=4, levels=2)
    y = x
    for i in range(2):
        y = backbone._block(y, 2**i, f"b{i}")
    model = keras.Model(x, y)
    series = normal(1, 30, 1)
    later = series.copy()
    later[0, 20:] += 5
    before, after = numpy(model(series, training=False)), numpy(model(later, training=False))
    np.testing.assert_array_equal(before[:, :20], after[:, :20])
    assert np.abs(before - after)[:, 20].max() > 0


def test_with_window_norm_level_and_scale_do_not_matter_and_p0_keeps_them():
    backbone = make("backbone", "tcn", filters=8, levels=2, window_norm=True)
    window = normal(4, 16, 2)
    one, weights = answers(backbone, window)
    other, _ = answers(backbone, 1000 + 50 * window, weights=weights)
    np.testing.assert_allclose(one, other, atol=2e-3)
    x = keras.Input((16, 2))
    kept = numpy(keras.Model(x, backbone.apply(x)["P0"])(1000 + 50 * window))
    np.testing.assert_array_equal(kept, 1000 + 50 * window)


def test_with_window_norm_zeros_at_the_end_are_values():
    backbone = make("backbone", "tcn", filters=8, levels=2, window_norm=True)
    window = normal(2, 16, 1)
    window[:, 12:] = 0
    shorter = window.copy()
    shorter[:, 8:] = 0
    one, weights = answers(backbone, window)
    assert np.abs(one - answers(backbone, shorter, weights=weights)[0]).max() > 1e-3
