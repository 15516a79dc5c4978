"""Trainings from the templates: they learn, their page shows it, and what they make is the same each time."""

import json

import numpy as np
import pytest
from kerascnn_generative.__main__ import main
from kerascnn_generative.made import Maker

from kerascnn import load_spec
from kerascnn.engine.evaluate import evaluate
from kerascnn.engine.predict import Predictor
from kerascnn.engine.train import resume, train
from kerascnn.errors import UsageError
from kerascnn.runs.folder import list_runs
from kerascnn.spec import spec_from_dict
from kerascnn.templates_list import find_template


def shortened(template, epochs, **task):
    spelled = load_spec(find_template(template)).spell()
    spelled["train"]["stages"][0]["epochs"] = epochs
    spelled["task"] |= task
    return spec_from_dict(spelled)


@pytest.fixture(scope="module")
def vae(tmp_path_factory):
    """A run of the autoencoder, and its report on the test split."""
    run = train(shortened("generative.vae_digits", 8), tmp_path_factory.mktemp("vae"))
    return run, evaluate(run)


@pytest.fixture(scope="module")
def dcgan(tmp_path_factory):
    """A run of generator and critic, and its report on the test split."""
    run = train(shortened("generative.dcgan_digits", 6), tmp_path_factory.mktemp("dcgan"))
    return run, evaluate(run)


def sections_of(run):
    return {section["title"]: section for section in run.read("report.json")["sections"]["test"]}


def test_the_autoencoder_draws_better_than_the_mean_picture(vae):
    _, report = vae
    assert report["metrics"]["squared_error"] < 0.9 * report["floor"]["squared_error"]
    low, high = report["intervals"]["squared_error"]
    assert low < report["metrics"]["squared_error"] < high


def test_its_page_shows_reconstructions_samples_and_the_plane(vae):
    run, _ = vae
    found = sections_of(run)
    assert list(found) == ["Reconstructions", "Samples", "What the numbers carry", "The plane of the two numbers"]
    page = (run.path / "report.html").read_text()
    assert page.count("data:image/png;base64,") == 3
    assert "better than always drawing the mean of these very pictures" in page
    nats = sum(row[1] for row in found["What the numbers carry"]["table"]["rows"])
    assert nats == pytest.approx(run.best()["val_divergence"], rel=0.2)


def test_it_answers_the_same_picture_each_time(vae):
    run, _ = vae
    predictor = Predictor(run)
    x = Maker(run.path).held("test", 5)
    assert len(x) == 5
    assert np.array_equal(predictor.answers(x), predictor.answers(x))
    [said], bad = predictor.predict([x[0]], ["0"])
    assert not bad
    assert said.label.startswith("a picture of 8 x 8 with the mean brightness 0.")


def test_generated_pictures_are_nearer_to_real_ones_than_noise(dcgan):
    run, report = dcgan
    assert 0 <= report["metrics"]["taken_for_real"] <= 1
    found = sections_of(run)
    assert list(found) == [
        "Generated pictures",
        "What the critic says",
        "How far generated pictures are from real ones",
    ]
    made, halves, noise = [row[1] for row in found["How far generated pictures are from real ones"]["table"]["rows"]]
    assert halves < made < noise
    assert "It is not the FID" in (run.path / "report.html").read_text()
    distances = [line["val_distance"] for line in run.metrics()]
    assert min(distances) < distances[0] / 2
    assert run.best()["val_distance"] == min(distances)


def test_the_critic_says_what_a_picture_is(dcgan):
    run, _ = dcgan
    [said], _ = Predictor(run).predict([np.zeros((8, 8, 1), "uint8")], ["0"])
    assert said.label in ("real", "generated")
    assert said.confidence is None


@pytest.mark.parametrize("which", ["vae", "dcgan"])
def test_samples_are_the_same_for_a_seed(which, request, tmp_path, capsys):
    run, _ = request.getfixturevalue(which)
    files = [tmp_path / f"{name}.png" for name in "abc"]
    for file, seed in zip(files, ("1", "1", "2"), strict=True):
        assert main(["sample", str(run.path), "--count", "9", "--seed", seed, "--to", str(file)]) == 0
    assert "9 pictures in " in capsys.readouterr().out
    a, b, c = (file.read_bytes() for file in files)
    assert a == b != c


def test_a_run_that_makes_no_pictures_is_refused(vae, tmp_path, capsys):
    run, _ = vae
    (tmp_path / "runs").mkdir()
    with pytest.raises(UsageError, match=r"no generator\.keras"):
        _copied(run, tmp_path / "runs" / run.id, "generative.dcgan").model.name  # noqa: B018
    assert main(["sample", "nothing", "--runs", str(tmp_path / "none")]) == 2
    assert "no run 'nothing'" in capsys.readouterr().err


def _copied(run, folder, task):
    import shutil

    shutil.copytree(run.path, folder)
    spelled = json.loads((folder / "spec.resolved.json").read_text())
    spelled["task"] = {"type": task}
    spelled["model"]["head"] = {"type": "generative.critic"}
    spelled["train"]["monitor"] = "val_distance"
    (folder / "spec.resolved.json").write_text(json.dumps(spelled))
    return Maker(folder)


class KilledError(BaseException):
    """Stands for a kill."""


@pytest.mark.slow
@pytest.mark.parametrize(("template", "files"), [("vae", ["model"]), ("dcgan", ["model", "generator"])])
def test_killed_and_resumed_it_ends_on_the_same_bits(template, files, tmp_path, monkeypatch):
    import keras

    spec = shortened(f"generative.{template}_digits", 3)
    monkeypatch.setattr("kerascnn.engine.keeper._COST", 0)
    whole = train(spec, tmp_path / "whole")
    asked = iter(range(10_000))

    def stop():
        if next(asked) == 50:  # an epoch has 20 steps
            raise KilledError

    with monkeypatch.context() as patch:
        patch.setattr("kerascnn.engine.train._record", lambda run, error: None)
        with pytest.raises(KilledError):
            train(spec, tmp_path / "killed", stop=stop)
    [run] = list_runs(tmp_path / "killed")
    state = json.loads((run.path / "state.json").read_text())
    (run.path / "state.json").write_text(json.dumps(state | {"pid": 2**22 + 1}))
    resume(run)
    for name in files:
        one, other = (keras.saving.load_model(each.path / f"{name}.keras").get_weights() for each in (run, whole))
        assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))
    assert [line["val_loss"] for line in run.metrics()] == [line["val_loss"] for line in whole.metrics()]
