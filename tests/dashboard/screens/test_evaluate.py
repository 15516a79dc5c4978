import json

import numpy as np
import pytest

from kerascnn.runs.atomic import write_json
from kerascnn.runs.each import KeptFigures, write_figures
from kerascnn.runs.failures import page_of
from kerascnn_dashboard.logic import samples
from kerascnn_dashboard.logic.cleaning import Judgement, fixes_of, save
from kerascnn_dashboard.logic.comparing import compare
from kerascnn_dashboard.logic.evaluation import evaluate_command, report_of
from kerascnn_dashboard.logic.explaining import explained
from kerascnn_dashboard.routes import file_address
from tests.dashboard.made_evaluation import (
    SPEC,
    ended,
    evaluated,
    keep,
    looked_for,
    shapes_project,
    shapes_run,
    write_run,
)


@pytest.fixture
def project(home, started, monkeypatch):
    monkeypatch.setattr(samples, "_make", samples.write_all)
    return shapes_project(home)


@pytest.fixture
def run(project):
    """Return a run that was evaluated, with the mistakes looked for."""
    made = shapes_run(project)
    evaluated(made)
    looked_for(project, made)
    return made


def words(page) -> str:
    parts = [*page.markdown, *page.caption, *page.info, *page.warning, *page.success, *page.error]
    return "\n".join(str(one.value).replace("\\", "") for one in parts)


def button(page, key):
    return next((one for one in page.button if one.key == key), None)


def images(page) -> int:
    return len(page.get("image"))


def test_without_a_model_the_page_sends_to_train(project, open_page):
    page = open_page("evaluate", project=project.name)
    assert not page.exception
    assert "no trained model yet" in page.info[0].value
    assert button(page, "go_train") is not None


def test_a_run_that_was_not_evaluated_is_offered_to_be_and_six_clicks_start_one(project, open_page, started):
    made = shapes_run(project)
    page = open_page("evaluate", project=project.name)
    assert not page.exception
    assert "not evaluated on its validation samples yet" in page.info[0].value
    click = button(page, "evaluate").click
    for _ in range(6):
        page = click().run()
        if button(page, "evaluate") is None:
            break
        click = button(page, "evaluate").click
    assert not page.exception
    (job,) = project.jobs.all("evaluate", run=made.id, split="validation")
    assert list(job.command) == evaluate_command(project, made, "validation")
    assert "Evaluating on the validation samples" in words(page)


def test_an_evaluation_that_runs_is_found_again_and_its_end_shows_the_report(project, open_page):
    made = shapes_run(project)
    job = project.jobs.start("evaluate", evaluate_command(project, made, "validation"), id="one",
                             facts={"run": made.id, "split": "validation"})  # fmt: skip
    page = open_page("evaluate", project=project.name, run=made.id)
    assert "Evaluating" in words(page)
    assert button(page, "evaluate") is None
    evaluated(made)
    looked_for(project, made)
    ended(job, {})
    page.run()
    assert not page.exception
    assert "91.7% are right" in words(page)


def test_a_failed_evaluation_says_why_and_can_be_tried_again(project, open_page, started):
    made = shapes_run(project)
    facts = {"run": made.id, "split": "validation"}
    ended(
        project.jobs.start("evaluate", ["kerascnn"], id="one", facts=facts),
        code=3,
        log="error: 2 files have changed\n a",
    )
    page = open_page("evaluate", project=project.name)
    assert "2 files have changed" in page.error[0].value
    button(page, "evaluate_again").click().run()
    assert len(project.jobs.all("evaluate", **facts)) == 2


def test_the_verdict_the_figures_and_the_next_step(project, run, open_page):
    page = open_page("evaluate", project=project.name)
    assert not page.exception
    said = words(page)
    assert "91.7% are right" in said
    assert "'circle' is taken for 'square' 3 times" in said
    assert "2 labels may be wrong" in said
    table = page.dataframe[0].value
    assert list(table.columns) == ["figure", "this run", "95 % interval", "always saying 'circle'"]
    assert list(table.iloc[0])[:2] == ["Accuracy", "91.7%"]
    assert button(page, "go_predict") is not None
    assert "kerascnn evaluate" in page.code[0].value


