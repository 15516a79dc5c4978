"""The queue: claims, order, what goes back, and the index made again from files."""

import json
import multiprocessing
import sqlite3
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from kerascnn.errors import ResourceError, UsageError
from kerascnn.jobs.plan import Planned
from kerascnn.jobs.queue import ATTEMPTS, Queue
from kerascnn.runs.folder import RunFolder
from kerascnn.runs.state import this_host, write_state


def planned(count: int) -> list[Planned]:
    return [
        Planned("spec.yaml", b"kerascnn: 1\n\xff", (f"train.seed={i}",), f"seed {i}", "/", "") for i in range(count)
    ]


@pytest.fixture
def queue(tmp_path: Path) -> Queue:
    return Queue(tmp_path / "runs")


def states(queue: Queue) -> list[str]:
    return [job.state for job in queue.jobs()]


def leave_running(queue: Queue, *, ends: str = "") -> str:
    """Let another process claim a job, perhaps with a run in a state, and die. Return the job's id."""
    program = """
import sys
from kerascnn.jobs.queue import Queue
from kerascnn.runs.folder import RunFolder
from kerascnn.runs.state import this_host, write_state
queue = Queue(sys.argv[1])
job = queue.claim()
if sys.argv[2]:
    run = RunFolder.create(sys.argv[1], given=b"", ending=".yaml", resolved={}, about={"job": job.id})
    for state in sys.argv[2].split(","):
        write_state(run.path, state)
print(job.id)
"""
    command = [sys.executable, "-c", program, str(queue.runs), ends]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_jobs_are_claimed_in_their_order_and_each_once(queue: Queue) -> None:
    added = queue.add(planned(3))
    assert [job.name for job in added] == ["seed 0", "seed 1", "seed 2"]
    claimed = [queue.claim() for _ in range(4)]
    assert [job.id if job else None for job in claimed] == [*(job.id for job in added), None]
    assert states(queue) == ["running"] * 3


def test_what_a_job_is_comes_back_to_the_byte(queue: Queue) -> None:
    one = planned(1)[0]
    assert queue.planned(queue.add([one])[0].id) == one


def test_of_one_batch_only_its_own_jobs_are_claimed(queue: Queue) -> None:
    queue.add(planned(1))
    second = queue.add(planned(1))[0]
    claimed = queue.claim(second.batch)
    assert claimed is not None
    assert claimed.id == second.id
    assert queue.claim(second.batch) is None


def test_a_job_can_come_first_or_before_another(queue: Queue) -> None:
    a, b, c = (job.id for job in queue.add(planned(3)))
    queue.move(c, None)
    assert [job.id for job in queue.jobs()] == [c, a, b]
    queue.move(c, b)
    assert [job.id for job in queue.jobs()] == [a, c, b]


def test_a_job_that_waits_can_be_cancelled_and_one_that_runs_cannot(queue: Queue) -> None:
    first, second = queue.add(planned(2))
    queue.claim()
    assert not queue.cancel(first.id)
    assert queue.cancel(second.id)
    assert states(queue) == ["running", "cancelled"]
    assert queue.claim() is None


def test_a_job_of_this_process_does_not_go_back(queue: Queue) -> None:
    queue.add(planned(1))
    queue.claim()
    assert queue.put_back() == []
    assert states(queue) == ["running"]


@pytest.mark.parametrize(
    ("ends", "state"),
    [
        ("", "waiting"),
        ("new", "waiting"),
        ("running", "waiting"),
        ("running,stopped", "waiting"),
        ("running,finalizing,done", "done"),
        ("running,diverged", "failed"),
    ],
)
def test_the_job_of_a_process_that_died_becomes_what_its_run_says(queue: Queue, ends: str, state: str) -> None:
    queue.add(planned(1))
    job = leave_running(queue, ends="" if ends == "new" else ends)
    assert [one.id for one in queue.put_back()] == [job]
    assert states(queue) == [state]
    assert queue.put_back() == []


