"""Write docs/contract.md from the code: what each kind of component has to do. Run: python docs/contract_page.py."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kerascnn.spec import companion, data, explained, exporting, follower, page
from kerascnn.spec.component import Component
from kerascnn.spec.kinds import KINDS
from kerascnn.spec.lint_rule import Known

HERE = Path(__file__).parent
GIVEN: tuple[type[Any], ...] = (
    data.DataInfo, data.Scan, data.Sample, data.Box, data.Finding, data.Pretrained, explained.Explained,
    explained.Features, explained.Attention, exporting.Exporting, follower.Training, follower.Follower,
    companion.JoinedStage, companion.Companion, companion.Trained, page.Desk, Known,
)  # fmt: skip
"""What methods of components get and give."""
BEGIN = """# The contract

Made from the code by `make reference`. [plugins.md](plugins.md) says how a plugin is written; here stands what each
kind of component has to do, and what its methods get and give. All names are those of `kerascnn.spec`. Fields, which
specs can give, have no `ClassVar`.
"""


def contract() -> str:
    """Return the contract of every kind of the core, and of what its methods get and give."""
    kinds = [cls for name, cls in KINDS.items() if "." not in name]
    lines = [BEGIN, "## All components", "", *_class(Component)]
    for cls in kinds:
        lines += [f"## {cls.__name__}", "", *_class(cls)]
    lines += ["## What methods get and give", ""]
    for given in GIVEN:
        lines += [f"### {given.__name__}", "", *_class(given)]
    return "\n".join(lines).rstrip() + "\n"


def _class(cls: type[Any]) -> list[str]:
    """Return what a class says of itself, its variables and its methods."""
    body = ast.parse(inspect.getsource(cls)).body[0]
    assert isinstance(body, ast.ClassDef)
    variables = [f"- `{name}`: {text}" for name, text in _variables(body)]
    methods = [line for function in _methods(body) for line in _method(function)]
    return [*_text(ast.get_docstring(body)), *(variables and [*variables, ""]), *methods]


def _variables(body: ast.ClassDef) -> Iterator[tuple[str, str]]:
    """Yield each variable that something is said of: as it is declared, and the text under it."""
    for field, text in zip(body.body, body.body[1:], strict=False):
        said = isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant) and isinstance(text.value.value, str)
        if said and isinstance(field, ast.AnnAssign):
            assert isinstance(text, ast.Expr)
            assert isinstance(text.value, ast.Constant)
            yield ast.unparse(field), " ".join(str(text.value.value).split())


def _methods(body: ast.ClassDef) -> Iterator[ast.FunctionDef]:
    for one in body.body:
        if isinstance(one, ast.FunctionDef) and not one.name.startswith("_"):
            yield one


def _method(function: ast.FunctionDef) -> list[str]:
    """Return a method's signature, whether it has to be defined, and what it says."""
    words = [ast.unparse(one) for one in function.decorator_list]
    returns = f" -> {ast.unparse(function.returns)}" if function.returns else ""
    shown = function.name if "property" in words else f"{function.name}({ast.unparse(function.args)})"
    needed = " (has to be defined)" if "abstractmethod" in words else ""
    return [f"`{shown}{returns}`{needed}", "", *_text(ast.get_docstring(function))]


def _text(doc: str | None) -> list[str]:
    return [doc or "", ""]


def main() -> None:
    """Write the file."""
    (HERE / "contract.md").write_text(contract(), "utf-8")


if __name__ == "__main__":
    main()
