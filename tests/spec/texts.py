"""Specs as texts, and short ways to read them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kerascnn.errors import SpecError
from kerascnn.spec import Spec
from kerascnn.spec.json_text import read_json
from kerascnn.spec.load import parse_spec
from kerascnn.spec.tree import Tree
from kerascnn.spec.yaml_text import read_yaml

TEMPLATE = Path(__file__).parents[2] / "templates" / "image_classification" / "lenet5.yaml"

SPEC = """\
kerascnn: 1
name: digits
task: {type: image_classification}
data:
  source: {type: digits}
  split: {validation: 0.2, test: 0.2}
augment:
  - {type: random_flip}
  - {type: random_crop, padding: 2}
model:
  preprocess: {resize: [28, 28], normalize: unit}
  backbone:
    type: layers
    layers:
      - {type: conv2d, filters: 8, kernel_size: 3}
      - type: residual
        body:
          - {type: conv2d, filters: 8, use_bias: false}
          - {type: batch_norm}
      - {type: max_pooling2d}
  head: {type: classifier, hidden: [16], dropout: 0.1}
train:
  seed: 1
  monitor: val_accuracy
  stages:
    - {epochs: 2, learning_rate: 1e-3, optimizer: {type: sgd, momentum: 0.9}}
"""
"""A valid spec with a component of every kind and something of every type."""


FIELDS = ", ".join(Spec.model_fields)
"""The fields of a spec, as an unknown one among them is answered with."""


def yaml_tree(text: str) -> Tree:
    """Return the tree of a YAML text."""
    return read_yaml(text, "t.yaml")


def json_tree(text: str) -> Tree:
    """Return the tree of a JSON text."""
    return read_json(text, "t.json")


def said(tree: Tree) -> list[str]:
    """Return the mistakes of a tree as `line:column: path: message`, without the file."""
    return [_without_file(str(issue)) for issue in tree.issues]


def failure(text: str, file: str = "t.yaml") -> str:
    """Return what is said of a text that cannot be read on, without the file."""
    try:
        tree = read_json(text, file) if file.endswith(".json") else read_yaml(text, file)
    except SpecError as error:
        return "\n".join(_without_file(str(issue)) for issue in error.issues)
    raise AssertionError(f"was read as {tree.value!r}")


def mistakes(text: str, file: str = "t.yaml", overrides: tuple[str, ...] = ()) -> list[str]:
    """Return the mistakes of a spec as `file:line:column: path: message`."""
    try:
        parse_spec(text, file, overrides)
    except SpecError as error:
        return [str(issue) for issue in error.issues]
    return []


def swap(old: str, new: str, text: str = SPEC) -> str:
    """Return the valid spec with one piece of its text replaced."""
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in the spec"
    return text.replace(old, new)


def spec() -> Spec:
    """Return the valid spec."""
    return parse_spec(SPEC)


def plain() -> dict[str, Any]:
    """Return the valid spec as plain data, as it is written."""
    return yaml_tree(SPEC).value


def _without_file(issue: str) -> str:
    return issue.split(":", 1)[1]
