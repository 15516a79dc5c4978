import numpy as np
import pytest
from scipy.ndimage import map_coordinates

from kerascnn.engine.stream import augmented
from kerascnn.spec import Geometric
from kerascnn.spec.warp import warp
from tests.helpers import make, pictures

MODES = {"zeros": "grid-constant", "reflect": "mirror", "edge": "nearest"}
PADS = {"zeros": "constant", "reflect": "reflect", "edge": "edge"}
ALL = [
    ("random_flip", {"mode": "both"}),
    ("random_crop", {"padding": 3}),
    ("random_rotation", {"factor": 0.5}),
    ("random_translation", {"height": 0.3, "width": 0.2}),
    ("random_zoom", {"factors": [0.5, 2.0]}),
    ("random_shear", {"x": 0.4, "y": 0.3}),
    ("random_perspective", {"scale": 0.2}),
    ("random_resized_crop", {}),
]


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
