"""What the fields of a section mean: the text under each, read from the source when somebody asks.

pydantic can do this at class creation, which costs a fifth of the time that `kerascnn validate` takes.
"""

from __future__ import annotations

import ast
import inspect
import sys
from functools import cache

from kerascnn.spec.section import Section


@cache
def field_docs(cls: type[Section]) -> dict[str, str]:
    """Return the description of each field of a section or component; a field without one is left out."""
    found: dict[str, str] = {}
    for base in reversed(cls.__mro__):
        if issubclass(base, Section):
            found |= _texts_under_fields(base)
    found |= {name: info.description for name, info in cls.model_fields.items() if info.description}
    return {name: found[name] for name in cls.model_fields if found.get(name)}


def _texts_under_fields(cls: type[Section]) -> dict[str, str]:
    tree = _classes(cls.__module__).get(cls.__qualname__)
    if tree is None:
        return {}  # a class that was made by a call, or whose source is not there
    return {
        field.target.id: inspect.cleandoc(text.value.value)
        for field, text in zip(tree.body, tree.body[1:], strict=False)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
        and isinstance(text.value.value, str)
    }


@cache
def _classes(module: str) -> dict[str, ast.ClassDef]:
    """Return every class of a module by its qualified name; the source is parsed once for all of them."""
    try:
        tree = ast.parse(inspect.getsource(sys.modules[module]))
    except (OSError, TypeError, SyntaxError, KeyError):
        return {}
    found: dict[str, ast.ClassDef] = {}

    def walk(node: ast.AST, prefix: str) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.ClassDef):
                found[prefix + child.name] = child
                walk(child, f"{prefix}{child.name}.")
            elif isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
                walk(child, f"{prefix}{child.name}.<locals>.")
            else:
                walk(child, prefix)

    walk(tree, "")
    return found
