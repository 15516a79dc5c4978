"""The page Predict in each of its states."""

import pytest
from PIL import Image

from kerascnn_dashboard.logic import predictions
from kerascnn_dashboard.logic.predictions import choices, find_batch, last_batch, new_batch
from kerascnn_dashboard.parts import predict_ask
from kerascnn_dashboard.parts.predict_add import picked
from tests.dashboard.made import FakePredictors, finished_run, picture_project
from tests.dashboard.pages import button


@pytest.fixture
def fake(monkeypatch):
    found = FakePredictors()
    for module in (predictions, predict_ask):
        monkeypatch.setattr(module, "predictors", lambda: found)
    return found


@pytest.fixture
def project(home, started, fake):
    made = picture_project(home)
    finished_run(made)
    return made


def png(tmp_path, name="a.png"):
    Image.new("RGB", (20, 20)).save(tmp_path / name)
    return (tmp_path / name).read_bytes()


def ask(project, uploads, id="one"):
    batch = new_batch(project, choices(project)[0], id=id, uploads=uploads)
    batch.wait(5)
    return find_batch(project, id)


def test_without_a_model_the_way_to_one_is_shown(home, started, open_page):
    picture_project(home)
    page = open_page("predict", project="animals")
    assert not page.exception
    assert "train one first" in page.info[0].value
    button(page, "Train a model").click().run()
    assert page.title[0].value == "Train"


def test_files_are_answered_and_shown(project, tmp_path, open_page):
    page = open_page("predict", project=project.name)
    assert not page.exception
    assert "Nothing was asked" in page.main.caption[1].value
    page.file_uploader(key="predict_upload").upload("a.png", png(tmp_path), "image/png")
    page.button(key="answer_files").click().run()
    assert not page.exception
    table = page.dataframe[0].value
    assert table["Answer"].tolist() == ["cat"]
    assert table["Picture"][0].startswith("data:image/png;base64,")
    assert page.query_params["batch"] == last_batch(project, choices(project)[0].id).id
    assert page.query_params["run"] == "20260101-000000-abcdef"


def test_no_file_is_said(project, open_page):
    page = open_page("predict", project=project.name)
    page.button(key="answer_files").click().run()
    assert "Choose a file first" in page.error[0].value


def test_a_page_that_is_opened_again_shows_the_answers(project, tmp_path, open_page):
    ask(project, [("a.png", png(tmp_path)), ("odd.png", png(tmp_path)), ("bad.png", b"x")])
    page = open_page("predict", project=project.name, run="20260101-000000-abcdef", batch="one")
    assert not page.exception
    assert any("2 files answered, 1 of them unsure; 1 cannot be read" in one.value for one in page.markdown)
    assert page.dataframe[0].value["Why"].tolist() == ["is not a picture of a known format"]
    assert page.dataframe[1].value["One of"].tolist() == ["cat", "dog, cat"]
    page.toggle(key="predict_unsure").set_value(True).run()
    assert page.dataframe[1].value["File"].tolist() == ["odd.png"]
    page.toggle(key="predict_unsure").set_value(False)
    page.multiselect(key="predict_classes").set_value(["cat"]).run()
    assert page.dataframe[1].value["File"].tolist() == ["a.png"]


def test_a_folder_is_answered(project, open_page):
    page = open_page("predict", project=project.name)
    page.segmented_control(key="way_image").set_value("Folder on this computer").run()
    page.text_input(key="predict_path").set_value(str(project.folder / "data" / "files"))
    page.button(key="answer_folder").click().run()
    assert not page.exception
    assert len(page.dataframe[0].value) == 6


def test_a_folder_that_may_not_be_read_is_refused(project, open_page):
    page = open_page("predict", project=project.name)
    page.segmented_control(key="way_image").set_value("Folder on this computer").run()
    page.text_input(key="predict_path").set_value("/etc")
    page.button(key="answer_folder").click().run()
    assert "may not be read" in page.error[0].value


def test_texts_are_written(home, fake, started, open_page):
    project = home.create("Words", "text_classification")
    finished_run(project, medium="text")
    page = open_page("predict", project="words")
    page.text_area(key="predict_text").set_value("one text\n\nan odd text")
    page.button(key="answer_texts").click().run()
    assert not page.exception
    assert page.dataframe[0].value["Text"].tolist() == ["one text", "an odd text"]


def test_while_the_model_is_loaded_that_is_said(project, fake, open_page, tmp_path):
    fake.go.clear()
    fake.ready = "starting"
    new_batch(project, choices(project)[0], id="one", uploads=[("a.png", png(tmp_path))])
    try:
        page = open_page("predict", project=project.name)
        assert not page.exception
        assert button(page, "Stop")
        assert not page.dataframe
    finally:
        fake.go.set()
        find_batch(project, "one").wait(5)


@pytest.mark.parametrize("state", ["failed", "lost"])
def test_what_did_not_end_well_says_why_and_goes_on(project, fake, open_page, tmp_path, state):
    fake.reason = "run x cannot be *loaded*"
    batch = ask(project, [("a.png", png(tmp_path))])
    fake.reason = ""
    if state == "lost":
        (batch.folder / "end.json").unlink()
    page = open_page("predict", project=project.name)
    assert not page.exception
    said = page.error[0].value if state == "failed" else page.warning[0].value
    assert (r"cannot be \*loaded\*" if state == "failed" else "server ended") in said
    page.button(key="predict_again").click().run()
    find_batch(project, "one").wait(5)
    page.run()
    assert len(page.dataframe[0].value) == 1


def test_a_run_that_is_not_there_is_said(project, open_page):
    page = open_page("predict", project=project.name, run="20200101-000000-abcdef")
    assert not page.exception
    assert "no model of a run" in page.warning[0].value


def test_one_is_looked_at_alone(project, fake, open_page, tmp_path):
    fake.draws = True
    ask(project, [("a.png", png(tmp_path)), ("odd.png", png(tmp_path))])
    page = open_page("predict", project=project.name)
    page.selectbox(key="predict_one").set_value(1).run()
    assert not page.exception
    assert any(one.value == "**dog** (unsure)" for one in page.markdown)


def test_where_files_cannot_be_added_that_is_said(project, open_page, tmp_path):
    project.add_version({"source": {"type": "digits"}}, "demo", "", after="v1")
    ask(project, [("a.png", png(tmp_path))])
    page = open_page("predict", project=project.name)
    assert not page.exception
    assert any("Not possible here" in one.value for one in page.info)


def test_nothing_ticked_is_said_and_adding_makes_a_version(project, open_page, tmp_path):
    batch = ask(project, [("a.png", png(tmp_path)), ("odd.png", png(tmp_path))])
    page = open_page("predict", project=project.name)
    page.button(key="add_files").click().run()
    assert "at least one file" in page.error[0].value
    rows = batch.rows()
    table = [{"Add": False, "Right class": "cat"}, {"Add": True, "Right class": "cat"}]
    assert picked(batch, rows, table) == {1: "cat"}


def test_another_project_begins_with_its_own_last_run(home, project, open_page):
    other = picture_project(home, title="Plants")
    finished_run(other, "leaves", number=5)
    page = open_page("predict", project=project.name)
    page.selectbox(key="project_choice").set_value("plants").run()
    assert not page.exception
    assert not page.warning
    assert page.selectbox(key="predict_run").value == "20260101-000005-abcdef"
