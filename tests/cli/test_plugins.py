"""`kerascnn plugins list`, with distributions that are only metadata and one module."""

from __future__ import annotations

import json
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
    assert found["good"]["components"] == [{"kind": "layer", "name": "good.twice"}]
    assert found["exits"]["state"] == "quarantined"
    assert "no licence" in found["exits"]["reason"]
    assert "two layer components are named 'clash.same'" in found["clash"]["reason"]
    shown = kerascnn(site, "plugins", "list").stdout
    assert "good.twice" in shown
    assert "no licence" in shown


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
