"""Floor 1: specs, components and their registry. It needs pydantic and PyYAML, and never keras."""

from kerascnn.spec.companion import Companion, JoinedStage, Trained
from kerascnn.spec.component import Component, OneOf, components, find, register
from kerascnn.spec.data import Box, DataInfo, Finding, Pretrained, Sample, Scan
from kerascnn.spec.explained import Attention, Explained, Features
from kerascnn.spec.exporting import Exporting
from kerascnn.spec.follower import Follower, Training, Weights
from kerascnn.spec.kinds import (
    IGNORE,
    Augmentation,
    Backbone,
    Callback,
    Explainer,
    Exporter,
    Fill,
    Geometric,
    Head,
    Layer,
    Loss,
    Method,
    Metric,
    Mixing,
    Optimizer,
    Page,
    Schedule,
    Source,
    Task,
    register_kind,
)
from kerascnn.spec.lint_rule import Known, rule
from kerascnn.spec.load import load_spec, spec_from_dict
from kerascnn.spec.page import Desk
from kerascnn.spec.section import Section
from kerascnn.spec.spec import Spec

__all__ = [
    "IGNORE",
    "Attention",
    "Augmentation",
    "Backbone",
    "Box",
    "Callback",
    "Companion",
    "Component",
    "DataInfo",
    "Desk",
    "Explained",
    "Explainer",
    "Exporter",
    "Exporting",
    "Features",
    "Fill",
    "Finding",
    "Follower",
    "Geometric",
    "Head",
    "JoinedStage",
    "Known",
    "Layer",
    "Loss",
    "Method",
    "Metric",
    "Mixing",
    "OneOf",
    "Optimizer",
    "Page",
    "Pretrained",
    "Sample",
    "Scan",
    "Schedule",
    "Section",
    "Source",
    "Spec",
    "Task",
    "Trained",
    "Training",
    "Weights",
    "components",
    "find",
    "load_spec",
    "register",
    "register_kind",
    "rule",
    "spec_from_dict",
]
