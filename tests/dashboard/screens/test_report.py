"""The page Report without a browser: no model, not written, being written, failed, written, old, brought in."""

from __future__ import annotations

import json
import os
import time

import pytest

from kerascnn_dashboard.logic import exports
from kerascnn_dashboard.logic.reports import bundle_file
from tests.dashboard.logic.test_reports import REPORT
from tests.dashboard.made_exports import FAILED, make_export
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


def test_the_run_that_is_chosen_goes_on_to_the_page_predict(project, run, open_page):
    later = make_run(project, 2)
    page = open_page("report", project=project.name)
    assert page.query_params["run"] in (later.id, [later.id])
    page.selectbox(key="report_run").set_value(run.id).run()
    _press(page, "go_predict")
    assert not page.exception
    assert page.title[0].value == "Predict"
    assert page.query_params["run"] in (run.id, [run.id])


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
    assert page.selectbox(key="report_run").value == run.id


def test_exports_stand_in_a_table_with_their_downloads(project, run, open_page):
    make_export(run)
    page = open_page("report", project=project.name, run=run.id)
    assert not page.exception
    table = page.dataframe[0].value
    assert table.iloc[0].to_dict() == {
        "Format": "ONNX",
        "Same answers": "passed",
        "Difference": "4.2e-07 on 32 validation samples",
        "Size": "2.4 MB",
        "Time of an answer": "0.50 ms (95 % within 0.75 ms, 1 thread)",
    }
    assert not page.error


def test_an_export_that_does_not_pass_is_red_and_kept(project, run, open_page):
    make_export(run, "litert-int8", "model.tflite", **FAILED)
    done_job(project.jobs, "export", {}, code=1, log="error: does not pass", run=run.id, format="litert-int8")
    page = open_page("report", project=project.name, run=run.id)
    assert not page.exception
    [error] = page.error
    assert "does not pass: accuracy is worse by 0.0400" in error.value.replace("\\", "")
    assert "It is kept, marked as failed." in error.value
    assert page.dataframe[0].value["Same answers"].tolist() == ["failed"]


def test_an_export_is_made_by_one_job_and_followed(project, run, open_page, started):
    page = open_page("report", project=project.name, run=run.id)
    page.selectbox(key="format").set_value("onnx-int8").run()
    assert any("--set quantize=int8" in one.value for one in page.code)
    _press(page, "export")
    page.run()
    assert not page.exception
    assert len(jobs_of(started)) == 1
    assert project.jobs.last("export").facts == {"run": run.id, "format": "onnx-int8"}
    assert "Exporting to ONNX, 8 bits" in " ".join(one.value for one in page.info).replace("\\", "")
    assert next(one for one in page.button if one.key == "export").disabled


def test_an_export_that_failed_says_why_and_can_be_tried_again(project, run, open_page, started):
    said = "error: onnx: tf2onnx cannot convert the model"
    done_job(project.jobs, "export", {}, code=1, log=said, run=run.id, format="onnx")
    page = open_page("report", project=project.name, run=run.id)
    assert "tf2onnx cannot convert the model" in page.error[0].value.replace("\\", "")
    _press(page, "export_onnx_again")
    assert len(jobs_of(started)) == 1


def test_a_format_without_its_package_says_what_pip_installs(project, run, open_page, monkeypatch):
    real = exports.find_spec
    monkeypatch.setattr(exports, "find_spec", lambda name: None if name == "ai_edge_litert" else real(name))
    page = open_page("report", project=project.name, run=run.id)
    page.selectbox(key="format").set_value("litert").run()
    assert not page.exception
    assert "pip install kerascnn[litert]" in [one.value for one in page.code]
    assert "export" not in _keys(page)
