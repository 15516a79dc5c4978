"""What to do about a head that does not fit its backbone: what it is given, which layer refuses, and what would fit."""

from __future__ import annotations

import os
import re
import traceback
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import keras
from pydantic import ValidationError

from kerascnn.engine.build_errors import (
    SHRUNK,
    UNEQUAL,
    Shape,
    advice,
    layer_of,
    prepared_shape,
    search_input,
    shapes_in,
)
from kerascnn.errors import BuildError
from kerascnn.spec import Backbone, DataInfo, Head, Spec, components
from kerascnn.spec.component import Component, parse_component
from kerascnn.spec.compose import name_of
from kerascnn.spec.trace import tracing

SLIPS = (LookupError, AttributeError, AssertionError, NotImplementedError)
"""What a component lets through that was not written for what it is given."""
_PLACE = "model.head"
_GIVEN = "by the backbone '"
_RANK = re.compile(r"expected (min_|max_)?ndim=(\d+), found ndim=\d+")
_CHANNELS = re.compile(r"expected axis -1 of input shape to have value (\d+)")
_OF_SHAPES = re.compile(r"shape|dimension|ndim|axis|axes|feature|level|size|\bP\d|backbone")
_AXES = {2: "rows of numbers", 3: "steps by channels", 4: "maps: height, width and channels"}
_BACKBONES = {
    "image": ("simple_cnn", "unet_encoder"),
    "audio": ("simple_cnn", "m5"),
    "series": ("tcn", "series_fcn"),
    "text": ("text_cnn",),
}
"""Networks that are quick to build, to try what a head can be used with."""


def explain_head(spec: Spec, info: DataInfo, error: BuildError) -> str | None:
    """Return a better message for an error in a head, without its path; None for another one.

    It builds the backbone, and what may fit in its place or the head's, symbolically and in a thread of its own.
    """
    text = str(error).removeprefix(f"{error.spec_path}: ")
    if error.spec_path.split(".")[:2] != _PLACE.split(".") or _GIVEN in text or text.startswith("answers "):
        return None
    said = f"it {text}" if text.startswith(("needs ", "returns ")) else text
    said = _by_keras(text, error) if error.__cause__ else said
    # Our own messages say what to do behind a semicolon.
    with ThreadPoolExecutor(max_workers=1) as thread:
        if error.__cause__ is None and "; " in text:
            remedy = ""
        elif SHRUNK.search(text) or (UNEQUAL.search(text) and len({shape[:-1] for shape in shapes_in(text)}) > 1):
            remedy = thread.submit(_larger, spec, info, bool(SHRUNK.search(text))).result()
        else:
            remedy = thread.submit(_others, spec, info).result() if _OF_SHAPES.search(text) else ""
        given = thread.submit(_given, spec, info).result()
    return f"{given}: {said.rstrip('.')}" + (f"; {remedy}" if remedy else "")


def explain_slip(spec: Spec, info: DataInfo, error: BaseException) -> BuildError | None:
    """Return what is to be said of an error that is none of Keras's; None where no part of the network made it."""
    part = _part_of(spec, error)
    if part is None:
        return None
    path = f"model.{part}"
    place = traceback.extract_tb(error.__traceback__)[-1]
    what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    said = f"it fails with {what} ({os.path.basename(place.filename)}, line {place.lineno})"
    if part == "backbone":
        with ThreadPoolExecutor(max_workers=1) as thread:
            shape = thread.submit(prepared_shape, spec, info).result()
        return BuildError(f"the backbone '{name_of(spec.model.backbone)}' is given {shape}: {said}", path)
    with ThreadPoolExecutor(max_workers=1) as thread:
        given = thread.submit(_given, spec, info).result()
        key = error.args[0] if isinstance(error, KeyError) and error.args else None
        if isinstance(key, str) and key not in thread.submit(_features, spec, info).result():
            said = f"it needs the feature '{key}', which is not among them"
        remedy = thread.submit(_others, spec, info).result()
    return BuildError(f"{given}: {said}; {remedy}", path)


def _part_of(spec: Spec, error: BaseException) -> str | None:
    """Return the part of the network whose code an error comes out of."""
    for frame, _ in traceback.walk_tb(error.__traceback__):
        for part in ("head", "backbone"):
            if frame.f_locals.get("self") is getattr(spec.model, part):
                return part
    return None


