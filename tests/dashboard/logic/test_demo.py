"""The demo data: the same everywhere, with the wrong labels that are said."""

import hashlib

import pytest

from kerascnn.errors import UsageError
from kerascnn.spec.component import parse_component
from kerascnn.spec.kinds import Source
from kerascnn_dashboard.logic.demo import KINDS, WRONG, demo_for, make_demo
from kerascnn_dashboard.logic.detect import look
from kerascnn_dashboard.logic.tasks import ready_tasks


@pytest.mark.parametrize("kind", list(KINDS))
def test_a_demo_is_a_project_whose_first_version_can_be_read(home, kind):
    project = make_demo(home, kind, owner="ann")
    (version,) = project.versions()
    assert (project.facts().title, version.name, version.way, version.by) == (f"Demo: {kind}", "v1", "demo", "ann")
    scan = parse_component(Source, dict(version.data["source"])).scan()
    assert len(scan.samples) == version.facts["samples"] == 240
    assert {label: sum(one.label == label for one in scan.samples) for label in scan.labels} == version.facts["counts"]
    planted = version.facts["planted"]
    assert len(planted) == WRONG
    labels = {sample.id: sample.label for sample in scan.samples}
    assert all(labels[name] != right for name, right in planted.items())


@pytest.mark.parametrize("kind", list(KINDS))
def test_a_demo_is_recognised_like_any_other_data(home, kind):
    project = make_demo(home, kind)
    about = ready_tasks()[project.facts().task]
    found = look(project.folder / "data" / "demo", about.reads, about.target)
    assert found.sure is not None
    assert found.sure.source["type"] == project.versions()[0].data["source"]["type"]


def test_a_second_demo_has_another_name_and_the_same_data(home):
    first, second = (make_demo(home, "pictures") for _ in range(2))
    assert second.facts().title == "Demo: pictures 2"

    def digest(project):
        files = sorted((project.folder / "data" / "demo").rglob("*.png"))
        return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()

    assert digest(first) == digest(second)


def test_another_kind_is_refused(home):
    with pytest.raises(UsageError, match="there is no demo 'sounds'; there are pictures, texts, series"):
        make_demo(home, "sounds")
    assert not home.projects()


def test_a_demo_is_known_by_what_a_task_reads():
    assert demo_for("image", "class") == "pictures"
    assert demo_for("image", "mask") == ""
