"""Graph convolutions for kerascnn (Kipf and Welling 2016, arXiv:1609.02907; Xu et al. 2018, arXiv:1810.00826)."""

from kerascnn_graph.arrays import graph_array, likeness
from kerascnn_graph.backbone import GraphConvolutions
from kerascnn_graph.layers import Convolution, Graph, GraphLayer, Isomorphism
from kerascnn_graph.rings import Rings
from kerascnn_graph.rules import kept_as_it_is
from kerascnn_graph.tudataset import TuDataset

__all__ = [
    "Convolution",
    "Graph",
    "GraphConvolutions",
    "GraphLayer",
    "Isomorphism",
    "Rings",
    "TuDataset",
    "graph_array",
    "kept_as_it_is",
    "likeness",
]
