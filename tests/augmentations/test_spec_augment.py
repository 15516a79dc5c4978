import numpy as np
import pytest
from scipy.signal import stft

from tests.helpers import make, normal

OFF = {"time_masks": 0, "frequency_masks": 0}


def masked(x, seed=0, **parameters):
    return make("augmentation", "spec_augment", **{**OFF, **parameters}).apply(x, np.random.default_rng(seed))


def noise(n=4, samples=8000, channels=1):
    return np.clip(0.2 * normal(n, samples, channels), -1, 1)


def power(x):
    return np.abs(stft(x, axis=1, nperseg=512, noverlap=384)[2]) ** 2


@pytest.mark.parametrize(
    "parameters",
    [OFF, {"time_masks": 3, "time_fraction": 0.0}, {"frequency_masks": 3, "frequency_fraction": 0.0}],
    ids=str,
)
@pytest.mark.parametrize("samples", [8000, 8001, 517, 100, 3])
def test_what_no_mask_reaches_is_the_same_to_the_bit(parameters, samples):
    x = noise(samples=samples)
    np.testing.assert_array_equal(masked(x, **parameters), x)


def test_a_span_of_time_is_silent_and_all_beyond_a_window_is_untouched():
    x = noise(n=30)
    found = masked(x, seed=1, time_masks=1, time_fraction=0.5)
    for before, after in zip(x[..., 0], found[..., 0], strict=True):
        changed = np.flatnonzero(before != after)
        if len(changed) < 3 * 512:
            continue
        # Inside, but for the blurred edges, nothing is left.
        middle = after[changed[0] + 512 : changed[-1] - 512]
        assert np.abs(middle).max() < 1e-5
        assert len(changed) <= 0.5 * 8000 + 2 * 512


def test_lengths_of_spans_are_drawn_evenly_up_to_the_longest():
    x = noise(n=300, samples=4096)
    found = masked(x, time_masks=1, time_fraction=0.5, window=64)
    silent = (np.abs(found[..., 0]) < 1e-6).mean(axis=1)
    assert silent.max() <= 0.5
    # Even from 0 to 0.5, less about half a window of each: mean 0.25, four standard errors are 0.034.
    assert abs(silent.mean() - 0.25) < 0.045


def test_a_band_of_frequency_is_gone_at_all_times_and_the_others_are_there():
    x = noise(n=20)
    before, after = power(x), power(masked(x, seed=3, frequency_masks=1, frequency_fraction=0.5))
    left = (after / before)[..., 2:-2].mean(axis=(2, 3))
    gone = left < 0.05
    assert (gone.sum(axis=1) <= 0.5 * 257 + 2).all()
    assert gone.any(axis=1).sum() > 15
    assert ((left < 0.05) | (left > 0.9)).mean() > 0.97


def test_a_tone_within_a_band_falls_silent_and_one_outside_stays():
    tone = (0.5 * np.sin(2 * np.pi * 0.25 * np.arange(8000))).astype("float32")[None, :, None].repeat(400, axis=0)
    found = masked(tone, frequency_masks=1, frequency_fraction=0.2)
    left = np.square(found).mean(axis=(1, 2)) / 0.125
    silent = (left < 0.01).mean()
    assert ((left < 0.01) | (left > 0.99)).mean() > 0.9
    # A band of width w holds the middle with a chance of about w / (1 - w): for 0 to 0.2, 0.116 on average.
    assert abs(silent - 0.116) < 0.06


def test_all_channels_are_masked_alike():
    x = noise(channels=1).repeat(2, axis=-1)
    found = masked(x, time_masks=2, frequency_masks=2)
    np.testing.assert_array_equal(found[..., 0], found[..., 1])


def test_each_sound_is_masked_on_its_own():
    found = masked(noise(n=1).repeat(10, axis=0), time_masks=2, frequency_masks=2)
    assert len({one.tobytes() for one in found}) == 10


def test_everything_masked_is_silence():
    class Draws:
        def random(self, shape):
            return np.full(shape, 1 - 1e-9)

    x = noise()
    found = make("augmentation", "spec_augment", time_fraction=1.0).apply(x, Draws())
    assert np.abs(found).max() < 1e-5


def test_sounds_stay_within_full_scale():
    x = np.sign(noise()).astype("float32")
    found = masked(x, frequency_masks=2, frequency_fraction=0.5)
    assert np.abs(found).max() == 1
