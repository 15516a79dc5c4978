"""Measure training on whatever accelerator JAX or TensorFlow sees, and print one JSON document.

Run: KERAS_BACKEND=jax python benchmarks/gpu.py [--parts steps feeding reaching] [--output FILE] [--quick]. It wants
Keras, one of the two backends, and the light dependencies of kerascnn; with JAX no TensorFlow is imported. --quick
takes tiny networks and sets, to see on a CPU that everything works: its figures mean nothing.

- steps: seconds of a training step on a batch that is there already, in each precision; with TensorFlow, with and
  without XLA. `first` is the first step, with tracing and compilation.
- feeding: seconds of an epoch of pictures of 32 x 32, flipped and cropped: one batch again and again (the ceiling); our
  pipeline, plain and augmented on the CPU; and, with JAX, all pictures as bytes on the device and augmented there in
  one go, given to `fit` batch by batch, or trained on in one program an epoch.
- reaching: seconds until 94 % of the validation pictures are told apart on two made sets, the size of Fashion-MNIST
  and of CIFAR-10: through `kerascnn.train`, and with JAX by `fit` on pictures that stay on the device.

The sets are made, always the same. Each class has 12 smooth patterns of chance, larger than a picture. A picture is a
piece of one at a random place, mirrored or not, mixed with a piece of another class's pattern that is weaker, seen
through another contrast and brightness, and noise; some have a corner covered. So no pixel means the same thing twice:
`linear` says what a linear model of the pixels reaches.

No figures were measured on an accelerator so far: only --quick was run, on a CPU.
"""

from __future__ import annotations

import argparse
import datetime
import itertools
import json
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "tensorflow" if find_spec("tensorflow") else "jax")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

CLASSES, GOAL, MARGIN = 10, 0.94, 4
PARTS = ("steps", "feeding", "reaching")
PRECISIONS = ("float32", "mixed_bfloat16", "mixed_float16")
PACKAGES = ("keras", "tensorflow", "jax", "jaxlib", "numpy")


@dataclass(frozen=True)
class Sizes:
    """How much is measured."""

    nets: tuple[tuple[str, str, tuple[int, int, int], int], ...]
    """Networks of the steps: name, backbone, picture, batch."""
    steps: int
    rounds: int
    pictures: int
    batch: int
    width: int
    """Channels of the first convolution of the network that is fed, and of the one that reaches its goal."""
    epochs: int
    sets: tuple[tuple[str, tuple[int, int, int], int], ...]
    """Sets of the goal: name, picture, training and validation pictures together."""


_FAST = "{{type: fast_cnn, width: {}}}"
_RESNET = tuple(("ResNet-50", "{type: resnet, depth: 50}", (224, 224, 3), batch) for batch in (64, 128, 256))
FULL = Sizes(
    nets=(*_RESNET, ("fast_cnn", _FAST.format(64), (32, 32, 3), 512)),
    steps=30,
    rounds=5,
    pictures=50_000,
    batch=512,
    width=64,
    epochs=20,
    sets=(("Fashion-MNIST-like", (28, 28, 1), 70_000), ("CIFAR-10-like", (32, 32, 3), 60_000)),
)
QUICK = Sizes(
    nets=(("simple_cnn", "{type: simple_cnn, filters: [2, 4]}", (16, 16, 3), 4),),
    steps=2,
    rounds=2,
    pictures=48,
    batch=8,
    width=2,
    epochs=2,
    sets=(("Fashion-MNIST-like", (28, 28, 1), 120), ("CIFAR-10-like", (32, 32, 3), 120)),
)


def smooth(rng: Any, count: int, height: int, width: int, channels: int, scale: float) -> Any:
    """Return patterns `(count, height, width, channels)`, mean 0 and variance 1, with spots of `scale` pixels."""
    import numpy as np

    noise = np.fft.rfft2(rng.standard_normal((count, channels, height, width)))
    rows, columns = np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)
    found = np.fft.irfft2(noise * np.exp(-2 * (np.pi * scale) ** 2 * (rows**2 + columns**2)), (height, width))
    found -= found.mean((1, 2, 3), keepdims=True)
    return np.moveaxis(found / found.std((1, 2, 3), keepdims=True), 1, -1).astype("float32")


