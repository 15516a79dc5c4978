import numpy as np
import pytest

from kerascnn.engine.augment import Batch, Boxes, augmented, together
from kerascnn.errors import UsageError
from kerascnn.spec import Augmentation, Fill, Geometric
from kerascnn.spec.warp import move_boxes, warp, warp_masks
from tests.helpers import make, pictures


class Noise(Augmentation):
    """Add random numbers."""

    def apply(self, images, rng):
        return images + rng.integers(0, 100, images.shape, "uint8")


class Shift(Geometric):
    """Shift by a random number of pixels and a fraction."""

    fill: Fill = "zeros"

    def matrices(self, n, height, width, rng):
        matrices = np.tile(np.eye(3), (n, 1, 1))
        matrices[:, :2, 2] = rng.uniform(-3, 3, (n, 2))
        return matrices


class Mirror(Geometric):
    """Mirror, which never looks beyond the picture."""

    def matrices(self, n, height, width, rng):
        return np.tile(np.array([[-1.0, 0, width - 1], [0, 1, 0], [0, 0, 1]]), (n, 1, 1))


def boxes_of(n):
    """Return for each picture a box of class 4 in the middle and one of class 7 in the corner, which may go."""
    places = np.array([[3, 4, 9, 11], [0, 0, 2, 2]], "float32")
    return [Boxes(places + i % 2, np.array([4, 7])) for i in range(n)]


def whole(n=6, height=16, width=12):
    """Return a batch with everything."""
    return Batch(
        pictures(n, height, width, 3),
        np.eye(n, dtype="float32"),
        pictures(n, height, width) % 3,
        boxes_of(n),
    )


CHAINS = {
    "one": [Shift()],
    "fused": [Shift(), Mirror(), Shift()],
    "apart": [Shift(), Noise(), Shift(fill="edge"), Shift(fill="reflect")],
    "policies": [
        make("augmentation", "rand_augment", num_ops=4),
        make("augmentation", "trivial_augment"),
        make("augmentation", "random_erasing"),
    ],
}


@pytest.mark.parametrize("chain", CHAINS.values(), ids=CHAINS)
def test_a_picture_changes_in_the_same_way_whatever_comes_with_it(chain):
    batch, rngs = whole(), [np.random.default_rng(3) for _ in range(5)]
    kinds = [
        Batch(batch.images),
        Batch(batch.images, batch.targets),
        Batch(batch.images, masks=batch.masks),
        Batch(batch.images, boxes=batch.boxes),
        batch,
    ]
    found = [augmented(kind, chain, rng) for kind, rng in zip(kinds, rngs, strict=True)]
    for one in found[1:]:
        np.testing.assert_array_equal(one.images, found[0].images)
    np.testing.assert_array_equal(found[2].masks, found[4].masks)
    for one, other in zip(found[3].boxes, found[4].boxes, strict=True):
        np.testing.assert_array_equal(one.places, other.places)
        np.testing.assert_array_equal(one.labels, other.labels)
    assert len({rng.random() for rng in rngs}) == 1
    assert found[0].masks is found[0].boxes is found[0].targets is None
    np.testing.assert_array_equal(found[4].targets, batch.targets)


def test_the_batch_itself_is_not_written_to():
    batch, fresh = whole(), whole()
    chain = [*CHAINS["apart"], *CHAINS["policies"]]
    augmented(batch, chain, np.random.default_rng(0))
    mixing = [make("augmentation", "mixup"), make("augmentation", "cutmix", probability=1.0)]
    augmented(Batch(batch.images, batch.targets), mixing, np.random.default_rng(0))
    np.testing.assert_array_equal(batch.images, fresh.images)
    np.testing.assert_array_equal(batch.targets, fresh.targets)
    np.testing.assert_array_equal(batch.masks, fresh.masks)
    for one, other in zip(batch.boxes, fresh.boxes, strict=True):
        np.testing.assert_array_equal(one.places, other.places)


def test_a_fused_chain_moves_masks_and_boxes_by_the_product():
    batch, chain, rng = whole(), CHAINS["fused"], np.random.default_rng(0)
    found = augmented(batch, chain, np.random.default_rng(0))
    product = np.tile(np.eye(3), (6, 1, 1))
    for augmentation in chain:
        product = product @ augmentation.matrices(6, 16, 12, rng)
    np.testing.assert_array_equal(found.images, warp(batch.images, product))
    np.testing.assert_array_equal(found.masks, warp_masks(batch.masks, product))
    for i in range(6):
        places, kept = move_boxes(batch.boxes[i].places, product[i], 16, 12)
        np.testing.assert_array_equal(found.boxes[i].places, places[kept])
        np.testing.assert_array_equal(found.boxes[i].labels, np.array([4, 7])[kept])


