import numpy as np

from kerascnn.augmentations.series_ops import at_places, deviations, lengths

NAN = np.nan


def series(*rows):
    return np.array(rows, "float32")[..., None]


def test_the_length_reaches_to_the_last_value_of_any_channel():
    x = series([1, 2, 3], [1, NAN, 3], [NAN, 2, NAN], [NAN, NAN, NAN])
    assert lengths(x).tolist() == [3, 3, 2, 0]
    two = np.concatenate([x, x[[2, 2, 0, 3]]], axis=-1)
    assert lengths(two).tolist() == [3, 3, 3, 0]


def test_deviations_leave_out_what_is_missing():
    x = series([1, 3, NAN], [5, 5, 5], [NAN, NAN, NAN])
    assert deviations(x).ravel().tolist() == [1, 0, 0]
    assert deviations(x).shape == (3, 1, 1)


def test_values_between_steps_are_interpolated_linearly():
    x = series([0, 10, 40])
    assert at_places(x, np.array([[0.25, 1.0, 1.5]]), np.array([3]))[0, :, 0].tolist() == [2.5, 10, 25]


def test_the_nearer_step_decides_whether_a_value_is_missing():
    x = series([0, NAN, 40, 50])
    found = at_places(x, np.array([[0.4, 0.6, 1.4, 1.75]]), np.array([4]))[0, :, 0]
    assert np.isnan(found).tolist() == [False, True, True, False]
    assert (found[0], found[3]) == (0, 40)


def test_places_beyond_the_ends_show_the_ends_and_padding_stays():
    x = series([1, 2, NAN, NAN])
    found = at_places(x, np.array([[-3.0, 9.0, 0.0, 0.0]]), np.array([2]))[0, :, 0]
    assert found[:2].tolist() == [1, 2]
    assert np.isnan(found[2:]).all()
