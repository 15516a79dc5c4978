import json
import os
import subprocess
import sys
import time
from dataclasses import asdict

import pytest

from kerascnn.errors import ResourceError, UsageError
from kerascnn.runs import folder as folder_module
from kerascnn.runs.atomic import append_json_line, write_json
from kerascnn.runs.folder import FORMAT, RUN_ID, RunFolder, figures, list_runs
from kerascnn.runs.state import State, this_process, write_state

RESOLVED = {"kerascnn": 1, "name": "cats"}


def create(root, **about):
    return RunFolder.create(
        root,
        given=b"kerascnn: 1  # mine\n",
        ending=".yaml",
        resolved=RESOLVED,
        about={"name": "cats", **about},
    )


def rename(run, run_id):
    """Give a run another id."""
    run.path.rename(run.path.with_name(run_id))
    return RunFolder(run.path.with_name(run_id))


def test_a_new_run_holds_its_spec_to_the_byte(tmp_path):
    run = create(tmp_path / "a" / "runs")
    assert sorted(os.listdir(run.path)) == [
        "RUN.json",
        "logs",
        "spec.resolved.json",
        "spec.yaml",
        "state.json",
    ]
    assert (run.path / "spec.yaml").read_bytes() == b"kerascnn: 1  # mine\n"
    assert run.read("spec.resolved.json") == RESOLVED
    assert run.about()["format"] == FORMAT
    assert run.about()["run"] == run.id
    assert abs(run.about()["created"] - time.time()) < 10
    assert run.state.state == "new"
    assert RUN_ID.fullmatch(run.id)


def test_runs_of_one_second_stand_in_the_order_of_their_making(tmp_path):
    made = [create(tmp_path).id for _ in range(20)]
    assert [run.id for run in list_runs(tmp_path)] == made
    assert len({name[:15] for name in made}) < 20
    assert RunFolder.find("latest", tmp_path).id == made[-1]


def test_a_name_that_is_taken_is_drawn_again(tmp_path, monkeypatch):
    class Clock(folder_module.datetime):
        @classmethod
        def now(cls, tz=None):
            return cls(2026, 11, 21, 10, 15, 0, 5, tzinfo=tz)

    monkeypatch.setattr(folder_module, "datetime", Clock)
    digits = iter("aaab")
    monkeypatch.setattr(folder_module.secrets, "token_hex", lambda n: next(digits) if n == 1 else "0" * 2 * n)
    assert create(tmp_path).id == "20261121-101500-00005a"
    assert create(tmp_path).id == "20261121-101500-00005b"


def test_a_run_is_found_by_id_beginning_path_and_latest(tmp_path, monkeypatch):
    first = rename(create(tmp_path), "20261120-101500-aaaaaa")
    last = rename(create(tmp_path), "20261121-101500-bbbbbb")
    monkeypatch.chdir(tmp_path.parent)
    for name in (
        "20261120-101500-aaaaaa",
        "20261120",
        first.path,
        str(first.path),
        f"{tmp_path.name}/{first.id}",
    ):
        assert RunFolder.find(name, tmp_path).path.resolve() == first.path
    assert RunFolder.find("latest", tmp_path).path == last.path
    monkeypatch.chdir(last.path)
    assert RunFolder.find(".", tmp_path).id == last.id


def test_an_id_is_found_though_it_is_the_beginning_of_another(tmp_path):
    rename(create(tmp_path), "20261120-101500-aaaaaa")
    found = RunFolder.find("20261120-101500-aaaaaa", tmp_path)
    assert found.id == "20261120-101500-aaaaaa"


def test_an_ambiguous_beginning_names_the_runs_that_it_fits(tmp_path):
    rename(create(tmp_path), "20261120-101500-aaaaaa")
    rename(create(tmp_path), "20261120-101501-bbbbbb")
    with pytest.raises(UsageError, match="'20261120' fits 2 runs: 20261120-101500-aaaaaa, 20261120-101501-bbbbbb"):
        RunFolder.find("20261120", tmp_path)


@pytest.mark.parametrize("name", ["", "x", "latest", "a\0b", "x" * 300, "../..", "\udcff"])
def test_no_run_of_a_name_is_a_usage_error(tmp_path, name):
    with pytest.raises(UsageError, match="there are none"):
        RunFolder.find(name, tmp_path / "runs")
    run = create(tmp_path / "runs")
    if name != "latest":
        with pytest.raises(UsageError, match=f"no run .*; the last ones are {run.id}"):
            RunFolder.find(name, tmp_path / "runs")


def test_folders_that_are_no_runs_are_passed_over(tmp_path):
    run = create(tmp_path)
    (tmp_path / "notes").mkdir()
    (tmp_path / "20261120-101500-aaaaaa").mkdir()
    (tmp_path / "20261120-101500-bbbbbb").write_text("a file")
    (tmp_path / f"{run.id}.bak").mkdir()
    (tmp_path / f"{run.id}.bak" / "RUN.json").write_text("{}")
    assert [found.id for found in list_runs(tmp_path)] == [run.id]


