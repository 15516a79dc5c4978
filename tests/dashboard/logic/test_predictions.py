"""What is asked of a model beside the page, and the tables of its answers."""

import csv
import io
import json

import pytest

from kerascnn.errors import UsageError
from kerascnn_dashboard.logic import predictions
from kerascnn_dashboard.logic.answer_table import (
    as_csv,
    as_parquet,
    chosen,
    classes_said,
    likeliest,
    shown,
    summary,
)
from kerascnn_dashboard.logic.files import files_of, safe_name
from kerascnn_dashboard.logic.predictions import again, choices, find_batch, last_batch, new_batch
from tests.dashboard.made import FakePredictors, finished_run, picture_project


@pytest.fixture
def fake(monkeypatch):
    found = FakePredictors()
    monkeypatch.setattr(predictions, "predictors", lambda: found)
    return found


@pytest.fixture
def project(home):
    made = picture_project(home)
    finished_run(made)
    return made


def asked(project, *names, id="one", **more):
    batch = new_batch(project, choices(project)[0], id=id, uploads=[(name, b"x") for name in names], **more)
    batch.wait(5)
    return find_batch(project, batch.id)


def test_runs_with_a_model_can_be_chosen_the_last_one_first(project):
    later = finished_run(project, "second", number=1)
    (finished_run(project, "third", number=2) / "model.keras").unlink()
    (finished_run(project, "fourth", number=3) / "labels.json").write_text("{", "utf-8")
    assert [one.id for one in choices(project)] == [later.name, "20260101-000000-abcdef"]
    assert choices(project)[0].title.startswith("second, ")
    assert choices(project)[0].labels == ("cat", "dog")


def test_answers_come_in_the_order_of_the_files_and_errors_are_named(project, fake):
    batch = asked(project, "a.png", "bad.png", "odd.png")
    assert batch.state() == "done"
    assert [row["name"] for row in batch.rows()] == ["a.png", "odd.png"]
    assert [(row["name"], row["error"]) for row in batch.errors()] == [
        ("bad.png", "is not a picture of a known format")
    ]
    assert summary(batch.rows(), batch.errors()) == "2 files answered, 1 of them unsure; 1 cannot be read"


def test_many_files_are_asked_some_at_a_time(project, fake):
    batch = asked(project, *(f"{i}.png" for i in range(150)))
    assert [len(paths) for _, paths in fake.asked] == [64, 64, 22]
    assert [row["name"] for row in batch.rows()] == [f"{i}.png" for i in range(150)]


def test_the_same_id_asks_once(project, fake):
    asked(project, "a.png")
    asked(project, "a.png")
    assert len(fake.asked) == 1


def test_a_page_that_comes_later_finds_the_last_answers_of_the_run(project, fake):
    asked(project, "a.png", id="one")
    asked(project, "b.png", id="two")
    assert last_batch(project, choices(project)[0].id).names == ("b.png",)
    assert last_batch(project, "20990101-000000-abcdef") is None


def test_it_is_starting_then_answering_then_done(project, fake):
    fake.go.clear()
    batch = new_batch(project, choices(project)[0], id="one", uploads=[(f"{i}.png", b"x") for i in range(65)])
    assert batch.state() == "starting"
    fake.entered.wait(5)
    batch.stop()
    fake.go.set()
    batch.wait(5)
    batch = find_batch(project, "one")
    assert (batch.state(), batch.answered()) == ("stopped", 64)
    again(batch, choices(project)[0])
    batch.wait(5)
    batch = find_batch(project, "one")
    assert (batch.state(), len(batch.rows())) == ("done", 65)


def test_what_the_server_left_undone_is_lost_and_can_go_on(project, fake):
    batch = asked(project, "a.png", "b.png")
    (batch.folder / "end.json").unlink()
    first = (batch.folder / "answers.jsonl").read_text().splitlines(keepends=True)[0]
    (batch.folder / "answers.jsonl").write_text(first)
    batch = find_batch(project, "one")
    assert (batch.state(), batch.answered()) == ("lost", 1)
    again(batch, choices(project)[0])
    batch.wait(5)
    assert [row["name"] for row in find_batch(project, "one").rows()] == ["a.png", "b.png"]


def test_why_the_model_could_not_answer_is_kept(project, fake):
    fake.reason = "run x has no model.keras"
    batch = asked(project, "a.png")
    assert batch.state() == "failed"
    assert batch.said["reason"] == "run x has no model.keras"


def test_drawn_masks_stand_beside_their_answers(project, fake):
    fake.draws = True
    rows = asked(project, "bad.png", "a.png", "b.png").rows()
    assert [row["overlay"].rpartition("/")[2] for row in rows] == ["0.png", "1.png"]


def test_old_batches_are_forgotten(project, fake, monkeypatch):
    monkeypatch.setattr(predictions, "KEPT", 2)
    for i in range(4):
        asked(project, "a.png", id=f"b{i}")
    assert sorted(item.name for item in (project.folder / "predictions").iterdir()) == ["b2", "b3"]


@pytest.mark.parametrize(
    ("uploads", "said"),
    [
        ([], "choose a file first"),
        ([("a.png", b"x")] * 501, "501 files are too many"),
        ([("big.png", b"x" * 11)], "'big.png' is larger"),
    ],
)
def test_what_is_too_much_is_refused(project, fake, monkeypatch, uploads, said):
    monkeypatch.setattr(predictions, "MOST_BYTES", 10)
    with pytest.raises(UsageError, match=said):
        new_batch(project, choices(project)[0], id="one", uploads=uploads)
    assert not (project.folder / "predictions" / "one").exists()


