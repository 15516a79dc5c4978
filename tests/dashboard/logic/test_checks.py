"""The check of a version, and the versions that are made because of it."""

import csv
import time

import pytest

from kerascnn.errors import SpecError, UsageError
from kerascnn.spec.load import parse_spec
from kerascnn_dashboard.logic.checks import (
    about_source,
    division_of,
    is_current,
    last_check,
    plan_for,
    preview_of,
    result_of,
    start_check,
    start_preview,
)
from kerascnn_dashboard.logic.project import Version
from kerascnn_dashboard.logic.remaking import allow, divide, leave_out
from kerascnn_dashboard.logic.scanning import samples_of
from tests.dashboard.made import ALIKE, NOTE, UNREADABLE, check_output, checked, picture_project

DRAFT = """# mine
kerascnn: 1
name: mine
task: {type: image_classification}
data:
  source: {type: digits}
  image_size: [20, 20]  # small
  allow: [unreadable]
model:
  backbone: {type: simple_cnn}
  head: {type: classifier}
train:
  stages: [{epochs: 1}]
"""


@pytest.fixture
def project(home):
    return picture_project(home)


def begun(project, version, **more):
    return start_check(project, version, plan_for(project, version), **more)


def drawn(project, version, *, seed):
    return start_preview(project, version, plan_for(project, version), seed=seed)


def test_without_a_draft_a_right_spec_is_made_of_the_data(project):
    version = project.version()
    spec = parse_spec(plan_for(project, version).text)
    assert spec.data.source.spell() == version.data["source"]
    assert spec.task.type_name == "image_classification"


@pytest.mark.parametrize("task", ["text_classification", "series_classification", "object_detection"])
def test_it_is_so_for_other_tasks(home, task, tmp_path):
    source = {
        "text_classification": {"type": "text_folder", "path": str(tmp_path)},
        "series_classification": {"type": "ts_file", "path": str(tmp_path / "x.ts")},
        "object_detection": {"type": "pascal_voc", "path": str(tmp_path)},
    }[task]
    project = home.create("Other", task)
    version = project.add_version({"source": source}, "folder", "")
    assert parse_spec(plan_for(project, version).text).task.type_name == task
    medium = {"object_detection": "image"}.get(task, task.partition("_")[0])
    assert about_source(version) == (medium, "boxes" if task == "object_detection" else "class")


def test_with_a_draft_its_data_become_those_of_the_version_and_the_rest_stays(project):
    project.keep_draft(DRAFT)
    text = plan_for(project, project.version()).text
    assert "# mine" in text
    spec = parse_spec(text)
    assert (spec.name, spec.data.image_size, spec.data.allow) == ("mine", (20, 20), [])
    assert spec.data.source.type_name == "image_folder"


def test_a_draft_that_is_wrong_is_passed_over_and_that_is_said(project):
    project.keep_draft(DRAFT.replace("simple_cnn", "simple_cn"))
    assert parse_spec(plan_for(project, project.version()).text).name != "mine"
    assert "simple_cn" in plan_for(project, project.version()).mistakes
    project.keep_draft(DRAFT)
    assert plan_for(project, project.version()).mistakes == ""


def test_a_task_without_a_template_is_told(home):
    project = home.create("Odd", "no_such_task")
    version = project.add_version({"source": {"type": "digits"}}, "folder", "")
    with pytest.raises(UsageError, match="no template"):
        plan_for(project, version)


def test_whoever_opens_the_page_first_starts_the_check(project, started):
    one, two = (begun(project, project.version()) for _ in range(2))
    assert one.id == two.id
    assert len(started) == 1
    assert one.command[:3] == ("kerascnn", "data", "check")
    assert one.command[-1] == "--json"
    assert last_check(project, project.version()).id == one.id
    assert begun(project, project.version(), id="again").id == "again"


def test_findings_that_stop_a_training_are_found_all_the_same(project, started):
    job = begun(project, project.version())
    checked(job, check_output(NOTE, ALIKE, UNREADABLE), 3)
    assert job.state() == "failed"
    found = result_of(job, project.version())
    assert [one.id for one in found.findings] == ["unreadable", "duplicate-label", "mixed-sizes"]
    assert [one.id for one in found.blocking] == ["unreadable"]
    assert found.problems == 2
    assert found.classes == {
        "cat": {"train": 2, "validation": 1, "test": 0},
        "dog": {"train": 2, "validation": 0, "test": 1},
    }
    assert (found.findings[0].counts, found.findings[0].can_be_allowed) == (1, True)


def test_what_may_stand_stops_nothing(project, started):
    version = allow(project, project.version(), "unreadable", by="ada")
    job = begun(project, version)
    checked(job, check_output(UNREADABLE), 0)
    found = result_of(job, version)
    assert (found.blocking, found.problems, found.findings[0].allowed) == ([], 0, True)


@pytest.mark.parametrize("output", [None, {"samples": 3}, [], {**check_output(), "findings": [{"id": "x"}]}])
def test_what_cannot_be_read_found_nothing(project, started, output):
    job = begun(project, project.version())
    assert result_of(job, project.version()) is None
    checked(job, output, 3)
    assert result_of(job, project.version()) is None


def test_answers_that_are_no_classes_have_no_bars(project, started):
    job = begun(project, project.version())
    checked(job, check_output(counts={"train": {"age": 0}, "test": {"age": 0}}), 0)
    found = result_of(job, project.version())
    assert (found.classes, found.labels) == ({}, ("age",))


