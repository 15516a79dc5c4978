"""`batch_size: auto` is the largest power of two that fits, and stays what it was when a run is resumed."""

import numpy as np
import psutil
import pytest

from kerascnn.engine import batch_size, processes
from kerascnn.engine.batch_size import LEAST, candidates, settle, try_steps, with_batch_size
from kerascnn.engine.data import load_data
from kerascnn.engine.summary import summarize
from kerascnn.engine.train import resume, train
from kerascnn.errors import SpecError, StoppedError
from kerascnn.runs.folder import list_runs
from tests.engine.made import make_folder, make_spec

GIB = 2**30


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return make_folder(tmp_path_factory.mktemp("data") / "pictures", {"dark": 80, "light": 80}, noise=60)


@pytest.fixture(scope="module")
def info(folder):
    return load_data(make_spec(folder)).info


@pytest.fixture
def free(monkeypatch):
    """Return a function that says how many bytes are free, and that there is no GPU."""

    def say(number, gpus=()):
        monkeypatch.setattr(batch_size, "gpus", lambda: list(gpus))
        monkeypatch.setattr(batch_size, "free_device_memory", lambda: number)
        monkeypatch.setattr(psutil, "virtual_memory", lambda: type("Memory", (), {"available": number}))

    return say


@pytest.mark.parametrize(
    ("samples", "largest", "number"),
    [
        (10**6, 1024, 8),
        (8192, 1024, 8),
        (8191, 512, 7),
        (1257, 128, 5),
        (128, 16, 2),
        (64, 8, 1),
        (63, 8, 1),
        (1, 8, 1),
    ],
)
def test_powers_of_two_from_8_to_1024_and_an_epoch_has_eight_at_least(samples, largest, number):
    found = candidates(samples)
    assert (found[0], len(found), found[-1]) == (largest, number, LEAST)
    assert found == sorted(found, reverse=True)


def test_a_number_is_left_as_it_is(folder, info):
    spec = make_spec(folder, batch_size=20)
    assert settle(spec, info, 100) == (spec, None)


def test_the_largest_is_taken_where_all_fit(folder, info, free):
    free(64 * GIB)
    spec, facts = settle(make_spec(folder, batch_size="auto"), info, 80)
    assert spec.train.batch_size == facts["used"] == 8
    spec, facts = settle(make_spec(folder, batch_size="auto"), info, 8 * 64)
    assert spec.train.batch_size == facts["used"] == 64
    assert facts["why"].startswith("the largest power of two that is sensible: 8 of them make an epoch of 512; a step")
    assert facts["why"].endswith(" GiB by the forecast, and 64 are free")
    assert (facts["asked"], facts["free_bytes"]) == ("auto", 64 * GIB)


def test_the_forecast_decides_where_memory_is_scarce(folder, info, free):
    spec = make_spec(folder, batch_size="auto")
    needed = summarize(with_batch_size(spec, 256), info)["memory_bytes"]
    free(int(needed / 0.8) + 8)
    _, facts = settle(spec, info, 10**6)
    assert (facts["used"], facts["forecast_bytes"]) == (256, needed)
    assert facts["why"].startswith("the largest power of two that fits: ")
    free(int(needed / 0.8) - 8)
    assert settle(spec, info, 10**6)[1]["used"] == 128


def test_where_nothing_fits_the_smallest_is_tried(folder, info, free):
    free(1000)
    _, facts = settle(make_spec(folder, batch_size="auto"), info, 10**6)
    assert facts["used"] == 8
    assert facts["why"].startswith("the smallest, though a step takes ")


def test_each_gpu_needs_memory_for_its_part_of_a_batch_and_devices_of_a_cpu_for_all(folder, info, free):
    one, two = (make_spec(folder, batch_size="auto", devices=number) for number in (1, 2))
    needed = summarize(with_batch_size(one, 256), info)["memory_bytes"]
    free(int(needed / 0.8) + 8, gpus=["H200", "H200"])
    assert (settle(one, info, 10**6)[1]["used"], settle(two, info, 10**6)[1]["used"]) == (256, 512)
    free(int(needed / 0.8) + 8)
    assert settle(two, info, 10**6)[1]["used"] == 256


def test_processes_that_train_together_go_by_the_one_that_has_the_least(folder, info, free, monkeypatch):
    spec = make_spec(folder, batch_size="auto")
    needed = summarize(with_batch_size(spec, 256), info)["memory_bytes"]
    free(64 * GIB)
    monkeypatch.setattr(processes, "rows", lambda own: np.array([[own], [int(needed / 0.8) + 8]], "float64"))
    _, facts = settle(spec, info, 10**6)
    assert (facts["used"], facts["free_bytes"]) == (256, int(needed / 0.8) + 8)


def test_a_gpu_that_does_not_say_is_tried_from_the_largest_on(folder, info, free, monkeypatch):
    free(None, gpus=["H200"])
    spec, facts = settle(make_spec(folder, batch_size="auto"), info, 8 * 64)
    assert (facts["used"], facts["free_bytes"]) == (64, None)
    tried = []

    def takes(spec, phases, number):
        tried.append((spec.train.batch_size, number))
        return spec.train.batch_size <= 16

    monkeypatch.setattr(batch_size, "_takes_a_step", takes)
    spec, facts = try_steps(spec, facts, lambda spec: None)
    assert tried == [(64, 0), (32, 0), (16, 0)]
    assert (spec.train.batch_size, facts["used"], facts["why"]) == (16, 16, "tried: a batch of 32 found no memory")


@pytest.mark.slow
def test_a_step_is_taken_for_real_and_leaves_nothing(folder, info, free, monkeypatch):
    import keras

    from kerascnn.engine.build import build
    from kerascnn.engine.phase import Phases

    free(64 * GIB)
    data = load_data(make_spec(folder))
    spec, facts = settle(make_spec(folder, batch_size="auto"), info, 256)
    built = build(spec, info)
    before = built.model.get_weights()
    enter = lambda spec: Phases(spec, data, built, lambda resized: built)  # noqa: E731
    assert try_steps(spec, facts, enter) == (spec, facts)
    real = keras.Model.train_on_batch

    class ResourceExhaustedError(Exception):
        pass

    def small(self, elements, targets):
        real(self, elements, targets)
        if len(elements) > 8:
            raise ResourceExhaustedError

    monkeypatch.setattr(keras.Model, "train_on_batch", small)
    assert try_steps(spec, facts, enter)[1]["used"] == 8
    assert all(np.array_equal(a, b) for a, b in zip(before, built.model.get_weights(), strict=True))


@pytest.mark.parametrize("value", [0, 65_537, 2.5, "many", True, None, -1])
def test_anything_but_a_number_or_auto_is_refused(folder, value):
    with pytest.raises(SpecError, match=r"train\.batch_size: should be "):
        make_spec(folder, batch_size=value)


def test_a_training_says_what_it_took_and_a_resume_takes_the_same(folder, tmp_path, free):
    free(64 * GIB)
    spec = make_spec(folder, batch_size="auto")
    steps = iter(range(1, 100))
    with pytest.raises(StoppedError):
        train(spec, tmp_path, stop=lambda: 75 if next(steps) == 2 else None)
    [run] = list_runs(tmp_path)
    effective = run.read("effective.json")
    assert effective["batch_size"] == effective["batch"]["used"] == 8
    assert f"batch size 8: {effective['batch']['why']}" in (run.path / "logs" / "run.log").read_text()
    free(1)
    resume(run)
    assert run.read("effective.json")["batch"] == effective["batch"]
    assert run.read("spec.resolved.json")["train"]["batch_size"] == "auto"
