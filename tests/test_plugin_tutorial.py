"""docs/plugins.md: its commands run as they stand there, and its examples load."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from kerascnn import testing
from kerascnn.spec.skeletons import skeleton_kinds

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "plugins.md").read_text("utf-8")

PIP = """
import os, subprocess, sys
command, *rest = [one for one in sys.argv[1:] if one != "-e"]
rest = [os.path.abspath(one) if os.path.isdir(one) else one for one in rest]
more = ["--target", {site!r}] if command == "install" else []
pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", command, "--no-deps", "--no-build-isolation", *more]
sys.exit(subprocess.call([*pip, *rest]))
"""
KERASCNN = "import sys; from kerascnn.cli.main import run; sys.exit(run(sys.argv[1:]))"
HEAVY = (
    ["kerascnn", "summary"], ["kerascnn", "train"], ["kerascnn", "evaluate"], ["kerascnn", "plugins", "check"],
    ["python", "-m", "pytest"], ["pip", "wheel"],
)  # fmt: skip
"""Commands that take seconds, most of them because they load Keras."""
LOADED = """
from kerascnn.spec.plugins import broken, load_all
from kerascnn.spec.plugins_brought import listed
load_all()
print(broken() or sorted(part.name.partition(".")[2] for row in listed() if row.plugin.file for part in row.parts))
"""


def blocks(language: str) -> list[str]:
    """Return the fenced blocks of a language."""
    return re.findall(rf"```{language}\n(.*?)```", PAGE, flags=re.DOTALL)


def test_it_names_every_kind_and_every_check() -> None:
    kinds = PAGE[PAGE.index("`--kind` is ") :].split(";")[0]
    assert sorted(re.findall(r"`(\w+)`", kinds)) == skeleton_kinds()
    checks = {name for name in testing.__all__ if name.startswith("check_")}
    assert set(re.findall(r"\bcheck_\w+", PAGE)) == checks | {"check_work"}


def test_its_links_lead_somewhere() -> None:
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", PAGE) if "://" not in link]
    assert [link for link in links if not (ROOT / "docs" / link).exists()] == []


def test_its_examples_load(tmp_path: Path) -> None:
    files = []
    for number, code in enumerate(blocks("python")):
        files.append(tmp_path / f"example_{number}.py")
        files[-1].write_text(code, "utf-8")
    around = {**os.environ, "KERASCNN_PLUGIN_FILES": os.pathsep.join(map(str, files)), "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", LOADED], env=around, capture_output=True, text=True, check=False)
    wanted = ["gate", "gated", "gated_conv", "large_batches", "mistakes", "narrow", "sigmoid", "two_sorts"]
    wanted += ["unsure_classification"]
    assert done.stdout.strip() == str(wanted), done.stderr


class Shell:
    """A shell with a `pip` that installs into a folder, so that nothing outside is changed."""

    def __init__(self, root: Path):
        programs, site, self.work = root / "bin", root / "site", root / "work"
        for folder in (programs, self.work):
            folder.mkdir()
        # The interpreter itself, with its options: a link to one in a virtual environment would leave that.
        for name, code in (("pip", PIP.format(site=str(site))), ("kerascnn", KERASCNN), ("python", "")):
            (root / f"run_{name}.py").write_text(code, "utf-8")
            script = "" if name == "python" else f" '{root}/run_{name}.py'"
            (programs / name).write_text(f"#!/bin/sh\nexec '{sys.executable}'{script} \"$@\"\n", "utf-8")
            (programs / name).chmod(0o755)
        self.around = {
            **os.environ,
            "PATH": os.pathsep.join([str(programs), os.environ["PATH"]]),
            "PYTHONPATH": os.pathsep.join([str(site), str(ROOT)]),
        }

    def run(self, text: str) -> str:
        """Run commands and return what they print."""
        shell = ["bash", "-euo", "pipefail", "-c", text]
        done = subprocess.run(shell, cwd=self.work, env=self.around, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{text}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        return done.stdout


def _needs_keras(line: str) -> bool:
    words = line.split()
    return words[:2] in HEAVY or words[:3] in HEAVY


def test_the_commands_that_need_no_keras_run_one_after_another(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    light = ["\n".join(line for line in block.splitlines() if not _needs_keras(line)) for block in blocks("bash")]
    everything = "\n".join(filter(None, light))
    for words, times in {"plugins new": 1, "validate": 2, "pip install": 1, "plugins list": 1}.items():
        assert everything.count(words) == times
    said = shell.run(everything)
    assert "kerascnn_gates/templates/image_classification/gates.yaml" in said
    assert re.search(r"gates +kerascnn-gates 0.1.0 +ok +layer gates.gated_conv; template gates.gates", said)
    assert said.count(": valid (") == 2
    assert "gates.gated_conv" in (shell.work / "kerascnn.schema.json").read_text("utf-8")


@pytest.mark.slow
def test_its_commands_run_one_after_another(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    said = [shell.run(block) for block in blocks("bash")]
    everything = "".join(said)
    assert "kerascnn_gates/templates/image_classification/gates.yaml" in said[0]
    assert re.search(r"gates +kerascnn-gates 0.1.0 +ok +layer gates.gated_conv; template gates.gates", everything)
    assert "4 passed" in everything
    assert [wheel.name for wheel in (shell.work / "dist").iterdir()] == ["kerascnn_gates-0.1.0-py3-none-any.whl"]
