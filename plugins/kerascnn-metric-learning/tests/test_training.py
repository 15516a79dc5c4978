"""A training of the template, and what its run is good for: evaluation, prediction, search and verification."""

import json
import shutil

import numpy as np
import pytest
from kerascnn_metric_learning.__main__ import main
from kerascnn_metric_learning.gallery import Vectors
from kerascnn_metric_learning.index import Index
from PIL import Image
from sklearn.datasets import load_digits

import kerascnn
from kerascnn import SpecError, UsageError, load_spec
from kerascnn.engine.data import load_data
from kerascnn.errors import DataError, StoppedError
from kerascnn.templates_list import find_template

TEMPLATE = "metric.digits"


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    """Return a folder with 12 pictures of each digit, in a folder for each."""
    root, bunch = tmp_path_factory.mktemp("digits"), load_digits()
    for digit in range(10):
        (root / f"d{digit}").mkdir()
        for i in np.flatnonzero(bunch.target == digit)[:12]:
            Image.fromarray(np.rint(bunch.images[i] * (255 / 16)).astype("uint8")).save(root / f"d{digit}" / f"{i}.png")
    return root


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    found = kerascnn.train(find_template(TEMPLATE), folder, overrides=["train.stages.0.epochs=4"])
    found.evaluate("validation")
    return found


def unseen(digits, **more):
    text = find_template(TEMPLATE).read_text("utf-8")
    text = text.replace("{type: digits}", f"{{type: image_folder, path: '{digits}'}}")
    text = text.replace("test: 0.15}", "test: 0.2, group_by: '^[^/]+'}")
    for name, value in more.items():
        text = text.replace(name, value)
    return text


def classifier(text):
    """Return the spec with the core's classification and head in the plugin's place."""
    text = "\n".join(line for line in text.split("\n") if "criterion" not in line and "length" not in line)
    text = text.replace("metric.verification", "image_classification").replace("val_equal_error_rate", "val_loss")
    return text.replace("{type: metric.embedding, pooling: flatten}", "{type: embedding}")


def test_it_learns_far_more_than_guessing_and_says_so(run):
    report = run.evaluate("test")
    assert report["metrics"]["equal_error_rate"] < 0.2
    assert report["metrics"]["rank_1"] > 0.8
    assert report["floor"]["rank_1"] < 0.15
    page = (run.path / "report.html").read_text("utf-8")
    assert "better than guessing, which gets 0.5" in page
    for section in ("The same or not", "How alike pairs are", "Which one it is"):
        assert f"<h3>{section}" in page
    assert "Mistakes" not in page


def test_the_saved_model_has_neither_directions_nor_classes_of_the_plugin(run):
    model = run.model
    assert model.output_shape == (None, 16)
    assert not [weight.path for weight in model.weights if "directions" in weight.path]
    assert "kerascnn_metric_learning" not in json.dumps(model.get_config(), default=str)


def test_a_prediction_is_the_vector(run, digits):
    [found] = run.predict(digits / "d3" / sorted(p.name for p in (digits / "d3").iterdir())[0])
    vector = np.array([found.values[f"v{i}"] for i in range(16)])
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)
    assert found.confidence is None
    assert found.label.endswith("(16 numbers)")


def test_answers_of_several_networks_have_no_mean(run, tmp_path):
    other = shutil.copytree(run.path, tmp_path / "other")
    with pytest.raises(UsageError, match="those of several have no mean"):
        kerascnn.evaluate_together([run, other], "validation")


