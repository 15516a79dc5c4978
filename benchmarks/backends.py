"""Build, train for a step and predict small networks on each backend, compare, and write docs/backends.md.

Run: python benchmarks/backends.py [--python BACKEND=INTERPRETER ...] [--only TEMPLATE ...] [--output FILE]. Each
backend works in a process of its own, by default of this Python; one that is not installed there is said to be skipped.
The first one that works makes the weights, and the others take them over, so that their answers can be compared. With
--only the other rows stay as they are in the file; the versions have to be the same.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

BACKENDS = ("tensorflow", "jax", "torch")
PACKAGES = ("kerascnn", "keras", "tensorflow", "jax", "torch", "numpy")
OUTPUT = Path(__file__).parent.parent / "docs" / "backends.md"
BATCH = 4
ALIKE = 1e-3
"""Largest difference of answers, as a part of the largest one (or of 1), and of losses, that counts as none: sums in
float32 differ with their order."""
ALIKE_AFTER = 0.1
"""The same after a step. Where the input of a ReLU is nothing but rounding its gradient is there or not, and batch
normalisation of few values makes more of that."""
CASES: dict[str, tuple[str, int, tuple[str, ...]]] = {
    "lenet5": ("28,28,1", 10, ()),
    "simple_cnn": ("32,32,3", 5, ("model.backbone.filters=[8, 16]",)),
    "layers_residual": ("16,16,3", 5, ()),
    "layers_attention": ("16,16,3", 5, ()),
    "layers_inception": ("16,16,3", 5, ()),
    "resnet18": ("64,64,3", 5, ()),
    "mobilenet_v2": ("64,64,3", 5, ()),
    "regression_manifest": ("32,32,3", 2, ()),
    "multilabel_manifest": ("32,32,3", 5, ()),
    "unet": ("64,64,3", 3, ()),
    "centernet_small": ("64,64,3", 3, ()),
    "textcnn": ("32", 3, ()),
    "fcn": ("64,2", 4, ()),
    "fcn_regression": ("64,2", 2, ()),
    "tcn_forecast": ("48,2", 4, ("model.backbone.levels=3",)),
    "logmel_cnn": ("8000,1", 4, ()),
    "m5_waveform": ("8000,1", 4, ()),
}
"""Templates, each with the shape of an element, the number of outputs, and what is changed to keep it small."""


def elements(spec: Any, info: Any, rng: Any) -> Any:
    """Return a batch of chance as the model takes it."""
    import numpy as np

    shape = (BATCH, *info.shape)
    if spec.task.reads == "image":
        return rng.integers(0, 256, shape, "uint8")
    if spec.task.reads == "text":
        return rng.integers(0, info.vocabulary, shape).astype("int32")
    return np.clip(0.3 * rng.standard_normal(shape), -1, 1).astype("float32")


def answers(spec: Any, info: Any, rng: Any) -> Any:
    """Return what the samples of the batch are to be answered with, by the task's target."""
    import numpy as np

    many = len(info.labels)
    kinds = {
        "class": lambda: rng.integers(0, many, BATCH),
        "classes": lambda: rng.integers(0, 2, (BATCH, many)).astype("uint8"),
        "values": lambda: rng.standard_normal((BATCH, many)).astype("float32"),
        "mask": lambda: rng.integers(0, many, (BATCH, *info.shape[:2])).astype("uint8"),
        # What follows, the naive forecast of it, and its scale.
        "forecast": lambda: np.abs(rng.standard_normal((BATCH, 3 * many))).astype("float32"),
        "boxes": lambda: [np.array([[i % many, 8, 8, 40, 48]], "float32") for i in range(BATCH)],
    }
    return kinds[spec.task.target]()


def settle(model: Any, x: Any) -> None:
    """Give batch normalisation the statistics of this batch: fresh deep networks answer all elements alike."""
    import keras

    layers = [layer for layer in model._flatten_layers() if isinstance(layer, keras.layers.BatchNormalization)]
    momenta = [layer.momentum for layer in layers]
    for layer in layers:
        layer.momentum = 0.0
    model(x, training=True)
    for layer, momentum in zip(layers, momenta, strict=True):
        layer.momentum = momentum


