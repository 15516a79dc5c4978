"""A network for graphs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

from pydantic import Field

from kerascnn.errors import BuildError
from kerascnn.spec import Backbone, OneOf, register
from kerascnn_graph.layers import Graph, GraphLayer


@register("convolutions")
class GraphConvolutions(Backbone):
    """Layers over the nodes of a graph, and one row of numbers for all of its nodes.

    An element is an array of the nodes' features beside the adjacency matrix, kept as it is (what
    `model.preprocess.normalize: auto` stands for here). A row of nothing but zeros is no node. The answer does not
    depend on the order of the nodes, nor on how many rows are none.

    Shapes: `(n, nodes, features + nodes) -> {"out": (n, units of the last layer)}`.
    """

    reads: ClassVar[str] = "series"
    normalize: ClassVar[str] = "none"
    examples: ClassVar[Sequence[Mapping[str, Any]]] = (
        {"layers": [{"type": "graph.convolution", "units": 8}, {"type": "graph.isomorphism", "units": 8}]},
        {"layers": [{"type": "graph.isomorphism", "epsilon": 0.5}], "readout": "sum", "every_layer": True},
        {"layers": [{"type": "graph.convolution", "dropout": 0.1}], "readout": "max"},
    )

    layers: list[OneOf[GraphLayer]] = Field(min_length=1, max_length=100)
    """The layers, one after another: graph.convolution or graph.isomorphism."""
    readout: Literal["mean", "sum", "max"] = "mean"
    """How nodes become one row: their mean; their sum, which can tell how many there are; or the largest value of each
    feature."""
    every_layer: bool = False
    """Read out the nodes' own features and those after each layer, side by side, as Xu et al. do; else the last alone.
    """

    def apply(self, x: Any) -> dict[str, Any]:
        """Return the row of each graph. Raises BuildError where an element is no graph."""
        from keras import layers, ops

        from kerascnn.spec.trace import at, claim

        nodes, columns = x.shape[1:]
        if columns <= nodes:
            raise BuildError(
                f"takes graphs, (nodes, features + nodes), and was given ({nodes}, {columns}): for {nodes} nodes there "
                f"should be more than {nodes} columns; leave out data.length",
                "model.backbone",
            )
        there = ops.cast(ops.any(ops.not_equal(x, 0.0), axis=-1), "float32")
        features, edges = x[..., : columns - nodes], x[..., columns - nodes :]
        claim((features, edges, there))
        graph, rows = Graph(edges, there), []
        if self.every_layer:
            rows.append(self._row(features, there))
        for i, layer in enumerate(self.layers):
            with at("layers", i):
                features = layer.apply(features, graph, f"layer{i + 1}")
                claim(features)
            if self.every_layer or i == len(self.layers) - 1:
                rows.append(self._row(features, there))
        return {"out": layers.Concatenate(name="rows")(rows) if len(rows) > 1 else rows[0]}

    def _row(self, x: Any, there: Any) -> Any:
        """Return one row for the nodes that are there: `(n, nodes, c) -> (n, c)`. Sums do not fit into 16 bits."""
        from keras import ops

        is_node = ops.expand_dims(there, -1)
        wide = ops.multiply(ops.cast(x, "float32"), is_node)
        if self.readout == "max":
            # Of no node at all the largest value is 0, as the others are.
            lowest = ops.where(ops.greater(is_node, 0), wide, -1e9)
            row = ops.multiply(ops.max(lowest, axis=1), ops.max(is_node, axis=1))
        else:
            row = ops.sum(wide, axis=1)
            if self.readout == "mean":
                row = ops.divide(row, ops.maximum(ops.sum(is_node, axis=1), 1.0))
        return ops.cast(row, x.dtype)
