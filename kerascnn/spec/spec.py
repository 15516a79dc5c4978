"""The spec: what to train, on what data, and how."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, ModelWrapValidatorHandler, ValidationError, model_validator

from kerascnn.spec.component import OneOf, parse_component
from kerascnn.spec.fields import ImageSize, RegularExpression
from kerascnn.spec.kinds import Augmentation, Backbone, Head, Optimizer, Schedule, Source, Task
from kerascnn.spec.section import Section

Fraction = Annotated[float, Field(ge=0, lt=1)]


def _section(cls: type[Section]) -> Any:
    """Return a field that holds this section with its defaults where the spec says nothing."""
    return Field(default_factory=cls, json_schema_extra={"default": {}})


class Split(Section):
    """How samples are divided. Parts that the source already has stay as they are."""

    validation: Fraction = 0.15
    """Fraction of the samples held back to choose the best epoch on; 0 for none."""
    test: Fraction = 0.15
    """Fraction of the samples held back for the final figure; training never sees them. 0 for none."""
    group_by: RegularExpression | None = None
    """Regular expression that finds in a sample's name (its path below the source's folder) what it belongs to together
    with others, such as `patient-(\\d+)`: the first bracket, or all that matches. A group is never divided between
    splits. Left out: the source's own groups, if it has any."""


class Data(Section):
    """What to learn from."""

    source: OneOf[Source]
    """Where the samples come from."""
    image_size: ImageSize | None = None
    """[height, width] in pixels that pictures are brought to when they are read, and that the saved model takes. Left
    out: the pictures' own size, on which all of them must then agree."""
    resize: Literal["letterbox", "center_crop", "stretch"] = "letterbox"
    """How a picture of another shape is brought to `image_size`: padded with black, cut, or squashed."""
    color: Literal["auto", "rgb", "grayscale"] = "auto"
    """Channels of the pictures; auto is grayscale where all pictures are grey."""
    split: Split = _section(Split)
    """How samples are divided into training, validation and test."""


class Preprocess(Section):
    """What the saved model itself does to a raw uint8 picture before the backbone sees it."""

    resize: ImageSize | None = None
    """[height, width] in pixels that the model enlarges or shrinks its input to (bilinear); left out: no change."""
    normalize: Literal["unit", "symmetric", "standardize"] = "unit"
    """Scale of the backbone's input: unit is [0, 1], symmetric is [-1, 1], standardize is mean 0 and variance 1 of each
    channel, measured on the training split."""


class Model(Section):
    """The network."""

    preprocess: Preprocess = _section(Preprocess)
    """What is done to raw pictures inside the model."""
    backbone: OneOf[Backbone]
    """The part that turns pictures into features."""
    head: OneOf[Head]
    """The part that turns features into answers."""


def _component(kind: type[Any], name: str) -> Any:
    """Return a field that holds this component of the kind where the spec says nothing."""
    return Field(
        default_factory=lambda: parse_component(kind, {"type": name}),
        json_schema_extra={"default": {"type": name}},
    )


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
    freeze: Literal["none", "backbone", "batch_norm"] = "none"
    """What keeps its weights: nothing, the whole backbone, or the batch normalisation layers of the backbone."""


class Train(Section):
    """How to train."""

    seed: int = Field(0, ge=0, lt=2**32)
    """Seed of the split, the initial weights, the order of samples, augmentation and dropout."""
    batch_size: int = Field(32, ge=1, le=65_536)
    """Samples in one step."""
    stages: list[Stage] = Field(
        default_factory=lambda: [Stage()], min_length=1, max_length=64, json_schema_extra={"default": [{}]}
    )
    """The phases of training, one after another."""
    monitor: str = "val_loss"
    """The figure that decides which epoch is kept: `val_` and the loss or a metric of the task, or without `val_` that
    of the training samples."""
    patience: int | None = Field(None, ge=1)
    """Stop a stage after this many epochs in which `monitor` did not improve; left out: never."""
    precision: Literal["auto", "float32", "mixed_bfloat16", "mixed_float16"] = "auto"
    """Number format of the computation. auto is float32 on a CPU, mixed_bfloat16 or mixed_float16 on a GPU."""
    xla: Literal["auto", "on", "off"] = "auto"
    """Compile the training step with XLA. auto is what is fastest as a rule on this backend and device."""


class Spec(Section):
    """One training: what to learn, from what data, with which network, and how."""

    kerascnn: Literal[1]
    """Version of this format: 1."""
    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.\-]{0,63}$")
    """A name for people: letters, digits, `_`, `-` and `.`."""
    task: OneOf[Task]
    """What the network is to answer."""
    data: Data
    """What to learn from."""
    augment: list[OneOf[Augmentation]] = Field([], max_length=64)
    """Random changes to training pictures, in this order; nothing is applied that is not named here."""
    model: Model
    """The network."""
    train: Train = _section(Train)
    """How to train."""

    @model_validator(mode="wrap")
    @classmethod
    def _parts_fit(cls, value: Any, handler: ModelWrapValidatorHandler[Spec]) -> Spec:
        """Report mistakes between parts together with the mistakes inside them."""
        from kerascnn.spec.fit import misfits

        errors: list[Any] = []
        spec: Spec | None = None
        try:
            spec = handler(value)
        except ValidationError as error:
            errors = [cls._explain(line) for line in error.errors(include_url=False)]
        errors += misfits(spec.model_dump(mode="json") if spec is not None else value)
        if errors:
            raise ValidationError.from_exception_data("Spec", errors)
        assert spec is not None
        return spec

    def spell(self) -> dict[str, Any]:
        """Return the resolved spec as plain data: every default filled in. It parses to an equal spec."""
        return self.model_dump(mode="json")
