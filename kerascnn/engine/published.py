"""Weights that Keras publishes, and files in the layout of its networks."""

from __future__ import annotations

import contextlib
import os
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import keras
import numpy as np

from kerascnn.engine.weight_files import FIELD, Part
from kerascnn.errors import DataError
from kerascnn.spec import Pretrained

_SIZE = (224, 224, 3)
"""The pictures that published weights were trained on; the weights themselves fit any size."""
_TRIES = 3


@dataclass(frozen=True)
class Listed:
    """Weights in the order in which a network has them."""

    names: list[str]
    arrays: list[np.ndarray]
    folds: list[tuple[int, int]] = field(default_factory=list)
    """The bias of a convolution and the moving mean of the normalisation behind it, which can take the bias over."""

    def of_length(self, length: int) -> Listed:
        """Return the weights with biases folded where that gives the length; both compute the same."""
        if len(self.arrays) == length or len(self.arrays) - len(self.folds) != length:
            return self
        arrays, biases = list(self.arrays), {bias for bias, _ in self.folds}
        for bias, mean in self.folds:
            arrays[mean] = arrays[mean] - arrays[bias]
        kept = [i for i in range(len(arrays)) if i not in biases]
        return Listed([self.names[i] for i in kept], [arrays[i] for i in kept])


def published_weights(published: Pretrained) -> Listed:
    """Return weights that Keras publishes. Raises DataError where they can neither be fetched nor found."""
    builder = _builder(published)
    try:
        # What Keras says of the download belongs to the progress, not to the results.
        with contextlib.redirect_stdout(sys.stderr):
            return _listed(builder(weights="imagenet", include_top=False, input_shape=_SIZE))
    except Exception as error:  # Keras raises the base class where a download fails
        reason = " ".join(str(error).split())
        url = re.search(r"https?://\S+\.h5", reason)
        home = os.environ.get("KERAS_HOME") or os.path.join("~", ".keras")
        raise DataError(
            f"{FIELD}: imagenet: the weights of {published.builder} cannot be fetched ({reason}); put "
            f"{url[0] if url else 'their file'} into {os.path.join(home, 'models')} on this machine, give weights a "
            "file that you have, or begin from chance with weights: none"
        ) from error


def weights_by_builder(file: Path, theirs: list[Part], published: Pretrained) -> Listed | None:
    """Return the weights of a file that has the layout of the published network, with its head or without."""
    builder = _builder(published)
    count = sum(int(np.prod(shape)) for part in theirs for shape in part.shapes)
    bare = builder(weights=None, include_top=False, input_shape=_SIZE)
    length = len(_listed(bare).arrays)
    # Normalization counts in whole numbers, which are no weights of a file.
    numbers = sum(int(np.prod(v.shape)) for v in bare.weights if "float" in v.dtype)
    if count <= numbers:
        return _loaded(bare, file) if count == numbers else None
    for number in _classes(theirs):
        found = _loaded(builder(weights=None, classes=number, input_shape=_SIZE), file)
        if found is not None:
            folds = [fold for fold in found.folds if max(fold) < length]
            return Listed(found.names[:length], found.arrays[:length], folds)
    return None


def _builder(published: Pretrained) -> Callable[..., keras.Model]:
    return partial(getattr(keras.applications, published.builder), **published.arguments)


def _classes(theirs: list[Part]) -> list[int]:
    """Return what may be the number of classes of a file with a head: that of ImageNet, or else."""
    last = [shape[-1] for part in theirs for shape in part.shapes if len(shape) == 2]
    last = last or [shape[-1] for part in theirs for shape in part.shapes if len(shape) == 4 and shape[:2] == (1, 1)]
    return sorted(set(last), key=lambda number: (number != 1000, number))[:_TRIES]


def _loaded(model: keras.Model, file: Path) -> Listed | None:
    try:
        model.load_weights(file)
    except (ValueError, KeyError, OSError, TypeError):
        return None
    return _listed(model)


def _listed(model: keras.Model) -> Listed:
    """Return the weights of one of Keras's networks, but for what scales its input."""
    layers = [layer for layer in model.layers if not isinstance(layer, keras.layers.Normalization)]
    variables = [variable for layer in layers for variable in layer.weights]
    places = {id(variable): i for i, variable in enumerate(variables)}
    folds = []
    for layer in layers:
        behind = [node.operation for node in layer._outbound_nodes]
        if getattr(layer, "use_bias", False) and len(behind) == 1 and _is_norm(behind[0]):
            folds.append((places[id(layer.bias)], places[id(behind[0].moving_mean)]))
    arrays = [keras.ops.convert_to_numpy(variable) for variable in variables]
    return Listed([variable.path for variable in variables], arrays, folds)


def _is_norm(operation: Any) -> bool:
    return isinstance(operation, keras.layers.BatchNormalization)
