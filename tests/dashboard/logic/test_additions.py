"""Predicted files become samples of a new version."""

import pytest

from kerascnn.errors import UsageError
from kerascnn_dashboard.logic import predictions
from kerascnn_dashboard.logic.additions import add_files, classes_of, why_not
from kerascnn_dashboard.logic.predictions import choices, find_batch, new_batch
from kerascnn_dashboard.logic.scanning import samples_of
from tests.dashboard.made import FakePredictors, finished_run, picture_folder, picture_project


@pytest.fixture
def project(home):
    made = picture_project(home)
    finished_run(made)
    return made


@pytest.fixture
def batch(project, monkeypatch):
    fake = FakePredictors()
    monkeypatch.setattr(predictions, "predictors", lambda: fake)
    picture = (project.folder / "data" / "files" / "cat" / "0.png").read_bytes()
    made = new_batch(project, choices(project)[0], id="b", uploads=[("new cat.png", picture), ("odd.png", picture)])
    made.wait(5)
    return find_batch(project, "b")


def test_files_stand_in_a_new_version_and_the_old_one_stays(project, batch):
    made = add_files(project, batch, {0: "cat", 1: "dog"}, after="v1", by="ada")
    assert (made.name, made.by, made.facts["samples"]) == ("v2", "ada", 8)
    assert made.about == "2 predicted files added to v1"
    labels = {name: sample.label for name, sample in samples_of(project, made).items()}
    assert len(labels) == 8
    assert {labels[name] for name in labels if "odd" in name} == {"dog"}
    assert len(samples_of(project, project.version("v1"))) == 6
    assert why_not(project) == ""


def test_fixes_and_the_rest_of_the_version_stay(project, batch):
    old = project.version()
    project.add_version({**old.data, "allow": ["unreadable"]}, "cleaning", "", after="v1")
    made = add_files(project, batch, {0: "cat"}, after="v2")
    assert made.data["allow"] == ["unreadable"]
    assert made.data["source"]["path"] != old.data["source"]["path"]


def test_new_files_of_a_divided_source_are_trained_on(project, batch):
    root = project.folder / "data" / "parts"
    for part in ("train", "test"):
        picture_folder(root / part)
    project.add_version({"source": {"type": "image_folder", "path": str(root)}}, "archive", "", after="v1")
    assert classes_of(project) == ["cat", "dog"]
    made = add_files(project, batch, {1: "dog"}, after="v2")
    (new,) = [sample for name, sample in samples_of(project, made).items() if "odd" in name]
    assert (new.split, new.label) == ("train", "dog")


@pytest.mark.parametrize(
    ("labels", "said"),
    [({}, "at least one"), ({0: "../cat"}, "no class"), ({0: "bird"}, "no class"), ({7: "cat"}, "gone")],
)
def test_what_no_form_offers_is_refused(project, batch, labels, said):
    with pytest.raises(UsageError, match=said):
        add_files(project, batch, labels, after="v1")
    assert len(project.versions()) == 1


def test_somebody_who_was_faster_is_not_overwritten(project, batch):
    project.add_version(project.version().data, "cleaning", "", after="v1")
    with pytest.raises(UsageError, match="somebody made v2"):
        add_files(project, batch, {0: "cat"}, after="v1")
    assert not [item for item in (project.folder / "data").iterdir() if item.name.startswith("added-")]


def test_why_it_cannot_be_is_said(home, project, tmp_path):
    outside = picture_folder(tmp_path / "mine")
    project.add_version({"source": {"type": "image_folder", "path": str(outside)}}, "folder", "", after="v1")
    assert "folder of yours" in why_not(project)
    project.add_version({"source": {"type": "digits"}}, "demo", "", after="v2")
    assert "source 'digits'" in why_not(project)
    inside = {"type": "image_folder", "path": str(project.folder / "data" / "files")}
    project.add_version({"source": inside, "split": {"file": "x.csv"}}, "folder", "", after="v3")
    assert "which sample is in which split" in why_not(project)
    assert why_not(home.create("Empty", "image_classification")) == "the project has no data yet"
