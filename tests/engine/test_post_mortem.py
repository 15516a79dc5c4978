"""The layer that went first is named with its place in the spec."""

import keras
import numpy as np
import pytest

from kerascnn.engine.build import build
from kerascnn.engine.data import load_data
from kerascnn.engine.phase import Phases
from kerascnn.engine.post_mortem import first_to_fail
from tests.engine.made import make_folder, make_spec

LAYERS = [
    {"type": "flatten"},
    {"type": "dense", "units": 4},
    {"type": "dense", "units": 4, "activation": "exponential"},
    {"type": "dense", "units": 4, "activation": "exponential"},
]


@pytest.fixture(scope="module")
def phase(tmp_path_factory):
    folder = make_folder(tmp_path_factory.mktemp("data") / "pictures", {"a": 16, "b": 16})
    spec = make_spec(folder, backbone={"type": "layers", "layers": LAYERS})
    data = load_data(spec)
    built = build(spec, data.info)
    found = Phases(spec, data, built, lambda other: built).enter(0)
    model = keras.Model(found.model.input, found.model.output)
    return found, model, spec.task.loss(data.info)


def prepared(phase, rate):
    """Return the stage and its model, compiled anew with this rate on the weights of the beginning."""
    found, model, loss = phase
    model.compile(keras.optimizers.SGD(rate), loss=loss)
    return found, model


def test_an_output_that_overflows_is_named(phase):
    found, model = prepared(phase, 0.0)
    weights = model.get_weights()
    changed = [*weights]
    changed[2] = np.full_like(weights[2], 1e4)
    model.set_weights(changed)
    said = first_to_fail(found, model, 0, 3)
    model.set_weights(weights)
    assert said.startswith("the first numbers that are not finite are the output of 'dense")
    assert said.endswith("(model.backbone.layers.2)")


def test_a_weight_that_overflows_after_a_sound_step_is_named(phase):
    found, model = prepared(phase, float("inf"))
    weights = model.get_weights()
    said = first_to_fail(found, model, 0, 3)
    model.set_weights(weights)
    assert said.startswith("the first numbers that are not finite are the weights of '")
    assert said.endswith("', after a step whose loss was finite")


def test_where_nothing_fails_nothing_is_said(phase):
    found, model = prepared(phase, 1e-6)
    assert first_to_fail(found, model, 0, 4) == ""
