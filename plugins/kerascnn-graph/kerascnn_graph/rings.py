"""Graphs that are made: rings against trees."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from kerascnn.spec import Sample, Scan, Source, register
from kerascnn_graph.arrays import graph_array, likeness

if TYPE_CHECKING:
    import numpy as np


@register("rings")
class Rings(Source):
    """Connected graphs with one ring, from whose nodes trees may grow, against trees: as many of each.

    Every node has the one feature 1, so that nothing but the edges tells them apart; graphs of both kinds are of the
    same sizes. Graphs that differ in the order of their nodes alone are in one group, which no split divides. The
    metadata "nodes" of a sample is its number of nodes.
    """

    gives: ClassVar[str] = "series"

    graphs: int = Field(400, ge=2, le=1_000_000)
    """How many."""
    fewest: int = Field(6, ge=3, le=1000)
    """Nodes of the smallest."""
    most: int = Field(16, ge=3, le=1000)
    """Nodes of the largest that there may be, and that the model takes."""
    seed: int = Field(0, ge=0)
    """Which ones: the same number makes the same graphs."""

    @model_validator(mode="after")
    def _is_a_range(self) -> Self:
        if self.fewest > self.most:
            raise PydanticCustomError(
                "rings", "the smallest has {fewest} nodes and the largest {most}", self.model_dump()
            )
        return self

    def scan(self) -> Scan:
        """Return the graphs, a ring and a tree in turn."""
        import numpy as np

        rng = np.random.default_rng(self.seed)
        samples = []
        for i in range(self.graphs):
            label = ("ring", "tree")[i % 2]
            nodes = int(rng.integers(self.fewest, self.most + 1))
            edges = _edges(nodes, int(rng.integers(3, nodes + 1)) if label == "ring" else 1, rng)
            array = graph_array(np.ones((nodes, 1)), edges, self.most)
            told = {"nodes": str(nodes)}
            samples.append(Sample(f"{i:06d}", array, label, group=likeness(array), metadata=told))
        return Scan(samples, ["ring", "tree"])


def _edges(nodes: int, ring: int, rng: np.random.Generator) -> list[tuple[int, int]]:
    """Return a ring of so many nodes (1 for none) to which each other node is tied; the nodes' order is by chance."""
    tied = [(i, (i + 1) % ring) for i in range(ring)] if ring > 1 else []
    tied += [(i, int(rng.integers(i))) for i in range(ring, nodes)]
    order = rng.permutation(nodes).tolist()
    return [(order[a], order[b]) for a, b in tied]
