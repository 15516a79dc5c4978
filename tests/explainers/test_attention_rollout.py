import numpy as np

from kerascnn.spec import Attention
from kerascnn.testing.explainer import MadeUp
from tests.helpers import make


def rolled(shares, first):
    made = MadeUp(np.zeros((1, 2, 1), "float32"), np.zeros((2, 1), "float32"))
    made.attention = lambda: Attention([np.array([one], "float32") for one in shares], first, lambda maps: maps)
    return make("explainer", "attention_rollout").explain(made)


def test_blocks_are_multiplied_each_half_what_it_was_given():
    one, two = [[0, 1], [1, 0]], [[1, 0], [1, 0]]
    # (two + 1) / 2 = [[1, 0], [.5, .5]], times (one + 1) / 2 = [[.5, .5], [.5, .5]]: all halves.
    assert np.allclose(rolled([one, two], 0), [[0.5, 0.5]])
    # The other way round: [[.75, .25], [.75, .25]].
    assert np.allclose(rolled([two, one], 0), [[0.75, 0.25]])


def test_the_token_that_is_read_says_what_of_each_place_it_got():
    shares = [[0.2, 0.1, 0.7], [0, 1, 0], [0, 0, 1]]
    assert np.allclose(rolled([shares], 1), [[0.05, 0.35]])
