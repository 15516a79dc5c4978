import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageOps

from kerascnn.augmentations.policy_ops import OPERATIONS, Operation, changed_by
from kerascnn.spec.warp import about_centre, warp, warp_masks
from tests.helpers import make, pictures

SMOOTH = np.random.default_rng(0).integers(40, 200, (5, 6, 3)).astype("uint8").repeat(7, axis=0).repeat(6, axis=1)


def changed(image, *operations, fill="zeros"):
    return changed_by(image[None], [[Operation(*operation) for operation in operations]], fill)[0]


def pillow(image, function):
    return np.asarray(function(Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image))).reshape(image.shape)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(
    ("name", "amount", "function", "slack"),
    [
        ("autocontrast", 0, ImageOps.autocontrast, 0),
        ("equalize", 0, ImageOps.equalize, 0),
        ("posterize", 3, lambda x: ImageOps.posterize(x, 3), 0),
        ("solarize", 100, lambda x: ImageOps.solarize(x, 100), 0),
        # Pillow cuts off fractions, and its mean is that of rounded luma.
        ("brightness", 1.4, lambda x: ImageEnhance.Brightness(x).enhance(1.4), 1),
        ("brightness", 0.3, lambda x: ImageEnhance.Brightness(x).enhance(0.3), 1),
        ("contrast", 1.7, lambda x: ImageEnhance.Contrast(x).enhance(1.7), 2),
        ("contrast", 0.4, lambda x: ImageEnhance.Contrast(x).enhance(0.4), 2),
        ("color", 0.2, lambda x: ImageEnhance.Color(x).enhance(0.2), 2),
        ("color", 1.9, lambda x: ImageEnhance.Color(x).enhance(1.9), 2),
        ("sharpness", 0.1, lambda x: ImageEnhance.Sharpness(x).enhance(0.1), 2),
        ("sharpness", 1.9, lambda x: ImageEnhance.Sharpness(x).enhance(1.9), 2),
    ],
)
def test_colours_change_as_pillow_changes_them(channels, name, amount, function, slack):
    for image in (SMOOTH[..., :channels], pictures(20, 31, channels)):
        found = changed(np.ascontiguousarray(image), (name, amount))
        wanted = pillow(np.ascontiguousarray(image), function)
        assert np.abs(found.astype(int) - wanted).max() <= slack


@pytest.mark.parametrize("value", [0, 77, 255])
@pytest.mark.parametrize("name", ["autocontrast", "equalize"])
def test_pictures_of_one_value_stay(name, value):
    x = np.full((5, 5, 3), value, "uint8")
    np.testing.assert_array_equal(changed(x, (name, 0)), x)


@pytest.mark.parametrize(
    "chain",
    [
        [("solarize", 120), ("posterize", 4), ("brightness", 1.3)],
        [("brightness", 0.6), ("equalize", 0), ("contrast", 1.5)],
        [("posterize", 2), ("autocontrast", 0), ("solarize", 90)],
        [("contrast", 0.5), ("autocontrast", 0), ("equalize", 0)],
    ],
)
@pytest.mark.parametrize("channels", [1, 3, 5])
def test_a_chain_of_tables_is_one_after_another(chain, channels):
    x = pictures(30, 30, channels)
    one = x
    for operation in chain:
        one = changed(one, operation)
    np.testing.assert_array_equal(changed(x, *chain), one)


def test_moves_by_hand():
    x = pictures(10, 20, 3)
    # A shift to the right by a quarter of 20, and down by a fifth of 10.
    right = changed(x, ("translate_x", 0.25))
    np.testing.assert_array_equal(right[:, 5:], x[:, :15])
    assert not right[:, :5].any()
    np.testing.assert_array_equal(changed(x, ("translate_y", 0.2))[2:], x[:8])
    np.testing.assert_array_equal(changed(x[:, :10], ("rotate", 0.25)), np.rot90(x[:, :10]))
    # An odd height, so that a slope of 1 about the middle row moves rows by whole pixels.
    sheared = changed(x[:9], ("shear_x", 1.0))
    for row in range(9):
        np.testing.assert_array_equal(sheared[row], warp(x[None, :9], shift(row - 4, 0))[0, row])


