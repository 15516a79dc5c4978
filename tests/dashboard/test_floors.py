"""The web process stays light, and what decides is free of Streamlit."""

import subprocess
import sys
from pathlib import Path

import pytest

import kerascnn_dashboard
from tests.test_floors import imports

ROOT = Path(kerascnn_dashboard.__file__).parent
MODULES = sorted(ROOT.rglob("*.py"))
NEVER = {"keras", "tensorflow", "jax", "torch", "sklearn", "scipy", "optuna"}
JOBS = {"pool.py", "importing.py", "bundling.py", "exporting.py"}
"""Modules that run as processes of their own."""
MAY = {"errors", "spec", "runs", "jobs", "evaluation", "sources", "templates_list", "places", "__version__"}


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_the_web_process_needs_nothing_heavy(module):
    for name, line, _ in imports(module):
        first, *rest = name.split(".")
        assert first not in NEVER, f"{module}:{line}: {name}"
        if first == "kerascnn" and rest and module.name not in JOBS:
            assert rest[0] in MAY, f"{module}:{line}: the dashboard may not import {name}"


@pytest.mark.parametrize(
    "module", [m for m in MODULES if "logic" in m.parts], ids=lambda path: path.relative_to(ROOT).as_posix()
)
def test_what_decides_is_free_of_streamlit(module):
    for name, line, _ in imports(module):
        assert name.split(".")[0] not in ("streamlit", "altair", "starlette"), f"{module}:{line}: {name}"
        assert not name.startswith(("kerascnn_dashboard.parts", "kerascnn_dashboard.screens")), f"{module}:{line}"


def test_files_stay_readable():
    long = {m.relative_to(ROOT).as_posix(): len(m.read_text("utf-8").splitlines()) for m in MODULES}
    assert {name: lines for name, lines in long.items() if lines > 350} == {}


def test_every_page_is_in_the_navigation():
    from kerascnn_dashboard.parts.frame import PAGES

    assert {page.stem for page in (ROOT / "screens").glob("*.py")} - {"__init__"} == set(PAGES)


def test_every_page_loads_without_keras():
    modules = [
        f"kerascnn_dashboard.{p.relative_to(ROOT).with_suffix('').as_posix().replace('/', '.')}" for p in MODULES
    ]
    light = [name for name in modules if ".screens." not in name and not name.endswith((".app", "__init__"))]
    program = "import importlib, sys\nfor name in sys.argv[1:]: importlib.import_module(name)\n"
    program += f"print(sorted({NEVER!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program, *light], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
