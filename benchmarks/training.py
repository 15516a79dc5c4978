"""Measure training beside Keras's `fit` by hand, Keras's defaults and a plain PyTorch loop, in paired runs.

Run: python benchmarks/training.py [--rounds N] [--cases NAME ...] [--backend jax] [--torch INTERPRETER] [--quick]

Measured on 2026-11-21 on 2 shared cores of an Intel Xeon at 2.1 GHz, no GPU, load averages of 1 to 4, as multiples of
Keras by hand (wall and CPU time), of Keras's defaults and of a plain PyTorch loop (wall):

                          wall    CPU   defaults   PyTorch
    LeNet                 1.13   0.85          -      2.85
    TextCNN               1.07   0.94          -      2.42
    ResNet-20             1.13   1.02          -      0.79
    Conv1D ResNet         1.18   0.99          -      2.25
    MobileNetV2           1.20   0.95          -      0.68      (--rounds 5)
    photos                1.30      -       1.70         -
    photos, augmented     1.46      -       2.21         -
    --backend jax: LeNet 1.41, TextCNN 0.98 (wall)

On 2026-11-22, batches handed over in data sets without a tuner, the same cores with nothing else on them (--rounds 3):
LeNet 1.04 (CPU 0.98), TextCNN 1.19 (0.87), ResNet-20 1.05 (0.96), Conv1D ResNet 1.16 (1.06).

Wall times vary by some tenths where others use the machine; CPU times do not. Ours keeps batches ready in a thread, and
that thread is what its CPU time has more. PyTorch's convolutions of few channels are faster than TensorFlow's on CPUs.
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
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

CLASSES, EPOCHS, WORDS, WIDTH, PHOTO = 10, 5, 5000, 128, (188, 250)
QUICK_STEPS = 3
"""Steps of an epoch with --quick."""
Net = list[tuple[Any, ...]]
"""Layers in their order, each a name and its settings: what both frameworks are asked for by hand."""


@dataclass(frozen=True)
class Case:
    """A network, and made data of its shape."""

    medium: str
    shape: tuple[int, ...]
    """Of an element."""
    batch: int
    steps: int
    """Batches of an epoch."""
    model: str
    """The network in a spec."""
    net: Net
    """The network by hand, but for its last dense layer."""
    augment: str = "[]"
    together: int = 1
    """Steps in one call of Keras by hand: several where a step is short."""


def spelled(net: Net) -> str:
    """Return a network of series in the words of a spec."""
    relu = "{type: activation, function: relu}"
    words = {"norm": "{type: batch_norm}", "relu": relu, "mean": "{type: global_average_pooling1d}"}
    words["peak"] = "{type: global_max_pooling1d}"
    found = []
    for kind, *with_ in net:
        if kind == "conv":
            filters, size, *_ = with_
            bias = str(len(with_) > 3).lower()
            found.append(f"{{type: conv1d, filters: {filters}, kernel_size: {size}, use_bias: {bias}}}")
        elif kind in ("sum", "join"):
            merge = "add" if kind == "sum" else "concatenate"
            branches = ", ".join(map(spelled, with_))
            found.append(f"{{type: parallel, merge: {merge}, branches: [{branches}]}}")
        else:
            found.append(words[kind])
    return f"[{', '.join(found)}]"


def _conv(filters: int, size: int, stride: int = 1) -> Net:
    return [("conv", filters, size, stride), ("norm",)]


def _lenet() -> Net:
    first = [("conv", 6, 5, 1, True), ("relu",), ("max",), ("conv", 16, 5, 1, True, "valid"), ("relu",), ("max",)]
    return [*first, ("flatten",), ("dense", 120), ("relu",), ("dense", 84), ("relu",)]


def _resnet20() -> Net:
    net = [*_conv(16, 3), ("relu",)]
    for filters in (16, 32, 64):
        for number in range(3):
            stride = 2 if filters > 16 and not number else 1
            body = [*_conv(filters, 3, stride), ("relu",), *_conv(filters, 3)]
            net += [("sum", body, [("shrink", filters)] if stride > 1 else []), ("relu",)]
    return [*net, ("mean",)]


def _mobilenet() -> Net:
    net, before = [("pad",), ("conv", 32, 3, 2, False, "valid"), ("norm",), ("relu6",)], 32
    table = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))
    for factor, filters, count, stride in table:
        for number in range(count):
            now = 1 if number else stride
            wide = [*_conv(before * factor, 1), ("relu6",)] if factor > 1 else []
            pad = [("pad",)] if now == 2 else []  # as keras.applications does it
            deep = [*pad, ("depthwise", before * factor, 3, now), ("norm",), ("relu6",)]
            body = [*wide, *deep, *_conv(filters, 1)]
            net += [("sum", body, [])] if now == 1 and before == filters else body
            before = filters
    return [*net, *_conv(1280, 1), ("relu6",), ("mean",)]


def _resnet1d() -> Net:
    net: Net = []
    for filters, shortcut in ((64, _conv(64, 1)), (128, _conv(128, 1)), (128, [("norm",)])):
        body = [*_conv(filters, 8), ("relu",), *_conv(filters, 5), ("relu",), *_conv(filters, 3)]
        net += [("sum", body, shortcut), ("relu",)]
    return [*net, ("mean",)]


_TEXT: Net = [("join", *([("conv", 100, size, 1, True), ("relu",), ("peak",)] for size in (3, 4, 5)))]
_SMALL: Net = [step for f in (16, 32, 64) for step in (("conv", f, 3, 1, True), ("relu",), ("max",))] + [("mean",)]
_HEAD = "head: {type: classifier}"
_LENET = f"{{backbone: {{type: lenet, activation: relu, pooling: max}}, {_HEAD}}}"
_TEXTCNN = (
    f"{{preprocess: {{embedding: {WIDTH}}}, backbone: {{type: layers, layers: {spelled(_TEXT)}}}, "
    "head: {type: classifier, dropout: 0.5}}"
)
_RESNET1D = f"{{preprocess: {{normalize: none}}, backbone: {{type: layers, layers: {spelled(_resnet1d())}}}, {_HEAD}}}"
_PHOTOS = f"{{backbone: {{type: simple_cnn, filters: [16, 32, 64]}}, {_HEAD}}}"
_CHAIN = (
    "[{type: random_flip}, {type: random_rotation, degrees: 18, fill: reflect}, {type: random_zoom, fill: reflect}]"
)
CASES = {
    "LeNet": Case("image", (28, 28, 1), 128, 60, _LENET, _lenet(), together=20),
    "ResNet-20": Case("image", (32, 32, 3), 128, 8, f"{{backbone: {{type: cifar_resnet}}, {_HEAD}}}", _resnet20()),
    "MobileNetV2": Case("image", (96, 96, 3), 32, 8, f"{{backbone: {{type: mobilenet}}, {_HEAD}}}", _mobilenet()),
    "TextCNN": Case("text", (64,), 50, 60, _TEXTCNN, [("embed",), *_TEXT, ("drop", 0.5)]),
    "Conv1D ResNet": Case("series", (128, 1), 64, 12, _RESNET1D, _resnet1d()),
    "photos": Case("photos", (64, 64, 3), 32, 20, _PHOTOS, _SMALL),
    "photos, augmented": Case("photos", (64, 64, 3), 32, 20, _PHOTOS, _SMALL, _CHAIN),
}


def make(case: Case, root: Path, steps: int = 0) -> None:
    """Write the data of a case: arrays for all, and the file or the folder that a spec names."""
    import numpy as np
    from PIL import Image

    rng = np.random.default_rng(0)
    count = case.batch * (steps or case.steps)
    y = np.arange(count) % CLASSES
    if case.medium == "text":
        # Every word comes, however few texts there are: both sides have as many.
        length = case.shape[0] - 1
        words = rng.permutation(np.resize(np.arange(2, WORDS), count * length)).reshape(count, length)
        x = np.concatenate([2 + y[:, None], words], axis=1).astype("int32")
        lines = [f"{label} {' '.join(f'w{word}' for word in row)}" for label, row in zip(y, x.tolist(), strict=True)]
        (root / "texts.txt").write_text("\n".join(lines), "utf-8")
    elif case.medium == "series":
        x = (rng.standard_normal((count, *case.shape)) + y[:, None, None] / 5).astype("float32")
        np.savez(root / "series.npz", x=x, y=y)
    elif case.medium == "image":
        levels = 20 * y.reshape(-1, *(1,) * len(case.shape))
        x = (levels + rng.integers(0, 64, (count, *case.shape))).astype("uint8")
        np.savez(root / "images.npz", images=x, labels=y)
    else:
        for i, label in enumerate(y):
            folder = root / "photos" / str(label)
            folder.mkdir(parents=True, exist_ok=True)
            coarse = Image.fromarray(rng.integers(0, 256, (12, 16, 3), dtype="uint8")).resize(PHOTO[::-1], 3)
            fine = np.asarray(coarse, dtype="int16") + rng.integers(-12, 13, (*PHOTO, 1))
            Image.fromarray(fine.clip(0, 255).astype("uint8")).save(folder / f"{i:05d}.jpg", quality=90)
        return
    np.savez(root / "arrays.npz", x=x, y=y)


def arrays(root: Path) -> tuple[Any, Any]:
    """Return the elements as a network takes them, and the class numbers."""
    import numpy as np

    with np.load(root / "arrays.npz") as file:
        x, y = file["x"], file["y"]
    return (x.astype("float32") / 255 if x.dtype == np.uint8 else x), y.astype("int32")


class Clock:
    """Wall and CPU seconds of the epochs of one process."""

    def __init__(self) -> None:
        self.begins: list[tuple[float, float]] = []
        self.ends: list[tuple[float, float]] = []
        """When the steps of an epoch were done."""
        self.kept: list[tuple[float, float]] = []
        """When what it came to was written, too."""

    @staticmethod
    def now() -> tuple[float, float]:
        """Return the time, and the CPU time of all threads."""
        return time.perf_counter(), time.process_time()

    def facts(self) -> dict[str, float]:
        """Return the medians of the second and later epochs: the first one has tracing in it."""
        steps = [_apart(*pair) for pair in zip(self.begins[1:], self.ends[1:], strict=True)]
        whole = [_apart(*pair) for pair in zip(self.kept, self.kept[1:], strict=False)]
        found = {"steps": [wall for wall, _ in steps], "cpu": [cpu for _, cpu in steps]}
        found["whole"] = [wall for wall, _ in whole]
        return {name: statistics.median(values) for name, values in found.items()}


def _apart(before: tuple[float, float], after: tuple[float, float]) -> tuple[float, float]:
    return after[0] - before[0], after[1] - before[1]


def our_spec(case: Case, root: Path) -> Any:
    """Return the spec of a case."""
    from kerascnn.spec.load import parse_spec

    sources = {
        "image": f"{{type: arrays, path: {root}/images.npz}}",
        "series": f"{{type: series_arrays, path: {root}/series.npz}}",
        "text": f"{{type: text_lines, path: {root}/texts.txt}}",
        "photos": f"{{type: image_folder, path: {root}/photos}}",
    }
    size = f", image_size: [{case.shape[0]}, {case.shape[1]}]" if case.medium == "photos" else ""
    text = f"""
