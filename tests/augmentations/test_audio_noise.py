import numpy as np
import pytest
from pydantic import ValidationError

from tests.helpers import make


def noisy(x, seed=0, **parameters):
    return make("augmentation", "audio_noise", **parameters).apply(x, np.random.default_rng(seed))


def tone(n=1, loudness=0.5, samples=20_000):
    wave = loudness * np.sin(0.1 * np.arange(samples))
    return np.tile(wave.astype("float32")[None, :, None], (n, 1, 1))


@pytest.mark.parametrize("loudness", [0.5, 0.01])
@pytest.mark.parametrize("decibels", [10, 20])
def test_the_noise_is_weaker_than_the_sound_by_the_given_ratio(loudness, decibels):
    x = tone(loudness=loudness)
    noise = noisy(x, ratio=[decibels, decibels]) - x
    found = 10 * np.log10(np.square(x).mean() / np.square(noise).mean())
    # Four standard errors of 20,000 draws are 0.17 dB.
    assert abs(found - decibels) < 0.2


def test_ratios_are_drawn_evenly_for_each_sound():
    x = tone(n=500, samples=2000, loudness=0.1)
    noise = noisy(x, ratio=[10, 30]) - x
    found = 10 * np.log10(np.square(x).mean((1, 2)) / np.square(noise).mean((1, 2)))
    assert found.min() > 9.5
    assert found.max() < 30.5
    assert abs(found.mean() - 20) < 1.1


def test_the_noise_is_white():
    x = tone()
    spectrum = np.abs(np.fft.rfft((noisy(x, ratio=[10, 10]) - x)[0, :, 0])) ** 2
    low, high = spectrum[1:5000].mean(), spectrum[5000:].mean()
    assert abs(low / high - 1) < 0.1


def test_silence_stays_silent():
    x = np.zeros((2, 50, 1), "float32")
    np.testing.assert_array_equal(noisy(x), x)


def test_sounds_stay_within_full_scale():
    x = np.sign(tone(4))
    found = noisy(x, ratio=[0, 0])
    assert found.min() == -1
    assert found.max() == 1


def test_a_probability_of_a_half_leaves_half_of_the_sounds_as_they_are():
    x = tone(n=400, samples=100)
    same = (noisy(x, probability=0.5) == x).all(axis=(1, 2))
    # Four standard errors of 400 draws.
    assert abs(same.mean() - 0.5) < 0.1


def test_a_range_that_stands_the_other_way_round_is_refused():
    with pytest.raises(ValidationError, match="smaller number first"):
        make("augmentation", "audio_noise", ratio=[30, 10])
