"""Files of weights, read as numbers alone: nothing in them is run, and what they say of a network is not built."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count, takewhile
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from kerascnn.engine.preprocess import Scaling
from kerascnn.errors import DataError, UntrustedFileError, UsageError
from kerascnn.runs.folder import RunFolder

FIELD = "model.backbone.weights"
_MEMBER = "model.weights.h5"
_MOST = 100
"""Times that the weights of a `.keras` file may grow when they are unpacked; numbers hardly shrink at all."""
_CONFIG = 1 << 26


@dataclass(frozen=True)
class Part:
    """The weights of one layer in a file."""

    name: str
    """The layer's name; that of one inside another stands behind a slash."""
    place: str
    """Where it stands in the file, by the classes of layers and their order: `layers/conv2d_1`. Empty where the file
    has no such places."""
    shapes: tuple[tuple[int, ...], ...]
    datasets: tuple[str, ...]
    """Where the numbers stand in the file."""


def weights_file(path: str) -> tuple[Path, RunFolder | None]:
    """Return the file that `weights: PATH` means, and the run that it belongs to where a folder is given.

    Raises DataError where there is none.
    """
    file = Path(os.path.expanduser(path))
    run = None
    if file.is_dir():
        run = RunFolder(file)
        if not (file / "RUN.json").is_file():
            raise DataError(f"{FIELD}: {file} is no folder of a run; name one, or a .weights.h5 or .keras file")
        file = file / "model.keras"
        if not file.is_file():
            raise DataError(f"{FIELD}: the run in {run.path} kept no model; its state is '{run.state.state}'")
    if not file.is_file():
        raise DataError(f"{FIELD}: there is no file {file}; relative paths start from the current folder")
    if file.suffix not in (".keras", ".h5"):
        raise DataError(
            f"{FIELD}: {file} ends in '{file.suffix}'; name a .weights.h5 or .keras file, or a run's folder"
        )
    return file, run


@contextmanager
def opened(file: Path, field: str = FIELD) -> Iterator[h5py.File]:
    """Open the weights of a file for reading; `field` of the spec names it in errors.

    Raises DataError where it is damaged, UntrustedFileError for tricks.
    """
    try:
        if file.suffix != ".keras":
            with h5py.File(file, "r") as found:
                yield found
            return
        with zipfile.ZipFile(file) as archive, tempfile.TemporaryFile() as copy:
            member = archive.getinfo(_MEMBER)
            if member.file_size > _MOST * max(member.compress_size, 1):
                raise UntrustedFileError(
                    f"{field}: {file} is refused: its weights unpack to {member.file_size} bytes from "
                    f"{member.compress_size}"
                )
            with archive.open(member) as packed:
                shutil.copyfileobj(packed, copy, 1 << 20)
            with h5py.File(copy, "r") as found:
                yield found
    except (OSError, ValueError, KeyError, RuntimeError, NotImplementedError, zipfile.BadZipFile) as error:
        reason = f"holds no {_MEMBER}" if isinstance(error, KeyError) and _MEMBER in str(error) else str(error)
        raise DataError(f"{field}: {file} cannot be read as weights: {' '.join(reason.split())}") from error


def parts_of(found: h5py.File) -> list[Part]:
    """Return the weights in a file layer by layer: those of its model named "backbone" where it has one, else all."""
    legacy = _child(found, "model_weights") if "model_weights" in found else found
    if "layer_names" in legacy.attrs or "layer_names0" in legacy.attrs:
        return list(_legacy_parts(legacy))
    root = _backbone(found)
    parts = [
        part
        for part in _parts(root, "", "")
        if part.shapes and part.place.split("/")[0] != "optimizer" and "seed_generator" not in part.place
    ]
    return sorted(parts, key=lambda part: part.name)


def saved_scaling(file: Path, run: RunFolder | None) -> Scaling | str | None:
    """Return how the saved model of a spec scales pictures; None where the file does not say."""
    if run is not None and _normalize_of(run) == "each":
        return "each"
    return _config_scaling(file) if file.suffix == ".keras" else None


def read_numbers(found: h5py.File, dataset: str) -> np.ndarray:
    """Return the numbers that stand in a place of a file."""
    return np.asarray(found[dataset])


def numbers_of(found: h5py.File, layer: str) -> np.ndarray | None:
    """Return the only weight of a layer of the outermost network, None where there is no such layer."""
    part = next((one for one in _parts(found, "", "") if one.name == layer and len(one.datasets) == 1), None)
    return None if part is None else read_numbers(found, part.datasets[0])


