"""Rules of good practice about training."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kerascnn.spec.component import Component
from kerascnn.spec.lint_rule import Known, Loc, rule
from kerascnn.spec.section import Section
from kerascnn.spec.spec import Spec

_TINY_BATCH = 8
_IMBALANCE = 10


@rule("accuracy-of-unequal-classes")
def _accuracy(spec: Spec, known: Known) -> Iterator[tuple[Loc, str]]:
    """Report accuracy as the guide where one class is rare."""
    counts = [count for count in known.train.values() if count]
    if "accuracy" in spec.train.monitor and len(counts) > 1 and max(counts) > _IMBALANCE * min(counts):
        yield (
            ("train", "monitor"),
            f"{spec.train.monitor} hardly notices the rarest class ({min(counts)} training samples against "
            f"{max(counts)}); monitor val_loss",
        )


@rule("tiny-batch")
def _tiny_batch(spec: Spec, known: Known) -> Iterator[tuple[Loc, str]]:
    """Report batch normalisation over a few samples."""
    frozen = all("backbone" in stage.freeze for stage in spec.train.stages)
    # A mask has an answer for each pixel, so that few pictures are many samples.
    size = spec.train.batch_size
    if size == "auto" or size >= _TINY_BATCH or frozen or spec.task.target == "mask":
        return
    if any(_is_batch_norm(component) for component in _components(spec.model)):
        yield (
            ("train", "batch_size"),
            f"{spec.train.batch_size} is too few for batch normalisation to measure a mean; take {_TINY_BATCH} or "
            "more, or use group_norm",
        )


@rule("nothing-held-out")
def _nothing_held_out(spec: Spec, known: Known) -> Iterator[tuple[Loc, str]]:
    """Report that the best epoch is chosen on what was trained on."""
    if not spec.train.monitor.startswith("val_"):
        yield (
            ("train", "monitor"),
            f"{spec.train.monitor} is measured on the training samples, so that the epoch that learnt them by heart "
            f"counts as the best; monitor val_{spec.train.monitor}",
        )


def _components(value: Any) -> Iterator[Component]:
    """Yield every component inside a part of a spec."""
    if isinstance(value, Component):
        yield value
    if isinstance(value, Section):
        value = [getattr(value, name) for name in type(value).model_fields]
    if isinstance(value, list | tuple):
        for item in value:
            yield from _components(item)


def _is_batch_norm(component: Component) -> bool:
    return component.type_name == "batch_norm" or getattr(component, "batch_norm", False) is True
