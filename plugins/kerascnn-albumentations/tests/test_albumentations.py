"""Transforms of albumentations: what they do to pictures, masks and boxes that are known, and what is refused."""

import os
import random
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from kerascnn_albumentations import Transforms

from kerascnn import SpecError, load_spec, train
from kerascnn.errors import BuildError, UsageError
from kerascnn.spec import find
from kerascnn.spec.kinds import IGNORE
from kerascnn.templates_list import find_template
from kerascnn.testing import check_augmentation, check_component, check_light_import

os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")
albumentations = pytest.importorskip("albumentations", reason="the library albumentations is not installed")


def of(*transforms):
    return Transforms.model_validate({"transforms": [{"p": 1.0, **each} for each in transforms]})


def one(shape=(2, 24, 32, 3)):
    return np.random.default_rng(0).integers(0, 256, shape, "uint8")


def rng(seed=0):
    return np.random.default_rng(seed)


def test_it_is_installed_under_its_name():
    assert find("augmentation", "albumentations.transforms") is Transforms


def test_it_conforms():
    for transforms in (
        [{"name": "CLAHE", "p": 0.5, "clip_limit": 4.0}, {"name": "GaussNoise"}],
        [{"name": "Affine", "p": 0.9, "rotate": [-30, 30], "scale": [0.8, 1.2]}, {"name": "CoarseDropout"}],
        [{"name": "ElasticTransform", "alpha": 20.0}, {"name": "Perspective"}],
    ):
        augmentation = Transforms.model_validate({"transforms": transforms})
        check_component(augmentation)
        check_augmentation(augmentation)
    check_light_import("kerascnn_albumentations")


def test_pictures_masks_and_boxes_are_mirrored_alike():
    images, masks = one(), one((2, 24, 32)) % 3
    mirror = of({"name": "HorizontalFlip"})
    changed, moved = mirror.apply_with_masks(images, masks, rng())
    assert np.array_equal(changed, images[:, :, ::-1])
    assert np.array_equal(moved, masks[:, :, ::-1])
    boxes = [np.array([[2, 3, 10, 20]], "float32"), np.zeros((0, 4), "float32")]
    changed, places, kept = mirror.apply_with_boxes(images, boxes, rng())
    assert np.array_equal(changed, images[:, :, ::-1])
    assert places[0] == pytest.approx(np.array([[22, 3, 30, 20]]), abs=1e-4)
    assert kept[0].tolist() == [True]
    assert places[1].shape == (0, 4)
    assert kept[1].shape == (0,)


def test_what_comes_from_outside_counts_for_nothing_in_a_mask():
    shift = {"name": "Affine", "translate_px": {"x": [8, 8], "y": [0, 0]}}
    images, masks = one(), np.ones((2, 24, 32), "uint8")
    changed, moved = of(shift).apply_with_masks(images, masks, rng())
    assert np.array_equal(changed[:, :, 8:], images[:, :, :-8])
    assert not changed[:, :, :8].any()
    assert (moved[:, :, 8:] == 1).all()
    assert (moved[:, :, :8] == IGNORE).all()
    filled = of({**shift, "fill_mask": 0}).apply_with_masks(images, masks, rng())[1]
    assert not filled[:, :, :8].any()


def test_boxes_that_leave_the_picture_are_out_of_sight():
    shift = of({"name": "Affine", "translate_px": {"x": [16, 16], "y": [0, 0]}})
    boxes = [np.array([[0, 0, 10, 10], [20, 0, 30, 10], [10, 0, 20, 10]], "float32")]
    _, [places], [kept] = shift.apply_with_boxes(one((1, 24, 32, 3)), boxes, rng())
    # The second stands beyond the right border, and of the third 6 of 10 columns are left.
    assert kept.tolist() == [True, False, True]
    assert places[[0, 2]] == pytest.approx(np.array([[16, 0, 26, 10], [26, 0, 32, 10]]), abs=1e-3)


