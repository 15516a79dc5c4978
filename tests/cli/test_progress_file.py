import json

from kerascnn.cli.progress_file import Written
from kerascnn.engine.progress import Progress


class Heard(Progress):
    """Writes down what it is told."""

    def __init__(self):
        self.told = []

    def note(self, text):
        self.told.append(("note", text))

    def stage(self, number, stages, epochs, steps):
        self.told.append(("stage", number, stages, epochs, steps))

    def step(self, epoch, step, figures):
        self.told.append(("step", epoch, step))

    def epoch(self, epoch, figures, *, kept):
        self.told.append(("epoch", epoch, kept))

    def close(self):
        self.told.append(("close",))


def test_the_newest_is_in_the_file_and_the_other_hears_all(tmp_path):
    other, file = Heard(), tmp_path / "progress"
    written = Written(other, file)
    written.note("reading")
    assert json.loads(file.read_text())["doing"] == "reading"
    with written.count("pictures", 3) as done:
        done()
        assert json.loads(file.read_text())["total"] == 3
    written.stage(1, 2, 5, 100)
    for step in range(1, 101):
        written.step(1, step, {})
    written.epoch(1, {}, kept=True)
    written.close()
    now = json.loads(file.read_text())
    assert {key: now[key] for key in ("stage", "stages", "epoch", "epochs", "step", "steps", "doing")} == {
        "stage": 1, "stages": 2, "epoch": 1, "epochs": 5, "step": 0, "steps": 100, "doing": "",
    }  # fmt: skip
    assert now["seconds_per_epoch"] >= 0
    assert [line[0] for line in other.told] == ["note", "stage", *["step"] * 100, "epoch", "close"]


def test_steps_are_written_seldom(tmp_path, monkeypatch):
    written = Written(Progress(), tmp_path / "progress")
    written.stage(1, 1, 1, 1000)
    before = (tmp_path / "progress").stat().st_mtime_ns
    for step in range(200):
        written.step(1, step, {})
    assert (tmp_path / "progress").stat().st_mtime_ns == before


def test_a_file_that_cannot_be_written_stops_nothing(tmp_path):
    written = Written(Progress(), tmp_path / "no" / "progress")
    written.note("going on")
    assert not (tmp_path / "no").exists()
