"""Measure the geometric chain beside Keras's, on the same pictures, in paired runs.

Run: python benchmarks/augmentation_geometry.py [--runs N]. Keras's RandomFlip, RandomRotation and RandomZoom run in
tf.data on the TensorFlow backend with 2 parallel calls; ours are random_flip, random_rotation and random_zoom, once
resampled as one as training does it, and once one after the other. Each round runs each chain once over 8 batches of
64 pictures of 160 px, so that a change of the machine's speed touches all alike; medians are printed. Target: 2.3 times
Keras's chain.

2026-11-21, Intel Xeon 2.1 GHz, 2 cores (shared with others, both free for the most part in this run; ours uses one):

9 paired runs, load average 0.7, 2 cores, Keras 3.15.1, TensorFlow 2.21.0, NumPy 2.4.6, Python 3.11.7
chain               images/s  of Keras  images/CPU s  of Keras
Keras in tf.data         565      1.00           293      1.00
ours, one by one         764      1.36           764      2.61
ours, fused             1585      2.79          1586      5.37
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf

from kerascnn.engine.stream import augmented
from kerascnn.spec import Augmentation
from kerascnn.spec.component import parse_component

SIZE, BATCH, BATCHES = 160, 64, 8
CHAIN = [
    {"type": "random_flip"},
    {"type": "random_rotation", "degrees": 14.4, "fill": "reflect"},
    {"type": "random_zoom", "factors": [0.8, 1.25], "fill": "reflect"},
]


def chains(images: np.ndarray) -> dict[str, Callable[[], None]]:
    """Return each chain as something that runs it over all batches."""
    layers = [
        keras.layers.RandomFlip("horizontal"),
        keras.layers.RandomRotation(0.04, fill_mode="reflect"),
        keras.layers.RandomZoom((-0.2, 0.25), fill_mode="reflect"),
    ]

    def keras_chain(batch: tf.Tensor) -> tf.Tensor:
        batch = tf.cast(batch, "float32")
        for layer in layers:
            batch = layer(batch, training=True)
        return batch

    # Batches are ready before the clock starts: neither side pays for reading.
    ready = tf.data.Dataset.from_tensor_slices(images.reshape(BATCHES, BATCH, SIZE, SIZE, 3)).cache()
    dataset = ready.map(keras_chain, num_parallel_calls=2).prefetch(2)
    ours = [parse_component(Augmentation, entry) for entry in CHAIN]
    batches = images.reshape(BATCHES, BATCH, SIZE, SIZE, 3)

    def keras_run() -> None:
        for _ in dataset:
            pass

    def fused() -> None:
        for number, batch in enumerate(batches):
            augmented(batch, ours, np.random.default_rng(number))

    def apart() -> None:
        for number, batch in enumerate(batches):
            rng = np.random.default_rng(number)
            for augmentation in ours:
                batch = augmentation.apply(batch, rng)

    return {"Keras in tf.data": keras_run, "ours, one by one": apart, "ours, fused": fused}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=7)
    rounds = parser.parse_args().runs
    # Noise, smoothed by enlargement: how fast a picture is resampled does not depend on what it shows.
    small = np.random.default_rng(0).integers(0, 256, (BATCH * BATCHES, SIZE // 8, SIZE // 8, 3), dtype="uint8")
    found: dict[str, list[tuple[float, float]]] = {}
    table = chains(small.repeat(8, axis=1).repeat(8, axis=2))
    for number in range(rounds + 1):
        for name, run in table.items():
            wall, cpu = time.perf_counter(), time.process_time()
            run()
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
            if number:  # the first round traces and warms up
                found.setdefault(name, []).append((wall, cpu))
    total, base = BATCH * BATCHES, found["Keras in tf.data"]
    print(
        f"{rounds} paired runs, load average {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores, "
        f"Keras {keras.__version__}, TensorFlow {tf.__version__}, NumPy {np.__version__}, "
        f"Python {sys.version.split()[0]}"
    )
    print(f"{'chain':<18} {'images/s':>9} {'of Keras':>9} {'images/CPU s':>13} {'of Keras':>9}")
    for name, figures in found.items():
        walls, cpus = zip(*figures, strict=True)
        faster = statistics.median(other / wall for (other, _), wall in zip(base, walls, strict=True))
        leaner = statistics.median(other / cpu for (_, other), cpu in zip(base, cpus, strict=True))
        print(
            f"{name:<18} {total / statistics.median(walls):9.0f} {faster:9.2f} "
            f"{total / statistics.median(cpus):13.0f} {leaner:9.2f}"
        )


if __name__ == "__main__":
    main()
