"""What a sweep tries, from a file of its own or from a spec's section `sweep`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import Field

from kerascnn.errors import SpecError
from kerascnn.spec.load import read_file, read_tree, validate, validated
from kerascnn.spec.overrides import override
from kerascnn.spec.search import SECTION, Parameter, Search
from kerascnn.spec.sweep_fit import path_misfits
from kerascnn.spec.tree import Place, Tree

__all__ = ["Parameter", "Sweep", "has_sweep", "load_sweep"]

_KEY = "kerascnn_sweep"


class Sweep(Search):
    """A search for good values of some paths of a spec, as a file of its own."""

    kerascnn_sweep: Literal[1]
    """Version of this format: 1."""
    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.\-]{0,63}$")
    """A name for people, and of its folder under `sweeps` in the folder of runs."""
    spec: str = Field(min_length=1)
    """The file of the spec. A relative path starts from the current folder."""


def load_sweep(path: str | Path, settings: Sequence[str] = ()) -> Sweep:
    """Return the sweep of a YAML or JSON file: one of its own, or a spec with the section `sweep`.

    `settings` are those for the spec. Raises SpecError with every mistake at its line and column; a path or a value
    that the spec does not take is one.
    """
    file = str(path)
    tree = read_tree(read_file(Path(path)), file, what="a sweep", key=_KEY)
    if _KEY not in tree.value and "kerascnn" in tree.value:
        return _of_spec(tree, file, settings)
    found = validated(Sweep, tree, file)
    try:
        spec = read_tree(read_file(Path(found.spec)), found.spec)
    except SpecError:
        return found  # said where the spec is read
    override(spec, settings)
    if wrong := path_misfits(found.parameters, spec.value):
        places = [("parameters", *one.loc) for one in wrong]
        raise SpecError(
            [
                tree.issue(tree.place(loc, of_key=one.of_path) or Place(file, 0, 0), loc, one.message, one.value,
                           one.suggestion)
                for loc, one in zip(places, wrong, strict=True)
            ]
        )  # fmt: skip
    return found


def has_sweep(path: str | Path) -> bool:
    """Return whether the file of a spec has a section `sweep`. Raises SpecError where it cannot be read."""
    return read_tree(read_file(Path(path)), str(path)).value.get(SECTION) is not None


def _of_spec(tree: Tree, file: str, settings: Sequence[str]) -> Sweep:
    override(tree, settings)
    spec = validate(tree, file)
    if spec.sweep is None:
        message = (
            f"has no section '{SECTION}', which says what is tried, such as "
            f"{SECTION}: {{parameters: {{train.batch_size: {{values: [16, 32]}}}}}}"
        )
        raise SpecError([tree.issue(tree.place(()) or Place(file, 0, 0), (), message)])
    about = spec.sweep.model_dump()
    return Sweep.model_validate(about | {_KEY: 1, "name": spec.sweep.name or spec.name, "spec": file})
