"""Imports go down the floors only, and light modules stay light."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import kerascnn

ROOT = Path(kerascnn.__file__).parent
MODULES = sorted(ROOT.rglob("*.py"))

HEAVY = {"keras", "tensorflow", "jax", "torch", "pandas", "sklearn", "scipy", "streamlit", "numpy", "PIL"}
COMPONENTS = {
    "layers", "backbones", "heads", "augmentations", "sources", "tasks", "optimizers", "schedules", "callbacks",
    "methods", "explainers", "exporters", "losses", "metrics",
}  # fmt: skip

# What each part may import of kerascnn at the top of a module or inside a function.
ALLOWED: dict[str, set[str]] = {
    "errors": set(),
    "spec": {"errors", "spec", "kerascnn"},
    "nn": {"nn"},
    "evaluation": {"errors", "evaluation"},
    "places": set(),
    **{part: {"errors", "spec", "nn", part} for part in COMPONENTS},
    "sources": {"errors", "places", "spec", "sources"},
    "tasks": {"errors", "spec", "nn", "evaluation", "tasks"},
    "callbacks": {"errors", "spec", "runs", "callbacks"},
    "backbones": {"errors", "spec", "nn", "layers", "backbones"},
    "runs": {"errors", "spec", "evaluation", "runs"},
    "jobs": {"errors", "spec", "runs", "jobs"},
    "engine": {"errors", "places", "spec", "nn", "evaluation", "runs", "jobs", "sources", "engine", "kerascnn"},
    "templates_list": {"errors", "spec"},
    "testing": {"errors", "spec", "runs", "engine", "testing"},
    "run": {"errors", "spec", "runs", "engine"},
    "api": {"errors", "spec", "runs", "engine", "run"},
    "cli": {"errors", "spec", "runs", "jobs", "engine", "cli", "templates_list", "testing"},
    "__init__": {"api", "errors", "spec"},
    "__main__": {"cli"},
}
MAY_BE_HEAVY = {"engine", "nn"}


def part_of(module: Path) -> str:
    return module.relative_to(ROOT).parts[0].removesuffix(".py")


def imports(module: Path) -> Iterator[tuple[str, int, bool]]:
    """Yield each imported module, its line, and whether it is imported when the module is."""
    tree = ast.parse(module.read_text("utf-8"))
    inner = {
        id(node)
        for scope in ast.walk(tree)
        if isinstance(scope, ast.FunctionDef | ast.AsyncFunctionDef) or _is_type_checking(scope)
        for node in ast.walk(scope)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node.lineno, id(node) not in inner
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names = (
                [f"{node.module}.{alias.name}" for alias in node.names] if node.module == "kerascnn" else [node.module]
            )
            for name in names:
                yield name, node.lineno, id(node) not in inner


def _is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_module_imports_only_from_its_own_floor_and_below(module: Path) -> None:
    part = part_of(module)
    assert part in ALLOWED, f"say in this test what {part} may import"
    for name, line, _ in imports(module):
        if name.split(".")[0] == "kerascnn":
            target = name.split(".")[1] if "." in name else "kerascnn"
            target = target if (ROOT / target).exists() or (ROOT / f"{target}.py").exists() else "kerascnn"
            assert target in ALLOWED[part], f"{module.name}:{line}: {part} may not import {name}"


@pytest.mark.parametrize(
    "module",
    [m for m in MODULES if part_of(m) not in MAY_BE_HEAVY],
    ids=lambda path: path.relative_to(ROOT).as_posix(),
)
def test_a_light_module_imports_nothing_heavy_at_its_top(module: Path) -> None:
    for name, line, at_top in imports(module):
        assert not (at_top and name.split(".")[0] in HEAVY), f"{module}:{line}: {name} belongs inside a function"


def test_backends_are_touched_only_where_it_is_said() -> None:
    touching = {
        module.relative_to(ROOT).as_posix()
        for module in MODULES
        for name, _, _ in imports(module)
        if name.split(".")[0] in ("tensorflow", "jax", "torch")
    }
    engine = ("backend_trace", "devices", "distribute", "feed", "gradients", "processes")
    assert {name for name in touching if not name.startswith("exporters/")} == {
        *(f"engine/{name}.py" for name in engine),
        "nn/answering.py",
        "nn/statistics.py",
    }


def test_heads_never_import_backbones_and_the_engine_names_no_component() -> None:
    for module in MODULES:
        for name, line, _ in imports(module):
            if part_of(module) == "heads":
                assert not name.startswith("kerascnn.backbones"), f"{module}:{line}"
            if part_of(module) == "engine" and name.startswith("kerascnn.") and name.split(".")[1] in COMPONENTS:
                helper = ROOT.joinpath(*name.split(".")[1:]).with_suffix(".py").read_text("utf-8")
                assert "@register(" not in helper, f"{module}:{line}: the engine names {name}"


def test_files_stay_readable() -> None:
    # Stock Keras layers stand together in one file: it is a list.
    long = {m.relative_to(ROOT).as_posix(): len(m.read_text("utf-8").splitlines()) for m in MODULES}
    long = {name: lines for name, lines in long.items() if lines > 350}
    assert long == {}
