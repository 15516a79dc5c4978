"""Broken specs, each with what is said about it.

A spec in `tests/errors` has a `.txt` of its name beside it. `KERASCNN_UPDATE_GOLDEN=1 pytest tests/spec` writes these
anew: read the difference as a person would who made the mistake.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kerascnn.errors import SpecError
from kerascnn.spec.load import parse_spec, read_file
from tests.spec.fakes import register_acme

FOLDER = Path(__file__).parents[1] / "errors"
SPECS = sorted(path for path in FOLDER.iterdir() if path.suffix in (".yaml", ".json"))
UPDATE = os.environ.get("KERASCNN_UPDATE_GOLDEN") == "1"


def golden(path: Path) -> Path:
    """Return the file with what is said about a spec: the name of a YAML spec, or of a JSON spec with its ending."""
    return path.with_suffix(".txt") if path.suffix == ".yaml" else path.with_name(f"{path.name}.txt")


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.name)
def test_what_is_said_about_a_broken_spec(path: Path, registry: None) -> None:
    if "task" in path.stem.split("_"):
        register_acme()
    with pytest.raises(SpecError) as caught:
        parse_spec(read_file(path), path.name)
    said = f"{caught.value}\n"
    if UPDATE:
        golden(path).write_text(said, encoding="utf-8")
    assert said == golden(path).read_text(encoding="utf-8")


def test_every_spec_has_its_text_and_every_text_its_spec() -> None:
    assert {golden(path).name for path in SPECS} == {path.name for path in FOLDER.iterdir() if path.suffix == ".txt"}
    assert {path.suffix for path in FOLDER.iterdir()} == {".yaml", ".json", ".txt"}


def test_there_are_enough_of_them() -> None:
    assert len(SPECS) >= 60
