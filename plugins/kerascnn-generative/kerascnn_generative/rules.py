"""Advice for specs with these tasks."""

from __future__ import annotations

from collections.abc import Iterator

from kerascnn.spec import Known, Spec, rule
from kerascnn_generative.dcgan import Dcgan


@rule("monitor")
def monitor(spec: Spec, known: Known) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Speak where the epoch that is kept is chosen by losses of two networks against one another."""
    if isinstance(spec.task, Dcgan) and spec.train.monitor.removeprefix("val_") == "loss":
        yield (
            ("train", "monitor"),
            f"is {spec.train.monitor}, which is no better where pictures are: the losses of critic and generator "
            "rise and fall against one another; say val_distance",
        )
