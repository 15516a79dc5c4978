import threading
import time

import numpy as np
import pytest

from kerascnn.engine.augment import Batch, augmented, together
from kerascnn.engine.stream import Prefetch, Stream, generator
from kerascnn.spec import Augmentation, Fill, Geometric

INDICES = np.arange(100, 123)


class Noise(Augmentation):
    """Add random numbers."""

    def apply(self, images, rng):
        return images + rng.integers(0, 100, images.shape, "uint8")


class Broken(Augmentation):
    """Fail at a step."""

    error: type[BaseException] = ValueError
    works: int = 3
    model_config = {"arbitrary_types_allowed": True}

    def apply(self, images, rng):
        if images[0, 0, 0, 0] >= 0 and Broken.calls >= self.works:
            raise self.error("this augmentation is broken")
        Broken.calls += 1
        return images


Broken.calls = 0


class Shift(Geometric):
    """Shift by a random part of a pixel."""

    fill: Fill = "zeros"

    def matrices(self, n, height, width, rng):
        matrices = np.tile(np.eye(3), (n, 1, 1))
        matrices[:, 0, 2] = rng.random(n)
        return matrices


class Mirror(Geometric):
    """Mirror, which never looks beyond the picture."""

    def matrices(self, n, height, width, rng):
        return np.tile(np.array([[-1.0, 0, width - 1], [0, 1, 0], [0, 0, 1]]), (n, 1, 1))


def make(n=23, batch_size=5, seed=0, augment=()):
    """Return a stream of n samples whose pictures hold their index and whose targets hold their position."""
    return Stream(
        lambda chosen: np.broadcast_to(chosen[:, None, None, None], (len(chosen), 2, 2, 1)).astype("uint8"),
        np.arange(100, 100 + n),
        lambda chosen: chosen - 100,
        batch_size=batch_size,
        seed=seed,
        augment=augment,
    )


