"""What a resume is compared with: the machine, and the runs that its stages learn from."""

import json
from types import SimpleNamespace

import pytest

from kerascnn.engine.devices import environment
from kerascnn.engine.going_on import resumes
from kerascnn.engine.progress import Progress
from kerascnn.runs.folder import RunFolder

ONE = {"used": ["cpu:0"]}


@pytest.fixture
def run(tmp_path):
    (tmp_path / "logs").mkdir()
    about = {"name": "x", "version": "0", "seed": 0, "environment": environment()}
    found = RunFolder.create(tmp_path, given=b"{}", ending=".json", resolved={"model": {}}, about=about)
    return found


def taught(digest, stage=1):
    place = {f"train.stages.{stage}.methods.0": {"stage": stage, "run": "/runs/a", "sha256": digest}}
    return {"devices": ONE, "learnt_from": place}


def said(run, before, now, stage=0):
    checkpoint = SimpleNamespace(state={"stage": stage})
    *_, last = resumes(run, Progress(), before, now, checkpoint)
    assert last["exact"] is (not last["differences"])
    return last["differences"]


def test_the_same_teacher_is_no_difference(run):
    assert said(run, taught("aa"), taught("aa")) == []


def test_a_teacher_with_another_model_makes_a_resume_inexact(run):
    wanted = "train.stages.1.methods.0: the model of the run in /runs/a has changed"
    assert said(run, taught("aa"), taught("bb")) == [wanted]
    assert wanted in (run.path / "logs" / "run.log").read_text()


def test_a_teacher_of_a_stage_that_is_done_has_had_its_say(run):
    assert said(run, taught("aa"), taught("bb"), stage=1) != []
    assert said(run, taught("aa"), taught("bb"), stage=2) == []


def test_a_run_of_a_version_that_did_not_write_it_down_is_taken_as_it_is(run):
    assert said(run, {"devices": ONE}, taught("bb")) == []


def test_all_resumes_are_kept_in_their_order(run):
    first = resumes(run, Progress(), {}, taught("aa"), None)
    found = resumes(run, Progress(), taught("aa") | {"resumes": first}, taught("bb"), None)
    assert [one["exact"] for one in json.loads(json.dumps(found))] == [True, False]
