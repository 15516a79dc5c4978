import hashlib
import json

import numpy as np
import pytest
from scipy.io import wavfile

from kerascnn.engine.media import Raw, form_of
from kerascnn.engine.media.audio import AudioForm, Sounds
from kerascnn.engine.progress import Progress
from kerascnn.spec import DataInfo, Sample
from tests.engine.made_sequences import sequence_spec

SOURCE = {"type": "audio_folder", "path": "sounds"}


@pytest.fixture
def write(tmp_path):
    def work(name, samples, rate=1000):
        wavfile.write(tmp_path / name, rate, np.asarray(samples))
        return tmp_path / name

    return work


def read(files, **audio):
    samples = [Sample(file.name, file, "a") for file in files]
    spec = sequence_spec(
        "audio_classification", SOURCE, data={"audio": {"sample_rate": 1000, "seconds": 0.01, **audio}}
    )
    return Sounds.read(samples, spec, Progress())


def test_sounds_are_brought_to_one_length_by_cutting_or_silence(write):
    files = [write("long.wav", np.arange(20, dtype="int16") * 1024), write("short.wav", np.full(4, -16384, "int16"))]
    found = read(files)
    assert found.shape == (10, 1)
    batch = found.take(np.array([1, 0]))
    assert batch.dtype == np.float32
    np.testing.assert_array_equal(batch[0, :, 0], [-0.5] * 4 + [0] * 6)
    np.testing.assert_allclose(batch[1, :, 0], np.arange(10) / 32)


def test_channels_are_averaged(write):
    stereo = np.array([[16384, 0], [-16384, -16384]], "int16")
    found = read([write("stereo.wav", stereo)], seconds=0.002)
    np.testing.assert_array_equal(found.take(np.array([0]))[0, :, 0], [0.25, -0.5])


def test_sounds_of_another_rate_are_resampled(write):
    time = np.arange(4000) / 4000
    wave = (0.5 * np.sin(2 * np.pi * 50 * time)).astype("float32")
    found = read([write("fast.wav", wave, rate=4000)], seconds=1.0)
    assert found.shape == (1000, 1)
    wanted = 0.5 * np.sin(2 * np.pi * 50 * np.arange(1000) / 1000)
    np.testing.assert_allclose(found.take(np.array([0]))[0, 50:-50, 0], wanted[50:-50], atol=2e-3)


def test_the_manifest_says_what_a_file_was(write):
    file = write("a.wav", np.zeros(500, "int16"), rate=2000)
    (facts,) = read([file]).facts
    assert facts == {"sha256": hashlib.sha256(file.read_bytes()).hexdigest(), "rate": 2000, "seconds": 0.25}


def test_a_file_that_cannot_be_read_is_an_error_in_its_place(write, tmp_path):
    (tmp_path / "bad.wav").write_bytes(b"no sound")
    found = read([tmp_path / "bad.wav", write("good.wav", np.ones(5, "int16"))])
    assert "is no WAV file" in found.facts[0]["reason"]
    assert "reason" not in found.facts[1]
    assert found.take(np.array([0, 1])).shape == (2, 10, 1)


def test_files_that_all_cannot_be_read_are_all_named(tmp_path):
    (tmp_path / "bad.wav").write_bytes(b"no sound")
    found = read([tmp_path / "bad.wav"])
    assert "is no WAV file" in found.facts[0]["reason"]


def test_the_model_learns_the_sample_rate(write):
    assert read([write("a.wav", np.ones(5, "int16"))]).describe(DataInfo((10, 1), ("x", "y"))).sample_rate == 1000


def test_a_form_comes_back_from_plain_data_and_reads_as_training_did(write, tmp_path):
    file = write("a.wav", np.arange(30, dtype="int16") * 500, rate=2000)
    found = read([file])
    form = form_of(json.loads(json.dumps({"shape": [10, 1], **found.form.spell()})))
    assert form == found.form == AudioForm(1000, 0.01, 1)
    raw, wrong = form.read([file, tmp_path / "gone.wav"])
    assert isinstance(raw, Raw)
    np.testing.assert_array_equal(raw.array, found.take(np.array([0]))[0])
    assert raw.sha256 == found.facts[0]["sha256"]
    assert isinstance(wrong, Exception)
