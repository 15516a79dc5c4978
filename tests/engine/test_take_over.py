"""A run that a process of another machine worked on goes on here, where that machine has let go of its lock."""

import json

import pytest

from kerascnn.engine.train import resume, train
from kerascnn.errors import RunInUseError, StoppedError
from kerascnn.runs.folder import RunFolder, list_runs
from kerascnn.runs.lock import RunLock
from tests.engine.made import make_folder, make_spec


@pytest.fixture
def left(tmp_path) -> RunFolder:
    """Return a run that another machine left in the midst of its work."""
    make_folder(tmp_path / "pictures", {"cat": 16, "dog": 16})
    spec = make_spec(tmp_path / "pictures", stages=[{"epochs": 3}])
    with pytest.raises(StoppedError):
        train(spec, tmp_path / "runs", stop=lambda: 75)
    (run,) = list_runs(tmp_path / "runs")
    state = json.loads((run.path / "state.json").read_text("utf-8"))
    (run.path / "state.json").write_text(json.dumps(state | {"state": "running", "host": "a machine"}), "utf-8")
    return run


def test_it_goes_on_from_its_checkpoint_and_not_while_the_lock_is_held(left):
    assert left.state.state == "running"
    with RunLock(left.path), pytest.raises(RunInUseError):
        resume(left)
    assert resume(left).state.state == "done"
    assert "its machine a machine left it" in (left.path / "logs" / "run.log").read_text("utf-8")
    assert len(left.read("effective.json")["resumes"]) == 1