def test_a_job_whose_process_always_dies_fails_in_the_end(queue: Queue) -> None:
    queue.add(planned(1))
    for attempt in range(ATTEMPTS):
        assert states(queue) == ["waiting"], attempt
        leave_running(queue)
        queue.put_back()
    assert states(queue) == ["failed"]
    assert "died 3 times without a word" in queue.jobs()[0].reason


def test_one_that_was_stopped_on_request_counts_no_attempt(queue: Queue) -> None:
    job = queue.add(planned(1))[0]
    for _ in range(2 * ATTEMPTS):
        assert queue.claim() is not None
        queue.end(job.id, "waiting", 75, "stopped")
    assert states(queue) == ["waiting"]


def test_the_index_is_made_again_from_files_and_runs(queue: Queue) -> None:
    jobs = queue.add(planned(3))
    leave_running(queue, ends="running,finalizing,done")
    leave_running(queue, ends="running,stopped")
    for file in queue.folder.glob("queue.sqlite*"):
        file.unlink()
    again = Queue(queue.runs)
    assert [(job.id, job.state) for job in again.jobs()] == [
        (jobs[0].id, "done"),
        (jobs[1].id, "waiting"),
        (jobs[2].id, "waiting"),
    ]
    assert Path(again.jobs()[0].run).parent == queue.runs


def test_to_rebuild_takes_no_job_from_the_process_that_works_on_it(queue: Queue) -> None:
    queue.add(planned(2))
    job = queue.claim()
    assert job is not None
    run = RunFolder.create(queue.runs, given=b"", ending=".yaml", resolved={}, about={"job": job.id})
    write_state(run.path, "running")
    assert queue.rebuild() == 2
    assert states(queue) == ["running", "waiting"]
    for file in queue.folder.glob("queue.sqlite*"):
        file.unlink()
    assert states(Queue(queue.runs)) == ["running", "waiting"]
    assert Queue(queue.runs).put_back() == []


def test_a_damaged_file_of_a_job_is_said_and_keeps_no_other_from_work(queue: Queue) -> None:
    first, second = queue.add(planned(2))
    (queue.folder / "jobs" / f"{first.id}.json").write_text("{", "utf-8")
    with pytest.raises(UsageError, match=f"the job {first.id} cannot be read"):
        queue.planned(first.id)
    assert queue.planned(second.id).name == "seed 1"
    (queue.folder / "jobs" / f"{first.id}.json").write_text(json.dumps({"text": 3}), "utf-8")
    with pytest.raises(UsageError, match="cannot be read"):
        queue.planned(first.id)


def test_a_damaged_index_is_said_with_what_to_do(queue: Queue) -> None:
    (queue.folder / "queue.sqlite").write_bytes(b"no database" * 100)
    for extra in ("-wal", "-shm"):
        (queue.folder / f"queue.sqlite{extra}").unlink(missing_ok=True)
    with pytest.raises(ResourceError, match="remove it, and it is made again"):
        queue.jobs()


def test_jobs_are_found_by_a_beginning_of_their_id(queue: Queue) -> None:
    first, second = queue.add(planned(2))
    assert queue.find(second.id).id == second.id
    with pytest.raises(UsageError, match="fits 2 jobs"):
        queue.find(first.batch)
    with pytest.raises(UsageError, match="fits no job"):
        queue.find("zzz")


def claim_all(runs: str) -> list[str]:
    queue, found = Queue(runs), []
    while (job := queue.claim()) is not None:
        found.append(job.id)
    return found


@pytest.mark.parametrize(("processes", "jobs"), [(3, 300), pytest.param(6, 2000, marks=pytest.mark.slow)])
def test_several_processes_claim_each_job_exactly_once(queue: Queue, processes: int, jobs: int) -> None:
    import sqlite3

    # Put in by hand: to write a file for each takes longer than the claims.
    with sqlite3.connect(queue.folder / "queue.sqlite") as base:
        rows = [(f"job-{i:04d}", "batch", "", i, "waiting") for i in range(jobs)]
        base.executemany("INSERT INTO jobs (id, batch, name, position, state) VALUES (?, ?, ?, ?, ?)", rows)
    base.close()
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        found = pool.map(claim_all, [str(queue.runs)] * processes, chunksize=1)
    counts = Counter(job for one in found for job in one)
    assert len(counts) == jobs
    assert set(counts.values()) == {1}
    assert all(list(one) == sorted(one) for one in found)


