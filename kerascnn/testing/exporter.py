"""What holds for exporters."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from kerascnn.spec import Exporter, Exporting
from kerascnn.testing.facts import doing, hold, title

CARD = {"labels": ["cat", "dög"], "input": {"shape": [8, 8, 1]}}
_NEAR = 0.2
"""How far probabilities may be from Keras's where an exporter may lose something."""


def check_exporter(exporter: Exporter, folder: Path) -> None:
    """Check an exporter in an empty folder, on small networks of pictures and series. Raises AssertionError.

    It writes its file alone, leaves the model and the samples as they are, and what it wrote answers as the model does,
    for one element and for several. Keras has to be on the backend that it names.
    """
    import keras

    hold(isinstance(exporter, Exporter), f"{exporter!r} is no exporter; derive its class from kerascnn.spec.Exporter")
    name = title(exporter)
    missing = [package for package in exporter.packages if find_spec(package) is None]
    hold(not missing, f"{name}: needs {', '.join(missing)}; install {exporter.install or ', '.join(missing)}")
    on = keras.backend.backend()
    hold(
        exporter.backend in ("", on),
        f"{name}: is for models on {exporter.backend}, and Keras is on {on} in this process",
    )
    hold(
        exporter.file and Path(exporter.file).name == exporter.file,
        f"{name}: file is {exporter.file!r}; give the name of a file or folder",
    )
    for medium in ("image", "series"):
        (folder / medium).mkdir()
        _check(name, exporter, folder / medium, *_made_up(medium))


def _check(name: str, exporter: Exporter, folder: Path, model: Any, elements: Any) -> None:
    import numpy as np

    weights = [np.array(weight) for weight in model.get_weights()]
    wanted, before = np.asarray(model.predict_on_batch(elements)), elements.copy()
    path = folder / exporter.file
    with doing(f"{name}: write()"):
        exporter.write(model, path, Exporting(CARD, elements[: exporter.representative]))
    there = sorted(found.name for found in folder.iterdir())
    hold(there == [exporter.file], f"{name}: write() leaves {there}; write {exporter.file} alone")
    hold((elements == before).all(), f"{name}: write() changes the samples that it is given; copy them first")
    same = all(np.array_equal(one, two) for one, two in zip(weights, model.get_weights(), strict=True))
    hold(same, f"{name}: write() changes the weights of the model; call it with training=False")
    with doing(f"{name}: open()"):
        answer = exporter.open(path, 1)
    # In this order, so that one that can do with the first number of elements alone is found.
    for count in (1, len(elements), 2):
        with doing(f"{name}: the answer for {count} elements"):
            got = np.asarray(answer(elements[:count]))
        hold(
            got.shape == wanted[:count].shape and got.dtype == np.float32,
            f"{name}: {count} elements get {got.dtype} {got.shape}; give float32 {wanted[:count].shape}",
        )
        most = exporter.tolerance if exporter.limit is None else _NEAR
        difference = float(np.abs(got - wanted[:count]).max())
        # Not `difference > most`: it is to fail for answers that are no numbers, too.
        hold(difference <= most, f"{name}: answers differ from Keras's by {difference:.2g}, more than {most:g}")


def _made_up(medium: str) -> tuple[Any, Any]:
    """Return a small network, and elements for it."""
    import keras
    import numpy as np
    from keras import layers

    rng = np.random.default_rng(0)
    if medium == "image":
        given = keras.Input((8, 8, 1), dtype="uint8", name="image")
        x = layers.Rescaling(1 / 255, dtype="float32")(given)
        x, pool = layers.Conv2D(4, 3, activation="relu")(x), layers.GlobalAveragePooling2D()
        elements = rng.integers(0, 256, (5, 8, 8, 1)).astype("uint8")
    else:
        given = keras.Input((12, 2), dtype="float32", name="series")
        x, pool = layers.Conv1D(4, 3, activation="relu")(given), layers.GlobalAveragePooling1D()
        elements = rng.standard_normal((5, 12, 2)).astype("float32")
    x = layers.Dropout(0.5)(pool(layers.BatchNormalization()(x)))
    model = keras.Model(given, layers.Dense(2, activation="softmax")(x))
    for weight in model.weights:
        if "seed_generator" not in weight.path:
            weight.assign(rng.uniform(0.1, 1.0, weight.shape))  # no answer is the same by chance
    return model, elements