def order(stream, number):
    """Return the positions of a pass, whatever batches they come in."""
    n = len(stream.indices)
    steps = range(number * n // stream.batch_size, ((number + 1) * n - 1) // stream.batch_size + 1)
    flat = np.concatenate([stream.positions(step) for step in steps])
    start = number * n - steps[0] * stream.batch_size
    return flat[start : start + n]


def equal(one, other):
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize(("n", "batch_size"), [(23, 5), (20, 5), (7, 7), (3, 32), (1, 1), (1, 8), (5, 4), (64, 63)])
def test_each_sample_comes_once_a_pass(n, batch_size):
    stream = make(n, batch_size)
    for number in range(5):
        assert sorted(order(stream, number)) == list(range(n))


def test_no_two_passes_have_the_same_order():
    orders = [tuple(order(make(), number)) for number in range(20)]
    assert len(set(orders)) == 20


def test_another_seed_has_another_order():
    assert len({tuple(order(make(seed=seed), 0)) for seed in range(10)}) == 10


def test_a_batch_is_a_pure_function_of_its_step():
    stream = make(augment=[Noise()])
    straight = [stream.batch(step) for step in range(15)]
    for step in [14, 3, 3, 0, 9, 4, 13]:
        assert equal(stream.batch(step), straight[step])
        assert equal(make(augment=[Noise()]).batch(step), straight[step])


def test_pictures_and_targets_belong_together():
    stream = make()
    for step in range(12):
        images, targets = stream.batch(step)
        assert np.array_equal(images[:, 0, 0, 0], targets + 100)


def test_a_batch_larger_than_the_data_is_all_of_it():
    stream = make(n=7, batch_size=64)
    assert (stream.batch_size, stream.steps_per_epoch) == (7, 1)
    assert sorted(stream.positions(3)) == list(range(7))


def test_a_batch_may_straddle_two_passes():
    stream = make(n=7, batch_size=5)
    assert stream.steps_per_epoch == 2
    flat = np.concatenate([stream.positions(step) for step in range(7)])
    assert all(sorted(flat[i : i + 7]) == list(range(7)) for i in range(0, 35, 7))
    assert all(len(stream.positions(step)) == 5 for step in range(7))


@pytest.mark.parametrize(("n", "batch_size", "steps"), [(20, 5, 4), (21, 5, 5), (1, 8, 1), (24, 5, 5)])
def test_steps_per_epoch_are_rounded_up(n, batch_size, steps):
    assert make(n, batch_size).steps_per_epoch == steps


def test_augmentation_differs_between_steps_and_seeds_and_not_between_calls():
    one, other = make(n=5, augment=[Noise()]), make(n=5, seed=1, augment=[Noise()])

    def added(stream, step):
        images, targets = stream.batch(step)
        return (images - (targets[:, None, None, None] + 100).astype("uint8")).tolist()

    assert added(one, 0) == added(one, 0)
    assert added(one, 0) != added(one, 1)
    assert added(one, 0) != added(other, 0)


def test_only_neighbours_with_the_same_fill_are_resampled_as_one():
    black, mirrored, other, noise = Shift(), Shift(fill="reflect"), Mirror(), Noise()
    assert together([]) == []
    assert together([black, black, mirrored]) == [[black, black], [mirrored]]
    assert together([black, noise, black]) == [[black], [noise], [black]]
    assert together([noise, noise, black, black]) == [[noise], [noise], [black, black]]
    assert together([other, mirrored, other, mirrored]) == [[other, mirrored, other, mirrored]]
    assert together([black, other, mirrored]) == [[black, other], [mirrored]]
    assert together([other, black, mirrored, other]) == [[other, black], [mirrored, other]]


def test_two_that_shift_resample_once():
    # Two shifts by a quarter of a pixel are one by a half: resampled twice, the bright pixel would be three wide.
    class Quarter(Shift):
        """Shift by a quarter."""

        def matrices(self, n, height, width, rng):
            return super().matrices(n, height, width, rng) * [[[1, 1, 0]]] + [[[0, 0, 0.25], [0, 0, 0], [0, 0, 1]]]

    x = np.array([0, 0, 200, 0, 0], "uint8").reshape(1, 1, 5, 1)
    found = augmented(Batch(x), [Quarter(), Quarter()], np.random.default_rng(0)).images
    assert found.ravel().tolist() == [0, 100, 100, 0, 0]


@pytest.mark.parametrize("chain", [[Shift(), Shift(), Noise()], [Shift(), Shift(fill="edge"), Noise()]])
def test_draws_come_in_the_order_of_the_spec_fused_or_not(chain):
    one, other = np.random.default_rng(0), np.random.default_rng(0)
    images = np.zeros((3, 2, 2, 1), "uint8")
    augmented(Batch(images), chain, one)
    for augmentation in chain:
        augmentation.apply(images, other)
    assert one.random() == other.random()


def test_the_data_itself_is_not_written_to():
    cache = np.zeros((4, 2, 2, 1), "uint8")
    stream = Stream(lambda i: cache[i], np.arange(4), lambda i: i, batch_size=2, seed=0, augment=[Noise()])
    stream.batch(0)
    assert not cache.any()


def test_each_purpose_has_a_generator_of_its_own():
    drawn = {
        generator(seed, purpose, number).integers(2**60) for seed in (0, 1) for purpose in (1, 2) for number in (0, 1)
    }
    assert len(drawn) == 8
    assert generator(5, 1, 2).integers(2**60) == generator(5, 1, 2).integers(2**60)


@pytest.mark.parametrize("start", [0, 1, 7, 1000])
def test_prefetch_gives_the_stream_from_a_step_on(start):
    stream = make(augment=[Noise()])
    batches = Prefetch(make(augment=[Noise()]), start)
    try:
        for step, batch in zip(range(start, start + 12), batches, strict=False):
            assert equal(batch, stream.batch(step))
    finally:
        batches.close()


def test_closing_ends_the_thread_and_the_iteration():
    before = threading.active_count()
    batches = Prefetch(make(), 0)
    assert threading.active_count() == before + 1
    iterator = iter(batches)
    next(iterator)
    batches.close()
    assert threading.active_count() == before
    assert list(iterator) == []
    batches.close()


def test_prefetch_does_not_run_ahead_without_end():
    made = []
    stream = make()
    batch = stream.batch
    stream.batch = lambda step: (made.append(step), batch(step))[1]
    batches = Prefetch(stream, 0, depth=3)
    try:
        time.sleep(0.3)
        assert 3 <= len(made) <= 4
    finally:
        batches.close()


@pytest.mark.parametrize("error", [ValueError, MemoryError, SystemExit, KeyboardInterrupt])
def test_an_error_in_an_augmentation_reaches_the_consumer(error):
    Broken.calls = 0
    batches = Prefetch(make(augment=[Broken(error=error)]), 0)
    got = []
    try:
        with pytest.raises(error, match="this augmentation is broken"):
            got.extend(batches)
        assert len(got) == 3
        assert isinstance(batches.failure, error)
        batches._thread.join(10)
        assert not batches._thread.is_alive()
    finally:
        batches.close()
