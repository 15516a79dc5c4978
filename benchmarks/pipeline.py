"""Measure the way from files to batches beside `keras.utils.image_dataset_from_directory`, in paired runs.

Run: python benchmarks/pipeline.py [--runs N] [--pictures N]. Photographs are made: JPEG of 500 x 375 pixels, quality
90, of smooth noise, in two class folders; both sides bring them to 160 x 160. Keras's side is the data set with its own
defaults plus `prefetch`; augmented, it maps RandomFlip, RandomRotation and RandomZoom with as many calls at a time as
there are cores. Ours is `load_data` (which decodes, checks and hashes everything, and divides it) and the stream of
training batches. The first epoch of ours has the whole of `load_data` in it. Each round runs Keras and then ours, each
in a process of its own that has touched its memory before; medians are printed. "filtered" is Keras's way with the
antialiasing filter that ours has (`tf.image.resize(antialias=True)`), which makes the same pictures. Memory is the
growth of the process's resident set.

Measured on 2026-11-21 on 2 cores of an Intel Xeon at 2.1 GHz that did nothing else, no GPU (--runs 3 --pictures 1500),
pictures of 500 x 375 brought to 160 x 160, and with `--pictures 500 --photograph 1024 768 --shown 224`, ours as a
multiple of Keras's:

                             500 x 375   1024 x 768
    first epoch                   0.76         0.82
    later epoch                     82          333
    first epoch, augmented        2.00         1.41
    later epoch, augmented        5.73         8.47
    first epoch, filtered         1.51         1.45
    memory of the cache          1.102        1.142     of the bytes of the pictures

The cache is the bytes of the pictures; what the process grows by besides is less of many pictures: 12 of 115 MB and 18
of 346 MB, or 1.053 (`--pictures 4500`).

The first epoch without augmentation is slower than Keras's, whose target of 1.0 is missed: of 1.9 ms a picture, 1.05 go
into decoding at half size, 0.37 into the filter, which Keras leaves out, 0.1 into hashes and the look for the check.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

SIDE, BATCH, LATER = int(os.environ.get("PIPELINE_SIDE", 160)), 32, 3
CHAIN = [
    {"type": "random_flip"},
    {"type": "random_rotation", "degrees": 18, "fill": "reflect"},
    {"type": "random_zoom", "fill": "reflect"},
]


def make(root: Path, count: int, width: int, height: int) -> None:
    """Write photographs of smooth noise in two class folders."""
    import numpy as np
    from PIL import Image

    rng = np.random.default_rng(0)
    for i in range(count):
        folder = root / "ab"[i % 2]
        folder.mkdir(parents=True, exist_ok=True)
        coarse = Image.fromarray(rng.integers(0, 256, (24, 32, 3), dtype="uint8")).resize((width, height), 3)
        fine = np.asarray(coarse, dtype="int16") + rng.integers(-12, 13, (height, width, 1))
        Image.fromarray(fine.clip(0, 255).astype("uint8")).save(folder / f"{i:05d}.jpg", quality=90)


def resident() -> int:
    """Return the bytes of memory that this process holds."""
    import psutil

    return int(psutil.Process().memory_info().rss)


def warm_memory(pictures: int) -> None:
    """Touch as much memory as the pictures take, and let it go.

    On a virtual machine the first touch of memory that its host has not handed out yet takes 20 times as long as any
    later one (0.5 s for 115 MB here), which says nothing of either side.
    """
    import numpy as np

    np.ones((2, pictures, SIDE, SIDE, 3), "uint8")


def filtered(root: str, tf: Any) -> Any:
    """Return a data set like that of `image_dataset_from_directory`, shrunk with the antialiasing filter."""
    files = sorted(str(path) for path in Path(root).rglob("*.jpg"))
    labels = [int(Path(path).parent.name == "b") for path in files]

    def read(path: Any, label: Any) -> tuple[Any, Any]:
        image = tf.io.decode_jpeg(tf.io.read_file(path), channels=3)
        return tf.image.resize(image, (SIDE, SIDE), antialias=True), label

    data = tf.data.Dataset.from_tensor_slices((files, labels)).shuffle(len(files))
    return data.map(read, num_parallel_calls=tf.data.AUTOTUNE).batch(BATCH)


def keras_side(root: str, augment: bool, antialias: bool = False) -> dict[str, Any]:
    """Return the seconds of each epoch through Keras."""
    import keras
    import tensorflow as tf

    keras.utils.set_random_seed(0)
    warm_memory(sum(1 for _ in Path(root).rglob("*.jpg")))
    started = time.perf_counter()
    if antialias:
        data = filtered(root, tf)
    else:
        data = keras.utils.image_dataset_from_directory(root, image_size=(SIDE, SIDE), batch_size=BATCH, verbose=False)
    if augment:
        steps = [
            keras.layers.RandomFlip("horizontal"),
            keras.layers.RandomRotation(0.05, fill_mode="reflect"),
            keras.layers.RandomZoom(0.2, fill_mode="reflect"),
        ]
        chain = keras.Sequential(steps)
        data = data.map(lambda x, y: (chain(x, training=True), y), num_parallel_calls=tf.data.AUTOTUNE)
    data = data.prefetch(tf.data.AUTOTUNE)
    epochs = []
    for _ in range(1 + LATER):
        for images, _labels in data:
            images.numpy()
        epochs.append(time.perf_counter() - started)
        started = time.perf_counter()
    return {"first": epochs[0], "later": statistics.median(epochs[1:])}


def our_side(root: str, augment: bool, cache: str) -> dict[str, Any]:
    """Return the seconds of each epoch through kerascnn, and the memory that the pictures took."""
    from kerascnn.engine.data import load_data
    from kerascnn.engine.stream import Prefetch, Stream
    from kerascnn.spec import spec_from_dict

    spec = spec_from_dict(
        {
            "kerascnn": 1,
            "name": "pipeline",
            "task": {"type": "image_classification"},
            "data": {
                "source": {"type": "image_folder", "path": root},
                "image_size": [SIDE, SIDE],
                "resize": "stretch",
                "cache": cache,
                "split": {"validation": 0, "test": 0},
            },
            "augment": CHAIN if augment else [],
            "model": {"backbone": {"type": "simple_cnn"}, "head": {"type": "classifier"}},
        }
    )
    warm_memory(sum(1 for _ in Path(root).rglob("*.jpg")))
    before = resident()
    started = time.perf_counter()
    data = load_data(spec)
    grown = resident() - before
    stream = Stream(
        data.elements.take, data.indices("train"), data.answers.of, batch_size=BATCH, seed=0, augment=spec.augment
    )
    epochs = []
    steps = stream.steps_per_epoch
    batches = Prefetch(stream, 0)
    found = iter(batches)
    for _ in range(1 + LATER):
        for _step in range(steps):
            next(found)
        epochs.append(time.perf_counter() - started)
        started = time.perf_counter()
    batches.close()
    raw = len(data.samples) * SIDE * SIDE * 3
    return {"first": epochs[0], "later": statistics.median(epochs[1:]), "memory": grown, "raw": raw, "end": resident()}


def once(*arguments: str) -> dict[str, Any]:
    """Return what one process measures."""
    command = [sys.executable, __file__, "--side", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--pictures", type=int, default=1000)
    parser.add_argument("--photograph", type=int, nargs=2, default=(500, 375), metavar=("WIDTH", "HEIGHT"))
    parser.add_argument("--shown", type=int, default=SIDE, help="width and height that both sides bring them to")
    parser.add_argument("--side", nargs="+", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.side:
        who, root, augment, *rest = options.side
        if who == "ours":
            found = our_side(root, augment == "1", rest[0])
        else:
            found = keras_side(root, augment == "1", antialias=who == "filtered")
        print(json.dumps(found))
        return
    with tempfile.TemporaryDirectory() as folder:
        os.environ["PIPELINE_SIDE"] = str(options.shown)
        root, third = Path(folder) / "all", Path(folder) / "third"
        make(root, options.pictures, *options.photograph)
        make(third, options.pictures // 3, *options.photograph)
        print(f"{options.runs} paired runs, {options.pictures} pictures, load average {os.getloadavg()[0]:.1f}")
        print(f"{'pictures/s':22}{'Keras':>8}{'ours':>8}  ratio")
        memory: list[float] = []
        for augment in ("0", "1"):
            pairs = [
                (once("keras", str(root), augment), once("ours", str(root), augment, "ram"))
                for _ in range(options.runs)
            ]
            memory += [ours["memory"] / ours["raw"] for _, ours in pairs]
            for key in ("first", "later"):
                rates = [[options.pictures / side[key] for side in pair] for pair in pairs]
                theirs, mine = (statistics.median(rate[i] for rate in rates) for i in (0, 1))
                ratio = statistics.median(rate[1] / rate[0] for rate in rates)
                name = f"{key} epoch{', augmented' if augment == '1' else ''}"
                print(f"{name:22}{theirs:8.0f}{mine:8.0f}  {ratio:.2f}")
        rates = [
            options.pictures / once(*side)["first"]
            for _ in range(options.runs)
            for side in (("filtered", str(root), "0"), ("ours", str(root), "0", "ram"))
        ]
        pairs_of = list(zip(rates[::2], rates[1::2], strict=True))
        theirs, mine = statistics.median(rates[::2]), statistics.median(rates[1::2])
        ratio = statistics.median(ours / keras for keras, ours in pairs_of)
        print(f"{'first epoch, filtered':22}{theirs:8.0f}{mine:8.0f}  {ratio:.2f}")
        print(f"memory of the cache / bytes of the pictures: {statistics.median(memory):.3f}")
        ends = [once("ours", str(where), "0", "none")["end"] / 2**20 for where in (third, root)]
        print(f"without a cache, resident at the end: {ends[0]:.0f} MiB for a third, {ends[1]:.0f} MiB for all")


if __name__ == "__main__":
    main()
