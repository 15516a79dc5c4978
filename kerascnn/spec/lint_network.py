"""Rules of good practice about networks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kerascnn.spec.component import Component
from kerascnn.spec.lint_rule import Known, Loc, pretrained, rule
from kerascnn.spec.receptive import steps_seen
from kerascnn.spec.spec import Spec

_DEEP = 20
_PARAMETERS_PER_SAMPLE = 10_000
_PARAMETERS_PER_MASK = 2_000_000
"""The U-Net of Ronneberger et al. 2015 has 31 million weights and learnt from 30 pictures."""
_SMALL_NETWORKS = {"image": "simple_cnn", "audio": "simple_cnn", "series": "series_fcn", "text": "text_cnn"}
_NARROW = 25
"""A network that sees less than this part of a series is narrow: FCN (Wang et al. 2016) sees 14 of up to 350 steps."""
_WIDE = 10
"""InceptionTime sees 235 steps, and is good on series of 24."""


@rule("large-network")
def _large_network(spec: Spec, known: Known) -> Iterator[tuple[Loc, str]]:
    """Report a network with far more weights than the data can settle."""
    most = _PARAMETERS_PER_MASK if spec.task.target == "mask" else _PARAMETERS_PER_SAMPLE
    if known.parameters and known.samples and known.parameters > most * known.samples and not pretrained(spec):
        small = "unet_encoder with fewer filters" if spec.task.target == "mask" else _SMALL_NETWORKS[spec.task.reads]
        yield (
            ("model", "backbone"),
            f"has {known.parameters:,} weights for {known.samples:,} training samples; compare it with a small network "
            f"({small}) on the validation split before trusting it",
        )


@rule("deep-without-skips")
def _deep(spec: Spec, known: Known) -> Iterator[tuple[Loc, str]]:
    """Report long chains of convolutions, which train badly without shortcuts (He et al. 2015, arXiv:1512.03385)."""
    depth = _convolutions(spec.model.backbone)
    if depth > _DEEP:
        yield (
            ("model", "backbone"),
            f"chains {depth} convolutions without a shortcut; put blocks of two or three into `residual`",
        )


@rule("receptive-field")
def _receptive_field(spec: Spec, known: Known) -> Iterator[tuple[Loc, str]]:
    """Report networks that see little of a series at once, or are made for far longer ones."""
    seen = steps_seen(spec.model.backbone)
    if spec.task.reads != "series" or known.info is None or seen is None:
        return
    length = known.info.shape[0]
    if getattr(spec.model.backbone, "sees_last", False) and seen < length:
        yield (
            ("model", "backbone"),
            f"answers by the last step, which sees {seen} of {length} steps; those before them are lost: raise levels "
            "or kernel_size, or take shorter series (data.length, data.source.window)",
        )
    elif seen * _NARROW < length:
        yield (
            ("model", "backbone"),
            f"sees {seen} of {length} steps at once, and finds no pattern that is longer; take longer kernels, more "
            "layers, pooling or dilation",
        )
    elif seen > _WIDE * length:
        yield (
            ("model", "backbone"),
            f"sees {seen} steps at once where a series has {length}, and so mostly padding; take shorter kernels or "
            "fewer layers",
        )


def _convolutions(value: Any) -> int:
    """Return the length of the longest chain of convolutions that no shortcut leads around."""
    if isinstance(value, list | tuple):
        return sum(_convolutions(item) for item in value)
    if not isinstance(value, Component):
        return 0
    fields = {name: getattr(value, name) for name in type(value).model_fields}
    if value.type_name == "residual":
        return 0
    if value.type_name == "parallel":
        branches = fields["branches"]
        return 0 if not all(branches) else max(map(_convolutions, branches))
    if value.type_name == "repeat":
        return int(fields["times"]) * _convolutions(fields["body"])
    own = value.kind == "layer" and "conv" in value.type_name
    return int(own) + sum(_convolutions(field) for field in fields.values())
