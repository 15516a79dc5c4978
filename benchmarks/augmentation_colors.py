"""Measure the colour and pixel augmentations beside Keras's layers that do the same: images a second, in paired runs.

Run: python benchmarks/augmentation_colors.py [--runs N]. Keras's layers work on the TensorFlow backend on float32 of 0
to 255, mapped in tf.data with 2 parallel calls; ours on uint8, in one thread. Both have batches of 64 pictures of
160 x 160 pixels that stand in memory. In each round every pair runs once, ours after Keras's; medians are printed.

Measured on 2026-11-21 on 2 shared cores of an Intel Xeon at 2.1 GHz (AVX-512, AMX), no GPU:

    7 paired runs, 2 cores, load average 1.3, Keras 3.15.1, TensorFlow 2.21.0, Python 3.11.7
    images/s               Keras    ours  ratio
    color_jitter             385    5154  15.7
    random_brightness       7427   13421  2.0
    random_contrast         2046   10605  5.2
    random_saturation        795    6809  8.2
    random_hue               769    6593  7.6
    random_grayscale        1641    8436  4.9
    random_invert           2550   45880  18.5
    random_posterize        5654  100086  17.6
    random_solarize         2510   19498  7.9
    random_equalize          684    3377  5.0
    random_autocontrast     1313    2783  1.9
    random_sharpness        4283    5554  1.3
    random_blur             1536    1758  1.1
    random_noise            1230    3425  2.5
    random_erasing           672    7879  10.5
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

from kerascnn.spec import Augmentation
from kerascnn.spec.component import parse_component

BATCH, SIZE, BATCHES = 64, 160, 4
JITTER = {"brightness_factor": 0.2, "contrast_factor": 0.2, "saturation_factor": (0.4, 0.6), "hue_factor": 0.1}
PAIRS: list[tuple[dict[str, Any], Callable[[], Any]]] = [
    (
        {"type": "color_jitter", "brightness": 0.2, "contrast": 0.2, "saturation": 0.2, "hue": 0.05},
        lambda: keras.layers.RandomColorJitter(**JITTER),
    ),
    ({"type": "random_brightness"}, lambda: keras.layers.RandomBrightness(0.2)),
    ({"type": "random_contrast"}, lambda: keras.layers.RandomContrast(0.2)),
    ({"type": "random_saturation"}, lambda: keras.layers.RandomSaturation((0.4, 0.6))),
    ({"type": "random_hue"}, lambda: keras.layers.RandomHue(0.1)),
    ({"type": "random_grayscale", "probability": 0.5}, lambda: keras.layers.RandomGrayscale(0.5)),
    ({"type": "random_invert", "probability": 0.5}, lambda: keras.layers.RandomInvert((0.5, 0.5))),
    ({"type": "random_posterize", "bits": [4, 4], "probability": 1}, lambda: keras.layers.RandomPosterization(4)),
    (
        {"type": "random_solarize", "probability": 1},
        lambda: keras.layers.Solarization(threshold_factor=(0.5, 0.5)),
    ),
    ({"type": "random_equalize", "probability": 1}, lambda: keras.layers.Equalization()),
    ({"type": "random_autocontrast", "probability": 1}, lambda: keras.layers.AutoContrast()),
    ({"type": "random_sharpness"}, lambda: keras.layers.RandomSharpness((0.25, 0.75))),
    (
        {"type": "random_blur", "sigma": [0.5, 1.0], "probability": 1},
        lambda: keras.layers.RandomGaussianBlur(factor=(1.0, 1.0), kernel_size=7, sigma=(0.5, 1.0)),
    ),
    # Keras refuses more than 1, as for pictures of 0 to 1; the work is the same.
    ({"type": "random_noise", "std": 8}, lambda: keras.layers.GaussianNoise(1.0)),
    ({"type": "random_erasing", "probability": 0.5}, lambda: keras.layers.RandomErasing(factor=(0.5, 0.5))),
]


def keras_rate(layer: Any, images: np.ndarray) -> Callable[[], float]:
    """Return what measures images a second of a Keras layer mapped in tf.data."""
    data = tf.data.Dataset.from_tensors(tf.cast(images, "float32")).repeat(BATCHES)
    data = data.map(lambda x: layer(x, training=True), num_parallel_calls=2)

    def measure() -> float:
        start = time.perf_counter()
        for _ in data:
            pass
        return BATCHES * len(images) / (time.perf_counter() - start)

    return measure


def our_rate(augmentation: Augmentation, images: np.ndarray) -> Callable[[], float]:
    """Return what measures images a second of an augmentation."""
    rng = np.random.Generator(np.random.Philox(0))  # as in training

    def measure() -> float:
        start = time.perf_counter()
        for _ in range(BATCHES):
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
    measures = []
    for parameters, make in PAIRS:
        ours = our_rate(parse_component(Augmentation, parameters), images)
        theirs = keras_rate(make(), images)
        measures.append((parameters["type"], theirs, ours))
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
