"""Floor 1: specs, components and their registry. It needs pydantic and PyYAML, and never keras."""

from kerascnn.spec.component import Component, OneOf, components, find, register
from kerascnn.spec.data import Box, DataInfo, Finding, Pretrained, Sample, Scan
from kerascnn.spec.follower import Follower, Training, Weights
from kerascnn.spec.kinds import (
    IGNORE,
    Augmentation,
    Backbone,
    Callback,
    Fill,
    Geometric,
    Head,
    Layer,
    Mixing,
    Optimizer,
    Schedule,
    Source,
    Task,
)
from kerascnn.spec.load import load_spec, spec_from_dict
from kerascnn.spec.section import Section
from kerascnn.spec.spec import Spec

__all__ = [
    "IGNORE",
    "Augmentation",
    "Backbone",
    "Box",
    "Callback",
    "Component",
    "DataInfo",
    "Fill",
    "Finding",
    "Follower",
    "Geometric",
    "Head",
    "Layer",
    "Mixing",
    "OneOf",
    "Optimizer",
    "Pretrained",
    "Sample",
    "Scan",
    "Schedule",
    "Section",
    "Source",
    "Spec",
    "Task",
    "Training",
    "Weights",
    "components",
    "find",
    "load_spec",
    "register",
    "spec_from_dict",
]
