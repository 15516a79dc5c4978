import numpy as np

from tests.helpers import make, normal

NAN = np.nan


def jittered(x, seed=0, **parameters):
    return make("augmentation", "series_jitter", **parameters).apply(x, np.random.default_rng(seed))


def test_the_noise_is_a_fraction_of_each_channels_own_deviation():
    x = normal(50, 400, 2) * np.array([1.0, 100.0], "float32") + np.array([0.0, 7.0], "float32")
    noise = jittered(x, std=0.1) - x
    # Four standard errors of 20,000 draws of a deviation are 2 %.
    assert abs(noise[..., 0].std() / 0.1 - 1) < 0.03
    assert abs(noise[..., 1].std() / 10 - 1) < 0.03
    assert abs(noise[..., 0].mean()) < 4 * 0.1 / np.sqrt(20_000)


def test_each_series_has_noise_by_its_own_spread():
    x = normal(2, 4000, 1) * np.array([1.0, 5.0], "float32")[:, None, None]
    noise = jittered(x, std=0.5) - x
    assert abs(noise[1].std() / noise[0].std() - 5) < 0.5


def test_noise_is_drawn_for_every_step_and_channel():
    noise = jittered(normal(1, 5000, 2)) - normal(1, 5000, 2)
    assert abs(np.corrcoef(noise[0, :, 0], noise[0, :, 1])[0, 1]) < 0.06
    assert abs(np.corrcoef(noise[0, 1:, 0], noise[0, :-1, 0])[0, 1]) < 0.06


def test_what_is_missing_stays_missing_and_does_not_count_for_the_spread():
    x = np.array([[1.0, 3.0, NAN, 1.0, 3.0, NAN, NAN]], "float32")[..., None]
    whole = np.array([[1.0, 3.0, 1.0, 3.0]], "float32")[..., None]
    found = jittered(x, std=1.0)
    assert np.isnan(found[0, :, 0]).tolist() == [False, False, True, False, False, True, True]
    rng = np.random.default_rng(0)
    # The deviation of 1, 3, 1, 3 is 1.
    np.testing.assert_allclose(found[0, 0, 0], 1 + rng.standard_normal(1, dtype=np.float32)[0], rtol=1e-6)
    assert whole.std() == 1


def test_a_constant_series_stays_as_it_is():
    x = np.full((2, 9, 1), 4.0, "float32")
    np.testing.assert_array_equal(jittered(x), x)


def test_std_0_changes_nothing():
    np.testing.assert_array_equal(jittered(normal(2, 9, 3), std=0), normal(2, 9, 3))