def test_the_address_names_run_and_split(project, run, open_page):
    shapes_run(project, 2)
    page = open_page("evaluate", project=project.name, run=run.id)
    assert page.selectbox(key="pick_run").value == run.id
    assert page.query_params["run"] == run.id
    assert page.query_params["split"] == "validation"
    page.selectbox(key="pick_split").select("test").run()
    assert page.query_params["split"] == "test"
    assert "to be looked at last" in words(page)
    assert "not evaluated on its test samples" in words(page)


def test_a_run_that_there_is_not_is_said(project, run, open_page):
    page = open_page("evaluate", project=project.name, run="<b>x", split="nonsense")
    assert "no model of a run" in words(page)
    assert page.selectbox(key="pick_run").value == run.id
    assert page.selectbox(key="pick_split").value == "validation"


def test_a_cell_is_chosen_by_two_lists_and_shows_its_samples(project, run, open_page):
    page = open_page("evaluate", project=project.name)
    assert (page.selectbox(key="cell_is").value, page.selectbox(key="cell_said").value) == ("circle", "square")
    assert "3 samples" in words(page)
    assert images(page) == 3
    page.selectbox(key="cell_said").select("cross").run()
    assert not page.exception
    assert "1 sample of 'circle' wrongly said to be 'cross'" in words(page).replace("*", "")
    assert "circle/03.png" in words(page)


@pytest.mark.parametrize(
    ("view", "said"),
    [
        ("Worst", "the worst first"),
        ("Wrong but sure", "the surest first"),
        ("Per class", "Precision: how many"),
        ("Threshold", "Recommended"),
        ("Calibration", "Not calibrated yet"),
        ("Clean labels", "2 labels may be wrong"),
    ],
)
def test_every_view_opens_by_the_address(project, run, open_page, view, said):
    page = open_page("evaluate", project=project.name, look=view)
    assert not page.exception
    assert not page.error
    assert said in words(page).replace("*", "")


def test_twelve_samples_are_shown_at_once(project, run, open_page):
    assert images(open_page("evaluate", project=project.name, look="Worst")) == 12


def test_where_it_looks_is_asked_for_as_a_job_and_shown_when_it_is_done(project, run, open_page, tmp_path, started):
    from PIL import Image

    page = open_page("evaluate", project=project.name)
    page.toggle(key="where").set_value(True).run()
    assert "Looking where the answers come from" in words(page)
    job = project.jobs.last("explain", run=run.id)
    Image.new("RGB", (40, 20)).save(tmp_path / "map.png")
    files = job.command[3 : job.command.index("--output")]
    assert len(files) == 3
    ended(job, [{"path": file, "label": "square", "file": str(tmp_path / "map.png")} for file in files])
    page.run()
    assert not page.exception
    assert "What spoke for square" in words(page)
    assert len(explained(project, run)) == 3


def test_looking_for_mistakes_that_failed_leaves_the_figures(project, open_page, started):
    made = shapes_run(project)
    evaluated(made)
    page = open_page("evaluate", project=project.name)
    assert "Looking for the worst mistakes" in words(page)
    ended(project.jobs.last("failures", run=made.id), code=1, log="error: the disk is gone")
    page.run()
    assert "the disk is gone" in page.error[0].value
    assert "91.7% are right" in words(page)
    button(page, "failures_again").click().run()
    assert len(project.jobs.all("failures", run=made.id)) == 2


