import threading

import pytest

from kerascnn.errors import UsageError

DATA = {"source": {"type": "digits"}}


@pytest.fixture
def project(home):
    return home.create("Flowers", "image_classification")


def test_versions_of_the_data_are_numbered_and_never_changed(project):
    first = project.add_version(DATA, "demo", "digits", by="ada")
    second = project.add_version({**DATA, "fixes": "/f.csv"}, "cleaning", "3 labels changed", after="v1")
    assert [version.name for version in project.versions()] == ["v1", "v2"]
    assert project.version() == second
    assert project.version("v1") == first
    assert project.version("v1").by == "ada"


def test_who_worked_on_an_older_version_is_told_and_nothing_is_written(project):
    project.add_version(DATA, "demo", "digits")
    project.add_version(DATA, "cleaning", "somebody's", after="v1")
    with pytest.raises(UsageError, match="somebody made v2 while you worked on v1"):
        project.add_version(DATA, "cleaning", "mine", after="v1")
    assert len(project.versions()) == 2


def test_ten_writers_at_once_make_ten_versions(project):
    threads = [threading.Thread(target=project.add_version, args=(DATA, "demo", str(i))) for i in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [version.name for version in project.versions()] == [f"v{i}" for i in range(1, 11)]
    assert {version.about for version in project.versions()} == set("0123456789")
    assert project.facts().revision == 10


def test_a_project_without_data_says_where_to_bring_some(project):
    with pytest.raises(UsageError, match="page Data"):
        project.version()


def test_a_version_that_is_not_there_names_those_that_are(project):
    project.add_version(DATA, "demo", "digits")
    with pytest.raises(UsageError, match="there are v1"):
        project.version("v7")


def test_a_damaged_version_is_said_with_its_file(project):
    project.add_version(DATA, "demo", "digits")
    (project.folder / "data" / "v1.json").write_text('{"name": "v1"}', "utf-8")
    with pytest.raises(UsageError, match=r"v1\.json cannot be read"):
        project.versions()


def test_the_second_of_two_writers_is_told_and_not_overwritten(project):
    seen = project.facts().revision
    project.change(seen=seen, title="Meadow")
    with pytest.raises(UsageError, match="somebody else"):
        project.change(seen=seen, title="Garden")
    assert project.facts().title == "Meadow"


def test_the_draft_is_kept_even_where_it_is_wrong(project):
    assert project.draft() is None
    project.keep_draft("name: [")
    assert project.draft() == "name: ["
