"""What takes room, what can be removed, and words on the computer."""

from __future__ import annotations

import os
import time

import pytest

from kerascnn.errors import UsageError
from kerascnn_dashboard.logic import plugin_table
from kerascnn_dashboard.logic.machine import disk, removable, remove, size_of, used
from kerascnn_dashboard.logic.settings import doctor_rows, doctor_text, login_words, machine_words
from tests.dashboard.made_runs import make_run


@pytest.fixture
def project(home):
    return home.create("P", "image_classification")


def _checkpoint(run):
    (run.path / "ckpt").mkdir()
    (run.path / "ckpt" / "a").write_bytes(b"x" * 1000)
    return run


def _sizes(home):
    return {one.id: one.size for one in removable(home)}


def test_each_project_says_what_it_takes_the_largest_first(home, project):
    small = home.create("Small", "image_classification")
    (project.folder / "data" / "a.bin").write_bytes(b"x" * 5000)
    first, second = used(home)
    assert (first.title, first.data, first.runs) == ("P", 5000, 0)
    assert first.total == first.data + first.runs + first.other
    assert second.name == small.name
    assert 0 < disk(home).free <= disk(home).total


def test_a_broken_project_takes_room_as_well(home, project):
    (project.folder / "project.json").write_text("{")
    assert used(home)[0].title == "p"


def test_links_count_for_nothing(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x").write_bytes(b"123")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    assert (size_of(tmp_path / "a"), size_of(tmp_path / "b")) == (3, 0)


def test_checkpoints_of_what_ended_are_told_from_those_that_are_gone_on_from(home, project):
    done = _checkpoint(make_run(project, 1))
    stopped = _checkpoint(make_run(project, 2, state="stopped"))
    assert (_sizes(home)["done"], _sizes(home)["ended"]) == (1000, 1000)
    assert remove(home, ["done"]) == 1000
    assert not (done.path / "ckpt").exists()
    assert (stopped.path / "ckpt").exists()
    assert (done.path / "model.keras").is_file()


def test_the_checkpoint_of_a_live_training_is_not_offered(home, project):
    from kerascnn.runs.state import State, this_process
    from tests.dashboard.made_runs import write

    run = _checkpoint(make_run(project))
    pid, started = this_process()
    write(run.path / "state.json", State("running", pid=pid, process_started=started).__dict__)
    assert (_sizes(home)["done"], _sizes(home)["ended"]) == (0, 0)


def test_cache_trash_and_leftovers_can_be_removed(home, project):
    for place in (home.folder / "cache" / "a", project.folder / "cache" / "b", home.folder / "trash" / "c"):
        place.mkdir(parents=True)
        (place / "x").write_bytes(b"12345")
    old, new = home.folder / "uploads" / "old", home.folder / "uploads" / "new"
    for place in (old, new):
        place.mkdir(parents=True)
        (place / "x").write_bytes(b"1")
    os.utime(old, (time.time() - 90_000,) * 2)
    assert (_sizes(home)["cache"], _sizes(home)["trash"], _sizes(home)["left"]) == (10, 5, 1)
    assert remove(home, ["cache", "trash", "left"]) == 16
    assert new.exists()
    assert not old.exists()


def test_a_link_in_the_trash_is_removed_and_not_what_it_leads_to(home, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "x").write_text("x")
    (home.folder / "trash").mkdir()
    (home.folder / "trash" / "link").symlink_to(tmp_path / "mine")
    remove(home, ["trash"])
    assert (tmp_path / "mine" / "x").is_file()
    assert not (home.folder / "trash" / "link").is_symlink()


def test_only_kinds_that_there_are_can_be_removed(home):
    with pytest.raises(UsageError, match=r"nothing to remove is named '\.\./x'"):
        remove(home, ["../x"])


def test_doctor_says_what_is_wrong_first():
    found = [{"name": "a", "ok": True, "text": "1"}, {"name": "b", "ok": False, "text": "gone"}]
    assert [row["What"] for row in doctor_rows(found)] == ["b", "a"]
    assert doctor_text(found) == "ok    a: 1\nFAIL  b: gone"
    with pytest.raises(UsageError, match="is not what was expected"):
        doctor_rows({"x": 1})


def test_the_login_is_said_in_words(monkeypatch):
    monkeypatch.setenv("KERASCNN_LOGIN", "none")
    assert "There is no login" in login_words("")
    monkeypatch.setenv("KERASCNN_LOGIN", "header:X-User")
    assert login_words("ann@x.org").endswith("header X-User. You are ann@x.org.")
    assert "GB of memory" in machine_words()


def test_a_plugin_that_is_set_aside_stands_in_the_table_with_its_reason(tmp_path, monkeypatch):
    from kerascnn.spec import plugins

    file = tmp_path / "broken_one.py"
    file.write_text("raise ValueError('no such thing')\n")
    monkeypatch.setenv(plugins.FILES, str(file))
    monkeypatch.setattr(plugins, "_broken", {})
    monkeypatch.setattr(plugins, "_loaded_plugins", set())
    row = next(row for row in plugin_table.plugin_rows() if row.name == "broken_one")
    assert (row.ok, row.version, row.where, row.provides) == (False, "a file", str(file), ())
    assert "no such thing" in row.reason


def test_a_plugin_that_works_says_what_it_brings(tmp_path, monkeypatch):
    from kerascnn.spec import plugins
    from kerascnn.spec.component import forget

    file = tmp_path / "tried_one.py"
    file.write_text(
        "from kerascnn.spec import Layer, register\n\n\n@register('same')\nclass Same(Layer):\n"
        '    """Do nothing."""\n\n    def apply(self, x):\n        return x\n'
    )
    monkeypatch.setenv(plugins.FILES, str(file))
    try:
        row = next(row for row in plugin_table.plugin_rows() if row.name == "tried_one")
        assert (row.ok, row.kinds, row.provides) == (True, ("layer",), ("layer tried_one.same",))
    finally:
        forget("tried_one")
        plugins._loaded_plugins.discard("tried_one")
