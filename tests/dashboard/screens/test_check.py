"""The page Check in each of its states."""

import pytest
from PIL import Image

from kerascnn.runs.atomic import write_json
from kerascnn_dashboard.logic.checks import plan_for, start_check, start_preview
from kerascnn_dashboard.logic.remaking import allow
from tests.dashboard.made import ALIKE, NOTE, UNREADABLE, check_output, checked, picture_project
from tests.dashboard.pages import button


@pytest.fixture
def project(home, started):
    return picture_project(home)


def begun(project, version=None):
    version = version or project.version()
    return start_check(project, version, plan_for(project, version))


def has(project, *findings, code=0, version=None, **more):
    """Let the check of the newest version have found this."""
    version = version or project.version()
    checked(begun(project, version), check_output(*findings, **more), code)
    preview = start_preview(project, version, plan_for(project, version), seed=0)
    Image.new("RGB", (50, 40)).save(preview.folder / "preview.png")
    checked(preview, None, 0)


def count(started):
    """Return how many jobs were started; the frame itself looks after the queue."""
    return sum(command[0] != "worker" for command in started)


def test_without_data_the_way_to_them_is_shown(home, started, open_page):
    home.create("Empty", "image_classification")
    page = open_page("check", project="empty")
    assert not page.exception
    assert "no data yet" in page.info[0].value
    button(page, "Bring data in").click().run()
    assert page.title[0].value == "Data"


def test_the_page_starts_the_check_and_says_that_it_runs(project, started, open_page):
    page = open_page("check", project=project.name)
    assert not page.exception
    assert count(started) == 1
    assert button(page, "Choose a template").disabled
    assert "not done yet" in page.main.caption[-1].value
    open_page("check", project=project.name)
    assert count(started) == 1


def test_figures_findings_and_the_next_step(project, open_page):
    has(project, ALIKE, NOTE)
    page = open_page("check", project=project.name)
    assert not page.exception
    assert [(one.label, one.value) for one in page.metric] == [
        ("Samples", "6"), ("Classes", "2"), ("Problems", "1"), ("Training / validation / test", "4 / 1 / 1"),
    ]  # fmt: skip
    said = " ".join(one.value for one in page.markdown)
    assert "Duplicate label" in said
    assert "2 samples have the same content" in said
    assert not button(page, "Choose a template").disabled
    assert page.query_params["version"] == "v1"


def test_what_stops_a_training_bars_the_way_until_it_may_stand(project, open_page):
    has(project, UNREADABLE, code=3)
    page = open_page("check", project=project.name)
    assert button(page, "Choose a template").disabled
    assert r"red first\: unreadable" in page.main.caption[-1].value
    button(page, "Leave out what cannot be read").click().run()
    assert not page.exception
    assert project.version().data["allow"] == ["unreadable"]
    assert page.selectbox(key="check_version").value == "v2"
    assert "not done yet" in page.main.caption[-1].value
    checked(begun(project), check_output(UNREADABLE), 0)
    page.run()
    assert "v2 was made" in page.success[0].value
    assert not button(page, "Choose a template").disabled


def test_samples_are_shown_and_left_out(project, open_page):
    has(project, ALIKE)
    page = open_page("check", project=project.name)
    page.button(key="show_duplicate-label_0").click().run()
    assert not page.exception
    assert {one.label for one in page.checkbox} == {r"cat/0\.png \(cat\)", r"dog/0\.png \(dog\)"}
    page.checkbox(key="out_dog/0.png").check()
    page.button(key="out_some_duplicate-label").click().run()
    assert not page.exception
    with open(project.version().data["fixes"]) as file:
        assert file.read().splitlines()[1].startswith("dog/0.png,leave_out,")


def test_nothing_ticked_is_said(project, open_page):
    has(project, ALIKE)
    page = open_page("check", project=project.name)
    page.button(key="show_duplicate-label_0").click().run()
    page.button(key="out_some_duplicate-label").click().run()
    assert "at least one sample" in page.error[0].value
    page.button(key="out_all_duplicate-label").click().run()
    assert project.version().name == "v2"


