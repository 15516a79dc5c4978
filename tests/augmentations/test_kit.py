"""The conformance kit catches masks, boxes and targets that do not follow their pictures."""

from typing import ClassVar

import numpy as np
import pytest

from kerascnn.spec import Augmentation, Geometric, Mixing
from kerascnn.testing import check_augmentation
from tests.helpers import make


class Shift(Geometric):
    """Shift right by up to 20 pixels: right in itself."""

    def matrices(self, n, height, width, rng):
        matrices = np.tile(np.eye(3), (n, 1, 1))
        matrices[:, 0, 2] = -rng.integers(5, 20, size=n)
        return matrices


class LeavesMasks(Shift):
    def apply_with_masks(self, images, masks, rng):
        return self.apply(images, rng), masks


class MovesMasksOtherwise(Shift):
    def apply_with_masks(self, images, masks, rng):
        return super().apply_with_masks(images, np.ascontiguousarray(masks[:, ::-1]), rng)


class BlendsMasks(Shift):
    def apply_with_masks(self, images, masks, rng):
        return self.apply(images, rng), masks * 0 + 7


class DrawsAgain(Shift):
    def apply_with_masks(self, images, masks, rng):
        rng.random()
        return super().apply_with_masks(images, masks, rng)


class MakesDeepMasks(Shift):
    def apply_with_masks(self, images, masks, rng):
        return self.apply(images, rng), masks.astype(int)


class MovesBoxesBeyond(Shift):
    def apply_with_boxes(self, images, boxes, rng):
        images, boxes, kept = super().apply_with_boxes(images, boxes, rng)
        return images, [some + 100 for some in boxes], kept


class DropsBoxes(Shift):
    def apply_with_boxes(self, images, boxes, rng):
        images, boxes, kept = super().apply_with_boxes(images, boxes, rng)
        return images, [some[:0] for some in boxes], kept


class TakesWhatItDoesNotCarry(Shift):
    carries: ClassVar[frozenset[str]] = frozenset({"mask"})

    def apply_with_boxes(self, images, boxes, rng):
        return self.apply(images, rng), boxes, [np.ones(len(some), bool) for some in boxes]


@pytest.mark.parametrize(
    ("cls", "words"),
    [
        (LeavesMasks, "pixels of masks stand where their picture shows them"),
        (MovesMasksOtherwise, "pixels of masks stand where their picture shows them"),
        (BlendsMasks, "makes classes of its own in masks"),
        (DrawsAgain, "changes pictures otherwise when masks come along"),
        (MakesDeepMasks, "gives masks of int64"),
        (MovesBoxesBeyond, "reach beyond the picture"),
        (DropsBoxes, "gives boxes of float32 and the shape \\(0, 4\\)"),
        (TakesWhatItDoesNotCarry, "does not carry 'boxes' and yet takes it"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_masks_and_boxes_that_do_not_follow_are_caught(cls, words):
    with pytest.raises(AssertionError, match=words):
        check_augmentation(cls())


class Mixes(Mixing):
    """Halve the values and the targets of pairs: right in itself."""

    def mix(self, images, targets, rng):
        other = rng.permutation(len(images))
        return images // 2 + images[other] // 2, (targets + targets[other]) / np.float32(2)


class LosesTargets(Mixes):
    def mix(self, images, targets, rng):
        images, targets = super().mix(images, targets, rng)
        return images, targets * np.float32(0.5)


class MakesDeepTargets(Mixes):
    def mix(self, images, targets, rng):
        images, targets = super().mix(images, targets, rng)
        return images, targets.astype(float)


class WritesToTargets(Mixes):
    def mix(self, images, targets, rng):
        targets[:] = targets[::-1].copy()
        return super().mix(images, targets, rng)


class AsksTargets(Mixes):
    def mix(self, images, targets, rng):
        images, targets = super().mix(images, targets, rng)
        return images + np.uint8(targets.shape[1]), targets


@pytest.mark.parametrize(
    ("cls", "words"),
    [
        (LosesTargets, "changes what targets sum up to"),
        (MakesDeepTargets, "gives targets of float64"),
        (WritesToTargets, "writes to its input"),
        (AsksTargets, "mixes pictures otherwise for other targets"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_targets_that_are_mixed_wrongly_are_caught(cls, words):
    with pytest.raises(AssertionError, match=words):
        check_augmentation(cls())


@pytest.mark.parametrize("cls", [Shift, Mixes])
def test_those_without_fault_pass(cls):
    check_augmentation(cls())


def test_what_keeps_pixels_in_their_places_carries_masks_and_boxes():
    assert make("augmentation", "random_noise").carries == {"mask", "boxes"}
    assert make("augmentation", "mixup").carries == frozenset()
    assert Augmentation.carries == Geometric.carries
