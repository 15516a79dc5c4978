"""What the plugin trains with: a model that looks at the easiest samples, and the perceptual loss."""

from __future__ import annotations

from typing import Any

import keras  # noqa: TID253 - this module is imported inside methods alone
from keras import ops  # noqa: TID253

_LEAST = 1e-7


class Paced(keras.Model):
    """A model whose training counts the easiest samples of a step alone; saved is the network, never this.

    Where others say how hard samples are, targets in training are pairs: those of the task, and that.
    """

    def pace_by(self, share: Any, output: str) -> None:
        """Say which variable holds the share that counts, and what the answers are, such as "classes"."""
        self.share, self.output_kind = share, output

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Any:
        """Return the task's loss, in training that of the easiest samples."""
        targets, hard = y if isinstance(y, tuple | list) else (y, None)
        if not training:  # pairs come here as well: JAX builds the model with a batch of training
            return super().compute_loss(x, targets, y_pred, sample_weight, training)
        if hard is None:
            hard = hardness(ops, self.output_kind, targets, y_pred)
        weights = easiest(ops.stop_gradient(hard), self.share)
        if sample_weight is not None:
            weights = weights * ops.cast(sample_weight, weights.dtype)
        return super().compute_loss(x, targets, y_pred, weights, training)

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """Return the metrics of the task, of all samples."""
        return super().compute_metrics(x, y[0] if isinstance(y, tuple | list) else y, y_pred, sample_weight)


def hardness(backend: Any, output: str, targets: Any, answers: Any) -> Any:
    """Return the loss of each sample `(n,)`: cross-entropy of classes, squared error of numbers.

    `backend` is keras.ops or NumPy.
    """
    axes = tuple(range(1, len(answers.shape)))
    if output == "values":
        return backend.mean((targets - answers) ** 2, axis=axes)
    if output == "classes":
        return -backend.sum(targets * backend.log(backend.maximum(answers, _LEAST)), axis=axes)
    there = targets * backend.log(backend.maximum(answers, _LEAST))
    return -backend.mean(there + (1 - targets) * backend.log(backend.maximum(1 - answers, _LEAST)), axis=axes)


def easiest(hard: Any, share: Any) -> Any:
    """Return the weights of samples `(n,)`: 0 for the hardest, and the same for this share of all; their mean is 1.

    At least one counts, and all that are as hard as the last that does.
    """
    hard = ops.cast(hard, "float32")
    count = ops.cast(ops.shape(hard)[0], "float32")
    last = ops.cast(ops.clip(ops.ceil(share * count - 1e-3), 1.0, count), "int32") - 1
    limit = ops.take(ops.sort(hard), last)
    counts = ops.cast(hard <= limit, "float32")
    return counts * count / ops.maximum(ops.sum(counts), 1.0)


@keras.saving.register_keras_serializable(package="adapt")
class PerceptualLoss(keras.losses.Loss):
    """Compare pictures by what a layer of VGG sees in them (Johnson et al. 2016, arXiv:1603.08155).

    The loss of a picture is the mean squared difference of the features of both. Pictures are numbers from 0 to 1, grey
    or red, green and blue; the network gets them in the scale of its weights. It is frozen and no part of what is
    trained. Shapes: `(n, h, w, c), (n, h, w, c) -> (n,)`, with c 1 or 3.
    """

    def __init__(
        self,
        layer: str = "block2_conv2_relu",
        depth: int = 16,
        weights: str = "imagenet",
        seed: int = 0,
        name: str = "perceptual_loss",
        reduction: str = "sum_over_batch_size",
        dtype: Any = None,
    ):
        """`layer` is one of kerascnn's backbone vgg of this `depth`, 16 or 19.

        `weights` are "imagenet", which Keras fetches where they are not there; the path of Keras's own file of them
        without the top; or "none": chance, the same for the same seed. Raises DataError where they cannot be had.
        """
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.layer, self.depth, self.weights, self.seed = layer, depth, weights, seed
        self.features = features_of(layer, depth, weights, seed)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the loss of each picture `(n,)`."""
        one, other = (self.features(_caffe(ops.cast(x, "float32")), training=False) for x in (y_true, y_pred))
        return ops.mean(ops.square(one - other), axis=(1, 2, 3))

    def get_config(self) -> dict[str, Any]:
        """Return what the loss was made with."""
        own = {"layer": self.layer, "depth": self.depth, "weights": self.weights, "seed": self.seed}
        return {**super().get_config(), **own}


def features_of(layer: str, depth: int, weights: str, seed: int) -> keras.Model:
    """Return kerascnn's VGG from pictures to the features of a layer, frozen. Raises DataError."""
    import random

    from kerascnn.backbones.vgg import VGG
    from kerascnn.errors import DataError, UsageError

    if depth not in (16, 19):
        raise UsageError(f"Keras has weights of VGG16 and VGG19; depth {depth} is neither")
    # Whatever a training draws after this is what it would draw without it.
    state = random.getstate()
    inputs = keras.Input((None, None, 3))
    whole = keras.Model(inputs, VGG.model_validate({"depth": depth}).apply(inputs)["P5"])
    random.setstate(state)
    if layer not in {one.name for one in whole.layers[1:]}:
        raise UsageError(
            f"the backbone vgg has no layer '{layer}'; there are {', '.join(x.name for x in whole.layers)}"
        )
    if weights == "none":
        whole.set_weights(_drawn([weight.shape for weight in whole.weights], seed))
    else:
        builder = getattr(keras.applications, f"VGG{depth}")
        try:
            whole.set_weights(builder(include_top=False, weights=weights).get_weights())
        except Exception as error:
            said = " ".join(str(error).split())
            raise DataError(f"the weights '{weights}' of VGG{depth} cannot be had: {said}") from error
    features = keras.Model(inputs, whole.get_layer(layer).output)
    features.trainable = False
    return features


def _drawn(shapes: Any, seed: int) -> list[Any]:
    """Return weights of a seed: kernels of He's variance, and biases of 0."""
    import numpy as np

    rng = np.random.default_rng(seed)
    spread = [(2 / max(1, int(np.prod(shape[:-1])))) ** 0.5 for shape in shapes]
    return [
        rng.normal(0, spread, shape).astype("float32") if len(shape) > 1 else np.zeros(shape, "float32")
        for shape, spread in zip(shapes, spread, strict=True)
    ]


def _caffe(pictures: Any) -> Any:
    """Return pictures in the scale that VGG was trained with: blue, green and red less their means, 0 to 255."""
    if pictures.shape[-1] == 1:
        pictures = ops.repeat(pictures, 3, axis=-1)
    return 255 * ops.flip(pictures, axis=-1) - ops.convert_to_tensor([103.939, 116.779, 123.68], "float32")
