"""`kerascnn queue`, and what a batch refuses before anything is trained."""

import json

import pytest

from kerascnn.cli.main import run
from kerascnn.jobs.plan import Planned
from kerascnn.jobs.queue import Queue
from kerascnn.templates_list import find_template

LENET = str(find_template("lenet5"))


@pytest.fixture
def queue(tmp_path):
    queue = Queue(tmp_path / "runs")
    queue.add([Planned("spec.yaml", b"", (), f"seed {i}", "/", "") for i in range(3)])
    return queue


def told(capsys, *arguments):
    code = run(list(arguments))
    out, err = capsys.readouterr()
    return code, out, err


def test_the_queue_is_listed_in_its_order(queue, capsys):
    first, second, third = (job.id for job in queue.jobs())
    assert told(capsys, "queue", "move", third, "--runs", str(queue.runs))[0] == 0
    code, out, _ = told(capsys, "queue", "list", "--runs", str(queue.runs))
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()[2:]] == [third, first, second]
    _, out, _ = told(capsys, "queue", "list", "--runs", str(queue.runs), "--json")
    assert [job["state"] for job in json.loads(out)] == ["waiting"] * 3


def test_what_waits_is_cancelled_and_said_where_it_does_not(queue, capsys):
    job = queue.jobs()[0].id
    assert told(capsys, "queue", "cancel", job, "--runs", str(queue.runs))[:2] == (0, f"cancelled {job}\n")
    code, _, err = told(capsys, "queue", "cancel", job, "--runs", str(queue.runs))
    assert code == 2
    assert "its state is 'cancelled'" in err


def test_an_empty_queue_is_said(tmp_path, capsys):
    assert told(capsys, "queue", "list", "--runs", str(tmp_path))[1] == f"nothing is in the queue of {tmp_path}\n"
    assert told(capsys, "worker", "--runs", str(tmp_path))[:2] == (0, "nothing waits in the queue\n")


def test_the_index_is_made_again(queue, capsys):
    _, out, _ = told(capsys, "queue", "rebuild", "--runs", str(queue.runs))
    assert out == f"3 trainings are in the queue of {queue.runs}\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--set", "train.seed=1,2", "--seeds", "2"], "--set train.seed=1,2,3 makes a batch"),
        (["--jobs", "2", "--find-lr"], "--find-lr is for one spec"),
        ([LENET, "--profile"], "--profile is for one spec"),
        (["--set", "train.seed=1,x"], "train.seed: should be a whole number"),
    ],
)
def test_what_a_batch_does_not_do_is_refused_and_nothing_waits(tmp_path, capsys, arguments, said):
    code, out, err = told(capsys, "train", LENET, *arguments, "--runs", str(tmp_path / "runs"))
    assert code == 2
    assert said in err
    assert out == ""
    assert not (tmp_path / "runs").exists()
