"""The kinds of component: what each is for, and the one method that does its work.

A kind is open: a plugin may add components to it. `folder` is where the core's own components stand, one file each;
the file carries the component's name. Methods get and give symbolic Keras tensors (Layer, Backbone, Head), NumPy arrays
(Augmentation) or plain data (Source, Task), and import what they need inside themselves.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from kerascnn.errors import UsageError
from kerascnn.spec.component import Component
from kerascnn.spec.data import DataInfo, Pretrained, Scan
from kerascnn.spec.follower import Follower, Training

if TYPE_CHECKING:
    import numpy as np


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


class Augmentation(Component):
    """A random change to the training data that leaves its label true. It is never part of a model.

    What belongs to a picture goes with it: a mask of class numbers, or boxes. One that moves pixels about says so by
    deriving from Geometric, or by its own `apply_with_masks` and `apply_with_boxes`.
    """

    kind: ClassVar[str] = "augmentation"
    folder: ClassVar[str] = "kerascnn.augmentations"
    reads: ClassVar[str] = "image"
    """The kind of data that it changes."""
    carries: ClassVar[frozenset[str]] = frozenset({"mask", "boxes"})
    """What stays true of a changed picture, or is moved with it: "mask", "boxes"."""

    @abstractmethod
    def apply(self, images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return the changed batch, of the same shape and type.

        `images` is uint8 `(n, height, width, channels)` and is not to be written to. All chance comes from `rng`, so
        that the same generator gives the same batch.
        """

    def apply_with_masks(
        self, images: np.ndarray, masks: np.ndarray, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the changed batch, and the masks that belong to it: unchanged, where pixels stay in their places.

        `masks` are class numbers, uint8 `(n, height, width)`; IGNORE stands where a picture shows nothing. The pictures
        are those that `apply` gives. Raises UsageError for one that cannot take masks along.
        """
        self.must_carry("mask")
        return self.apply(images, rng), masks

    def apply_with_boxes(
        self, images: np.ndarray, boxes: Sequence[np.ndarray], rng: np.random.Generator
    ) -> tuple[np.ndarray, list[np.ndarray], list[np.ndarray]]:
        """Return the changed batch, the boxes that belong to it, and which of each picture's boxes are still in it.

        `boxes` are float32 `(k, 4)` for each picture: left, top, right and bottom in pixels from the upper left corner.
        Those out of sight come back as well, with False in the last array `(k,)`. The pictures are those that `apply`
        gives. Raises UsageError for one that cannot take boxes along.
        """
        import numpy as np

        self.must_carry("boxes")
        return self.apply(images, rng), list(boxes), [np.ones(len(some), bool) for some in boxes]

    def must_carry(self, companion: str) -> None:
        """Raise UsageError where this augmentation cannot take that along: "mask" or "boxes"."""
        if companion not in self.carries:
            name = self.type_name or type(self).__qualname__
            raise UsageError(
                f"augment: '{name}' cannot take {_COMPANIONS.get(companion, companion)} along with pictures; "
                "remove it from `augment`"
            )


_COMPANIONS = {"mask": "masks"}

WEIGHTS = frozenset({"none", "imagenet", "preset"})
"""What `weights` of a backbone may say besides a path."""

IGNORE = 255
"""The class number of a mask's pixel that counts for nothing."""

Fill = Annotated[
    Literal["zeros", "reflect", "edge"],
    Field(
        description="What shows where the picture does not reach: black, the picture mirrored about its outermost "
        "pixels, or those pixels drawn out."
    ),
]
"""The field `fill` of a geometric augmentation: `fill: Fill = "zeros"`."""


class Geometric(Augmentation):
    """An augmentation that moves pixels about and leaves their colours alone.

    It says which place of the input each pixel of the output shows. Training multiplies the matrices of neighbours with
    the same fill and resamples once, straight from the picture: what one of them moves out of sight, the next may bring
    back.
    """

    @property
    def border(self) -> str | None:
        """What shows where the picture does not reach: the field `fill`; None for one that never looks there."""
        return getattr(self, "fill", None)

    @abstractmethod
    def matrices(self, n: int, height: int, width: int, rng: np.random.Generator) -> np.ndarray:
        """Return a matrix `(n, 3, 3)` for each of n pictures of this size in pixels, float64.

        Output pixel (x, y) shows the input at (u / w, v / w), with (u, v, w) = matrix (x, y, 1). x counts columns, y
        counts rows, and the centre of the first pixel is (0, 0). All chance comes from `rng`.
        """

    def apply(self, images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return the batch, each picture resampled by its matrix."""
        from kerascnn.spec.warp import warp

        n, height, width, _ = images.shape
        return warp(images, self.matrices(n, height, width, rng), self.border or "zeros")

    def apply_with_masks(
        self, images: np.ndarray, masks: np.ndarray, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the batch and its masks, both resampled by the same matrices."""
        from kerascnn.spec.warp import warp, warp_masks

        n, height, width, _ = images.shape
        self.must_carry("mask")
        matrices = self.matrices(n, height, width, rng)
        fill = self.border or "zeros"
        return warp(images, matrices, fill), warp_masks(masks, matrices, fill)

    def apply_with_boxes(
        self, images: np.ndarray, boxes: Sequence[np.ndarray], rng: np.random.Generator
    ) -> tuple[np.ndarray, list[np.ndarray], list[np.ndarray]]:
        """Return the batch and its boxes, both moved by the same matrices, and which boxes are still in sight."""
        from kerascnn.spec.warp import move_boxes, warp

        n, height, width, _ = images.shape
        self.must_carry("boxes")
        matrices = self.matrices(n, height, width, rng)
        moved = [move_boxes(some, matrix, height, width) for some, matrix in zip(boxes, matrices, strict=True)]
        return warp(images, matrices, self.border or "zeros"), [some for some, _ in moved], [kept for _, kept in moved]


class Mixing(Augmentation):
    """An augmentation that mixes samples of a batch with one another, and their targets with them."""

    carries: ClassVar[frozenset[str]] = frozenset()

    @abstractmethod
    def mix(self, images: np.ndarray, targets: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Return the mixed batch and its targets, which are float32 `(n, classes)`. All chance comes from `rng`.

        Neither array is to be written to, and the targets have no say in how the pictures are mixed.
        """

    def apply(self, images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return the mixed batch alone."""
        import numpy as np

        return self.mix(images, np.zeros((len(images), 1), "float32"), rng)[0]


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
        """What its samples are answered with: "class", "classes", "values", "mask" or "boxes"."""
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

    @abstractmethod
    def outputs(self, info: DataInfo) -> int:
        """Return how many numbers the head has to give."""

    @abstractmethod
    def targets(self, answers: Any, info: DataInfo) -> np.ndarray:
        """Return what the loss compares the network's answers with.

        `answers` are those of the samples, by `target`: class numbers `(n,)`; 0 or 1 for each class, uint8
        `(n, classes)`; float32 values `(n, values)`; masks of class numbers, uint8 `(n, height, width)`; or a float32
        array `(k, 5)` for each sample, the class number and the box in pixels of the model's input.
        """

    @abstractmethod
    def loss(self, info: DataInfo) -> Any:
        """Return the Keras loss. Raises DataError where it cannot be made for this data."""

    @abstractmethod
    def compiled_metrics(self) -> list[Any]:
        """Return a new Keras metric for every name in `metrics`, under that name."""

    @abstractmethod
    def report(self, truth: Any, answers: np.ndarray, info: DataInfo) -> dict[str, Any]:
        """Return everything that an evaluation says, as plain data, from the samples' answers and the network's.

        The keys "metrics" (name to number, the one that counts first), "labels" and "per_class" are always there;
        "floor" holds what always giving the same answer would get.
        """

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


KINDS: dict[str, type[Component]] = {
    cls.kind: cls for cls in (Layer, Backbone, Head, Augmentation, Source, Task, Optimizer, Schedule, Callback)
}
