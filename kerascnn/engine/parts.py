"""The named parts of a network, for freezing them and for rates of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras

from kerascnn.engine.build import Built
from kerascnn.errors import BuildError


def part_layers(built: Built, name: str, spec_path: str) -> list[Any]:
    """Return the layers of a part: those up to a feature, the backbone, its batch normalisation, or the head.

    Raises BuildError, with this path in the spec, where the network has no such part.
    """
    if name == "head":
        return _leaves(built.head)
    if name == "backbone":
        return _leaves(built.backbone)
    if name == "batch_norm":
        return [layer for layer in _leaves(built.backbone) if isinstance(layer, keras.layers.BatchNormalization)]
    features: Mapping[str, Any] = built.backbone.output
    feature = next(iter(features)) if name == "stem" else name
    if feature not in features:
        raise BuildError(
            f"this backbone has no part '{name}'; it has stem, {', '.join(features)}, backbone, batch_norm and head",
            spec_path,
        )
    return _leaves(keras.Model(built.backbone.input, features[feature]))


def freeze(built: Built, names: Sequence[str], spec_path: str) -> None:
    """Let these parts keep their weights, and all others be trained. Raises BuildError for a part that is not there."""
    for layer in [*_leaves(built.backbone), *_leaves(built.head)]:
        layer.trainable = True
    for name in names:
        for layer in part_layers(built, name, spec_path):
            layer.trainable = False


def factors(built: Built, rates: Mapping[Any, float], spec_path: str) -> dict[str, float]:
    """Return by the path of each weight with a rate of its own what the rate is multiplied with there.

    A weight in several parts goes with the smallest of them. Raises BuildError for a part that is not there.
    """
    found: dict[str, float] = {}
    parts = {name: part_layers(built, name, f"{spec_path}.{name}") for name in rates}
    for name in sorted(parts, key=lambda name: -len(parts[name])):
        for layer in parts[name]:
            found |= {weight.path: rates[name] for weight in layer.trainable_weights}
    return found


def _leaves(model: Any) -> list[Any]:
    """Return the layers of a model that are no models themselves, in their order."""
    found: list[Any] = []
    for layer in model.layers:
        found += _leaves(layer) if isinstance(layer, keras.Model) else [layer]
    return found
