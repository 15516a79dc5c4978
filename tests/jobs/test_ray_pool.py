"""The pool that works on a Ray cluster, with a cluster that is made up: claims, ends, stops, and what a task does."""

import sys
import threading
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from kerascnn.cli import on_ray
from kerascnn.cli.main import run as command
from kerascnn.errors import ResourceError, RunInUseError, UsageError
from kerascnn.jobs import pool, ray_pool
from kerascnn.jobs.files import Remote
from kerascnn.jobs.plan import Planned
from kerascnn.jobs.queue import Queue
from kerascnn.jobs.ray_pool import RayPool, installed
from kerascnn.runs.folder import RunFolder
from kerascnn.runs.lock import RunLock
from kerascnn.templates_list import find_template


class RayError(Exception):
    pass


class TaskCancelledError(RayError):
    pass


class Task:
    def __init__(self, work, arguments):
        self.work, self.arguments = work, arguments


class Made(ModuleType):
    """As much of Ray as the pool asks for; a task is done when it is first looked at."""

    def __init__(self, nodes=2, gpus=0):
        super().__init__("ray")
        self.exceptions = SimpleNamespace(RayError=RayError, TaskCancelledError=TaskCancelledError)
        self.size, self.gpus, self.open, self.most, self.cancelled, self.asked = nodes, gpus, [], 0, [], {}
        self.addresses, self.refuses, self.left = [], False, False

    def is_initialized(self):
        return False

    def init(self, address=None, **options):
        self.addresses.append(address)
        if self.refuses:
            raise ConnectionError("nobody is there\nmore")

    def shutdown(self):
        self.left = True

    def cluster_resources(self):
        return {"GPU": float(self.gpus)} if self.gpus else {}

    def nodes(self):
        head = {"Alive": True, "Resources": {}}
        return [head, *({"Alive": True, "Resources": {"CPU": 4.0}} for _ in range(self.size))]

    def remote(self, **asked):
        self.asked = asked

        def task(work):
            def begin(*arguments):
                self.open.append(Task(work, arguments))
                self.most = max(self.most, len(self.open))
                return self.open[-1]

            return SimpleNamespace(remote=begin)

        return task

    def wait(self, tasks, num_returns, timeout):
        assert (num_returns, timeout) == (len(tasks), 0)
        return tasks, []

    def get(self, task):
        self.open.remove(task)
        if task in self.cancelled:
            raise TaskCancelledError
        return task.work(*task.arguments)

    def cancel(self, task):
        self.cancelled.append(task)


@pytest.fixture
def ray(monkeypatch):
    made = Made()
    monkeypatch.setitem(sys.modules, "ray", made)
    for module in (pool, ray_pool):
        monkeypatch.setattr(module, "BEAT", 0.0)
    return made


@pytest.fixture
def queue(tmp_path: Path) -> Queue:
    queue = Queue(tmp_path / "runs")
    queue.add([Planned("spec.yaml", b"", (), f"seed {i}", "/", "") for i in range(4)])
    return queue


def states(queue):
    return [job.state for job in queue.jobs()]


def go(queue, work, stop=lambda: None, **options):
    return RayPool(queue, work, **options).run(lambda jobs: None, stop)


def test_every_job_is_a_task_and_as_many_at_a_time_as_machines_have_room(ray, queue):
    told = []

    def work(runs, job, around):
        told.append((runs, job["id"]))
        return "done", 0, ""

    assert go(queue, work, address="ray:1") is None
    assert told == [(str(queue.runs), job.id) for job in queue.jobs()]
    assert states(queue) == ["done"] * 4
    assert (ray.most, ray.addresses, ray.left) == (2, ["ray:1"], True)
    assert ray.asked == {
        "num_cpus": 1, "num_gpus": 0, "max_calls": 1, "max_retries": 2, "scheduling_strategy": "SPREAD"
    }  # fmt: skip


def test_where_the_cluster_has_gpus_each_task_has_one(ray, queue):
    ray.gpus = 3
    go(queue, lambda *_: ("done", 0, ""))
    assert (ray.most, ray.asked["num_gpus"]) == (3, 1)


def test_while_a_task_works_its_job_is_claimed_by_the_pool_and_no_other_pool_puts_it_back(ray, queue):
    seen = []

    def work(runs, job, around):
        Remote(runs).began(job["id"], Path(runs) / "a-run")
        seen.append((Queue(runs).put_back(), Queue(runs).find(job["id"]).state))
        return "failed", 3, "no data"

    go(queue, work)
    assert seen == [([], "running")] * 4
    assert [(job.state, job.exit_code, job.reason) for job in queue.jobs()] == [("failed", 3, "no data")] * 4


def test_a_job_whose_machines_all_died_has_failed_and_says_where_its_words_are(ray, queue):
    def work(runs, job, around):
        raise RayError("The node died.\nmore")

    go(queue, work)
    job = queue.jobs()[0]
    assert job.state == "failed"
    said = f"Ray says: The node died.; what it said itself is in {queue.log_of(job.id)}"
    assert job.reason == f"its process died 3 times; {said}"


