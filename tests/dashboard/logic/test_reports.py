"""The report of a run: whether it is there, says the newest, and what it holds."""

from __future__ import annotations

import os
import time

import pytest

from kerascnn.errors import UsageError
from kerascnn_dashboard.logic.reports import (
    bundle_file,
    command,
    counted_gates,
    is_current,
    lacking,
    repeat_command,
    repeat_lines,
    report_of,
)
from kerascnn_dashboard.logic.run_notes import rename
from tests.dashboard.made_runs import make_run, write

REPORT = {
    "methods": "We trained.",
    "readiness": [
        {"id": "a", "title": "Data", "passed": True, "reason": "yes"},
        {"id": "b", "title": "Test", "passed": False, "reason": "not judged"},
        {"id": "c", "title": "Small", "passed": None, "reason": "none"},
    ],
    "verdicts": {"validation": "On 10 samples 90% are right."},
}


@pytest.fixture
def project(home):
    return home.create("P", "image_classification")


def _reported(run):
    write(run.path / "report.json", REPORT)
    for name in ("report.html", "model_card.md"):
        (run.path / name).write_text("<p>x</p>")
    return run


def test_the_report_says_methods_verdicts_and_gates(project):
    found = report_of(_reported(make_run(project)))
    assert found.methods == "We trained."
    assert counted_gates(found.gates) == (1, 2)
    assert found.verdicts["validation"].startswith("On 10")


@pytest.mark.parametrize("content", ["{", "[]", '{"methods": 1}'])
def test_a_damaged_report_is_said_in_a_sentence(project, content):
    run = make_run(project)
    (run.path / "report.json").write_text(content)
    with pytest.raises(UsageError, match="write the report again"):
        report_of(run)


def test_a_report_is_old_once_the_model_was_judged_again(project):
    run = make_run(project)
    assert not is_current(run)
    _reported(run)
    assert is_current(run)
    write(run.path / "evaluation" / "test.json", {})
    later = time.time() + 100
    os.utime(run.path / "evaluation" / "test.json", (later, later))
    assert not is_current(run)


def test_a_model_that_was_brought_in_has_no_report_here(project):
    run = make_run(project)
    assert lacking(run) == ""
    (run.path / "data.json").unlink()
    assert "brought in as a file" in lacking(run)
    assert repeat_lines(run) == []


def test_commands_can_be_copied(project):
    run = make_run(project)
    assert command(run, project) == ["kerascnn", "report", run.id, "--runs", str(project.runs), "--json"]
    assert repeat_command(run) == f"kerascnn train {run.path / 'spec.resolved.json'}"
    assert any("fingerprint" in line for line in repeat_lines(run))


def test_a_download_has_a_name_that_every_system_takes(project):
    run = make_run(project)
    rename(run, 'Käfer: "best" / 2')
    assert bundle_file(project, run).name == f"K-fer---best----2-{run.id}.zip"
    rename(run, "日本")
    assert bundle_file(project, run).name == f"model-{run.id}.zip"