def test_names_that_are_no_samples_are_listed(project, open_page):
    has(project, {**ALIKE, "id": "small-class", "samples": ["cat"]})
    page = open_page("check", project=project.name)
    page.button(key="show_small-class_0").click().run()
    assert not page.exception
    assert page.dataframe[0].value["Name"].tolist() == ["cat"]


def test_a_rule_may_speak_twice(project, open_page):
    has(project, NOTE, NOTE)
    assert not open_page("check", project=project.name).exception


def test_names_of_files_are_no_markdown(project, open_page):
    has(project, {**NOTE, "message": "**x** <b>[a](http://x)"})
    page = open_page("check", project=project.name)
    assert any(r"\*\*x\*\* \<b\>\[a\]" in one.value for one in page.markdown)


def test_an_older_version_cannot_be_changed(project, open_page):
    has(project, UNREADABLE, code=3)
    allow(project, project.version(), "unreadable")
    page = open_page("check", project=project.name, version="v1")
    assert not page.exception
    assert "not the newest version" in page.info[0].value
    assert not [one for one in page.button if one.label == "Leave out what cannot be read"]


def test_the_data_are_divided_anew(project, open_page):
    has(project)
    page = open_page("check", project=project.name)
    page.slider(key="split_validation").set_value(30)
    page.text_input(key="split_group").set_value(r"(\w+)/")
    page.button(key="split_save").click().run()
    assert not page.exception
    split = project.version().data["split"]
    assert (split["validation"], split["group_by"]) == (0.3, r"(\w+)/")


def test_an_expression_that_is_none_is_said_at_its_place(project, open_page):
    has(project)
    page = open_page("check", project=project.name)
    page.text_input(key="split_group").set_value("(")
    page.button(key="split_save").click().run()
    assert "1 mistake" in page.error[0].value
    assert len(project.versions()) == 1


@pytest.mark.parametrize(
    ("end", "said"),
    [
        ({"exit_code": 3, "stopped": False}, "pictures is empty"),
        ({"exit_code": -15, "stopped": True}, "was stopped"),
        ({}, "without a word"),
    ],
)
def test_a_check_that_did_not_end_well_says_why_and_can_be_made_again(project, started, open_page, end, said):
    job = begun(project)
    write_json(job.folder / "state.json", {"pid": 2**22 + 1, "process_started": 1.0, **end})
    (job.folder / "log.txt").write_text("reading ...\nerror: pictures is empty\n  put some there\n")
    page = open_page("check", project=project.name)
    assert not page.exception
    assert said in [*page.error, *page.warning][0].value
    assert button(page, "Choose a template").disabled
    button(page, "Check again").click().run()
    assert count(started) == 2


def test_a_changed_spec_makes_the_check_old(project, open_page):
    has(project)
    project.keep_draft(
        "kerascnn: 1\nname: x\ntask: {type: image_classification}\ndata: {source: {type: digits}, image_size: [8, 8]}\n"
        "model: {backbone: {type: simple_cnn}, head: {type: classifier}}\ntrain: {stages: [{epochs: 1}]}\n"
    )
    page = open_page("check", project=project.name)
    assert not page.exception
    assert "changed on the page Train" in page.warning[0].value


def test_shuffle_draws_others(project, started, open_page):
    has(project)
    page = open_page("check", project=project.name)
    before = count(started)
    page.button(key="check_shuffle").click().run()
    assert not page.exception
    assert count(started) == before + 1


def test_texts_show_their_beginnings(home, started, open_page):
    project = home.create("Words", "text_classification")
    root = project.folder / "data" / "texts"
    for label in ("bad", "good"):
        (root / label).mkdir(parents=True)
        (root / label / "1.txt").write_text(f"this is {label} indeed")
    project.add_version({"source": {"type": "text_folder", "path": str(root)}}, "folder", "texts")
    checked(begun(project), check_output(elements={}), 0)
    page = open_page("check", project="words")
    assert not page.exception
    assert {one.value for one in page.text} == {"this is bad indeed", "this is good indeed"}
