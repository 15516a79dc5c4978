import json
import subprocess
import sys

import pytest

from kerascnn.spec import spec_from_dict
from kerascnn_dashboard import folding
from kerascnn_dashboard.logic.every_label import first_run, is_fold, spec_of, start
from kerascnn_dashboard.logic.models import models_of
from tests.dashboard.made_evaluation import shapes_project, shapes_run


@pytest.fixture
def project(home, started):
    return shapes_project(home)


def test_the_spec_is_the_runs_own_divided_anew(project):
    run = shapes_run(project)
    before = run.read("spec.resolved.json")
    before["data"]["split"] |= {"file": "/split.csv"}
    after = spec_of(before)
    assert after["name"] == "shapes-every-label"
    assert after["data"]["split"]["file"] is None
    assert after["model"] == before["model"]
    assert spec_of(after)["name"] == "shapes-every-label"
    spec_from_dict({**after, "data": {**after["data"], "split": {"folds": 5}}})


def test_it_is_started_once_with_a_spec_of_its_own(project, started):
    run = shapes_run(project)
    job = start(project, run, "look-1")
    assert start(project, run, "look-1").id == job.id
    assert len(started) == 1
    assert job.command[0] == "kerascnn_dashboard.folding"
    with open(job.command[1], encoding="utf-8") as file:
        assert json.load(file)["name"] == "shapes-every-label"
    assert len(project.jobs.all()) == 1


def test_runs_of_folds_come_behind_the_others(project):
    first, fold = shapes_run(project, 1), shapes_run(project, 2)
    spec = fold.read("spec.resolved.json")
    spec["data"]["split"] |= {"folds": 5, "fold": 0}
    (fold.path / "spec.resolved.json").write_text(json.dumps(spec))
    assert (is_fold(first), is_fold(fold)) == (False, True)
    assert list(models_of(project)) == [first.id, fold.id]


@pytest.mark.parametrize("printed", ["", "[]", "{}", '{"runs": []}'])
def test_what_names_no_runs_is_refused(printed):
    with pytest.raises(ValueError, match=r".+"):
        first_run(printed)


def play(monkeypatch, *answers):
    """Let commands be answered by these exit codes and texts; return what was asked for."""
    asked, left = [], list(answers)
    monkeypatch.setattr(folding, "_run", lambda arguments: (asked.append(arguments), left.pop(0))[1])
    return asked


def test_the_folds_are_trained_then_looked_at_together(monkeypatch, tmp_path, capsys):
    asked = play(monkeypatch, (0, '{"runs": [{"run": "r0"}, {"run": "r1"}]}'), (0, '{"label_errors": []}'))
    assert folding.main(tmp_path / "s.json", tmp_path / "runs", tmp_path / "lock") == 0
    assert asked[0][:4] == ["train", str(tmp_path / "s.json"), "--folds", "5"]
    assert asked[1][:4] == ["failures", "r0", "--split", "test"]
    assert json.loads(capsys.readouterr().out) == {"label_errors": []}


def test_a_training_that_fails_ends_it_with_its_code(monkeypatch, tmp_path):
    asked = play(monkeypatch, (3, ""))
    assert folding.main(tmp_path / "s.json", tmp_path / "runs", tmp_path / "lock") == 3
    assert len(asked) == 1


def test_what_a_training_printed_and_cannot_be_read_is_said(monkeypatch, tmp_path, capsys):
    play(monkeypatch, (0, "{"))
    assert folding.main(tmp_path / "s.json", tmp_path / "runs", tmp_path / "lock") == 1
    assert "cannot be read" in capsys.readouterr().err


def test_a_command_of_kerascnn_is_really_run():
    code, printed = folding._run(["--help"])
    assert code == 0
    assert printed.strip()


def test_a_real_process_says_a_spec_that_is_not_there(tmp_path):
    command = [sys.executable, "-m", "kerascnn_dashboard.folding", "gone.json", str(tmp_path), str(tmp_path / "lock")]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 2
    assert "gone.json" in done.stderr
