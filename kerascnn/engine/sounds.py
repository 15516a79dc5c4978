"""The one decoder of sounds: preview, training, evaluation and prediction all read them through it.

WAV files with numbers of 8 to 32 bits, or real numbers of 32 or 64, as they come. Compressed ones are refused. What
cannot be read as a whole is an error with its reason, never silence.

The parts of a file are read here, not by scipy.io.wavfile: that reads a file that is cut short with no more than a
warning, and warnings cannot be caught in one thread alone.
"""

from __future__ import annotations

import hashlib
import math
import os
import struct
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from kerascnn.engine.whole import FileError, read_whole

MAX_BYTES = 1 << 30
MAX_SECONDS = 2 * 60 * 60
MAX_CHANNELS = 64
RATES = (100, 400_000)
"""Lowest and highest rate that is read, in samples a second: the filter that changes a rate grows with it."""

_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_COMPRESSED = {2: "ADPCM", 6: "A-law", 7: "mu-law", 0x11: "IMA ADPCM", 0x31: "GSM", 0x50: "MPEG", 0x55: "MP3"}
_OTHERS = {
    b"RIFX": "RIFX (its numbers are the other way round)", b"RF64": "RF64", b"BW64": "BW64", b"fLaC": "FLAC",
    b"OggS": "Ogg", b"ID3\x03": "MP3", b"ID3\x04": "MP3", b"FORM": "AIFF", b"PK\x03\x04": "a zip archive",
}  # fmt: skip
_SAVE = "save it as WAV with 16 bits (PCM)"


class SoundError(Exception):
    """A sound cannot be read; the text is the reason, without the file's name."""


@dataclass(frozen=True)
class SoundForm:
    """How a raw sound becomes the model's input; `input.json` of a run holds it."""

    sample_rate: int | None
    """Samples a second; None keeps the file's own."""
    seconds: float | None = None
    """How long it is: what is longer is cut at its end, what is shorter gets silence behind it; None keeps its own."""
    channels: int | None = 1
    """1 for the mean of all channels; more for as many, which a file of one channel is repeated for; None keeps its
    own."""


@dataclass(frozen=True)
class Sound:
    """A decoded sound and what is known of its file."""

    samples: np.ndarray
    """float32 `(length, channels)`; full scale is -1 to 1."""
    sha256: str
    """Of the file's bytes."""
    rate: int
    """Samples a second in the file."""
    seconds: float
    """How long the file is."""
    channels: int
    """Channels in the file."""


def read_sound(path: Path, form: SoundForm) -> Sound:
    """Return a sound in its form. Raises SoundError where it cannot be read as a whole."""
    data = _read_file(path)
    try:
        layout, body = _parts(data)
        frames = len(body) // layout.frame
        seconds = frames / layout.rate
        if not frames:
            raise SoundError("holds no sound (0 samples)")
        if seconds > MAX_SECONDS:
            raise SoundError(f"is {seconds:.0f} seconds long; the limit is {MAX_SECONDS}")
        if layout.real:
            _check_finite(body, layout)
        samples = _decode(body[: layout.frame * _needed(layout.rate, form, frames)], layout)
        samples = fit_sound(samples, layout.rate, form)
    except MemoryError:
        raise SoundError("takes more memory than there is") from None
    return Sound(samples, hashlib.sha256(data).hexdigest(), layout.rate, seconds, layout.channels)


def read_sounds(
    paths: Iterable[Path], form: SoundForm, seen: Callable[[], None] = lambda: None
) -> list[Sound | SoundError]:
    """Return every sound, or the error in its place, in order; decoding runs on all cores."""

    def one(path: Path) -> Sound | SoundError:
        try:
            return read_sound(path, form)
        except SoundError as error:
            return error
        finally:
            seen()

    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        return list(pool.map(one, paths))


def fit_sound(samples: np.ndarray, rate: int, form: SoundForm) -> np.ndarray:
    """Return float32 samples `(length, channels)` of this rate in the form's channels, rate and length.

    Raises SoundError where the channels cannot be brought to the form's.
    """
    samples = _channels(samples, form.channels)
    wanted = form.sample_rate or rate
    length = None if form.seconds is None else max(1, round(form.seconds * wanted))
    if wanted != rate:
        from scipy.signal import (
            resample_poly,  # a second to import, which nothing but sounds of another rate should pay
        )

        step = Fraction(wanted, rate)
        up, down = step.numerator, step.denominator
        samples = samples[: _needed(rate, form, len(samples))]
        samples = np.ascontiguousarray(resample_poly(samples, up, down, axis=0), dtype="float32")
    if length is None or length == len(samples):
        return samples
    if length < len(samples):
        return samples[:length].copy()
    return np.concatenate([samples, np.zeros((length - len(samples), samples.shape[1]), "float32")])


def _needed(rate: int, form: SoundForm, frames: int) -> int:
    """Return how many samples count for the result: those before the cut, and what the filter sees from there."""
    if form.seconds is None:
        return frames
    wanted = form.sample_rate or rate
    reach = 0 if wanted == rate else 10 * math.ceil(max(1, rate / wanted)) + 1
    return min(frames, math.ceil(max(1, round(form.seconds * wanted)) * rate / wanted) + reach)


