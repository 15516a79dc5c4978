import pytest

from kerascnn.errors import UsageError
from kerascnn.runs.atomic import write_json
from kerascnn.runs.failures import failures
from kerascnn_dashboard.logic.evaluation import (
    calibrate_command,
    failures_job,
    figures,
    report_of,
    run_version,
    say_floor,
    splits_of,
    verdict,
)
from tests.dashboard.made_evaluation import evaluated, shapes_project, shapes_run


@pytest.fixture
def project(home):
    return shapes_project(home)


def test_validation_is_looked_at_first_and_the_test_split_last(project):
    assert splits_of(shapes_run(project)) == ["validation", "train", "test"]


def test_a_split_that_was_not_evaluated_has_no_report(project):
    assert report_of(shapes_run(project), "validation") is None


def test_a_split_that_there_is_not_is_refused(project):
    with pytest.raises(UsageError, match=r"no split '\.\./x'"):
        report_of(shapes_run(project), "../x")


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"metrics": {}, "samples": 1}'])
def test_a_damaged_report_is_named(project, content):
    run = shapes_run(project)
    (run.path / "evaluation" / "validation.json").write_text(content)
    with pytest.raises(UsageError, match=r"validation\.json"):
        report_of(run, "validation")


def test_figures_are_those_of_the_report_with_interval_and_floor(project):
    run = shapes_run(project)
    evaluated(run)
    report = report_of(run, "validation")
    first = figures(report)[0]
    assert (first.title, first.value) == ("Accuracy", report["metrics"]["accuracy"])
    assert (first.low, first.high) == (report["metrics"]["accuracy_low"], report["metrics"]["accuracy_high"])
    assert first.floor == report["floor"]["accuracy"] == 1 / 3
    assert [one.name for one in figures(report)].count("accuracy_low") == 0
    assert say_floor(report) == "always saying 'circle'"


def test_the_verdict_says_how_good_what_is_confused_and_what_is_doubted(project):
    run = shapes_run(project)
    evaluated(run)
    report, found = report_of(run, "validation"), failures(run, "validation")
    first, second, third = verdict(report, found)
    assert first.startswith("On 60 validation samples 91.7% are right (95 % interval ")
    assert "58 points better than always saying 'circle', which gets 33.3%" in first
    assert second == "Most confused: 'circle' is taken for 'square' 3 times, and 'square' for 'circle' once."
    assert third == "2 labels may be wrong: look at them under Clean labels."


def test_a_model_that_only_guesses_is_told_so():
    report = {"split": "test", "samples": 9, "metrics": {"accuracy": 0.3}, "floor": {"accuracy": 0.4}, "per_class": []}
    assert verdict(report) == [
        "On 9 test samples 30.0% are right, which is no better than always giving the same answer, which gets 40.0%."
    ]


def test_a_lead_that_may_be_chance_is_told_so():
    report = {
        "split": "test", "samples": 9, "floor": {"accuracy": 0.4}, "per_class": [],
        "metrics": {"accuracy": 0.6, "accuracy_low": 0.3, "accuracy_high": 0.8},
    }  # fmt: skip
    assert "of so few samples that may be chance" in verdict(report)[0]


def test_errors_are_better_where_they_are_smaller():
    report = {"split": "test", "samples": 9, "metrics": {"mae": 2.0}, "floor": {"mae": 3.5}, "per_class": []}
    assert verdict(report) == ["On 9 test samples MAE is 2: better than always giving the same answer, which gets 3.5."]
    worse = {**report, "floor_is": "the last value", "floor": {"mae": 1.0}}
    assert "no better than the last value" in verdict(worse)[0]


def test_nothing_wrong_and_nothing_doubted_is_said():
    report = {"split": "test", "samples": 9, "metrics": {"accuracy": 1.0}, "per_class": []}
    assert verdict(report, {"wrong": 0, "confused": [], "label_errors_found": 0})[1:] == [
        "No sample of this split is answered wrongly.",
        "No label looks wrong.",
    ]


def test_a_run_is_of_the_version_with_the_same_source_and_fixes(project):
    run = shapes_run(project)
    fixes = project.folder / "data" / "fixes.csv"
    fixes.write_text("id,action\n")
    data = {**project.version().data, "fixes": str(fixes)}
    project.add_version(data, "cleaning", "fixed", after="v1")
    assert run_version(project, run, project.versions()) == "v1"
    assert run_version(project, shapes_run(project, 2, fixes=str(fixes)), project.versions()) == "v2"


def test_a_run_on_other_data_is_of_no_version(project):
    run = shapes_run(project)
    spec = run.read("spec.resolved.json")
    spec["data"]["source"]["path"] = "/elsewhere"
    write_json(run.path / "spec.resolved.json", spec)
    assert run_version(project, run, project.versions()) is None


def test_a_path_from_the_projects_folder_is_the_same(project):
    run = shapes_run(project)
    source = {"type": "image_folder", "path": "data/pictures"}
    project.add_version({"source": source}, "folder", "the same")
    assert run_version(project, run, project.versions()) == "v2"


def test_mistakes_are_looked_for_once_for_each_evaluation(project, started):
    run = shapes_run(project)
    evaluated(run, at=1.0)
    report = report_of(run, "validation")
    first = failures_job(project, run, report)
    assert failures_job(project, run, report).id == first.id
    assert failures_job(project, run, {**report, "evaluated": 2.0}).id != first.id
    assert failures_job(project, run, report, again=1).id != first.id
    assert len(started) == 3
    assert first.command[:5] == ("kerascnn", "failures", run.id, "--split", "validation")


def test_calibrating_again_asks_for_what_is_stored(project):
    run = shapes_run(project)
    assert "--unsure" not in calibrate_command(project, run)
    write_json(run.path / "calibration.json", {"unsure": {"threshold": 0.625}, "conformal": {"coverage": 0.9}})
    command = calibrate_command(project, run)
    assert command[3:7] == ["--unsure", "0.625", "--conformal", "0.9"]
    assert calibrate_command(project, run, unsure="auto")[3:5] == ["--unsure", "auto"]


@pytest.mark.parametrize("wrong", [0.0, 1.0, 7.0])
def test_a_threshold_that_is_none_is_refused(project, wrong):
    with pytest.raises(UsageError, match="between 0 and 1"):
        calibrate_command(project, shapes_run(project), unsure=wrong)
