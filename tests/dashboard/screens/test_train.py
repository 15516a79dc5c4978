import json

import pytest

from kerascnn.jobs.queue import Queue
from kerascnn.runs.atomic import append_json_line, write_json
from kerascnn.runs.folder import RunFolder
from kerascnn.runs.state import this_process
from kerascnn.spec.load import parse_spec
from kerascnn.templates_list import find_template
from kerascnn_dashboard.logic.order import in_turn
from kerascnn_dashboard.logic.training import start, trainings
from tests.dashboard.pages import button

TEXT = find_template("lenet5").read_text("utf-8")


@pytest.fixture
def project(home, started):
    made = home.create("Digits", "image_classification")
    made.add_version({"source": {"type": "digits"}}, "demo", "handwritten digits", facts={"samples": 1797})
    return made


def begun(project, state, **values):
    """Do what a worker does: claim the job, make its run, train two rounds."""
    start(project, TEXT, id="one", name="lenet5")
    queue = Queue(project.runs)
    queue.claim()
    resolved = json.loads(json.dumps(parse_spec(TEXT).spell()))
    run = RunFolder.create(
        project.runs, given=TEXT.encode(), ending=".yaml", resolved=resolved, about={"name": "lenet5", "job": "one"}
    )
    queue.began("one", run.path)
    pid, began = this_process()
    write_json(run.path / "state.json", {"state": state, "pid": pid, "process_started": began, **values})
    for i in (1, 2):
        figures = {"loss": 1.0 / i, "accuracy": 0.4 * i, "val_loss": 1.0 / i, "val_accuracy": 0.3 * i}
        append_json_line(run.path / "metrics.jsonl", {"epoch": i, "stage": 0, **figures, "kept": True})
    return run


def test_without_a_project_it_leads_home(home, open_page):
    page = open_page("train")
    assert not page.exception
    assert "No project is open" in page.info[0].value


def test_without_data_it_leads_to_the_data(home, open_page):
    home.create("Empty", "image_classification")
    page = open_page("train", project="empty")
    assert not page.exception
    assert "no data yet" in page.info[0].value
    button(page, "Bring in data").click().run()
    assert page.title[0].value == "Data"


def test_three_cards_and_one_button(project, open_page):
    page = open_page("train", project="digits")
    assert not page.exception
    assert [one.label for one in page.button if one.label.startswith("Choose")] == [
        "Choose quick", "Choose balanced", "Choose thorough",
    ]  # fmt: skip
    button(page, "Choose balanced").click().run()
    assert not page.exception
    assert button(page, "Choose balanced").disabled
    assert parse_spec(project.draft()).data.source.type_name == "digits"


def test_one_click_is_one_training_and_the_page_follows_it(project, open_page, started):
    page = open_page("train", project="digits")
    button(page, "Start training").click().run()
    assert not page.exception
    (live,) = trainings(project)
    assert page.query_params["run"] in (live.id, [live.id])
    assert ["worker", "digits"] in started
    assert any("Waiting" in one.value for one in page.markdown)
    assert any(one.label == "Take it back" for one in page.button)


def test_of_several_that_wait_each_can_begin_earlier_or_later(project, open_page):
    for name in ("one", "two", "three"):
        start(project, TEXT, id=name, name=name)
    page = open_page("train", project="digits", run="three")
    assert button(page, "Later").disabled
    button(page, "Begin next").click().run()
    assert not page.exception
    assert [one.name for one in in_turn(trainings(project))] == ["three", "one", "two"]
    assert button(page, "Earlier").disabled
    button(page, "Later").click().run()
    assert [one.name for one in in_turn(trainings(project))] == ["one", "three", "two"]


def test_a_training_that_runs_shows_its_curves_and_can_be_stopped(project, open_page):
    run = begun(project, "running")
    page = open_page("train", project="digits", run=run.id)
    assert not page.exception
    assert any("accuracy 0.6 on the samples kept" in one.value.replace("\\", "") for one in page.markdown)
    assert len(page.get("vega_lite_chart")) == 2
    assert any(one.label == "Stop and keep the best" for one in page.button)


def test_the_address_of_a_job_shows_its_run(project, open_page):
    begun(project, "running")
    page = open_page("train", project="digits", run="one")
    assert page.subheader[0].value == "lenet5"


def test_one_that_is_done_leads_to_its_evaluation(project, open_page):
    run = begun(project, "done")
    (run.path / "model.keras").write_bytes(b"x")
    page = open_page("train", project="digits", run=run.id)
    assert "done" in page.success[0].value
    assert any(one.label == "See the evaluation" for one in page.button)


def test_one_that_is_lost_can_be_gone_on_with(project, open_page, started):
    run = begun(project, "running")
    (run.path / "ckpt").mkdir()
    write_json(run.path / "state.json", {"state": "running", "pid": 2**22 + 1, "process_started": 1.0})
    Queue(project.runs).end("one", "failed", 1, "its process died")
    page = open_page("train", project="digits", run=run.id)
    assert not page.exception
    assert "ended without a word" in page.error[0].value
    button(page, "Resume").click().run()
    assert Queue(project.runs).find("one").state == "waiting"


def test_one_that_ran_out_of_memory_offers_half_the_batch_and_shows_the_difference(project, open_page, started):
    run = begun(project, "failed", reason="out of memory", exit_code=5)
    Queue(project.runs).end("one", "failed", 5, "out of memory")
    page = open_page("train", project="digits", run=run.id)
    assert not page.exception
    assert "memory" in page.error[0].value
    table = page.dataframe[0].value
    assert "train.batch_size" in list(table["setting"])
    again = next(one for one in page.button if one.label == "Train again with this")
    again.click().run()
    assert not page.exception
    assert len(trainings(project)) == 2
    assert parse_spec(project.draft()).train.batch_size == parse_spec(TEXT).train.batch_size // 2


def test_a_training_that_is_not_there_is_said(project, open_page):
    page = open_page("train", project="digits", run="../../etc")
    assert not page.exception
    assert "There is no training" in page.warning[0].value


def test_a_draft_that_is_wrong_cannot_be_started_and_says_why(project, open_page):
    project.keep_draft(TEXT.replace("epochs: 40", "epochs: 0"))
    page = open_page("train", project="digits")
    assert not page.exception
    assert button(page, "Start training").disabled
    assert "mistake" in page.error[0].value


def test_a_name_as_people_write_it_is_made_to_fit_and_said(project, open_page):
    page = open_page("train", project="digits")
    box = next(one for one in page.text_input if one.label == "Name of the training")
    box.set_value("Käfer, 2. Versuch").run()
    assert not page.exception
    assert any("Kept as" in one.value for one in page.caption)
    assert parse_spec(project.draft()).name == "Kafer-2.-Versuch"
    button(page, "Choose balanced").click().run()
    box = next(one for one in page.text_input if one.label == "Name of the training")
    assert box.value == parse_spec(project.draft()).name
    assert not button(page, "Start training").disabled