kerascnn: 1
name: training
task: {{type: {case.medium.replace("photos", "image")}_classification}}
data: {{source: {sources[case.medium]}, split: {{validation: 0, test: 0}}{size}}}
augment: {case.augment}
model: {case.model}
train: {{batch_size: {case.batch}, monitor: loss, stages: [{{epochs: {EPOCHS}}}]}}
"""
    return parse_spec(text.encode(), "training.yaml")


def our_side(case: Case, root: Path) -> dict[str, float]:
    """Return what kerascnn takes for an epoch."""
    import kerascnn
    from kerascnn.engine import stages
    from kerascnn.engine.progress import Progress

    clock = Clock()

    class Timed(stages.Watch):
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            super().on_epoch_begin(epoch, logs)
            clock.begins.append(clock.now())

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            clock.ends.append(clock.now())
            super().on_epoch_end(epoch, logs)

    class Kept(Progress):
        def epoch(self, epoch: int, figures: Any, *, kept: bool) -> None:
            clock.kept.append(clock.now())

    stages.Watch = Timed  # type: ignore[misc]
    run = kerascnn.train(our_spec(case, root), root / f"runs{os.getpid()}", progress=Kept())
    return {**clock.facts(), "parameters": run.effective["parameters"]}


def keras_side(case: Case, root: Path, plain: bool) -> dict[str, float]:
    """Return what Keras takes for an epoch: with its defaults, or with what is best by hand."""
    import keras

    keras.utils.set_random_seed(0)
    augment = case.augment != "[]"
    model = keras_model(case, inside=plain and augment)
    if case.medium == "photos":
        data = {"x": photographs(root, case, plain=plain, augment=augment)}
    else:
        x, y = arrays(root)
        data = {"x": x, "y": y, "batch_size": case.batch}
    best: dict[str, Any] = {}
    if not plain:
        best["steps_per_execution"] = case.together
        if keras.backend.backend() == "tensorflow":
            best["jit_compile"] = False
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"], **best)
    clock = Clock()
    ran = keras.callbacks.LambdaCallback(
        on_epoch_begin=lambda epoch, logs: clock.begins.append(clock.now()),
        on_epoch_end=lambda epoch, logs: clock.ends.append(clock.now()),
    )
    keep = keras.callbacks.ModelCheckpoint(root / f"{os.getpid()}.keras", monitor="loss", save_best_only=True)
    kept = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: clock.kept.append(clock.now()))
    model.fit(**data, epochs=EPOCHS, verbose=0, callbacks=[ran, keep, kept])
    return {**clock.facts(), "parameters": model.count_params()}


def photographs(root: Path, case: Case, *, plain: bool, augment: bool) -> Any:
    """Return photographs as Keras reads them: anew each epoch, or kept as bytes, augmented by all cores, and ahead."""
    import keras
    import tensorflow as tf

    found = keras.utils.image_dataset_from_directory(
        root / "photos", image_size=case.shape[:2], batch_size=case.batch if plain else None, verbose=False
    )
    if plain:
        return found
    found = found.map(lambda x, y: (tf.cast(x, "uint8"), y)).cache().shuffle(1000).batch(case.batch)
    if augment:
        chain = keras.Sequential(augmentations())
        found = found.map(lambda x, y: (chain(tf.cast(x, "float32"), training=True), y), tf.data.AUTOTUNE)
    return found.prefetch(tf.data.AUTOTUNE)


def augmentations() -> list[Any]:
    """Return Keras's layers for what the spec augments with."""
    from keras import layers

    reflect = {"fill_mode": "reflect"}
    return [layers.RandomFlip("horizontal"), layers.RandomRotation(0.05, **reflect), layers.RandomZoom(0.2, **reflect)]