@pytest.mark.parametrize("id", ["../x", "", "a" * 81])
def test_a_name_that_is_no_batch_is_refused(project, fake, id):
    assert find_batch(project, id) is None
    with pytest.raises(UsageError, match="no name of a batch"):
        new_batch(project, choices(project)[0], id=id, uploads=[("a.png", b"x")])


def test_names_of_uploads_stay_in_their_folder(project, fake):
    batch = asked(project, "../../../evil.png", "..", "evil.png", "a" * 300 + ".png")
    folder = batch.folder / "files"
    assert sorted(item.name for item in folder.iterdir()) == [
        "0000-evil.png", "0001-file", "0002-evil.png", f"0003-{'a' * 80}.png",
    ]  # fmt: skip
    assert batch.names[0] == "../../../evil.png"


@pytest.mark.parametrize(
    ("name", "safe"),
    [("C:\\x\\y.png", "y.png"), ("a\0b\n.png", "a_b_.png"), ("...", "file"), (" .hidden", "hidden"), ("", "file")],
)
def test_names_are_made_harmless(name, safe):
    assert safe_name(name) == safe


def test_a_folder_gives_the_files_that_the_model_takes(home, project, tmp_path):
    outside = tmp_path / "new"
    (outside / "sub").mkdir(parents=True)
    for name in ("b.png", "a.jpg", "sub/c.png", "notes.txt", ".DS_Store", "Thumbs.db"):
        (outside / name).write_bytes(b"x")
    files, names = files_of(home, str(outside), "image")
    assert names == ["a.jpg", "b.png", "sub/c.png"]
    assert files[2] == outside / "sub" / "c.png"
    assert files_of(home, str(outside), "text")[1] == ["notes.txt"]
    assert files_of(home, str(outside / "b.png"), "image")[1] == ["b.png"]
    with pytest.raises(UsageError, match="holds nothing that this model takes"):
        files_of(home, str(outside), "audio")


def test_a_folder_that_may_not_be_read_is_refused_and_links_out_of_it_are_passed_over(home, tmp_path):
    allowed, secret = tmp_path / "allowed", tmp_path / "secret"
    allowed.mkdir()
    secret.mkdir()
    (secret / "s.png").write_bytes(b"x")
    (allowed / "a.png").write_bytes(b"x")
    (allowed / "link.png").symlink_to(secret / "s.png")
    home.set_roots([str(allowed)])
    assert files_of(home, str(allowed), "image")[1] == ["a.png"]
    with pytest.raises(UsageError, match="may not be read"):
        files_of(home, str(secret), "image")


ROW = {
    "path": "/x/a.png", "name": "=a.png", "label": "cat", "confidence": 0.9, "probabilities": {"cat": 0.9, "dog": 0.1},
    "values": {}, "boxes": [], "unsure": False, "set": ["cat"],
}  # fmt: skip
NUMBER = {
    "path": "/x/b.png", "name": "b.png", "label": "age 3", "confidence": None, "values": {"age": 3.0}, "boxes": [],
    "low": {"age": 2.5}, "high": {"age": 3.5},
}  # fmt: skip


def test_the_table_shows_what_the_run_says_and_no_more(home):
    assert shown(home, [ROW], "audio") == [
        {"File": "=a.png", "Answer": "cat", "How sure": 0.9, "Sure enough": ["sure"], "One of": "cat"}
    ]
    assert shown(home, [NUMBER], "audio") == [
        {"File": "b.png", "Answer": "age 3", "age": 3.0, "age, range": "2.5 to 3.5"}
    ]


def test_the_table_of_texts_shows_how_they_begin(home, tmp_path):
    (tmp_path / "a.txt").write_text("so  it\nbegins " + "x" * 400)
    (line,) = shown(home, [{**ROW, "path": str(tmp_path / "a.txt")}], "text")
    assert line["Text"].startswith("so it begins xxx")
    assert len(line["Text"]) < 170


def test_csv_and_parquet_hold_everything(home):
    import pandas as pd

    boxes = {**NUMBER, "boxes": [{"label": "cell", "left": 1.0}]}
    rows = list(csv.DictReader(io.StringIO(as_csv([ROW, boxes], [{"name": "c", "error": "is gone"}]).decode())))
    assert rows[0]["p(dog)"] == "0.1"
    assert (rows[0]["label"], rows[0]["unsure"], rows[0]["set"]) == ("cat", "False", "cat")
    assert (rows[1]["age low"], rows[1]["age high"]) == ("2.5", "3.5")
    assert json.loads(rows[1]["boxes"]) == [{"label": "cell", "left": 1.0}]
    assert (rows[2]["file"], rows[2]["error"]) == ("c", "is gone")
    assert pd.read_parquet(io.BytesIO(as_parquet([ROW])))["p(cat)"].tolist() == [0.9]


def test_rows_are_chosen_by_answer_and_by_doubt():
    odd = {**ROW, "label": "dog", "unsure": True}
    assert classes_said([ROW, odd]) == ["cat", "dog"]
    assert classes_said([NUMBER]) == []
    assert chosen([ROW, odd], ["dog"], only_unsure=False) == [odd]
    assert chosen([ROW, odd], [], only_unsure=True) == [odd]
    assert chosen([ROW, NUMBER], [], only_unsure=True) == []
    assert likeliest(ROW, 1) == [("cat", 0.9)]
