"""What the docs say is true: generated files are fresh, the README's example runs, commands and links are there."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent


def _generator(name: str = "generate") -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "docs" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_component_reference_is_what_the_code_says() -> None:
    fresh = _generator().reference()
    assert (ROOT / "docs" / "reference.md").read_text("utf-8") == fresh, "run `make reference`"


def test_the_contract_is_what_the_code_says() -> None:
    fresh = _generator("contract_page").contract()
    assert (ROOT / "docs" / "contract.md").read_text("utf-8") == fresh, "run `make reference`"
    assert "## Page" in fresh
    assert "`draw(self, desk: Desk) -> None` (has to be defined)" in fresh


def test_the_command_reference_is_what_the_commands_say(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In this process: to start one for each command takes ten seconds."""
    from typer._click import utils

    from kerascnn.cli.main import run

    def said(command: list[str], **_: Any) -> SimpleNamespace:
        assert run(command[3:]) == 0
        return SimpleNamespace(stdout=capsys.readouterr().out)

    generator = _generator()
    monkeypatch.setattr(generator, "subprocess", SimpleNamespace(run=said))
    monkeypatch.setattr(utils, "_detect_program_name", lambda: "python -m kerascnn")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("NO_COLOR", "1")
    assert (ROOT / "docs" / "cli.md").read_text("utf-8") == generator.cli(), "run `make reference`"


@pytest.mark.slow
def test_the_command_reference_is_what_the_commands_say_in_processes_of_their_own() -> None:
    fresh = _generator().cli()
    assert (ROOT / "docs" / "cli.md").read_text("utf-8") == fresh, "run `make reference`"


def test_every_command_stands_in_the_readme_and_the_reference() -> None:
    from kerascnn.cli.main import app

    names = {command.name or command.callback.__name__ for command in app.registered_commands if command.callback}
    names |= {group.name for group in app.registered_groups if group.name}
    assert names == {command[0] for command in _generator().COMMANDS if command}
    readme = (ROOT / "README.md").read_text("utf-8")
    assert [name for name in names if f"`kerascnn {name}" not in readme] == []


def test_the_example_of_the_readme_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    (example,) = re.findall(r"```python\n(.*?)```", readme, flags=re.DOTALL)
    (tmp_path / "templates").symlink_to(ROOT / "templates")
    monkeypatch.chdir(tmp_path)
    exec(compile(example, "README.md", "exec"), {})
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "61706"
    assert said[1].startswith("done 0.")
    assert len(said) == 5
    assert 0.5 < float(said[2].split()[0]) <= 1


def test_the_spec_of_the_readme_is_valid() -> None:
    from kerascnn.spec.load import parse_spec

    readme = (ROOT / "README.md").read_text("utf-8")
    specs = [text for text in re.findall(r"```yaml\n(.*?)```", readme, flags=re.DOTALL) if "kerascnn: 1" in text]
    assert [parse_spec(text).name for text in specs] == ["my-pictures"]


@pytest.mark.parametrize(
    "path", [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("**/*.md"))], ids=str
)
def test_links_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", path.read_text("utf-8")):
        assert target.startswith("https://") or (path.parent / target).exists(), f"{path.name}: {target}"