def keras_model(case: Case, *, inside: bool) -> Any:
    """Return the network as one would write it with Keras."""
    import keras
    from keras import layers

    x = inputs = keras.Input(case.shape, dtype="int32" if case.medium == "text" else "float32")
    if case.medium == "photos":
        for layer in augmentations() if inside else ():
            x = layer(x)
        x = layers.Rescaling(1 / 255)(x)
    x = keras_chain(x, case.net, "1D" if case.medium in ("text", "series") else "2D")
    return keras.Model(inputs, layers.Dense(CLASSES, activation="softmax")(x))


def keras_chain(x: Any, net: Net, dims: str) -> Any:
    """Return what Keras's layers make of a tensor."""
    from keras import layers, ops

    def conv(x: Any, filters: int, size: int, stride: int, bias: bool = False, padding: str = "same") -> Any:
        return getattr(layers, f"Conv{dims}")(filters, size, stride, padding=padding, use_bias=bias)(x)

    def shrink(x: Any, filters: int) -> Any:
        return ops.pad(x[:, ::2, ::2], [(0, 0), (0, 0), (0, 0), (0, filters - x.shape[-1])])

    steps = {
        "conv": conv,
        "shrink": shrink,
        "pad": lambda x: layers.ZeroPadding2D(((0, 1), (0, 1)))(x),
        "depthwise": lambda x, _, size, stride: layers.DepthwiseConv2D(
            size, stride, padding="same" if stride == 1 else "valid", use_bias=False
        )(x),
        "norm": lambda x: layers.BatchNormalization()(x),
        "relu": lambda x: layers.ReLU()(x),
        "relu6": lambda x: layers.ReLU(6)(x),
        "max": lambda x: layers.MaxPooling2D()(x),
        "mean": lambda x: getattr(layers, f"GlobalAveragePooling{dims}")()(x),
        "peak": lambda x: layers.GlobalMaxPooling1D()(x),
        "flatten": lambda x: layers.Flatten()(x),
        "dense": lambda x, units: layers.Dense(units)(x),
        "drop": lambda x, rate: layers.Dropout(rate)(x),
        "embed": lambda x: layers.Embedding(WORDS, WIDTH)(x),
        "sum": lambda x, *nets: layers.Add()([keras_chain(x, net, dims) for net in nets]),
        "join": lambda x, *nets: layers.Concatenate()([keras_chain(x, net, dims) for net in nets]),
    }
    for kind, *with_ in net:
        x = steps[kind](x, *with_)
    return x


