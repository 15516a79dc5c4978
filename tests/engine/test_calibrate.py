"""A small run of noisy pictures from evaluation to calibration, threshold, sets, and back."""

import csv
import json
import shutil

import keras
import numpy as np
import pytest

from kerascnn.api import Run
from kerascnn.engine.calibrate import calibrate, uncalibrate
from kerascnn.engine.evaluate import evaluate
from kerascnn.engine.judge import kind_of
from kerascnn.engine.predict import Predictor
from kerascnn.engine.report import write_report
from kerascnn.engine.temperature import temperature_of, with_temperature, without_temperature
from kerascnn.engine.train import train
from kerascnn.errors import DataError, UsageError
from kerascnn.evaluation.calibration import tempered
from kerascnn.runs.answers import KeptAnswers, read_answers, write_answers
from kerascnn.runs.folder import RunFolder
from kerascnn.runs.readiness import readiness
from kerascnn.testing.plain_keras import check_plain_keras
from tests.engine.made import LAYERS, make_folder, make_spec
from tests.engine.made_sequences import sequence_spec
from tests.helpers import make

LABELS = ["dark", "grey", "light"]


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """Return a manifest of noisy pictures with the hour and the site of each."""
    root = make_folder(tmp_path_factory.mktemp("pictures"), dict.fromkeys(LABELS, 100), noise=400)
    rows = [
        (f"{label}/{i:03d}.png", label, i % 24, "north" if i % 3 else "south") for label in LABELS for i in range(100)
    ]
    with (root / "list.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("path", "label", "hour", "site"), *rows])
    return root


@pytest.fixture(scope="module")
def trained(pictures):
    source = {"type": "manifest", "path": str(pictures / "list.csv"), "metadata_columns": ["hour", "site"]}
    # One epoch at a high rate: some answers are right, most are too sure.
    spec = make_spec(source, stages=[{"epochs": 2, "learning_rate": 0.05}])
    run = train(spec, pictures / "runs")
    evaluate(run, "validation")
    evaluate(run, "test")
    return run


@pytest.fixture(scope="module")
def several(pictures):
    """Return a run in which a picture may show any number of classes."""
    marks = [
        (f"{label}/{i:03d}.png", ";".join(name for name, there in {label: True, "odd": i % 2}.items() if there))
        for label in LABELS
        for i in range(100)
    ]
    with (pictures / "several.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("path", "labels"), *marks])
    source = {"type": "manifest", "path": str(pictures / "several.csv"), "labels_column": "labels"}
    stages = [{"epochs": 1, "learning_rate": 0.05}]
    spec = sequence_spec("image_multilabel", source, layers=LAYERS, head="multilabel_classifier", stages=stages)
    return train(spec, pictures / "runs")


@pytest.fixture
def run(trained, tmp_path):
    return RunFolder(shutil.copytree(trained.path, tmp_path / trained.id))


@pytest.fixture(scope="module")
def calibrated(trained, tmp_path_factory):
    run = RunFolder(shutil.copytree(trained.path, tmp_path_factory.mktemp("calibrated") / trained.id))
    return run, calibrate(run, unsure="auto", conformal=0.8)


def answers_of(run, pictures):
    files = sorted(pictures.glob("*/0[0-4]?.png"))
    return Predictor(run).predict_files(files)[0]


def test_an_evaluation_has_intervals_slices_calibration_and_the_coverage_curve(trained):
    report = trained.read("evaluation/test.json")
    assert set(report["intervals"]) == set(report["metrics"]) - {"accuracy_low", "accuracy_high"}
    assert set(report["floor"]) == set(report["intervals"]) - {"loss"}
    assert report["intervals"]["loss"] == pytest.approx(report["intervals"]["log_loss"], rel=1e-4)
    assert {row["column"] for row in report["slices"]} == {"hour", "site"}
    assert report["slices"][0]["accuracy"] == min(row["accuracy"] for row in report["slices"])
    sites = [row for row in report["slices"] if row["column"] == "site"]
    assert sum(row["samples"] for row in sites) == report["samples"]
    whole = sum(row["samples"] * row["accuracy"] for row in sites) / report["samples"]
    assert whole == pytest.approx(report["metrics"]["accuracy"])
    assert sum(row["samples"] for row in report["calibration"]["bins"]) == report["samples"]
    assert report["coverage"]["curve"][-1]["error"] == pytest.approx(1 - report["metrics"]["accuracy"])
    assert report["temperature"] == 1.0


def test_the_temperature_lowers_the_loss_and_changes_no_answer(trained, calibrated, pictures):
    run, found = calibrated
    assert found["temperature"] != 1.0
    assert found["after"]["nll"] < found["before"]["nll"]
    before, after = answers_of(trained, pictures), answers_of(run, pictures)
    assert [one.label for one in after] == [one.label for one in before]
    old, new = (np.array([list(one.probabilities.values()) for one in rows]) for rows in (before, after))
    np.testing.assert_allclose(new, tempered(old, found["temperature"], "softmax"), rtol=1e-3, atol=1e-6)


def test_reports_that_were_there_are_those_of_the_calibrated_model(calibrated):
    run, found = calibrated
    for split in ("validation", "test"):
        kept, again = run.read(f"evaluation/{split}.json"), evaluate(run, split)
        assert kept["temperature"] == pytest.approx(found["temperature"])
        assert kept["metrics"] == pytest.approx(again["metrics"], abs=1e-4)
        assert kept["sets"] == pytest.approx(again["sets"])
        assert kept["unsure"]["threshold"] == found["unsure"]["threshold"]
    assert run.read("evaluation/validation.json")["sets"]["coverage"] >= 0.8
    assert "NaN" not in json.dumps(run.read("calibration.json"), allow_nan=False)


def test_predictions_say_whether_they_are_sure_and_which_classes_it_may_be(calibrated, pictures):
    run, found = calibrated
    rows = answers_of(run, pictures)
    for row in rows:
        assert row.unsure == (row.confidence < found["unsure"]["threshold"])
        assert row.set[0] == row.label
        assert set(row.set) == {row.label} | {
            label for label, p in row.probabilities.items() if p >= found["conformal"]["lowest"] - 1e-6
        }
        assert (row.as_dict()["unsure"], row.as_dict()["set"]) == (row.unsure, row.set)
    assert {row.unsure for row in rows} == {True, False}


def test_the_calibrated_model_is_made_of_layers_of_keras_alone(calibrated):
    model = Predictor(calibrated[0]).model
    assert {type(layer).__module__.split(".")[0] for layer in model.layers} == {"keras"}
    assert "kerascnn" not in model.to_json()


@pytest.mark.slow
def test_the_calibrated_model_opens_with_plain_keras(calibrated):
    check_plain_keras({"calibrated": Predictor(calibrated[0]).model})


def test_what_it_looks_at_is_what_it_looked_at_before(trained, calibrated, pictures):
    files = sorted(pictures.glob("*/00[0-3].png"))
    before, after = (Run(run.path).explain(files, "saliency", label="grey") for run in (trained, calibrated[0]))
    assert all((a.map == b.map).all() for a, b in zip(before, after, strict=True))
    assert max(one.map.max() for one in before) > 0


def test_a_second_time_replaces_the_first_and_off_gives_the_bits_back(trained, calibrated, tmp_path, pictures):
    run = RunFolder(shutil.copytree(calibrated[0].path, tmp_path / trained.id))
    again = calibrate(run)
    assert again["temperature"] == pytest.approx(calibrated[1]["temperature"], rel=1e-4)
    layers = [layer.name for layer in Predictor(run).model.layers]
    assert layers.count("temperature") == 1
    assert answers_of(run, pictures)[0].as_dict().keys().isdisjoint({"unsure", "set"})
    uncalibrate(run)
    assert not (run.path / "calibration.json").exists()
    assert run.read("evaluation/test.json")["temperature"] == 1.0
    assert answers_of(run, pictures) == answers_of(trained, pictures)
    assert [layer.name for layer in Predictor(run).model.layers] == [
        layer.name for layer in Predictor(trained).model.layers
    ]


def test_a_model_that_was_trained_on_is_not_taken_for_the_calibrated_one(calibrated, trained, tmp_path, pictures):
    run = RunFolder(shutil.copytree(calibrated[0].path, tmp_path / trained.id))
    shutil.copy(trained.path / "model.keras", run.path / "model.keras")
    with pytest.raises(UsageError, match="was trained on after it was calibrated"):
        answers_of(run, pictures)


@pytest.mark.parametrize(
    ("wishes", "said"),
    [
        ({"unsure": 1.5}, r"lies between 0 and 1 \(got 1\.5\)"),
        ({"unsure": "often"}, r"is auto or a number between 0 and 1 \(got 'often'\)"),
        ({"most_error": 0.0}, r"the highest error lies between 0 and 1 \(got 0\)"),
        ({"conformal": 90}, r"such as 0\.9 \(got 90\)"),
    ],
)
def test_wishes_that_mean_nothing_are_refused(run, wishes, said):
    with pytest.raises(UsageError, match=said):
        calibrate(run, **wishes)
    assert not (run.path / "calibration.json").exists()


def test_sets_that_take_more_samples_than_there_are_are_refused_before_anything_is_written(run):
    with pytest.raises(DataError, match="take 999 validation samples"):
        calibrate(run, conformal=0.999)
    assert temperature_of(Predictor(run).model) == 1.0


def test_too_few_validation_samples_are_refused(run):
    kept = read_answers(run, "validation")
    write_answers(run, "validation", KeptAnswers(kept.ids[:49], kept.truth[:49], kept.answers[:49]))
    with pytest.raises(DataError, match="has 49 samples; to calibrate takes 50"):
        calibrate(run)


def test_a_validation_split_without_mistakes_is_refused(run):
    kept = read_answers(run, "validation")
    write_answers(run, "validation", KeptAnswers(kept.ids, kept.answers.argmax(1), kept.answers))
    with pytest.raises(DataError, match="are answered rightly: no temperature can be fitted"):
        calibrate(run)


def test_a_model_of_single_classes_takes_a_temperature_too():
    import keras

    x = keras.Input((4,))
    base = keras.Model(x, keras.layers.Dense(3, activation="sigmoid", dtype="float32")(x))
    given = np.random.default_rng(0).standard_normal((6, 4)).astype("float32")
    p = np.asarray(base.predict_on_batch(given))
    hot = with_temperature(with_temperature(base, 4.0, "sigmoid"), 2.5, "sigmoid")
    np.testing.assert_allclose(np.asarray(hot.predict_on_batch(given)), tempered(p, 2.5, "sigmoid"), rtol=1e-4)
    np.testing.assert_array_equal(np.asarray(without_temperature(hot).predict_on_batch(given)), p)
    assert (temperature_of(hot), temperature_of(base)) == (2.5, 1.0)


def test_a_run_of_several_classes_is_calibrated_class_by_class(several, pictures, tmp_path):
    files = sorted(pictures.glob("grey/00?.png"))
    before = Predictor(several).predict_files(files)[0]
    run = RunFolder(shutil.copytree(several.path, tmp_path / several.id))
    with pytest.raises(UsageError, match="sets of classes are for one class of several"):
        calibrate(run, conformal=0.9)
    found = calibrate(run, unsure=0.6)
    assert found["kind"] == "sigmoid"
    assert found["after"]["nll"] < found["before"]["nll"]
    assert found["temperature"] == pytest.approx(temperature_of(Predictor(run).model))
    after = Predictor(run).predict_files(files)[0]
    old, new = (np.array([list(one.probabilities.values()) for one in rows]) for rows in (before, after))
    np.testing.assert_allclose(new, tempered(old, found["temperature"], "sigmoid"), rtol=1e-3, atol=1e-6)
    assert all(one.unsure == (one.confidence < 0.6) for one in after)
    report = evaluate(run, "test")
    assert report["temperature"] == pytest.approx(found["temperature"])
    assert report["unsure"]["threshold"] == 0.6
    assert "sets" not in report


def test_what_was_interrupted_before_it_was_written_down_is_done_again(calibrated, trained, tmp_path, pictures):
    run = RunFolder(shutil.copytree(calibrated[0].path, tmp_path / trained.id))
    (run.path / "calibration.json").unlink()
    assert answers_of(run, pictures)[0].unsure is None
    again = calibrate(run, unsure="auto")
    assert again["temperature"] == pytest.approx(calibrated[1]["temperature"], rel=1e-4)
    assert again["before"] == pytest.approx(calibrated[1]["before"], abs=1e-5)


def test_a_validation_split_that_was_not_evaluated_is_evaluated_first(run, calibrated):
    shutil.rmtree(run.path / "evaluation")
    assert calibrate(run)["temperature"] == pytest.approx(calibrated[1]["temperature"], rel=1e-4)
    assert {file.name for file in (run.path / "evaluation").iterdir()} == {"validation.json", "validation.npz"}


def test_probabilities_of_whole_samples_alone_can_be_calibrated():
    kinds = {name: kind_of(make("task", name)) for name in ("text_classification", "image_multilabel")}
    assert kinds == {"text_classification": "softmax", "image_multilabel": "sigmoid"}
    others = ("image_regression", "series_forecast", "image_segmentation", "object_detection")
    assert {kind_of(make("task", name)) for name in others} == {None}


def test_an_evaluation_answers_each_sample_once_and_everything_else_reads_what_it_kept(run, monkeypatch):
    answered = []
    whole = keras.Model.predict_on_batch

    def counted(model, x):
        answered.append(len(x))
        return whole(model, x)

    monkeypatch.setattr(keras.Model, "predict_on_batch", counted)
    monkeypatch.setattr(keras.Model, "predict", None)  # it makes a pipeline anew at each call
    samples = evaluate(run, "test")["samples"]
    assert sum(answered) == samples
    write_report(run)
    Run(run).failures("test")
    readiness(run)
    assert sum(answered) == samples


def test_predictions_of_single_pictures_go_on_with_one_compiled_function(run, pictures):
    predictor, files = Predictor(run), sorted(pictures.glob("dark/00?.png"))
    predictor.predict_files(files[:1])
    compiled = predictor.model.predict_function
    for file in files:
        predictor.predict_files([file])
    assert predictor.model.predict_function is compiled
    assert compiled.experimental_get_tracing_count() == 1
