"""Metric learning for kerascnn: vectors that lie close together where pictures show the same (entry point `metric`)."""

from kerascnn_metric_learning.criteria import Arcface, Criterion, Triplet
from kerascnn_metric_learning.head import Embedding
from kerascnn_metric_learning.page import Search
from kerascnn_metric_learning.task import Verification

__all__ = ["Arcface", "Criterion", "Embedding", "Search", "Triplet", "Verification"]
