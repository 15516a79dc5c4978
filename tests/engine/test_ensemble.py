"""Several runs that answer together."""

import numpy as np
import pytest

from kerascnn.engine.ensemble import evaluate_together
from kerascnn.engine.predict import Predictor
from kerascnn.engine.train import train
from kerascnn.errors import UsageError
from kerascnn.runs.folder import RunFolder
from tests.engine.made_sequences import sequence_spec, write_ts


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("together")


def run_of(folder, seed, *, task="series_classification", test="test.ts", head="classifier"):
    values = task == "series_regression"
    file = write_ts(folder / f"{task}.ts", values=values)
    write_ts(folder / test, 12, values=values, seed=len(test))
    source = {"type": "ts_file", "path": str(file), "test_path": str(folder / test)}
    source |= {"target_kind": "value"} if values else {}
    return train(sequence_spec(task, source, seed=seed, head=head), folder / "runs")


@pytest.fixture(scope="module")
def runs(folder):
    return [run_of(folder, seed) for seed in (0, 1)]


def test_the_mean_of_the_answers_is_reported(runs):
    report = evaluate_together(runs)
    predictors = [Predictor(run) for run in runs]
    from kerascnn.engine.ensemble import _held

    elements, truth = _held(predictors[0], "test").whole()
    mean = np.mean([one.answers(elements) for one in predictors], axis=0)
    assert report["metrics"]["accuracy"] == pytest.approx((mean.argmax(1) == truth).mean())
    assert report["metrics"]["loss"] == pytest.approx(-np.log(mean[np.arange(12), truth]).mean(), rel=1e-4)
    assert (report["samples"], report["runs"]) == (12, [run.id for run in runs])


def test_the_validation_split_has_to_be_the_same(runs):
    # It is drawn by the seed, which is another for each run.
    with pytest.raises(UsageError, match=r"the validation split of run .* has other samples than that of run"):
        evaluate_together(runs, "validation")


def test_runs_that_answer_something_else_do_not_go_together(runs, folder):
    other = run_of(folder, 0, task="series_regression", head="regressor", test="values.ts")
    with pytest.raises(UsageError, match=r"answers series_regression with value; run .* answers series_classification"):
        evaluate_together([runs[0], other])


def test_a_run_counts_once(runs):
    with pytest.raises(UsageError, match=f"run {runs[1].id} is named twice"):
        evaluate_together([runs[0], runs[1], RunFolder(runs[1].path / ".." / runs[1].id)])


def test_answers_of_another_form_are_refused(runs, monkeypatch):
    answers = Predictor.answers

    def other(self, elements):
        found = answers(self, elements)
        return found if self.run.id == runs[0].id else found[:, :1]

    monkeypatch.setattr(Predictor, "answers", other)
    with pytest.raises(UsageError, match=r"answers 1 numbers for each sample; run .* answers 2"):
        evaluate_together(runs)


def test_one_run_is_no_ensemble(runs):
    with pytest.raises(UsageError, match=r"name two runs or more that answer together \(got 1\)"):
        evaluate_together(runs[:1])
    with pytest.raises(UsageError, match="there is no split 'all'"):
        evaluate_together(runs, "all")
