"""A network as a picture: its layers in blocks that a person can follow, as Mermaid text or SVG."""

from __future__ import annotations

import graphlib
import html
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from kerascnn.errors import UsageError
from kerascnn.runs.atomic import write_text

ENDINGS = (".mmd", ".md", ".svg")
_FEW = 24
"""So many layers are shown one by one."""
_MANY = 48
"""More blocks than these are put together further."""


@dataclass(frozen=True)
class Block:
    """Layers that are shown as one."""

    name: str
    lines: tuple[str, ...]
    """What is in it, and what comes out of it."""
    part: str
    """Where it stands: "model", "backbone" or "head"."""
    inside: tuple[str, ...] = ()
    """Type and size of each layer: blocks are alike where these are."""
    times: int = 1
    """How many alike follow one another."""


@dataclass(frozen=True)
class Diagram:
    """Blocks by name, in order, and which of them feed which."""

    title: str
    blocks: Mapping[str, Block]
    edges: tuple[tuple[str, str], ...]


def write_diagram(summary: Mapping[str, Any], path: Path) -> None:
    """Write the picture of a summary; the ending says how: .mmd and .md are Mermaid, .svg is a drawing.

    Raises UsageError for another ending.
    """
    if path.suffix.lower() not in ENDINGS:
        raise UsageError(f"--diagram should end in {', '.join(ENDINGS)}, or be - (got '{path}')")
    if not path.absolute().parent.is_dir():
        raise UsageError(f"there is no folder {path.parent} for --diagram")
    found = diagram(summary)
    if path.suffix.lower() == ".svg":
        from kerascnn.engine.drawing import svg

        write_text(path, svg(found))
    else:
        text = mermaid(found)
        write_text(path, text if path.suffix.lower() == ".mmd" else f"```mermaid\n{text}```\n")


def diagram(summary: Mapping[str, Any]) -> Diagram:
    """Return the blocks of a summary: layer by layer where they are few, else those of one name, or place in the spec.

    Blocks that are alike and follow one another become one; where many remain, whole stages do.
    """
    rows = list(summary["layers"])
    if len(rows) <= _FEW:
        return _grouped(summary, [f"{i}" for i in range(len(rows))])
    found = _grouped(summary, _keys(rows, 9))
    return found if len(found.blocks) <= _MANY else _grouped(summary, _keys(rows, 1))


def _grouped(summary: Mapping[str, Any], keys: list[str]) -> Diagram:
    rows = list(summary["layers"])
    feeds = [tuple(row["inputs"]) for row in rows]
    keys = _without_cycles(keys, feeds)
    members: dict[str, list[int]] = {}
    for i, key in enumerate(keys):
        members.setdefault(key, []).append(i)
    blocks = {key: _block(key, [rows[i] for i in inside]) for key, inside in members.items()}
    edges = [(keys[j], keys[i]) for i in range(len(rows)) for j in feeds[i] if keys[j] != keys[i]]
    order = list(graphlib.TopologicalSorter(_feeders(edges, blocks)).static_order())
    start = Block("input", (_size(summary["input_shape"]),), "model")
    fed = {end for _, end in edges}
    edges = [("input", key) for key in order if key not in fed] + edges
    blocks = {"input": start, **{key: blocks[key] for key in order}}
    return _folded(Diagram(summary["name"], blocks, tuple(dict.fromkeys(edges))))


def mermaid(found: Diagram) -> str:
    """Return a flowchart from top to bottom, the parts of the model in frames.

    >>> from kerascnn.engine.diagram import Block, Diagram, mermaid
    >>> blocks = {"input": Block("input", ("8 x 8 x 1",), "model"), "0": Block("c1", ("Conv2D",), "backbone")}
    >>> print(mermaid(Diagram("small", blocks, (("input", "0"),))))
    ---
    title: small
    ---
    flowchart TD
      n0["input<br/>8 x 8 x 1"]
      subgraph backbone
        n1["c1<br/>Conv2D"]
      end
      n0 --> n1
    <BLANKLINE>
    """
    names = {key: f"n{i}" for i, key in enumerate(found.blocks)}
    lines = ["---", f"title: {found.title}", "---", "flowchart TD"]
    for part in dict.fromkeys(block.part for block in found.blocks.values()):
        nodes = [
            f'{names[key]}["{"<br/>".join(_escaped(line) for line in said(block))}"]'
            for key, block in found.blocks.items()
            if block.part == part
        ]
        framed = part != "model"
        lines += [f"  subgraph {part}"] * framed + [f"{'    ' if framed else '  '}{node}" for node in nodes]
        lines += ["  end"] * framed
    lines += [f"  {names[start]} --> {names[end]}" for start, end in found.edges]
    return "\n".join(lines) + "\n"


