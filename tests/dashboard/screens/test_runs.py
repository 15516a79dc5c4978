"""The page Runs without a browser: empty, with runs, broken ones, one chosen, several chosen, a model brought in."""

from __future__ import annotations

from pathlib import Path

import pytest

from kerascnn.jobs.plan import Planned
from kerascnn.jobs.queue import Queue
from kerascnn_dashboard.logic.bundles import write_bundle
from kerascnn_dashboard.logic.run_notes import notes_of
from tests.dashboard.made_runs import SPEC, done_job, jobs_of, make_run


@pytest.fixture
def project(home):
    made = home.create("Digits", "image_classification")
    made.add_version({"source": {"type": "digits"}}, "demo", "digits")
    return made


def _labels(page):
    return [button.label for button in page.button]


def _press(page, key):
    return next(button for button in page.button if button.key == key).click().run()


def _chosen(page, *runs):
    page.multiselect(key="chosen").set_value([run.id for run in runs]).run()
    assert not page.exception
    return page


def test_without_a_project_the_page_leads_home(open_page):
    page = open_page("runs")
    assert not page.exception
    assert "No project is open" in page.info[0].value


def test_without_a_training_the_page_leads_to_train(project, open_page):
    page = open_page("runs", project=project.name)
    assert not page.exception
    assert page.info[0].value == "There is no training yet."
    assert "New training" in _labels(page)


def test_every_training_is_a_row_broken_ones_too(project, open_page):
    make_run(project, 1)
    (make_run(project, 2, name="bad").path / "state.json").write_text("{")
    page = open_page("runs", project=project.name)
    assert not page.exception
    table = page.dataframe[0].value
    assert sorted(table["State"]) == ["Done", "Unreadable"]
    assert "accuracy 0.8, round 2" in list(table["Best"])
    assert any("cannot be read" in one.label for one in page.expander)


def test_a_waiting_training_can_be_opened_and_no_more(project, open_page, started):
    Queue(project.runs).put(
        "job-1", Planned("s", SPEC.format(name="x").encode(), (), "x", str(project.folder)), "job-1"
    )
    page = open_page("runs", project=project.name)
    page.multiselect(key="chosen").set_value(["job-1"]).run()
    assert not page.exception
    assert "Open" in _labels(page)
    assert "Delete" not in _labels(page)
    assert "New one like this" not in _labels(page)


def test_one_chosen_training_offers_what_can_be_done_with_it(project, open_page):
    run = make_run(project)
    page = _chosen(open_page("runs", project=project.name), run)
    assert {"Open", "New one like this", "Evaluate", "Report", "Delete"} <= set(_labels(page))
    assert "Resume" not in _labels(page)


def test_a_stopped_training_can_be_gone_on_with(project, open_page, started, monkeypatch):
    run = make_run(project, state="stopped")
    (run.path / "ckpt").mkdir()
    resumed = []
    monkeypatch.setattr("kerascnn_dashboard.parts.run_actions.resume", lambda project, live: resumed.append(live.id))
    page = _chosen(open_page("runs", project=project.name), run)
    _press(page, "resume")
    assert resumed == [run.id]
    assert page.title[0].value == "Train"


def test_a_name_and_tags_are_kept_and_tags_choose_rows(project, open_page):
    run, other = make_run(project, 1), make_run(project, 2)
    page = _chosen(open_page("runs", project=project.name), run)
    page.text_input(key=f"name_{run.id}").set_value("Mine")
    page.multiselect(key=f"tags_{run.id}").set_value(["good"])
    next(button for button in page.button if button.label == "Keep name and tags").click().run()
    assert not page.exception
    assert (notes_of(run).name, notes_of(run).tags) == ("Mine", ("good",))
    assert "Mine" in list(page.dataframe[0].value["Name"])
    page.session_state["tags_wanted"] = ["good"]
    page.run()
    assert list(page.dataframe[0].value["Name"]) == ["Mine"]
    assert other.path.is_dir()


def test_a_training_is_deleted_only_by_its_name(home, project, open_page):
    run = make_run(project)
    page = _chosen(open_page("runs", project=project.name), run)
    _press(page, "delete")
    page.text_input(key="delete_name").set_value("wrong")
    _press(page, "delete_sure")
    assert "the name is" in page.session_state["delete_error"]
    assert run.path.is_dir()


