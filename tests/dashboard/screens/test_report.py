"""The page Report without a browser: no model, not written, being written, failed, written, old, brought in."""

from __future__ import annotations

import json
import os
import time

import pytest

from kerascnn_dashboard.logic.reports import bundle_file
from tests.dashboard.logic.test_reports import REPORT
from tests.dashboard.made_runs import done_job, jobs_of, make_run, write


@pytest.fixture
def project(home):
    return home.create("P", "image_classification")


@pytest.fixture
def run(project):
    return make_run(project)


def _written(run):
    write(run.path / "report.json", REPORT)
    for name in ("report.html", "model_card.md"):
        (run.path / name).write_text("<p>x</p>")


def _keys(page):
    return [button.key for button in page.button]


def _press(page, key):
    return next(button for button in page.button if button.key == key).click().run()


def test_without_a_model_the_page_leads_to_train(project, open_page):
    page = open_page("report", project=project.name)
    assert not page.exception
    assert "no trained model" in page.info[0].value
    assert [button.label for button in page.button] == ["Go to Train"]


def test_a_report_that_is_not_written_is_written_by_a_job_once(project, run, open_page, started):
    page = open_page("report", project=project.name, run=run.id)
    assert "not written yet" in page.info[0].value
    _press(page, "write")
    page.run()
    assert not page.exception
    assert len(jobs_of(started)) == 1
    assert "Writing the report" in page.info[0].value
    assert project.jobs.last("report").facts == {"run": run.id}


def test_a_job_that_failed_says_why_and_can_be_tried_again(project, run, open_page, started):
    done_job(project.jobs, "report", {}, code=3, log="error: the data is gone", run=run.id)
    page = open_page("report", project=project.name, run=run.id)
    assert "the data is gone" in page.error[0].value.replace("\\", "")
    _press(page, "report_again")
    assert len(jobs_of(started)) == 1


def test_a_written_report_shows_verdict_gates_paragraph_and_downloads(project, run, open_page):
    _written(run)
    page = open_page("report", project=project.name, run=run.id)
    assert not page.exception
    assert not page.error
    shown = " ".join(one.value for one in page.markdown).replace("\\", "")
    assert "On 10 samples 90% are right." in shown
    assert ":green-badge[passed] Data" in shown
    assert ":orange-badge[not yet] Test" in shown
    assert "We trained." in [one.value for one in page.code]
    assert any("Ready to use? 1 of 2" in tab.label for tab in page.tabs)
    assert "write" not in _keys(page)


def test_a_report_from_before_the_last_judgement_is_offered_anew(project, run, open_page):
    _written(run)
    write(run.path / "evaluation" / "test.json", {})
    os.utime(run.path / "evaluation" / "test.json", (time.time() + 60,) * 2)
    page = open_page("report", project=project.name, run=run.id)
    assert "since the report was written" in page.info[0].value
    assert "write" in _keys(page)
    assert page.tabs


def test_a_damaged_report_is_said_and_leaves_no_traceback(project, run, open_page):
    _written(run)
    (run.path / "report.json").write_text("{")
    page = open_page("report", project=project.name, run=run.id)
    assert not page.exception
    assert "cannot be read" in page.error[0].value


def test_a_model_that_was_brought_in_can_be_handed_on_all_the_same(project, run, open_page):
    (run.path / "data.json").unlink()
    page = open_page("report", project=project.name, run=run.id)
    assert "brought in as a file" in page.info[0].value
    assert "bundle" in _keys(page)


def test_the_download_is_made_by_a_job_and_then_given(project, run, open_page, started):
    _written(run)
    page = open_page("report", project=project.name, run=run.id)
    _press(page, "bundle")
    assert len(jobs_of(started)) == 1
    assert json.loads((project.jobs.last("bundle").folder / "job.json").read_text())["command"][1] == "write"
    file = bundle_file(project, run)
    file.parent.mkdir(parents=True)
    file.write_bytes(b"x")
    page.run()
    assert "bundle" not in _keys(page)
    assert not page.exception


def test_an_unknown_run_of_the_address_gives_the_last_one(project, run, open_page):
    page = open_page("report", project=project.name, run="../../etc")
    assert not page.exception
    assert page.selectbox(key="run").value == run.id
