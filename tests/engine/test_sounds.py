import hashlib
import io
import os
import struct
import threading
import zipfile

import numpy as np
import pytest
from scipy.io import wavfile
from scipy.signal import resample_poly

from kerascnn.engine import sounds
from kerascnn.engine.sounds import Sound, SoundError, SoundForm, read_sound, read_sounds

AS_IT_IS = SoundForm(None, None, None)


def part(name, body, size=None):
    return name + struct.pack("<I", len(body) if size is None else size) + body + b"\0" * (len(body) % 2)


def fmt(code=1, channels=1, rate=8000, width=2, bits=None, frame=None):
    frame = channels * width if frame is None else frame
    return struct.pack("<HHIIHH", code, channels, rate, rate * frame, frame, bits or 8 * width)


def wav(body=b"\0\0" * 8, *, size=None, before=(), after=(), head=None, **layout):
    """Return a WAV file by hand."""
    parts = [*before, part(b"fmt ", head or fmt(**layout)), part(b"data", body, size), *after]
    inside = b"WAVE" + b"".join(parts)
    return b"RIFF" + struct.pack("<I", len(inside)) + inside


def extensible(code, **layout):
    rest = struct.pack("<HHI", 22, 8 * layout["width"], 0) + struct.pack("<H", code)
    return fmt(code=0xFFFE, **layout) + rest + bytes.fromhex("000000001000800000aa00389b71")


@pytest.fixture
def read(tmp_path):
    def read(data, form=AS_IT_IS):
        (tmp_path / "a.wav").write_bytes(data)
        return read_sound(tmp_path / "a.wav", form)

    return read


def tone(rate, seconds=1.0, frequency=100.0, channels=1):
    t = np.arange(round(rate * seconds)) / rate
    return np.stack([np.sin(2 * np.pi * frequency * (i + 1) * t) for i in range(channels)], axis=1)


def as_wav(values, rate):
    """Return what another library makes of values."""
    stream = io.BytesIO()
    wavfile.write(stream, rate, values)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("body", "layout", "expected"),
    [
        (bytes([0, 64, 128, 255]), {"width": 1}, [-1, -0.5, 0, 127 / 128]),
        (struct.pack("<4h", -32768, -16384, 0, 32767), {"width": 2}, [-1, -0.5, 0, 32767 / 32768]),
        (bytes.fromhex("000080 0000c0 000000 ffff7f"), {"width": 3}, [-1, -0.5, 0, 8388607 / 8388608]),
        (struct.pack("<4i", -(2**31), -(2**30), 0, 2**30), {"width": 4}, [-1, -0.5, 0, 0.5]),
        (struct.pack("<4i", -(2**31), 0, 2**30, 0), {"width": 4, "bits": 24}, [-1, 0, 0.5, 0]),
        (struct.pack("<4f", -1, 0.25, 1.5, 0), {"width": 4, "code": 3}, [-1, 0.25, 1.5, 0]),
        (struct.pack("<4d", -1, 0.25, 1.5, 0), {"width": 8, "code": 3}, [-1, 0.25, 1.5, 0]),
        (struct.pack("<4h", -32768, 0, 16384, 0), {"width": 2, "head": extensible(1, width=2)}, [-1, 0, 0.5, 0]),
        (struct.pack("<4f", -1, 0, 0.5, 0), {"width": 4, "head": extensible(3, width=4)}, [-1, 0, 0.5, 0]),
    ],
    ids=["8", "16", "24", "32", "24 in 32", "float", "double", "extensible", "extensible float"],
)
def test_every_kind_of_number_is_brought_to_full_scale(read, body, layout, expected):
    sound = read(wav(body, **layout))
    assert sound.samples.dtype == np.float32
    assert np.array_equal(sound.samples[:, 0], np.array(expected, "float32"))
    assert (sound.rate, sound.seconds, sound.channels) == (8000, 4 / 8000, 1)


@pytest.mark.parametrize("dtype", ["uint8", "int16", "int32", "float32", "float64"])
@pytest.mark.parametrize("channels", [1, 2, 5])
def test_what_another_library_wrote_is_read_as_it_reads_it(read, dtype, channels):
    values = np.random.default_rng(0).integers(0, 256, (50, channels)).astype(dtype)
    data = as_wav(values, 44_100)
    _, expected = wavfile.read(io.BytesIO(data))
    scale = {"uint8": 128, "int16": 2**15, "int32": 2**31}.get(dtype, 1)
    expected = (expected.reshape(50, channels).astype("float64") - (128 if dtype == "uint8" else 0)) / scale
    sound = read(data)
    assert np.array_equal(sound.samples, expected.astype("float32"))
    assert sound.channels == channels
    assert sound.sha256 == hashlib.sha256(data).hexdigest()