def test_a_stop_asks_those_that_train_takes_back_those_that_do_not_and_all_wait_again(ray, queue):
    first = queue.jobs()[0].id

    def work(runs, job, around):
        assert Remote(runs).asked_to_stop(job["id"]) == 75
        return "waiting", 75, "stopped"

    def stop():
        Remote(queue.runs).began(first, queue.runs / "a-run")
        return 75 if ray.open else None

    made = RayPool(queue, work)
    made._gather = lambda gather=made._gather: gather() if made._ends else None
    assert made.run(lambda jobs: None, stop) == 75
    assert [task.arguments[1]["id"] for task in ray.cancelled] == [queue.jobs()[1].id]
    assert states(queue) == ["waiting"] * 4
    assert queue.asked_to_stop(first) is None


def test_a_job_that_was_given_up_is_asked_to_stop_and_stays_taken_out(ray, queue):
    def work(runs, job, around):
        assert Remote(runs).asked_to_stop(job["id"]) == 75
        return "waiting", 75, "stopped"

    def wait(tasks, num_returns, timeout):
        known = [task for task in tasks if queue.find(task.arguments[1]["id"]).state == "cancelled"]
        for task in tasks:
            queue.give_up(task.arguments[1]["id"], "others are better")
        return known, []

    ray.wait = wait
    go(queue, work)
    assert states(queue) == ["cancelled"] * 4


def test_what_other_threads_print_does_not_come_among_the_results(ray, queue, capsys):
    def work(runs, job, around):
        thread = threading.Thread(target=lambda: print("of Ray"))
        thread.start()
        thread.join()
        print("result")
        return "done", 0, ""

    go(queue, work)
    out, err = capsys.readouterr()
    assert (out, err) == ("result\n" * 4, "of Ray\n" * 4)


def test_a_cluster_that_does_not_answer_is_said(ray, queue):
    ray.refuses = True
    with pytest.raises(ResourceError, match="no Ray cluster answers at head:6379: nobody is there; `ray status"):
        RayPool(queue, on_ray.work, address="head:6379")
    assert states(queue) == ["waiting"] * 4


def test_without_ray_one_line_says_what_to_install_and_nothing_waits(monkeypatch, tmp_path, capsys):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(UsageError, match=r"pip install 'kerascnn\[ray\]'"):
        installed()
    lenet = str(find_template("lenet5"))
    assert command(["train", lenet, "--engine", "ray", "--runs", str(tmp_path / "runs")]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["train", "SPEC", "--engine", "dask"], "--engine is local or ray (got 'dask')"),
        (["train", "SPEC", "--ray-address", "a:1"], "--ray-address is for --engine ray"),
        (["worker", "--engine", "ray", "--one"], "--one is for processes of this machine"),
        (["train", "SPEC", "--engine", "ray", "--profile"], "--profile is for one spec"),
    ],
)
def test_what_the_engine_does_not_do_is_refused(ray, tmp_path, capsys, arguments, said):
    spec = str(find_template("lenet5"))
    arguments = [spec if word == "SPEC" else word for word in arguments]
    assert command([*arguments, "--runs", str(tmp_path / "runs")]) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "runs").exists()


def test_a_machine_without_the_folder_says_that_it_has_to_be_shared(tmp_path, queue):
    job = queue.claim()
    state, code, reason = on_ray.work(str(tmp_path / "elsewhere"), job.as_dict(), {})
    assert (state, code) == ("failed", 2)
    assert "a folder that all machines of the cluster share" in reason
    assert not (tmp_path / "elsewhere").exists()


def test_a_task_looks_once_a_second_whether_it_is_to_stop(queue, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(on_ray.time, "monotonic", lambda: now[0])
    stop = on_ray._stopper(Remote(queue.runs), "job")
    assert stop() is None
    queue.ask_to_stop("job", 75)
    assert stop() is None
    now[0] = 1.0
    assert stop() == 75


def test_a_task_waits_for_the_lock_of_a_process_that_is_being_ended(queue, monkeypatch):
    job = queue.claim()
    run = RunFolder.create(queue.runs, given=b"", ending=".yaml", resolved={}, about={"job": job.id})
    held = RunLock(run.path).__enter__()
    waited = []

    def sleep(seconds):
        waited.append(seconds)
        if len(waited) == 3:
            held.__exit__()

    monkeypatch.setattr(on_ray.time, "sleep", sleep)
    on_ray._await_lock(Remote(queue.runs), job)
    assert waited == [1.0, 1.0, 1.0]
    monkeypatch.setattr(on_ray, "_PATIENCE", 0.0)
    with RunLock(run.path), pytest.raises(RunInUseError):
        on_ray._await_lock(Remote(queue.runs), job)