def test_a_deleted_training_lies_in_the_trash(home, project, open_page):
    run = make_run(project)
    page = _chosen(open_page("runs", project=project.name), run)
    _press(page, "delete")
    page.text_input(key="delete_name").set_value("digits-quick")
    _press(page, "delete_sure")
    assert not page.exception
    assert not run.path.exists()
    assert len(list((home.folder / "trash").iterdir())) == 1


def test_two_trainings_lie_side_by_side_and_lead_to_the_comparison(project, open_page):
    one = make_run(project, 1)
    two = make_run(project, 2, spec=SPEC.format(name="b").replace("epochs: 4", "epochs: 9"))
    page = _chosen(open_page("runs", project=project.name), one, two)
    assert list(page.dataframe[1].value["Setting"]) == ["train.stages.0.epochs"]
    assert "Compare them" in _labels(page)
    _press(page, "compare")
    assert (page.query_params["run"], page.query_params["with"]) == (two.id, one.id)


def test_trainings_that_differ_in_nothing_are_said_to(project, open_page):
    runs = [make_run(project, number) for number in (1, 2, 3)]
    page = _chosen(open_page("runs", project=project.name), *runs)
    assert any("chance alone" in one.value for one in page.markdown)
    assert "Compare them" not in _labels(page)


def test_a_run_of_the_address_that_is_gone_does_no_harm(project, open_page):
    make_run(project)
    page = open_page("runs", project=project.name)
    page.session_state["chosen"] = ["20200101-000000-000000"]
    page.run()
    assert not page.exception


def test_a_model_is_brought_in_by_its_path(home, project, open_page, started, tmp_path):
    other = home.create("Other", "image_classification")
    file = write_bundle(make_run(other), tmp_path / "m.zip")
    page = open_page("runs", project=project.name)
    page.text_input(key="bring_path").set_value(str(file)).run()
    _press(page, "bring")
    assert not page.exception
    assert not page.error
    job = project.jobs.last("bring")
    assert job.command == ("kerascnn_dashboard.bundling", "take", str(file), str(project.runs), "m.zip")


def test_a_model_is_brought_in_by_an_upload(home, project, open_page, started, tmp_path):
    file = write_bundle(make_run(home.create("Other", "image_classification")), tmp_path / "m.zip")
    page = open_page("runs", project=project.name)
    page.get("file_uploader")[0].set_value(("mine.zip", file.read_bytes(), "application/zip"))
    _press(page, "bring")
    assert not page.exception
    assert not page.error
    command = project.jobs.last("bring").command
    assert command[1] == "upload"
    assert Path(command[2]).read_bytes() == file.read_bytes()
    assert command[-1] == "mine.zip"


def test_what_is_no_bundle_or_not_allowed_is_refused_in_a_sentence(project, open_page, started, tmp_path):
    (tmp_path / "x.zip").write_text("no zip")
    page = open_page("runs", project=project.name)
    for path, said in (
        (str(tmp_path / "x.zip"), "is refused"),
        ("/etc/passwd", "may not be read"),
        ("", "choose a file"),
    ):
        page.text_input(key="bring_path").set_value(path).run()
        _press(page, "bring")
        assert said in page.error[0].value.replace("\\", "")
    assert not jobs_of(started)


def test_a_model_of_another_task_is_refused(home, project, open_page, started, tmp_path):
    texts = home.create("Texts", "text_classification")
    file = write_bundle(make_run(project), tmp_path / "m.zip")
    page = open_page("runs", project=texts.name)
    page.text_input(key="bring_path").set_value(str(file)).run()
    _press(page, "bring")
    assert "this model is for" in page.error[0].value
    assert not jobs_of(started)


@pytest.mark.parametrize(("code", "said"), [(0, "is here, as"), (7, "Bringing the model in failed")])
def test_what_became_of_a_model_that_was_brought_in_is_said(project, open_page, code, said):
    done_job(project.jobs, "bring", {"name": "M", "run": "r"}, id="b-1", code=code, log="error: model.keras is refused")
    page = open_page("runs", project=project.name)
    page.session_state["nonce_bring"] = "b-1"
    page.run()
    assert not page.exception
    assert any(said in one.value for one in [*page.success, *page.error])
