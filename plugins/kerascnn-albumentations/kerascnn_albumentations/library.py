"""What is asked of albumentations: transforms by name, tried out once, and a batch that they change.

A transform gets a seed of its own for each picture, so that a picture is changed in the same way whatever comes with
it and whoever comes before it.
"""

from __future__ import annotations

import json
import os
import threading
import warnings
from collections.abc import Mapping, Sequence
from functools import lru_cache
from inspect import signature
from typing import Any

import numpy as np  # noqa: TID253 - this module is imported inside methods alone
from pydantic import ValidationError

from kerascnn.errors import BuildError, UsageError, counted, printable
from kerascnn.spec.kinds import IGNORE
from kerascnn.spec.section import nearest

_FOLDERS = ("blur", "crops", "dropout", "geometric", "other", "pixel", "spectrogram")
"""Where the library keeps transforms that need nothing but the picture: no other pictures, no font."""
_LOOKING = frozenset(
    {
        "AtLeastOneBBoxRandomCrop",
        "BBoxSafeRandomCrop",
        "ConstrainedCoarseDropout",
        "CropNonEmptyMaskIfExists",
        "MaskDropout",
        "RandomCropNearBBox",
        "RandomSizedBBoxSafeCrop",
    }
)
"""Those that change a picture according to its mask or its boxes; training changes it alike with and without."""
_TRIES = 8
_VISIBLE = 0.3
_LOCK = threading.Lock()


def changed(
    given: Sequence[Mapping[str, Any]],
    images: np.ndarray,
    rng: np.random.Generator,
    masks: np.ndarray | None = None,
    boxes: Sequence[np.ndarray] | None = None,
) -> tuple[np.ndarray, Any, list[tuple[np.ndarray, np.ndarray]]]:
    """Return the batch that the transforms make, its masks (None without), and its boxes with which of them are kept.

    Raises BuildError where a transform cannot be made or used on pictures of this shape.
    """
    _try_out(json.dumps(given), images.shape[1:])
    # New ones each time: a transform has a state, and batches are made in several threads.
    pipeline = [(each["name"], _carrying(make(each), masks is not None, boxes is not None)) for each in given]
    seeds = rng.integers(0, 2**32, size=(len(images), len(given))).tolist()
    out, out_masks = np.empty_like(images), None if masks is None else np.empty_like(masks)
    out_boxes = []
    for i, own in enumerate(seeds):
        data: dict[str, Any] = {"image": images[i].copy()}
        if masks is not None:
            data["mask"] = masks[i].copy()
        if boxes is not None:
            data["bboxes"] = np.asarray(boxes[i], "float32").reshape(-1, 4)
            data["numbers"] = np.arange(len(boxes[i]))
        for (name, transform), seed in zip(pipeline, own, strict=True):
            transform.set_random_seed(seed)
            data = _used(name, transform, data, images.shape[1:])
        out[i] = data["image"]
        if out_masks is not None:
            out_masks[i] = data["mask"]
        if boxes is not None:
            out_boxes.append(_places(data, boxes[i], *images.shape[1:3]))
    return out, out_masks, out_boxes


def make(given: Mapping[str, Any]) -> Any:
    """Return a new transform of the library. Raises BuildError."""
    name = given["name"]
    cls = names().get(name)
    if cls is None:
        raise BuildError(_unknown(name), "augment")
    parameters = {key: value for key, value in given.items() if key != "name"}
    known = signature(cls).parameters
    if unknown := next((key for key in parameters if key not in known), None):
        near = nearest(unknown, known)
        hint = f"did you mean '{near}'?" if near else f"it takes {', '.join(known)}"
        raise BuildError(f"'{name}' of albumentations takes no '{printable(unknown)}'; {hint}", "augment")
    fill = known.get("fill_mask")
    if fill is not None and fill.default is not None:  # None leaves the mask as it is
        parameters.setdefault("fill_mask", IGNORE)
    try:
        return cls(**parameters)
    except Exception as error:
        raise BuildError(f"albumentations refuses '{name}': {_said(error)}", "augment") from error