def test_a_search_gives_the_most_alike_of_a_folder(run, digits, capsys):
    picture = sorted((digits / "d0").iterdir())[0]
    assert main(["search", str(run.path), str(picture), "--gallery", str(digits), "--most", "6", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found[0] == {"path": str(picture), "likeness": pytest.approx(1, abs=1e-5)}
    assert [row["likeness"] for row in found] == sorted((row["likeness"] for row in found), reverse=True)
    assert sum("/d0/" in row["path"] for row in found) >= 4


def test_whom_a_picture_shows_its_nearest_neighbours_say(run, digits, tmp_path, capsys):
    picture = str(sorted((digits / "d7").iterdir())[0])
    assert main(["identify", str(run.path), picture, "--gallery", str(digits), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["class"], found["near"][0]["name"], len(found["near"])) == ("d7", picture, 5)
    assert found["votes"] == sum(n["class"] == "d7" and n["likeness"] >= found["threshold"] for n in found["near"])
    assert main(["identify", str(run.path), picture, "--gallery", str(digits / "d7")]) == UsageError.exit_code
    assert "the index knows no classes" in capsys.readouterr().err
    assert main(["identify", str(run.path), picture, "--gallery", str(digits), "--threshold", "1.5"]) == 0
    assert capsys.readouterr().out.startswith("unknown: none is near (threshold 1.5000)")


def test_an_index_gives_what_the_folder_gives_and_is_no_other_runs(run, digits, tmp_path, capsys):
    picture, file = str(sorted((digits / "d1").iterdir())[0]), tmp_path / "kept.npz"
    assert main(["index", str(run.path), "--gallery", str(digits), "--out", str(file), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"index": str(file), "pictures": 120}
    said = []
    for among in (["--gallery", str(digits)], ["--index", str(file)]):
        assert main(["search", str(run.path), picture, *among, "--json"]) == 0
        said.append(json.loads(capsys.readouterr().out))
    assert said[0] == said[1]
    other = Index.load(file)
    other.run = "another"
    other.save(file)
    assert main(["search", str(run.path), picture, "--index", str(file)]) == UsageError.exit_code
    assert "was made with the run another" in capsys.readouterr().err


def test_an_index_of_a_split_has_its_classes_and_what_the_network_sees(run, tmp_path, capsys):
    file = tmp_path / "split.npz"
    assert main(["index", str(run.path), "--split", "test", "--out", str(file)]) == 0
    assert "of 10 classes" in capsys.readouterr().out
    index = Index.load(file, run.id)
    _, rows = Vectors(run).of_split("test")
    np.testing.assert_allclose(index.vectors, rows, atol=1e-6)
    assert index.pictures.shape == (len(index), 8, 8, 1)
    right = [index.identify(row, without=i).label == index.labels[i] for i, row in enumerate(index.vectors)]
    assert np.mean(right) == pytest.approx(run.evaluate("test")["metrics"]["five_nearest_accuracy"], abs=0.01)


def test_two_pictures_are_the_same_from_the_runs_threshold_on(run, digits, capsys):
    a, b = sorted((digits / "d0").iterdir())[:2]
    assert main(["verify", str(run.path), str(a), str(a), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["same"] is True
    assert said["threshold"] == run.folder.read("evaluation/validation.json")["threshold"]["threshold"]
    assert main(["verify", str(run.path), str(a), str(b), "--threshold", "1.5"]) == 0
    assert capsys.readouterr().out.startswith("different: likeness 0.")


def test_vectors_of_any_folder_are_judged_and_errors_are_sentences(run, digits, tmp_path, capsys):
    assert main(["judge", str(run.path), "--pictures", str(digits), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["pairs"] == {"same": 10 * 66, "different": 120 * 119 // 2 - 660}
    assert found["metrics"]["rank_1"] > 0.8
    (tmp_path / "a.png").write_bytes(b"none")
    assert main(["verify", str(run.path), str(tmp_path / "a.png"), str(tmp_path / "a.png")]) == DataError.exit_code
    assert "2 of 2 files cannot be read" in capsys.readouterr().err
    assert main(["judge", str(tmp_path)]) == UsageError.exit_code


def test_whole_classes_may_be_held_back(digits, tmp_path):
    (tmp_path / "spec.yaml").write_text(unseen(digits), "utf-8")
    data = load_data(load_spec(tmp_path / "spec.yaml"))
    held = {split: {data.samples[i].label for i in data.indices(split)} for split in ("train", "validation", "test")}
    assert [len(held[split]) for split in held] == [6, 2, 2]
    assert len(set().union(*held.values())) == 10


def test_a_classifier_still_needs_every_class_in_training(digits, tmp_path):
    (tmp_path / "spec.yaml").write_text(classifier(unseen(digits)), "utf-8")
    with pytest.raises(DataError, match="no class has enough groups"):
        load_data(load_spec(tmp_path / "spec.yaml"))


def test_the_other_template_differs_in_its_criterion_alone():
    one, other = (load_spec(find_template(f"metric.{name}")).spell() for name in ("digits", "digits_triplet"))
    assert {key for key in one if one[key] != other[key]} == {"name", "task"}
    assert other["task"]["criterion"] == {"type": "metric.triplet", "margin": 0.2}


@pytest.mark.parametrize("head", ["classifier", "embedding"])
def test_the_cores_heads_do_not_serve_the_task(tmp_path, head):
    text = find_template(TEMPLATE).read_text("utf-8").replace("metric.embedding", head)
    (tmp_path / "spec.yaml").write_text(text, "utf-8")
    with pytest.raises(SpecError, match=r"not 'metric\.verification', which takes metric\.embedding"):
        load_spec(tmp_path / "spec.yaml")


@pytest.mark.slow
def test_a_training_on_other_classes_that_was_stopped_ends_on_the_same_bits(digits, tmp_path):
    (tmp_path / "spec.yaml").write_text(
        unseen(digits, **{"epochs: 10": "epochs: 3", "batch_size: 64": "batch_size: 16"})
    )
    whole = kerascnn.train(tmp_path / "spec.yaml", tmp_path / "a")
    asked = iter(range(1, 1000))
    with pytest.raises(StoppedError):
        kerascnn.train(tmp_path / "spec.yaml", tmp_path / "b", stop=lambda: 75 if next(asked) == 7 else None)
    again = kerascnn.Run.find("latest", tmp_path / "b").resume()
    for a, b in zip(whole.model.get_weights(), again.model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    same = ("loss", "val_loss", "equal_error_rate", "val_equal_error_rate")
    assert [[line[name] for name in same] for line in whole.history] == [
        [line[name] for name in same] for line in again.history
    ]


@pytest.mark.slow
def test_a_classifier_with_the_cores_head_gives_vectors_as_well(digits, tmp_path):
    (tmp_path / "spec.yaml").write_text(classifier(find_template(TEMPLATE).read_text("utf-8")), "utf-8")
    run = kerascnn.train(tmp_path / "spec.yaml", tmp_path / "runs", overrides=["train.stages.0.epochs=1"])
    files, vectors = Vectors(run).of_files([digits])
    assert len(files) == 120
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(120), abs=1e-4)
    with pytest.raises(UsageError, match="keeps no threshold"):
        Vectors(run).threshold()
