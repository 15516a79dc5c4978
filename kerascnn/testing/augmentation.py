"""What holds for augmentations of pictures."""

from __future__ import annotations

from threading import Thread
from typing import Any

from kerascnn.spec import Augmentation
from kerascnn.testing.facts import doing, hold, title

_SEEDS = 16


def check_augmentation(augmentation: Augmentation, shape: tuple[int, int, int, int] = (8, 32, 32, 3)) -> None:
    """Check an augmentation on batches of this shape and its kin: grey, coloured, not square, of one picture.

    It keeps shape and type, leaves its input alone, takes all chance from the generator, and works in any
    thread, as training calls it from one. Raises AssertionError.
    """
    hold(
        isinstance(augmentation, Augmentation),
        f"{augmentation!r} is no augmentation; derive its class from kerascnn.spec.Augmentation",
    )
    count, height, width, channels = shape
    for kin in (
        shape,
        (count, height, width, 4 - channels),
        (count, height, width + 7, channels),
        (1, *shape[1:]),
    ):
        _check_batch(augmentation, kin)
    _check_chance(augmentation, shape)


def _check_batch(augmentation: Augmentation, shape: tuple[int, int, int, int]) -> None:
    import numpy as np

    name = title(augmentation)
    images = _pictures(shape)
    before = images.copy()
    changed = _apply(augmentation, images, 0)
    hold(
        isinstance(changed, np.ndarray),
        f"{name} gives {type(changed).__module__}.{type(changed).__qualname__}; give a NumPy array",
    )
    hold(
        changed.dtype == np.uint8,
        f"{name} gives {changed.dtype} of uint8; round, clip to 0 to 255 and cast back",
    )
    hold(changed.shape == shape, f"{name} gives the shape {changed.shape} of {shape}; keep the shape")
    hold(np.array_equal(images, before), f"{name} writes to its input; change a copy")
    again = _apply(augmentation, images, 0)
    hold(
        np.array_equal(changed, again),
        f"{name}: the same generator gives different batches; take all chance from `rng`",
    )


def _check_chance(augmentation: Augmentation, shape: tuple[int, int, int, int]) -> None:
    images = _pictures(shape)
    batches = {_apply(augmentation, images, seed).tobytes() for seed in range(_SEEDS)}
    hold(
        len(batches) > 1,
        f"{title(augmentation)} does the same to a batch with {_SEEDS} different seeds; take its chance from "
        "`rng`, or check it with parameters that make it do more",
    )


def _pictures(shape: tuple[int, int, int, int]) -> Any:
    import numpy as np

    images = np.random.default_rng(7).integers(0, 256, shape).astype("uint8")
    images[:, 0, 0], images[:, -1, -1] = 0, 255
    return images


def _apply(augmentation: Augmentation, images: Any, seed: int) -> Any:
    """Return what `apply` gives in a thread of its own."""
    import numpy as np

    results: list[Any] = []

    def work() -> None:
        try:
            results.append(augmentation.apply(images, np.random.default_rng(seed)))
        except Exception as error:  # noqa: BLE001 - raised again below
            results.append(error)

    thread = Thread(target=work)
    thread.start()
    thread.join()
    with doing(f"{title(augmentation)}: apply() on a batch of {images.shape} in a thread"):
        if isinstance(results[0], Exception):
            raise results[0]
    return results[0]
