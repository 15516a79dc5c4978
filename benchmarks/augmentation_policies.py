"""Measure the policies, mixtures and bends beside Keras's layers of the same name: images a second, in paired runs.

Run: python benchmarks/augmentation_policies.py [--runs N]. Keras's layers work on the TensorFlow backend on float32 of
0 to 255, mapped in tf.data with 2 parallel calls; ours on uint8, in one thread. Both have batches of 64 pictures of
160 x 160 pixels that stand in memory. In each round every pair runs once, ours after Keras's; medians are printed.
Target: 20 times Keras's RandAugment, which draws one choice of operations for a whole batch and computes them all;
ours draws for each picture and computes what it drew. Keras has no TrivialAugment: it stands beside RandAugment.

Measured on 2026-11-21 on 2 shared cores of an Intel Xeon at 2.1 GHz (AVX-512, AMX), no GPU:

    5 paired runs, 2 cores, load average 1.5, Keras 3.15.1, TensorFlow 2.21.0, Python 3.11.7
    images/s               Keras    ours  ratio
    rand_augment              46    1433  24.4
    trivial_augment           93    2205  22.7
    aug_mix                  185     310  1.4
    mixup                   2894   13193  4.7
    cutmix                  1117   43190  35.5
    random_elastic            40     524  16.0
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf

from kerascnn.spec import Augmentation, Mixing
from kerascnn.spec.component import parse_component

BATCH, SIZE, BATCHES, CLASSES = 64, 160, 4, 10
PAIRS: list[tuple[dict[str, Any], Callable[[], Any]]] = [
    # A factor of 0.5 is magnitude 15 of 30.
    ({"type": "rand_augment", "num_ops": 2, "magnitude": 15.0}, lambda: keras.layers.RandAugment(factor=0.5)),
    ({"type": "trivial_augment"}, lambda: keras.layers.RandAugment(num_ops=1, factor=0.5)),
    ({"type": "aug_mix"}, lambda: keras.layers.AugMix()),
    ({"type": "mixup"}, lambda: keras.layers.MixUp(alpha=0.2)),
    ({"type": "cutmix", "probability": 1.0}, lambda: keras.layers.CutMix(factor=1.0)),
    ({"type": "random_elastic"}, lambda: keras.layers.RandomElasticTransform(factor=1.0)),
]


def keras_rate(layer: Any, images: np.ndarray, targets: np.ndarray | None) -> Callable[[], float]:
    """Return what measures images a second of a Keras layer mapped in tf.data."""
    pictures = tf.cast(images, "float32")
    batch = pictures if targets is None else {"images": pictures, "labels": tf.constant(targets)}
    data = tf.data.Dataset.from_tensors(batch).repeat(BATCHES)
    data = data.map(lambda x: layer(x, training=True), num_parallel_calls=2)

    def measure() -> float:
        start = time.perf_counter()
        for _ in data:
            pass
        return BATCHES * len(images) / (time.perf_counter() - start)

    return measure


def our_rate(augmentation: Augmentation, images: np.ndarray, targets: np.ndarray) -> Callable[[], float]:
    """Return what measures images a second of an augmentation."""
    rng = np.random.Generator(np.random.Philox(0))  # as in training

    def measure() -> float:
        start = time.perf_counter()
        for _ in range(BATCHES):
            if isinstance(augmentation, Mixing):
                augmentation.mix(images, targets, rng)
            else:
                augmentation.apply(images, rng)
        return BATCHES * len(images) / (time.perf_counter() - start)

    return measure


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--runs", type=int, default=5)
    rounds = parser.parse_args().runs
    small = np.random.default_rng(0).integers(0, 256, (BATCH, SIZE // 8, SIZE // 8, 3)).astype("uint8")
    images = np.asarray(tf.image.resize(small, (SIZE, SIZE), "bicubic")).clip(0, 255).astype("uint8")
    targets = np.eye(CLASSES, dtype="float32")[np.arange(BATCH) % CLASSES]
    measures = []
    for parameters, make in PAIRS:
        augmentation = parse_component(Augmentation, parameters)
        theirs = keras_rate(make(), images, targets if isinstance(augmentation, Mixing) else None)
        measures.append((parameters["type"], theirs, our_rate(augmentation, images, targets)))
    found: dict[str, list[tuple[float, float]]] = {name: [] for name, *_ in measures}
    for number in range(rounds + 1):
        for name, theirs, ours in measures:
            pair = (theirs(), ours())
            if number:  # the first round traces Keras's graphs
                found[name].append(pair)
    versions = f"Keras {keras.__version__}, TensorFlow {tf.__version__}, Python {sys.version.split()[0]}"
    print(f"{rounds} paired runs, {os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f}, {versions}")
    print(f"{'images/s':<20} {'Keras':>7} {'ours':>7}  ratio")
    for name, pairs in found.items():
        theirs, ours = (statistics.median(column) for column in zip(*pairs, strict=True))
        ratio = statistics.median(own / base for base, own in pairs)
        print(f"{name:<20} {theirs:7.0f} {ours:7.0f}  {ratio:.1f}")


if __name__ == "__main__":
    main()
