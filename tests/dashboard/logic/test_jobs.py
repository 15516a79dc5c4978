import time

import pytest

from kerascnn.errors import UsageError
from kerascnn.runs.atomic import write_json
from kerascnn_dashboard.logic.jobs import Jobs, new_id, shell


@pytest.fixture
def jobs(tmp_path):
    return Jobs(tmp_path / "jobs")


def ended(job, seconds=20.0):
    until = time.time() + seconds
    while job.state() == "running" and time.time() < until:
        time.sleep(0.05)
    return job.state()


def test_a_command_runs_in_its_own_process_and_its_document_is_read(jobs):
    job = jobs.start("check", ["json.tool", "--help"])
    assert ended(job) == "done"
    assert job.exit_code() == 0
    job = jobs.start("templates", ["kerascnn", "templates", "--json"], facts={"run": "a"})
    assert ended(job) == "done"
    assert any(row["name"] == "lenet5" for row in job.output())
    assert jobs.find(job.id).output() == job.output()


def test_a_second_start_with_the_same_id_starts_nothing(jobs, started):
    id = new_id()
    first = jobs.start("check", ["kerascnn", "doctor"], id=id)
    second = jobs.start("other", ["kerascnn", "templates"], id=id)
    assert second.command == first.command
    assert len(started) == 1


def test_what_fails_gives_its_own_sentence(jobs):
    job = jobs.start("evaluate", ["kerascnn", "evaluate", "nothing", "--runs", "nowhere"])
    assert ended(job) == "failed"
    assert job.exit_code() == 2
    assert job.reason() == "no run 'nothing' under nowhere; there are none"


def test_a_process_that_is_gone_is_lost(jobs, started):
    job = jobs.start("check", ["kerascnn", "doctor"])
    assert job.state() == "running"
    write_json(job.folder / "state.json", {"pid": 2**22 + 1, "process_started": 1.0})
    assert job.state() == "lost"
    assert "memory" in job.reason()


def test_a_stopped_one_says_so(jobs):
    job = jobs.start("sleep", ["timeit", "-n", "1", "-r", "1", "import time; time.sleep(60)"])
    while not (job.folder / "output.json").exists():
        time.sleep(0.02)
    time.sleep(0.3)
    job.stop()
    assert ended(job) == "stopped"


def test_jobs_are_found_by_kind_and_facts_the_last_one_first(jobs, started):
    for i in range(3):
        write = jobs.start("evaluate", ["kerascnn"], facts={"run": "a" if i < 2 else "b"})
        time.sleep(0.01)
    assert len(jobs.all("evaluate")) == 3
    assert jobs.all("evaluate")[0].id == write.id
    assert len(jobs.all("evaluate", run="a")) == 2
    assert jobs.last("evaluate", run="c") is None
    assert jobs.last("check") is None


@pytest.mark.parametrize("id", ["../x", "a/b", "a b", "x" * 81, "ä"])
def test_an_id_that_is_no_name_reaches_no_folder(jobs, started, id):
    with pytest.raises(UsageError):
        jobs.start("check", ["kerascnn"], id=id)
    assert jobs.find(id) is None
    assert started == []


def test_a_command_is_shown_as_one_types_it():
    assert shell(["kerascnn", "predict", "a run", "x;rm"]) == "kerascnn predict 'a run' 'x;rm'"
    assert shell(["kerascnn_dashboard.importing", "x"]) == "python -m kerascnn_dashboard.importing x"
