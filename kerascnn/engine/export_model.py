"""A model in float32, whatever precision it was trained in."""

from __future__ import annotations

from typing import Any

import keras


def as_float32(model: keras.Model) -> keras.Model:
    """Return the model itself where it computes in float32, else another one with the same weights that does.

    Not every program has numbers of 16 bits, bfloat16 above all. The weights of mixed precision are float32 already.
    """
    config = model.get_config()
    plain = _plain(config)
    if plain == config:
        return model
    found = type(model).from_config(plain)
    found.set_weights(model.get_weights())
    return found


def _plain(value: Any) -> Any:
    """Return a part of a model's settings with float32 in the place of mixed precision."""
    if isinstance(value, list | tuple):
        return type(value)(_plain(item) for item in value)
    if not isinstance(value, dict):
        return value
    if value.get("class_name") == "DTypePolicy" and str(value["config"]["name"]).startswith("mixed_"):
        return {**value, "config": {**value["config"], "name": "float32"}}
    short = {key: "float32" for key, item in value.items() if key == "dtype" and item in ("float16", "bfloat16")}
    return {key: _plain(item) for key, item in value.items()} | short