def _by_keras(text: str, error: BuildError) -> str:
    """Return what Keras said, with the name of the layer, what it takes and what it is given."""
    if text.startswith("`inputs` argument cannot be empty"):
        return "its answer comes from none of these features"
    name, shapes = layer_of(error), shapes_in(text)
    here = f"its layer '{name}'" if name else "one of its operations"
    rank, channels = _RANK.search(text), _CHANNELS.search(text)
    if rank and shapes:
        axes = int(rank[2])
        bound = {"min_": "at least ", "max_": "at most "}.get(rank[1] or "", "")
        kind = f" ({_AXES[axes]})" if axes in _AXES else ""
        return f"{here} takes {bound}{axes - 1} axes besides the batch{kind}, and gets {shapes[-1]}"
    if channels and shapes:
        return f"{here} takes {channels[1]} channels, and gets {shapes[-1]}"
    if SHRUNK.search(text) and shapes:
        return f"{here} gets {shapes[0]} and takes more than that away"
    if UNEQUAL.search(text) and shapes:
        return f"shapes that cannot be joined meet in {here}: {' and '.join(map(str, shapes[:4]))}"
    return f"{here}: {text}" if name else text


def _larger(spec: Spec, info: DataInfo, shrunk: bool) -> str:
    def builds(spec: Spec, shape: Shape) -> bool:
        features = _features(spec, info, shape=shape)
        return bool(features) and _takes(spec.model.head, features, spec.task.outputs(info))

    shape, works, smaller = search_input(spec, info, shrunk, not shrunk, builds)
    return advice(spec.task.reads, shape, works, smaller, shrunk) if works else _others(spec, info)


def _others(spec: Spec, info: DataInfo) -> str:
    """Return a sentence on heads that the backbone fits, or on backbones that the head fits."""
    features, outputs = _features(spec, info), spec.task.outputs(info)
    heads = [name for name in _rivals(spec) if _takes(_default(Head, name), features, outputs)]
    if heads:
        return f"{_choice('head', heads)} takes what it gives"
    backbones = [
        name
        for name in _BACKBONES.get(spec.task.reads, ())
        if _takes(spec.model.head, _features(spec, info, _default(Backbone, name)), outputs)
    ]
    if backbones:
        return f"{_choice('backbone', backbones)} gives what it takes"
    return "take another backbone, or another head"


def _rivals(spec: Spec) -> list[str]:
    """Return the other heads that answer as the task wants."""
    own = spec.model.head.type_name
    found: Mapping[str, Any] = components("head")
    return [name for name, head in found.items() if name != own and head.output == spec.task.output]


def _choice(field: str, names: list[str]) -> str:
    return f"{field}: " + " or ".join(f"{{type: {name}}}" for name in names[:3])


def _default(kind: Any, name: str) -> Any:
    """Return a component as it is where nothing is said of it, None where something has to be."""
    try:
        return parse_component(kind, {"type": name})
    except ValidationError:
        return None


def _features(
    spec: Spec, info: DataInfo, backbone: Component | None = None, shape: Shape | None = None
) -> dict[str, Any]:
    """Return what a backbone gives, as inputs; nothing where it cannot be built. Nothing is given memory."""
    made: Any = backbone or spec.model.backbone
    with keras.StatelessScope(initialize_variables=False), tracing():
        try:
            features = made.apply(keras.Input(shape or prepared_shape(spec, info), name="input"))
            if any(size == 0 for y in features.values() for size in y.shape[1:]):
                return {}
            return {name: keras.Input(y.shape[1:], name=name, dtype=y.dtype) for name, y in features.items()}
        except Exception:  # noqa: BLE001 - components have many ways to refuse, which are all one here
            return {}


def _takes(head: Any, features: Mapping[str, Any], outputs: int) -> bool:
    """Say whether a head can be built on features."""
    if head is None or not features:
        return False
    with keras.StatelessScope(initialize_variables=False), tracing():
        try:
            head.apply(features, outputs)
        except Exception:  # noqa: BLE001 - as above
            return False
    return True


def _given(spec: Spec, info: DataInfo) -> str:
    features = _features(spec, info)
    shapes = ", ".join(f"{name} {tuple(y.shape[1:])}" for name, y in features.items())
    return f"the head '{name_of(spec.model.head)}' is given {shapes} {_GIVEN}{name_of(spec.model.backbone)}'"
