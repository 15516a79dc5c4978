"""Advice for specs with graphs."""

from __future__ import annotations

from collections.abc import Iterator

from kerascnn.spec import Known, Spec, rule
from kerascnn_graph.backbone import GraphConvolutions


@rule("kept_as_it_is")
def kept_as_it_is(spec: Spec, known: Known) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Speak where an adjacency matrix would be changed as if it were a series."""
    if not isinstance(spec.model.backbone, GraphConvolutions):
        return
    how = spec.model.preprocess.normalize
    if how not in ("none", "auto"):
        yield (
            ("model", "preprocess", "normalize"),
            f"is {how}, which brings the columns of the adjacency matrix to mean 0 and variance 1, so that every node "
            "becomes a neighbour of every other; leave it out",
        )
    if spec.data.length is not None:
        yield (
            ("data", "length"),
            "cuts or adds rows of the adjacency matrix and not its columns, so that these are taken for others; leave "
            "it out",
        )
    if spec.augment:
        yield ("augment",), "changes the adjacency matrix as if it were a series; leave it out"