def _normalize_of(run: RunFolder) -> Any:
    try:
        resolved = run.read("spec.resolved.json")
        return resolved["model"]["preprocess"]["normalize"]
    except (UsageError, KeyError, TypeError):
        return None


def _config_scaling(file: Path) -> Scaling | None:
    """Return what the layer "normalize" of a saved model does, read from the description of the model."""
    try:
        with zipfile.ZipFile(file) as archive, archive.open("config.json") as stream:
            layers = json.loads(stream.read(_CONFIG))["config"]["layers"]
        named = {layer["config"]["name"]: layer for layer in layers}
        if "backbone" not in named or named["normalize"]["class_name"] != "Rescaling":
            return None
        config = named["normalize"]["config"]
        factor, offset = (_numbers(config[key]) for key in ("scale", "offset"))
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, NotImplementedError, zipfile.BadZipFile):
        return None
    lengths = {len(factor), len(offset)} - {1}
    if len(lengths) > 1 or 0 in factor:
        return None
    both = factor * (max(lengths, default=1) if len(factor) == 1 else 1)
    return Scaling(both, offset, flip=any(layer["class_name"] == "Flip" for layer in layers))


def _numbers(value: Any) -> tuple[float, ...]:
    return tuple(float(number) for number in (value if isinstance(value, list) else [value]))


def _backbone(group: h5py.Group) -> h5py.Group:
    """Return the group of the nested model named "backbone", or the whole where there is none."""
    inside = _child(group, "layers") if "layers" in group else {}
    for key in inside:
        one = _child(inside, key)
        if isinstance(one, h5py.Group) and "layers" in one and _name(one) == "backbone":
            return one
    return group


def _parts(group: h5py.Group, place: str, name: str) -> Iterator[Part]:
    for key in group:
        one = _child(group, key)
        if not isinstance(one, h5py.Group):
            continue
        if key == "vars":
            kept = {number: _child(one, number) for number in sorted(one, key=lambda n: (len(n), n))}
            kept = {number: data for number, data in kept.items() if _is_numbers(data)}
            shapes = tuple(tuple(data.shape) for data in kept.values())
            yield Part(name, place, shapes, tuple(data.name for data in kept.values()))
        elif key == "layers":
            for inner in one:
                layer = _child(one, inner)
                if isinstance(layer, h5py.Group):
                    below = _name(layer) or inner
                    yield from _parts(layer, _join(place, f"layers/{inner}"), _join(name, below))
        else:
            yield from _parts(one, _join(place, key), _join(name, key))


def _legacy_parts(group: h5py.Group) -> Iterator[Part]:
    """Yield the layers of a file as Keras 2 wrote them, and `.h5` files still are."""
    names = _listed(group, "layer_names")
    for name in ["backbone"] if "backbone" in names else names:
        layer = _child(group, name)
        places: dict[str, list[h5py.Dataset]] = {}
        for weight in _listed(layer, "weight_names"):
            data = _descend(layer, weight)
            if _is_numbers(data):
                places.setdefault(weight.rpartition("/")[0] or name, []).append(data)
        for inner, data in places.items():
            yield Part(inner, "", tuple(tuple(one.shape) for one in data), tuple(one.name for one in data))


def _listed(group: h5py.Group, name: str) -> list[str]:
    """Return the texts of an attribute, which is divided where it is long."""
    chunks = [name] if name in group.attrs else takewhile(group.attrs.__contains__, (f"{name}{i}" for i in count()))
    texts = [text for chunk in chunks for text in group.attrs[chunk]]
    return [text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text) for text in texts]


def _descend(group: h5py.Group, path: str) -> Any:
    for key in path.split("/"):
        group = _child(group, key)
    return group


def _child(group: h5py.Group, key: str) -> Any:
    """Return what stands under a key. Raises UntrustedFileError where that leads out of the file."""
    if not isinstance(group.get(key, getlink=True), h5py.HardLink):
        if key not in group:
            raise KeyError(f"it has no {group.name}/{key}")
        raise UntrustedFileError(f"{FIELD}: {group.file.filename} is refused: {group.name}/{key} is a link")
    found = group[key]
    if isinstance(found, h5py.Dataset) and (found.external or found.is_virtual):
        raise UntrustedFileError(f"{FIELD}: {group.file.filename} is refused: {found.name} stands in another file")
    return found


def _is_numbers(data: Any) -> bool:
    return isinstance(data, h5py.Dataset) and data.dtype.kind == "f"


def _name(group: h5py.Group) -> str:
    own = _child(group, "vars") if "vars" in group else None
    name = own.attrs.get("name", "") if own is not None else ""
    return name if isinstance(name, str) else ""


def _join(*parts: str) -> str:
    return "/".join(part for part in parts if part)
