"""The page Data in each of its states."""

import json
import zipfile

import pytest

from kerascnn_dashboard.importing import bring_in
from kerascnn_dashboard.logic import imports
from kerascnn_dashboard.logic.demo import make_demo
from kerascnn_dashboard.logic.uploads import Uploads
from tests.dashboard.pages import button


@pytest.fixture
def project(home):
    return home.create("Beetles", "image_classification")


def texts(page):
    return "\n".join(
        str(one.value) for kind in (page.error, page.info, page.success, page.warning, page.caption, page.markdown)
        for one in kind
    )  # fmt: skip


def begun(started):
    """Return the jobs that were started; the frame looks after the queues besides."""
    return [one for one in started if one[0] != "worker"]


def put(folder, *names):
    for name in names:
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"x")
    return folder


def ended(home, project, order, *, code=0, output=None, log="", stopped=False, id="job"):
    """Let an import be there that has ended; without an output of the test's own it is done."""
    name = str(order.get("path", "data"))
    job = imports.begin(home, project, order, id=id, name=name)
    if output is None and code == 0:
        output = bring_in(home, project, order)
    (job.folder / "state.json").write_text(
        json.dumps({"pid": 1, "process_started": 1, "exit_code": code, "stopped": stopped})
    )
    (job.folder / "log.txt").write_text(log)
    (job.folder / "output.json").write_text(json.dumps(output))
    return job


def test_without_data_the_layout_is_drawn_and_nothing_can_be_checked(project, open_page):
    page = open_page("data", project="beetles")
    assert not page.exception
    assert "There is no data yet. Bring in pictures below." in texts(page)
    assert "the name of the folder is the class" in page.code[-1].value
    assert button(page, "Check the data").disabled
    assert button(page, "Bring in").disabled


def test_no_project_leads_home(home, open_page):
    page = open_page("data")
    assert "No project is open" in page.info[0].value


def test_a_folder_is_brought_in_by_one_job_and_meanwhile_nothing_else_can_be(project, open_page, tmp_path, started):
    put(tmp_path / "in", "cat/1.jpg", "dog/2.jpg")
    page = open_page("data", project="beetles")
    page.text_input(key="data_path").set_value(str(tmp_path / "in")).run()
    button(page, "Bring in").click().run()
    assert not page.exception
    assert len(begun(started)) == 1
    (job,) = project.jobs.all("import")
    assert json.loads(job.command[-1])["path"] == str(tmp_path / "in")
    assert [one.label for one in page.button if one.label in ("Cancel", "Bring in")] == ["Cancel"]


def test_a_folder_that_may_not_be_read_is_said(project, open_page, started):
    page = open_page("data", project="beetles")
    page.text_input(key="data_path").set_value("/etc").run()
    button(page, "Bring in").click().run()
    assert "may not be read" in page.error[0].value
    assert not begun(started)


def test_folders_can_be_browsed_with_the_keyboard(project, open_page, tmp_path):
    put(tmp_path / "root", "pictures/cat/1.jpg")
    page = open_page("data", project="beetles")
    page.selectbox(key=f"browse_{tmp_path}").set_value("root").run()
    button(page, "Open").click().run()
    page.selectbox(key=f"browse_{tmp_path / 'root'}").set_value("pictures").run()
    button(page, "Use this folder").click().run()
    assert page.text_input(key="data_path").value == str(tmp_path / "root/pictures")
    button(page, "Up").click().run()
    assert str(tmp_path) in [one.value for one in page.code]


def test_a_running_import_shows_how_far_it_is_and_can_be_cancelled(home, project, open_page, tmp_path, started):
    job = imports.begin(home, project, {"way": "folder", "path": str(tmp_path)}, id="job", name="a_b.zip")
    (job.folder / "log.txt").write_text("progress 0.500 unpacked 1 of 2 files\n")
    page = open_page("data", project="beetles")
    assert not page.exception
    (bar,) = page.get("progress")
    assert bar.proto.value == 50
    assert bar.proto.text.startswith("a\\_b\\.zip: unpacked 1 of 2 files, about ")
    button(page, "Cancel").click().run()
    assert not page.exception


def test_a_failed_import_says_why_until_it_was_seen(home, project, open_page, tmp_path, started):
    order = {"way": "folder", "path": str(tmp_path)}
    ended(home, project, order, code=3, log="progress 0.1 x\nerror: There is one folder only.\n  look")
    page = open_page("data", project="beetles")
    assert "was not brought in: There is one folder only" in page.error[0].value.replace("\\", "")
    assert page.code[0].value == "  look"
    button(page, "All right").click().run()
    assert not page.error
    assert "There is no data yet" in texts(page)


def test_a_stopped_and_a_lost_import_are_said(home, project, open_page, tmp_path, started, monkeypatch):
    order = {"way": "folder", "path": str(tmp_path)}
    ended(home, project, order, code=75, stopped=True)
    assert "was stopped; nothing was taken in" in texts(open_page("data", project="beetles"))
    job = imports.begin(home, project, order, id="lost", name="x")
    (job.folder / "state.json").write_text(json.dumps({"pid": 999_999_999, "process_started": 1.0}))
    assert "ended without a word" in texts(open_page("data", project="beetles"))


