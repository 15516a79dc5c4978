"""The kinds of component: what each is for, and the one method that does its work.

A kind is open: a plugin may add components to it. `folder` is where the core's own components stand, one file each;
the file carries the component's name. Methods get and give symbolic Keras tensors (Layer, Backbone, Head), NumPy arrays
(Augmentation) or plain data (Source, Task), and import what they need inside themselves.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from pydantic import Field

from kerascnn.errors import PluginError
from kerascnn.spec.augmentation import IGNORE, Augmentation, Fill, Geometric, Mixing
from kerascnn.spec.companion import Companion, JoinedStage
from kerascnn.spec.component import Component, qualified, registry
from kerascnn.spec.data import DataInfo, Pretrained, Scan
from kerascnn.spec.explained import Explained
from kerascnn.spec.exporting import Exporter
from kerascnn.spec.follower import Follower, Training
from kerascnn.spec.measures import Loss, Metric
from kerascnn.spec.page import Page

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np

K = TypeVar("K", bound=Component)


class Layer(Component):
    """One step of a network. Shapes: `x -> x'`, batch first, channels last."""

    kind: ClassVar[str] = "layer"
    folder: ClassVar[str] = "kerascnn.layers"

    @abstractmethod
    def apply(self, x: Any) -> Any:
        """Return the symbolic tensor that this layer makes of `x`."""


class Backbone(Component):
    """The part of a network that turns an element into features."""

    kind: ClassVar[str] = "backbone"
    folder: ClassVar[str] = "kerascnn.backbones"
    reads: ClassVar[str] = "image"
    """The kind of data that it takes, "any" for one that suits all."""
    paths: ClassVar[tuple[str, ...]] = ("weights",)
    """Its fields that may hold paths of files or folders; a run keeps them absolute."""
    normalize: ClassVar[str] = ""
    """What `model.preprocess.normalize: auto` stands for where no weights say it; "": what suits the kind of data."""

    weights: str = Field("none", min_length=1)
    """What training begins with: none (chance), imagenet where Keras publishes weights for this very network, or the
    path of weights: a `.weights.h5` or `.keras` file, or the folder of a run."""

    def pretrained(self) -> Pretrained | None:
        """Return the published weights that fit this very network, None where there are none."""
        return None

    @abstractmethod
    def apply(self, x: Any) -> dict[str, Any]:
        """Return the features by name: `{"out": x}`, or `{"P2": ..., "P5": ...}` at strides of 4 to 32.

        The last one is the deepest, which a classifier uses.
        """


class Head(Component):
    """The part of a network that turns features into answers."""

    kind: ClassVar[str] = "head"
    folder: ClassVar[str] = "kerascnn.heads"
    output: ClassVar[str]
    """What it answers with, such as "classes"; it serves the tasks whose `output` is the same."""

    @abstractmethod
    def apply(self, features: Mapping[str, Any], outputs: int) -> Any:
        """Return the answer as a symbolic float32 tensor with `outputs` numbers for each element (or place)."""


WEIGHTS = frozenset({"none", "imagenet", "preset"})
"""What `weights` of a backbone may say besides a path."""


class Source(Component):
    """Where data comes from."""

    kind: ClassVar[str] = "source"
    folder: ClassVar[str] = "kerascnn.sources"
    gives: ClassVar[str] = "image"
    """The kind of data that it gives: "image", "text", "series" or "audio"."""
    paths: ClassVar[tuple[str, ...]] = ()
    """Its fields that hold paths of files or folders; a run keeps them absolute."""

    @property
    def target(self) -> str:
        """What its samples are answered with: "class", "classes", "values", "mask", "boxes" or "forecast" (the numbers
        that follow, the naive forecast, and their scale, as many of each)."""
        return "class"

    @abstractmethod
    def scan(self) -> Scan:
        """Return what is there, without reading the elements themselves.

        Relative paths start from the current folder. Raises DataError, with every file that is at fault.
        """


class Task(Component):
    """What the network is to answer: its loss, its metrics, and the form of its targets."""

    kind: ClassVar[str] = "task"
    folder: ClassVar[str] = "kerascnn.tasks"
    reads: ClassVar[str]
    """The kind of data that it is about."""
    target: ClassVar[str] = "class"
    """What samples have to be answered with; it takes the sources whose `target` is the same."""
    output: ClassVar[str]
    """What heads have to answer with."""
    metrics: ClassVar[Mapping[str, str]]
    """The metrics of an epoch by name, each with the better direction: "max" or "min". The loss is always there."""
    open_set: ClassVar[bool] = False
    """Whether it can be judged on classes that training has no sample of, as likeness can. Then splits may hold back
    whole classes: those of the source or a file, or by groups of `data.split` that are classes."""
    alone: ClassVar[bool] = True
    """Whether an answer means something by itself. Otherwise it does only beside others of the same network, as vectors
    do: none of them is a mistake, and those of several networks have no mean."""
    presets: ClassVar[Mapping[str, str]] = {}
    """Templates to begin with, by what they are for: quick, balanced, thorough."""

    @abstractmethod
    def outputs(self, info: DataInfo) -> int:
        """Return how many numbers the head has to give."""

    @abstractmethod
    def targets(self, answers: Any, info: DataInfo) -> np.ndarray:
        """Return what the loss compares the network's answers with.

        `answers` are those of the samples, by `target`: class numbers `(n,)`; 0 or 1 for each class, uint8
        `(n, classes)`; float32 values `(n, values)`, three times as many for forecasts; masks of class numbers, uint8
        `(n, height, width)`; or a float32 array `(k, 5)` for each sample, the class number and the box in pixels of the
        model's input.
        """

    @abstractmethod
    def loss(self, info: DataInfo) -> Any:
        """Return the Keras loss. Raises DataError where it cannot be made for this data."""

    def outer(self, inputs: Any, outputs: Any, info: DataInfo) -> Any:
        """Return a Keras model from inputs to outputs that trains in a way of its own, None for the usual one.

        It overrides what Keras lets it override, such as `compute_loss` or `train_step`, and shares the layers that it
        is given. What else it trains are its own layers, which every checkpoint holds. It is made anew for each stage,
        and its own layers go on there with the weights that they had with the best model.
        """
        return None

    def beside(self, outer: Any) -> Mapping[str, Any]:
        """Return Keras models of an outer model, by name, that are kept with the best model: NAME.keras beside it.

        Each has weights of its own, and goes into the next stage with those that were kept. The names are always the
        same: identifiers, and not "model".
        """
        return {}

    @abstractmethod
    def compiled_metrics(self) -> list[Any]:
        """Return a new Keras metric for every name in `metrics`, under that name."""

    def truth(self, answers: Any, elements: np.ndarray) -> Any:
        """Return what a report compares the network's answers with: the samples' answers, unless it is overridden.

        `elements` are what the network gets, such as uint8 pictures: a network may be there to answer with these.
        """
        return answers

    @abstractmethod
    def report(self, truth: Any, answers: np.ndarray, info: DataInfo) -> dict[str, Any]:
        """Return everything that an evaluation says, as plain data, from the samples' answers and the network's.

        The keys "metrics" (name to number, the one that counts first), "labels" and "per_class" are always there;
        "floor" holds what always giving the same answer would get. "sections" are further parts of the page, each with
        a "title", and "text", "table" (`{"head": [...], "rows": [[...]]}`), "lines" (`{"x_name": text, "x": [...], "y":
        {NAME: [...]}}`) or "pictures" (`[{"png": base64 text, "caption": text}]`).
        """

    def sections(self, folder: Path, split: str) -> Sequence[Mapping[str, Any]]:
        """Return further sections of the page on a split, as in `report`, from the folder of a run.

        They are made each time that the page is written, for what the answers on a split alone do not tell. An error
        becomes a sentence on the page.
        """
        return ()

    @abstractmethod
    def say(self, answer: np.ndarray, labels: Sequence[str]) -> dict[str, Any]:
        """Return what the network's answer for one element means.

        "label" and "confidence" (None where there is none), and "probabilities" or "values" by the outputs' names.
        """


class Optimizer(Component):
    """A rule that turns gradients into steps: one of Keras's, under Keras's name and with Keras's arguments."""

    kind: ClassVar[str] = "optimizer"
    folder: ClassVar[str] = "kerascnn.optimizers"

    @abstractmethod
    def make(self, learning_rate: Any, *, accumulate: int = 1) -> Any:
        """Return a new Keras optimizer with this rate (a number or a Keras schedule).

        `accumulate` is the number of batches whose gradients are averaged to one step.
        """