def test_a_check_is_out_of_date_when_the_draft_changes(project, started):
    job = begun(project, project.version())
    assert is_current(project.version(), plan_for(project, project.version()), job)
    project.keep_draft(DRAFT)
    assert not is_current(project.version(), plan_for(project, project.version()), job)


def test_each_seed_has_a_preview_of_its_own(project, started):
    one, two = (drawn(project, project.version(), seed=seed) for seed in (0, 1))
    assert one.id != two.id
    assert drawn(project, project.version(), seed=0).id == one.id
    assert "preview.png" in one.command
    assert preview_of(one) is None
    (one.folder / "preview.png").write_bytes(b"x")
    checked(one, None, 0)
    assert preview_of(one) == one.folder / "preview.png"
    texts = [(project.folder / "checks" / f"{job.id}.yaml").read_text() for job in (one, two)]
    assert [parse_spec(text).train.seed for text in texts] == [0, 1]


def test_a_finding_is_allowed_once_and_only_where_it_stops_something(project):
    made = allow(project, project.version(), "unreadable", by="ada")
    assert (made.data["allow"], made.by, made.name) == (["unreadable"], "ada", "v2")
    for version, id, said in ((made, "unreadable", "allows unreadable already"), (made, "imbalance", "stops no")):
        with pytest.raises(UsageError, match=said):
            allow(project, version, id)
    with pytest.raises(UsageError, match="somebody made v2"):
        allow(project, project.version("v1"), "mask-size")


def test_samples_are_left_out_by_a_file_of_fixes_and_earlier_ones_stay_out(project):
    first = leave_out(project, project.version(), ["cat/1.png"], why="found by the check: unreadable", by="ada")
    second = leave_out(project, first, ["dog/0.png", "dog/0.png"], why="twin")
    with open(second.data["fixes"], newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["id"], row["action"], row["by"], row["why"]) for row in rows] == [
        ("cat/1.png", "leave_out", "ada", "found by the check: unreadable"),
        ("dog/0.png", "leave_out", "", "twin"),
    ]
    assert first.data["fixes"] != second.data["fixes"]
    with pytest.raises(UsageError, match="at least one"):
        leave_out(project, second, [], why="")


def test_leaving_out_on_an_older_version_is_refused_and_leaves_nothing(project):
    old = project.version()
    allow(project, old, "unreadable")
    with pytest.raises(UsageError, match="v2"):
        leave_out(project, old, ["cat/1.png"], why="")
    assert not list((project.folder / "data").glob("fixes-*"))


def test_the_division_becomes_part_of_a_new_version(project):
    assert division_of(plan_for(project, project.version())).validation == 0.15
    made = divide(project, project.version(), validation=0.2, test=0.1, group_by=r"(\w+)/", order="random")
    assert made.data["split"] == {"validation": 0.2, "test": 0.1, "group_by": r"(\w+)/", "order": "random"}
    now = division_of(plan_for(project, made))
    assert (now.validation, now.test, now.group_by, now.order) == (0.2, 0.1, r"(\w+)/", "random")
    with pytest.raises(UsageError, match="in this way already"):
        divide(project, made, validation=0.2, test=0.1, group_by=r"(\w+)/ ", order="random")
    third = divide(project, made, validation=0.2, test=0.1, group_by="", order="time")
    assert "group_by" not in third.data["split"]


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        ({"group_by": "("}, SpecError, "regular expression"),
        ({"order": "sideways"}, SpecError, "order"),
        ({"validation": 0.5, "test": 0.5}, UsageError, "leave something"),
        ({"validation": -0.1}, SpecError, "validation"),
    ],
)
def test_a_division_that_cannot_be_is_refused(project, change, error, said):
    with pytest.raises(error, match=said):
        divide(
            project, project.version(), **{"validation": 0.2, "test": 0.1, "group_by": "", "order": "random", **change}
        )
    assert len(project.versions()) == 1


def test_samples_are_found_by_name_without_a_heavy_library(project):
    found = samples_of(project, project.version())
    assert found["cat/0.png"].label == "cat"
    assert samples_of(project, Version("v9", {"source": {"type": "digits"}}, "demo", "")) == {}
    assert samples_of(project, Version("v8", {"source": {"type": "image_folder", "path": "/no"}}, "folder", "")) == {}
    assert samples_of(project, Version("v7", {"source": {"type": "no_such"}}, "folder", "")) == {}


@pytest.mark.slow
def test_the_real_commands_check_and_draw_a_version(project):
    bad = project.folder / "data" / "files" / "cat" / "bad.png"
    bad.write_bytes(b"no picture")
    version = divide(project, project.version(), validation=0.3, test=0.0, group_by="", order="random")
    found = result_of(ended(begun(project, version)), version)
    assert [one.id for one in found.blocking] == ["unreadable"]
    version = leave_out(project, version, found.findings[0].samples, why="unreadable")
    found = result_of(ended(begun(project, version)), version)
    assert (found.blocking, found.samples) == ([], 6)
    job = ended(drawn(project, version, seed=1))
    assert preview_of(job).read_bytes().startswith(b"\x89PNG"), job.log()


def ended(job):
    """Return a job when it has ended."""
    until = time.monotonic() + 120
    while job.state() == "running" and time.monotonic() < until:
        time.sleep(0.1)
    return job
