import os

import pytest
from PIL import Image

from kerascnn_dashboard.logic.explaining import explain, explained
from tests.dashboard.made_evaluation import ended, shapes_project, shapes_run


@pytest.fixture
def project(home, started):
    return shapes_project(home)


@pytest.fixture
def picture(tmp_path):
    file = tmp_path / "map.png"
    Image.new("RGB", (9, 9)).save(file)
    return str(file)


def test_the_same_samples_are_explained_once(home, project, started):
    run = shapes_run(project)
    job = explain(home, project, run, ["/b.png", "/a.png", "/b.png", ""])
    assert job.command[:5] == ("kerascnn", "explain", run.id, "/a.png", "/b.png")
    assert explain(home, project, run, ["/a.png", "/b.png"]).id == job.id
    assert len(started) == 1


def test_one_works_at_a_time(home, project, started):
    run = shapes_run(project)
    job = explain(home, project, run, ["/a.png"])
    assert explain(home, project, run, ["/c.png"]).id == job.id


def test_only_what_is_missing_is_asked_for(home, project, picture):
    run = shapes_run(project)
    ended(explain(home, project, run, ["/a.png"]), [{"path": "/a.png", "label": "circle", "file": picture}])
    assert explained(project, run)["/a.png"].picture == picture
    assert explain(home, project, run, ["/a.png"]) is None
    assert "/a.png" not in explain(home, project, run, ["/a.png", "/b.png"]).command


def test_what_a_job_that_failed_has_done_is_kept(home, project, picture):
    run = shapes_run(project)
    job = explain(home, project, run, ["/a.png", "/bad.png"])
    ended(job, [{"path": "/a.png", "label": "circle", "file": picture}], code=3, log="error: 1 of 2 files")
    assert list(explained(project, run)) == ["/a.png"]


def test_another_model_has_other_maps(home, project, picture):
    run = shapes_run(project)
    ended(explain(home, project, run, ["/a.png"]), [{"path": "/a.png", "label": "circle", "file": picture}])
    os.utime(run.path / "model.keras", ns=(5, 5))
    assert explained(project, run) == {}


def test_of_a_text_its_words_have_a_share_of_the_strongest(home, project):
    run = shapes_run(project)
    rows = [{"path": "/a.txt", "label": "good", "file": "/a.html", "tokens": [["fine", 4.0], ["the", -1.0]]}]
    ended(explain(home, project, run, ["/a.txt"]), rows)
    one = explained(project, run)["/a.txt"]
    assert (one.picture, one.words) == ("", (("fine", 1.0), ("the", 0.25)))
