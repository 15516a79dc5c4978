"""A training for the tests of what is stopped, killed and resumed, and what it has to come to."""

import types

import keras
import numpy as np

from tests.engine.made import make_folder, make_spec

# Everything that has a state: dropout, moments, averages of the weights, a schedule, one that reacts, two stages.
STAGES = [
    {
        "epochs": 3,
        "learning_rate": 0.02,
        "optimizer": {"type": "adamw", "ema": 0.9},
        "rates": {"stem": 0.5},
        "schedule": {"type": "plateau", "patience": 1},
    },
    {
        "epochs": 2,
        "learning_rate": 0.01,
        "accumulate": 2,
        "schedule": {"type": "cosine", "warmup": 0.3},
        "augment": 0.5,
    },
]


def pictures(root):
    return make_folder(root / "pictures", {"dark": 16, "grey": 14, "light": 12}, noise=60)


def spec_of(folder):
    head = {"type": "classifier", "hidden": [6], "dropout": 0.4}
    return make_spec(
        folder, stages=STAGES, seed=3, head=head, augment=[{"type": "random_flip"}, {"type": "random_noise"}]
    )


def outcome(run):
    """Return what has to be the same: weights, figures, rates, and why stages ended."""
    model = keras.models.load_model(run.path / "model.keras")
    figures = [{name: value for name, value in line.items() if name != "seconds"} for line in run.metrics()]
    return types.SimpleNamespace(
        weights=model.get_weights(), figures=figures, stages=run.read("effective.json")["stages"]
    )


def assert_same(run, whole):
    found = outcome(run)
    assert found.figures == whole.figures
    assert found.stages == whole.stages
    assert all(np.array_equal(a, b) for a, b in zip(found.weights, whole.weights, strict=True))