def made_set(shape: tuple[int, int, int], count: int, *, seed: int = 0, noise: float = 0.35) -> tuple[Any, Any]:
    """Return pictures `(count, *shape)` as bytes and their classes, made as the beginning of this file says."""
    import numpy as np

    height, width, channels = shape
    rng = np.random.default_rng(seed)
    many, room = 12, 10
    patterns = smooth(rng, CLASSES * many, height + room, width + room, channels, 2.0)
    pieces = np.lib.stride_tricks.sliding_window_view(patterns, (height, width), (1, 2))
    y = rng.permutation(np.arange(count) % CLASSES).astype("int64")
    x = np.empty((count, *shape), "uint8")

    def cut(classes: Any) -> Any:
        n = len(classes)
        which = classes * many + rng.integers(0, many, n)
        found = pieces[which, rng.integers(0, room + 1, n), rng.integers(0, room + 1, n)]
        found = np.moveaxis(found, 1, -1)
        return np.where(rng.random((n, 1, 1, 1)) < 0.5, found[:, :, ::-1], found)

    for start in range(0, count, 2000):
        own = y[start : start + 2000]
        n = len(own)
        weight = rng.uniform(0.0, 0.75, (n, 1, 1, 1))
        mixed = cut(own) + weight * cut((own + rng.integers(1, CLASSES, n)) % CLASSES)
        mixed += noise * rng.standard_normal(mixed.shape)
        covered = rng.random(n) < 0.3
        mixed[covered, : height // 3, : width // 2] = 0
        mixed = 128 + rng.uniform(25, 50, (n, 1, 1, 1)) * mixed + rng.uniform(-25, 25, (n, 1, 1, 1))
        x[start : start + 2000] = mixed.clip(0, 255)
    return x, y


def spec_of(backbone: str, **changed: str) -> Any:
    """Return a spec with this network; keywords replace what stands in it."""
    from kerascnn.spec.load import parse_spec

    parts = {
        "source": "{type: digits}",
        "data": "",
        "augment": "[]",
        "train": "{}",
        "head": "{type: classifier, pooling: max}",
        **changed,
    }
    text = f"""
kerascnn: 1
name: gpu
task: {{type: image_classification}}
data: {{source: {parts["source"]}{parts["data"]}}}
augment: {parts["augment"]}
model: {{backbone: {backbone}, head: {parts["head"]}}}
train: {parts["train"]}
"""
    return parse_spec(text.encode(), "gpu.yaml")


def compiled(backbone: str, shape: tuple[int, ...], precision: str, *, xla: bool, rate: Any = 1e-3) -> Any:
    """Return a network as kerascnn builds it, compiled for training in this precision."""
    import keras

    from kerascnn.engine.build import build_model, precision_policy
    from kerascnn.spec import DataInfo

    spec, info = spec_of(backbone), DataInfo.of(shape, CLASSES)
    keras.utils.set_random_seed(0)
    with precision_policy(precision):
        model = build_model(spec, info)
        model.compile(
            keras.optimizers.SGD(rate, momentum=0.9, nesterov=True),
            spec.task.loss(info),
            metrics=spec.task.compiled_metrics(),
            jit_compile=xla,
        )
    return model


def epochs_of(model: Any, batches: Any, steps: int, epochs: int, **more: Any) -> list[float]:
    """Return the seconds of each epoch of `fit`; figures are read at the end of an epoch alone."""
    import keras

    began: list[float] = []
    seconds: list[float] = []
    clock = keras.callbacks.LambdaCallback(
        on_epoch_begin=lambda epoch, logs: began.append(time.perf_counter()),
        on_epoch_end=lambda epoch, logs: seconds.append(time.perf_counter() - began[-1]),
    )
    model.fit(batches, steps_per_epoch=steps, epochs=epochs, verbose=0, callbacks=[clock], shuffle=False, **more)
    return seconds


def repeated(x: Any, y: Any) -> Any:
    """Return one batch again and again: on the device with JAX, beside it with TensorFlow."""
    import keras

    if keras.backend.backend() == "jax":
        import jax

        return (batch for batch in itertools.repeat(jax.device_put((x, y))))
    import tensorflow as tf

    return tf.data.Dataset.from_tensors((x, y)).repeat().prefetch(tf.data.AUTOTUNE)


def attempt(work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Return what a piece of work finds, or why it fails: the others go on."""
    try:
        return work()
    except Exception as error:  # noqa: BLE001 - the document says what fails
        return {"fails": f"{type(error).__name__}: {str(error).strip()[:300]}"}


def measure_steps(sizes: Sizes) -> list[dict[str, Any]]:
    """Return what a step takes, by network, precision and XLA."""
    import keras
    import numpy as np

    xla_or_not = (True,) if keras.backend.backend() == "jax" else (False, True)
    found = []
    for (name, backbone, shape, batch), precision, xla in itertools.product(sizes.nets, PRECISIONS, xla_or_not):
        rng = np.random.default_rng(0)
        x = rng.integers(0, 256, (batch, *shape), "uint8")
        y = np.eye(CLASSES, dtype="float32")[rng.integers(0, CLASSES, batch)]

        case = {"network": name, "picture": shape, "batch": batch, "precision": precision, "xla": xla}
        found.append(case | attempt(partial(step_of, sizes, backbone, precision, xla, x, y)))
        keras.utils.clear_session()
    return found


def step_of(sizes: Sizes, backbone: str, precision: str, xla: bool, x: Any, y: Any) -> dict[str, Any]:
    """Return what a step on this batch takes."""
    model, data = compiled(backbone, x.shape[1:], precision, xla=xla), repeated(x, y)
    first = epochs_of(model, data, 1, 1)[0]
    later = epochs_of(model, data, sizes.steps, 1 + sizes.rounds)[1:]
    step = statistics.median(later) / sizes.steps
    return {"first": first, "step": step, "samples/s": len(x) / step}


class OnDevice:
    """All pictures as bytes on JAX's device, put in order and augmented there, an epoch in one go."""

    def __init__(self, x: Any, y: Any, batch: int):
        import jax
        import numpy as np

        self.batch, self.steps = batch, len(x) // batch
        self.x, self.y = jax.device_put((x, np.eye(CLASSES, dtype="float32")[y]))
        self.arranged = jax.jit(self._arranged)

    def _arranged(self, x: Any, y: Any, order: Any, top: Any, left: Any, mirrored: Any) -> tuple[Any, Any]:
        import jax.numpy as jnp

        height, width = x.shape[1:3]
        margins = ((0, 0), (MARGIN, MARGIN), (MARGIN, MARGIN), (0, 0))
        found = jnp.pad(x[order], margins, mode="reflect")
        rows = (top[:, None] + jnp.arange(height))[:, :, None, None]
        columns = left[:, None] + jnp.where(mirrored[:, None], jnp.arange(width)[::-1], jnp.arange(width))
        found = jnp.take_along_axis(jnp.take_along_axis(found, rows, 1), columns[:, None, :, None], 2)
        return (
            found.reshape(self.steps, self.batch, *x.shape[1:]),
            y[order].reshape(self.steps, self.batch, y.shape[1]),
        )

    def epoch(self, number: int) -> tuple[Any, Any]:
        """Return the batches of an epoch: pictures `(steps, batch, height, width, channels)`, answers."""
        import numpy as np

        rng = np.random.default_rng([0, number])
        n = self.steps * self.batch
        order = rng.permutation(len(self.x))[:n].astype("int32")
        places = rng.integers(0, 2 * MARGIN + 1, (2, n), dtype="int32")
        return self.arranged(self.x, self.y, order, *places, rng.random(n) < 0.5)

    def batches(self) -> Iterator[tuple[Any, Any]]:
        """Yield batch after batch, epoch after epoch."""
        for number in itertools.count():
            x, y = self.epoch(number)
            for step in range(self.steps):
                yield x[step], y[step]


def in_one_program(model: Any, data: OnDevice, epochs: int) -> list[float]:
    """Return the seconds of each epoch that one program of JAX trains on."""
    import jax

    model.optimizer.build(model.trainable_variables)

    def step(state: Any, batch: Any) -> Any:
        weights, others, moments = state

        def loss(weights: Any) -> Any:
            answers, after = model.stateless_call(weights, others, batch[0], training=True)
            return model.loss(batch[1], answers), after

        (value, others), gradients = jax.value_and_grad(loss, has_aux=True)(weights)
        weights, moments = model.optimizer.stateless_apply(moments, gradients, weights)
        return (weights, others, moments), value

    whole = jax.jit(lambda state, batches: jax.lax.scan(step, state, batches), donate_argnums=0)
    groups = (model.trainable_variables, model.non_trainable_variables, model.optimizer.variables)
    # A copy: what is given away to the program is gone.
    state = jax.tree.map(lambda one: one + 0, tuple([one.value for one in group] for group in groups))
    seconds = []
    for number in range(epochs):
        began = time.perf_counter()
        state, losses = whole(state, data.epoch(number))
        losses.block_until_ready()
        seconds.append(time.perf_counter() - began)
    return seconds


def best_precision() -> tuple[str, bool]:
    """Return the precision that kerascnn chooses here, and whether with XLA."""
    from kerascnn.engine.devices import choose_precision, choose_xla

    spec = spec_of(_FAST.format(2))
    return choose_precision(spec)["used"], choose_xla(spec)["used"]


def measure_feeding(sizes: Sizes) -> list[dict[str, Any]]:
    """Return what an epoch takes with each way to feed a small network."""
    import keras
    import numpy as np

    from kerascnn.engine.stream import Prefetch, Stream

    shape = (32, 32, 3)
    x, y = made_set(shape, sizes.pictures)
    steps, epochs = len(x) // sizes.batch, 1 + sizes.rounds
    precision, xla = best_precision()

    def model() -> Any:
        return compiled(_FAST.format(sizes.width), shape, precision, xla=xla)

    def one_batch() -> list[float]:
        targets = np.eye(CLASSES, dtype="float32")[y[: sizes.batch]]
        return epochs_of(model(), repeated(x[: sizes.batch], targets), steps, epochs)

    def pipeline(augment: str) -> list[float]:
        spec = spec_of(_FAST.format(sizes.width), augment=augment)
        one_hot = np.eye(CLASSES, dtype="float32")
        stream = Stream(
            x.__getitem__,
            np.arange(len(x)),
            y.__getitem__,
            one_hot.__getitem__,
            batch_size=sizes.batch,
            seed=0,
            augment=spec.augment,
        )
        batches = Prefetch(stream, 0)
        try:
            return epochs_of(model(), iter(batches), steps, epochs)
        finally:
            batches.close()

    ways: dict[str, Callable[[], list[float]]] = {
        "one batch": one_batch,
        "pipeline": lambda: pipeline("[]"),
        "pipeline, augmented": lambda: pipeline(AUGMENT),
    }
    if keras.backend.backend() == "jax":
        ways["on the device, augmented"] = lambda: epochs_of(
            model(), OnDevice(x, y, sizes.batch).batches(), steps, epochs
        )
        ways["one program, augmented"] = lambda: in_one_program(model(), OnDevice(x, y, sizes.batch), epochs)
    found = []
    for name, way in ways.items():
        case = {"way": name, "batch": sizes.batch, "pictures": steps * sizes.batch, "precision": precision}
        found.append(case | attempt(partial(epoch_of, way, steps * sizes.batch)))
        keras.utils.clear_session()
    return found


def epoch_of(way: Callable[[], list[float]], samples: int) -> dict[str, Any]:
    """Return what an epoch takes in this way."""
    seconds = way()
    epoch = statistics.median(seconds[1:])
    return {"first": seconds[0], "epoch": epoch, "samples/s": samples / epoch}


AUGMENT = f"[{{type: random_flip}}, {{type: random_crop, padding: {MARGIN}, fill: reflect}}]"


def linear(x: Any, y: Any) -> float:
    """Return the accuracy of ridge regression on pixels: learnt from up to 10,000 pictures, asked about as many."""
    import numpy as np

    half = min(len(x) // 2, 10_000)
    flat = np.concatenate([x[: 2 * half].reshape(2 * half, -1) / np.float32(255), np.ones((2 * half, 1), "float32")], 1)
    known, asked = flat[:half], flat[half:]
    gram = known.T @ known + 10 * np.eye(known.shape[1], dtype="float32")
    weights = np.linalg.solve(gram, known.T @ np.eye(CLASSES, dtype="float32")[y[:half]])
    return float(np.mean((asked @ weights).argmax(1) == y[half : 2 * half]))


def reached(told: list[dict[str, float]]) -> dict[str, Any]:
    """Return when the goal was reached, in epochs and in seconds since the beginning, and the best accuracy."""
    there = next((i for i, epoch in enumerate(told) if epoch["accuracy"] >= GOAL), None)
    found: dict[str, Any] = {"best": max(epoch["accuracy"] for epoch in told), "epochs": len(told)}
    found["first epoch"] = told[0]["seconds"]
    found["goal"] = {"epochs": there + 1, "seconds": told[there]["seconds"]} if there is not None else None
    return found


def through_kerascnn(x: Any, y: Any, sizes: Sizes) -> dict[str, Any]:
    """Return when `kerascnn.train` reaches the goal; the seconds begin when the data is read."""
    import numpy as np

    import kerascnn
    from kerascnn.engine.progress import Progress

    told: list[dict[str, float]] = []

    class Clock(Progress):
        began = 0.0

        def stage(self, number: int, stages: int, epochs: int, steps: int) -> None:
            self.began = time.perf_counter()

        def epoch(self, epoch: int, figures: Any, *, kept: bool) -> None:
            told.append({"accuracy": figures["val_accuracy"], "seconds": time.perf_counter() - self.began})

    with tempfile.TemporaryDirectory() as folder:
        np.savez(Path(folder) / "set.npz", images=x, labels=y)
        spec = spec_of(
            _FAST.format(sizes.width),
            source=f"{{type: arrays, path: {folder}/set.npz}}",
            data=", split: {validation: 0.15, test: 0}",
            augment=AUGMENT,
            train=f"{{batch_size: {sizes.batch}, monitor: val_accuracy, stages: [{{epochs: {sizes.epochs}, "
            f"learning_rate: {RATE}, optimizer: {{type: sgd, momentum: 0.9, nesterov: true}}, "
            "schedule: {type: one_cycle}}]}",
        )
        run = kerascnn.train(spec, folder, progress=Clock())
        return reached(told) | {"precision": run.effective["precision"]["used"], "xla": run.effective["xla"]["used"]}


RATE = 0.2


def on_device(x: Any, y: Any, sizes: Sizes) -> dict[str, Any]:
    """Return when `fit` reaches the goal on pictures that stay on JAX's device."""
    import jax
    import keras
    import numpy as np

    from kerascnn.schedules.one_cycle import OneCycle

    held = round(0.15 * len(x))
    data = OnDevice(x[held:], y[held:], min(sizes.batch, len(x) - held))
    precision, xla = best_precision()
    rate = OneCycle().make(RATE, data.steps * sizes.epochs)
    model = compiled(_FAST.format(sizes.width), x.shape[1:], precision, xla=xla, rate=rate)
    told: list[dict[str, float]] = []
    began = time.perf_counter()
    note = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: told.append(
            {"accuracy": float(logs["val_accuracy"]), "seconds": time.perf_counter() - began}
        )
    )
    model.fit(
        data.batches(),
        steps_per_epoch=data.steps,
        epochs=sizes.epochs,
        validation_data=jax.device_put((x[:held], np.eye(CLASSES, dtype="float32")[y[:held]])),
        validation_batch_size=1000,
        callbacks=[note],
        verbose=0,
    )
    return reached(told) | {"precision": precision, "xla": xla}


def measure_reaching(sizes: Sizes) -> list[dict[str, Any]]:
    """Return how soon the goal is reached on each made set."""
    import keras

    found = []
    ways = {"kerascnn.train": through_kerascnn}
    if keras.backend.backend() == "jax":
        ways["on the device"] = on_device
    for name, shape, count in sizes.sets:
        began = time.perf_counter()
        x, y = made_set(shape, count)
        made = time.perf_counter() - began
        case = {"set": name, "pictures": count, "made": made, "linear": linear(x, y)}
        for way, work in ways.items():
            found.append(case | {"way": way} | attempt(partial(work, x, y, sizes)))
            keras.utils.clear_session()
    return found


def about() -> dict[str, Any]:
    """Return what the machine is, with which versions, and when."""
    from kerascnn import __version__
    from kerascnn.engine.devices import backend, gpus

    versions = {"kerascnn": __version__}
    for package in PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    return {
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "backend": backend(),
        "gpus": gpus(),
        "cpus": os.cpu_count(),
        "load": os.getloadavg()[0],
        "python": platform.python_version(),
        "versions": versions,
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS), metavar="PART")
    parser.add_argument("--quick", action="store_true", help="tiny sizes: whether it works")
    parser.add_argument("--output", type=Path, help="a file to write the document to as well")
    options = parser.parse_args()
    sizes = QUICK if options.quick else FULL
    found: dict[str, Any] = {"about": about(), "quick": options.quick}
    measures = {"steps": measure_steps, "feeding": measure_feeding, "reaching": measure_reaching}
    for part in options.parts:
        began = time.perf_counter()
        found[part] = measures[part](sizes)
        found["about"][f"seconds of {part}"] = time.perf_counter() - began
        if options.output:  # what is there stays, should a later part be cut short
            options.output.write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