def said(block: Block) -> list[str]:
    """Return the lines of text in a block, its name first."""
    name = f"{block.name}, {block.times} times" if block.times > 1 else block.name
    return [name, *block.lines]


def _keys(rows: list[dict[str, Any]], most: int) -> list[str]:
    """Return the block of each row; an operation that only Keras has named goes with what feeds it."""
    keys: list[str] = []
    for i, row in enumerate(rows):
        feeder = max(row["inputs"], default=0)
        if (
            _unnamed(row)
            and row["inputs"]
            and rows[feeder]["part"] == row["part"]
            and ".layers." not in row["spec_path"]
        ):
            keys.append(keys[feeder])
        else:
            keys.append(_key(row, i, most))
    return keys


def _unnamed(row: Mapping[str, Any]) -> bool:
    """Return whether an operation has the name that Keras gives to its type."""
    return re.sub(r"_\d+$", "", row["name"]).replace("_", "") == row["type"].lower()


def _key(row: Mapping[str, Any], number: int, most: int) -> str:
    """Return what rows of one block have in common: the layer of the spec, or the name's beginning.

    The name's numbered words count, `most` of them: `stage3_block2` of `stage3_block2_short_norm`.
    """
    part, rest = row["part"], row["spec_path"].split(".layers.", 1)
    if len(rest) == 2:
        return f"{part}:layer {rest[1].split('.')[0]}"
    tokens = row["name"].split("_")
    if len(tokens) == 1 or part == "model" or tokens[-1].isdecimal():
        return f"{part}:{row['name']}:{number}"
    numbered = 0
    while numbered < min(most, len(tokens) - 1) and re.fullmatch(r"[a-z]+\d+[a-z]?", tokens[numbered]):
        numbered += 1
    return f"{part}:{'_'.join(tokens[: max(1, numbered)])}"


def _without_cycles(keys: list[str], feeds: list[tuple[int, ...]]) -> list[str]:
    """Return the keys, with blocks taken apart that would feed one another in a circle."""
    keys = list(keys)
    while True:
        edges = [(keys[j], keys[i]) for i in range(len(keys)) for j in feeds[i] if keys[j] != keys[i]]
        try:
            graphlib.TopologicalSorter(_feeders(edges, keys)).prepare()
        except graphlib.CycleError as error:
            apart = set(error.args[1])
            keys = [f"{key}:{i}" if key in apart else key for i, key in enumerate(keys)]
        else:
            return keys


def _feeders(edges: Iterable[tuple[str, str]], keys: Iterable[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {key: [] for key in keys}
    for start, end in edges:
        found[end].append(start)
    return found


def _block(key: str, rows: list[dict[str, Any]]) -> Block:
    """Return rows as a block: its name, the layers with weights in it, and the shape of what comes out."""
    named = [row for row in rows if not _unnamed(row)]
    size = _size((named or rows)[-1]["output_shape"])
    if len(rows) == 1:
        return Block(rows[0]["name"], (f"{rows[0]['type']}, {size}",), rows[0]["part"])
    kinds = Counter(row["type"] for row in rows if row["flops"]) or Counter(row["type"] for row in rows)
    inside = ", ".join(f"{count} {kind}" if count > 1 else kind for kind, count in kinds.items())
    alike = tuple(f"{row['type']}, {_size(row['output_shape'])}" for row in rows)
    return Block(key.split(":")[1], (inside, size), rows[0]["part"], alike)


def _folded(found: Diagram) -> Diagram:
    """Return the diagram with blocks of several layers that are alike, one after another without a branch, as one."""
    after: dict[str, list[str]] = {key: [] for key in found.blocks}
    before = _feeders(found.edges, found.blocks)
    for start, end in found.edges:
        after[start].append(end)
    blocks, into = dict(found.blocks), {key: key for key in found.blocks}
    for key, block in found.blocks.items():
        if len(block.lines) > 1 and len(before[key]) == 1 and len(after[before[key][0]]) == 1:
            last = into[before[key][0]]
            if (blocks[last].inside, blocks[last].part) == (block.inside, block.part):
                first = blocks[last]
                name = f"{first.name.split(' to ')[0]} to {block.name}"
                blocks[last] = replace(first, name=name, times=first.times + 1)
                del blocks[key]
                into[key] = last
    edges = [(into[start], into[end]) for start, end in found.edges if into[start] != into[end]]
    return replace(found, blocks=blocks, edges=tuple(dict.fromkeys(edges)))


def _size(shape: list[int]) -> str:
    return " x ".join(map(str, shape)) or "1"


def _escaped(text: str) -> str:
    """Return text that neither Mermaid nor HTML reads as anything else."""
    return html.escape(text.replace("#", "&num;"), quote=True).replace("&amp;num;", "#35;")
