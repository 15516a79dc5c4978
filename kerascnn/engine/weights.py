"""The weights that training begins with: published ones, those of a file, or those of a run."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np

from kerascnn.engine.fitting import WeightsReport, load_file, load_listed
from kerascnn.engine.preprocess import Scaling
from kerascnn.engine.published import Listed, published_weights
from kerascnn.engine.weight_files import FIELD, opened, parts_of, saved_scaling, weights_file
from kerascnn.errors import BuildError, DataError, UsageError
from kerascnn.runs.folder import RunFolder
from kerascnn.spec import Backbone, Pretrained, Spec


@dataclass(frozen=True)
class Weights:
    """What training begins with, found and readable."""

    origin: str
    """Where they come from, in a few words."""
    trained: Scaling | str | None
    """The scale of pictures that they were trained with, where `normalize: auto` asks for it."""
    file: Path | None = None
    listed: Listed | None = None
    published: Pretrained | None = None
    """The published network that fits the backbone, whose layout a file may have."""
    notes: tuple[str, ...] = ()
    kept: WeightsReport | None = None
    """What became of them before, where a training goes on that has its own weights by now."""


def fetch_weights(spec: Spec) -> Weights | None:
    """Return the weights that training begins with, before any data is read; None where it begins from chance.

    Published weights are fetched, or taken from Keras's cache; a file is opened and looked through. Raises DataError
    where they cannot be had or read, UntrustedFileError for a file that is refused, BuildError where `normalize: auto`
    cannot know their scale.
    """
    backbone = spec.model.backbone
    if backbone.weights == "none":
        return None
    if _brings_its_own(backbone):
        return _own_weights(spec)
    published = backbone.pretrained()
    if backbone.weights == "imagenet":
        if published is None:
            raise BuildError(f"no weights are published for this '{backbone.type_name}'", FIELD)
        normalize = spec.model.preprocess.normalize
        other = normalize not in ("auto", published.scale) and spec.task.reads == "image"
        note = f"model.preprocess.normalize is {normalize}, and they were trained with {published.scale}"
        told = "".join(f", {name} {value:g}" for name, value in published.arguments.items())
        origin = f"imagenet ({published.builder} of keras.applications{told})"
        return Weights(origin, scale_of(spec), listed=published_weights(published), notes=(note,) if other else ())
    file, run = weights_file(backbone.weights)
    with opened(file) as found:
        parts = parts_of(found)
    if not parts:
        raise DataError(f"{FIELD}: {file} holds no weights")
    return Weights(f"run {run.id}" if run else str(file), scale_of(spec), file=file, published=published)


def kept_weights(run: RunFolder) -> Weights | None:
    """Return what a run's training began with, for one that goes on: the scale alone, as nothing is loaded again.

    Raises UsageError where the run does not say it.
    """
    try:
        facts = run.read("effective.json")["weights"]
        report = facts and WeightsReport.of_dict(facts)
    except (KeyError, TypeError) as error:
        raise UsageError(f"{run.path / 'effective.json'} does not say what the training began with") from error
    return Weights(report.origin, report.trained, kept=report) if report else None


def scale_of(spec: Spec) -> Scaling | str | None:
    """Return the scale that the weights were trained with, where `normalize: auto` asks for it, else None.

    Of a saved model it is read from its description alone. Raises BuildError where nothing says it.
    """
    backbone = spec.model.backbone
    if (
        backbone.weights == "none"
        or _brings_its_own(backbone)
        or spec.model.preprocess.normalize != "auto"
        or spec.task.reads != "image"
    ):
        return None
    published = backbone.pretrained()
    if backbone.weights == "imagenet":
        return published.scale if published else None
    file, run = weights_file(backbone.weights)
    found = saved_scaling(file, run)
    if found is None:
        hint = f" ({published.scale} for those of keras.applications.{published.builder})" if published else ""
        raise _unknown_scale(str(file), hint)
    return found


def _brings_its_own(backbone: Backbone) -> bool:
    """Return whether the backbone itself knows where its weights are: it has a method `fetch`."""
    return backbone.weights == "preset" and hasattr(backbone, "fetch")


def _own_weights(spec: Spec) -> Weights:
    backbone: Any = spec.model.backbone
    names, arrays, scale = backbone.fetch()
    trained = None
    if spec.model.preprocess.normalize == "auto" and spec.task.reads == "image":
        if scale is None:
            raise _unknown_scale("the preset")
        factor, offset = (tuple(np.ravel(np.asarray(value, "float64")).tolist()) for value in scale)
        trained = Scaling(factor * (len(offset) if len(factor) == 1 else 1), offset)
    return Weights("the preset", trained, listed=Listed(names, arrays))


def _unknown_scale(what: str, hint: str = "") -> BuildError:
    return BuildError(
        f"auto cannot tell the scale of pictures that {what} was trained with; say it: unit, symmetric, standardize, "
        f"torch, caffe, symmetric_128, each or none{hint}",
        "model.preprocess.normalize",
    )


def load_weights(backbone: keras.Model, weights: Weights) -> WeightsReport:
    """Give the backbone the weights, and return what fitted.

    Layers of a file are matched by name and shape; where not all are, by their order in a network that fits wholly.
    The first layers are adapted to the number of channels. Raises DataError where nothing fits.
    """
    if weights.kept is not None:
        return weights.kept
    if weights.listed is not None:
        report = load_listed(backbone, weights.listed, weights.origin)
        if report is None:
            raise BuildError(
                f"the weights of {weights.origin} do not fit the network: {len(weights.listed.arrays)} arrays for "
                f"{len(backbone.weights)}",
                FIELD,
            )
    else:
        assert weights.file is not None
        report = load_file(backbone, weights.file, weights.origin, weights.published)
    return replace(report, notes=weights.notes, trained=weights.trained)