def torch_chain(net: Net, dims: int) -> Any:
    """Return PyTorch's module of the layers."""
    import torch
    from torch import nn

    class Does(nn.Module):
        def __init__(self, what: Any, *nets: Net) -> None:
            super().__init__()
            self.what, self.parts = what, nn.ModuleList([torch_chain(net, dims) for net in nets])

        def forward(self, x: Any) -> Any:
            return self.what(*(part(x) for part in self.parts)) if len(self.parts) else self.what(x)

    def conv(filters: int, size: int, stride: int, bias: bool = False, padding: str = "same") -> Any:
        margin = "same" if stride == 1 and padding == "same" else size // 2 if padding == "same" else 0
        return getattr(nn, f"LazyConv{dims}d")(filters, size, stride, padding=margin, bias=bias)

    def shrink(x: Any, filters: int) -> Any:
        return nn.functional.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, 0, filters - x.shape[1]))

    steps = {
        "conv": conv,
        "shrink": lambda filters: Does(lambda x: shrink(x, filters)),
        "pad": lambda: nn.ZeroPad2d((0, 1, 0, 1)),
        "depthwise": lambda width, size, stride: nn.Conv2d(
            width, width, size, stride, 1 if stride == 1 else 0, groups=width, bias=False
        ),
        "norm": getattr(nn, f"LazyBatchNorm{dims}d"),
        "relu": nn.ReLU,
        "relu6": nn.ReLU6,
        "max": lambda: nn.MaxPool2d(2),
        "mean": lambda: Does(lambda x: x.flatten(2).mean(2)),
        "peak": lambda: Does(lambda x: x.amax(2)),
        "flatten": nn.Flatten,
        "dense": nn.LazyLinear,
        "drop": nn.Dropout,
        "embed": lambda: nn.Sequential(nn.Embedding(WORDS, WIDTH), Does(lambda x: x.transpose(1, 2))),
        "sum": lambda *nets: Does(torch.add, *nets),
        "join": lambda *nets: Does(lambda *parts: torch.cat(parts, 1), *nets),
    }
    return nn.Sequential(*(steps[kind](*with_) for kind, *with_ in net))


