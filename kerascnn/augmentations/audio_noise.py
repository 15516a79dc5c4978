"""Add noise to sounds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import AfterValidator, Field

from kerascnn.augmentations.ranges import ordered
from kerascnn.spec import Augmentation, register

if TYPE_CHECKING:
    import numpy as np

Decibels = Annotated[float, Field(ge=-40, le=120)]


@register("audio_noise")
class AudioNoise(Augmentation):
    """Add white noise to each sound, so much weaker than the sound itself as is drawn for it. Silence stays silent.

    What exceeds -1 to 1 is cut. Shapes: `(n, samples, channels) -> (n, samples, channels)`, float32.
    """

    reads: ClassVar[str] = "audio"

    ratio: Annotated[tuple[Decibels, Decibels], Field(strict=False), AfterValidator(ordered)] = (10.0, 40.0)
    """Smallest and largest power of the sound divided by that of the noise, in decibels: 10 is clearly heard, 40
    hardly. Drawn evenly. The power of a sound is that of all its samples together."""
    probability: float = Field(1.0, ge=0, le=1)
    """Chance that a sound is changed."""

    def apply(self, sounds: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return the batch, each sound with its noise."""
        import numpy as np

        n = len(sounds)
        chosen = rng.random(n) < self.probability
        decibels = rng.uniform(*self.ratio, size=n)
        power = np.square(sounds, dtype="float64").mean(axis=(1, 2))
        scale = np.where(chosen, np.sqrt(power * 10 ** (-decibels / 10)), 0)[:, None, None].astype("float32")
        noisy = sounds + scale * rng.standard_normal(sounds.shape, dtype=np.float32)
        return np.where(scale > 0, np.clip(noisy, -1, 1), sounds)