def test_a_threshold_is_stored_only_after_the_temperature_was_fitted(project, run, open_page, started):
    page = open_page("evaluate", project=project.name, look="Threshold")
    assert button(page, "store_threshold").disabled
    write_json(run.path / "calibration.json", {"temperature": 1.2, "samples": 60, "unsure": None, "conformal": None})
    page.run()
    page.slider(key="threshold").set_value(0.6).run()
    assert [one.label for one in page.metric] == ["Still answered", "Wrong among them"]
    button(page, "store_threshold").click().run()
    job = project.jobs.last("calibrate", run=run.id)
    assert job.command[3:5] == ("--unsure", "0.6")
    assert "Calibrating" in words(page)


def test_the_temperature_is_fitted_by_a_job_whose_failure_is_said(project, run, open_page):
    page = open_page("evaluate", project=project.name, look="Calibration")
    button(page, "fit_temperature").click().run()
    job = project.jobs.last("calibrate", run=run.id)
    assert job.command[:3] == ("kerascnn", "calibrate", run.id)
    ended(job, code=3, log="error: the validation split has 9 samples; to calibrate takes 50")
    page.run()
    assert "to calibrate takes 50" in words(page)


def test_labels_are_judged_in_a_form_and_saved_as_a_version(project, run, open_page):
    page = open_page("evaluate", project=project.name, look="Clean labels")
    cards = {one.label: one for one in page.selectbox if one.key.startswith("fix_")}
    assert set(cards) == {"circle/03.png", "square/07.png"}
    cards["circle/03.png"].select("cross")
    cards["square/07.png"].select("leave_out")
    next(one for one in page.button if one.label == "Count my changes").click().run()
    assert "2 changes: 1 label changed, 1 left out" in words(page)
    next(one for one in page.button if one.label == "Save as v2").click().run()
    assert not page.exception
    assert "Saved as v2" in words(page)
    assert {one.id: one.action for one in fixes_of(project, project.version())} == {
        "circle/03.png": "relabel",
        "square/07.png": "leave_out",
    }
    assert "This run was made on v1; the newest data is v2" in words(page)
    assert "2 were judged before" in words(page)
    button(page, "train_again").click().run()
    assert page.query_params["from"] == run.id
    assert page.title[0].value == "Train"


def test_every_label_is_looked_at_by_a_job_whose_findings_take_the_place(project, run, open_page):
    page = open_page("evaluate", project=project.name, look="Clean labels")
    button(page, "every_label").click().run()
    assert not page.exception
    job = project.jobs.last("every-label", run=run.id)
    assert "Looking at every label" in words(page)
    rows = [
        {"id": "cross/05.png", "label": "cross", "suggested": "square", "probability": 0.1,
         "suggested_probability": 0.8, "margin": 0.7}
    ]  # fmt: skip
    found = {"label_errors": rows, "label_errors_found": 1, "label_errors_expected": 2, "judged": 0, "split": "test"}
    ended(job, found)
    page.run()
    assert not page.exception
    assert "by 5 models that had not learnt it" in words(page)
    assert [one.label for one in page.selectbox if one.key.startswith("fix_")] == ["cross/05.png"]


def test_nothing_changed_is_not_saved(project, run, open_page):
    page = open_page("evaluate", project=project.name, look="Clean labels")
    next(one for one in page.button if one.label == "Save as v2").click().run()
    assert "nothing to save" in words(page)
    assert len(project.versions()) == 1


def test_a_conflict_shows_both_and_mine_can_be_put_on_top(project, run, open_page):
    page = open_page("evaluate", project=project.name, look="Clean labels")
    save(project, [Judgement("circle/03.png", "leave_out", by="ben")], after="v1", by="ben")
    next(one for one in page.selectbox if one.label == "circle/03.png").select("cross")
    next(one for one in page.button if one.label.startswith("Save as")).click().run()
    assert not page.exception
    assert "ben made v2 while you worked on v1" in words(page)
    tables = [list(one.value.iloc[0]) for one in page.dataframe if "judgement" in one.value.columns]
    assert tables == [["circle/03.png", "leave out (ben)"], ["circle/03.png", "is cross (test@example.com)"]]
    assert len(project.versions()) == 2
    button(page, "conflict_on_top").click().run()
    assert "Saved as v3" in words(page)
    assert {one.id: one.action for one in fixes_of(project, project.version())}["circle/03.png"] == "relabel"


