"""Explain small networks with every method on each backend, compare the maps, and write them into docs/backends.md.

Run: python benchmarks/explainers.py [--python BACKEND=INTERPRETER ...] [--only METHOD ...] [--output FILE]. Each
backend works in a process of its own, as in benchmarks/backends.py, whose page gets a second table. All backends have
the same weights and elements, so that the maps can be compared with those of the first backend that works.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

BACKENDS = ("tensorflow", "jax", "torch")
OUTPUT = Path(__file__).parent.parent / "docs" / "backends.md"
HEADING = "## Explanations"
COUNT = 2
ALIKE = 1e-3
"""Mean difference of maps, as a part of their mean, that counts as none: sums in float32 differ with their order, and
where the input of a ReLU is nothing but rounding its gradient is there or not."""
ALIKE_PICTURES = 0.1
"""The same for pictures at the end of a hundred steps along gradients."""
CASES: dict[str, tuple[str, tuple[int, ...], tuple[str, ...]]] = {
    "pictures, lenet": ("lenet5", (28, 28, 1), ()),
    "pictures, mobilenet": ("mobilenet_v2", (64, 64, 3), ()),
    "pictures, vit": ("vit_b16", (64, 64, 3), ("model.backbone={type: vit, hidden: 32, depth: 2, heads: 2, mlp: 64}",)),
    "masks, unet": ("unet", (64, 64, 3), ()),
    "boxes, centernet": ("centernet_small", (64, 64, 3), ()),
    "texts, textcnn": ("textcnn", (32,), ()),
    "series, fcn": ("fcn", (64, 2), ()),
    "forecast, tcn": ("tcn_forecast", (48, 2), ("model.backbone.levels=3",)),
    "sounds, logmel_cnn": ("logmel_cnn", (8000, 1), ()),
}
"""Networks, each by its template, the shape of an element, and what is changed to keep it small."""
METHODS: dict[str, dict[str, Any]] = {
    "grad_cam": {},
    "hires_cam": {},
    "saliency": {},
    "smooth_grad": {"samples": 3},
    "integrated_gradients": {"steps": 5},
    "occlusion": {"size": 0.5},
    "attention_rollout": {},
    "maximise": {},
}
"""The methods with the fewest steps that show that they work; maximise makes the picture of a class (`--show best`)."""
ONLY: dict[str, tuple[str, ...]] = {
    "attention_rollout": ("pictures, vit",),
    "maximise": ("pictures, lenet", "pictures, vit"),
}
"""Methods that are for some networks alone."""


def network(name: str, folder: Path) -> tuple[Any, Any]:
    """Return a network with the weights in the folder, made if they are not there, and elements for it."""
    import keras
    import numpy as np

    from kerascnn.engine.build import build_model
    from kerascnn.engine.describe import describe_input
    from kerascnn.engine.network import Network
    from kerascnn.spec import load_spec
    from kerascnn.templates_list import find_template

    template, shape, settings = CASES[name]
    spec = load_spec(find_template(template), list(settings))
    info = describe_input(spec, 3, ",".join(map(str, shape)))
    keras.utils.set_random_seed(0)
    model = build_model(spec, info)
    stored = folder / f"{template}.weights.npz"
    if stored.exists():
        with np.load(stored) as file:
            model.set_weights([file[f"arr_{i}"] for i in range(len(file.files))])
    else:
        np.savez(stored, *model.get_weights())
    rng = np.random.default_rng(0)
    if spec.task.reads == "image":
        x = rng.integers(0, 256, (COUNT, *info.shape), "uint8")
    elif spec.task.reads == "text":
        x = rng.integers(1, info.vocabulary, (COUNT, *info.shape)).astype("int32")
    else:
        x = np.clip(0.3 * rng.standard_normal((COUNT, *info.shape)), -1, 1).astype("float32")
    return Network(model, spec.task, info.labels), x


def made(found: Any, elements: Any, method: str) -> Any:
    """Return the maps of a method, float32; of maximise the pictures."""
    import numpy as np

    from kerascnn.engine.explain import make_explainer
    from kerascnn.engine.maximise import of_classes
    from kerascnn.engine.network import explain

    if method == "maximise":
        return of_classes(found, [0, 1]).astype("float32")
    numbers = [0, len(found.labels) - 1]
    return np.asarray(explain(found, make_explainer({"type": method, **METHODS[method]}), elements, numbers))


def work_all(folder: Path, methods: list[str]) -> dict[str, Any]:
    """Return for each method and network "" or why it fails, and keep the maps in the folder."""
    from importlib.metadata import PackageNotFoundError, version

    import numpy as np

    backend = os.environ["KERAS_BACKEND"]
    try:
        version(backend)
    except PackageNotFoundError:
        return {"skipped": "not installed"}
    told: dict[str, dict[str, str]] = {method: {} for method in methods}
    for name in CASES:
        wanted = [method for method in methods if name in ONLY.get(method, tuple(CASES))]
        if not wanted:
            continue
        found, elements = network(name, folder)
        for method in wanted:
            try:
                maps = made(found, elements, method)
            except Exception as error:  # noqa: BLE001 - the table says what fails, and goes on
                told[method][name] = f"{type(error).__name__}: {str(error).strip().splitlines()[0][:120]}"
                continue
            # A map of what speaks for a class may well be empty: of weights of chance nothing need speak for it.
            told[method][name] = "" if np.isfinite(maps).all() else "not finite"
            np.save(folder / f"{file_of(name, method)}.{backend}.npy", maps)
    return {"methods": told}


def file_of(name: str, method: str) -> str:
    """Return the beginning of the file of maps."""
    return f"{name.replace(', ', '-')}-{method}"


def ask(backend: str, python: str, folder: Path, methods: list[str]) -> dict[str, Any]:
    """Return what a process with this backend says of these methods."""
    root = str(Path(__file__).parent.parent)
    paths = os.pathsep.join(filter(None, [os.environ.get("PYTHONPATH", ""), root]))
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "", "PYTHONPATH": paths}
    command = [python, __file__, "--one", str(folder), "--only", *methods]
    environment = {**os.environ, **quiet, "KERAS_BACKEND": backend}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        return {"skipped": f"the process ended with {done.returncode}: {last[:160]}"}
    return dict(json.loads(done.stdout.splitlines()[-1]))


def difference(method: str, name: str, first: str, other: str, folder: Path) -> float:
    """Return the mean difference of two backends' maps, as a part of the mean of the first one's sizes."""
    import numpy as np

    a, b = (np.load(folder / f"{file_of(name, method)}.{backend}.npy") for backend in (first, other))
    return float(np.abs(a - b).mean() / max(float(np.abs(a).mean()), 1e-12))


def cell(method: str, backend: str, first: str, told: dict[str, Any], folder: Path) -> str:
    """Return what the table says of a method on a backend."""
    if "skipped" in told[backend]:
        return "skipped"
    found = told[backend]["methods"][method]
    wrong = [f"{name}: {reason}" for name, reason in found.items() if reason]
    if wrong:
        return f"fails on {len(wrong)} of {len(found)} ({wrong[0]})".replace("|", "\\|")
    if backend == first:
        return f"yes, {len(found)} of {len(found)}"
    apart = [difference(method, name, first, backend, folder) for name in found]
    least = ALIKE_PICTURES if method == "maximise" else ALIKE
    alike = sum(one <= least for one in apart)
    return f"{'yes' if alike == len(found) else 'differs'}, {alike} of {len(found)} ({max(apart):.0e})"


def section(told: dict[str, Any], methods: list[str], folder: Path, day: str) -> str:
    """Return the part of the page."""
    works = [backend for backend in told if "skipped" not in told[backend]]
    first = works[0] if works else ""
    lines = [
        HEADING,
        "",
        f"Made by `python benchmarks/explainers.py` on {day}, with the versions above. Every method explains small",
        "networks with weights of chance:",
        "",
        *(f"- {name} ({' x '.join(map(str, shape))})" for name, (_, shape, _) in CASES.items()),
        "",
        f"`yes` means that the maps are those of {first} with the same weights. In brackets stands the largest mean",
        f"difference of a network's maps, as a part of their mean; up to {ALIKE:g} is none. Single places may differ",
        "by more: where the input of a ReLU is nothing but rounding, its gradient is there or not. Attention is",
        "followed in vit alone. `maximise` makes the picture that a class answers to most, in 128 steps; there up to",
        f"{ALIKE_PICTURES:g} is none.",
        "",
        *(f"- {backend}: skipped, {told[backend]['skipped']}" for backend in told if "skipped" in told[backend]),
        f"| method | {' | '.join(told)} |",
        f"|---|{'---|' * len(told)}",
    ]
    lines += [
        f"| {method} | {' | '.join(cell(method, one, first, told, folder) for one in told)} |" for method in methods
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Ask every backend, and write the part of the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", action="append", default=[], metavar="BACKEND=INTERPRETER")
    parser.add_argument("--only", nargs="+", choices=list(METHODS), metavar="METHOD", default=list(METHODS))
    parser.add_argument("--output", type=Path, default=OUTPUT)
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(work_all(options.one, options.only)))
        return
    given = dict(text.partition("=")[::2] for text in options.python)
    if not set(given) <= set(BACKENDS) or not all(given.values()):
        parser.error(f"--python should be BACKEND=INTERPRETER with {', '.join(BACKENDS)} (got {options.python})")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        told = {one: ask(one, given.get(one, sys.executable), folder, options.only) for one in BACKENDS}
        text = section(told, options.only, folder, datetime.datetime.now(datetime.UTC).date().isoformat())
    print(text)
    if set(options.only) == set(METHODS):
        before = options.output.read_text("utf-8").partition(f"\n{HEADING}")[0].rstrip("\n")
        options.output.write_text(f"{before}\n\n{text}", "utf-8")


if __name__ == "__main__":
    main()
