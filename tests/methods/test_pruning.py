"""Pruning: how the share of zeros rises, and what its fields refuse."""

import pytest
from pydantic import ValidationError

from tests.helpers import make


def shares(epochs, **fields):
    method = make("method", "pruning", **fields)
    return [round(method.at(epoch, epochs), 6) for epoch in range(epochs)]


def test_the_share_rises_by_the_cube_of_what_is_left():
    # 0.8 - 0.8 * (1, 0.75, 0.5, 0.25, 0)^3
    assert shares(6, sparsity=0.8, end=0.7) == [0.0, 0.4625, 0.7, 0.7875, 0.8, 0.8]


def test_before_the_beginning_nothing_is_pruned_and_then_the_initial_share_is():
    assert shares(4, sparsity=0.75, initial=0.25, begin=0.25, end=0.75) == [0.0, 0.25, 0.6875, 0.75]


def test_one_epoch_has_the_final_share():
    assert shares(1, sparsity=0.9, begin=0.0, end=1.0) == [0.9]
    assert shares(2, sparsity=0.9, begin=0.5, end=0.5) == [0.0, 0.9]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"begin": 0.6, "end": 0.5}, "has begin 0.6 and end 0.5; begin should not be above end"),
        ({"initial": 0.9, "sparsity": 0.5}, "has initial 0.9 and sparsity 0.5; initial should not be above sparsity"),
        ({"sparsity": 1.0}, "less than 1"),
        ({"sparsity": 0}, "greater than 0"),
    ],
)
def test_what_makes_no_sense_is_refused(fields, message):
    with pytest.raises(ValidationError, match=message):
        make("method", "pruning", **fields)