def test_a_run_on_other_data_cannot_be_cleaned_here(project, run, open_page):
    spec = run.read("spec.resolved.json")
    spec["data"]["resize"] = "letterbox"
    spec["data"]["fixes"] = "/elsewhere.csv"
    write_json(run.path / "spec.resolved.json", spec)
    page = open_page("evaluate", project=project.name, look="Clean labels")
    assert not page.exception
    assert "made on other data" in words(page)
    assert next(one for one in page.button if one.label == "Save as v2").disabled


def test_two_runs_are_compared_with_what_was_fixed_and_what_was_set_otherwise(project, run, open_page):
    from kerascnn.runs.compare import compare as work

    other = shapes_run(project, 2, rate="2e-3")
    evaluated(other, wrong=0, at=2000.0)
    looked_for(project, other)
    reports = report_of(run, "validation"), report_of(other, "validation")
    ended(compare(project, run, other, reports), work(run, other, "validation"))
    page = open_page("evaluate", project=project.name, run=other.id, look="Compare", **{"with": run.id})
    assert not page.exception
    said = words(page)
    assert "3 fixed, 0 broke" in said
    assert "Fixed: A was wrong, B is right: 3" in said
    assert images(page) == 3
    assert any("train.stages.0.learning_rate" in one.value.to_string() for one in page.dataframe)


def test_runs_whose_labels_differ_are_compared_on_what_they_have_in_common(project, run, open_page):
    other = shapes_run(project, 2)
    evaluated(other, wrong=0, at=2000.0)
    looked_for(project, other)
    job = compare(project, run, other, (report_of(run, "validation"), report_of(other, "validation")))
    ended(job, code=2, log="error: the validation splits are not the same samples")
    page = open_page("evaluate", project=project.name, run=other.id, look="Compare", **{"with": run.id})
    assert not page.exception
    assert "On the 60 samples that both have" in words(page)
    assert "not the same samples" in words(page)


def test_the_other_run_is_evaluated_first(project, run, open_page, started):
    other = shapes_run(project, 2)
    page = open_page("evaluate", project=project.name, run=run.id, look="Compare", **{"with": other.id})
    button(page, "evaluate_other").click().run()
    assert project.jobs.last("evaluate", run=other.id, split="validation") is not None
    assert "Evaluating the other run" in words(page)


def test_a_damaged_report_is_a_sentence(project, run, open_page):
    (run.path / "evaluation" / "validation.json").write_text("{")
    page = open_page("evaluate", project=project.name)
    assert not page.exception
    assert "cannot be read" in page.error[0].value


def test_numbers_have_errors_instead_of_classes(home, started, open_page, monkeypatch, tmp_path):
    monkeypatch.setattr(samples, "_make", samples.write_all)
    project = home.create("Sizes", "image_regression")
    table = tmp_path / "sizes.csv"
    table.write_text("path,size\n")
    source = json.dumps({"type": "manifest", "path": str(table), "target_columns": ["size"]})
    text = SPEC.format(name="sizes", task="image_regression", source=source, more="resize: stretch",
                       backbone="{type: lenet}", head="regressor", rate="1e-3")  # fmt: skip
    ids = [f"{i}.png" for i in range(30)]
    lines = [{"id": name, "values": [1.0], "split": "validation"} for name in ids]
    made = write_run(project, text, lines, ["size"], {"medium": "image", "shape": [8, 8, 1]})
    truth = np.arange(30, dtype="float32")[:, None]
    keep(made, "validation", ids, truth, truth + np.float32(0.5))
    looked_for(project, made)
    page = open_page("evaluate", project=project.name, look="Errors")
    assert not page.exception
    assert not page.error
    assert "better than always giving the same answer" in words(page)
    assert [tab.label for tab in page.tabs][:3] == ["Worst", "Per number", "Errors"]


