import pytest

from kerascnn.errors import SpecError
from kerascnn.templates_list import find_template
from kerascnn_dashboard.logic.drafts import with_changes
from kerascnn_dashboard.logic.own_files import own_spec
from kerascnn_dashboard.logic.training import start, trainings

TEXT = find_template("simple_cnn").read_text("utf-8")


@pytest.fixture
def project(home, tmp_path, started):
    inside = tmp_path / "pictures"
    inside.mkdir()
    home.set_roots([str(inside)])
    return home.create("Flowers", "image_classification")


def named(path, value):
    return with_changes(TEXT, {path: value})


def test_files_of_the_home_and_of_allowed_folders_may_be_named(project, tmp_path):
    for path in (tmp_path / "pictures", project.folder / "data", tmp_path / "pictures" / "cats.zip"):
        assert own_spec(project, named("data.source.path", str(path))).data.source.path == str(path)
    assert own_spec(project, named("data.source.path", "data/mine"))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("data.source.path", "/etc"),
        ("data.source.path", "../../../.."),
        ("data.source.path", "~root"),
        ("data.fixes", "/etc/passwd"),
        ("data.split.file", "/etc/passwd"),
        ("data.split.lists", {"train": "/etc/passwd"}),
        ("model.backbone.weights", "/etc/passwd"),
        ("train.stages.0.methods", [{"type": "distillation", "run": "/etc"}]),
    ],
)
def test_no_other_file_may_be_whatever_names_it(project, path, value):
    text = named("data.source.path", "data/mine")
    text = with_changes(text, {path: value})
    with pytest.raises(SpecError, match="may not be read") as caught:
        own_spec(project, text)
    assert caught.value.issues[0].path.startswith(path)
    with pytest.raises(SpecError, match="may not be read"):
        start(project, text, id="one", name="x")
    assert trainings(project) == []


def test_a_link_that_leads_outside_is_followed_and_refused(project, tmp_path):
    (tmp_path / "pictures" / "link").symlink_to("/etc")
    with pytest.raises(SpecError, match="'/etc' may not be read"):
        own_spec(project, named("data.source.path", str(tmp_path / "pictures" / "link")))


def test_weights_that_are_no_file_are_not_looked_for(project):
    text = named("data.source.path", "data/mine")
    assert own_spec(project, with_changes(text, {"model.backbone.weights": "some_preset"}))
