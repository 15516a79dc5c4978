import numpy as np
import pytest
from scipy.ndimage import map_coordinates

from kerascnn.engine.augment import Batch
from kerascnn.engine.augment import augmented as augmented_batch
from kerascnn.spec import Geometric
from kerascnn.spec.kinds import IGNORE
from kerascnn.spec.warp import about_centre, move_boxes, warp, warp_by_field, warp_masks, warp_masks_by_field
from tests.helpers import make, pictures

MODES = {"zeros": "grid-constant", "reflect": "mirror", "edge": "nearest"}
PADS = {"zeros": "constant", "reflect": "reflect", "edge": "edge"}
ALL = [
    ("random_flip", {"mode": "both"}),
    ("random_crop", {"padding": 3}),
    ("random_rotation", {"degrees": 180}),
    ("random_translation", {"height": 0.3, "width": 0.2}),
    ("random_zoom", {"factors": [0.5, 2.0]}),
    ("random_shear", {"x": 0.4, "y": 0.3}),
    ("random_perspective", {"scale": 0.2}),
    ("random_resized_crop", {}),
]


def augmented(images, augment, rng):
    return augmented_batch(Batch(images), augment, rng).images


def resampled(image, matrix, fill):
    """Return what SciPy makes of a picture, as real numbers."""
    height, width, channels = image.shape
    y, x = np.mgrid[:height, :width]
    u, v, w = np.tensordot(matrix, np.stack([x, y, np.ones_like(x)]), axes=1)
    places = [v / w, u / w]
    return np.stack(
        [
            map_coordinates(image[..., c].astype(float), places, order=1, mode=MODES[fill], cval=0)
            for c in range(channels)
        ],
        axis=-1,
    )


def shift(x, y):
    return np.array([[[1, 0, x], [0, 1, y], [0, 0, 1]]], dtype=float)


@pytest.mark.parametrize("fill", MODES)
@pytest.mark.parametrize("shape", [(5, 7, 3), (6, 4, 1), (5, 5, 5)])
def test_nothing_changes_where_nothing_is_asked(fill, shape):
    x = pictures(2, *shape)
    np.testing.assert_array_equal(warp(x, np.tile(np.eye(3), (2, 1, 1)), fill), x)


@pytest.mark.parametrize("fill", MODES)
@pytest.mark.parametrize(("x", "y"), [(1, 0), (-2, 3), (4, -1), (0, -4), (-9, 9)])
def test_a_whole_pixel_shift_is_a_slice_of_the_padded_picture(fill, x, y):
    picture = pictures(1, 6, 8, 3)
    padded = np.pad(picture[0], ((9, 9), (9, 9), (0, 0)), mode=PADS[fill])
    np.testing.assert_array_equal(warp(picture, shift(x, y), fill)[0], padded[9 + y : 15 + y, 9 + x : 17 + x])


@pytest.mark.parametrize("fill", MODES)
def test_the_short_way_of_shifts_gives_what_resampling_gives(fill):
    x = pictures(1, 6, 8, 3)
    for matrix in (shift(3, -2), shift(-8, 1) @ np.diag([1.0, -1, 1]), shift(7, 5) @ np.diag([-1.0, -1, 1])):
        # A part in a billion keeps it from the short way and changes no place.
        other = matrix + np.diag([1e-9, 0, 0])
        np.testing.assert_array_equal(warp(x, matrix, fill), warp(x, other, fill))


def test_half_a_pixel_is_the_mean_of_two():
    x = np.array([10, 20, 40], dtype="uint8").reshape(1, 1, 3, 1)
    assert warp(x, shift(0.5, 0), "zeros").ravel().tolist() == [15, 30, 20]
    assert warp(x, shift(0.5, 0), "edge").ravel().tolist() == [15, 30, 40]
    assert warp(x, shift(0.5, 0), "reflect").ravel().tolist() == [15, 30, 30]
    assert warp(x, shift(-0.5, 0), "zeros").ravel().tolist() == [5, 15, 30]


@pytest.mark.parametrize("fill", MODES)
@pytest.mark.parametrize("shape", [(17, 23, 1), (24, 13, 3), (300, 200, 3), (9, 9, 4)])
def test_any_matrix_is_the_bilinear_one_of_scipy(fill, shape):
    x, rng = pictures(4, *shape), np.random.default_rng(1)
    matrices = np.eye(3) + rng.uniform(-0.3, 0.3, (4, 3, 3)) * [[1, 1, 9], [1, 1, 9], [0, 0, 0]]
    matrices[2:, 2, :2] = rng.uniform(-0.3, 0.3, (2, 2)) / max(shape)
    found = warp(x, matrices, fill)
    for i in range(4):
        np.testing.assert_allclose(found[i].astype(float), resampled(x[i], matrices[i], fill), atol=0.6)


