import json
import os

import pytest

from kerascnn.engine import devices
from kerascnn.engine.devices import choose_precision, choose_xla, environment
from tests.engine.made import make_spec


@pytest.fixture
def machine(monkeypatch):
    """Return a function that pretends to be a machine."""

    def pretend(backend="tensorflow", gpus=(), bfloat16=True):
        monkeypatch.setattr(devices, "backend", lambda: backend)
        monkeypatch.setattr(devices, "gpus", lambda: list(gpus))
        monkeypatch.setattr(devices, "_has_bfloat16", lambda: bfloat16)

    return pretend


def spec(**train):
    return make_spec({"type": "digits"}, **train)


@pytest.mark.parametrize(
    ("gpus", "bfloat16", "used", "why"),
    [
        ((), True, "float32", "there is no GPU"),
        (("NVIDIA H200",), True, "mixed_bfloat16", "NVIDIA H200 computes in this format faster"),
        (("Tesla T4", "Tesla T4"), False, "mixed_float16", "Tesla T4 computes in this format faster"),
    ],
)
@pytest.mark.parametrize("backend", ["tensorflow", "jax", "torch"])
def test_auto_precision_follows_the_gpu(machine, backend, gpus, bfloat16, used, why):
    machine(backend, gpus, bfloat16)
    chosen = choose_precision(spec(precision="auto"))
    assert (chosen["asked"], chosen["used"]) == ("auto", used)
    assert why in chosen["why"]


@pytest.mark.parametrize("gpus", [(), ("NVIDIA H200",)])
@pytest.mark.parametrize("asked", ["float32", "mixed_bfloat16", "mixed_float16"])
def test_a_precision_that_is_asked_for_is_used(machine, asked, gpus):
    machine(gpus=gpus)
    assert choose_precision(spec(precision=asked)) == {
        "asked": asked,
        "used": asked,
        "why": "the spec says so",
    }


@pytest.mark.parametrize(
    ("backend", "gpus", "asked", "used", "why"),
    [
        ("tensorflow", (), "auto", False, "TensorFlow on a CPU loses by it"),
        ("tensorflow", ("H200",), "auto", True, "TensorFlow on a GPU gains by it"),
        ("tensorflow", (), "on", True, "the spec says so"),
        ("tensorflow", ("H200",), "off", False, "the spec says so"),
        ("jax", (), "auto", True, "JAX computes through XLA"),
        ("jax", ("H200",), "auto", True, "JAX computes through XLA"),
        ("jax", (), "off", False, "the spec says so"),
        ("torch", ("H200",), "auto", False, "the torch backend has no XLA"),
        ("torch", (), "on", False, "the torch backend has no XLA"),
        ("torch", (), "off", False, "the spec says so"),
    ],
)
def test_xla_follows_the_spec_then_the_backend_then_the_gpu(machine, backend, gpus, asked, used, why):
    machine(backend, gpus)
    chosen = choose_xla(spec(xla=asked))
    assert (chosen["asked"], chosen["used"]) == (asked, used)
    assert why in chosen["why"]


def test_the_environment_is_plain_data(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    monkeypatch.delenv("XLA_FLAGS", raising=False)
    found = environment()
    assert json.loads(json.dumps(found)) == found
    assert found["backend"] == devices.backend()
    assert found["cpus"] == os.cpu_count()
    assert {"keras", "numpy", "kerascnn"} <= set(found["versions"])
    assert "no such package" not in found["versions"]
    assert found["flags"]["OMP_NUM_THREADS"] == "3"
    assert "XLA_FLAGS" not in found["flags"]


def test_gpus_are_a_list_of_names():
    assert all(isinstance(name, str) and name for name in devices.gpus())


def test_a_backend_that_does_not_say_what_is_free_says_none(machine):
    machine("tensorflow", ["H200"])
    assert devices.free_device_memory() is None


def test_jax_says_what_is_free_of_what_it_may_take(machine, monkeypatch):
    jax = pytest.importorskip("jax")
    machine("jax", ["H200"])

    class Device:
        facts = {"bytes_limit": 100, "bytes_in_use": 30}

        def memory_stats(self):
            return self.facts

    monkeypatch.setattr(jax, "local_devices", lambda: [Device()])
    assert devices.free_device_memory() == 70
    Device.facts = None
    assert devices.free_device_memory() is None
