"""`kerascnn plugins new`: what it says, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kerascnn.cli.main import run
from kerascnn.spec.skeletons import skeleton_kinds


def test_it_writes_a_plugin_and_says_what_to_do_next(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["plugins", "new", "gates", "--kind", "layer", "--into", str(tmp_path)]) == 0
    folder = tmp_path / "kerascnn-gates"
    said = capsys.readouterr()
    assert said.out == f"{folder}\n"
    assert (folder / "kerascnn_gates" / "__init__.py").is_file()
    assert "wrote the layer 'gates.gated_conv', the template 'gates.gates' and tests" in said.err
    assert [line.strip() for line in said.err.splitlines()[1:]] == [
        f"pip install -e {folder}",
        "kerascnn plugins check gates",
        "kerascnn init gates.gates -o gates.yaml",
        "kerascnn train gates.yaml",
    ]


def test_it_writes_into_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["plugins", "new", "house", "--kind", "rule", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["folder"], found["kind"], found["component"]) == ("kerascnn-house", "rule", "house.no_patience")
    assert found["next"][0] == "pip install -e kerascnn-house"
    assert (tmp_path / "kerascnn-house" / "pyproject.toml").is_file()


def test_a_folder_with_a_space_is_quoted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["plugins", "new", "gates", "--kind", "layer", "--into", str(tmp_path / "my code")]) == 0
    assert f"pip install -e '{tmp_path / 'my code' / 'kerascnn-gates'}'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["My-Layers", "--kind", "layer"], "error: 'My-Layers' cannot be the name of a plugin; use lower-case"),
        (["mine", "--kind", "layr"], "error: no kind of plugin is named 'layr'; did you mean 'layer'?"),
        (["mine"], "Missing option '--kind'"),
    ],
)
def test_mistakes_are_sentences(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    assert run(["plugins", "new", *arguments, "--into", str(tmp_path)]) == 2
    found = capsys.readouterr()
    assert said in found.err
    assert found.out == ""
    assert list(tmp_path.iterdir()) == []


def test_a_second_time_it_leaves_what_is_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["plugins", "new", "gates", "--kind", "layer", "--into", str(tmp_path)]
    assert run(command) == 0
    own = tmp_path / "kerascnn-gates" / "README.md"
    own.write_text("changed", "utf-8")
    assert run(command) == 2
    assert "kerascnn-gates is there already and is left as it is" in capsys.readouterr().err
    assert own.read_text("utf-8") == "changed"


def test_the_help_names_every_kind(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    assert run(["plugins", "new", "--help"]) == 0
    words = capsys.readouterr().out.replace(",", " ").replace(".", " ").split()
    assert set(skeleton_kinds()) <= set(words)