@pytest.mark.parametrize("fill", MODES)
def test_places_far_away_and_behind_the_eye_are_outside(fill):
    x = pictures(3, 8, 8, 3) // 2 + 100
    far = np.concatenate([shift(1e9, -1e9), shift(3e5, 0.5), [[[1, 0, 0], [0, 1, 0], [0.25, 0, -1]]]])
    found = warp(x, far, fill)
    if fill == "zeros":
        assert not found[:2].any()
        assert not found[2, :, :4].any()
    else:
        assert found.min() >= 100


@pytest.mark.parametrize("fill", MODES)
@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 6, 1), (6, 1, 3)])
def test_pictures_of_one_row_or_column_work(fill, shape):
    x = np.full((2, *shape), 77, "uint8")
    found = warp(x, np.concatenate([shift(0.25, 0.0), shift(-3, 5)]), fill)
    assert found.shape == x.shape
    assert fill == "zeros" or (found == 77).all()


def test_a_batch_is_the_same_whatever_pictures_it_is_made_with():
    x, rng = pictures(7, 80, 90, 3), np.random.default_rng(1)
    matrices = np.eye(3) + rng.uniform(-0.1, 0.1, (7, 3, 3)) * [[1, 1, 9], [1, 1, 9], [0, 0, 0]]
    whole = warp(x, matrices, "edge")
    for i in range(7):
        np.testing.assert_array_equal(whole[i : i + 1], warp(x[i : i + 1], matrices[i : i + 1], "edge"))


@pytest.mark.parametrize(("name", "parameters"), ALL)
def test_matrices_are_drawn_without_the_pictures(name, parameters):
    one, other = np.random.default_rng(5), np.random.default_rng(5)
    augmentation = make("augmentation", name, **parameters)
    x = pictures(3, 12, 9, 3)
    drawn = augmentation.matrices(3, 12, 9, one)
    np.testing.assert_array_equal(augmentation.apply(x, other), warp(x, drawn, getattr(augmentation, "fill", "zeros")))
    assert one.random() == other.random()
    assert drawn.shape == (3, 3, 3)
    assert drawn.dtype == np.float64


@pytest.mark.parametrize(("name", "parameters"), ALL)
@pytest.mark.parametrize("shape", [(12, 9, 3), (9, 12, 1)])
def test_one_alone_is_the_same_alone_and_in_training(name, parameters, shape):
    augmentation = make("augmentation", name, **parameters)
    x = pictures(5, *shape)
    np.testing.assert_array_equal(
        augmented(x, [augmentation], np.random.default_rng(3)), augmentation.apply(x, np.random.default_rng(3))
    )


@pytest.mark.parametrize("fill", MODES)
def test_a_chain_is_the_product_resampled_once(fill):
    chain = [
        make("augmentation", name, **parameters, **({"fill": fill} if name not in NO_FILL else {}))
        for name, parameters in ALL
    ]
    x = pictures(6, 31, 22, 3)
    found = augmented(x, chain, np.random.default_rng(2))
    rng = np.random.default_rng(2)
    product = np.tile(np.eye(3), (6, 1, 1))
    for augmentation in chain:
        product = product @ augmentation.matrices(6, 31, 22, rng)
    for i in range(6):
        np.testing.assert_allclose(found[i].astype(float), resampled(x[i], product[i], fill), atol=0.7)


NO_FILL = {"random_flip", "random_resized_crop"}


class Fixed(Geometric):
    """Apply one matrix."""

    matrix: list[list[float]]

    def matrices(self, n, height, width, rng):
        return np.tile(np.array(self.matrix), (n, 1, 1))


def test_the_first_of_a_spec_happens_first():
    # A shift to the right by 1, then the picture mirrored: the black column comes to stand at the right.
    x = np.array([10, 20, 30], dtype="uint8").reshape(1, 1, 3, 1)
    right, mirror = (
        Fixed(matrix=shift(-1, 0)[0].tolist()),
        Fixed(matrix=[[-1.0, 0, 2], [0, 1, 0], [0, 0, 1]]),
    )
    rng = np.random.default_rng(0)
    assert augmented(x, [right, mirror], rng).ravel().tolist() == [20, 10, 0]
    assert augmented(x, [mirror, right], rng).ravel().tolist() == [0, 30, 20]
    np.testing.assert_array_equal(augmented(x, [right, mirror], rng), mirror.apply(right.apply(x, rng), rng))


def test_what_one_moves_out_of_sight_the_next_may_bring_back():
    x = pictures(1, 4, 5, 3)
    there, back = Fixed(matrix=shift(-3, 0)[0].tolist()), Fixed(matrix=shift(3, 0)[0].tolist())
    np.testing.assert_array_equal(augmented(x, [there, back], np.random.default_rng(0)), x)


