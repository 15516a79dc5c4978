"""From a spec to a Keras model."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import keras

from kerascnn.errors import BuildError
from kerascnn.spec import DataInfo, Spec
from kerascnn.spec.trace import Trace, at, claim, tracing


@dataclass(frozen=True)
class Built:
    """A model and where each part of it stands in the spec."""

    model: keras.Model
    backbone: keras.Model
    head: keras.Model
    trace: Trace


def build_model(spec: Spec, info: DataInfo) -> keras.Model:
    """Return the Keras model of a spec: raw uint8 elements in, float32 answers out, not compiled.

    It is `preprocessing -> backbone -> head`; the last two are nested models of these names, so that
    `model.get_layer("backbone").trainable = False` freezes one. Raises BuildError with the path in the spec.
    """
    return build(spec, info).model


def build(spec: Spec, info: DataInfo) -> Built:
    """Return the model with its parts and the spec path of every operation. Raises BuildError."""
    with tracing() as trace:
        inputs = keras.Input(info.shape, dtype="uint8", name="image")
        with at("model", "preprocess"):
            x = _preprocess(inputs, spec, info)
            claim(x)
        with at("model", "backbone"):
            source = keras.Input(x.shape[1:], name="input")
            features = spec.model.backbone.apply(source)
            _check_features(features, source)
            claim(features)
            backbone = keras.Model(source, features, name="backbone")
        with at("model", "head"):
            feeds = {name: keras.Input(y.shape[1:], name=name, dtype=y.dtype) for name, y in features.items()}
            answer = spec.model.head.apply(feeds, spec.task.outputs(info))
            claim(answer)
            # Only what the head looks at: Keras warns of inputs that lead nowhere.
            used = _used(answer, feeds)
            head = keras.Model(used, answer, name="head")
        found = backbone(x)
        outputs = head({name: found[name] for name in used})
        model = keras.Model(inputs, outputs, name=_model_name(spec.name))
    return Built(model, backbone, head, trace)


@contextmanager
def precision_policy(policy: str) -> Iterator[None]:
    """Build inside with this dtype policy; the caller's own comes back afterwards."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def _preprocess(x: Any, spec: Spec, info: DataInfo) -> Any:
    """Normalise and resize in float32, whatever the precision of the rest: 16 bits are off by whole grey levels.

    In this order, because Keras's Resizing rounds bytes where it is called eagerly and does not in TensorFlow's graphs;
    on real numbers both agree, and both orders give the same.
    """
    x = _normalize(spec, info)(x)
    size = spec.model.preprocess.resize
    if size and tuple(size) != tuple(info.shape[:2]):
        layer = keras.layers.Resizing(*size, interpolation="bilinear", dtype="float32", name="resize")
        # training=False: by default this layer tells all those after it that they are being trained.
        x = layer(x, training=False)
    return x


def _normalize(spec: Spec, info: DataInfo) -> keras.layers.Layer:
    how = spec.model.preprocess.normalize
    if how == "standardize":
        channels = info.shape[-1]
        mean = info.mean or (127.5,) * channels
        variance = info.variance or (127.5**2,) * channels
        # Numbers, not arrays: they are saved as such.
        scale = [1 / max(v, 1.0) ** 0.5 for v in variance]
        offset = [-m * s for m, s in zip(mean, scale, strict=True)]
        return keras.layers.Rescaling(scale, offset, dtype="float32", name="normalize")
    factor, shift = (1 / 255, 0.0) if how == "unit" else (2 / 255, -1.0)
    return keras.layers.Rescaling(factor, shift, dtype="float32", name="normalize")


def _check_features(features: Any, source: Any) -> None:
    for name, y in features.items():
        if any(size == 0 for size in y.shape[1:]):
            raise BuildError(
                f"the picture shrinks to nothing: '{name}' has the shape {tuple(y.shape[1:])} for an input of "
                f"{tuple(source.shape[1:])}; use larger pictures (data.image_size, model.preprocess.resize) or fewer "
                "steps that halve them",
                "model.backbone",
            )


def _used(answer: Any, feeds: dict[str, Any]) -> dict[str, Any]:
    sources = {id(tensor) for tensor in keras.utils.get_source_inputs(answer)}
    return {name: tensor for name, tensor in feeds.items() if id(tensor) in sources}


def _model_name(name: str) -> str:
    return "".join(char if char.isalnum() else "_" for char in name)
