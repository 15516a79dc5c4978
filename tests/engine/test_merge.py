"""Several runs as one model that is a run itself."""

import numpy as np
import pytest

from kerascnn.cli.main import run as command
from kerascnn.engine.ensemble import evaluate_together
from kerascnn.engine.evaluate import evaluate
from kerascnn.engine.merge import members_of, merge
from kerascnn.engine.predict import Predictor
from kerascnn.engine.report import write_report
from kerascnn.engine.train import train
from kerascnn.errors import UsageError
from kerascnn.runs.account import methods_paragraph
from kerascnn.testing.plain_keras import check_plain_keras
from tests.engine.made import make_folder, make_spec


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp("merge")
    make_folder(root / "pictures", {"cat": 20, "dog": 20}, noise=200)
    files = {"train": range(12), "validation": range(12, 16), "test": range(16, 20)}
    lines = [f"{label}/{i:03d}.png,{split}" for label in ("cat", "dog") for split, part in files.items() for i in part]
    (root / "split.csv").write_text("\n".join(["path,split", *lines]) + "\n", "utf-8")
    return root


def trained(root, seed, **more):
    data = {"split": {"file": str(root / "split.csv")}}
    return train(make_spec(root / "pictures", seed=seed, data=data, **more), root / "runs")


@pytest.fixture(scope="module")
def two(root):
    return [trained(root, seed) for seed in (1, 2)]


@pytest.fixture(scope="module")
def made(root, two):
    return merge(two, root / "runs")


def answers(run, seed=0):
    pictures = np.random.default_rng(seed).integers(0, 256, (5, *Predictor(run).shape), "uint8")
    return Predictor(run).answers(pictures)


def test_it_answers_with_the_mean(two, made):
    assert answers(made) == pytest.approx((answers(two[0]) + answers(two[1])) / 2, abs=1e-6)


def test_its_figures_are_those_of_the_runs_together(two, made):
    together, one = evaluate_together(two, "test"), evaluate(made, "test")
    assert one["metrics"]["loss"] == pytest.approx(together["metrics"]["loss"], abs=1e-6)
    assert one["confusion_matrix"] == together["confusion_matrix"]


def test_it_is_a_run_with_a_report_and_says_what_it_is_made_of(two, made):
    assert made.state.state == "done"
    assert [member["run"] for member in members_of(made)] == [run.id for run in two]
    assert members_of(two[0]) == []
    write_report(made)
    said = methods_paragraph(made)
    assert f"the first of 2 networks did (runs {two[0].id}, {two[1].id})" in said
    assert said.replace(",", "") in (made.path / "report.html").read_text("utf-8").replace(",", "")


def test_the_mean_before_the_softmax_is_that_of_the_logarithms(root, two):
    logs = (np.log(answers(two[0])) + np.log(answers(two[1]))) / 2
    wanted = np.exp(logs) / np.exp(logs).sum(1, keepdims=True)
    assert answers(merge(two, root / "runs", mean="logits")) == pytest.approx(wanted, abs=1e-5)


@pytest.mark.slow
def test_plain_keras_opens_it(made):
    check_plain_keras({"ensemble": Predictor(made).model})


def test_what_does_not_go_together_is_refused_in_a_sentence(root, two, capsys):
    with pytest.raises(UsageError, match="name two runs or more"):
        merge(two[:1], root / "runs")
    with pytest.raises(UsageError, match="is named twice"):
        merge([two[0], two[1], two[0]], root / "runs")
    assert command(["ensemble", str(two[0].path), str(two[1].path), "--mean", "votes"]) == 2
    assert "--mean is probabilities or logits (got 'votes')" in capsys.readouterr().err


def test_the_command_names_the_run_and_what_to_do_next(root, two, capsys):
    assert command(["ensemble", *(str(run.path) for run in two), "--runs", str(root / "runs")]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("run folder  ")
    assert "next: kerascnn evaluate " in err