def test_channels_are_averaged_repeated_or_kept(read):
    data = wav(struct.pack("<4h", 16384, 0, -16384, -16384), channels=2)
    assert read(data, SoundForm(None, None, 1)).samples.tolist() == [[0.25], [-0.5]]
    assert read(data, SoundForm(None, None, 2)).samples.tolist() == [[0.5, 0], [-0.5, -0.5]]
    one = wav(struct.pack("<2h", 16384, 0))
    assert read(one, SoundForm(None, None, 2)).samples.tolist() == [[0.5, 0.5], [0, 0]]
    with pytest.raises(SoundError, match="has 2 channels; 3 are wanted"):
        read(data, SoundForm(None, None, 3))


def test_a_sound_is_cut_or_followed_by_silence(read):
    data = wav(struct.pack("<4h", 16384, 16384, -16384, 8192), rate=1000)
    assert read(data, SoundForm(None, 0.002)).samples[:, 0].tolist() == [0.5, 0.5]
    padded = read(data, SoundForm(None, 0.006))
    assert padded.samples[:, 0].tolist() == [0.5, 0.5, -0.5, 0.25, 0, 0]
    assert padded.seconds == 0.004


@pytest.mark.parametrize(("rate", "wanted"), [(8000, 16_000), (44_100, 16_000), (48_000, 8000), (11_025, 8000)])
def test_a_tone_is_the_same_tone_at_another_rate(read, rate, wanted):
    data = as_wav(tone(rate, channels=2).astype("float32"), rate)
    sound = read(data, SoundForm(wanted, 1.0, None))
    assert sound.samples.shape == (wanted, 2)
    inside = slice(wanted // 10, -wanted // 10)
    assert np.abs(sound.samples - tone(wanted, channels=2))[inside].max() < 0.002
    assert sound.rate == rate


@pytest.mark.parametrize(("rate", "wanted"), [(44_100, 16_000), (8000, 44_100), (16_000, 16_001)])
def test_a_cut_sound_is_the_beginning_of_the_whole_one(read, rate, wanted):
    noise = np.random.default_rng(1).standard_normal(rate // 2).astype("float32")
    whole = resample_poly(noise, *np.array([wanted, rate]) // np.gcd(wanted, rate))
    cut = read(as_wav(noise, rate), SoundForm(wanted, 0.125)).samples[:, 0]
    assert np.allclose(cut, whole[: len(cut)], atol=1e-6)


def test_other_parts_of_a_file_are_passed_over(read):
    odd = part(b"LIST", b"odd")
    data = wav(b"\0\x40", before=[part(b"JUNK", bytes(28)), odd], after=[part(b"id3 ", b"tag"), b"\1\2\3"])
    assert read(data).samples.tolist() == [[0.5]]


BAD = {
    "empty": (b"", r"is empty \(0 bytes\)"),
    "one byte": (b"R", "is no WAV file"),
    "text": (b"this is no sound at all\n", "is no WAV file; save it as WAV"),
    "mp3": (b"ID3\x04" + bytes(100), "is no WAV file but MP3"),
    "flac": (b"fLaC" + bytes(100), "is no WAV file but FLAC"),
    "big endian": (b"RIFX" + wav()[4:], "is no WAV file but RIFX"),
    "avi": (b"RIFF\0\0\0\0AVI LIST", "is no WAV file"),
    "header alone": (wav()[:12], "is cut short or damaged: it has no format"),
    "cut in its format": (wav()[:30], "its format takes 10 bytes"),
    "cut before its sound": (wav()[:36], "is cut short or damaged: it has no sound"),
    "cut in its sound": (wav()[:-3], "is cut short: it says that it holds 16 bytes of sound and holds 13"),
    "huge by its word": (wav(size=0xFFFFFFFF), "says that it holds 4294967295 bytes of sound and holds 16"),
    "huge other part": (wav(before=[part(b"LIST", b"", 0xFFFFFFF0)]), "it has no format"),
    "no samples": (wav(b""), "holds no sound"),
    "half a sample": (wav(bytes(9)), "9 bytes of sound are no whole samples of 2 bytes"),
    "sound first": (wav(before=[part(b"data", bytes(8))]), "its samples stand before what they are"),
    "no channels": (wav(channels=0), "has 0 channels; 1 to 64"),
    "many channels": (wav(channels=65_000, frame=1), "has 65000 channels"),
    "no rate": (wav(rate=0), "has 0 samples a second"),
    "huge rate": (wav(rate=2**32 - 1, frame=2, head=fmt()[:4] + b"\xff" * 4 + fmt()[8:]), "has 4294967295 samples"),
    "mu-law": (wav(code=7, width=1), r"is compressed \(mu-law\), which is not read"),
    "unknown code": (wav(code=1234), r"is compressed \(format 1234\)"),
    "no bits": (wav(head=fmt()[:14] + b"\0\0"), "has whole numbers of 0 bits"),
    "no frame": (wav(frame=0), "in 0 bytes for 1 channels"),
    "odd frame": (wav(channels=2, frame=3), "in 3 bytes for 2 channels"),
    "more bits than bytes": (wav(bits=24), "has whole numbers of 24 bits in 2 bytes"),
    "half floats": (wav(code=3, width=2), "has real numbers of 16 bits"),
    "no number": (wav(struct.pack("<f", np.nan), code=3, width=4), "infinite or no numbers"),
    "infinite": (wav(struct.pack("<f", np.inf), code=3, width=4), "infinite or no numbers"),
    "too large": (wav(struct.pack("<d", -1e300), code=3, width=8), "infinite or no numbers"),
}


@pytest.mark.parametrize(("data", "why"), BAD.values(), ids=BAD)
def test_a_bad_file_is_an_error_with_its_reason(read, data, why):
    with pytest.raises(SoundError, match=why):
        read(data, SoundForm(16_000, 1.0))


def test_a_zip_named_wav_is_named_as_one(read, tmp_path):
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("a.wav", wav())
    with pytest.raises(SoundError, match="is no WAV file but a zip archive"):
        read((tmp_path / "x.zip").read_bytes())


def test_limits_hold(read, monkeypatch):
    monkeypatch.setattr(sounds, "MAX_SECONDS", 2)
    with pytest.raises(SoundError, match="is 3 seconds long; the limit is 2"):
        read(wav(bytes(600), rate=100))
    monkeypatch.setattr(sounds, "MAX_BYTES", 100)
    with pytest.raises(SoundError, match="is larger than 100 bytes"):
        read(wav(bytes(600)))


def test_what_is_no_file_is_an_error(tmp_path):
    for path, why in [(tmp_path, "is not a regular file"), (tmp_path / "gone.wav", "is not there")]:
        with pytest.raises(SoundError, match=why):
            read_sound(path, AS_IT_IS)
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.wav")
        with pytest.raises(SoundError, match="is not a regular file"):
            read_sound(tmp_path / "pipe.wav", AS_IT_IS)


def test_many_are_read_in_order_with_errors_in_their_places(tmp_path):
    paths = []
    for i in range(40):
        paths.append(tmp_path / f"{i}.wav")
        paths[-1].write_bytes(b"" if i % 7 == 3 else wav(struct.pack("<h", i)))
    lock, count = threading.Lock(), []

    def seen():
        with lock:
            count.append(1)

    found = read_sounds(paths, SoundForm(8000, 0.001), seen)
    assert len(count) == 40
    for i, item in enumerate(found):
        if i % 7 == 3:
            assert isinstance(item, SoundError)
        else:
            assert isinstance(item, Sound)
            assert item.samples.shape == (8, 1)
            assert item.samples[0, 0] == i / 32768


def test_bent_bytes_give_a_sound_or_a_sound_error(read):
    rng = np.random.default_rng(0)
    whole = wav(bytes(range(200)), channels=2, before=[part(b"LIST", b"abcd")], after=[part(b"id3 ", b"x")])
    reasons = []
    for _ in range(1500):
        bent = np.frombuffer(whole, "uint8").copy()
        bent[rng.integers(0, 60, 2)] = rng.integers(0, 256, 2)
        length = rng.integers(1, len(whole) + 1) if rng.random() < 0.2 else len(whole)
        try:
            sound = read(bent.tobytes()[:length], SoundForm(8000, 0.01))
        except SoundError as error:
            reasons.append(str(error))
        else:
            assert np.isfinite(sound.samples).all()
    assert all(reasons)
    assert 100 < len(reasons) < 1500
