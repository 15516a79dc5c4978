"""What holds for callbacks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kerascnn.spec import Callback, Follower, Training
from kerascnn.testing.facts import doing, hold, title

_EPOCHS = 5


def check_callback(callback: Callback, folder: Path) -> list[Path]:
    """Check a callback in an empty folder, where what it needs is installed, and return the files that it wrote there.

    It follows a training of some epochs that goes back, is killed, is resumed, and ends, and one that ends before its
    first epoch. It takes figures that are not finite, and leaves the weights that it is given alone. Raises
    AssertionError.
    """
    hold(isinstance(callback, Callback), f"{callback!r} is no callback; derive its class from kerascnn.spec.Callback")
    name = title(callback)
    training = Training(folder, "20261121-080000-abcdef", "checked", {"train": {"stages": [{"epochs": _EPOCHS}]}})
    lines = [_line(number) for number in range(1, _EPOCHS + 1)]
    first = _follow(name, callback, training)
    _tell(name, first, lines[:0], lines[:3])
    with doing(f"{name}: begin() again, as after going back"):
        first.begin(lines[:1])
    _tell(name, first, None, lines[1:3])
    resumed = _follow(name, callback, training)  # nothing was said of an end: its process was killed
    _tell(name, resumed, lines[:2], lines[2:])
    with doing(f"{name}: end()"):
        resumed.end("done")
    for state in ("stopped", "failed", "diverged"):
        other = _follow(name, callback, Training(folder / state, f"{training.run}-{state}", "checked", {}))
        _tell(name, other, [], [])
        with doing(f"{name}: end('{state}') before the first epoch"):
            other.end(state)
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _follow(name: str, callback: Callback, training: Training) -> Follower:
    training.folder.mkdir(parents=True, exist_ok=True)
    with doing(f"{name}: follow()"):
        follower = callback.follow(training)
    hold(
        isinstance(follower, Follower),
        f"{name}: follow() gives {type(follower).__qualname__}; give a kerascnn.spec.Follower",
    )
    return follower


def _tell(
    name: str, follower: Follower, behind: Sequence[dict[str, Any]] | None, lines: Sequence[dict[str, Any]]
) -> None:
    """Let a follower begin behind some epochs, and tell it of more."""
    if behind is not None:
        with doing(f"{name}: begin() behind {len(behind)} epochs"):
            follower.begin(behind)
    for line in lines:
        before = dict(line)
        with doing(f"{name}: end_epoch() of epoch {line['epoch']}"):
            follower.end_epoch(line, lambda number=line["epoch"]: _weights(number))  # type: ignore[misc]
        hold(line == before, f"{name}: end_epoch() changes the line that it is given; copy it first")


def _line(epoch: int) -> dict[str, Any]:
    """Return an epoch's line; the second has a figure that is not finite, and the fourth one that is new."""
    figures = {"loss": 1 / epoch, "accuracy": 1 - 1 / epoch, "val_loss": None if epoch == 2 else 2 / epoch}
    more = {"val_accuracy": 0.5} if epoch >= 4 else {}
    return {"epoch": epoch, "stage": 0, **figures, **more, "learning_rate": 1e-3, "seconds": 0.5, "kept": epoch == 1}


def _weights(epoch: int) -> dict[str, Any]:
    """Return weights that cannot be written to: a kernel, a number, and one without any."""
    import numpy as np

    kernel = np.random.default_rng(epoch).standard_normal((3, 4)).astype("float32")
    found = {
        "dense/kernel": kernel,
        "scale/factor": np.float32(epoch).reshape(()),
        "empty": np.zeros((0, 2), "float32"),
    }
    for values in found.values():
        values.setflags(write=False)
    return found