def work(name: str, folder: Path) -> dict[str, Any]:
    """Build, predict, train for a step and predict again; the weights are those in the folder, where there are any."""
    import keras
    import numpy as np

    from kerascnn.engine.build import build_model
    from kerascnn.engine.describe import describe_input
    from kerascnn.engine.devices import choose_xla
    from kerascnn.spec import load_spec
    from kerascnn.templates_list import find_template

    shape, outputs, settings = CASES[name]
    spec = load_spec(find_template(name), settings)
    info = describe_input(spec, outputs, shape)
    keras.utils.set_random_seed(0)
    model = build_model(spec, info)
    stored = folder / f"{name}.weights.npz"
    rng = np.random.default_rng(0)
    x = elements(spec, info, rng)
    y = spec.task.targets(answers(spec, info, rng), info)
    if stored.exists():
        with np.load(stored) as file:
            model.set_weights([file[f"arr_{i}"] for i in range(len(file.files))])
    else:
        settle(model, x)
        np.savez(stored, *model.get_weights())
    for layer in model._flatten_layers():
        if "Dropout" in type(layer).__name__:
            layer.rate = 0.0  # chance is not the same on any two backends
    # Plain steps: those of Adam have the size of the rate even where a gradient is nothing but rounding.
    model.compile(keras.optimizers.SGD(1e-3), spec.task.loss(info), jit_compile=choose_xla(spec)["used"])
    before = model.predict(x, verbose=0)
    loss = float(model.train_on_batch(x, y))
    after = model.predict(x, verbose=0)
    np.savez(folder / f"{name}.{keras.backend.backend()}.npz", before=before, after=after)
    return {"loss": loss, "finite": bool(np.isfinite(after).all() and np.isfinite(loss))}


def work_all(folder: Path, names: list[str]) -> dict[str, Any]:
    """Return what the backend of this process makes of these cases."""
    from importlib.metadata import PackageNotFoundError, version

    backend = os.environ["KERAS_BACKEND"]
    versions: dict[str, str] = {}
    for package in PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    if backend not in versions:
        return {"skipped": "not installed"}
    found: dict[str, Any] = {}
    for name in names:
        try:
            found[name] = work(name, folder)
        except Exception as error:  # noqa: BLE001 - the table says what fails, and goes on
            found[name] = {"fails": f"{type(error).__name__}: {str(error).strip().splitlines()[0][:120]}"}
    return {"versions": versions, "python": platform.python_version(), "cases": found}


