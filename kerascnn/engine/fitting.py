"""Weights and the network that is to get them: which layer gets what, and what is changed to fit."""

from __future__ import annotations

import contextlib
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np

from kerascnn.engine.preprocess import Scaling
from kerascnn.engine.published import Listed, weights_by_builder
from kerascnn.engine.weight_files import FIELD, Part, opened, parts_of, read_numbers
from kerascnn.errors import DataError
from kerascnn.spec import Pretrained

_SHOWN = 5


@dataclass(frozen=True)
class WeightsReport:
    """What became of the weights: names of layers."""

    origin: str
    matched: tuple[str, ...]
    """Layers of the backbone that got weights."""
    adapted: tuple[str, ...]
    """What was changed to fit, in words: the first layer, for other channels."""
    missing: tuple[str, ...]
    """Layers of the backbone that begin from chance."""
    unused: tuple[str, ...]
    """Layers of the file that fit nowhere."""
    notes: tuple[str, ...] = ()
    trained: Scaling | str | None = None
    """The scale of pictures that they were trained with, where `normalize: auto` took it from them."""

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as plain data, for `effective.json`."""
        return {key: list(v) if isinstance(v, tuple) else v for key, v in asdict(self).items()}

    @classmethod
    def of_dict(cls, facts: Mapping[str, Any]) -> WeightsReport:
        """Return the report that `as_dict` gave."""
        fields: dict[str, Any] = {key: tuple(v) if isinstance(v, list) else v for key, v in facts.items()}
        trained = fields.pop("trained")
        if isinstance(trained, dict):
            trained = Scaling(tuple(trained["factor"]), tuple(trained["offset"]), trained["flip"])
        return cls(**fields, trained=trained)

    def __str__(self) -> str:
        total = len(self.matched) + len(self.missing)
        said = [f"weights: {len(self.matched)} of {total} layers from {self.origin}", *self.adapted]
        said += [f"not matched, from chance: {_some(self.missing)}"] if self.missing else []
        said += [f"left out: {_some(self.unused)}"] if self.unused else []
        return "; ".join([*said, *self.notes])


def load_file(backbone: keras.Model, file: Path, origin: str, published: Pretrained | None) -> WeightsReport:
    """Load a file by the names of its layers, their order in the file, or the layout of the published network.

    Raises DataError where nothing fits.
    """
    with _as_file(backbone) as own:
        with h5py.File(own, "r") as found:
            order = {layer.name: i for i, layer in enumerate(backbone.layers)}
            ours = sorted(parts_of(found), key=lambda part: order.get(part.name.split("/")[0], len(order)))
        return _load_file(backbone, own, ours, file, origin, published)


def _load_file(
    backbone: keras.Model, own: Path, ours: list[Part], file: Path, origin: str, published: Pretrained | None
) -> WeightsReport:
    first = dict(_first_layers(backbone))
    with opened(file) as found:
        theirs = parts_of(found)
        chosen = _chosen(ours, theirs, first)
        whole = len(chosen) == len(ours)
        arrays = {
            mine.datasets[i]: _fitted(read_numbers(found, one.datasets[i]), shape)
            for mine, one in chosen
            for i, shape in enumerate(mine.shapes)
        }
        in_order = None if whole or theirs[0].place else _in_order(found, theirs)
    if not whole:
        # Names in common are the sign of a network of ours; another has the layout of its builder, or an order alone.
        by_builder = weights_by_builder(file, theirs, published) if published and not chosen else None
        for listed in (by_builder, in_order):
            report = listed and load_listed(backbone, listed, origin)
            if report:
                return report
    if not chosen:
        raise DataError(
            f"{FIELD}: no layer of {origin} fits this network by name and shape; the file has "
            f"{_some([_spelled(part) for part in theirs])}, the network {_some([_spelled(part) for part in ours])}"
        )
    with h5py.File(own, "r+") as kept:
        for dataset, array in arrays.items():
            kept[dataset][...] = array
    backbone.load_weights(own)
    return _report(ours, theirs, chosen, origin)


def _report(ours: list[Part], theirs: list[Part], chosen: list[tuple[Part, Part]], origin: str) -> WeightsReport:
    names, taken = {mine.name for mine, _ in chosen}, {id(one) for _, one in chosen}
    return WeightsReport(
        origin,
        tuple(part.name for part in ours if part.name in names),
        tuple(_said(mine.name, one.shapes[0], mine.shapes[0]) for mine, one in chosen if mine.shapes != one.shapes),
        tuple(part.name for part in ours if part.name not in names),
        tuple(part.name for part in theirs if id(part) not in taken),
    )


def _chosen(ours: list[Part], theirs: list[Part], first: dict[str, Any]) -> list[tuple[Part, Part]]:
    """Return the layers of both sides that belong together: a whole network, or those that share a name."""
    automatic = any(map(_is_automatic, ours))
    chosen: list[tuple[Part, Part]] = []
    for key in ("place", "name") if automatic else ("name", "place"):
        pairs = _pairs(ours, theirs, key, first)
        if len(pairs) == len(ours):
            return pairs
        # Places and automatic names say nothing of what a layer is for: they count for a whole network alone.
        chosen = chosen or [pair for pair in pairs if key == "name" and not _is_automatic(pair[0])]
    return chosen


def _pairs(ours: list[Part], theirs: list[Part], key: str, first: dict[str, Any]) -> list[tuple[Part, Part]]:
    known = {getattr(part, key): part for part in theirs if getattr(part, key)}
    found = []
    for mine in ours:
        one = known.get(getattr(mine, key))
        if one is not None and len(one.shapes) == len(mine.shapes):
            shapes = zip(one.shapes, mine.shapes, strict=True)
            if all(have == want or (mine.name in first and _adaptable(have, want)) for have, want in shapes):
                found.append((mine, one))
    return found


def _is_automatic(part: Part) -> bool:
    """Return whether Keras named the layer after its class: such names say nothing of what a layer is for."""
    kind = part.place.rpartition("/")[2]
    return re.fullmatch(r"(.+?)(_\d+)?", part.name.rpartition("/")[2])[1] == re.fullmatch(r"(.+?)(_\d+)?", kind)[1]  # type: ignore[index]


def load_listed(backbone: keras.Model, listed: Listed, origin: str) -> WeightsReport | None:
    """Give the backbone weights in order; None where one of them does not fit, and nothing was changed."""
    listed = listed.of_length(len(backbone.weights))
    first = dict(_first_layers(backbone))
    if len(listed.arrays) != len(backbone.weights):
        return None
    changeable = {id(variable): name for name, layer in first.items() for variable in layer.weights}
    values, adapted = [], []
    for variable, array in zip(backbone.weights, listed.arrays, strict=True):
        have, want = tuple(array.shape), tuple(variable.shape)
        if have != want and id(variable) in changeable and _adaptable(have, want):
            adapted.append(_said(changeable[id(variable)], have, want))
        # Axes of length 1 are where a convolution of one pixel differs from a dense layer.
        elif [n for n in have if n != 1] != [n for n in want if n != 1]:
            return None
        values.append(_fitted(array, want) if _adaptable(have, want) else array.reshape(want))
    for variable, value in zip(backbone.weights, values, strict=True):
        variable.assign(value)
    layers = dict.fromkeys(variable.path.rpartition("/")[0] for variable in backbone.weights)
    return WeightsReport(origin, tuple(layers), tuple(adapted), (), ())


def _in_order(found: h5py.File, theirs: list[Part]) -> Listed:
    """Return the weights of a file that keeps their order."""
    pairs = [(part.name, dataset) for part in theirs for dataset in part.datasets]
    return Listed([name for name, _ in pairs], [read_numbers(found, dataset) for _, dataset in pairs])


@contextlib.contextmanager
def _as_file(backbone: keras.Model) -> Iterator[Path]:
    """Save the weights of the network, so that both sides are read in the same way, whatever layers they have."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "own.weights.h5")
        backbone.save_weights(path)
        yield path


