# ruff: noqa: E402
"""Trainings on one device and on two, for test_distribute.py: `python -m tests.engine.on_devices BACKEND FOLDER all`.

The devices are virtual ones of the CPU, and have to be there before the backend starts, so that this is a process of
its own. What the trainings came to is written into the folder as `found.json`. Without `all` there are two
short ones; with `methods` in its place those are trained with every method. Warnings are errors.
"""

import json
import os
import sys
import warnings
from pathlib import Path

BACKEND, FOLDER = sys.argv[1], Path(sys.argv[2])
os.environ.update(KERAS_BACKEND=BACKEND, TF_CPP_MIN_LOG_LEVEL="3", KERASCNN_CACHE=str(FOLDER / "cache"))
os.environ.update(CUDA_VISIBLE_DEVICES="-1", JAX_PLATFORMS="cpu")
if BACKEND == "jax":
    os.environ["XLA_FLAGS"] = "--xla_force_host_platform_device_count=2"
else:
    import tensorflow as tf

    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)

import keras
import numpy as np

from kerascnn.engine import keeper
from kerascnn.engine.evaluate import evaluate
from kerascnn.engine.find_rate import find_rate
from kerascnn.engine.train import resume, train
from kerascnn.errors import BuildError, StoppedError
from kerascnn.runs.folder import list_runs
from kerascnn.spec import spec_from_dict
from tests.engine.made import make_folder, make_spec

LAYERS = [
    {"type": "conv2d", "filters": 4, "use_bias": False, "kernel_l2": 0.01},
    {"type": "batch_norm", "momentum": 0.5},
    {"type": "activation"},
    {"type": "global_average_pooling2d"},
]
# With TensorFlow each device drops out what it draws, and gradients do not accumulate.
DROPOUT, ACCUMULATE = (0.4, 2) if BACKEND == "jax" else (0.0, 1)
MOVING = {"optimizer": {"type": "adam", "ema": 0.9}, "schedule": {"type": "cosine", "warmup": 0.3}}
STAGES = [
    {"epochs": 2, "learning_rate": 0.02, "accumulate": ACCUMULATE, **MOVING},
    {"epochs": 2, "freeze": ["backbone"], "learning_rate": 0.01},
    {"epochs": 1, "image_size": [12, 12]},
]


def spec(devices, *, dropout=DROPOUT, stages=STAGES, **train):
    made = make_spec(
        FOLDER / "pictures",
        backbone={"type": "layers", "layers": LAYERS},
        head={"type": "classifier", "hidden": [6], "dropout": dropout},
        **{"seed": 3, "devices": devices, "batch_size": 8, "stages": stages, **train},
    )
    tree = made.spell()
    tree["task"]["class_weights"] = "auto"
    return spec_from_dict(tree)


def weights(run):
    return keras.saving.load_model(run.path / "model.keras", compile=False).get_weights()


def figures(run):
    return [{name: value for name, value in line.items() if name != "seconds"} for line in run.metrics()]


def apart(a, b):
    """Return the largest differences of the weights and of the figures of two runs."""
    lines = list(zip(figures(a), figures(b), strict=True))
    return {
        "weights": max(float(np.abs(x - y).max()) for x, y in zip(weights(a), weights(b), strict=True)),
        "figures": max(abs(x[name] - y[name]) for x, y in lines for name in x),
    }


def same(a, b):
    bits = all(np.array_equal(x, y) for x, y in zip(weights(a), weights(b), strict=True))
    return bits and figures(a) == figures(b)


def stopped(made, steps):
    """Return a run that is stopped after a number of steps."""
    asked = iter(range(1, 10_000))
    try:
        train(made, FOLDER / "stopped", stop=lambda: 75 if next(asked) == steps else None)
    except StoppedError:
        return list_runs(FOLDER / "stopped")[-1]
    raise AssertionError("it was not stopped")


def refused(made):
    try:
        train(made, FOLDER / "refused")
    except BuildError as error:
        return [error.spec_path, str(error)]
    return None


def on_another_number(run):
    """Let a run that is stopped go on with one device, as `devices: auto` would on a machine that has one."""
    tree = run.read("spec.resolved.json")
    tree["train"]["devices"] = 1
    (run.path / "spec.resolved.json").write_text(json.dumps(tree))
    return resume(run).read("effective.json")["resumes"][-1]


def work(everything):
    stages = STAGES if everything else [{**STAGES[0], "epochs": 1}]
    one, two = (train(spec(number, stages=stages), FOLDER / "runs") for number in (1, 2))
    found = {
        "apart": apart(one, two),
        "effective": two.read("effective.json"),
        "norms": norms(two),
        "evaluated": [evaluate(run, "validation")["metrics"] for run in (one, two)],
        "refused": [refused(spec(3)), refused(spec(2, batch_size=9))],
    }
    if everything:
        found |= at_length()
    return found


def norms(run):
    layers = keras.saving.load_model(run.path / "model.keras")._flatten_layers()
    return [layer.synchronized for layer in layers if isinstance(layer, keras.layers.BatchNormalization)]


def with_methods():
    """Return for every method how far two devices are from one, and what their search for a rate is."""
    teacher = train(spec(1, stages=[{"epochs": 1}]), FOLDER / "runs")
    taught = [{"type": "distillation", "run": str(teacher.path)}, {"type": "swa", "begin": 0.3}]
    found = {}
    for methods in (taught, [{"type": "pruning", "sparsity": 0.5, "end": 0.7}], [{"type": "snapshots", "cycles": 2}]):
        stages = [{"epochs": 3, "learning_rate": 0.02, "methods": methods}]
        one, two = (train(spec(number, stages=stages), FOLDER / "runs") for number in (1, 2))
        found[methods[0]["type"]] = apart(one, two)
    losses = [find_rate(spec(number), steps=5, low=1e-4, high=1e-1).losses for number in (1, 2)]
    return {"methods": found, "rates": losses}


def at_length():
    short = {"dropout": 0.4, "stages": [{"epochs": 2, **MOVING}]}
    long = {"dropout": 0.4, "stages": [{"epochs": 2, **MOVING}, *STAGES[2:]]}
    whole = train(spec(2, **long), FOLDER / "runs")
    once = {"stages": [{"epochs": 1}]}
    mixed = train(spec(2, batch_size="auto", precision="mixed_bfloat16", **once), FOLDER / "runs")
    if BACKEND == "tensorflow":
        train(spec(2, precision="mixed_float16", **once), FOLDER / "runs")
    return {
        "resumed": same(resume(stopped(spec(2, **long), 5)), whole),
        "another number": on_another_number(stopped(spec(2, **short), 5)),
        "mixed": mixed.read("effective.json")["batch"]["used"],
    }


if __name__ == "__main__":
    warnings.simplefilter("error")
    warnings.filterwarnings("ignore", message="__array__ implementation", category=DeprecationWarning)
    keeper._COST = 0
    make_folder(FOLDER / "pictures", {"dark": 18, "grey": 15, "light": 11}, noise=60)
    came = with_methods() if "methods" in sys.argv else work("all" in sys.argv)
    (FOLDER / "found.json").write_text(json.dumps(came))
