"""What `kerascnn summary` prints: one network layer by layer, or several side by side."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from typing import Any

from kerascnn.cli.output import result, table

_UNITS = ("", "k", "M", "G", "T", "P", "E")
_OPTIONAL = ("type", "in the spec")
_MEMORY = ("weights", "gradients", "optimizer", "activations", "program")
_LEAST = 12
"""So many characters of a layer's name are always shown."""


def show_one(facts: Mapping[str, Any], width: int | None = None) -> None:
    """Print a row for each layer, and what they come to; a narrow terminal gets fewer columns."""
    width = width or shutil.get_terminal_size((1000, 24)).columns
    result(_fitted(_layer_columns(facts["layers"]), width))
    result("")
    result(f"{facts['name']}: {_shape(facts['input_shape'])} -> {_shape(facts['output_shape'])}")
    memory = facts["memory"]
    parts = ", ".join(f"{name} {bytes_of(memory[name])}" for name in _MEMORY)
    for name, text in (
        ("parameters", f"{facts['parameters']:,} ({facts['trainable_parameters']:,} trainable)"),
        ("operations an element", f"{facts['flops']:,} (a multiply-add is two)"),
        ("depth", f"{facts['depth']} layers with a kernel"),
        ("receptive field", f"{facts['receptive_field']}, stride {facts['stride']}"),
        ("memory to train", f"{bytes_of(facts['memory_bytes'])} at batch size {memory['batch_size']}"),
        ("", parts),
        ("as dense layers", f"{_short(facts['dense_parameters'])} parameters"),
    ):
        result(f"{name:<21}  {text}")


def show_several(names: Sequence[str], found: Sequence[Mapping[str, Any]], differing: Mapping[str, Any]) -> None:
    """Print a column for each network, and the values of the specs that differ."""
    lines = {
        "parameters": [f"{facts['parameters']:,}" for facts in found],
        "operations an element": [_short(facts["flops"]) for facts in found],
        "memory to train": [bytes_of(facts["memory_bytes"]) for facts in found],
        "batch size": [str(facts["memory"]["batch_size"]) for facts in found],
        "depth": [str(facts["depth"]) for facts in found],
        "receptive field": [str(facts["receptive_field"]) for facts in found],
        "stride": [str(facts["stride"]) for facts in found],
        "as dense layers": [_short(facts["dense_parameters"]) for facts in found],
        "input": [_shape(facts["input_shape"]) for facts in found],
        "output": [_shape(facts["output_shape"]) for facts in found],
    }
    result(table(["", *names], [[name, *cells] for name, cells in lines.items()]))
    if differing:
        result("")
        rows = [
            [path, *("-" if value is None else str(value) for value in values)] for path, values in differing.items()
        ]
        result(table(["in the spec", *names], rows))


def bytes_of(count: float) -> str:
    """Return a size in words.

    >>> bytes_of(1536), bytes_of(392 * 1024)
    ('1.5 KiB', '392 KiB')
    """
    for unit in ("B", "KiB", "MiB", "GiB", "TiB"):
        if count < 1000 or unit == "TiB":
            break
        count /= 1024
    return f"{count:.0f} {unit}" if unit == "B" or count >= 100 else f"{count:.1f} {unit}"


def _short(count: float) -> str:
    """Return three digits of a number, such as 1.81 G."""
    for unit in _UNITS:
        if count < 999.5 or unit == _UNITS[-1]:
            break
        count /= 1000
    return f"{count:.3g} {unit}".rstrip()


def _layer_columns(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    return {
        "layer": [row["name"] for row in rows],
        "type": [row["type"] for row in rows],
        "output": ["x".join(map(str, row["output_shape"])) for row in rows],
        "parameters": [f"{row['parameters']:,}" for row in rows],
        "operations": _flush([_short(row["flops"]) for row in rows], "operations"),
        "memory": _flush([bytes_of(row["activation_bytes"]) for row in rows], "memory"),
        "sees": [str(row["receptive_field"]) for row in rows],
        "stride": [str(row["stride"]) for row in rows],
        "in the spec": [row["spec_path"] for row in rows],
    }


def _fitted(columns: dict[str, list[str]], width: int) -> str:
    """Return the table without the optional columns, and with shorter names, where the terminal is too narrow."""
    columns = dict(columns)
    for name in reversed(_OPTIONAL):
        if _width(columns) > width:
            del columns[name]
    longest = max(map(len, columns["layer"]), default=0)
    room = max(_LEAST, longest - max(0, _width(columns) - width))
    columns["layer"] = [_shortened(name, room) for name in columns["layer"]]
    return table(list(columns), [list(cells) for cells in zip(*columns.values(), strict=True)])


def _width(columns: Mapping[str, Sequence[str]]) -> int:
    return sum(max(map(len, (name, *cells))) for name, cells in columns.items()) + 2 * (len(columns) - 1)


def _shortened(name: str, room: int) -> str:
    """Return a name with its middle left out: both ends tell layers apart."""
    behind = (room - 1) * 2 // 3
    return name if len(name) <= room else f"{name[: room - 1 - behind]}…{name[-behind:]}"


def _flush(cells: list[str], head: str) -> list[str]:
    """Return cells set to the right of their column."""
    width = max(map(len, (head, *cells)))
    return [cell.rjust(width) for cell in cells]


def _shape(shape: Sequence[int]) -> str:
    return " x ".join(map(str, shape)) or "1"