def _first_layers(model: keras.Model, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the layers with weights that nothing but layers without weights stands before."""
    bare = {id(tensor) for tensor in model.inputs}
    for operation in model.operations:
        for node in operation._inbound_nodes:
            if not any(id(tensor) in bare for tensor in node.input_tensors):
                continue
            if isinstance(operation, keras.Model):
                yield from _first_layers(operation, f"{prefix}{operation.name}/")
            elif getattr(operation, "weights", None):
                yield f"{prefix}{operation.name}", operation
            else:
                bare |= {id(tensor) for tensor in node.output_tensors}


def _adaptable(have: Sequence[int], want: Sequence[int]) -> bool:
    """Return whether kernels differ in their input channels at most."""
    return len(have) == len(want) >= 3 and tuple(have[:-2]) == tuple(want[:-2]) and have[-1] == want[-1]


def _fitted(array: np.ndarray, shape: Sequence[int]) -> np.ndarray:
    """Return a kernel for other input channels: each gets the mean over all, scaled so that grey pictures stay alike.

    One channel gets the sum over the three of a kernel for colours.
    """
    if tuple(array.shape) == tuple(shape):
        return array
    mean = array.mean(-2, keepdims=True) * (array.shape[-2] / shape[-2])
    return np.repeat(mean, shape[-2], axis=-2)


def _said(name: str, have: Sequence[int], want: Sequence[int]) -> str:
    return f"adapted {name} from {have[-2]} to {want[-2]} channels"


def _spelled(part: Part) -> str:
    return f"{part.name} {' '.join(str(shape).replace(' ', '') for shape in part.shapes[:1])}"


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
