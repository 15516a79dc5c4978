"""Graphs in the text files of the TU collection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field

from kerascnn.errors import DataError, counted
from kerascnn.spec import Sample, Scan, Source, register
from kerascnn_graph.arrays import graph_array, likeness

_MOST_BYTES = 4 << 30
"""What the arrays of all graphs may take together."""


@register("tudataset")
class TuDataset(Source):
    """Graphs from a folder of the TU collection (Morris et al. 2020, arXiv:2007.08663).

    `DS_A.txt` has an edge a line, `DS_graph_indicator.txt` the graph of each node, `DS_graph_labels.txt` the class of
    each graph, and `DS_node_labels.txt`, where it is there, the label of each node. Nodes and graphs are counted from
    1. A node's features are one number for each label, 1 for its own; without labels the one number 1. An edge counts
    in both directions and once, and not at all from a node to itself. "nodes" of a sample's metadata is its number of
    nodes.
    """

    gives: ClassVar[str] = "series"
    paths: ClassVar[tuple[str, ...]] = ("path",)
    examples: ClassVar[Sequence[Mapping[str, Any]]] = ({"path": "MUTAG"},)

    path: str
    """The folder with the files; a relative path starts from the folder that the command runs in."""
    most_nodes: int | None = Field(None, ge=1)
    """Larger graphs are left out, and that is said; the arrays of all are as large as the largest graph. Left out: all
    graphs are taken."""
    copies_together: bool = True
    """Keep graphs that differ in the order of their nodes alone in one split: sets of the collection hold many, and one
    that was learnt by heart makes figures too good (Ivanov et al. 2019, arXiv:1910.12091). false divides as papers do
    that do not look."""

    def scan(self) -> Scan:
        """Return every graph. Raises DataError with every line that does not fit."""
        import numpy as np

        read = _read(_prefix(Path(self.path).expanduser().absolute()))
        kept = [g for g, nodes in enumerate(read.nodes) if self.most_nodes is None or len(nodes) <= self.most_nodes]
        if not kept:
            raise DataError(f"data.source.most_nodes: no graph has {self.most_nodes} nodes or fewer")
        names = _in_order({read.marks[node] for g in kept for node in read.nodes[g]})
        most = max(len(read.nodes[g]) for g in kept)
        _check_memory(len(kept), most, most + len(names))
        number = {name: i for i, name in enumerate(names)}
        samples = []
        for g in kept:
            nodes = read.nodes[g]
            place = {node: i for i, node in enumerate(nodes)}
            features = np.eye(len(names), dtype="float32")[[number[read.marks[node]] for node in nodes]]
            array = graph_array(features, [(place[a], place[b]) for a, b in read.edges[g]], most)
            samples.append(
                Sample(
                    f"{g + 1:06d}",
                    array,
                    read.labels[g],
                    group=likeness(array) if self.copies_together else None,
                    origin=f"{read.labels_file}:{g + 1}",
                    metadata={"nodes": str(len(nodes))},
                )
            )
        gone = len(read.nodes) - len(kept)
        said = counted(gone, "graph has", "graphs have")
        notes = [f"{said} more than {self.most_nodes} nodes and are left out"] if gone else []
        return Scan(samples, _in_order(set(read.labels)), notes)


@dataclass
class _Graphs:
    """What the files say. Nodes are counted from 0, over all graphs."""

    nodes: list[list[int]]
    """The nodes of each graph."""
    edges: list[list[tuple[int, int]]]
    """The pairs of nodes in each graph."""
    labels: list[str]
    """The class of each graph."""
    marks: list[str]
    """The label of each node, all the same where there are none."""
    labels_file: Path


def _prefix(folder: Path) -> str:
    """Return the path of the files up to what tells them apart, such as `MUTAG/MUTAG`. Raises DataError."""
    if not folder.is_dir():
        raise DataError(
            f"data.source.path: there is no folder {folder} (relative paths start from the folder that the command "
            "runs in)"
        )
    found = sorted(folder.glob("*_graph_indicator.txt"))
    if len(found) != 1:
        said = ", ".join(file.name for file in found) or "none"
        raise DataError(f"data.source.path: {folder} should have one file *_graph_indicator.txt (there is {said})")
    return str(found[0]).removesuffix("_graph_indicator.txt")


def _read(prefix: str) -> _Graphs:
    """Return what the files say. Raises DataError with every line that does not fit."""
    files = {key: Path(f"{prefix}_{key}.txt") for key in ("A", "graph_indicator", "graph_labels", "node_labels")}
    needed = [file for key, file in files.items() if key != "node_labels"]
    missing = [(str(file), "is not there") for file in needed if not file.is_file()]
    if missing:
        raise DataError(f"{counted(len(missing), 'file is', 'files are')} missing", missing)
    lines = {key: _lines(file) for key, file in files.items() if file.is_file()}
    labels = lines["graph_labels"]
    owners, wrong = _owners(lines["graph_indicator"], len(labels))
    marks = lines.get("node_labels", ["1"] * len(owners))
    if len(marks) != len(owners):
        said = f"the file has {counted(len(marks), 'line', 'lines')}; there are {len(owners)} nodes"
        wrong.append(("node_labels", min(len(marks), len(owners)) + 1, said))
    for key in ("graph_labels", "node_labels"):
        wrong += [
            (key, i, "is empty; it should be a label") for i, text in enumerate(lines.get(key, ()), 1) if not text
        ]
    if not wrong:
        empty = sorted(set(range(len(labels))) - set(owners))
        wrong += [("graph_labels", g + 1, f"is of the graph {g + 1}, to which no node belongs") for g in empty]
    pairs, misfits = _edges(lines["A"], owners)
    wrong += misfits
    if wrong:
        places = [(f"{files[key]}:{line}", reason) for key, line, reason in wrong]
        raise DataError(f"{counted(len(places), 'line', 'lines')} in {Path(prefix).parent} cannot be used", places)
    nodes: list[list[int]] = [[] for _ in labels]
    edges: list[list[tuple[int, int]]] = [[] for _ in labels]
    for node, owner in enumerate(owners):
        nodes[owner].append(node)
    for a, b in pairs:
        edges[owners[a]].append((a, b))
    return _Graphs(nodes, edges, labels, marks, files["graph_labels"])


_Wrong = list[tuple[str, int, str]]
"""File, line and reason of what does not fit."""


def _owners(lines: list[str], graphs: int) -> tuple[list[int], _Wrong]:
    """Return the graph of each node, counted from 0, and which lines say none."""
    numbers = [_whole(text) for text in lines]
    owners = [-1 if number is None or not 0 < number <= graphs else number - 1 for number in numbers]
    said = f"should be the number of a graph, 1 to {graphs}: there are as many labels of graphs"
    wrong = [("graph_indicator", i + 1, f"has '{lines[i][:60]}'; it {said}") for i, g in enumerate(owners) if g < 0]
    return owners, wrong


def _edges(lines: list[str], owners: list[int]) -> tuple[list[tuple[int, int]], _Wrong]:
    """Return pairs of nodes, counted from 0, and which lines are none."""
    pairs: list[tuple[int, int]] = []
    wrong: _Wrong = []
    for line, text in enumerate(lines, 1):
        ends = [_whole(part) for part in text.split(",")]
        if len(ends) != 2 or any(end is None or not 0 < end <= len(owners) for end in ends):
            said = f"an edge is the numbers of two nodes, 1 to {len(owners)}, such as '1, 2'"
            wrong.append(("A", line, f"has '{text[:60]}'; {said}"))
            continue
        a, b = (int(end or 0) - 1 for end in ends)
        if owners[a] != owners[b]:
            said = f"the node {a + 1} of the graph {owners[a] + 1} to {b + 1} of the graph {owners[b] + 1}"
            wrong.append(("A", line, f"ties {said}; an edge stays in its graph"))
        pairs.append((a, b))
    return pairs, wrong


def _lines(file: Path) -> list[str]:
    """Return the lines of a file without what stands around them, and without empty ones at its end."""
    try:
        text = file.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{file}: cannot be read as text: {error}") from None
    lines = [line.strip() for line in text.split("\n")]
    while lines and not lines[-1]:
        lines.pop()
    return lines


def _whole(text: str) -> int | None:
    """Return a whole number of at most 15 digits, None for anything else."""
    text = text.strip()
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 16 else None


def _in_order(names: set[str]) -> list[str]:
    """Return names as numbers are ordered where all are whole numbers, else as texts are."""
    try:
        return sorted(names, key=lambda name: (int(name), name))
    except ValueError:
        return sorted(names)


def _check_memory(graphs: int, rows: int, columns: int) -> None:
    """Raise DataError where the arrays would not fit."""
    needed = 4 * graphs * rows * columns
    if needed > _MOST_BYTES:
        raise DataError(
            f"data.source.path: {graphs} graphs of up to {rows} nodes take {needed / 2**30:.3g} GiB as arrays, more "
            f"than {_MOST_BYTES / 2**30:g}; leave out the largest with data.source.most_nodes"
        )
