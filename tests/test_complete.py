"""Lists are complete: every component has its documentation, its test, and a template that uses it."""

from functools import cache
from pathlib import Path

import pytest

from kerascnn.spec import Component, Section, components, load_spec
from kerascnn.spec.describe import field_docs
from kerascnn.spec.kinds import KINDS

ROOT = Path(__file__).parent.parent


def ours():
    """Return kind and name of every component of the core."""
    return [
        (kind, name)
        for kind in KINDS
        for name, cls in components(kind).items()
        if cls.__module__.startswith("kerascnn.")
    ]


@cache
def in_templates():
    """Return kind and name of every component that stands in a template."""
    return {pair for file in sorted(ROOT.glob("templates/*/*.yaml")) for pair in inside(load_spec(file))}


def inside(value):
    """Yield kind and name of every component inside a part of a spec."""
    if isinstance(value, Component):
        yield value.kind, value.type_name
    if isinstance(value, Section):
        value = [getattr(value, name) for name in type(value).model_fields]
    if isinstance(value, list | tuple):
        for item in value:
            yield from inside(item)


def many(kind):
    """Return the plural of a kind, which its folders are named by."""
    return f"{kind}es" if kind.endswith("s") else f"{kind}s"


def test_every_folder_of_components_has_its_kind():
    # Pages are the dashboard's: its own are screens of it.
    assert KINDS["page"].folder == ""
    assert {cls.folder for cls in KINDS.values()} - {""} == {
        f"kerascnn.{many(kind)}" for kind in KINDS if kind != "page"
    }


@pytest.mark.parametrize(("kind", "name"), ours())
def test_component_is_documented(kind, name):
    cls = components(kind)[name]
    assert cls.__doc__
    assert [field for field in cls.model_fields if field not in field_docs(cls)] == []


@pytest.mark.parametrize(("kind", "name"), ours())
def test_component_stands_in_a_file_of_its_name(kind, name):
    file = components(kind)[name].__module__.removeprefix(f"kerascnn.{many(kind)}.")
    # Keras's own stand together, by what they are about: stock_norms.
    assert file == name or file.startswith("stock")


@pytest.mark.parametrize(("kind", "name"), ours())
def test_component_has_a_test(kind, name):
    folder = ROOT / "tests" / many(kind)
    stock = "".join(file.read_text("utf-8") for file in folder.glob("test_stock*.py"))
    assert (folder / f"test_{name}.py").is_file() or f'"{name}"' in stock


# Explainers and exporters are named on the command line; no spec holds one.
@pytest.mark.parametrize(("kind", "name"), [found for found in ours() if found[0] not in ("explainer", "exporter")])
def test_component_stands_in_a_template(kind, name):
    assert (kind, name) in in_templates(), f"no file under templates/ uses the {kind} '{name}'; add one that does"
