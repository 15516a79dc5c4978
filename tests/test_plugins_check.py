"""`kerascnn plugins check`: what it finds in a plugin of one file."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from kerascnn.spec.kinds import KINDS
from kerascnn.testing import kit

PLUGIN = '''
from typing import Any
from kerascnn.spec import Layer, Schedule, Source, register
from pydantic import Field


@register("twice")
class Twice(Layer):
    """Double the numbers."""

    examples = ({}, {"by": 3.0}, {"by": -1.0})
    by: float = Field(2.0, gt=0)
    """Factor."""

    def apply(self, x: Any) -> Any:
        """Return the product."""
        return x * self.by


@register("still")
class Still(Layer):
    """A layer with a weight that is never trained, and a field that nothing is said of."""

    width: int = 4

    def apply(self, x: Any) -> Any:
        """Return the numbers."""
        from keras import layers, ops

        return x + 0 * ops.stop_gradient(layers.Dense(1)(x))


@register("series_only")
class SeriesOnly(Layer):
    """A layer for series alone."""

    def apply(self, x: Any) -> Any:
        """Return the convolution."""
        from keras import layers

        return layers.Conv1D(2, 3)(x)


@register("folder")
class Folder(Source):
    """Something in a folder."""

    paths = ("path",)
    path: str = "."
    """The folder."""

    def scan(self) -> Any:
        """Return nothing."""
'''


def test_every_kind_has_a_check():
    assert set(kit.CHECKS) == set(KINDS)


@pytest.mark.slow
def test_each_fault_is_found_and_named(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(PLUGIN, "utf-8")
    command = [sys.executable, "-m", "kerascnn", "plugins", "check", "mine", "--plugin", str(tmp_path / "mine.py")]
    done = subprocess.run(
        [*command, "--backend", "tensorflow", "--json"], env={**os.environ}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2, done.stderr
    rows = json.loads(done.stdout)["checks"]
    found = {(row["name"], row["check"]): row for row in rows}
    states = {key: row["state"] for key, row in found.items()}
    assert states["layer 'mine.twice'", "work"] == "passed"
    assert states["layer 'mine.twice' {'by': 3.0}", "XLA"] == "passed"
    assert "its example {'by': -1.0} is no component" in found["layer 'mine.twice'", "example"]["reason"]
    assert "nothing says what 'width' mean" in found["layer 'mine.still'", "contract"]["reason"]
    assert "No gradients provided" in found["layer 'mine.still'", "work"]["reason"]
    assert states["layer 'mine.series_only'", "work"] == "passed"
    assert states["source 'mine.folder'", "work"] == "skipped"
    assert states["3 models", "open in plain Keras"] == "passed"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nothing"], "no plugin is named 'nothing'"),
        (["nothing", "--backend", "theano"], "no backend is named 'theano'"),
    ],
)
def test_what_is_not_there_is_said(arguments: list[str], said: str) -> None:
    command = [sys.executable, "-m", "kerascnn", "plugins", "check", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert said in done.stderr
