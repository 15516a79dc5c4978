"""Layers of graphs: what each node makes of itself and its neighbours."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from kerascnn.spec import Component, register, register_kind

if TYPE_CHECKING:
    from pathlib import Path


_NODES = 5
_CHECKED = {"nodes": (_NODES, 3), "edges": (_NODES, _NODES), "there": (_NODES,)}


@dataclass(frozen=True)
class Graph:
    """What a layer knows of graphs besides their nodes' features, as symbolic tensors."""

    edges: Any
    """The adjacency matrices `(n, nodes, nodes)`, without loops."""
    there: Any
    """float32 `(n, nodes)`: 1 for a node, 0 for a row that is none."""


@register_kind
class GraphLayer(Component):
    """One step over the nodes of graphs. Shapes: `(n, nodes, c) -> (n, nodes, c')`."""

    kind: ClassVar[str] = "layer"

    units: int = Field(32, ge=1, le=65_536)
    """Features that each node has afterwards."""
    dropout: float = Field(0.0, ge=0, lt=1)
    """Fraction of the features set to zero afterwards while training; 0 for none."""

    @abstractmethod
    def apply(self, x: Any, graph: Graph, name: str) -> Any:
        """Return the nodes' new features. `name` stands before the names of Keras's layers in it."""

    def check_work(self, folder: Path) -> Any:
        """Check, for `kerascnn plugins check`, the shape, and that nodes in another order get the same features.

        Returns a model of the layer. Raises AssertionError.
        """
        import keras
        import numpy as np

        nodes, edges, there = (keras.Input(shape, name=name) for name, shape in _CHECKED.items())
        found = self.apply(nodes, Graph(edges, there), "checked")
        wanted = (None, _NODES, self.units)
        if tuple(found.shape) != wanted:
            raise AssertionError(f"apply() gives the shape {tuple(found.shape)}; give {wanted}")
        model = keras.Model({"nodes": nodes, "edges": edges, "there": there}, found)
        rng = np.random.default_rng(0)
        links = np.triu(rng.integers(0, 2, (2, _NODES, _NODES)), 1).astype("float32")
        features = rng.normal(size=(2, _NODES, 3)).astype("float32")
        graphs = {"nodes": features, "edges": links + links.swapaxes(1, 2), "there": np.ones((2, _NODES), "float32")}
        order = rng.permutation(_NODES)
        turned = {name: array[:, order] for name, array in graphs.items()}
        turned["edges"] = turned["edges"][:, :, order]
        if not np.allclose(model.predict_on_batch(turned), model.predict_on_batch(graphs)[:, order], atol=1e-4):
            raise AssertionError("apply() gives nodes in another order other features; sum over neighbours alone")
        return model


@register("convolution")
class Convolution(GraphLayer):
    """A graph convolution (Kipf and Welling 2016, arXiv:1609.02907).

    A node takes the mean of its neighbours and itself, in which each counts by 1 over the root of both degrees, through
    a dense layer with ReLU. Shapes: `(n, nodes, c) -> (n, nodes, units)`.
    """

    def apply(self, x: Any, graph: Graph, name: str) -> Any:
        """Return the nodes' new features."""
        from keras import layers, ops

        # With its loop to itself each node has one edge more; a weight below 0 takes none away.
        degree = ops.add(ops.sum(ops.abs(graph.edges), axis=-1, keepdims=True), 1.0)
        root = ops.cast(ops.rsqrt(degree), x.dtype)
        x = ops.multiply(x, root)
        x = ops.multiply(ops.add(x, ops.matmul(ops.cast(graph.edges, x.dtype), x)), root)
        x = layers.Dense(self.units, activation="relu", name=f"{name}_dense")(x)
        return layers.Dropout(self.dropout, name=f"{name}_dropout")(x) if self.dropout else x


@register("isomorphism")
class Isomorphism(GraphLayer):
    """A layer of the graph isomorphism network (Xu et al. 2018, arXiv:1810.00826).

    A node takes the sum of its neighbours and (1 + epsilon) times itself through two dense layers, each with batch
    normalisation over the nodes that are there and ReLU. Shapes: `(n, nodes, c) -> (n, nodes, units)`.
    """

    epsilon: float = Field(0.0, ge=-1, le=100)
    """How much more than a neighbour a node counts itself; 0 did best in the paper (GIN-0)."""

    def apply(self, x: Any, graph: Graph, name: str) -> Any:
        """Return the nodes' new features."""
        from keras import layers, ops

        mine = ops.multiply(x, 1 + self.epsilon) if self.epsilon else x
        x = ops.add(mine, ops.matmul(ops.cast(graph.edges, x.dtype), x))
        for i in (1, 2):
            x = layers.Dense(self.units, use_bias=False, name=f"{name}_dense{i}")(x)
            # On sets of some hundred graphs an epoch has few steps, behind which a momentum of 0.99 would lag.
            x = layers.BatchNormalization(momentum=0.9, name=f"{name}_norm{i}")(x, mask=graph.there)
            x = layers.Activation("relu", name=f"{name}_relu{i}")(x)
        return layers.Dropout(self.dropout, name=f"{name}_dropout")(x) if self.dropout else x