@lru_cache(1)
def names() -> dict[str, Any]:
    """Return the transforms that can be named, by name: what the library's registry has and the library exports."""
    # Importing the library asks the network for a newer version of it, unless this is set.
    os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")
    try:
        import albumentations  # type: ignore[import-not-found,unused-ignore]
        from albumentations.core.serialization import (  # type: ignore[import-not-found,unused-ignore]
            SERIALIZABLE_REGISTRY,
        )
    except ImportError as error:
        raise UsageError(
            f"augment: 'albumentations.transforms' needs the library albumentations ({error}); "
            "pip install 'albumentations>=2,<2.1'"
        ) from error
    places = tuple(f"albumentations.augmentations.{folder}." for folder in _FOLDERS)
    kinds = (albumentations.ImageOnlyTransform, albumentations.DualTransform)
    return {
        name: cls
        for name, cls in sorted(SERIALIZABLE_REGISTRY.items())
        if cls.__module__.startswith(places)
        and issubclass(cls, kinds)
        and getattr(albumentations, name, None) is cls
        and name not in _LOOKING
    }


@lru_cache(256)
def _try_out(text: str, shape: tuple[int, ...]) -> None:
    """Make each transform and use it a few times on a picture of this shape. Raises BuildError."""
    picture = np.random.default_rng(0).integers(0, 256, shape, "uint8")
    # Only here is listened to warnings: doing so is not safe where several threads do.
    with _LOCK:
        for given in json.loads(text):
            with warnings.catch_warnings(record=True) as heard:
                warnings.simplefilter("always")
                transform = make({**given, "p": 1.0})
            if heard:
                said = printable(str(heard[0].message))
                raise BuildError(f"albumentations warns of '{given['name']}': {said}", "augment")
            for seed in range(_TRIES):
                transform.set_random_seed(seed)
                _used(given["name"], transform, {"image": picture.copy()}, shape)


def _used(name: str, transform: Any, data: dict[str, Any], shape: tuple[int, ...]) -> dict[str, Any]:
    """Return the data as a transform makes it. Raises BuildError where it fails, or the picture is of another form."""
    height, width, channels = shape
    form = f"{height} x {width} with {counted(channels, 'channel', 'channels')}"
    try:
        found: dict[str, Any] = transform(**data)
    except Exception as error:
        raise BuildError(f"'{name}' fails on a picture of {form}: {_said(error)}", "augment") from error
    image = found["image"]
    if image.shape == shape[:2]:
        found["image"] = image = image[..., None]
    if image.shape != shape:
        got = " x ".join(map(str, image.shape[:2])) + f" with {image.shape[-1]}"
        raise BuildError(f"'{name}' makes a picture of {got} of one of {form}; sizes have to stay", "augment")
    if image.dtype != np.uint8:
        raise BuildError(f"'{name}' makes pictures of {image.dtype}; they have to stay uint8", "augment")
    return found


def _carrying(transform: Any, masks: bool, boxes: bool) -> Any:
    """Return what takes masks along by the nearest pixel, and boxes, where a transform moves any."""
    from albumentations import BboxParams, Compose, DualTransform

    if not (masks or boxes) or not isinstance(transform, DualTransform):
        return transform
    kept = {"min_visibility": _VISIBLE, "min_width": 1, "min_height": 1, "clip": True}
    along = BboxParams("pascal_voc", ["numbers"], **kept) if boxes else None
    return Compose([transform], bbox_params=along, mask_interpolation=0)


def _places(data: Mapping[str, Any], before: np.ndarray, height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Return where the boxes are, those out of sight where they were, and which are in sight."""
    numbers = np.asarray(data["numbers"], int)
    places, kept = np.asarray(before, "float32").reshape(-1, 4).copy(), np.zeros(len(before), bool)
    places[numbers] = np.asarray(data["bboxes"], "float32").reshape(-1, 4)
    kept[numbers] = True
    return np.clip(places, 0, np.array([width, height, width, height], "float32")), kept


def _unknown(name: str) -> str:
    if name in _LOOKING:
        return f"'{name}' changes a picture according to its mask or boxes, which no augmentation may; take another"
    near = nearest(name, names())
    hint = f"did you mean '{near}'?" if near else f"there are {', '.join(names())}"
    return f"no transform of albumentations that needs a picture alone is named '{printable(name)}'; {hint}"


def _said(error: BaseException) -> str:
    """Return what the library says of a mistake, in one line."""
    cause = error.__cause__
    if isinstance(cause, ValidationError):
        return "; ".join(": ".join(filter(None, (".".join(map(str, e["loc"])), e["msg"]))) for e in cause.errors())
    return printable(" ".join(f"{type(error).__name__}: {error}".split()))
