"""Test-time augmentation: the versions of a picture, the mean of the answers to them, and what is kept of it."""

import json

import numpy as np
import pytest

from kerascnn.cli.main import run as command
from kerascnn.engine.calibrate import calibrate, uncalibrate
from kerascnn.engine.predict import Predictor
from kerascnn.engine.train import train
from kerascnn.engine.tta import chosen, mean, scaled, versions
from kerascnn.errors import UsageError
from kerascnn.run import Run
from tests.engine.made import make_folder, make_spec
from tests.helpers import make, pictures

CLASSES = make("task", "image_classification")
MASKS = make("task", "image_segmentation")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("flp", "no test-time augmentation is named 'flp'; did you mean flip?"),
        ("", "no test-time augmentation is named ''; there are flip, shift, scale"),
        ("flip,flip", "flip is named twice"),
    ],
)
def test_names_that_are_none_are_refused(text, said):
    with pytest.raises(UsageError, match=said.replace("?", r"\?")):
        chosen(text)


def test_the_picture_as_it_is_comes_first_and_each_version_once():
    said = [version.said for version in versions(CLASSES, "scale,flip,shift", (64, 48))]
    assert said[:3] == ["as it is", "mirrored left-right", "shifted up by 2"]
    assert said[-2:] == ["scaled by 1.1", "scaled by 0.9"]
    assert len(said) == 8


def test_versions_are_what_they_say():
    picture = np.array([[[1], [2], [3]], [[4], [5], [6]]], "uint8")[None]
    found = {
        version.said: version.change(picture)[0, :, :, 0].tolist()
        for version in versions(CLASSES, "flip,shift", (2, 3))
    }
    assert found["mirrored left-right"] == [[3, 2, 1], [6, 5, 4]]
    assert found["shifted right by 1"] == [[1, 1, 2], [4, 4, 5]]
    assert found["shifted up by 1"] == [[4, 5, 6], [4, 5, 6]]


def test_scaling_is_bilinear_around_the_centre():
    row = np.array([0, 40, 80, 120, 160], "uint8").reshape(1, 1, 5, 1)
    # Twice as large: the places -1, -1/2, 0, 1/2, 1 around the middle; half as large: -4, -2, 0, 2, 4, cut off at 2.
    assert scaled(row, 2.0).ravel().tolist() == [40, 60, 80, 100, 120]
    assert scaled(row, 0.5).ravel().tolist() == [0, 0, 80, 160, 160]
    np.testing.assert_array_equal(scaled(pictures(2, 7, 6, 3), 1.0), pictures(2, 7, 6, 3))


def test_an_answer_is_the_mean_with_the_same_weight_for_each_version():
    batch = np.array([[[10], [20]], [[30], [50]]], "uint8")[None]

    def first(part):
        return part[:, 0, 0].astype("float32")

    # As it is 10, mirrored 20, up 30, down 10, left 20, right 10.
    assert mean(first, batch, versions(CLASSES, "flip,shift", (2, 2))).item() == pytest.approx(100 / 6)


def test_without_versions_answers_are_the_very_same():
    answers = np.zeros((1, 2), "float32")
    assert mean(lambda part: answers, pictures(1, 4, 4, 1), versions(CLASSES, (), (4, 4))) is answers


def test_masks_of_mirrored_pictures_are_mirrored_back():
    batch = pictures(2, 4, 6, 2)
    found = mean(lambda part: part.astype("float32"), batch, versions(MASKS, ("flip",), (4, 6)))
    np.testing.assert_array_equal(found, batch.astype("float32"))


@pytest.mark.parametrize(
    ("task", "names", "said"),
    [
        (
            "image_segmentation",
            "flip,scale",
            "image_segmentation has no test-time augmentation scale: .* give flip alone",
        ),
        ("object_detection", "flip", "object_detection has no test-time augmentation: it is for pictures"),
        ("text_classification", "flip", "text_classification has no"),
        ("series_forecast", "shift", "series_forecast has no"),
    ],
)
def test_other_tasks_refuse_in_a_sentence(task, names, said):
    with pytest.raises(UsageError, match=said):
        versions(make("task", task), names, (8, 8))


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    root = tmp_path_factory.mktemp("tta")
    make_folder(root / "pictures", {"cat": 104, "dog": 104}, size=(8, 10), noise=900)
    return train(make_spec(root / "pictures"), root / "runs")