def test_what_was_brought_in_is_shown_with_its_counts_and_leads_on(home, project, open_page, tmp_path, started):
    put(tmp_path / "in", "cat/1.jpg", "cat/2.jpg", "dog/3.jpg", "dog/notes.md")
    ended(home, project, {"way": "folder", "path": str(tmp_path / "in")})
    page = open_page("data", project="beetles")
    assert not page.exception
    assert "was brought in as v1: 3 samples of 2 classes" in texts(page)
    assert "ending in \\.md left out" in texts(page)
    assert [(one.label, one.value) for one in page.metric] == [
        ("Samples", "3"), ("Classes", "2"), ("Fewest of a class", "1"),
    ]  # fmt: skip
    assert page.dataframe[-1].value["Version"].tolist() == ["v1"]
    go = button(page, "Check the data")
    assert not go.disabled
    go.click().run()
    assert page.title[0].value == "Check"


def test_in_doubt_the_user_chooses_and_corrects_the_columns(home, project, open_page, tmp_path, started):
    put(tmp_path / "in", "cat/1.jpg", "dog/2.jpg")
    (tmp_path / "in/t.csv").write_text("path,label,kind\ncat/1.jpg,a,x\ndog/2.jpg,b,y\n")
    ended(home, project, {"way": "folder", "path": str(tmp_path / "in")})
    page = open_page("data", project="beetles")
    assert not page.exception
    assert "can be read in more than one way" in page.warning[0].value
    assert len(page.radio(key="import_choice").options) == 2
    page.selectbox(key="import_0_label_column").set_value("kind")
    started.clear()
    button(page, "Read it like this").click().run()
    assert not page.exception
    assert len(begun(started)) == 1
    order = json.loads(project.jobs.last("import").command[-1])
    assert (order["way"], order["source"]["label_column"], order["origin"]) == ("as", "kind", "job")
    result = bring_in(home, project, order)
    assert result["facts"]["counts"] == {"x": 1, "y": 1}


def test_another_choice_shows_its_own_fields(home, project, open_page, tmp_path, started):
    put(tmp_path / "in", "cat/1.jpg", "dog/2.jpg")
    (tmp_path / "in/t.csv").write_text("path,label\ncat/1.jpg,a\ndog/2.jpg,b\n")
    ended(home, project, {"way": "folder", "path": str(tmp_path / "in")})
    page = open_page("data", project="beetles")
    page.radio(key="import_choice").set_value(1).run()
    assert not page.exception
    assert not [one for one in page.selectbox if str(one.key).startswith("import_")]
    button(page, "Discard").click().run()
    assert "There is no data yet" in texts(page)


def test_a_field_that_is_wrong_is_said_and_starts_nothing(home, project, open_page, tmp_path, started):
    put(tmp_path / "in", "cat/1.jpg", "dog/2.jpg")
    (tmp_path / "in/t.csv").write_text("path,label\ncat/1.jpg,a\ndog/2.jpg,b\n")
    ended(home, project, {"way": "folder", "path": str(tmp_path / "in")})
    page = open_page("data", project="beetles")
    page.text_input(key="import_0_root").set_value("/etc")
    started.clear()
    button(page, "Read it like this").click().run()
    assert "may not be read" in page.error[0].value
    assert not begun(started)


def test_an_upload_that_waits_is_shown_after_a_refresh(home, project, open_page, tmp_path, started):
    uploads = Uploads(home)
    for id, size in (("half", 9), ("whole", 3)):
        with uploads.piece(uploads.begin(project.name, id, f"{id}.zip", size), 0) as piece:
            piece.write(b"abc")
    page = open_page("data", project="beetles", way="Upload+a+file")
    page.segmented_control(key="way").set_value("Upload a file").run()
    assert not page.exception
    said = texts(page)
    assert "half\\.zip: 3 bytes of 9 bytes are there. Choose the same file again" in said
    assert "whole\\.zip, 3 bytes, is uploaded." in said
    page.button(key="drop_half").click().run()
    assert uploads.find("half") is None
    page.button(key="take_whole").click().run()
    assert project.jobs.find("whole").facts["name"] == "whole.zip"


def test_the_demo_data_is_offered_where_there_is_one(home, project, open_page, started):
    page = open_page("data", project="beetles")
    page.segmented_control(key="way").set_value("Demo").run()
    button(page, "Make the demo data").click().run()
    assert json.loads(project.jobs.last("import").command[-1])["way"] == "demo"
    home.create("Boxes", "object_detection")
    page = open_page("data", project="boxes")
    page.segmented_control(key="way").set_value("Demo").run()
    assert "There is no demo for this task" in texts(page)


def test_the_demo_project_says_what_changed_since_the_version_before(home, open_page):
    project = make_demo(home, "pictures")
    first = project.version()
    facts = {**first.facts, "samples": 239}
    project.add_version({**first.data, "fixes": "f.csv"}, "cleaning", "one left out", after="v1", facts=facts)
    page = open_page("data", project="demo-pictures")
    assert not page.exception
    assert "Since v1: 1 sample fewer; labels changed" in texts(page).replace("\\", "")
    assert page.dataframe[-1].value["Version"].tolist() == ["v2", "v1"]


def test_a_version_that_cannot_be_read_and_a_task_that_is_gone_are_said(home, project, open_page):
    (project.folder / "data/v1.json").write_text("{")
    assert "cannot be read" in open_page("data", project="beetles").error[0].value
    home.create("Odd", "acme.magic")
    page = open_page("data", project="odd")
    assert "is not installed" in page.error[0].value
    assert not page.exception


def test_names_of_files_are_never_read_as_markdown(home, project, open_page, tmp_path, started):
    archive = tmp_path / "[x](http:evil)**b**.zip"
    with zipfile.ZipFile(archive, "w") as out:
        for name in ("<b>cat/1.jpg", "dog/2.jpg"):
            out.writestr(name, "x")
    ended(home, project, {"way": "folder", "path": str(archive)})
    page = open_page("data", project="beetles")
    assert "**b**" not in texts(page)
    assert "](http" not in texts(page)
