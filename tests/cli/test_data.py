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


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    for label in ("cat", "dog"):
        (tmp_path / "data" / label).mkdir(parents=True)
        for i in range(20):
            picture = rng.integers(0, 256, (10, 12, 3), dtype="uint8")
            Image.fromarray(picture).save(tmp_path / "data" / label / f"{i:02d}.png")
    return tmp_path / "data"


def test_a_folder_is_checked_without_a_spec(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copy(folder / "cat" / "00.png", folder / "dog" / "copy.png")
    (folder / "cat" / "notes.txt").write_text("x", "utf-8")
    assert run(["data", str(folder), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert set(facts) == {"samples", "shape", "counts", "fingerprint", "notes", "findings"}
    assert facts["samples"] == 41
    assert facts["counts"] == {
        "train": {"cat": 14, "dog": 15},
        "validation": {"cat": 3, "dog": 3},
        "test": {"cat": 3, "dog": 3},
    }
    (finding,) = [finding for finding in facts["findings"] if finding["id"] == "duplicate-label"]
    assert sorted(finding["samples"]) == ["cat/00.png", "dog/copy.png"]
    assert facts["notes"] == ["1 file ending in .txt left out: by the ending no picture"]


def test_a_spec_is_checked_with_its_settings(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    template = str(find_template("simple_cnn"))
    settings = ["--set", f"data.source.path={folder}", "--set", "data.split={validation: 0, test: 0.5}"]
    assert run(["data", template, *settings]) == 0
    out, _ = capsys.readouterr()
    assert out.splitlines()[2].split() == ["cat", "10", "10"]
    assert "40 pictures, as the model takes them: 96 x 96 x 3" in out


def test_names_of_files_cannot_move_the_cursor(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for label in ("cat", "dog"):
        shutil.copy(folder / "cat" / "00.png", folder / label / "a\x1b[2Jb\n.png")
    assert run(["data", str(folder)]) == 0
    out, err = capsys.readouterr()
    assert "a\\x1b[2Jb\\n.png" in out
    assert "\x1b" not in out + err


def test_what_cannot_be_used_is_named_and_exit_code_3(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "cat" / "bad\n.png").write_bytes(b"")
    (folder / "dog" / "text.jpg").write_text("x", "utf-8")
    assert run(["data", str(folder)]) == 3
    out, err = capsys.readouterr()
    assert out == ""
    assert "bad\\n.png: is empty (0 bytes)" in err
    assert "text.jpg: is not a picture of a known format" in err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["data", "nowhere"], "there is no such file"),
        (["data", "."], "has no folders"),
    ],
)
def test_what_is_no_data_is_said(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(arguments) in (2, 3)
    assert said in capsys.readouterr().err


def test_a_wrong_group_by_is_named_at_its_place(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["data", str(find_template("lenet5")), "--set", "data.split.group_by='patient-('"]) == 2
    assert "data.split.group_by: should be a regular expression" in capsys.readouterr().err
