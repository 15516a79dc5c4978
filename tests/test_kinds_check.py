"""The conformance kit on what it has no list of: kinds that plugins bring, components that say how, and rules."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from kerascnn.spec import lint
from kerascnn.spec.lint_rule import RULES
from kerascnn.testing import check_rule, kit

assert lint.lint  # to import it registers the core's rules
OWN = [name for name in RULES if "." not in name]
KINDS = '''
from abc import abstractmethod
from typing import Any, ClassVar

from kerascnn.spec import Callback, Component, register, register_kind, rule


@register_kind
class Gate(Component):
    """How much passes."""

    kind: ClassVar[str] = "gate"

    @abstractmethod
    def open(self, x: float) -> float:
        """Return a share, 0 to 1."""

    def check_work(self, folder: Any) -> None:
        """Check that it is a share."""
        (folder / "written").write_text("it may")
        for x in (-10.0, 0.0, 10.0):
            if not 0 <= self.open(x) <= 1:
                raise AssertionError(f"open({x:g}) gives {self.open(x):g}; give a share, 0 to 1")


@register_kind
class Bare(Component):
    kind: ClassVar[str] = "bare"

    @abstractmethod
    def work(self) -> None: ...


@register("half")
class Half(Gate):
    """Let the half pass."""

    def open(self, x: float) -> float:
        """Return the half."""
        return 0.5


@register("all")
class All(Gate):
    """Let everything pass, by mistake."""

    def open(self, x: float) -> float:
        """Return the number."""
        return x


@register("thing")
class Thing(Bare):
    """A component of a kind that brings no check."""

    def work(self) -> None:
        """Work."""


@register("said")
class Said(Callback):
    """A callback that says itself how it is checked."""

    def follow(self, training: Any) -> Any:
        """Follow nothing."""

    def check_work(self, folder: Any) -> None:
        """Find nothing wrong."""


@rule("house")
def house(spec, known):
    """Report every spec."""
    yield ("train", "batch_size"), "is a number"


@rule("lost")
def lost(spec, known):
    """Report a place that there is not."""
    yield ("train", "stages", 7), "is far away"
'''


def test_a_kind_of_a_plugins_own_says_how_its_components_are_checked(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(KINDS, "utf-8")
    program = "from kerascnn.testing.plugin import main; main('mine')"
    around = {**os.environ, "KERASCNN_PLUGIN_FILES": str(tmp_path / "mine.py"), "PYTHONPATH": str(Path.cwd())}
    done = subprocess.run([sys.executable, "-c", program], env=around, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    rows = {(row["name"], row["check"]): row for row in map(json.loads, done.stdout.splitlines())}
    states = {key: row["state"] for key, row in rows.items()}
    assert states["kind 'mine.gate'", "contract"] == "passed"
    assert "Bare has no docstring" in rows["kind 'mine.bare'", "contract"]["reason"]
    assert states["mine.gate 'mine.half'", "work"] == "passed"
    assert rows["mine.gate 'mine.all'", "work"]["reason"] == "open(-10) gives -10; give a share, 0 to 1"
    assert states["mine.bare 'mine.thing'", "work"] == "skipped"
    assert "give the class Bare the method check_work" in rows["mine.bare 'mine.thing'", "work"]["reason"]
    assert states["callback 'mine.said'", "work"] == "passed"
    assert states["rule 'mine.house'", "work"] == "passed"
    assert "train.stages.7, which is no place" in rows["rule 'mine.lost'", "work"]["reason"]


@pytest.mark.parametrize("name", OWN)
def test_the_cores_own_rules_keep_what_is_asked_of_rules(name: str) -> None:
    check_rule(RULES[name], name)


def no_text(spec, known):
    yield ("train",), "is a number"


def nothing(spec, known):
    """Say nothing in a sentence."""
    yield ("train",), " "


def alone(spec, known):
    """Forget the place."""
    yield "train.batch_size is a number"


def raises(spec, known):
    """Take for granted that the data are known."""
    yield ("train",), f"has {known.info.labels}"


def changes(spec, known, seen=[]):  # noqa: B006 - the fault
    """Say something else each time."""
    seen.append(1)
    yield ("train",), f"was looked at {len(seen)} times"


@pytest.mark.parametrize(
    ("faulty", "words"),
    [
        (no_text, "has no docstring"),
        (nothing, r"says nothing of \('train',\)"),
        (alone, "yield a place, such as"),
        (raises, "fails with AttributeError"),
        (changes, "says something else the second time"),
    ],
)
def test_a_rule_with_one_fault_is_caught(faulty, words: str) -> None:
    with pytest.raises(AssertionError, match=words):
        check_rule(faulty, "mine.rule")


def test_a_component_may_say_that_xla_cannot_compile_it() -> None:
    with pytest.raises(kit.Skipped, match="it says that XLA cannot compile it: its shapes depend on the data"):
        kit.check_xla(SimpleNamespace(without_xla="its shapes depend on the data"), None)
