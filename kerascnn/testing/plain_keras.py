"""A saved model opens with Keras alone: no kerascnn and no plugin is needed to use it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from kerascnn.testing.facts import doing

_OPEN = """
import json, sys
import numpy as np
task = json.load(open(sys.argv[1], encoding="utf-8"))
sys.modules.update(dict.fromkeys(task["without"]))
import keras
found = {}
for name, files in task["models"].items():
    try:
        model = keras.saving.load_model(files["model"], safe_mode=True)
        inputs = [array for _, array in sorted(np.load(files["inputs"]).items())]
        wanted = [array for _, array in sorted(np.load(files["outputs"]).items())]
        answers = keras.tree.flatten(model(keras.tree.pack_sequence_as(model.input, inputs), training=False))
        answers = [keras.ops.convert_to_numpy(keras.ops.cast(answer, "float32")) for answer in answers]
        if len(answers) != len(wanted):
            found[name] = f"gives {len(answers)} outputs instead of {len(wanted)}"
        elif not all(np.allclose(a, w, rtol=1e-4, atol=1e-5) for a, w in zip(answers, wanted)):
            found[name] = "gives other answers than before it was saved"
    except Exception as error:
        found[name] = f"cannot be loaded: {type(error).__name__}: {str(error).strip()[:500]}"
json.dump(found, open(sys.argv[2], "w", encoding="utf-8"))
"""


def check_plain_keras(models: Mapping[str, Any], without: Iterable[str] = ("kerascnn",)) -> None:
    """Check that saved models load and answer as before in a process that cannot import these packages.

    `models` are Keras models by a name for messages. One process opens them all, since to load Keras takes
    seconds. Raises AssertionError that names every model that fails.
    """
    import keras

    with TemporaryDirectory() as folder:
        files = {name: _write(name, model, Path(folder, str(i))) for i, (name, model) in enumerate(models.items())}
        task, answer = Path(folder, "task.json"), Path(folder, "answer.json")
        blocked = sorted({"kerascnn", *without} - {"__main__", "keras"})
        task.write_text(json.dumps({"models": files, "without": blocked}), "utf-8")
        done = subprocess.run(
            [sys.executable, "-c", _OPEN, str(task), str(answer)],
            env={**os.environ, "KERAS_BACKEND": keras.backend.backend()},
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=900,
            check=False,
        )
        if done.returncode != 0:
            raise AssertionError(f"the process that opens the saved models ended: {done.stderr.strip()[-1000:]}")
        wrong = json.loads(answer.read_text("utf-8"))
    if wrong:
        lines = "\n".join(f"  {name}: {reason}" for name, reason in wrong.items())
        raise AssertionError(
            f"{len(wrong)} of {len(models)} saved models do not open with plain Keras as they were; compose "
            f"them of Keras's own layers, without Lambda and without layer classes of your own:\n{lines}"
        )


def _write(name: str, model: Any, stem: Path) -> dict[str, str]:
    """Save a model with inputs and its answers to them, and return the files."""
    import keras
    import numpy as np

    from kerascnn.testing.network import numbers_for

    inputs = keras.tree.map_structure(lambda tensor: numbers_for(tensor, 2), model.input)
    answers = keras.tree.flatten(model(inputs, training=False))
    files = {"model": f"{stem}.keras", "inputs": f"{stem}-inputs.npz", "outputs": f"{stem}-outputs.npz"}
    with doing(f"{name}: saving the model"):
        model.save(files["model"])
    np.savez(files["inputs"], **_numbered(keras.tree.flatten(inputs)))
    np.savez(files["outputs"], **_numbered([keras.ops.cast(answer, "float32") for answer in answers]))
    return files


def _numbered(arrays: list[Any]) -> dict[str, Any]:
    import keras

    return {f"{i:04d}": keras.ops.convert_to_numpy(array) for i, array in enumerate(arrays)}