@dataclass(frozen=True)
class _Layout:
    """How samples lie in a file."""

    real: bool
    channels: int
    rate: int
    width: int
    """Bytes of one sample."""

    @property
    def frame(self) -> int:
        """Bytes of the samples of all channels at one moment."""
        return self.width * self.channels


def _channels(samples: np.ndarray, wanted: int | None) -> np.ndarray:
    found = samples.shape[1]
    if wanted in (None, found):
        return samples
    if wanted == 1:
        return samples.mean(axis=1, keepdims=True, dtype="float32")
    if found == 1:
        return np.repeat(samples, wanted, axis=1)
    raise SoundError(f"has {found} channels; {wanted} are wanted, and only one channel can be made of many")


def _parts(data: bytes) -> tuple[_Layout, memoryview]:
    """Return how the samples of a file lie, and their bytes. Raises SoundError."""
    if data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        name = _OTHERS.get(data[:4]) or ("MP3" if data[:2] in (b"\xff\xfb", b"\xff\xf3", b"\xff\xf2") else "")
        raise SoundError(f"is no WAV file{f' but {name}' if name else ''}; {_SAVE}")
    whole = memoryview(data)
    layout: _Layout | None = None
    at = 12
    while at + 8 <= len(data):
        key, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        body = whole[at + 8 : at + 8 + size]
        if key == b"fmt ":
            layout = _layout(bytes(body))
        elif key == b"data":
            if layout is None:
                raise SoundError("is damaged: its samples stand before what they are")
            if len(body) < size:
                raise SoundError(f"is cut short: it says that it holds {size} bytes of sound and holds {len(body)}")
            if size % layout.frame:
                raise SoundError(f"is damaged: {size} bytes of sound are no whole samples of {layout.frame} bytes")
            return layout, body
        # Parts begin at even places.
        at += 8 + size + size % 2
    raise SoundError(f"is cut short or damaged: it has no {'sound' if layout else 'format'} in it")


def _layout(body: bytes) -> _Layout:
    if len(body) < 16:
        raise SoundError(f"is damaged: its format takes {len(body)} bytes in place of 16 or more")
    code, channels, rate, _, frame, bits = struct.unpack_from("<HHIIHH", body)
    if code == _EXTENSIBLE and len(body) >= 40:
        # The true code begins the 16 bytes of a sub-format, behind the size, the valid bits and the speakers.
        code = struct.unpack_from("<H", body, 24)[0]
    if code not in (_PCM, _FLOAT):
        raise SoundError(f"is compressed ({_COMPRESSED.get(code, f'format {code}')}), which is not read; {_SAVE}")
    if not 1 <= channels <= MAX_CHANNELS:
        raise SoundError(f"has {channels} channels; 1 to {MAX_CHANNELS} can be read")
    if not RATES[0] <= rate <= RATES[1]:
        raise SoundError(f"has {rate} samples a second; {RATES[0]} to {RATES[1]} can be read")
    width = frame // channels
    if frame % channels or width not in ((4, 8) if code == _FLOAT else (1, 2, 3, 4)) or not 1 <= bits <= 8 * width:
        kind = "real numbers" if code == _FLOAT else "whole numbers"
        raise SoundError(
            f"has {kind} of {bits} bits in {frame} bytes for {channels} channels; whole numbers of 8, 16, 24 or 32 "
            "bits and real ones of 32 or 64 can be read"
        )
    return _Layout(code == _FLOAT, channels, rate, width)


def _check_finite(body: memoryview, layout: _Layout) -> None:
    values = np.frombuffer(body, f"<f{layout.width}")
    if not np.isfinite(values).all() or max(values.max(), -values.min()) > np.finfo("float32").max:
        raise SoundError("holds values that are infinite or no numbers")


def _decode(body: memoryview, layout: _Layout) -> np.ndarray:
    """Return the samples as float32 `(length, channels)`, full scale being -1 to 1."""
    if layout.real:
        values = np.frombuffer(body, f"<f{layout.width}").astype("float32")
    elif layout.width == 1:
        values = (np.frombuffer(body, "uint8").astype("float32") - 128) / 128
    elif layout.width == 3:
        # Three bytes become the upper three of four, which keeps the sign.
        wide = np.zeros((len(body) // 3, 4), "uint8")
        wide[:, 1:] = np.frombuffer(body, "uint8").reshape(-1, 3)
        values = wide.view("<i4")[:, 0].astype("float32") / np.float32(2**31)
    else:
        values = np.frombuffer(body, f"<i{layout.width}").astype("float32") / np.float32(2 ** (8 * layout.width - 1))
    return values.reshape(-1, layout.channels)


def _read_file(path: Path) -> bytes:
    try:
        return read_whole(path, MAX_BYTES)
    except FileError as error:
        raise SoundError(str(error)) from None
