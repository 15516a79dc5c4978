"""Bringing data in, as the job does it: from a folder, an upload, the demo, and in the way that the user chose."""

import json
import os
import zipfile
from pathlib import Path

import pytest

from kerascnn.errors import DataError, StoppedError, UsageError
from kerascnn_dashboard import importing
from kerascnn_dashboard.importing import bring_in, main
from kerascnn_dashboard.logic import imports
from kerascnn_dashboard.logic.progress import progress
from kerascnn_dashboard.logic.uploads import Uploads


@pytest.fixture
def project(home):
    return home.create("Beetles", "image_classification")


def put(folder, *names):
    for name in names:
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"x")
    return folder


def uploaded(home, project, file, id="u1"):
    uploads = Uploads(home)
    data = file.read_bytes()
    with uploads.piece(uploads.begin(project.name, id, file.name, len(data)), 0) as piece:
        piece.write(data)


def zipped(path, *names):
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return path


def held(project):
    return sorted(item.name for item in (project.folder / "data").iterdir())


def test_a_folder_is_read_where_it_lies(home, project, tmp_path):
    folder = put(tmp_path / "pictures", "cat/1.jpg", "cat/2.jpg", "dog/3.jpg", "dog/notes.md")
    result = bring_in(home, project, {"way": "folder", "path": str(folder), "by": "ann"})
    (version,) = project.versions()
    assert result["version"] == version.name == "v1"
    assert dict(version.data) == {"source": {"type": "image_folder", "path": str(folder)}}
    assert (version.way, version.by, version.about) == ("folder", "ann", f"3 samples of 2 classes from {folder}")
    assert version.facts["counts"] == {"cat": 2, "dog": 1}
    assert version.facts["notes"] == ["1 file ending in .md left out: by the ending no picture"]
    assert held(project) == ["v1.json"]


def test_an_upload_is_unpacked_into_the_project_and_removed(home, project, tmp_path):
    uploaded(home, project, zipped(tmp_path / "a.zip", "top/cat/1.jpg", "top/dog/2.jpg"))
    result = bring_in(home, project, {"way": "upload", "upload": "u1"})
    path = Path(result["source"]["path"])
    assert path.name == "top"
    assert path.is_relative_to(project.folder / "data")
    assert (project.versions()[0].way, project.versions()[0].about) == ("archive", "2 samples of 2 classes from a.zip")
    assert Uploads(home).find("u1") is None


def test_a_table_is_kept_in_the_project(home, tmp_path):
    project = home.create("Words", "text_classification")
    file = tmp_path / "t.csv"
    file.write_text("text,label\nsome words,a\nother words,b\n")
    uploaded(home, project, file)
    result = bring_in(home, project, {"way": "upload", "upload": "u1"})
    assert Path(result["source"]["path"]).read_text() == file.read_text()
    assert project.versions()[0].way == "table"


def test_an_archive_of_this_computer_is_unpacked(home, project, tmp_path):
    archive = zipped(tmp_path / "a.zip", "cat/1.jpg", "dog/2.jpg")
    bring_in(home, project, {"way": "folder", "path": str(archive)})
    assert project.versions()[0].way == "archive"
    assert archive.is_file()


def test_the_demo_can_be_made_in_a_project(home, project):
    assert bring_in(home, project, {"way": "demo"})["facts"]["classes"] == 3
    assert project.versions()[0].way == "demo"
    with pytest.raises(UsageError, match="no demo for this task"):
        bring_in(home, home.create("Boxes", "object_detection"), {"way": "demo"})


def test_what_fails_leaves_nothing_behind(home, project, tmp_path):
    uploaded(home, project, zipped(tmp_path / "a.zip", "cat/1.jpg"))
    with pytest.raises(DataError, match="one folder with pictures only"):
        bring_in(home, project, {"way": "upload", "upload": "u1"})
    assert held(project) == []
    assert Uploads(home).of(project.name) == []


def test_what_is_stopped_leaves_nothing_behind(home, project, tmp_path, monkeypatch):
    def stop(done, text):
        if "reading" in text:
            raise StoppedError("stopped; nothing was taken in")

    uploaded(home, project, zipped(tmp_path / "a.zip", "cat/1.jpg", "dog/2.jpg"))
    monkeypatch.setattr(importing, "tell", stop)
    with pytest.raises(StoppedError):
        bring_in(home, project, {"way": "upload", "upload": "u1"})
    assert held(project) == []


