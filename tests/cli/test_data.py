"""`kerascnn data`."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kerascnn.cli.main import run
from kerascnn.templates_list import find_template

Capture = pytest.CaptureFixture[str]
TEMPLATE = str(find_template("simple_cnn"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    for label in ("cat", "dog"):
        (tmp_path / "data" / label).mkdir(parents=True)
        for i in range(20):
            picture = rng.integers(0, 256, (10, 12, 3), dtype="uint8")
            Image.fromarray(picture).save(tmp_path / "data" / label / f"{i:02d}.png")
    return tmp_path / "data"


def at(folder: Path, *settings: str) -> list[str]:
    """Return the arguments that name a spec with this folder of pictures."""
    return [TEMPLATE, *(part for text in (f"data.source.path={folder}", *settings) for part in ("--set", text))]


# Check.


@pytest.mark.parametrize("command", [["data"], ["data", "check"]])
def test_a_folder_is_checked_without_a_spec(folder: Path, capsys: Capture, command: list[str]) -> None:
    shutil.copy(folder / "dog" / "00.png", folder / "dog" / "copy.png")
    (folder / "cat" / "notes.txt").write_text("x", "utf-8")
    assert run([*command, str(folder), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert set(facts) == {
        "samples", "quarantined", "shape", "sizes", "elements", "counts", "fingerprint", "notes", "findings",
    }  # fmt: skip
    assert (facts["samples"], facts["quarantined"], facts["shape"]) == (41, 0, [96, 96, 3])
    assert facts["sizes"] == {"train": 29, "validation": 6, "test": 6}
    assert facts["counts"] == {
        "train": {"cat": 14, "dog": 15},
        "validation": {"cat": 3, "dog": 3},
        "test": {"cat": 3, "dog": 3},
    }
    message = "1 sample is a copy of another; copies are in the same split"
    assert {"id": "duplicate", "severity": "note", "message": message, "samples": []} in facts["findings"]
    assert {finding["id"] for finding in facts["findings"]} == {"duplicate", "tiny-picture"}
    assert facts["notes"] == ["1 file ending in .txt left out: by the ending no picture"]


def test_a_spec_is_checked_with_its_settings(folder: Path, capsys: Capture) -> None:
    assert run(["data", *at(folder, "data.split={validation: 0, test: 0.5}")]) == 0
    out, _ = capsys.readouterr()
    assert out.splitlines()[2].split() == ["cat", "10", "10"]
    assert out.splitlines()[4].split() == ["all", "20", "20"]
    assert "40 pictures, as the model takes them: 96 x 96 x 3" in out


def test_sizes_shapes_and_formats_are_said(folder: Path, capsys: Capture) -> None:
    Image.new("RGB", (60, 20)).save(folder / "cat" / "wide.jpg")
    assert run(["data", str(folder), "--json"]) == 0
    elements = json.loads(capsys.readouterr().out)["elements"]
    assert elements["aspect_ratio"][2] == 3.0
    assert elements["formats"]["JPEG"] == 1
    assert run(["data", str(folder)]) == 0
    assert " to 3 (median " in capsys.readouterr().out


def test_advice_stands_among_the_findings(folder: Path, capsys: Capture) -> None:
    assert run(["data", *at(folder, "augment=[]")]) == 0
    assert "warning: small-data: model.backbone: is trained from scratch on 28 samples" in capsys.readouterr().out
    assert run(["data", *at(folder, "augment=[]", "lint.ignore=[small-data]")]) == 0
    assert "small-data" not in capsys.readouterr().out


def test_names_of_files_cannot_move_the_cursor(folder: Path, capsys: Capture) -> None:
    for label in ("cat", "dog"):
        shutil.copy(folder / "cat" / "00.png", folder / label / "a\x1b[2Jb\n.png")
    assert run(["data", str(folder)]) == 0
    out, err = capsys.readouterr()
    assert "a\\x1b[2Jb\\n.png" in out
    assert "\x1b" not in out + err


def test_findings_that_stop_are_exit_code_3_after_the_table(folder: Path, capsys: Capture, tmp_path: Path) -> None:
    (folder / "cat" / "bad\n.png").write_bytes(b"")
    (folder / "dog" / "text.jpg").write_text("x", "utf-8")
    assert run(["data", str(folder), "--html", str(tmp_path / "page.html")]) == 3
    out, err = capsys.readouterr()
    assert out.splitlines()[2].split() == ["cat", "14", "3", "3"]
    assert "error: unreadable: 2 samples cannot be read" in out
    assert "2 of 42 pictures cannot be read; mend them, or let them stand with data.allow: [unreadable]" in err
    assert "bad\\n.png: is empty (0 bytes)" in err
    assert "text.jpg: is not a picture of a known format" in err
    assert "is empty (0 bytes)" in (tmp_path / "page.html").read_text("utf-8")


def test_one_picture_in_two_classes_is_named(folder: Path, capsys: Capture) -> None:
    shutil.copy(folder / "cat" / "00.png", folder / "dog" / "copy.png")
    assert run(["data", str(folder)]) == 3
    out, err = capsys.readouterr()
    assert "warning: duplicate-label: 2 samples have the same content as one of another class" in out
    assert "(cat/00.png, dog/copy.png)" in out
    assert "let them stand with data.allow: [duplicate-across-splits]" in err


def test_json_is_whole_though_findings_stop(folder: Path, capsys: Capture) -> None:
    (folder / "cat" / "bad.png").write_bytes(b"")
    assert run(["data", str(folder), "--json"]) == 3
    facts = json.loads(capsys.readouterr().out)
    assert facts["quarantined"] == 1
    assert [finding["id"] for finding in facts["findings"] if finding["severity"] == "error"] == ["unreadable"]


def test_what_is_allowed_stops_nothing(folder: Path, capsys: Capture) -> None:
    (folder / "cat" / "bad.png").write_bytes(b"")
    assert run(["data", *at(folder, "data.allow=[unreadable]")]) == 0
    assert "error: unreadable: 1 sample cannot be read" in capsys.readouterr().out


def test_a_page_is_written_and_said(folder: Path, capsys: Capture, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    assert run(["data", "--html", str(page), str(folder)]) == 0
    out, err = capsys.readouterr()
    assert f"wrote {page}" in err
    assert f"wrote {page}" not in out
    assert page.read_text("utf-8").startswith("<!doctype html>")
    assert run(["data", str(folder), "--html", str(tmp_path / "nowhere" / "page.html")]) == 5


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["data", "nowhere"], "there is no such file"),
        (["data", "check", "nowhere"], "there is no such file"),
        (["data", "split", "nowhere"], "there is no such file"),
        (["data", "preview", "nowhere"], "there is no such file"),
        (["data", "."], "has no folders"),
    ],
)
def test_what_is_no_data_is_said(
    arguments: list[str], said: str, capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(arguments) == (3 if arguments[-1] == "." else 2)
    assert said in capsys.readouterr().err


def test_a_wrong_group_by_is_named_at_its_place(capsys: Capture) -> None:
    assert run(["data", str(find_template("lenet5")), "--set", "data.split.group_by='patient-('"]) == 2
    assert "data.split.group_by: should be a regular expression" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["--help"], ["check", "--help"], ["x.yaml", "--help"]])
def test_help_is_given_everywhere(arguments: list[str], capsys: Capture) -> None:
    assert run(["data", *arguments]) == 0
    assert "--html" in capsys.readouterr().out or arguments == ["--help"]


# Split.


def test_a_split_is_written_and_is_taken_again(folder: Path, capsys: Capture, tmp_path: Path) -> None:
    out = tmp_path / "split.csv"
    assert run(["data", "split", *at(folder), "--out", str(out)]) == 0
    assert f"{out}: 28 train, 6 validation, 6 test" in capsys.readouterr().out
    lines = out.read_text("utf-8").splitlines()
    assert lines[0] == "id,sha256,split,label"
    assert len(lines) == 41
    assert lines[1:] == sorted(lines[1:])
    # Other fractions do not matter any more, another seed neither.
    again = at(folder, f"data.split.file={out}", "train.seed=7")
    assert run(["data", "split", *again, "--out", str(tmp_path / "again.csv")]) == 0
    assert (tmp_path / "again.csv").read_text("utf-8") == out.read_text("utf-8")


def test_a_split_names_folds_groups_and_what_cannot_be_read(folder: Path, capsys: Capture, tmp_path: Path) -> None:
    (folder / "cat" / "99.png").write_bytes(b"")
    out = tmp_path / "split.csv"
    settings = ["data.split={folds: 4, validation: 0, group_by: '[a-z]+/[0-9]'}"]
    assert run(["data", "split", *at(folder, *settings), "--out", str(out)]) == 0
    lines = out.read_text("utf-8").splitlines()
    assert lines[0] == "id,sha256,split,label,group,fold"
    assert "cat/99.png,,quarantine,cat,," in lines
    assert {line.rsplit(",", 2)[1] for line in lines if line.startswith("dog/1")} == {"dog/1"}


def test_data_that_changed_since_the_split_are_named(folder: Path, capsys: Capture, tmp_path: Path) -> None:
    out = tmp_path / "split.csv"
    assert run(["data", "split", *at(folder), "--out", str(out)]) == 0
    shutil.copy(folder / "cat" / "00.png", folder / "cat" / "01.png")
    assert run(["data", *at(folder, f"data.split.file={out}")]) == 3
    err = capsys.readouterr().err
    assert "data.split.file was made from other data" in err
    assert "cat/01.png: has other content than when the split was made" in err


def test_a_split_that_cannot_be_written_is_exit_code_5(folder: Path, capsys: Capture, tmp_path: Path) -> None:
    assert run(["data", "split", str(folder), "--out", str(tmp_path / "nowhere" / "split.csv")]) == 5
    assert "cannot write" in capsys.readouterr().err


# Preview.


def test_a_preview_is_a_picture_of_rows_and_columns(folder: Path, capsys: Capture, tmp_path: Path) -> None:
    out = tmp_path / "preview.png"
    flags = ["--out", str(out), "--samples", "3", "--variants", "2"]
    assert run(["data", "preview", *at(folder), *flags]) == 0
    assert f"{out}: 3 training pictures, 2 augmented versions of each" in capsys.readouterr().out
    with Image.open(out) as image:
        assert image.size == (3 * 100 + 4, 3 * 100 + 4)


@pytest.mark.parametrize("flags", [["--samples", "0"], ["--samples", "65"], ["--variants", "0"], ["--variants", "x"]])
def test_a_preview_of_odd_numbers_is_a_usage_error(folder: Path, capsys: Capture, flags: list[str]) -> None:
    assert run(["data", "preview", str(folder), *flags]) == 2
    assert flags[0] in capsys.readouterr().err
