"""Training on several devices, and in several processes."""

import json
import os
import socket
import subprocess
import sys

import numpy as np
import pytest

from kerascnn.engine import batch_size, distribute, processes
from kerascnn.engine.batch_size import undividable
from kerascnn.engine.devices import differences
from kerascnn.engine.distribute import check_devices, choose_devices, shared
from kerascnn.engine.processes import OwnStream
from kerascnn.engine.stream import Stream
from kerascnn.errors import BuildError, UsageError
from kerascnn.runs.folder import list_runs
from tests.engine.made import make_folder, make_spec


@pytest.fixture
def machine(monkeypatch):
    """Return a function that pretends to be a machine with so many devices."""

    def pretend(backend="tensorflow", devices=("gpu:0", "gpu:1", "gpu:2", "gpu:3")):
        monkeypatch.setattr(distribute, "backend", lambda: backend)
        monkeypatch.setattr(distribute, "found_devices", lambda: list(devices))

    return pretend


def spec(**train):
    return make_spec({"type": "digits"}, **{"batch_size": 32, **train})


def chosen(made, samples=1000, held=100):
    new, facts = choose_devices(made, samples, held)
    assert new.train.devices == len(facts["used"])
    return len(facts["used"]), facts["why"]


def test_auto_takes_every_gpu(machine):
    machine()
    assert chosen(spec(devices="auto")) == (4, "every GPU")


def test_auto_takes_one_device_where_there_is_no_gpu(machine):
    machine(devices=["cpu:0", "cpu:1"])
    assert chosen(spec(devices="auto")) == (1, "there is no GPU")


def test_auto_takes_one_device_with_torch(machine):
    machine("torch")
    assert chosen(spec(devices="auto"))[0] == 1


@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_auto_takes_as_many_as_share_each_batch(machine, backend):
    machine(backend)
    count, why = chosen(spec(devices="auto", batch_size=9))
    assert count == 3
    assert "a batch of 9 cannot be shared evenly by 4" in why


def test_auto_says_what_an_odd_batch_costs(machine):
    machine()
    assert chosen(spec(devices="auto", batch_size=7))[0] == 1


def refused(made, samples=1000, held=100):
    with pytest.raises(BuildError) as caught:
        choose_devices(made, samples, held)
    assert caught.value.spec_path == "train.devices"
    return str(caught.value)


def test_devices_that_are_not_there_are_refused(machine):
    machine(devices=["gpu:0"])
    assert refused(spec(devices=2)).endswith("is 2, and tensorflow sees one: gpu:0")


def test_a_batch_that_cannot_be_shared_is_refused(machine):
    machine("jax")
    assert refused(spec(devices=3)).endswith("a batch of 32 cannot be shared evenly by 3; take 30 or 33 samples")


def test_the_batch_of_a_stage_counts(machine):
    machine()
    made = spec(devices=4, stages=[{"epochs": 1}, {"epochs": 1, "batch_size": 3}])
    assert "a batch of 3 cannot be shared evenly by 4; take 4 samples" in refused(made)


def test_fewer_samples_than_a_batch_count(machine):
    machine()
    assert "a batch of 21 cannot be shared evenly by 2" in refused(spec(devices=2), samples=21)


def test_torch_trains_on_one_device(machine):
    machine("torch")
    assert "with the torch backend training takes one" in refused(spec(devices=2))


def test_tensorflow_does_not_accumulate_on_several(machine):
    machine()
    assert "train.stages.0.accumulate is 2" in refused(spec(devices=2, stages=[{"accumulate": 2}]))
    machine("jax")
    assert chosen(spec(devices=2, stages=[{"accumulate": 2}]))[0] == 2


def test_a_validation_split_that_leaves_a_device_idle_is_refused(machine):
    machine()
    assert "shares the 3 validation samples among 2" in refused(spec(devices=2), held=3)
    machine("jax")
    assert chosen(spec(devices=2), held=3)[0] == 2