def test_in_doubt_the_user_is_asked_and_the_files_wait(home, project, tmp_path):
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w") as out:
        for name in ("cat/1.jpg", "dog/2.jpg"):
            out.writestr(name, "x")
        out.writestr("labels.csv", "path,label\ncat/1.jpg,a\ndog/2.jpg,b\n")
    uploaded(home, project, archive)
    asked = bring_in(home, project, {"way": "upload", "upload": "u1"})
    assert "version" not in asked
    assert [one["source"]["type"] for one in asked["candidates"]] == ["manifest", "image_folder"]
    assert (project.folder / "data" / asked["folder"]).is_dir()
    order = {"way": "as", "source": asked["candidates"][0]["source"], "from": asked["from"], "name": asked["name"]}
    assert bring_in(home, project, order)["facts"]["counts"] == {"a": 1, "b": 1}
    assert (project.versions()[0].way, project.versions()[0].about) == ("archive", "2 samples of 2 classes from a.zip")


def test_a_choice_that_is_wrong_is_said_with_its_field(home, project, tmp_path):
    file = put(tmp_path, "1.jpg") / "t.csv"
    file.write_text("path,label\n1.jpg,a\n")
    wrong = {"way": "as", "source": {"type": "manifest", "path": str(file), "label_colum": "label"}}
    with pytest.raises(UsageError, match="did you mean 'label_column'"):
        bring_in(home, project, wrong)
    wrong = {"way": "as", "source": {"type": "manifest", "path": str(file)}}
    with pytest.raises(DataError, match="all samples are of one class, 'a'"):
        bring_in(home, project, wrong)
    wrong = {"way": "as", "source": {"type": "text_folder", "path": str(tmp_path)}}
    with pytest.raises(UsageError, match="the project's task is about image with class"):
        bring_in(home, project, wrong)


def test_paths_outside_the_roots_are_refused_wherever_they_stand(home, project, tmp_path):
    inside = put(tmp_path / "in", "1.jpg")
    outside = put(tmp_path / "out", "2.jpg", "cat/1.jpg", "dog/1.jpg")
    home.set_roots([str(inside)])
    with pytest.raises(UsageError, match="may not be read"):
        bring_in(home, project, {"way": "folder", "path": str(outside)})
    (inside / "t.csv").write_text(f"path,label\n1.jpg,a\n{outside}/2.jpg,b\n")
    with pytest.raises(DataError, match="lists files in folders that may not be read"):
        bring_in(home, project, {"way": "folder", "path": str(inside)})
    source = {"type": "manifest", "path": str(inside / "t.csv"), "root": str(outside)}
    with pytest.raises(UsageError, match="may not be read"):
        bring_in(home, project, {"way": "as", "source": source})
    (inside / "t.csv").write_text("path,label\n1.jpg,a\n3.jpg,b\n")
    (inside / "3.jpg").symlink_to(outside / "2.jpg")
    with pytest.raises(DataError, match="may not be read"):
        bring_in(home, project, {"way": "as", "source": {"type": "manifest", "path": str(inside / "t.csv")}})


def test_an_upload_of_another_project_or_half_of_one_is_refused(home, project, tmp_path):
    other = home.create("Other", "image_classification")
    uploaded(home, other, zipped(tmp_path / "a.zip", "cat/1.jpg", "dog/2.jpg"))
    with pytest.raises(UsageError, match="no such upload"):
        bring_in(home, project, {"way": "upload", "upload": "u1"})
    assert Uploads(home).find("u1") is not None
    Uploads(home).begin(project.name, "u2", "b.zip", 10)
    with pytest.raises(UsageError, match="is not whole yet: 0 of 10 bytes"):
        bring_in(home, project, {"way": "upload", "upload": "u2"})


@pytest.mark.parametrize("order", ["[]", "{}", '{"way": "magic"}', '{"way": "as"}', '{"way": "folder"}', "{"])
def test_orders_that_cannot_be_read_end_with_a_sentence(home, project, capsys, order):
    assert main([str(home.folder), project.name, order]) == 2
    assert capsys.readouterr().err.startswith("error: ")


