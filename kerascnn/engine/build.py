"""From a spec to a Keras model."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import keras

from kerascnn.engine.build_errors import explaining
from kerascnn.engine.fitting import WeightsReport
from kerascnn.engine.mask_errors import check_masks
from kerascnn.engine.preprocess import Scaling, preprocess, raw_input
from kerascnn.engine.weights import Weights, load_weights, scale_of
from kerascnn.errors import BuildError
from kerascnn.spec import DataInfo, Spec
from kerascnn.spec.compose import name_of, shown
from kerascnn.spec.trace import Trace, at, claim, tracing


@dataclass(frozen=True)
class Built:
    """A model and where each part of it stands in the spec."""

    model: keras.Model
    backbone: keras.Model
    head: keras.Model
    trace: Trace
    prepared: Any
    """What the backbone gets, as a tensor of the whole model."""
    features: dict[str, Any]
    """What the head gets of the backbone, as tensors of the whole model."""
    weights: WeightsReport | None = None
    """What became of the weights that training begins with, where there were any."""


def build_model(spec: Spec, info: DataInfo) -> keras.Model:
    """Return the Keras model of a spec: raw elements in, float32 answers out, not compiled.

    It is `preprocessing -> backbone -> head`; the last two are nested models of these names, so that
    `model.get_layer("backbone").trainable = False` freezes one. Whatever the spec says of `weights`, it begins from
    chance; the scale of its input is that of the weights. Raises BuildError with the path in the spec, DataError where
    a file is not there that has to say the scale.
    """
    return _assembled(spec, info, scale_of(spec)).model


def build(spec: Spec, info: DataInfo, weights: Weights | None = None) -> Built:
    """Return the model with its parts and the spec path of every operation, beginning with these weights.

    Without them it begins from chance, and nothing is read: where a file has to say the scale of the input, that of a
    network without weights stands in its place. Raises BuildError, DataError where the weights do not fit.
    """
    built = _assembled(spec, info, weights.trained if weights else None)
    return replace(built, weights=load_weights(built.backbone, weights)) if weights else built


def _assembled(spec: Spec, info: DataInfo, trained: Scaling | str | None) -> Built:
    with tracing() as trace, explaining(spec, info):
        inputs = raw_input(spec, info)
        with at("model", "preprocess"):
            x = preprocess(inputs, spec, info, trained)
            claim(x)
        with at("model", "backbone"):
            source = keras.Input(x.shape[1:], name="input")
            features = spec.model.backbone.apply(source)
            _check_features(spec, features, source)
            claim(features)
            backbone = keras.Model(source, features, name="backbone")
        with at("model", "head"):
            feeds = {name: keras.Input(y.shape[1:], name=name, dtype=y.dtype) for name, y in features.items()}
            answer = spec.model.head.apply(feeds, spec.task.outputs(info))
            _check_answer(answer)
            claim(answer)
            # Only what the head looks at: Keras warns of inputs that lead nowhere.
            used = _used(answer, feeds)
            head = keras.Model(used, answer, name="head")
        found = backbone(x)
        feeding = {name: found[name] for name in used}
        outputs = head(feeding)
        check_masks(spec, info, outputs)
        model = keras.Model(inputs, outputs, name=_model_name(spec.name))
    return Built(model, backbone, head, trace, x, feeding)


@contextmanager
def precision_policy(policy: str) -> Iterator[None]:
    """Build inside with this dtype policy; the caller's own comes back afterwards."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def _check_features(spec: Spec, features: Any, source: Any) -> None:
    wrong = _misfit(features)
    if wrong:
        raise BuildError(
            f"the backbone '{name_of(spec.model.backbone)}' {wrong}; its apply() has to return a dict of features by "
            "name, each a symbolic Keras tensor, such as {'out': x}",
            "model.backbone",
        )
    for name, y in features.items():
        if any(size == 0 for size in y.shape[1:]):
            raise BuildError(
                f"the input shrinks to nothing: '{name}' has the shape {tuple(y.shape[1:])} for an input of "
                f"{tuple(source.shape[1:])}; use larger pictures (data.image_size, model.preprocess.resize) or fewer "
                "steps that halve them",
                "model.backbone",
            )


def _misfit(features: Any) -> str:
    """Return what a backbone gives that are no features, "" where they are some."""
    if not isinstance(features, dict) or not features:
        return f"returns {shown(features)}"
    for name, y in features.items():
        if not isinstance(name, str) or not name:
            return f"calls a feature {shown(name)}"
        if not isinstance(y, keras.KerasTensor):
            return f"returns {shown(y)} as the feature '{name}'"
    return ""


def _check_answer(answer: Any) -> None:
    if not isinstance(answer, keras.KerasTensor):
        raise BuildError(f"returns {shown(answer)}; its apply() has to return a symbolic Keras tensor", "model.head")


def _used(answer: Any, feeds: dict[str, Any]) -> dict[str, Any]:
    sources = {id(tensor) for tensor in keras.utils.get_source_inputs(answer)}
    return {name: tensor for name, tensor in feeds.items() if id(tensor) in sources}


def _model_name(name: str) -> str:
    return "".join(char if char.isalnum() else "_" for char in name)