class Schedule(Component):
    """How the learning rate moves over a stage."""

    kind: ClassVar[str] = "schedule"
    folder: ClassVar[str] = "kerascnn.schedules"

    @abstractmethod
    def make(self, learning_rate: float, steps: int) -> Any:
        """Return the rate as a number or a Keras schedule over this many optimizer steps."""

    def react(self, waited: int, left: float = 1.0) -> float:
        """Return what the rate is multiplied with after an epoch, the `waited`-th in which the monitor did not improve.

        `left` is the rate that there is, as a fraction of the stage's. Only a schedule whose `make` returns a number
        may give another factor than 1.
        """
        return 1.0


class Callback(Component):
    """What follows a training and passes on what each epoch came to. It changes nothing, and its failure stops nothing.

    `metrics.jsonl` is written without one.
    """

    kind: ClassVar[str] = "callback"
    folder: ClassVar[str] = "kerascnn.callbacks"
    package: ClassVar[str] = ""
    """The Python package that it cannot do without, where not every installation has it."""
    install: ClassVar[str] = ""
    """What pip has to install for that; left out: the package."""

    @abstractmethod
    def follow(self, training: Training) -> Follower:
        """Return a new follower of a training, which may be one that is resumed."""


class Method(Component):
    """A way to train that goes beyond steps along the gradient: it changes what is learnt from, or what is kept."""

    kind: ClassVar[str] = "method"
    folder: ClassVar[str] = "kerascnn.methods"
    paths: ClassVar[tuple[str, ...]] = ()
    """Its fields that hold paths of files or folders; a run keeps them absolute."""
    outputs: ClassVar[frozenset[str]] = frozenset()
    """The answers of tasks that it is for, such as "classes"; none: all."""
    last: ClassVar[bool] = False
    """Whether it is for the last stage alone."""
    excludes: ClassVar[frozenset[str]] = frozenset()
    """What cannot stand beside it in a stage: other methods by name, and "ema", averages that an optimizer keeps."""

    def schedule(self) -> dict[str, Any] | None:
        """Return the schedule, as a spec spells it, that moves the rate in the place of the stage's; None for none."""
        return None

    def check(self, stage: JoinedStage) -> None:
        """Look whether it can go along with a stage, before any training begins. Raises DataError where it cannot."""

    @abstractmethod
    def join(self, stage: JoinedStage) -> Companion:
        """Return what goes along with a stage that is about to begin, or to go on."""