def test_answers_that_are_not_kept_leave_the_figures_by_class(project, run, open_page):
    (run.path / "evaluation" / "validation.npz").unlink()
    page = open_page("evaluate", project=project.name)
    assert not page.exception
    assert "single samples cannot be shown" in words(page)
    assert [tab.label for tab in page.tabs] == ["Per class", "Calibration"]


@pytest.fixture
def masks(project):
    """Return a run of which the worst pictures were kept, and no whole answers."""
    made = shapes_run(project)
    evaluated(made)
    (made.path / "evaluation" / "validation.npz").unlink()
    ids = [line["id"] for line in made.manifest() if line["split"] == "validation"]
    values = np.linspace(0.2, 1, len(ids))
    kept = KeptFigures(ids, "picture_iou", "max", values, ids[:2], ["disc 10 %"] * 2, ["nothing", "disc 5 %"])
    write_figures(made, "validation", kept)
    return made


def test_the_worst_masks_and_boxes_are_seen_beside_what_was_said(project, masks, open_page):
    looked_for(project, masks)
    page = page_of(masks, "validation")
    page.write_text("<!doctype html><title>Failures</title>", "utf-8")
    shown = open_page("evaluate", project=project.name, look="Worst")
    assert not shown.exception
    assert not shown.error
    assert "Clean labels" not in [tab.label for tab in shown.tabs]
    assert "The pictures with the worst picture IoU" in words(shown)
    (frame,) = shown.get("iframe")
    assert frame.proto.alt == "Pictures with the worst picture IoU"
    assert frame.proto.src == file_address(page, show=True)
    page.unlink()
    shown = open_page("evaluate", project=project.name, look="Worst")
    assert not shown.get("iframe")
    assert "evaluate the run again" in words(shown)


def test_masks_that_are_all_right_are_said_to_be(project, masks, open_page):
    ids = [line["id"] for line in masks.manifest() if line["split"] == "validation"]
    write_figures(masks, "validation", KeptFigures(ids, "picture_iou", "max", np.ones(len(ids))))
    looked_for(project, masks)
    shown = open_page("evaluate", project=project.name, look="Worst")
    assert not shown.exception
    assert "Every mask and every box is as it should be." in words(shown)


def test_parts_of_the_data_and_what_a_task_adds_are_shown(project, run, open_page):
    report = run.read("evaluation/validation.json")
    report["slices"] = [
        {"column": "camera", "value": "b", "samples": 30, "accuracy": 0.8, "low": 0.6, "high": 0.9, "gap": 0.15}
    ]
    report["sections"] = [
        {"title": "More", "text": "words", "table": {"head": ["a"], "rows": [["1"]]}},
        {"title": "Curve", "lines": {"x_name": "x", "x": [1, 2], "y": {"one": [0.1, 0.2]}}},
    ]
    write_json(run.path / "evaluation" / "validation.json", report)
    page = open_page("evaluate", project=project.name, look="Parts of the data")
    assert not page.exception
    assert "camera: b" in page.dataframe[-1].value.to_string()
    page = open_page("evaluate", project=project.name, look="More")
    assert not page.exception
    assert "Curve" in words(page)


def test_names_of_users_are_not_read_as_markdown(project, run, open_page):
    about = run.read("RUN.json")
    write_json(run.path / "RUN.json", {**about, "name": "evil ![x](http://x)"})
    other = shapes_run(project, 2)
    evaluated(other)
    looked_for(project, other)
    page = open_page("evaluate", project=project.name, run=other.id, look="Compare", **{"with": run.id})
    assert not page.exception
    assert any("evil" in str(one.value) for one in page.markdown)
    assert all("![x](" not in str(one.value) for one in (*page.markdown, *page.caption))
