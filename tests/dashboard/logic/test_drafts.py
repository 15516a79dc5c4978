import pytest

from kerascnn.errors import UsageError
from kerascnn.spec.load import parse_spec
from kerascnn.templates_list import find_template
from kerascnn_dashboard.logic.drafts import fitting_name, given_spec, with_changes, with_data

TEXT = find_template("simple_cnn").read_text("utf-8")


@pytest.fixture
def project(home):
    return home.create("Flowers", "image_classification")


def test_a_version_brings_its_source_and_fixes_and_the_rest_stays(project):
    first = project.add_version({"source": {"type": "image_folder", "path": "/a"}, "fixes": "/f.csv"}, "folder", "a")
    text = with_data(TEXT, first)
    spec = parse_spec(text)
    assert (spec.data.source.path, spec.data.fixes, spec.data.image_size) == ("/a", "/f.csv", (96, 96))
    assert [line for line in text.splitlines() if line.startswith("#")] == [
        line for line in TEXT.splitlines() if line.startswith("#")
    ]
    second = project.add_version({"source": {"type": "digits"}}, "demo", "b")
    spec = parse_spec(with_data(text, second))
    assert (spec.data.source.type_name, spec.data.fixes) == ("digits", None)
    assert with_data(text, first) == text


def test_changes_are_put_in_by_their_paths():
    spec = parse_spec(with_changes(TEXT, {"train.batch_size": 16, "train.stages.0.learning_rate": 0.5}))
    assert (spec.train.batch_size, spec.train.stages[0].learning_rate) == (16, 0.5)


@pytest.mark.parametrize("run", ["../../etc", "", "20260101-000000-abcdef", "latest"])
def test_what_is_no_run_has_no_spec(project, run):
    with pytest.raises(UsageError):
        given_spec(project, run)


@pytest.mark.parametrize(
    ("written", "kept"), [("a b", "a-b"), ("-.x.-", "x"), ("猫", ""), ("ok_1.2-b", "ok_1.2-b"), ("x" * 90, "x" * 64)]
)
def test_names_are_made_to_fit(written, kept):
    assert fitting_name(written) == kept