def test_the_evaluation_is_kept_beside_the_plain_one(trained):
    plain = Run(trained).evaluate()
    before = {file.name: file.read_bytes() for file in (trained.path / "evaluation").iterdir()}
    page = (trained.path / "report.html").read_bytes()
    found = Run(trained).evaluate(tta=("flip", "shift", "scale"))
    assert found["tta"]["names"] == ["flip", "shift", "scale"]
    assert found["tta"]["passes"] == len(found["tta"]["versions"]) == 8
    assert found["notes"][0].startswith("each picture is answered 8 times: as it is, mirrored left-right, shifted")
    assert found["metrics"]["loss"] != plain["metrics"]["loss"]
    kept = json.loads((trained.path / "evaluation" / "test.tta.json").read_text("utf-8"))
    assert kept["metrics"] == found["metrics"]
    after = {file.name: file.read_bytes() for file in (trained.path / "evaluation").iterdir()}
    assert after.keys() - before.keys() == {"test.tta.json"}
    assert all(after[name] == content for name, content in before.items())
    assert (trained.path / "report.html").read_bytes() == page


def test_a_file_is_answered_as_the_sample_of_the_split_is_to_the_bit(trained, monkeypatch):
    from kerascnn.engine import evaluate

    kept = {}
    judge = evaluate.judge

    def judged(predictor, split, ids, truth, answers, temperature):
        kept.update(zip(ids, answers.tolist(), strict=True))
        return judge(predictor, split, ids, truth, answers, temperature)

    monkeypatch.setattr(evaluate, "judge", judged)
    run = Run(trained)
    run.evaluate(tta="flip,shift,scale")
    folder = trained.path.parent.parent / "pictures"
    found = run.predict([folder / name for name in kept], tta="flip,shift,scale")
    assert [list(one.probabilities.values()) for one in found] == list(kept.values())
    single = [list(one.probabilities.values()) for one in run.predict([folder / name for name in kept])]
    np.testing.assert_allclose(sum(single[0]), 1, rtol=1e-6)
    assert single != list(kept.values())


def test_what_a_calibration_found_is_left_out_and_said(trained):
    calibrate(trained, conformal=0.5)
    try:
        folder = trained.path.parent.parent / "pictures" / "cat"
        run = Run(trained)
        assert run.predict(folder)[0].set is not None
        assert run.predict(folder, tta="flip")[0].set is None
        assert "sets" not in run.evaluate("validation", tta="flip")
        assert "left out" in Predictor(trained, "flip").told[1]
    finally:
        uncalibrate(trained)


def test_the_commands_say_the_passes_and_where_the_figures_are(trained, capsys):
    assert command(["evaluate", str(trained.path), "--tta", "flip"]) == 0
    out, err = capsys.readouterr()
    assert out.strip().endswith("test.tta.json")
    assert "each picture is answered 2 times: as it is, mirrored left-right" in err
    picture = str(next((trained.path.parent.parent / "pictures").rglob("*.png")))
    assert command(["predict", str(trained.path), picture, "--tta", "flip,scale", "--json"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)[0]["label"] in ("cat", "dog")
    assert "each picture is answered 4 times" in err
    assert command(["predict", str(trained.path), picture, "--tta", "turn"]) == 2
    assert "there are flip, shift, scale" in capsys.readouterr().err
    assert command(["evaluate", str(trained.path), str(trained.path), "--tta", "flip"]) == 2
    assert "--tta is for one run" in capsys.readouterr().err
    assert command(["runs", "show", str(trained.path)]) == 0
    assert "test.tta " in capsys.readouterr().out