def torch_side(case: Case, root: Path) -> dict[str, float]:
    """Return what a plain loop of PyTorch takes for an epoch, with channels last where there are two dimensions."""
    import torch

    torch.manual_seed(0)
    arrays_of_case = arrays(root)
    x, y = torch.from_numpy(arrays_of_case[0]), torch.from_numpy(arrays_of_case[1]).long()
    dims = 1 if case.medium in ("text", "series") else 2
    if case.medium != "text":
        x = x.movedim(-1, 1).contiguous()
    net: Net = [*case.net, ("dense", CLASSES)]
    model = torch_chain(net, dims)
    model(x[: case.batch])  # gives lazy layers their shapes
    if dims == 2:
        model, x = model.to(memory_format=torch.channels_last), x.contiguous(memory_format=torch.channels_last)
    optimizer, loss_of, clock = torch.optim.Adam(model.parameters()), torch.nn.CrossEntropyLoss(), Clock()
    for _ in range(EPOCHS):
        clock.begins.append(clock.now())
        right, total = 0, 0.0
        for chosen in torch.randperm(len(x)).split(case.batch):
            optimizer.zero_grad()
            answers = model(x[chosen])
            loss = loss_of(answers, y[chosen])
            loss.backward()
            optimizer.step()
            total += loss.item()
            right += int((answers.argmax(1) == y[chosen]).sum())
        clock.ends.append(clock.now())
        torch.save(model.state_dict(), root / f"{os.getpid()}.pt")
        clock.kept.append(clock.now())
    return {**clock.facts(), "parameters": sum(weight.numel() for weight in model.state_dict().values() if weight.ndim)}


