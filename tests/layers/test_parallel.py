import keras
import numpy as np
import pytest

from kerascnn.errors import BuildError
from kerascnn.spec.compose import compose
from tests.helpers import layer, normal, run

NEGATE = [{"type": "dense", "units": 3, "use_bias": False}]
MERGES = {
    "concatenate": lambda a, b: np.concatenate([a, b], -1),
    "add": lambda a, b: a + b,
    "average": lambda a, b: (a + b) / 2,
    "maximum": np.maximum,
    "multiply": lambda a, b: a * b,
}


@pytest.mark.parametrize("merge", MERGES)
def test_parallel_merges_its_branches(merge):
    x, kernel = normal(2, 4, 4, 3), normal(3, 3, seed=1)
    found = run(layer("parallel", branches=[NEGATE, []], merge=merge), x, [kernel])
    np.testing.assert_allclose(found, MERGES[merge](x @ kernel, x), rtol=1e-4, atol=1e-5)


def test_one_branch_needs_no_merge():
    x, kernel = normal(2, 3), normal(3, 3, seed=1)
    np.testing.assert_allclose(run(layer("parallel", branches=[NEGATE]), x, [kernel]), x @ kernel, rtol=1e-4, atol=1e-5)


def test_concatenation_joins_different_numbers_of_channels():
    branches = [[{"type": "conv2d", "filters": 4}], [{"type": "conv2d", "filters": 2, "kernel_size": 5}], []]
    assert layer("parallel", branches=branches).apply(keras.Input((8, 8, 3))).shape == (None, 8, 8, 9)


@pytest.mark.parametrize(
    ("merge", "branch", "word"),
    [
        ("concatenate", {"type": "max_pooling2d"}, "sizes"),
        ("add", {"type": "conv2d", "filters": 4}, "shapes"),
        ("multiply", {"type": "global_max_pooling2d", "keepdims": True}, "shapes"),
    ],
)
def test_branches_that_cannot_be_joined_are_refused(merge, branch, word):
    with pytest.raises(BuildError, match=f"different {word}") as caught:
        compose([layer("parallel", branches=[[branch], []], merge=merge)], keras.Input((8, 8, 3)), "layers")
    assert caught.value.spec_path == "layers.0"


def test_an_error_inside_a_branch_carries_its_path():
    branches = [[], [{"type": "activation"}, {"type": "group_norm"}]]
    with pytest.raises(BuildError) as caught:
        compose([layer("parallel", branches=branches)], keras.Input((8, 8, 3)), "layers")
    assert caught.value.spec_path == "layers.0.branches.1.1"