@pytest.mark.parametrize("chain", [[Mirror()], [Mirror(), Mirror(), Mirror()]])
def test_a_mirrored_batch_by_hand(chain):
    x = np.array([10, 20, 30], "uint8").reshape(1, 1, 3, 1)
    batch = Batch(x, masks=x[..., 0] // 10, boxes=[Boxes(np.array([[0, 0, 1, 1]], "float32"), np.array([5]))])
    found = augmented(batch, chain, np.random.default_rng(0))
    assert found.images.ravel().tolist() == [30, 20, 10]
    assert found.masks.ravel().tolist() == [3, 2, 1]
    assert found.boxes[0].places.tolist() == [[2, 0, 3, 1]]
    assert found.boxes[0].labels.tolist() == [5]


def test_a_box_out_of_sight_goes_with_its_label():
    class Away(Shift):
        """Shift left by 4."""

        def matrices(self, n, height, width, rng):
            return np.tile(np.array([[1.0, 0, 4], [0, 1, 0], [0, 0, 1]]), (n, 1, 1))

    batch = Batch(pictures(2, 16, 12, 3), boxes=boxes_of(2))
    for chain in ([Away()], [Mirror(), Mirror(), Away()]):
        found = augmented(batch, chain, np.random.default_rng(0))
        assert [some.labels.tolist() for some in found.boxes] == [[4], [4]]
        assert found.boxes[0].places.tolist() == [[0, 4, 5, 11]]


def test_targets_are_mixed_as_their_pictures():
    batch = whole()
    for name in ("mixup", "cutmix"):
        mixing = make("augmentation", name, probability=1.0)
        images, targets = mixing.mix(batch.images, batch.targets, np.random.default_rng(2))
        found = augmented(Batch(batch.images, batch.targets), [mixing], np.random.default_rng(2))
        np.testing.assert_array_equal(found.images, images)
        np.testing.assert_array_equal(found.targets, targets)
        np.testing.assert_allclose(found.targets.sum(axis=1), 1, atol=1e-6)


def test_rows_of_bytes_are_mixed_as_numbers():
    found = augmented(
        Batch(pictures(4, 5, 5, 3), np.eye(4, dtype="uint8")), [make("augmentation", "mixup")], np.random.default_rng(0)
    )
    assert found.targets.dtype == np.float32
    assert ((found.targets > 0) & (found.targets < 1)).any()


@pytest.mark.parametrize(
    ("targets", "words"),
    [(None, "there is none"), (np.arange(6), r"there is an array of shape \(6,\)")],
)
def test_mixing_without_rows_of_targets_is_refused(targets, words):
    with pytest.raises(UsageError, match=f"'cutmix' mixes targets, which takes a row .*{words}"):
        augmented(Batch(pictures(6, 5, 5, 3), targets), [make("augmentation", "cutmix")], np.random.default_rng(0))


@pytest.mark.parametrize(
    ("name", "batch", "words"),
    [
        ("mixup", whole(), "'mixup' cannot take masks along with pictures; remove it"),
        ("aug_mix", Batch(whole().images, masks=whole().masks), "'aug_mix' cannot take masks along"),
        ("cutmix", Batch(whole().images, boxes=whole().boxes), "'cutmix' cannot take boxes along"),
        ("random_elastic", whole(), "'random_elastic' cannot take boxes along"),
    ],
)
def test_what_cannot_come_along_is_refused(name, batch, words):
    with pytest.raises(UsageError, match=words):
        augmented(batch, [make("augmentation", name)], np.random.default_rng(0))


def test_elastic_takes_masks_along():
    elastic, batch = make("augmentation", "random_elastic"), whole()
    found = augmented(Batch(batch.images, masks=batch.masks), [elastic], np.random.default_rng(0))
    images, masks = elastic.apply_with_masks(batch.images, batch.masks, np.random.default_rng(0))
    np.testing.assert_array_equal(found.images, images)
    np.testing.assert_array_equal(found.masks, masks)


def test_elements_that_are_no_pictures_may_be_changed_too():
    class Louder(Augmentation):
        """Scale a series."""

        def apply(self, images, rng):
            return images * rng.random()

    x = np.ones((3, 50, 2), "float32")
    assert augmented(Batch(x), [Louder()], np.random.default_rng(0)).images.shape == x.shape


def test_no_augmentation_gives_the_batch():
    batch = whole()
    assert augmented(batch, [], np.random.default_rng(0)) is batch


def test_only_neighbours_with_the_same_fill_are_resampled_as_one():
    black, mirrored, other, noise = Shift(), Shift(fill="reflect"), Mirror(), Noise()
    assert together([]) == []
    assert together([black, black, mirrored]) == [[black, black], [mirrored]]
    assert together([black, noise, black]) == [[black], [noise], [black]]
    assert together([other, mirrored, other, mirrored]) == [[other, mirrored, other, mirrored]]
    assert together([other, black, mirrored, other]) == [[other, black], [mirrored, other]]


@pytest.mark.parametrize("chain", [[Shift(), Shift(), Noise()], [Shift(), Shift(fill="edge"), Noise()]])
def test_draws_come_in_the_order_of_the_spec_fused_or_not(chain):
    one, other = np.random.default_rng(0), np.random.default_rng(0)
    images = np.zeros((3, 2, 2, 1), "uint8")
    augmented(Batch(images), chain, one)
    for augmentation in chain:
        augmentation.apply(images, other)
    assert one.random() == other.random()