def test_one_that_failed_waits_again_at_the_end_and_may_be_begun_as_often_as_before(queue):
    first, second = (job.id for job in queue.add(planned(2)))
    queue.claim()
    queue.end(first, "failed", 5, "out of memory")
    assert queue.again(first)
    assert [(job.id, job.state, job.attempts, job.reason) for job in queue.jobs()] == [
        (second, "waiting", 0, ""), (first, "waiting", 0, ""),
    ]  # fmt: skip


def test_one_that_was_taken_out_waits_again_and_an_index_made_again_knows_it(queue):
    (job,) = (one.id for one in queue.add(planned(1)))
    queue.cancel(job)
    assert queue.again(job)
    (queue.folder / "queue.sqlite").unlink()
    assert [one.state for one in Queue(queue.runs).jobs()] == ["waiting"]


def test_one_that_waits_or_is_done_is_not_put_back(queue):
    (job,) = (one.id for one in queue.add(planned(1)))
    assert not queue.again(job)
    queue.claim()
    queue.end(job, "done", 0)
    assert not queue.again(job)


def test_with_one_attempt_a_process_that_died_is_a_failure_at_once(queue):
    queue.add(planned(1))
    job = leave_running(queue)
    queue.put_back(1)
    assert states(queue) == ["failed"]
    assert "process died without a word" in queue.find(job).reason


@pytest.fixture
def elsewhere(monkeypatch):
    """Let what follows happen on another machine than what came before, which has other processes."""

    def move(name: str = "other") -> None:
        monkeypatch.setattr("kerascnn.runs.state.this_host", lambda: name)
        monkeypatch.setattr("kerascnn.jobs.queue.this_host", lambda: name)

    return move


def test_what_another_machine_has_claimed_is_not_put_back_until_it_is_released(queue: Queue, elsewhere) -> None:
    queue.add(planned(2))
    job = leave_running(queue, ends="running")
    elsewhere()
    assert queue.put_back() == []
    assert RunFolder(next(queue.runs.glob("2*"))).state.state == "running"
    assert states(queue) == ["running", "waiting"]
    assert queue.release(job)
    assert not queue.release(job)
    assert states(queue) == ["waiting", "waiting"]


def test_what_is_done_on_another_machine_is_done_when_it_is_released(queue: Queue, elsewhere) -> None:
    queue.add(planned(1))
    job = leave_running(queue, ends="running,finalizing,done")
    elsewhere()
    assert queue.release(job)
    assert states(queue) == ["done"]


def test_a_claim_of_this_machine_is_not_released(queue: Queue) -> None:
    job = queue.add(planned(1))[0]
    claimed = queue.claim()
    assert claimed is not None
    assert not queue.release(job.id)
    assert claimed.host == this_host()


def test_what_was_done_elsewhere_for_a_process_that_is_gone_waits_again(queue: Queue, elsewhere) -> None:
    queue.add(planned(1))
    elsewhere("node")
    run = RunFolder.create(queue.runs, given=b"", ending=".yaml", resolved={}, about={"job": queue.jobs()[0].id})
    write_state(run.path, "running")
    elsewhere(this_host())
    leave_running(queue)
    assert run.state.is_elsewhere
    assert len(queue.put_back()) == 1
    assert states(queue) == ["waiting"]


def test_an_index_of_an_earlier_version_gets_the_column_of_the_machine(queue: Queue) -> None:
    queue.add(planned(1))
    with sqlite3.connect(queue.folder / "queue.sqlite") as base:
        base.execute("ALTER TABLE jobs DROP COLUMN host")
    base.close()
    again = Queue(queue.runs)
    claimed = again.claim()
    assert claimed is not None
    assert (claimed.id, claimed.host) == (queue.jobs()[0].id, this_host())
