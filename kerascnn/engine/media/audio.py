"""Sounds: at one sample rate and one length, in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np

from kerascnn.engine import sounds
from kerascnn.engine.media.base import Elements, Form, Raw
from kerascnn.engine.progress import Progress
from kerascnn.engine.sounds import Sound
from kerascnn.spec import DataInfo, Sample, Spec

_CHUNK = 256


@dataclass(frozen=True)
class AudioForm(sounds.SoundForm, Form):
    """How a sound becomes the model's input."""

    medium: ClassVar[str] = "audio"

    def read(self, payloads: Sequence[Any]) -> list[Raw | Exception]:
        """Return float32 `(samples, channels)` of every sound, or why it cannot be read."""
        return [
            Raw(found.samples, found.sha256) if isinstance(found, Sound) else found
            for found in sounds.read_sounds(payloads, self)
        ]

    @classmethod
    def restore(cls, facts: dict[str, Any]) -> Self:
        """Return the form that `spell` gave."""
        return cls(**facts)


class Sounds(Elements):
    """The sounds of a data set, in memory."""

    noun: ClassVar[str] = "sound"
    plural: ClassVar[str] = "sounds"

    def __init__(self, samples: list[np.ndarray | None], facts: list[dict[str, Any]], form: AudioForm):
        self.facts, self.form = facts, form
        whole = [array for array in samples if array is not None]
        shape = whole[0].shape if whole else (1, 1)
        self.all = np.stack([np.zeros(shape, "float32") if array is None else array for array in samples])

    @property
    def shape(self) -> tuple[int, ...]:
        """Samples and channels."""
        return tuple(self.all.shape[1:])

    @classmethod
    def read(cls, samples: Sequence[Sample], spec: Spec, progress: Progress, *, keep: bool = True) -> Self:
        """Decode every sound and bring it to one rate and one length."""
        how = spec.data.audio
        form = AudioForm(how.sample_rate, how.seconds, 1)
        arrays: list[np.ndarray | None] = []
        facts: list[dict[str, Any]] = []
        with progress.count("reading sounds", len(samples)) as seen:
            for start in range(0, len(samples), _CHUNK):
                part = [sample.payload for sample in samples[start : start + _CHUNK]]
                for found in sounds.read_sounds(part, form, seen):
                    if not isinstance(found, Sound):
                        arrays.append(None)
                        facts.append({"reason": str(found)})
                        continue
                    arrays.append(found.samples)
                    facts.append({"sha256": found.sha256, "rate": found.rate, "seconds": round(found.seconds, 6)})
        return cls(arrays, facts, form)

    def learn(self, train: np.ndarray) -> None:
        """Learn nothing."""

    def describe(self, info: DataInfo) -> DataInfo:
        """Return the info with the sample rate."""
        return replace(info, sample_rate=self.form.sample_rate)

    def take(self, indices: np.ndarray) -> np.ndarray:
        """Return float32 `(n, samples, channels)`, -1 to 1."""
        return self.all[indices]
