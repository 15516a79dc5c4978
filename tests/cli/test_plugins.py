"""`kerascnn plugins list`, with distributions that are only metadata and one module."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from kerascnn.templates_list import find_template

GOOD = '''
from kerascnn.spec import Layer, register

@register("twice")
class Twice(Layer):
    """Double the numbers."""

    def apply(self, x):
        return x + x
'''
CLASH = """
from kerascnn.spec import Layer, register

for number in (1, 2):
    register("same")(type(f"Same{number}", (Layer,), {"__module__": __name__, "apply": lambda self, x: x}))
"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """Return a folder for `sys.path` that holds three plugins: one that works, one that raises, one that clashes."""
    for name, code in (("good", GOOD), ("exits", "raise SystemExit('no licence')"), ("clash", CLASH)):
        (tmp_path / f"acme_{name}.py").write_text(code, "utf-8")
        info = tmp_path / f"acme_{name}-1.2.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: acme-{name}\nVersion: 1.2\n", "utf-8")
        (info / "entry_points.txt").write_text(f"[kerascnn.plugins]\n{name} = acme_{name}\n", "utf-8")
    return tmp_path


def kerascnn(site: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    code = (
        f"import sys; sys.path.insert(0, {str(site)!r}); from kerascnn.cli.main import run; sys.exit(run({arguments}))"
    )
    command = [sys.executable, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_plugins_are_listed_with_what_they_bring_and_why_they_fail(site: Path) -> None:
    done = kerascnn(site, "plugins", "list", "--json")
    assert done.returncode == 0
    found: dict[str, Any] = {row["name"]: row for row in json.loads(done.stdout)}
    assert found["good"]["state"] == "ok"
    assert found["good"]["version"] == "1.2"
    file = str(site / "acme_good.py")
    assert found["good"]["components"] == [{"kind": "layer", "name": "good.twice", "file": file, "line": 4}]
    assert found["good"]["kinds"] == ["layer"]
    assert found["exits"]["state"] == "quarantined"
    assert "no licence" in found["exits"]["reason"]
    assert "two layer components are named 'clash.same'" in found["clash"]["reason"]
    shown = kerascnn(site, "plugins", "list")
    assert "good.twice" in shown.stdout
    assert "exits: SystemExit: no licence" in shown.stderr


def test_a_spec_may_name_a_plugins_component_and_a_broken_one_is_named(site: Path) -> None:
    spec = str(find_template("layers_attention"))
    good = kerascnn(site, "validate", spec, "--set", "model.backbone.layers.0={type: good.twice}")
    assert (good.returncode, good.stderr) == (0, "")
    broken = kerascnn(site, "validate", spec, "--set", "model.backbone.layers.0={type: exits.anything}")
    assert broken.returncode == 2
    assert "the plugin 'exits'" in broken.stderr
    assert "no licence" in broken.stderr
    assert "Traceback" not in broken.stderr


def test_without_plugins_that_is_said() -> None:
    command = [sys.executable, "-m", "kerascnn", "plugins", "list"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "no plugins are installed\n"


def test_a_file_is_used_wherever_it_is_named_and_its_mistakes_stand_at_their_place(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(GOOD, "utf-8")
    file, spec = str(tmp_path / "mine.py"), str(find_template("layers_attention"))
    named = ["validate", spec, "--set", "model.backbone.layers.0={type: mine.twice}"]
    for arguments in (["--plugin", file, *named], [*named, "--plugin", file], [*named, f"--plugin={file}"]):
        assert kerascnn(tmp_path, *arguments).returncode == 0
    without = kerascnn(tmp_path, *named)
    assert without.returncode == 2
    assert "is the plugin 'mine' installed?" in without.stderr


def test_help_the_schema_and_the_reference_show_what_a_plugin_brings(tmp_path: Path) -> None:
    explainer = """
from kerascnn.spec import Explainer, register

@register("mine")
class Mine(Explainer):
    "Explain it in my way."

    def explain(self, seen):
        return seen
"""
    file = tmp_path / "house.py"
    file.write_text(GOOD + explainer, "utf-8")
    # All in one process, which is what takes the time.
    program = """
import contextlib, io, json, runpy
from kerascnn.cli.main import run

def said(*arguments):
    with contextlib.redirect_stdout(io.StringIO()) as out:
        assert run(arguments) == 0
    return out.getvalue()

found = [said("explain", "--help"), said("schema"), runpy.run_path("docs/generate.py")["reference"]()]
print(json.dumps(found))
"""
    around = {**os.environ, "KERASCNN_PLUGIN_FILES": str(file)}
    done = subprocess.run([sys.executable, "-c", program], env=around, capture_output=True, text=True, check=True)
    shown, schema, reference = json.loads(done.stdout)
    assert "attention_rollout, or house.mine." in " ".join(shown.split())
    assert "Double the numbers." in json.loads(schema)["$defs"]["layer.house.twice"]["description"]
    assert "### layer `house.twice`\n\nDouble the numbers." in reference
    assert "### explainer `house.mine`" in reference


@pytest.mark.parametrize(
    ("name", "code", "said"),
    [
        ("mine.py", "import nothing_of_this_name", "No module named 'nothing_of_this_name'"),
        ("mine.py", "import numpy", "imports numpy"),
        ("my-layers.py", GOOD, "name the file with letters, digits and _"),
        ("mine.txt", GOOD, "is no Python file"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_at_once(tmp_path: Path, name: str, code: str, said: str) -> None:
    (tmp_path / name).write_text(code, "utf-8")
    done = kerascnn(tmp_path, "templates", "--plugin", str(tmp_path / name))
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_component_that_fails_is_named_with_its_plugin_and_place(tmp_path: Path) -> None:
    checked = """
    from pydantic import model_validator

    @model_validator(mode="after")
    def check(self):
        return self.nothing
"""
    (tmp_path / "mine.py").write_text(GOOD.replace("@register", "@register", 1) + checked, "utf-8")
    spec = str(find_template("layers_attention"))
    named = ["--set", "model.backbone.layers.0={type: mine.twice}", "--plugin", str(tmp_path / "mine.py")]
    done = kerascnn(tmp_path, "validate", spec, *named)
    assert done.returncode == 2
    assert "the component 'mine.twice' of a plugin failed: AttributeError" in done.stderr
    source = """
from kerascnn.spec import Source, register

@register("pictures")
class Pictures(Source):
    "Fail."

    def scan(self):
        return 1 / 0
"""
    (tmp_path / "bad.py").write_text(source, "utf-8")
    named = ["--set", "data.source={type: bad.pictures}", "--plugin", str(tmp_path / "bad.py")]
    done = kerascnn(tmp_path, "data", "check", spec, *named)
    assert done.returncode == 2
    assert (
        f"the plugin 'bad' ({tmp_path / 'bad.py'}) failed in {tmp_path / 'bad.py'}:9: ZeroDivisionError" in done.stderr
    )
    assert "Traceback" not in done.stderr