def test_a_picture_is_a_function_of_the_generator_alone_whatever_stands_around_it():
    step = of({"name": "Rotate", "p": 0.7}, {"name": "RandomBrightnessContrast", "p": 0.7}, {"name": "ISONoise"})
    images = one((6, 16, 16, 3))
    wanted = step.apply(images, rng(3))
    random.seed(1)  # which has no say
    np.random.seed(1)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: step.apply(images, rng(3)), range(8)))
    assert all(np.array_equal(each, wanted) for each in found)
    with_boxes = step.apply_with_boxes(images, [np.array([[1, 1, 9, 9]], "float32")] * 6, rng(3))[0]
    assert np.array_equal(with_boxes, wanted)
    assert not np.array_equal(step.apply(images, rng(4)), wanted)


def test_the_chance_of_a_transform_is_kept():
    changed = of({"name": "InvertImg", "p": 0.25}).apply(np.zeros((2000, 2, 2, 1), "uint8"), rng())
    assert changed[:, 0, 0, 0].mean() / 255 == pytest.approx(0.25, abs=0.03)


def test_names_are_those_of_the_registry_that_need_a_picture_alone():
    from kerascnn_albumentations.library import names

    assert {"CLAHE", "Affine", "CoarseDropout", "ToGray", "RandomResizedCrop"} <= set(names())
    no = {"Compose", "OneOf", "Lambda", "BasicTransform", "FDA", "TextImage", "Mosaic", "ToTensorV2", "RandomCrop3D"}
    assert not no & set(names())


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"name": "Clahee"}, "did you mean 'CLAHE'"),
        ({"name": "save"}, "no transform of albumentations"),
        ({"name": "MaskDropout"}, "according to its mask or boxes"),
        (
            {"name": "CLAHE", "clip_limits": 3},
            "'CLAHE' of albumentations takes no 'clip_limits'; did you mean 'clip_limit'",
        ),
        ({"name": "CLAHE", "clip_limit": -1}, r"refuses 'CLAHE': clip_limit: .*"),
        ({"name": "ShiftScaleRotate"}, "warns of 'ShiftScaleRotate': .*use Affine"),
        ({"name": "Transpose"}, "'Transpose' makes a picture of 32 x 24"),
        ({"name": "ToFloat", "p": 0.001}, "'ToFloat' makes pictures of float32"),
        ({"name": "RandomCrop", "height": 64, "width": 64}, "'RandomCrop' fails on a picture of 24 x 32"),
    ],
)
def test_what_cannot_be_used_is_refused_in_a_sentence_at_first_use(given, said):
    with pytest.raises(BuildError, match=said) as found:
        of(given).apply(one(), rng())
    assert found.value.spec_path == "augment"
    assert "\n" not in str(found.value)


def test_masks_are_not_taken_where_class_numbers_would_be_mixed():
    with pytest.raises(UsageError, match="'Morphological' cannot take masks"):
        of({"name": "Morphological"}).apply_with_masks(one(), np.zeros((2, 24, 32), "uint8"), rng())


def test_a_chance_above_one_is_refused_at_its_place(tmp_path):
    text = find_template("albumentations.digits").read_text("utf-8")
    (tmp_path / "spec.yaml").write_text(text.replace("GaussNoise, p: 0.5", "GaussNoise, p: 1.5"), "utf-8")
    with pytest.raises(SpecError, match=r"spec.yaml:\d+:\d+: augment.0.transforms.1.p: should be 1 or less"):
        load_spec(tmp_path / "spec.yaml")


def test_numbers_that_are_none_are_refused_at_their_place(tmp_path):
    text = find_template("albumentations.digits").read_text("utf-8")
    (tmp_path / "spec.yaml").write_text(text.replace("[0.02, 0.1]", "[.nan, 0.1]"), "utf-8")
    with pytest.raises(SpecError, match=r"transforms.1.std_range.0: should be a finite number"):
        load_spec(tmp_path / "spec.yaml")


def test_digits_are_learnt_with_it_and_what_a_transform_was_given_stands_in_the_run(tmp_path):
    run = train(find_template("albumentations.digits"), tmp_path, overrides=["train.stages.0.epochs=5"])
    report = run.evaluate("validation")
    assert report["floor"]["accuracy"] < 0.12
    assert report["metrics"]["accuracy"] > 0.6
    assert (run.path / "report.html").exists()
    assert "translate_percent" in (run.path / "spec.yaml").read_text("utf-8")
    said = run.predict([np.zeros((8, 8, 1), "uint8")])
    assert len(list(said)) == 1
