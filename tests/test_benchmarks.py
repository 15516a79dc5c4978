"""The benchmarks of training: that they run, and that what they measure is what they say."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parent.parent


def loaded(name):
    spec = importlib.util.spec_from_file_location(f"benchmark_{name}", ROOT / "benchmarks" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def training():
    return loaded("training")


@pytest.fixture(scope="module")
def gpu():
    before = os.environ.copy()
    module = loaded("gpu")
    os.environ.clear()
    os.environ.update(before)
    return module


def run(name, *arguments, **environment):
    command = [sys.executable, str(ROOT / "benchmarks" / f"{name}.py"), *arguments]
    paths = os.pathsep.join(filter(None, [os.environ.get("PYTHONPATH", ""), str(ROOT)]))
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": paths, **environment},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def test_every_case_of_training_is_a_spec(training, tmp_path):
    for name, case in training.CASES.items():
        spec = training.our_spec(case, tmp_path)
        assert spec.train.batch_size == case.batch, name
        assert bool(spec.augment) == name.endswith("augmented")


def test_a_network_by_hand_is_spelled_as_a_spec_spells_it(training):
    net = [("sum", [("conv", 4, 3, 1), ("norm",)], []), ("conv", 2, 5, 1, True), ("mean",)]
    assert training.spelled(net) == (
        "[{type: parallel, merge: add, branches: [[{type: conv1d, filters: 4, kernel_size: 3, use_bias: false}, "
        "{type: batch_norm}], []]}, {type: conv1d, filters: 2, kernel_size: 5, use_bias: true}, "
        "{type: global_average_pooling1d}]"
    )


def test_medians_are_those_of_the_later_epochs(training):
    clock = training.Clock()
    clock.begins = [(0, 0), (100, 50), (110, 60)]
    clock.ends = [(90, 45), (104, 56), (118, 70)]
    clock.kept = [(95, 47), (107, 57), (120, 72)]
    assert clock.facts() == {"steps": 6, "cpu": 8, "whole": 12.5}


def test_pytorch_that_is_not_there_is_said_and_nothing_fails(training, tmp_path):
    if importlib.util.find_spec("torch"):
        pytest.skip("PyTorch is here")
    training.make(training.CASES["TextCNN"], tmp_path, 1)
    assert training.ask("torch", sys.executable, "tensorflow", "TextCNN", tmp_path) == {}


def test_a_side_that_fails_ends_the_measurement_with_its_last_words(training, tmp_path):
    with pytest.raises(SystemExit, match=r"LeNet: the side 'nobody' ended with 1: (.|\n)*KeyError"):
        training.ask("nobody", sys.executable, "tensorflow", "LeNet", tmp_path)


def test_made_sets_are_the_same_each_time_and_have_all_classes_alike(gpu):
    x, y = gpu.made_set((12, 12, 3), 200)
    again, _ = gpu.made_set((12, 12, 3), 200)
    other, _ = gpu.made_set((12, 12, 3), 200, seed=1)
    assert x.dtype == np.uint8
    assert x.shape == (200, 12, 12, 3)
    assert (np.bincount(y) == 20).all()
    assert (x == again).all()
    assert (x != other).any()


@pytest.mark.parametrize("shape", [(28, 28, 1), (32, 32, 3)])
def test_a_linear_model_does_not_tell_the_made_classes_apart(gpu, shape):
    assert 0.1 < gpu.linear(*gpu.made_set(shape, 1600)) < 0.8


def test_smooth_patterns_have_spots_of_the_size_that_was_asked_for(gpu):
    found = gpu.smooth(np.random.default_rng(0), 4, 64, 64, 1, 2.0)
    assert found.mean((1, 2, 3)) == pytest.approx(0, abs=1e-5)
    assert found.std((1, 2, 3)) == pytest.approx(1, abs=1e-5)
    # White noise through a Gaussian of s pixels: pixels d apart correlate with exp(-d^2 / 4 s^2), here exp(-1/4).
    assert (found[:, 2:] * found[:, :-2]).mean() == pytest.approx(np.exp(-1 / 4), abs=0.03)


def test_the_goal_is_reached_in_the_first_epoch_that_is_good_enough(gpu):
    told = [{"accuracy": accuracy, "seconds": 10.0 * i} for i, accuracy in enumerate((0.5, 0.94, 0.93, 0.96), 1)]
    assert gpu.reached(told) == {
        "best": 0.96,
        "epochs": 4,
        "first epoch": 10.0,
        "goal": {"epochs": 2, "seconds": 20.0},
    }
    assert gpu.reached(told[:1])["goal"] is None


def test_one_that_fails_is_told_and_the_others_go_on(gpu):
    assert gpu.attempt(lambda: {"step": 1.0}) == {"step": 1.0}
    assert gpu.attempt(lambda: {"step": 1 / 0}) == {"fails": "ZeroDivisionError: division by zero"}


def test_pictures_on_the_device_are_flipped_and_cropped_as_by_hand(gpu):
    pytest.importorskip("jax")
    x, y = gpu.made_set((9, 8, 3), 20)
    data = gpu.OnDevice(x, y, 4)
    order, top, left = np.array([7, 3, 0, 7]), np.array([0, 8, 4, 2]), np.array([8, 0, 4, 3])
    mirrored = np.array([True, False, False, True])
    data.steps = 1
    found, answers = data.arranged(data.x, data.y, order, top, left, mirrored)
    margin = gpu.MARGIN
    for i, n in enumerate(order):
        wide = np.pad(x[n], ((margin, margin), (margin, margin), (0, 0)), mode="reflect")
        piece = wide[top[i] : top[i] + 9, left[i] : left[i] + 8]
        assert (np.asarray(found[0, i]) == (piece[:, ::-1] if mirrored[i] else piece)).all()
        assert np.asarray(answers[0, i]).argmax() == y[n]


def test_every_picture_on_the_device_comes_once_an_epoch(gpu):
    pytest.importorskip("jax")
    x, _ = gpu.made_set((8, 8, 1), 20)
    data = gpu.OnDevice(x, np.arange(20) % 10, 5)
    _, first = data.epoch(0)
    _, second = data.epoch(1)
    assert first.shape == (4, 5, 10)
    assert np.asarray(first).sum((0, 1)).tolist() == [2] * 10
    assert (np.asarray(first) != np.asarray(second)).any()


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_quick_gpu_prints_one_document_in_which_nothing_fails(backend, tmp_path):
    file = tmp_path / "told.json"
    told = json.loads(run("gpu", "--quick", "--output", str(file), KERAS_BACKEND=backend))
    assert told == json.loads(file.read_text())
    assert told["about"]["backend"] == backend
    cases = [case for part in ("steps", "feeding", "reaching") for case in told[part]]
    assert [case for case in cases if "fails" in case] == []
    assert len(told["feeding"]) == (5 if backend == "jax" else 3)


@pytest.mark.slow
def test_quick_training_measures_every_case(training):
    lines = run("training", "--quick").splitlines()
    rows = [line for line in lines if line.startswith(tuple(training.CASES))]
    assert len(rows) == len(training.CASES)
