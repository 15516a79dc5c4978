"""Rules of good practice about data: how much there is, how it is divided, and in what form it comes."""

from __future__ import annotations

from collections.abc import Iterator

from kerascnn.errors import printable
from kerascnn.spec.lint_rule import Known, Loc, pretrained, rule
from kerascnn.spec.spec import Spec

_SMALL = 1000
_FEW_MASKS = 100
"""A mask has an answer for each pixel, so that few pictures are many samples."""
_SHOWN = 5
_LEAKS = ("duplicate-across-splits", "near-duplicate-across-splits", "group-across-splits")
"""Findings that samples of one split are known from another."""


@rule("small-data")
def _small_data(spec: Spec, known: Known) -> Iterator[tuple[Loc, str]]:
    """Report a network that is trained from scratch on little data."""
    small = _FEW_MASKS if spec.task.target == "mask" else _SMALL
    if 0 < known.samples < small and not pretrained(spec) and not spec.augment:
        yield (
            ("model", "backbone"),
            f"is trained from scratch on {known.samples} samples without augmentation; it will learn them by heart: "
            "add augmentation, start from weights of a larger set, or add data",
        )


@rule("leaking-splits")
def _leaking_splits(spec: Spec, known: Known) -> Iterator[tuple[Loc, str]]:
    """Report choices, as of augmentation, that are made by samples which were trained on."""
    found = [finding for finding in known.findings if finding.id in _LEAKS and finding.id not in spec.data.allow]
    if found:
        said = ", ".join(f"{finding.id}: {len(finding.samples)}" for finding in found)
        yield (
            ("data", "split"),
            f"lets a split know what is in another ({said}), so that augmentation, epoch and network are chosen by "
            "what was learnt by heart; take the copies out, or keep what belongs together in one split with "
            "data.split.group_by",
        )


@rule("squashed")
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


@rule("mismatched-preprocessing")
def _mismatched(spec: Spec, known: Known) -> Iterator[tuple[Loc, str]]:
    """Report pictures that are scaled otherwise than those that published weights were trained with."""
    backbone, normalize = spec.model.backbone, spec.model.preprocess.normalize
    published = backbone.pretrained() if backbone.weights == "imagenet" else None
    if published and spec.task.reads == "image" and normalize not in ("auto", published.scale):
        yield (
            ("model", "preprocess", "normalize"),
            f"is {normalize}, and the published weights were trained with {published.scale}, so that they see colours "
            "that they do not know; leave it at auto, which takes the scale of the weights",
        )


@rule("no-failure-analysis")
def _no_failure_analysis(spec: Spec, known: Known) -> Iterator[tuple[Loc, str]]:
    """Report that nothing, or not every class, is held out to see what goes wrong with it."""
    sizes = known.info.sizes if known.info else {}
    if sizes and not sizes.get("test") and spec.data.split.folds is None:
        yield (
            ("data", "split", "test"),
            "holds no sample back, so that no report can say which classes are taken for which on samples that "
            f"training had no part in; hold some back, as with data.split.test: 0.15 (of {sum(sizes.values())} "
            "samples)",
        )
        return
    counts = known.info.counts.get("test", {}) if known.info else {}
    untested = [label for label, count in counts.items() if not count]
    if any(counts.values()) and untested:
        more = f" and {len(untested) - _SHOWN} more" if len(untested) > _SHOWN else ""
        yield (
            ("data", "split", "test"),
            f"holds back no sample of {', '.join(map(printable, untested[:_SHOWN]))}{more}, of which the report can "
            "say nothing; raise data.split.test, or add samples",
        )
