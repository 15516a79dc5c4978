"""What holds for augmentations of pictures."""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread
from typing import Any

from kerascnn.errors import UsageError
from kerascnn.spec import Augmentation, Mixing
from kerascnn.spec.kinds import IGNORE
from kerascnn.testing.facts import doing, hold, title

_SEEDS = 16


def check_augmentation(augmentation: Augmentation, shape: tuple[int, int, int, int] = (8, 32, 32, 3)) -> None:
    """Check an augmentation on batches of this shape and its kin: grey, coloured, not square, of one picture.

    It keeps shape and type, leaves its input alone, takes all chance from the generator, and works in any
    thread, as training calls it from one. Masks and boxes come along where it says so, and stand where their pictures
    show them; mixed targets keep their sums. Raises AssertionError.
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
        if isinstance(augmentation, Mixing):
            _check_mixing(augmentation, kin)
    _check_chance(augmentation, shape)
    if augmentation.reads == "image":
        _check_masks(augmentation, shape)
        _check_boxes(augmentation, shape)


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


def _check_mixing(augmentation: Mixing, shape: tuple[int, int, int, int]) -> None:
    import numpy as np

    name = title(augmentation)
    images = _pictures(shape)
    targets = np.random.default_rng(1).dirichlet([1.0] * 5, size=len(images)).astype("float32")
    before = images.copy(), targets.copy()
    with doing(f"{name}: mix() on a batch of {shape}"):
        mixed, found = augmentation.mix(images, targets, np.random.default_rng(0))
        hold(
            np.array_equal(images, before[0]) and np.array_equal(targets, before[1]),
            f"{name} writes to its input; change a copy",
        )
        again, same = augmentation.mix(images, targets, np.random.default_rng(0))
    hold(
        found.dtype == np.float32 and found.shape == targets.shape,
        f"{name} gives targets of {found.dtype} and the shape {found.shape}; keep float32 and {targets.shape}",
    )
    hold(
        np.allclose(found.sum(axis=1), 1, atol=1e-5) and (found >= 0).all(),
        f"{name} changes what targets sum up to; shares of a picture should sum up to 1",
    )
    hold(
        np.array_equal(mixed, again) and np.array_equal(found, same),
        f"{name}: the same generator gives different mixtures; take all chance from `rng`",
    )
    hold(
        np.array_equal(mixed, augmentation.apply(images, np.random.default_rng(0))),
        f"{name} mixes pictures otherwise for other targets; let the targets have no say",
    )


def _check_masks(augmentation: Augmentation, shape: tuple[int, int, int, int]) -> None:
    import numpy as np

    name = title(augmentation)
    masks = _fields_of_two(shape[:3])
    images = np.repeat(np.where(masks, 192, 64).astype("uint8")[..., None], shape[3], axis=-1)
    before = masks.copy()
    if _refused(augmentation, "mask", lambda rng: augmentation.apply_with_masks(images, masks, rng)):
        return
    agree, seen = 0, 0
    for seed in range(4):
        one, other = np.random.default_rng(seed), np.random.default_rng(seed)
        with doing(f"{name}: apply_with_masks() on a batch of {shape}"):
            changed, moved = augmentation.apply_with_masks(images, masks, one)
        hold(np.array_equal(masks, before), f"{name} writes to masks; change a copy")
        hold(
            moved.dtype == np.uint8 and moved.shape == masks.shape,
            f"{name} gives masks of {moved.dtype} and the shape {moved.shape}; keep uint8 and {masks.shape}",
        )
        hold(
            np.isin(moved, [0, 1, IGNORE]).all(),
            f"{name} makes classes of its own in masks; take the nearest pixel's, or IGNORE ({IGNORE})",
        )
        _check_same(augmentation, "masks", changed, augmentation.apply(images, other), one, other)
        if type(augmentation).apply_with_masks is Augmentation.apply_with_masks:
            hold(np.array_equal(moved, masks), f"{name} changes masks; leave them, or move them in apply_with_masks()")
            continue
        for picture, mask in zip(changed, moved, strict=True):
            right, all_ = _following(picture.mean(axis=-1), mask)
            agree, seen = agree + right, seen + all_
    hold(
        agree >= 0.85 * seen,
        f"{name}: only {agree} of {seen} pixels of masks stand where their picture shows them; move both alike",
    )


def _check_boxes(augmentation: Augmentation, shape: tuple[int, int, int, int]) -> None:
    import numpy as np

    name = title(augmentation)
    images = _pictures(shape)
    count, height, width, _ = shape
    boxes = [np.array([[0, 0, width, height], [1, 2, width / 2, height / 2]], "float32")] * (count - 1)
    boxes.append(np.zeros((0, 4), "float32"))
    if _refused(augmentation, "boxes", lambda rng: augmentation.apply_with_boxes(images, boxes, rng)):
        return
    one, other = np.random.default_rng(0), np.random.default_rng(0)
    with doing(f"{name}: apply_with_boxes() on a batch of {shape}"):
        changed, moved, kept = augmentation.apply_with_boxes(images, boxes, one)
    for some, found, still in zip(boxes, moved, kept, strict=True):
        hold(
            found.dtype == np.float32 and found.shape == some.shape and still.shape == some.shape[:1],
            f"{name} gives boxes of {found.dtype} and the shape {found.shape}, {still.shape} of them said to be kept; "
            f"keep float32 and {some.shape}",
        )
        hold(
            (found >= 0).all() and (found <= (width, height, width, height)).all(),
            f"{name} gives boxes that reach beyond the picture; cut them to it",
        )
    _check_same(augmentation, "boxes", changed, augmentation.apply(images, other), one, other)


def _refused(augmentation: Augmentation, companion: str, call: Callable[[Any], object]) -> bool:
    """Return whether an augmentation does not take that along; check that it then says so."""
    import numpy as np

    if companion in augmentation.carries:
        return False
    try:
        call(np.random.default_rng(0))
    except UsageError:
        return True
    raise AssertionError(f"{title(augmentation)} does not carry {companion!r} and yet takes it; name it in `carries`")


def _check_same(augmentation: Augmentation, what: str, images: Any, alone: Any, one: Any, other: Any) -> None:
    import numpy as np

    hold(
        np.array_equal(images, alone) and one.random() == other.random(),
        f"{title(augmentation)} changes pictures otherwise when {what} come along; draw the same from `rng`",
    )


def _fields_of_two(shape: tuple[int, ...]) -> Any:
    """Return masks of 4 x 4 fields, each of class 0 or 1."""
    import numpy as np

    count, height, width = shape
    fields = np.random.default_rng(5).integers(0, 2, (count, 4, 4)).astype("uint8")
    rows, columns = np.arange(height) * 4 // height, np.arange(width) * 4 // width
    return fields[:, rows[:, None], columns]


def _following(picture: Any, mask: Any) -> tuple[int, int]:
    """Return how many pixels have the grey of their class rather than the other's, and how many there are."""
    import numpy as np

    zero, one = picture[mask == 0], picture[mask == 1]
    if not len(zero) or not len(one):
        return 0, 0
    low, high = np.median(zero), np.median(one)
    if abs(high - low) < 16:  # both classes may have become the same grey, as solarize can do
        return 0, 0
    right = (abs(zero - low) < abs(zero - high)).sum() + (abs(one - high) < abs(one - low)).sum()
    return int(right), len(zero) + len(one)


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
