"""`kerascnn sweep` of a spec with a sweep: what it prints and writes, and what a training says of it."""

import json
from pathlib import Path

import pytest

from kerascnn.cli import batch
from kerascnn.cli.main import run
from kerascnn.jobs.queue import Queue
from kerascnn.jobs.sweep import Searching
from kerascnn.runs.folder import RunFolder
from kerascnn.spec import load_spec
from kerascnn.spec.sweep import load_sweep
from kerascnn.templates_list import find_template
from tests.jobs.test_sweep import finish

pytest.importorskip("optuna")

TEMPLATES = ("sweep_digits", "search_architecture")


@pytest.fixture
def spec(tmp_path):
    text = Path(find_template("lenet5")).read_text("utf-8")
    file = tmp_path / "spec.yaml"
    size, rate = "train.batch_size: {values: [16, 32]}", "train.stages.0.learning_rate: {low: 0.001, high: 0.1}"
    file.write_text(f"{text}sweep:\n  trials: 3\n  name: s\n  parameters:\n    {size}\n    {rate}\n", "utf-8")
    return file


def told(capsys, *arguments):
    code = run([str(argument) for argument in arguments])
    out, err = capsys.readouterr()
    return code, out, err


def test_a_sweep_that_is_done_is_said_again_with_its_page(spec, tmp_path, capsys):
    queue = Queue(tmp_path / "runs")
    finish(Searching(load_sweep(spec), queue))
    page = tmp_path / "page.html"
    code, out, _ = told(capsys, "sweep", spec, "--runs", tmp_path / "runs", "--html", page)
    assert code == 0
    kept = tmp_path / "runs" / "sweeps" / "s"
    assert f"page  {page}" in out
    assert f"best  {kept / 'best.yaml'}" in out
    assert out.split()[:5] == ["trial", "state", "val_loss", "batch_size", "learning_rate"]
    assert page.read_text("utf-8") == (kept / "sweep.html").read_text("utf-8")
    assert "<h1>s: 3 trials</h1>" in page.read_text("utf-8")
    assert load_spec(kept / "best.yaml").sweep is None
    page.unlink()
    code, out, _ = told(capsys, "sweep", spec, "--runs", tmp_path / "runs", "--json")
    found = json.loads(out)
    assert (code, len(found["trials"]), found["html"]) == (0, 3, str(kept / "sweep.html"))
    assert not page.exists()


def test_a_folder_for_the_page_that_is_not_there_is_said_before_anything_is_trained(spec, tmp_path, capsys):
    code, _, err = told(capsys, "sweep", spec, "--runs", tmp_path / "runs", "--html", tmp_path / "no" / "page.html")
    assert code == 2
    assert "there is no folder" in err
    assert not (tmp_path / "runs").exists()


def test_a_spec_without_a_sweep_is_refused_with_an_example(tmp_path, capsys):
    code, _, err = told(capsys, "sweep", find_template("lenet5"), "--runs", tmp_path / "runs")
    assert code == 2
    assert "has no section 'sweep', which says what is tried, such as sweep: {parameters:" in err


def test_a_training_says_that_it_leaves_the_sweep_aside(spec, tmp_path, capsys, monkeypatch):
    said = f"{spec} has a sweep, which is left aside: the values are trained as they stand (kerascnn sweep {spec})"
    # What is refused right afterwards.
    _, _, err = told(capsys, "train", spec, "--find-lr", "--seeds", 2)
    assert err.splitlines()[0] == said
    assert said not in told(capsys, "train", spec, "--find-lr", "--seeds", 2, "--quiet")[2]
    assert "left aside" not in told(capsys, "train", find_template("lenet5"), "--find-lr", "--seeds", 2)[2]
    assert "left aside" not in told(capsys, "train", spec, "--set", "sweep=null", "--find-lr", "--seeds", 2)[2]
    monkeypatch.setattr(batch, "_work", lambda *_, **__: None)
    arguments = ["train", spec, find_template("lenet5"), "--runs", tmp_path / "runs"]
    _, _, err = told(capsys, *arguments)
    assert err.splitlines()[0] == said
    assert "left aside" not in told(capsys, *arguments, "--json")[2]


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_is_valid_as_a_sweep(name):
    found = load_sweep(find_template(name))
    assert len(found.parameters) >= 3


@pytest.mark.slow
@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_is_searched_to_its_end(name, tmp_path, capsys):
    runs = tmp_path / "runs"
    arguments = ["--set", "train.stages.0.epochs=1", "--set", "train.seed=1", "--trials", 3, "--runs", runs, "--json"]
    code, out, _ = told(capsys, "sweep", find_template(name), *arguments)
    assert code == 0
    found = json.loads(out)
    assert [trial["state"] for trial in found["trials"]] == ["complete"] * 3
    assert Path(found["html"]).read_text("utf-8").count("class='trial'") == 3
    best = load_spec(found["best"])
    assert best.train.stages[0].epochs == 1
    for job in Queue(runs).jobs():
        folder = RunFolder(job.run)
        assert "sweep" not in folder.read("spec.resolved.json")
        assert (folder.path / "spec.yaml").read_bytes() == find_template(name).read_bytes()
