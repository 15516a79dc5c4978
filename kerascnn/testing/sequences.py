"""What holds for augmentations of series, texts and sounds."""

from __future__ import annotations

import warnings
from threading import Thread
from typing import Any

from kerascnn.spec import Augmentation
from kerascnn.testing.facts import doing, hold, title

_SEEDS = 16
_TYPES = {"series": "float32", "text": "int32", "audio": "float32"}


def check_sequence_augmentation(augmentation: Augmentation) -> None:
    """Check an augmentation of series, texts or sounds on batches of several shapes, a single short element among them.

    It keeps shape and type, leaves its input alone, takes all chance from the generator, warns of nothing, and works in
    any thread, as training calls it from one. Padding stays behind the end, in series as NaN and in texts as 0; sounds
    stay within -1 and 1. Raises AssertionError.
    """
    hold(
        isinstance(augmentation, Augmentation),
        f"{augmentation!r} is no augmentation; derive its class from kerascnn.spec.Augmentation",
    )
    hold(
        augmentation.reads in _TYPES,
        f"{title(augmentation)} reads {augmentation.reads!r}; check_augmentation is for pictures, this for "
        f"{', '.join(_TYPES)}",
    )
    for batch in _batches(augmentation.reads):
        _check_batch(augmentation, batch)
    batch = next(iter(_batches(augmentation.reads)))
    hold(
        len({_apply(augmentation, batch, seed).tobytes() for seed in range(_SEEDS)}) > 1,
        f"{title(augmentation)} does the same to a batch with {_SEEDS} different seeds; take its chance from `rng`, or "
        "check it with parameters that make it do more",
    )


def _check_batch(augmentation: Augmentation, batch: Any) -> None:
    import numpy as np

    name, wanted = title(augmentation), _TYPES[augmentation.reads]
    before = batch.copy()
    changed = _apply(augmentation, batch, 0)
    hold(
        isinstance(changed, np.ndarray),
        f"{name} gives {type(changed).__module__}.{type(changed).__qualname__}; give a NumPy array",
    )
    hold(changed.dtype == wanted, f"{name} gives {changed.dtype} of {wanted}; cast back")
    hold(changed.shape == batch.shape, f"{name} gives the shape {changed.shape} of {batch.shape}; keep the shape")
    hold(np.array_equal(batch, before, equal_nan=_nan(batch)), f"{name} writes to its input; change a copy")
    again = _apply(augmentation, batch, 0)
    hold(
        np.array_equal(changed, again, equal_nan=_nan(batch)),
        f"{name}: the same generator gives different batches; take all chance from `rng`",
    )
    _CONTENTS[augmentation.reads](name, batch, changed)


def _check_series(name: str, batch: Any, changed: Any) -> None:
    import numpy as np

    hold(not np.isinf(changed).any(), f"{name} gives infinite numbers")
    for before, after in zip(np.isnan(batch), np.isnan(changed), strict=True):
        hold(
            (after.all(axis=-1) == before.all(axis=-1))[_end(before) :].all() and _end(after) == _end(before),
            f"{name} moves the end of a series from step {_end(before)} to {_end(after)}; "
            "padding (NaN) stays behind it",
        )
        hold(
            before[: _end(before)].any() or not after[: _end(before)].any(),
            f"{name} makes values NaN in a series where none is missing",
        )


def _check_text(name: str, batch: Any, changed: Any) -> None:
    import numpy as np

    hold(
        np.array_equal(changed == 0, batch == 0),
        f"{name} moves the end of a text; padding (0) stays behind it, and nowhere else",
    )
    strange = set(changed.ravel().tolist()).difference(batch.ravel().tolist(), [1])
    hold(not strange, f"{name} makes tokens that stand in no text: {sorted(strange)[:3]}; 1 is the unknown token")


def _check_audio(name: str, batch: Any, changed: Any) -> None:
    import numpy as np

    hold(np.isfinite(changed).all(), f"{name} gives infinite numbers or NaN")
    hold(np.abs(changed).max() <= 1, f"{name} gives sounds beyond -1 to 1; clip them")


_CONTENTS = {"series": _check_series, "text": _check_text, "audio": _check_audio}


def _batches(reads: str) -> list[Any]:
    """Return batches: several elements of several lengths, one element, and elements of a single step."""
    import numpy as np

    rng = np.random.default_rng(7)
    if reads == "text":
        whole = rng.integers(1, 50, (6, 20)).astype("int32")
        for i, length in enumerate((20, 20, 13, 7, 1, 0)):
            whole[i, length:] = 0
        return [whole, whole[:1], whole[:, :1].copy()]
    if reads == "audio":
        time = np.arange(2000)[None, :, None]
        pitch = rng.uniform(0.01, 1, (4, 1, 2))
        whole = (np.sin(time * pitch) * [[[1.0]], [[0.5]], [[0.1]], [[0.0]]]).astype("float32")
        return [whole, whole[:1, :, :1].copy(), whole[:, :100].copy(), whole[:, 5:6].copy()]
    whole = rng.standard_normal((6, 24, 3)).astype("float32")
    for i, length in enumerate((24, 24, 17, 5, 1, 0)):
        whole[i, length:] = np.nan
    gaps = whole.copy()
    gaps[1, 3:6], gaps[2, 4, 1] = np.nan, np.nan
    return [whole, gaps, whole[:1, :, :1].copy(), whole[:, :1].copy()]


def _end(missing: Any) -> int:
    """Return the number of steps up to the last one at which something is there."""
    import numpy as np

    there = np.flatnonzero(~missing.all(axis=-1))
    return int(there[-1]) + 1 if len(there) else 0


def _nan(batch: Any) -> bool:
    return batch.dtype.kind == "f"


def _apply(augmentation: Augmentation, batch: Any, seed: int) -> Any:
    """Return what `apply` gives in a thread of its own."""
    import numpy as np

    results: list[Any] = []

    def work() -> None:
        try:
            results.append(augmentation.apply(batch, np.random.default_rng(seed)))
        except Exception as error:  # noqa: BLE001 - raised again below
            results.append(error)

    thread = Thread(target=work)
    with doing(f"{title(augmentation)}: apply() on a batch of {batch.shape} in a thread"), warnings.catch_warnings():
        warnings.simplefilter("error")
        thread.start()
        thread.join()
        if isinstance(results[0], Exception):
            raise results[0]
    return results[0]