def test_there_are_no_runs_where_there_is_no_folder(tmp_path):
    (tmp_path / "file").write_text("")
    assert list_runs(tmp_path / "gone") == list_runs(tmp_path / "file") == []


@pytest.mark.parametrize("root", ["file", "file/runs"])
def test_a_root_that_is_a_file_is_a_resource_error(tmp_path, root):
    (tmp_path / "file").write_text("")
    with pytest.raises(ResourceError, match="cannot make a run under") as caught:
        create(tmp_path / root)
    assert caught.value.exit_code == 5


def test_a_root_with_an_impossible_name_is_a_resource_error(tmp_path):
    with pytest.raises(ResourceError, match="cannot make a run under"):
        create(tmp_path / ("x" * 300))
    with pytest.raises(ResourceError, match="cannot make a run under"):
        create(f"{tmp_path}/a\0b")


def test_a_later_format_is_refused(tmp_path):
    run = create(tmp_path)
    write_json(run.path / "RUN.json", {**run.about(), "format": FORMAT + 1})
    for ask in (run.about, run.summary):
        with pytest.raises(UsageError, match=rf"was written by a later kerascnn \(format {FORMAT + 1}\)"):
            ask()


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"{}", b'{"format": "2"}', b"\xff"])
def test_a_damaged_about_is_a_usage_error(tmp_path, content):
    run = create(tmp_path)
    (run.path / "RUN.json").write_bytes(content)
    with pytest.raises(UsageError, match=r"RUN\.json cannot be read"):
        run.about()


def test_a_missing_file_says_the_state_of_the_run_and_why(tmp_path):
    run = create(tmp_path)
    with pytest.raises(UsageError, match=f"run {run.id} has no effective.json; its state is 'new'"):
        run.read("effective.json")
    write_state(run.path, "failed", reason="2 of 9 pictures cannot be read\n  a.png: is empty")
    for ask in (lambda: run.read("labels.json"), run.manifest):
        with pytest.raises(UsageError, match=r"its state is 'failed': 2 of 9 pictures cannot be read$"):
            ask()


def test_a_summary_is_the_row_of_a_run(tmp_path):
    run = create(tmp_path)
    assert run.summary() == {
        "run": run.id,
        "name": "cats",
        "path": str(run.path),
        "state": "new",
        "reason": "",
        "created": run.about()["created"],
        "epochs": 0,
        "metrics": {},
    }
    counters = {"stage": 0, "learning_rate": 0.1, "seconds": 1.5}
    append_json_line(run.path / "metrics.jsonl", {"epoch": 1, "loss": 2.0, "val_loss": 2.5, "kept": True, **counters})
    append_json_line(run.path / "metrics.jsonl", {"epoch": 2, "loss": 1.0, "val_loss": 1.5, "kept": True, **counters})
    append_json_line(run.path / "metrics.jsonl", {"epoch": 3, "loss": 0.5, "val_loss": 3.5, "kept": False, **counters})
    write_state(run.path, "running")
    write_state(run.path, "stopped", reason="stopped on request")
    row = run.summary()
    assert (row["state"], row["reason"], row["epochs"]) == ("stopped", "stopped on request", 3)
    assert row["metrics"] == {"loss": 1.0, "val_loss": 1.5}
    assert run.best()["epoch"] == 2
    assert json.loads(json.dumps(row)) == row


def test_figures_are_all_but_the_counters():
    line = {
        "epoch": 1,
        "stage": 0,
        "kept": True,
        "learning_rate": 0.1,
        "seconds": 1,
        "loss": 2.0,
        "val_accuracy": 0.5,
    }
    assert figures(line) == {"loss": 2.0, "val_accuracy": 0.5}


def test_a_run_whose_process_is_gone_is_lost_in_its_summary(tmp_path):
    run = create(tmp_path)
    pid, created = this_process()
    write_json(run.path / "state.json", asdict(State("running", 1, pid, created - 1000)))
    assert run.summary()["state"] == "lost"


def test_the_log_takes_a_line_with_the_time_for_each_line(tmp_path):
    run = create(tmp_path)
    run.log("one\ntwo")
    run.log(f"odd name {os.fsdecode(bytes([255]))}.png")
    lines = (run.path / "logs" / "run.log").read_text("utf-8").splitlines()
    assert [line.split(" ", 1)[1] for line in lines] == ["one", "two", "odd name \\udcff.png"]
    assert time.strptime(lines[0].split(" ")[0], "%Y-%m-%dT%H:%M:%SZ")


def test_a_log_that_cannot_be_written_is_a_resource_error(tmp_path):
    run = create(tmp_path)
    (run.path / "logs").rmdir()
    with pytest.raises(ResourceError, match=r"cannot write .*run\.log"):
        run.log("x")


def test_run_folders_need_no_keras():
    code = """
import sys
from kerascnn.runs import atomic, folder, lock, state
assert not {"keras", "numpy", "tensorflow"} & set(sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
