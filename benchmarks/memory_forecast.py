"""Compare the forecast of `kerascnn summary` for the memory of training with what training takes.

Run: python benchmarks/memory_forecast.py [--runs N] (Linux). Each figure is measured in a process of its own: after a
small network has been trained, so that the backend's libraries are in memory, the network is built and trained for
three steps without XLA, and the growth of the resident memory at its peak is taken. `fixed` is what two batch sizes
leave when what grows with the batch is taken away: weights, gradients, the optimizer's moments, and the traced step.
`grows` is the forecast of the activations over what was measured for each further element.

2026-11-21, Intel Xeon 2.1 GHz, 2 cores, load 2.8, Python 3.11.7, TensorFlow 2.21, one run, MiB:

    network        batch  forecast     taken  ratio   fixed  grows
    lenet           2048       170       163   1.04
    lenet           8192       601       580   1.04      23  1.03
    resnet20         128       368       342   1.07
    resnet20         512       978       952   1.03     139  1.00
    resnet50          16      1066      1007   1.06
    resnet50          64      1835      1764   1.04     755  1.02
    mobilenet_v2       8      1000       932   1.07
    mobilenet_v2      32      2655      2527   1.05     401  1.04

The share of each layer in the traced step (2.5 MiB) was fitted to lenet, resnet20 and mobilenet_v2; resnet50 was not
seen. Another backend or XLA traces and fuses in its own way.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def block(filters: int, strides: int = 1) -> dict[str, Any]:
    """Return a residual block of two 3 x 3 convolutions, as in ResNet-20 (arXiv:1512.03385, section 4.2)."""
    body = [
        {"type": "conv2d", "filters": filters, "strides": strides, "use_bias": False},
        {"type": "batch_norm"},
        {"type": "activation"},
        {"type": "conv2d", "filters": filters, "use_bias": False},
        {"type": "batch_norm"},
    ]
    short = [{"type": "conv2d", "filters": filters, "kernel_size": 1, "strides": strides, "use_bias": False}]
    return {"type": "residual", "body": body, "shortcut": short if strides > 1 else []}


STEM = [{"type": "conv2d", "filters": 16, "use_bias": False}, {"type": "batch_norm"}, {"type": "activation"}]
STAGES = [block(16)] * 3 + [block(32, 2)] + [block(32)] * 2 + [block(64, 2)] + [block(64)] * 2
NETWORKS: dict[str, tuple[dict[str, Any], tuple[int, int, int], int, tuple[int, int]]] = {
    "lenet": ({"type": "lenet"}, (28, 28, 1), 10, (2048, 8192)),
    "resnet20": ({"type": "layers", "layers": STEM + STAGES}, (32, 32, 3), 10, (128, 512)),
    "resnet50": ({"type": "resnet", "depth": 50}, (96, 96, 3), 100, (16, 64)),
    "mobilenet_v2": ({"type": "mobilenet", "version": 2}, (224, 224, 3), 1000, (8, 32)),
}


def spec_of(name: str, batch_size: int) -> Any:
    """Return the spec of a network."""
    from kerascnn.spec import spec_from_dict

    return spec_from_dict(
        {
            "kerascnn": 1,
            "name": name,
            "task": {"type": "image_classification"},
            "data": {"source": {"type": "digits"}},
            "model": {"backbone": NETWORKS[name][0], "head": {"type": "classifier"}},
            "train": {"batch_size": batch_size},
        }
    )


def resident(which: str) -> int:
    """Return bytes of this process's memory: VmRSS now, VmHWM at its peak."""
    found = re.search(rf"{which}:\s+(\d+) kB", Path("/proc/self/status").read_text("ascii"))
    assert found is not None
    return 1024 * int(found[1])


def train(model: Any, optimizer: Any, pictures: Any, answers: Any) -> None:
    """Train three steps as a run does on a CPU."""
    import keras

    model.compile(optimizer, keras.losses.SparseCategoricalCrossentropy(), jit_compile=False)
    for _ in range(3):
        model.train_on_batch(pictures, answers)


def measure(name: str, batch_size: int) -> dict[str, int]:
    """Return the bytes that training takes, and the forecast."""
    import keras
    import numpy as np

    from kerascnn.engine.build import build_model
    from kerascnn.engine.summary import summarize
    from kerascnn.spec import DataInfo

    _, shape, classes, _ = NETWORKS[name]
    spec = spec_of(name, batch_size)
    optimizer = spec.train.stages[0].optimizer
    info = DataInfo.of(shape, classes)
    forecast = summarize(spec, info)
    layers = [keras.layers.Conv2D(2, 3), keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(classes, "softmax")]
    small = keras.Sequential([keras.Input(shape), *layers])
    train(small, optimizer.make(1e-3), np.zeros((2, *shape)), np.zeros(2, int))
    rng = np.random.default_rng(0)
    pictures, answers = rng.integers(0, 256, (batch_size, *shape), "uint8"), rng.integers(0, classes, batch_size)
    Path("/proc/self/clear_refs").write_text("5", "ascii")  # the peak starts anew
    before = resident("VmRSS")
    train(build_model(spec, info), optimizer.make(1e-3), pictures, answers)
    return {"taken": resident("VmHWM") - before, "forecast": forecast["memory_bytes"], **forecast["memory"]}


def once(*arguments: str) -> dict[str, int]:
    """Return what one process measures."""
    done = subprocess.run([sys.executable, __file__, "--one", *arguments], capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measure(options.one[0], int(options.one[1]))))
        return
    print(f"{options.runs} runs, load average {os.getloadavg()[0]:.1f}, Python {sys.version.split()[0]}")
    print(f"{'network':14}{'batch':>6}{'forecast':>10}{'taken':>10}  ratio{'fixed':>8}  grows")
    for name, (*_, sizes) in NETWORKS.items():
        found = [[once(name, str(size)) for size in sizes] for _ in range(options.runs)]
        taken = [statistics.median(pair[i]["taken"] for pair in found) for i in (0, 1)]
        growth = (taken[1] - taken[0]) / (sizes[1] - sizes[0])
        grows = found[0][1]["activations"] / sizes[1] / growth
        for i, size in enumerate(sizes):
            forecast = found[0][i]["forecast"]
            rest = f"{(taken[0] - sizes[0] * growth) / 2**20:8.0f}  {grows:.2f}" if i else ""
            sizes_in_mib = f"{forecast / 2**20:10.0f}{taken[i] / 2**20:10.0f}"
            print(f"{name:14}{size:6}{sizes_in_mib}  {forecast / taken[i]:5.2f}{rest}", flush=True)


if __name__ == "__main__":
    main()