class Explainer(Component):
    """A way to say where in an element a trained network's answer comes from. No spec holds one: `kerascnn explain`."""

    kind: ClassVar[str] = "explainer"
    folder: ClassVar[str] = "kerascnn.explainers"
    signed: ClassVar[bool] = False
    """Whether its maps have numbers below 0, for what speaks against the answer."""

    @abstractmethod
    def explain(self, seen: Explained) -> np.ndarray:
        """Return a map for each element, float32 `(n, *places)` over the places of `seen.inputs`, finite.

        The same elements give the same maps, whatever else is explained with them.
        """


KINDS: dict[str, type[Component]] = registry()
"""The kinds by name. That of a plugin has the plugin's name before its own, as its components have."""


def register_kind(cls: type[K]) -> type[K]:
    """Register a kind of component, by its `kind`, so that fields can be `OneOf[...]` of it.

    Raises PluginError where it has no `kind`, or the name is taken.
    """
    if not cls.__dict__.get("kind"):
        raise PluginError(f"{cls.__qualname__} has no kind; set the class variable: `kind: ClassVar[str] = 'filter'`")
    full = qualified(cls.kind, cls)
    taken = KINDS.get(full)
    if taken is not None and (taken.__module__, taken.__qualname__) != (cls.__module__, cls.__qualname__):
        raise PluginError(f"two kinds are named '{full}': {taken.__module__} and {cls.__module__} have it")
    cls.kind = full
    KINDS[full] = cls
    return cls


for _kind in (
    Layer, Backbone, Head, Augmentation, Source, Task, Optimizer, Schedule, Loss, Metric, Callback, Method, Explainer,
    Exporter, Page,
):  # fmt: skip
    register_kind(_kind)
__all__ = [
    "IGNORE",
    "KINDS",
    "WEIGHTS",
    "Augmentation",
    "Backbone",
    "Callback",
    "Explainer",
    "Exporter",
    "Fill",
    "Geometric",
    "Head",
    "Layer",
    "Loss",
    "Method",
    "Metric",
    "Mixing",
    "Optimizer",
    "Page",
    "Schedule",
    "Source",
    "Task",
    "register_kind",
]
