"""The check of each kind as `kerascnn plugins check` does it: on shapes that suit the component."""

from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from kerascnn.spec import Component, components
from kerascnn.testing.augmentation import check_augmentation
from kerascnn.testing.callback import check_callback
from kerascnn.testing.explainer import check_explainer
from kerascnn.testing.exporter import check_exporter
from kerascnn.testing.loss import check_loss
from kerascnn.testing.method import check_method
from kerascnn.testing.metric import check_metric
from kerascnn.testing.network import check_backbone, check_head, check_layer, numbers_for
from kerascnn.testing.optimizer import check_optimizer
from kerascnn.testing.page import check_page_apart
from kerascnn.testing.schedule import check_schedule
from kerascnn.testing.sequences import check_sequence_augmentation
from kerascnn.testing.source import check_source
from kerascnn.testing.task import check_task

Shape = tuple[int, ...]
Check = Callable[[Any, Path], Any]
"""Checks a component; it may write into the folder. It returns a Keras model where it builds one."""

LAYER_SHAPES: Sequence[Shape] = ((16, 12, 8), (24, 8), (8, 8, 8, 4), (8,))
BACKBONE_SHAPES: Mapping[str, Sequence[Shape]] = {
    "image": ((64, 64, 3),),
    "text": ((64, 16),),
    "series": ((96, 3), (12, 15)),
    "audio": ((4000, 1), (64, 40, 1)),
}
HEAD_FEATURES: Sequence[Mapping[str, Shape]] = (
    {"P2": (16, 16, 8), "P3": (8, 8, 12), "P4": (4, 4, 16), "P5": (2, 2, 16)},
    {"out": (8,)},
    {"out": (12, 8)},
)
HEAD_OUTPUTS = (3, 6, 16)


def check_of(cls: type[Component]) -> Check | None:
    """Return how a component is checked: as its class says in `check_work`, else as its kind is; None for neither."""
    if cls.check_work is not Component.check_work:
        return lambda component, folder: component.check_work(folder)
    return CHECKS.get(cls.kind)


class Skipped(Exception):  # noqa: N818 - it is no error
    """What cannot be checked without more than a component, and why."""


def check_xla(component: Component, model: Any) -> None:
    """Check that XLA compiles a training step with the model, unless the component says that it cannot.

    Raises AssertionError, Skipped where there is nothing to check.
    """
    if component.without_xla:
        raise Skipped(f"it says that XLA cannot compile it: {component.without_xla}")
    import keras

    if keras.backend.backend() == "torch":
        raise Skipped("the torch backend has no XLA")
    outputs = keras.tree.flatten(model.output)
    trained = keras.Model(model.input, outputs)
    trained.compile(optimizer="sgd", loss=["mean_squared_error"] * len(outputs), jit_compile=True)
    inputs = {name: numbers_for(tensor, 4) for name, tensor in model.input.items()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of weights without a gradient, which other checks find
        try:
            trained.train_on_batch(inputs, [numbers_for(y, 4) for y in outputs])
        except Exception as error:
            said = " ".join(str(error).split())[:300]
            raise AssertionError(
                f"XLA cannot compile a training step with it: {type(error).__name__}: {said}"
            ) from error


def _layer(layer: Any, _: Path) -> Any:
    return _first(lambda shape: check_layer(layer, shape, plain_keras=False), LAYER_SHAPES)


def _backbone(backbone: Any, _: Path) -> Any:
    every = [shape for shapes in BACKBONE_SHAPES.values() for shape in shapes]
    shapes = BACKBONE_SHAPES.get(backbone.reads, every)
    return _first(lambda shape: check_backbone(backbone, shape, plain_keras=False), shapes)


def _head(head: Any, _: Path) -> Any:
    tries = [(features, outputs) for features in HEAD_FEATURES for outputs in HEAD_OUTPUTS]
    return _first(lambda one: check_head(head, one[0], one[1], plain_keras=False), tries)


def _first(check: Callable[[Any], Any], shapes: Sequence[Any]) -> Any:
    """Return what the check gives on the first shape for which the component can be built at all.

    Raises AssertionError: what is wrong there, or why it cannot be built on any.
    """
    failures: list[str] = []
    for shape in shapes:
        try:
            return check(shape)
        except AssertionError as error:
            if "apply() fails with" not in str(error):
                raise
            failures.append(f"on {shape}: {error}")
    raise AssertionError(f"it can be built on none of the shapes that were tried; {failures[0]}")


def _augmentation(augmentation: Any, _: Path) -> None:
    (check_augmentation if augmentation.reads == "image" else check_sequence_augmentation)(augmentation)


def _source(source: Any, _: Path) -> None:
    if type(source).paths:
        raise Skipped("it reads files; check_source(source) in a test of the plugin's own, beside files, checks it")
    check_source(source)


def _callback(callback: Any, folder: Path) -> None:
    run = folder / "run"  # what is written beside a run is gone with the folder, too
    run.mkdir()
    check_callback(callback, run)


def _exporter(exporter: Any, folder: Path) -> None:
    import keras

    if exporter.backend not in ("", keras.backend.backend()):
        raise Skipped(f"it exports models on {exporter.backend}; `kerascnn export` brings them there")
    (folder / "export").mkdir()
    check_exporter(exporter, folder / "export")


def _method(method: Any, _: Path) -> None:
    if type(method).paths:
        raise Skipped("it reads files; check_method(method) in a test of the plugin's own, beside files, checks it")
    check_method(method)


def _loss(loss: Any, _: Path) -> None:
    _for_the_core(loss)
    check_loss(loss)


def _metric(metric: Any, _: Path) -> None:
    _for_the_core(metric)
    check_metric(metric)


def _page(page: Any, _: Path) -> None:
    if importlib.util.find_spec("streamlit") is None:
        raise Skipped("the dashboard is not installed; it comes with pip install 'kerascnn[ui]'")
    check_page_apart(page)


def _for_the_core(component: Any) -> None:
    """Raise Skipped for a loss or a metric of answers that no task of the core gives."""
    wanted = type(component).outputs
    known = {cls.output for name, cls in components("task").items() if "." not in name}  # type: ignore[attr-defined]
    if wanted and not wanted & known:
        kind = component.kind
        raise Skipped(
            f"no task of the core answers with {', '.join(sorted(wanted))}; check_{kind}({kind}, task) in a test of "
            "the plugin's own checks it"
        )


CHECKS: Mapping[str, Check] = {
    "layer": _layer,
    "backbone": _backbone,
    "head": _head,
    "augmentation": _augmentation,
    "source": _source,
    "callback": _callback,
    "explainer": lambda explainer, _: check_explainer(explainer),
    "exporter": _exporter,
    "task": lambda task, _: _nothing(check_task(task)),
    "optimizer": lambda optimizer, _: check_optimizer(optimizer),
    "schedule": lambda schedule, _: check_schedule(schedule),
    "loss": _loss,
    "metric": _metric,
    "method": _method,
    "page": _page,
}


def _nothing(_: Any) -> None:
    return None
