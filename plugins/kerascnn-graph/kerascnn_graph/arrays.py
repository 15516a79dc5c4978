"""A graph as an array: the features of its nodes beside its adjacency matrix."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from kerascnn.errors import UsageError

if TYPE_CHECKING:
    import numpy as np


def graph_array(features: Any, edges: Iterable[tuple[int, int]], nodes: int) -> np.ndarray:
    """Return a graph as a model takes it: float32 `(nodes, features + nodes)`, zeros for the nodes that it lacks.

    `features` is `(k, features)` for its k nodes; `edges` are pairs of node numbers, counted from 0, each of which
    counts in both directions and once, and not at all from a node to itself, since layers count a node itself in their
    own ways. `nodes` is the first number of a run's input shape. Raises UsageError.

    >>> graph_array([[1.0], [1.0]], [(0, 1)], 3).tolist()
    [[1.0, 0.0, 1.0, 0.0], [1.0, 1.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0]]
    """
    import numpy as np

    table = np.asarray(features, dtype="float32")
    if table.ndim != 2 or not table.size:
        raise UsageError(f"the features have the shape {table.shape}; give (nodes, features)")
    if len(table) > nodes:
        raise UsageError(f"the graph has {len(table)} nodes; the model takes {nodes}")
    pairs = np.array(list(edges), dtype=int).reshape(-1, 2)
    if pairs.size and not (pairs.min() >= 0 and pairs.max() < len(table)):
        outside = pairs[((pairs < 0) | (pairs >= len(table))).any(1)][0].tolist()
        raise UsageError(
            f"the edge {tuple(outside)} leads to a node that is not there; there are 0 to {len(table) - 1}"
        )
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    found = np.zeros((nodes, table.shape[1] + nodes), "float32")
    found[: len(table), : table.shape[1]] = table
    adjacency = found[:, table.shape[1] :]
    adjacency[pairs[:, 0], pairs[:, 1]] = 1
    adjacency[pairs[:, 1], pairs[:, 0]] = 1
    return found


def likeness(array: np.ndarray) -> str:
    """Return what a graph has in common with its copies, in whatever order their nodes stand, as 16 digits.

    It is the colour refinement of Weisfeiler and Leman: each node's colour is made of its features, then again and
    again of its own and its neighbours'. Some graphs that are no copies have it in common, too; graphs that a network
    of `graph.convolutions` can tell apart have not.
    """
    nodes = len(array)
    width = array.shape[1] - nodes
    real = [i for i in range(nodes) if array[i].any()]
    near = {i: array[i, width:].nonzero()[0].tolist() for i in real}
    colours = {i: _digest(array[i, :width].tobytes()) for i in real}
    while True:
        finer = {i: _digest(colours[i] + b"".join(sorted(colours[j] for j in near[i]))) for i in real}
        if len(set(finer.values())) == len(set(colours.values())):
            return _digest(b"".join(sorted(finer.values()))).hex()
        colours = finer


def _digest(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()[:8]