@pytest.mark.parametrize("devices", [2, 3, 4, 8])
@pytest.mark.parametrize("samples", [8, 11, 25, 40, 101])
def test_no_validation_batch_leaves_a_tensorflow_device_without_samples(machine, devices, samples):
    machine("tensorflow")
    size = shared(32, samples, devices)
    if not size:
        assert samples < 8 * devices
        return
    assert size % devices == 0
    for n in {min(size, samples), samples % size or size}:
        parts = [len(part) for part in np.split(np.arange(n), range(-(-n // devices), n, -(-n // devices)))]
        assert len(parts) == devices


def test_jax_works_on_the_whole_of_batches_that_cannot_be_shared(machine):
    machine("jax")
    assert shared(8, 24, 2) == 8
    assert shared(8, 25, 2) % 2 == 1


def test_what_no_data_could_make_possible_is_refused_before_they_are_read(machine, tmp_path):
    machine(devices=["gpu:0"])
    for made in (spec(devices=2), spec(devices=2, stages=[{"accumulate": 2}])):
        with pytest.raises(BuildError, match="tensorflow sees one: gpu:0"):
            check_devices(made)
    machine(devices=["gpu:0", "gpu:1"])
    with pytest.raises(BuildError, match="gradients accumulate on one device alone"):
        check_devices(spec(devices=2, stages=[{"accumulate": 2}]))
    check_devices(spec(devices=2, batch_size=33))  # shared evenly where there are 32 samples
    check_devices(spec(devices="auto"))


def test_batches_are_divided_only_where_devices_still_share_them(monkeypatch):
    monkeypatch.setattr(batch_size, "backend", lambda: "jax")
    assert undividable(8, 4, 2) == ""
    assert undividable(8, 8, 2) == "a batch of 8 cannot be in 8 parts for 2 devices"
    assert undividable(8, 8, 1) == ""
    assert undividable(7, 8, 1) == "a batch of 7 cannot be in 8 parts"
    assert undividable(1024, 128, 1) == "each batch is in 64 parts already"
    monkeypatch.setattr(batch_size, "backend", lambda: "tensorflow")
    assert "accumulate on one device alone" in undividable(8, 2, 2)
    monkeypatch.setattr(processes, "count", lambda: 2)
    assert "processes that train together do not divide a batch" in undividable(8, 2, 1)


def test_another_number_of_devices_is_a_difference():
    assert differences({"devices": 2, "processes": 1}, {"devices": 1, "processes": 1}) == ["devices was 2, is 1"]
    assert differences({}, {}) == []


# Both backends, for real: two virtual devices of the CPU.


def trained(backend, folder, *how):
    pytest.importorskip(backend)
    command = [sys.executable, "-m", "tests.engine.on_devices", backend, str(folder), *how]
    done = subprocess.run(command, capture_output=True, text=True, timeout=1200, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads((folder / "found.json").read_text())


def assert_as_on_one_device(found):
    assert found["apart"]["weights"] < 2e-6
    assert found["apart"]["figures"] < 5e-6
    assert found["evaluated"][1] == pytest.approx(found["evaluated"][0], abs=5e-6)
    assert found["norms"] == [False]
    assert found["effective"]["devices"] == {"asked": 2, "used": ["cpu:0", "cpu:1"], "why": "the spec says so"}


@pytest.mark.parametrize("backend", ["tensorflow", pytest.param("jax", marks=pytest.mark.slow)])
def test_two_devices_come_to_the_result_of_one(backend, tmp_path):
    found = trained(backend, tmp_path)
    assert_as_on_one_device(found)
    assert [place for place, _ in found["refused"]] == ["train.devices", "train.devices"]


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["jax", "tensorflow"])
def test_two_devices_train_stages_of_every_kind_and_go_on_to_the_bit(backend, tmp_path):
    found = trained(backend, tmp_path, "all")
    assert_as_on_one_device(found)
    assert found["effective"]["stages"][1]["features"]["views"] == 1
    assert found["resumed"]
    assert found["another number"]["differences"] == ["devices was 2, is 1"]
    assert found["another number"]["exact"] is False
    assert found["mixed"] == 8


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["jax", "tensorflow"])
def test_two_devices_do_what_methods_and_the_search_for_a_rate_do_on_one(backend, tmp_path):
    found = trained(backend, tmp_path, "methods")
    for name in ("distillation", "pruning", "snapshots"):
        assert found["methods"][name]["weights"] < 5e-6, name
        assert found["methods"][name]["figures"] < 5e-6, name
    assert found["rates"][1] == pytest.approx(found["rates"][0], abs=5e-6)


# Several processes.


@pytest.fixture
def launched(monkeypatch):
    """Return a function that sets what a launcher sets."""

    def launch(backend="jax", **values):
        monkeypatch.setattr(processes, "backend", lambda: backend)
        monkeypatch.setattr(processes, "_connect", lambda *where: pytest.fail("it connects"))
        for name in (processes.NUMBER, processes.INDEX, processes.ADDRESSES, "TF_CONFIG"):
            monkeypatch.delenv(name, raising=False)
        for name, value in values.items():
            monkeypatch.setenv(name if name == "TF_CONFIG" else f"KERAS_DISTRIBUTION_{name}", value)

    return launch


def test_one_process_joins_nobody(launched):
    launched()
    processes.join()
    launched(NUM_PROCESSES="1", PROCESS_ID="0")
    processes.join()
    launched("tensorflow", TF_CONFIG='{"cluster": {"worker": ["a:1"]}}')
    processes.join()
    assert (processes.count(), processes.index()) == (1, 0)


@pytest.mark.parametrize(
    ("backend", "values", "said"),
    [
        ("tensorflow", {"TF_CONFIG": '{"cluster": {"worker": ["a:1", "b:1"]}}'}, "set KERAS_BACKEND=jax"),
        ("tensorflow", {"NUM_PROCESSES": "2"}, "tensorflow trains in one process; set KERAS_BACKEND=jax"),
        ("torch", {"NUM_PROCESSES": "2"}, "torch trains in one process; set KERAS_BACKEND=jax"),
        ("jax", {"NUM_PROCESSES": "two"}, "KERAS_DISTRIBUTION_NUM_PROCESSES is 'two'"),
        ("jax", {"NUM_PROCESSES": "2"}, "KERAS_DISTRIBUTION_PROCESS_ID is ''"),
        ("jax", {"NUM_PROCESSES": "2", "PROCESS_ID": "2"}, "a number from 0 to 1"),
        ("jax", {"NUM_PROCESSES": "2", "PROCESS_ID": "0"}, "set it to HOST:PORT of process 0"),
    ],
)
def test_processes_that_cannot_train_together_are_refused(launched, backend, values, said):
    launched(backend, **values)
    with pytest.raises(UsageError, match=said):
        processes.join()


def test_a_second_training_of_joined_processes_is_refused(launched, monkeypatch):
    launched(NUM_PROCESSES="2", PROCESS_ID="0", JOB_ADDRESSES="a:1")
    monkeypatch.setattr(processes, "_left", True)
    with pytest.raises(UsageError, match="start them anew"):
        processes.join()


def test_a_lost_process_is_explained(monkeypatch):
    lost = type("JaxRuntimeError", (RuntimeError,), {})("Gloo all-reduce failed: Connection reset by peer\nmore")
    assert processes.explained(lost) is lost
    monkeypatch.setattr(processes, "count", lambda: 2)
    assert "Connection reset by peer; its own output says why" in str(processes.explained(lost))
    other = ValueError("another error")
    assert processes.explained(other) is other


def test_the_slices_of_all_processes_are_the_batch():
    samples = np.arange(24)
    whole = Stream(lambda i: samples[i], samples, lambda i: samples[i] * 2, batch_size=8, seed=1)
    slices = [OwnStream(whole, 2, number) for number in (0, 1)]
    assert [one.steps_per_epoch for one in slices] == [3, 3]
    for step in (0, 4):
        for i in (0, 1):
            joined = np.concatenate([one.batch(step)[i] for one in slices])
            assert joined.tolist() == whole.batch(step)[i].tolist()


def together(number, *arguments):
    """Run the work in so many processes and return what each of them printed."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{found.getsockname()[1]}"
    command = [sys.executable, "-m", "tests.engine.in_processes", *map(str, arguments)]
    here = {**os.environ, "KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"}
    if number > 1:
        here |= {"KERAS_DISTRIBUTION_JOB_ADDRESSES": address, "KERAS_DISTRIBUTION_NUM_PROCESSES": str(number)}
    started = [
        subprocess.Popen(
            command,
            env=here | ({"KERAS_DISTRIBUTION_PROCESS_ID": str(i)} if number > 1 else {}),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for i in range(number)
    ]
    said = [process.communicate(timeout=1200) for process in started]
    assert [process.returncode for process in started] == [0] * number, said[0][1][-3000:]
    return [json.loads(out.splitlines()[-1]) for out, _ in said]


def figures(lines):
    return [value for line in lines for name, value in line.items() if name != "seconds"]


@pytest.mark.slow
def test_two_processes_come_to_the_result_of_one_stopped_or_not(tmp_path):
    pytest.importorskip("jax")
    make_folder(tmp_path / "pictures", {"dark": 18, "grey": 15, "light": 11}, noise=60)
    (one,) = together(1, tmp_path, "whole")
    first, second = together(2, tmp_path, "whole")
    assert figures(first["figures"]) == pytest.approx(figures(one["figures"]), abs=5e-6)
    assert figures(second["figures"]) == figures(first["figures"])
    assert not os.path.exists(second["path"])
    assert [said["state"] for said in together(2, tmp_path, "stopped")] == ["stopped", "stopped"]
    torn = list_runs(tmp_path / "runs")[-1]
    assert torn.state.state == "stopped"
    again, _ = together(2, tmp_path, torn.path)
    assert figures(again["figures"]) == figures(first["figures"])
    assert len(list_runs(tmp_path / "runs")) == 3


@pytest.mark.slow
def test_two_processes_do_what_methods_do_in_one_and_choose_a_batch_together(tmp_path):
    pytest.importorskip("jax")
    make_folder(tmp_path / "pictures", {"dark": 18, "grey": 15, "light": 11}, noise=60)
    (teacher,) = together(1, tmp_path, "whole")
    (one,) = together(1, tmp_path, "methods", teacher["path"])
    first, second = together(2, tmp_path, "methods", teacher["path"])
    assert figures(first["figures"]) == pytest.approx(figures(one["figures"]), abs=5e-6)
    assert figures(second["figures"]) == figures(first["figures"])
    alone, of_first, of_second = (
        [stage["methods"] for stage in said["effective"]["stages"]] for said in (one, first, second)
    )
    assert alone == of_first == of_second
    assert first["effective"]["batch"]["used"] == second["effective"]["batch"]["used"] == 8
