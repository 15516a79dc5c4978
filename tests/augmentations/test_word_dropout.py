import numpy as np

from tests.helpers import make


def dropped(x, seed=0, **parameters):
    return make("augmentation", "word_dropout", **parameters).apply(x, np.random.default_rng(seed))


def test_the_given_share_of_tokens_becomes_unknown():
    x = np.full((100, 200), 5, "int32")
    found = dropped(x, probability=0.3)
    assert set(found.ravel().tolist()) == {1, 5}
    # Four standard errors of 20,000 draws.
    assert abs((found == 1).mean() - 0.3) < 0.013


def test_all_other_tokens_stay_where_they_are():
    x = np.arange(2, 2002, dtype="int32").reshape(10, 200)
    found = dropped(x)
    np.testing.assert_array_equal(found[found != 1], x[found != 1])


def test_padding_stays_padding():
    x = np.array([[7, 8, 0, 0], [0, 0, 0, 0]], "int32")
    found = dropped(x, probability=0.99)
    assert found.tolist() == [[1, 1, 0, 0], [0, 0, 0, 0]]


def test_each_text_is_changed_on_its_own():
    found = dropped(np.full((20, 60), 5, "int32"), probability=0.5)
    assert len({row.tobytes() for row in found}) == 20


def test_probability_0_changes_nothing():
    x = np.arange(12, dtype="int32").reshape(2, 6)
    found = dropped(x, probability=0.0)
    np.testing.assert_array_equal(found, x)
    assert found.dtype == np.int32
