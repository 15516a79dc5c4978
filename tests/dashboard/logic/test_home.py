import json

import pytest

from kerascnn.errors import UsageError
from kerascnn_dashboard.logic.home import Broken, name_of
from kerascnn_dashboard.logic.project import Project


def test_a_project_is_found_by_its_name(home):
    made = home.create("  Käfer   der Wiese ", "image_classification", owner="ada")
    found = home.project("kafer-der-wiese")
    assert found.folder == made.folder
    facts = found.facts()
    assert (facts.title, facts.task, facts.owner) == ("Käfer der Wiese", "image_classification", "ada")


@pytest.mark.parametrize(
    "name", ["../x", "..", "", "a/b", "A", "a.b", "x" * 61, "-a", "a\0", "con", "a\n"]
)  # fmt: skip
def test_what_is_no_name_opens_no_folder(home, name):
    with pytest.raises(UsageError):
        home.project(name)


def test_a_name_that_windows_keeps_for_itself_gets_another_one():
    assert name_of("CON") == "con-project"


@pytest.mark.parametrize("title", ["", "   ", "猫", "!!!"])
def test_a_title_without_letters_is_refused_with_what_is_needed(home, title):
    with pytest.raises(UsageError, match="needs a letter"):
        home.create(title, "image_classification")


def test_a_title_that_is_too_long_is_refused(home):
    with pytest.raises(UsageError, match="81 characters"):
        home.create("x" * 81, "image_classification")


def test_the_project_that_was_changed_last_comes_first_and_broken_ones_last(home):
    first, second, broken = (home.create(name, "image_classification") for name in ("one", "two", "three"))
    first.change(seen=0, title="One")
    (broken.folder / "project.json").write_text("[]", "utf-8")
    found = home.projects()
    assert [one.name for one in found] == ["one", second.name, "three"]
    assert isinstance(found[2], Broken)
    assert "cannot be read" in found[2].reason
    assert isinstance(found[0], Project)


def test_a_project_of_a_later_version_says_so(home):
    made = home.create("one", "image_classification")
    file = made.folder / "project.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"format": 99}), "utf-8")
    with pytest.raises(UsageError, match="later kerascnn"):
        home.project("one")


def test_only_folders_under_the_roots_may_be_read(home, tmp_path):
    inside, outside = tmp_path / "in", tmp_path / "out"
    inside.mkdir()
    outside.mkdir()
    home.set_roots([str(inside)])
    assert home.allowed(inside) == inside
    (inside / "link").symlink_to(outside)
    for path in (outside, inside / ".." / "out", inside / "link", "/etc", "relative", "", "a\0b"):
        with pytest.raises(UsageError):
            home.allowed(path)
    with pytest.raises(UsageError, match="there is no"):
        home.allowed(inside / "nothing")


def test_a_root_that_is_no_folder_is_refused_and_the_old_ones_stay(home, tmp_path):
    before = home.roots()
    with pytest.raises(UsageError, match="is no folder"):
        home.set_roots([str(tmp_path), "/nowhere/at/all"])
    assert home.roots() == before


def test_damaged_settings_are_said(home):
    (home.folder / "settings.json").write_text('{"roots": 1}', "utf-8")
    with pytest.raises(UsageError, match="should be a list"):
        home.roots()
    (home.folder / "settings.json").write_text("[]", "utf-8")
    with pytest.raises(UsageError, match=r"settings\.json cannot be read"):
        home.roots()


def test_other_settings_stay_where_roots_change(home, tmp_path):
    (home.folder / "settings.json").write_text('{"upload_limit": 5, "roots": []}', "utf-8")
    home.set_roots([str(tmp_path)])
    assert json.loads((home.folder / "settings.json").read_text()) == {"upload_limit": 5, "roots": [str(tmp_path)]}