def ask(backend: str, python: str, folder: Path, names: list[str] | None = None) -> dict[str, Any]:
    """Return what a process with this backend says of these cases, by default of all."""
    environment = {**os.environ, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}
    root = str(Path(__file__).parent.parent)
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, [os.environ.get("PYTHONPATH", ""), root]))
    command = [python, __file__, "--one", str(folder), "--only", *(names or CASES)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        return {"skipped": f"the process ended with {done.returncode}: {last[:160]}"}
    return dict(json.loads(done.stdout.splitlines()[-1]))


def difference(name: str, first: str, other: str, which: str, folder: Path) -> float:
    """Return the largest difference of two backends' answers, as a part of the largest answer or of 1."""
    import numpy as np

    with np.load(folder / f"{name}.{first}.npz") as a, np.load(folder / f"{name}.{other}.npz") as b:
        return float(np.abs(a[which] - b[which]).max() / max(1.0, np.abs(a[which]).max()))


def cell(name: str, backend: str, first: str, told: dict[str, dict[str, Any]], folder: Path) -> str:
    """Return what the table says of a network on a backend, beside the first one that works."""
    if "skipped" in told[backend]:
        return "skipped"
    found = told[backend]["cases"][name]
    if "fails" in found:
        return f"fails: {found['fails']}"
    if not found["finite"]:
        return "not finite"
    if backend == first or not (folder / f"{name}.{first}.npz").exists():
        return "yes"
    before, after = (difference(name, first, backend, which, folder) for which in ("before", "after"))
    expected = told[first]["cases"][name]["loss"]
    loss = abs(found["loss"] - expected) / max(1.0, abs(expected))
    words = ", ".join(f"{value:.0e}" for value in (before, loss, after))
    return f"{'yes' if max(before, loss) <= ALIKE and after <= ALIKE_AFTER else 'differs'} ({words})"


def page(told: dict[str, dict[str, Any]], folder: Path, day: str, before: str = "") -> str:
    """Return the table as a page; what nobody was asked about keeps its row of the page before."""
    works = [backend for backend in told if "skipped" not in told[backend]]
    first = works[0] if works else ""
    lines = [
        "# What works on which backend",
        "",
        f"Made by `python benchmarks/backends.py` on {day}; all on a CPU, in float32.",
        "",
        "Each template is built for small elements, answers a batch of chance, trains for a step and answers again;",
        f"dropout is off. `yes` means that all of this works, and that the answers are those of {first} with the same",
        "weights. In brackets stand the largest difference, as a part of the largest answer (or of 1), before the",
        f"step, that of the loss, and that of the answers after the step. More than {ALIKE:g}, {ALIKE:g} or "
        f"{ALIKE_AFTER:g} is said to differ:",
        "a step makes more of rounding, where the input of a ReLU is nothing else.",
        "",
    ]
    for backend, facts in told.items():
        if "skipped" in facts:
            lines.append(f"- {backend}: skipped, {facts['skipped']}")
        else:
            versions = ", ".join(f"{name} {number}" for name, number in facts["versions"].items())
            lines.append(f"- {backend}: Python {facts['python']}, {versions}")
    lines += ["", f"| template | element | {' | '.join(told)} |", f"|---|---|{'---|' * len(told)}"]
    for name, (shape, _, _) in CASES.items():
        if before and all(name not in facts.get("cases", {name: None}) for facts in told.values()):
            lines.append(next(line for line in before.splitlines() if line.startswith(f"| {name} |")))
            continue
        cells = [cell(name, backend, first, told, folder).replace("|", "\\|") for backend in told]
        lines.append(f"| {name} | {shape.replace(',', ' x ')} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def others(text: str, before: str) -> str:
    """Return why rows of the page before cannot stand on this one, "" where they can."""
    told, earlier = ([line for line in one.splitlines() if line.startswith("- ")] for one in (text, before))
    return "" if told == earlier else "with other versions every row has to be made anew; leave out --only"


def main() -> None:
    """Ask every backend and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", action="append", default=[], metavar="BACKEND=INTERPRETER")
    parser.add_argument("--only", nargs="+", choices=list(CASES), metavar="TEMPLATE", default=list(CASES))
    parser.add_argument("--output", type=Path, default=OUTPUT)
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(work_all(options.one, options.only)))
        return
    given = dict(text.partition("=")[::2] for text in options.python)
    if not set(given) <= set(BACKENDS) or not all(given.values()):
        parser.error(f"--python should be BACKEND=INTERPRETER with {', '.join(BACKENDS)} (got {options.python})")
    written = options.output.read_text("utf-8") if options.output.exists() else ""
    # The table of benchmarks/explainers.py stays below.
    rows, heading, below = written.partition("\n## ")
    before = "" if set(options.only) == set(CASES) else rows
    missing = [name for name in CASES if name not in options.only and before and f"\n| {name} |" not in before]
    if missing:
        parser.error(f"{options.output} has no row of {', '.join(missing)}; name them with --only, too")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        told = {backend: ask(backend, given.get(backend, sys.executable), folder, options.only) for backend in BACKENDS}
        text = page(told, folder, datetime.datetime.now(datetime.UTC).date().isoformat(), before)
    if before and others(text, before):
        parser.error(others(text, before))
    options.output.write_text(f"{text}{heading}{below}", "utf-8")
    print(text)


if __name__ == "__main__":
    main()
