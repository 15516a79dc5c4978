"""Rules of good practice: what a spec does that usually goes wrong, and what to do instead.

Each rule is a function with a name for `lint.ignore`, its sentence and its remedy. It looks at the spec alone, or at
what is known of the data as well. A rule advises; nothing is stopped by one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from kerascnn.spec.component import Component
from kerascnn.spec.data import DataInfo, Finding
from kerascnn.spec.receptive import steps_seen
from kerascnn.spec.section import Section
from kerascnn.spec.spec import Spec

_SMALL = 1000
_TINY_BATCH = 8
_DEEP = 20
_IMBALANCE = 10
_PARAMETERS_PER_SAMPLE = 10_000
_NARROW = 25
"""A network that sees less than this part of a series is narrow: FCN (Wang et al. 2016) sees 14 of up to 350 steps."""
_WIDE = 10
"""InceptionTime sees 235 steps, and is good on series of 24."""
Loc = tuple[str | int, ...]


@dataclass(frozen=True)
class Known:
    """What is known of the data and of the network when the rules are asked."""

    info: DataInfo | None = None
    findings: Sequence[Finding] = field(default_factory=tuple)
    parameters: int | None = None
    """Weights of the network, where it is built."""

    @property
    def train(self) -> dict[str, int]:
        """The number of training samples of each class."""
        return dict(self.info.counts.get("train", {})) if self.info else {}


@dataclass(frozen=True)
class Advice:
    """What a rule says."""

    id: str
    """The rule's name."""
    path: Loc
    """The place in the spec that it is about."""
    message: str

    def finding(self) -> Finding:
        """Return the advice as a finding."""
        return Finding(self.id, "warning", f"{'.'.join(map(str, self.path))}: {self.message}")


Rule = Callable[[Spec, Known], Iterator[tuple[Loc, str]]]
RULES: dict[str, Rule] = {}


def lint(spec: Spec, known: Known | None = None) -> list[Advice]:
    """Return what the rules say of a spec, without those that it ignores."""
    known = known or Known()
    return [
        Advice(name, path, message)
        for name, rule in RULES.items()
        if name not in spec.lint.ignore
        for path, message in rule(spec, known)
    ]


def _rule(name: str) -> Callable[[Rule], Rule]:
    def add(rule: Rule) -> Rule:
        RULES[name] = rule
        return rule

    return add


@_rule("small-data")
def _small_data(spec: Spec, known: Known) -> Iterator[tuple[Loc, str]]:
    """Report a network that is trained from scratch on little data."""
    count = sum(known.train.values())
    if 0 < count < _SMALL and not _pretrained(spec) and not spec.augment:
        yield (
            ("model", "backbone"),
            f"is trained from scratch on {count} samples without augmentation; it will learn them by heart: add "
            "augmentation, start from weights of a larger set, or add data",
        )


@_rule("squashed")
def _squashed(spec: Spec, known: Known) -> Iterator[tuple[Loc, str]]:
    """Report pictures that lose their shape."""
    if spec.data.resize == "stretch" and any(found.id == "mixed-aspect-ratio" for found in known.findings):
        yield (
            ("data", "resize"),
            "squashes pictures of different shapes, so that round things become oval; letterbox keeps shapes",
        )
    size, inner = spec.data.image_size, spec.model.preprocess.resize
    if size and inner and abs(size[0] * inner[1] / (size[1] * inner[0]) - 1) > 0.05:
        yield (
            ("model", "preprocess", "resize"),
            f"{list(inner)} has another shape than data.image_size {list(size)} and squashes every picture; give both "
            "the same ratio of height to width",
        )


@_rule("large-network")
def _large_network(spec: Spec, known: Known) -> Iterator[tuple[Loc, str]]:
    """Report a network with far more weights than the data can settle."""
    count = sum(known.train.values())
    if known.parameters and count and known.parameters > _PARAMETERS_PER_SAMPLE * count and not _pretrained(spec):
        yield (
            ("model", "backbone"),
            f"has {known.parameters:,} weights for {count:,} training samples; compare it with a small network "
            "(simple_cnn) on the validation split before trusting it",
        )


@_rule("deep-without-skips")
def _deep(spec: Spec, known: Known) -> Iterator[tuple[Loc, str]]:
    """Report long chains of convolutions, which train badly without shortcuts (He et al. 2015, arXiv:1512.03385)."""
    depth = _convolutions(spec.model.backbone)
    if depth > _DEEP:
        yield (
            ("model", "backbone"),
            f"chains {depth} convolutions without a shortcut; put blocks of two or three into `residual`",
        )


@_rule("upside-down")
def _upside_down(spec: Spec, known: Known) -> Iterator[tuple[Loc, str]]:
    """Report augmentation that makes pictures which never occur."""
    for i, step in enumerate(spec.augment):
        name, fields = step.type_name, step.model_dump()
        if name == "random_flip" and fields["mode"] in ("vertical", "both"):
            yield (
                ("augment", i, "mode"),
                f"{fields['mode']} turns pictures upside down; keep it only where that occurs in use, as "
                "from above or through a microscope",
            )
        if name == "random_rotation" and fields["factor"] > 0.25:
            yield (
                ("augment", i, "factor"),
                f"{fields['factor']:g} turns pictures by up to {fields['factor'] * 360:.0f} degrees either way; keep "
                "it only where things have no upright",
            )


@_rule("mirrored-signs")
def _mirrored_signs(spec: Spec, known: Known) -> Iterator[tuple[Loc, str]]:
    """Report mirroring of letters and digits."""
    labels = known.info.labels if known.info else ()
    if len(labels) < 2 or not all(len(label) == 1 for label in labels):
        return
    for i, step in enumerate(spec.augment):
        if step.type_name == "random_flip":
            yield (
                ("augment", i),
                "mirrors pictures whose classes are single letters or digits; a mirrored sign is another sign or none",
            )


@_rule("no-effect")
def _no_effect(spec: Spec, known: Known) -> Iterator[tuple[Loc, str]]:
    """Report augmentation that can never happen."""
    for i, step in enumerate(spec.augment):
        fields = step.model_dump()
        chance = fields.get("probability")
        amounts = [value for key, value in fields.items() if isinstance(value, int | float) and key != "probability"]
        if chance == 0 or (chance is None and amounts and not any(amounts)):
            yield ("augment", i), f"{step.type_name} never changes a picture; delete it, or raise its amounts"


@_rule("accuracy-of-unequal-classes")
def _accuracy(spec: Spec, known: Known) -> Iterator[tuple[Loc, str]]:
    """Report accuracy as the guide where one class is rare."""
    counts = [count for count in known.train.values() if count]
    if "accuracy" in spec.train.monitor and len(counts) > 1 and max(counts) > _IMBALANCE * min(counts):
        yield (
            ("train", "monitor"),
            f"{spec.train.monitor} hardly notices the rarest class ({min(counts)} training samples against "
            f"{max(counts)}); monitor val_loss",
        )


@_rule("tiny-batch")
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


@_rule("nothing-held-out")
def _nothing_held_out(spec: Spec, known: Known) -> Iterator[tuple[Loc, str]]:
    """Report that the best epoch is chosen on what was trained on."""
    if not spec.train.monitor.startswith("val_"):
        yield (
            ("train", "monitor"),
            f"{spec.train.monitor} is measured on the training samples, so that the epoch that learnt them by heart "
            f"counts as the best; monitor val_{spec.train.monitor}",
        )


@_rule("receptive-field")
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


def _pretrained(spec: Spec) -> bool:
    return getattr(spec.model.backbone, "weights", "none") not in (None, "none")


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