SIDES: dict[str, Callable[[Case, Path], dict[str, float]]] = {
    "keras": partial(keras_side, plain=False),
    "ours": our_side,
    "defaults": partial(keras_side, plain=True),
    "torch": torch_side,
}


def ask(name: str, python: str, backend: str, case: str, root: Path) -> dict[str, Any]:
    """Return what a process of one side measures; an empty mapping where PyTorch is not installed."""
    above = str(Path(__file__).parent.parent)
    paths = os.pathsep.join(filter(None, [os.environ.get("PYTHONPATH", ""), above]))
    environment = {**os.environ, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONPATH": paths}
    command = [python, __file__, "--side", name, case, str(root)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if done.returncode and name == "torch" and "No module named 'torch'" in done.stderr:
        return {}
    if done.returncode:
        raise SystemExit(f"{case}: the side '{name}' ended with {done.returncode}: {done.stderr[-2000:]}")
    return dict(json.loads(done.stdout.splitlines()[-1]))


def measure(case: str, options: argparse.Namespace) -> str:
    """Return a line of the table."""
    others = ["defaults"] if CASES[case].medium == "photos" else ["torch"]
    told: dict[str, list[dict[str, Any]]] = {name: [] for name in ("keras", "ours", *others)}
    with tempfile.TemporaryDirectory() as folder:
        make(CASES[case], Path(folder), options.steps)
        for _ in range(options.rounds):
            for name, found in told.items():
                python = options.torch if name == "torch" else sys.executable
                found.append(ask(name, python, options.backend, case, Path(folder)))
    parameters = {name: found[0].get("parameters") for name, found in told.items() if name != "torch"}
    if len(set(parameters.values())) > 1:
        raise SystemExit(f"{case}: the sides train different networks ({parameters})")

    def ratio(name: str, what: str) -> float:
        return statistics.median(a[what] / b[what] for a, b in zip(told[name], told["ours"], strict=True))

    def rate(name: str) -> float:
        samples = CASES[case].batch * (options.steps or CASES[case].steps)
        return samples / statistics.median(found["steps"] for found in told[name])

    cells = [f"{rate('keras'):9.0f}{rate('ours'):9.0f}"]
    cells += [f"{ratio('keras', what):7.2f}" for what in ("steps", "cpu", "whole")]
    for name in ("defaults", "torch"):
        if name not in told:
            cells.append(f"{'-':>8}")
        elif not told[name][0]:
            cells.append("  not installed")
        else:
            cells.append(f"{ratio(name, 'steps'):8.2f}{ratio(name, 'cpu'):7.2f}")
    return f"{case:20}{''.join(cells)}  load {os.getloadavg()[0]:.1f}"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--cases", nargs="+", choices=CASES, default=list(CASES), metavar="NAME")
    parser.add_argument("--backend", choices=("tensorflow", "jax"), default="tensorflow", help="of both Keras and ours")
    parser.add_argument("--torch", default=sys.executable, metavar="INTERPRETER", help="a Python that has PyTorch")
    parser.add_argument("--quick", action="store_true", help="one round of tiny epochs: whether it works")
    parser.add_argument("--side", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.side:
        name, case, root = options.side
        print(json.dumps(SIDES[name](CASES[case], Path(root))))
        return
    options.steps = QUICK_STEPS if options.quick else 0
    options.rounds = 1 if options.quick else options.rounds
    print(f"{options.rounds} paired runs, {options.backend}, load average {os.getloadavg()[0]:.1f}")
    print("samples/s with Keras by hand and ours; ours as a multiple of it (wall, CPU, wall with what is kept of an")
    print("epoch), of Keras's defaults and of the PyTorch loop (wall, CPU)")
    print(f"{'':20}{'Keras':>9}{'ours':>9}{'wall':>7}{'CPU':>7}{'kept':>7}{'defaults':>12}{'PyTorch':>14}")
    for case in options.cases:
        print(measure(case, options), flush=True)


if __name__ == "__main__":
    main()
