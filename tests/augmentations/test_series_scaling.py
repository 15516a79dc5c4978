import numpy as np

from tests.helpers import make, normal

NAN = np.nan


def scaled(x, seed=0, **parameters):
    return make("augmentation", "series_scaling", **parameters).apply(x, np.random.default_rng(seed))


def test_every_channel_of_every_series_has_one_factor_of_its_own():
    x = np.abs(normal(5, 30, 3)) + 1
    factors = scaled(x) / x
    np.testing.assert_allclose(factors, factors[:, :1].repeat(30, axis=1), rtol=1e-5)
    assert len(np.unique(factors[:, 0].round(5))) == 15


def test_the_logarithm_of_the_factor_has_the_given_deviation():
    logarithms = np.log(scaled(np.ones((10_000, 1, 2), "float32"), std=0.3))
    # Four standard errors of 20,000 draws.
    assert abs(logarithms.mean()) < 0.0085
    assert abs(logarithms.std() - 0.3) < 0.006


def test_no_series_is_turned_upside_down():
    assert (scaled(np.ones((10_000, 1, 1), "float32"), std=1.0) > 0).all()


def test_what_is_missing_stays_missing():
    x = np.array([[2.0, NAN, 4.0, NAN]], "float32")[..., None]
    found = scaled(x)[0, :, 0]
    assert np.isnan(found).tolist() == [False, True, False, True]
    np.testing.assert_allclose(found[2], 2 * found[0], rtol=1e-6)


def test_std_0_changes_nothing():
    np.testing.assert_array_equal(scaled(normal(2, 9, 3), std=0), normal(2, 9, 3))