def shift(x, y):
    return np.array([[[1, 0, x], [0, 1, y], [0, 0, 1]]], dtype=float)


def test_neighbouring_moves_are_resampled_once():
    x = pictures(21, 21, 3)
    there_and_back = [("translate_x", 0.3), ("identity", 0), ("translate_x", -0.3)]
    np.testing.assert_array_equal(changed(x, *there_and_back), x)
    # With a change of colours between them they cannot be.
    assert not np.array_equal(changed(x, ("translate_x", 0.3), ("posterize", 8), ("translate_x", -0.3)), x)


@pytest.mark.parametrize("shape", [(0, 4, 4, 3), (14, 1, 1, 3), (14, 2, 1, 1), (14, 1, 9, 4)])
def test_every_operation_takes_pictures_of_any_size(shape):
    x = pictures(*shape)
    chains = [[Operation(name, 4 if name == "posterize" else 0.5)] for name in OPERATIONS][: len(x)]
    found = changed_by(x, chains, "reflect")
    assert found.shape == shape
    assert found.dtype == np.uint8


def test_a_picture_does_not_depend_on_the_rest_of_its_batch():
    x, rng = pictures(8, 20, 20, 3), np.random.default_rng(3)
    chains = make("augmentation", "rand_augment", num_ops=4).chosen(8, rng)
    whole = changed_by(x, chains, "edge")
    for i in range(8):
        np.testing.assert_array_equal(changed_by(x[i : i + 1], chains[i : i + 1], "edge")[0], whole[i])


@pytest.mark.parametrize("name", ["rand_augment", "trivial_augment"])
def test_masks_and_boxes_follow_the_moves_of_their_pictures(name):
    policy = make("augmentation", name)
    x, masks = pictures(40, 20, 20, 3), pictures(40, 20, 20) % 4
    boxes = [np.array([[4, 5, 15, 16]], "float32")] * 40
    alone = policy.apply(x, np.random.default_rng(1))
    images, moved = policy.apply_with_masks(x, masks, np.random.default_rng(1))
    np.testing.assert_array_equal(images, alone)
    images, found, kept = policy.apply_with_boxes(x, boxes, np.random.default_rng(1))
    np.testing.assert_array_equal(images, alone)
    still = [
        i for i, own in enumerate(policy.chosen(40, np.random.default_rng(1))) if not any(is_move(one) for one in own)
    ]
    assert 5 < len(still) < 35
    for i in range(40):
        # A move of less than half a pixel leaves the mask as well.
        assert np.array_equal(moved[i], masks[i]) >= (i in still)
        assert np.array_equal(found[i], boxes[i]) >= (i in still)
        assert kept[i].shape == (1,)
    assert (moved != masks).any(axis=(1, 2)).sum() > 5
    np.testing.assert_array_equal(masks, pictures(40, 20, 20) % 4)


def is_move(operation):
    return operation.name.startswith(("shear", "translate", "rotate")) and operation.amount != 0


def test_a_mask_is_moved_by_the_matrix_of_its_picture(monkeypatch):
    policy = make("augmentation", "rand_augment")
    monkeypatch.setattr(type(policy), "chosen", lambda self, n, rng: [[Operation("rotate", 0.1)]] * n)
    cos, sin = np.cos(0.2 * np.pi), np.sin(0.2 * np.pi)
    matrix = about_centre(np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]]), 9, 9)
    masks = pictures(1, 9, 9) % 4
    _, moved = policy.apply_with_masks(pictures(1, 9, 9, 3), masks, None)
    np.testing.assert_array_equal(moved, warp_masks(masks, matrix[None]))
