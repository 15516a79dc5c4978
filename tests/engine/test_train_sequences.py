"""Texts, series and sounds from their files to the saved model and back."""

import os
import subprocess
import sys

import numpy as np
import pytest

from kerascnn import Run
from kerascnn.engine.predict import Predictor
from kerascnn.engine.train import train
from kerascnn.errors import DataError, SpecError
from tests.engine.made_sequences import RATE, sequence_spec, series_of, write_sounds, write_texts, write_ts

_OPEN = """
import sys
sys.modules["kerascnn"] = None
import keras, numpy as np
for i, path in enumerate(sys.argv[2:]):
    model = keras.saving.load_model(path, safe_mode=True)
    np.save(f"{sys.argv[1]}/out{i}.npy", np.asarray(model.predict_on_batch(np.load(f"{sys.argv[1]}/in{i}.npy"))))
"""


def without_kerascnn(runs, batches, folder):
    """Return what the models of runs answer where Keras alone opens them: in one process, for it loads for seconds."""
    for i, batch in enumerate(batches):
        np.save(folder / f"in{i}.npy", batch)
    command = [sys.executable, "-c", _OPEN, str(folder), *(str(run.path / "model.keras") for run in runs)]
    done = subprocess.run(command, env=os.environ, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return [np.load(folder / f"out{i}.npy") for i in range(len(runs))]


def rows(predictions):
    return np.array([list(one.probabilities.values()) for one in predictions])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("sequences")


@pytest.fixture(scope="module")
def series_run(folder):
    augment = [{"type": "time_warp"}, {"type": "window_slice"}, {"type": "series_jitter"}]
    source = {"type": "ts_file", "path": str(write_ts(folder / "made.ts"))}
    spec = sequence_spec(
        "series_classification", source, augment=augment, stages=[{"epochs": 8, "learning_rate": 0.01}]
    )
    return train(spec, folder / "runs")


@pytest.fixture(scope="module")
def audio_run(folder):
    spec = sequence_spec(
        "audio_classification",
        {"type": "audio_folder", "path": str(write_sounds(folder / "sounds"))},
        layers={"type": "simple_cnn", "filters": [4, 8]},
        augment=[{"type": "time_shift"}, {"type": "audio_noise"}, {"type": "spec_augment", "window": 64}],
        data={"audio": {"sample_rate": RATE, "seconds": 0.5}},
        preprocess={"spectrogram": {"mel_bins": 16, "window": 0.032, "hop": 0.016}},
        stages=[{"epochs": 5, "learning_rate": 0.01}],
    )
    return train(spec, folder / "runs")


@pytest.fixture(scope="module")
def text_run(folder):
    spec = sequence_spec(
        "text_classification",
        {"type": "text_lines", "path": str(write_texts(folder / "made.txt"))},
        layers=[{"type": "conv1d", "filters": 8, "activation": "relu"}, {"type": "global_max_pooling1d"}],
        augment=[{"type": "word_swap"}, {"type": "word_dropout", "probability": 0.05}],
        preprocess={"embedding": 8},
        stages=[{"epochs": 10, "learning_rate": 0.02}],
    )
    return train(spec, folder / "runs")


def said_of_series(series_run):
    """Return series of unequal lengths in a batch, as the model takes them, and what the predictor says of them."""
    arrays = series_of(6, seed=1)
    predictor = Predictor(series_run)
    assert len({len(array) for array in arrays}) > 1
    predictions, bad = predictor.predict(arrays, [str(i) for i in range(6)])
    assert not bad
    batch = np.full((6, *predictor.shape), np.nan, "float32")
    for row, array in zip(batch, arrays, strict=True):
        row[: len(array)] = array
    return batch, rows(predictions)


def test_a_series_is_answered_alike_alone_and_among_longer_ones(series_run):
    arrays = series_of(6, seed=1)
    predictor = Predictor(series_run)
    together, _ = predictor.predict(arrays, list("012345"))
    for one, array in zip(together, arrays, strict=True):
        ((alone,), _) = predictor.predict([array], ["x"])
        assert alone.probabilities == pytest.approx(one.probabilities, abs=1e-5)


def test_series_that_swing_at_two_speeds_are_told_apart(series_run):
    report = Run(series_run).evaluate("test")
    assert report["metrics"]["accuracy"] > 0.7
    assert report["labels"] == ["slow", "fast"]


def said_of_sounds(audio_run, folder):
    files = sorted((folder / "sounds").rglob("*.wav"))[:6]
    predictor = Predictor(audio_run)
    predictions, bad = predictor.predict(files, [file.name for file in files])
    assert not bad
    batch = np.stack([raw.array for raw in predictor.form.read(files)])
    assert batch.shape == (6, 500, 1)
    return batch, rows(predictions)


def test_series_and_sounds_predict_with_plain_keras_what_the_predictor_says(series_run, audio_run, folder, tmp_path):
    batches, said = zip(said_of_series(series_run), said_of_sounds(audio_run, folder), strict=True)
    for found, wanted in zip(without_kerascnn([series_run, audio_run], batches, tmp_path), said, strict=True):
        np.testing.assert_allclose(found, wanted, atol=1e-5)


def test_two_pitches_are_told_apart(audio_run):
    assert Run(audio_run).evaluate("test")["metrics"]["accuracy"] > 0.7


def test_texts_with_a_word_for_each_class_are_told_apart(text_run):
    assert Run(text_run).evaluate("test")["metrics"]["accuracy"] > 0.7
    (found,), _ = Predictor(text_run).predict(["a good WORD5 never seen"], ["x"])
    assert found.label == "1"


def test_the_vocabulary_travels_with_the_run(text_run):
    facts = text_run.read("input.json")
    assert facts["vocabulary"][:2] == ["", "[UNK]"]
    assert {"good", "bad"} < set(facts["vocabulary"])
    assert (facts["medium"], facts["lower"], facts["shape"]) == ("text", True, [facts["length"]])


def test_files_are_predicted_as_what_is_in_them(series_run, text_run, tmp_path):
    (array,) = series_of(1, seed=3)
    np.savetxt(tmp_path / "one.csv", array, delimiter=",", fmt="%.9g")
    (tmp_path / "one.txt").write_text("a good word3", "utf-8")
    for run, name, payload in ((series_run, "one.csv", array), (text_run, "one.txt", "a good word3")):
        predictor = Predictor(run)
        (wanted,), _ = predictor.predict([payload], [name])
        (found,), bad, count = predictor.predict_files([tmp_path / name])
        assert (found.probabilities, bad, count) == (pytest.approx(wanted.probabilities, abs=1e-5), [], 1)


@pytest.mark.slow
def test_series_with_numbers_to_be_predicted_are_trained_and_reported(folder):
    source = {"type": "ts_file", "path": str(write_ts(folder / "values.ts", values=True)), "target_kind": "value"}
    spec = sequence_spec("series_regression", source, head="regressor", monitor="val_mae")
    run = Run(train(spec, folder / "runs"))
    report = run.evaluate("test")
    assert set(report["metrics"]) == {"mae", "rmse", "r2", "loss"}
    predictor = Predictor(run.folder)
    (found,), _ = predictor.predict([series_of(1)[0]], ["x"])
    assert set(found.values) == {"value"}
    assert found.confidence is None


def test_a_file_that_changed_is_noticed_when_a_run_is_evaluated(folder):
    file = write_ts(folder / "changing.ts")
    run = Run(train(sequence_spec("series_classification", {"type": "ts_file", "path": str(file)}), folder / "runs"))
    write_ts(file, seed=1)
    with pytest.raises(DataError, match="has other content than when the run was trained"):
        run.evaluate("test")


@pytest.mark.parametrize(("task", "reader"), [("series_classification", "word_swap"), ("text_classification", "mixup")])
def test_augmentations_of_other_media_are_refused(task, reader):
    source = {"type": {"s": "ts_file", "t": "text_lines"}[task[0]], "path": "x"}
    with pytest.raises(SpecError, match=f"'{reader}' is for"):
        sequence_spec(task, source, augment=[{"type": reader}])