def turn(share, height, width):
    cos, sin = np.cos(2 * np.pi * share), np.sin(2 * np.pi * share)
    return about_centre(np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]]), height, width)


@pytest.mark.parametrize("fill", MODES)
@pytest.mark.parametrize("shape", [(9, 12, 3), (300, 130, 1)])
def test_a_field_is_the_bilinear_one_of_scipy(fill, shape):
    x, field = pictures(2, *shape), np.random.default_rng(1).uniform(-6, 6, (2, 2, *shape[:2]))
    found = warp_by_field(x, field, fill)
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    for i in range(2):
        places = [rows + field[i, 1], columns + field[i, 0]]
        for c in range(shape[2]):
            wanted = map_coordinates(x[i, ..., c].astype(float), places, order=1, mode=MODES[fill], cval=0)
            np.testing.assert_allclose(found[i, ..., c].astype(float), wanted, atol=0.6)


@pytest.mark.parametrize("fill", MODES)
def test_a_field_of_zeros_changes_nothing_and_far_places_are_outside(fill):
    x, masks = pictures(1, 6, 8, 3) // 2 + 100, pictures(1, 6, 8) % 4
    field = np.zeros((1, 2, 6, 8))
    np.testing.assert_array_equal(warp_by_field(x, field, fill), x)
    np.testing.assert_array_equal(warp_masks_by_field(masks, field, fill), masks)
    far = warp_by_field(x, field - 1e9, fill)
    assert not far.any() if fill == "zeros" else far.min() >= 100


@pytest.mark.parametrize("fill", MODES)
@pytest.mark.parametrize(("x", "y"), [(0, 0), (1, 0), (-2, 3), (-9, 9)])
def test_masks_shift_by_whole_pixels_as_pictures_do(fill, x, y):
    masks = pictures(1, 6, 8) % 5 + 1
    found = warp_masks(masks, shift(x, y), fill)
    wanted = warp(masks[..., None], shift(x, y), fill)[..., 0]
    if fill == "zeros":
        wanted = np.where(warp(np.ones((1, 6, 8, 1), "uint8"), shift(x, y))[..., 0], wanted, IGNORE)
    np.testing.assert_array_equal(found, wanted)
    assert found.dtype == np.uint8


def test_a_mask_has_the_class_of_the_nearest_pixel_and_is_ignored_beyond():
    masks = np.array([[[1, 2, 3]]], "uint8")
    assert warp_masks(masks, shift(0.4, 0)).ravel().tolist() == [1, 2, 3]
    assert warp_masks(masks, shift(0.6, 0)).ravel().tolist() == [2, 3, 255]
    assert warp_masks(masks, shift(-1, 0)).ravel().tolist() == [255, 1, 2]
    assert warp_masks(masks, shift(0.6, 0), "edge").ravel().tolist() == [2, 3, 3]
    assert warp_masks(masks, shift(0.6, 0), "reflect").ravel().tolist() == [2, 3, 2]
    assert warp_masks(masks, shift(0, 1)).ravel().tolist() == [255] * 3


@pytest.mark.parametrize("fill", MODES)
def test_any_matrix_moves_masks_as_scipy_does(fill):
    masks, rng = pictures(3, 40, 31), np.random.default_rng(1)
    matrices = np.eye(3) + rng.uniform(-0.3, 0.3, (3, 3, 3)) * [[1, 1, 9], [1, 1, 9], [0.01, 0.01, 0]]
    found = warp_masks(masks, matrices, fill)
    y, x = np.mgrid[:40, :31]
    for i in range(3):
        u, v, w = np.tensordot(matrices[i], np.stack([x, y, np.ones_like(x)]), axes=1)
        wanted = map_coordinates(masks[i], np.rint([v / w, u / w]), order=0, mode=MODES[fill], cval=IGNORE)
        # A place between two pixels, to within 1/8192, may fall to either.
        assert (found[i] != wanted).mean() < 0.005


def test_masks_of_no_pictures_work():
    assert warp_masks(np.zeros((0, 4, 5), "uint8"), np.zeros((0, 3, 3))).shape == (0, 4, 5)


def test_boxes_move_by_hand():
    box = np.array([[2, 1, 6, 4]], "float32")
    # Output shows what lies 3 pixels to the right: things move 3 to the left, and the box is cut at the border.
    moved, kept = move_boxes(box, shift(3, 0)[0], 10, 20)
    assert moved.tolist() == [[0, 1, 3, 4]]
    assert kept.tolist() == [True]
    mirror = np.array([[-1.0, 0, 19], [0, 1, 0], [0, 0, 1]])
    assert move_boxes(box, mirror, 10, 20)[0].tolist() == [[14, 1, 18, 4]]
    # Twice as large about the middle (10, 5).
    zoom = about_centre(np.diag([0.5, 0.5, 1.0]), 10, 20)
    assert move_boxes(np.array([[8, 4, 11, 6]], "float32"), zoom, 10, 20)[0].tolist() == [[6, 3, 12, 7]]
    # A quarter of a turn against the clock of a picture 10 x 10: x becomes y from below.
    np.testing.assert_allclose(move_boxes(box, turn(0.25, 10, 10), 10, 10)[0], [[1, 4, 4, 8]], atol=1e-5)


