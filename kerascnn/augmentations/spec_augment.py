"""Silence spans of time and bands of frequency in sounds (Park et al. 2019, arXiv:1904.08779)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from kerascnn.spec import Augmentation, register

if TYPE_CHECKING:
    import numpy as np


@register("spec_augment")
class SpecAugment(Augmentation):
    """Take random spans of time and bands of frequency out of each sound.

    The paper masks log-mel spectrograms; this masks the sound itself by its short-time Fourier transform, so that it
    serves networks on waveforms as well, and bands are as wide at high frequencies as at low ones. Samples that no mask
    reaches stay as they are. Shapes: `(n, samples, channels) -> (n, samples, channels)`, float32.
    """

    reads: ClassVar[str] = "audio"

    time_masks: int = Field(2, ge=0, le=100)
    """Spans of time that are taken out of each sound."""
    time_fraction: float = Field(0.1, ge=0, le=1)
    """Longest span, as a fraction of the sound's length; lengths are drawn evenly from 0 on."""
    frequency_masks: int = Field(2, ge=0, le=100)
    """Bands of frequency that are taken out of each sound."""
    frequency_fraction: float = Field(0.1, ge=0, le=1)
    """Widest band, as a fraction of all frequencies (up to half the sample rate); widths are drawn evenly from 0 on."""
    window: int = Field(512, ge=16, le=65_536)
    """Samples in a frame of the transform (Hann window, four frames overlap); edges of masks are as blurred as that."""

    def apply(self, sounds: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return the batch, parts of each sound silenced."""
        import numpy as np
        from scipy.signal import istft, stft

        n, samples, _ = sounds.shape
        window = min(self.window, samples)
        if window < 4:
            return sounds.copy()
        frame = {"nperseg": window, "noverlap": window - window // 4}
        _, _, parts = stft(np.moveaxis(sounds, 1, 2), **frame)
        bands, frames = parts.shape[2:]
        in_time = _masks(n, frames, self.time_masks, self.time_fraction, rng)
        in_frequency = _masks(n, bands, self.frequency_masks, self.frequency_fraction, rng)
        masked = in_frequency[:, None, :, None] | in_time[:, None, None, :]
        # What is masked is taken away from the sound; to put together what is left would round all of it.
        _, removed = istft(np.where(masked, parts, 0), **frame)
        removed = np.moveaxis(removed, 1, 2)[:, :samples].astype("float32")
        return np.clip(sounds - removed, -1, 1)


def _masks(n: int, size: int, count: int, fraction: float, rng: np.random.Generator) -> np.ndarray:
    """Return where spans of random length and place are, `(n, size)`, true in the spans."""
    import numpy as np

    width = np.floor(rng.random((n, count, 1)) * (fraction * size + 1))
    width = np.minimum(width, np.floor(fraction * size))
    start = np.floor(rng.random((n, count, 1)) * (size - width + 1))
    places = np.arange(size)
    return ((places >= start) & (places < start + width)).any(axis=1)
