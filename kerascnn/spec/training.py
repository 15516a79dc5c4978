"""How to train: the stages, one after another, and what holds for all of them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema, field_validator
from pydantic_core import PydanticCustomError, PydanticKnownError

from kerascnn.spec.component import Component, OneOf, parse_component
from kerascnn.spec.fields import ImageSize, PartName, PartNames
from kerascnn.spec.kinds import Callback, Loss, Method, Optimizer, Schedule
from kerascnn.spec.section import Section, section


def _whole_or_auto(value: Any, most: int) -> Any:
    if value == "auto":
        return value
    if type(value) is not int:
        raise PydanticKnownError("int_type")
    if value < 1:
        raise PydanticKnownError("greater_than_equal", {"ge": 1})
    if value > most:
        raise PydanticKnownError("less_than_equal", {"le": most})
    return value


_MOST_SAMPLES = 65_536
_MOST_DEVICES = 1024
Devices = Annotated[
    int | Literal["auto"],
    BeforeValidator(partial(_whole_or_auto, most=_MOST_DEVICES)),
    WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 1, "maximum": _MOST_DEVICES}, {"const": "auto"}]}),
]
"""Devices that training takes, or auto."""
BatchSize = Annotated[
    int | Literal["auto"],
    BeforeValidator(partial(_whole_or_auto, most=_MOST_SAMPLES)),
    WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 1, "maximum": _MOST_SAMPLES}, {"const": "auto"}]}),
]
"""Samples in one step, or auto."""


def _component(kind: type[Any], name: str) -> Any:
    """Return a field that holds this component of the kind where the spec says nothing."""
    return Field(
        default_factory=lambda: parse_component(kind, {"type": name}),
        json_schema_extra={"default": {"type": name}},
    )


def twice(components: Sequence[Component]) -> str:
    """Return the name of a component that is there more than once, "" where there is none."""
    names = [component.type_name for component in components]
    return min((name for name in names if names.count(name) > 1), default="")


class Stage(Section):
    """One phase of training."""

    epochs: int = Field(10, ge=1, le=100_000)
    """Number of passes over the training samples."""
    learning_rate: float = Field(1e-3, gt=0, le=10)
    """Size of the steps (the highest one, where a schedule moves it)."""
    optimizer: OneOf[Optimizer] = _component(Optimizer, "adam")
    """The rule that turns gradients into steps."""
    schedule: OneOf[Schedule] = _component(Schedule, "constant")
    """How the learning rate moves over the stage."""
    freeze: PartNames = []
    """What keeps its weights: none; backbone, the whole of it; stem or P1 to P5, the layers up to that feature;
    batch_norm, the batch normalisation of the backbone, which then uses its statistics as they are. Or a list of
    these."""
    rates: dict[PartName, Annotated[float, Field(ge=0, le=100)]] = {}
    """What the learning rate is multiplied with in parts of the network: {stem: 0.1, P3: 0.3} trains the layers up to
    the first feature at a tenth, those from there to P3 at three tenths, and the rest at the full rate."""
    image_size: ImageSize | None = None
    """[height, width] in pixels at which the backbone sees pictures in this stage, for progressive resizing; the model
    itself shrinks them from `data.image_size`. Left out: `model.preprocess.resize` or `data.image_size`."""
    batch_size: int | None = Field(None, ge=1, le=65_536)
    """Samples in one step; left out: `train.batch_size`."""
    accumulate: int = Field(1, ge=1, le=1024)
    """Steps whose gradients are averaged before the weights move, as if the batch were this many times larger."""
    augment: float = Field(1.0, ge=0, le=1)
    """Share of the samples that are augmented; each step draws which."""
    methods: list[OneOf[Method]] = Field([], max_length=8)
    """What else shapes the training: pruning, averaging of weights, a teacher. Each at most once."""
    feature_views: int | None = Field(None, ge=0, le=64)
    """Views of each sample whose features are computed once and used again in every epoch, where the whole backbone is
    frozen: several times faster. Left out: 1 where nothing is augmented, else 0. 0 computes features anew for each
    batch."""

    @field_validator("methods")
    @classmethod
    def _each_once(cls, methods: list[Method]) -> list[Method]:
        if name := twice(methods):
            raise PydanticCustomError("methods", "has '{name}' more than once", {"name": name})
        return methods


class Budget(Section):
    """What a training may take. It ends in order when that is used up: the best model is kept."""

    minutes: float | None = Field(None, gt=0)
    """Most minutes of training, those before a resume counted; left out: no limit."""


class Train(Section):
    """How to train."""

    seed: int = Field(0, ge=0, lt=2**32)
    """Seed of the split, the initial weights, the order of samples, augmentation and dropout."""
    batch_size: BatchSize = 32
    """Samples in one step; auto takes the largest power of two that fits into memory, from 8 to 1024, of which an epoch
    has at least 8. Where memory runs out a step is divided, with the same result but for the last bits."""
    stages: list[Stage] = Field(
        default_factory=lambda: [Stage()], min_length=1, max_length=64, json_schema_extra={"default": [{}]}
    )
    """The phases of training, one after another."""
    loss: OneOf[Loss] | None = None
    """What is minimised in the place of the task's own loss, in training and in the figures of an epoch; the `loss` of
    a report stays that of the task. Left out: the task's own."""
    monitor: str = "val_loss"
    """The figure that decides which epoch is kept: `val_` and the loss or a metric of the task, or without `val_` that
    of the training samples."""
    patience: int | None = Field(None, ge=1)
    """Stop a stage after this many epochs in which `monitor` did not improve; left out: never."""
    precision: Literal["auto", "float32", "mixed_bfloat16", "mixed_float16"] = "auto"
    """Number format of the computation. auto is float32 on a CPU, mixed_bfloat16 or mixed_float16 on a GPU."""
    devices: Devices = 1
    """Devices that share each batch evenly, all with the same weights: a number, or auto for every GPU that there is;
    where several processes train together, of each process. The result is that of one device but for the last bits.
    With TensorFlow each device draws what it drops out by itself, the losses of segmentation weigh classes in each
    device's part of the batch, and gradients do not accumulate."""
    deterministic: bool = False
    """Let a backend use only what gives the same bits each time; on a GPU that is slower. On a CPU the same machine
    and versions repeat a training to the bit in any case."""
    balance: Literal["none", "classes"] = "none"
    """Which samples an epoch has: all of them once, or those of rare classes more often, so that every class comes as
    often as the most frequent one."""
    budget: Budget = section(Budget)
    """When to end before all epochs are done."""
    rollbacks: int = Field(3, ge=0, le=100)
    """Times that training which has diverged goes back to its last checkpoint and on from there at half the rate."""
    xla: Literal["auto", "on", "off"] = "auto"
    """Compile the training step with XLA. auto is on with JAX, and with TensorFlow what is found to be faster where
    training is long enough for a measurement to pay (the verdict is kept for the next time)."""
    callbacks: list[OneOf[Callback]] = Field([], max_length=16)
    """What follows the training: tables, TensorBoard, trackers. Each at most once; none can change or stop it."""

    @field_validator("callbacks")
    @classmethod
    def _each_once(cls, callbacks: list[Callback]) -> list[Callback]:
        if name := twice(callbacks):
            raise PydanticCustomError(
                "callbacks", "has '{name}' more than once; each writes under its own name", {"name": name}
            )
        return callbacks
