"""Shift sounds in time."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from kerascnn.spec import Augmentation, register

if TYPE_CHECKING:
    import numpy as np


@register("time_shift")
class TimeShift(Augmentation):
    """Let each sound begin earlier or later by a random time, in whole samples.

    Shapes: `(n, samples, channels) -> (n, samples, channels)`, float32.
    """

    reads: ClassVar[str] = "audio"

    fraction: float = Field(0.1, ge=0, le=1)
    """Largest shift either way, as a fraction of the length."""
    fill: Literal["silence", "wrap"] = "silence"
    """What stands where the sound does not reach: silence, or what was shifted out at the other end (wrap)."""

    def apply(self, sounds: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return the batch, each sound shifted."""
        import numpy as np

        n, samples, _ = sounds.shape
        shift = np.rint(rng.uniform(-1, 1, size=n) * self.fraction * samples).astype(int)
        places = np.arange(samples) - shift[:, None]
        moved = sounds[np.arange(n)[:, None], places % samples]
        if self.fill == "silence":
            moved[(places < 0) | (places >= samples)] = 0
        return moved
