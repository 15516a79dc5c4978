"""The statistics of batch normalisation on elements of another domain."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import keras  # noqa: TID253 - this module is imported inside methods alone
import numpy as np  # noqa: TID253

from kerascnn.engine.inputs import input_files, read_inputs
from kerascnn.engine.media import Raw, form_of
from kerascnn.errors import DataError, counted
from kerascnn.nn.statistics import Statistics

_BATCH = 256
Moments = list[tuple[np.ndarray, np.ndarray]]
"""For each layer a mean and a variance of each channel."""


class Domain:
    """The elements of a domain, in the form in which a network takes them."""

    def __init__(self, elements: np.ndarray):
        self.elements = elements

    def __len__(self) -> int:
        return len(self.elements)

    @classmethod
    def read(cls, files: list[Path], facts: Mapping[str, Any], place: str) -> Domain:
        """Return the elements in these files. Raises DataError that names every file that cannot be read."""
        form = form_of(dict(facts))
        payloads, kept, bad = read_inputs(files, form.medium)
        found = form.read(payloads)
        bad += [(str(name), str(raw)) for name, raw in zip(kept, found, strict=True) if isinstance(raw, Exception)]
        if bad:
            raise DataError(f"{place}: {len(bad)} of {counted(len(files), 'file', 'files')} cannot be read", bad)
        return cls(np.stack([raw.array for raw in found if isinstance(raw, Raw)]))

    def batches(self) -> list[np.ndarray]:
        """Return the elements in batches of about the same size, 256 at the most."""
        return np.array_split(self.elements, -(-len(self.elements) // _BATCH))


class Norms(Statistics):
    """The batch normalisation of a network, whose statistics can be measured on elements of another domain."""

    def measured(self, batches: Iterable[np.ndarray]) -> Moments:
        """Return the moments over all elements, of batches together; nothing is dropped out meanwhile.

        A layer sees what those before it make with the statistics of the batch. The statistics are left as they are.
        """
        parts: list[Moments] = []
        sizes: list[int] = []
        self._forward = None  # one that was compiled may drop out
        with self.apart(), _nothing_dropped(self.model):
            for elements in batches:
                parts.append(self.compute({0: elements}.__getitem__, 1))
                sizes.append(len(elements))
        self._forward = None
        return [_pooled([part[i] for part in parts], sizes) for i in range(len(self))]

    def now(self) -> Moments:
        """Return the moments that the layers have."""
        read = keras.ops.convert_to_numpy
        return [(np.array(read(norm.moving_mean)), np.array(read(norm.moving_variance))) for norm in self.norms]


@contextmanager
def thawed(model: keras.Model) -> Iterator[None]:
    """Let all batch normalisation of a network be trainable, and what was frozen be frozen again afterwards."""
    norms = [one for one in _layers(model) if isinstance(one, keras.layers.BatchNormalization) and not one.trainable]
    for norm in norms:
        norm.trainable = True
    try:
        yield
    finally:
        for norm in norms:
            norm.trainable = False


def files_in(source: str, facts: Mapping[str, Any], most: int) -> list[Path]:
    """Return the files of the medium in a folder, or at most this many of them, evenly. Raises DataError."""
    path = Path(source).expanduser()
    if not path.exists():
        raise DataError(f"there is no {path}; name a folder with elements of the other domain")
    files = input_files([path], form_of(dict(facts)).medium)
    return [files[i * len(files) // most] for i in range(most)] if len(files) > most else files


def _pooled(each: Moments, sizes: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """Return the moments of all batches together, from theirs.

    >>> one, other = (np.array([0.0]), np.array([1.0])), (np.array([4.0]), np.array([1.0]))
    >>> [float(found[0]) for found in _pooled([one, other], [3, 1])]
    [1.0, 4.0]
    """
    shares = np.array(sizes) / sum(sizes)
    means, variances = (np.stack(some) for some in zip(*each, strict=True))
    mean = np.tensordot(shares, means, 1)
    return mean, np.tensordot(shares, variances + (means - mean) ** 2, 1)


@contextmanager
def _nothing_dropped(model: keras.Model) -> Iterator[None]:
    """Switch off what changes values at random."""
    noisy = [(layer, name) for layer in _layers(model) for name in ("rate", "stddev") if _random(layer, name)]
    kept = [getattr(layer, name) for layer, name in noisy]
    for layer, name in noisy:
        setattr(layer, name, 0)
    try:
        yield
    finally:
        for (layer, name), value in zip(noisy, kept, strict=True):
            setattr(layer, name, value)


def _random(layer: Any, name: str) -> bool:
    return hasattr(layer, "seed_generator") and isinstance(getattr(layer, name, None), int | float)


def _layers(model: keras.Model) -> list[Any]:
    return list(model._flatten_layers(include_self=False, recursive=True))