def test_the_job_prints_json_and_tells_how_far_it_is(home, project, tmp_path, capsys):
    folder = put(tmp_path / "pictures", "cat/1.jpg", "dog/3.jpg")
    order = json.dumps({"way": "folder", "path": str(folder)})
    assert main([str(home.folder), project.name, order]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["version"] == "v1"
    assert progress(err) == (1.0, "wrote v1")


def test_the_last_import_is_followed_by_its_files(home, project, tmp_path, started):
    folder = put(tmp_path / "pictures", "cat/1.jpg", "dog/3.jpg")
    assert imports.last(project) is None
    order = {"way": "folder", "path": str(folder)}
    jobs = [imports.begin(home, project, order, id="one", name="pictures") for _ in range(6)]
    assert len(started) == 1
    assert imports.last(project).state == "running"
    (jobs[0].folder / "log.txt").write_text("progress 0.250 unpacked 1 of 4 files\n")
    now = imports.last(project)
    assert (now.done, now.text, now.name) == (0.25, "unpacked 1 of 4 files", "pictures")
    ended(jobs[0], 3, log="error: one folder only\n  here")
    assert (imports.last(project).state, imports.last(project).text) == ("failed", "one folder only\n  here")
    imports.put_aside(project, imports.last(project))
    assert imports.last(project) is None


def ended(job, code, *, output=None, log="", stopped=False):
    (job.folder / "state.json").write_text(
        json.dumps({"pid": 1, "process_started": 1, "exit_code": code, "stopped": stopped})
    )
    (job.folder / "log.txt").write_text(log)
    (job.folder / "output.json").write_text(json.dumps(output) if output is not None else "")


def test_what_waits_for_a_choice_is_removed_when_it_is_put_aside(home, project, started):
    job = imports.begin(home, project, {"way": "upload", "upload": "u"}, id="one", name="a.zip")
    folder = put(project.folder / "data/import-1", "x.jpg")
    ended(job, 0, output={"candidates": [{"source": {"type": "manifest", "path": str(folder)}, "why": "w"}],
                          "folder": folder.name})  # fmt: skip
    now = imports.last(project)
    assert now.state == "choose"
    second = imports.begin(home, project, {"way": "as", "source": {}, "origin": "one"}, id="two", name="a.zip")
    ended(second, 3, log="error: no")
    again = imports.last(project)
    assert (again.state, len(again.candidates)) == ("failed", 1)
    imports.put_aside(project, again)
    assert not folder.exists()
    assert imports.last(project) is None


def test_what_a_version_is_about_is_never_removed(home, project, started):
    job = imports.begin(home, project, {"way": "upload", "upload": "u"}, id="one", name="a.zip")
    folder = put(project.folder / "data/import-1", "x.jpg")
    project.add_version({"source": {"type": "image_folder", "path": str(folder)}}, "archive", "a")
    ended(job, 0, output={"version": "v1", "candidates": [], "folder": folder.name})
    imports.put_aside(project, imports.last(project))
    os.utime(folder, (0, 0))
    from kerascnn_dashboard.logic.intake import remove_left

    lost = put(project.folder / "data/import-2", "x.jpg")
    os.utime(lost, (0, 0))
    remove_left(project)
    assert folder.exists()
    assert not lost.exists()


def test_a_folder_that_may_not_be_read_starts_nothing(home, project, started):
    with pytest.raises(UsageError):
        imports.begin(home, project, {"way": "folder", "path": "/etc"}, id="one", name="x")
    assert not started


def test_changes_between_versions_are_sentences(home, project):
    one = {"source": {"type": "image_folder", "path": "/a"}}
    project.add_version(one, "folder", "", facts={"samples": 10, "counts": {"cat": 5, "dog": 5}})
    assert imports.changes(project.versions()) == []
    project.add_version(
        {**one, "fixes": "f.csv"}, "cleaning", "", facts={"samples": 9, "counts": {"cat": 5, "ox": 4}}
    )  # fmt: skip
    assert imports.changes(project.versions()) == [
        "1 sample fewer", "new: the class ox", "gone: the class dog", "labels changed",
    ]  # fmt: skip