def test_a_turned_box_is_the_one_about_its_corners():
    moved, _ = move_boxes(np.array([[4, 4, 6, 6]], "float32"), turn(0.125, 10, 10), 10, 10)
    half = np.sqrt(2)
    np.testing.assert_allclose(moved, [[5 - half, 5 - half, 5 + half, 5 + half]], atol=1e-5)


@pytest.mark.parametrize(("left", "kept"), [(6, True), (7, True), (8, False), (11, False), (-7, True), (-8, False)])
def test_a_box_is_kept_with_30_percent_of_its_area(left, kept):
    # A box 10 wide of which 10 - left columns, or 10 + left, are still there.
    _, found = move_boxes(np.array([[0, 0, 10, 10]], "float32"), shift(-left, 0)[0], 10, 10)
    assert found.tolist() == [kept]


def test_a_box_thinner_than_a_pixel_is_dropped():
    shrink = about_centre(np.diag([5.0, 5.0, 1.0]), 10, 10)
    boxes = np.array([[2, 2, 7, 7], [2, 2, 6, 7], [2, 2, 7, 6]], "float32")
    assert move_boxes(boxes, shrink, 10, 10)[1].tolist() == [True, False, False]


def test_boxes_behind_the_eye_and_in_flat_pictures_are_dropped():
    behind = np.array([[1, 0, 0], [0, 1, 0], [0.25, 0, -1.0]])
    boxes = np.array([[0, 0, 8, 8]], "float32")
    for matrix in (behind, np.diag([1.0, 0, 1])):
        moved, kept = move_boxes(boxes, matrix, 8, 8)
        assert not kept.any()
        assert np.isfinite(moved).all()


def test_a_box_goes_with_its_bright_rectangle():
    x = np.zeros((1, 60, 80, 1), "uint8")
    x[:, 20:35, 30:50] = 255
    rng = np.random.default_rng(0)
    for name, parameters in ALL:
        matrices = make("augmentation", name, **parameters).matrices(1, 60, 80, rng)
        found = warp(x, matrices)[0, ..., 0] > 127
        (left, top, right, bottom), *_ = move_boxes(np.array([[30, 20, 50, 35]], "float32"), matrices, 60, 80)[0]
        rows, columns = np.flatnonzero(found.any(axis=1)), np.flatnonzero(found.any(axis=0))
        if not len(rows):
            continue
        seen = [columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]
        np.testing.assert_allclose(seen, [left, top, right, bottom], atol=1.5, err_msg=name)


def test_one_matrix_for_each_box_and_no_boxes_at_all():
    boxes = np.array([[2, 1, 6, 4], [2, 1, 6, 4]], "float32")
    moved, kept = move_boxes(boxes, np.concatenate([shift(1, 0), shift(0, 1)]), 10, 10)
    assert moved.tolist() == [[1, 1, 5, 4], [2, 0, 6, 3]]
    assert kept.all()
    moved, kept = move_boxes(np.zeros((0, 4), "float32"), shift(1, 0)[0], 10, 10)
    assert (moved.shape, moved.dtype, kept.shape) == ((0, 4), np.float32, (0,))


@pytest.mark.parametrize(("name", "parameters"), ALL)
def test_masks_and_boxes_move_by_the_matrices_of_their_pictures(name, parameters):
    augmentation = make("augmentation", name, **parameters)
    x, masks = pictures(3, 12, 9, 3), pictures(3, 12, 9) % 3
    boxes = [np.array([[1, 2, 5, 9]], "float32")] * 3
    matrices = augmentation.matrices(3, 12, 9, np.random.default_rng(4))
    alone = augmentation.apply(x, np.random.default_rng(4))
    images, moved = augmentation.apply_with_masks(x, masks, np.random.default_rng(4))
    np.testing.assert_array_equal(images, alone)
    np.testing.assert_array_equal(moved, warp_masks(masks, matrices))
    images, found, kept = augmentation.apply_with_boxes(x, boxes, np.random.default_rng(4))
    np.testing.assert_array_equal(images, alone)
    for i in range(3):
        wanted = move_boxes(boxes[i], matrices[i], 12, 9)
        np.testing.assert_array_equal(found[i], wanted[0])
        np.testing.assert_array_equal(kept[i], wanted[1])
