"""Compare the time from a spec to a Keras model with that of keras.applications, in paired runs.

Run: python benchmarks/build.py [--runs N]. Each build is the first in a process of its own, after `import keras`, and
weights are made in both. `again` is the second build of the same process: what the backend does once is left out.
Target: 1.2 times.

2026-11-21, Intel Xeon 2.1 GHz, 2 cores, Python 3.11.7, TensorFlow 2.21, 5 paired runs on a busy machine (load 10.7,
which makes all seconds long and leaves the ratio):

    network                 Keras s   ours s  ratio
    resnet50      first      17.827   12.384  0.69
    resnet50      again       6.979    5.281  0.76
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
NETWORKS = {
    "resnet50": ({"type": "resnet", "depth": 50}, "ResNet50"),
    "mobilenet_v2": ({"type": "mobilenet", "version": 2}, "MobileNetV2"),
    "densenet121": ({"type": "densenet", "depth": 121}, "DenseNet121"),
}


def build_ours(name: str) -> int:
    """Build the spec's model, from plain data on, and return its parameters."""
    from kerascnn.engine.build import build_model
    from kerascnn.spec import DataInfo, spec_from_dict

    spec = spec_from_dict(
        {
            "kerascnn": 1,
            "name": name,
            "task": {"type": "image_classification"},
            "data": {"source": {"type": "digits"}},
            "model": {"backbone": NETWORKS[name][0], "head": {"type": "classifier", "pooling": "avg"}},
        }
    )
    return int(build_model(spec, DataInfo.of((224, 224, 3), 1000)).count_params())


def build_theirs(name: str) -> int:
    """Build Keras's model with weights of chance, and return its parameters."""
    import keras

    return int(getattr(keras.applications, NETWORKS[name][1])(weights=None).count_params())


def measure(who: str, name: str) -> dict[str, float]:
    """Return the seconds of the first build of this process and of the second."""
    # What has to be imported once is no part of a build.
    import keras  # noqa: F401

    import kerascnn.engine.build  # noqa: F401

    build = build_ours if who == "ours" else build_theirs
    seconds = []
    for _ in range(2):
        started = time.perf_counter()
        parameters = build(name)
        seconds.append(time.perf_counter() - started)
    return {"first": seconds[0], "again": seconds[1], "parameters": parameters}


def once(who: str, name: str) -> dict[str, float]:
    """Return what one process measures."""
    command = [sys.executable, __file__, "--one", who, name]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--network", choices=NETWORKS, action="append")
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measure(*options.one)))
        return
    print(f"{options.runs} paired runs, load average {os.getloadavg()[0]:.1f}, Python {sys.version.split()[0]}")
    print(f"{'network':14}{'':8}{'Keras s':>9}{'ours s':>9}  ratio")
    for name in options.network or NETWORKS:
        pairs = [(once("theirs", name), once("ours", name)) for _ in range(options.runs)]
        for key in ("first", "again"):
            theirs, ours = (statistics.median(pair[i][key] for pair in pairs) for i in (0, 1))
            print(f"{name:14}{key:8}{theirs:9.3f}{ours:9.3f}  {ours / theirs:.2f}", flush=True)


if __name__ == "__main__":
    main()
