"""The models in which the two tasks train, and a metric, in Keras. No saved model holds any of them."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any

import keras  # noqa: TID253 - this module is imported inside methods only
import numpy as np  # noqa: TID253
from keras import ops  # noqa: TID253

from kerascnn.errors import BuildError
from kerascnn_generative.growing import grown

_DIRECTIONS = 64


def check_pictures(inputs: Any) -> None:
    """Raise BuildError where a stage trains on features that were computed once: these tasks need the pictures."""
    if not isinstance(inputs, keras.KerasTensor):
        raise BuildError("is 0 for this task, which needs the pictures themselves", "train.stages.feature_views")


class Owning(keras.Model):
    """A model that keeps the metrics it is compiled with to itself: they are not of targets and answers."""

    def compile(self, optimizer: Any = "rmsprop", loss: Any = None, metrics: Any = None, **more: Any) -> None:
        """Take the one metric, and leave the rest to Keras."""
        [self.figure] = metrics
        super().compile(optimizer, loss=loss, **more)


class Variational(Owning):
    """A model whose answers are the reconstruction, and mean and logarithm of the variance of the numbers."""

    def weigh(self, beta: float, error: str) -> None:
        """Set what the loss is made of."""
        self.beta, self.error = beta, error
        self.divergence = keras.metrics.Mean(name="divergence")

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Any:
        """Return the mean over the pictures of the reconstruction error and `beta` times the divergence."""
        wanted, found = ops.cast(x, "float32") / 255, y_pred["picture"]
        mean, log_variance = y_pred["mean"], y_pred["log_variance"]
        if self.error == "squared":
            apart = ops.square(wanted - found) / 2
        else:
            apart = ops.binary_crossentropy(wanted, found)
        divergence = ops.sum(ops.square(mean) + ops.exp(log_variance) - log_variance - 1, axis=-1) / 2
        self.divergence.update_state(ops.stop_gradient(divergence))
        self.figure.update_state(wanted, ops.stop_gradient(found))
        return ops.mean(ops.sum(apart, axis=(1, 2, 3)) + self.beta * divergence)


def variational(inputs: Any, outputs: Any, beta: float, error: str) -> Variational:
    """Return the training model of a network with the head `generative.vae`."""
    model = Variational(inputs, with_numbers(outputs))
    model.weigh(beta, error)
    return model


def with_numbers(outputs: Any) -> dict[str, Any]:
    """Return the answer of a network with the head `generative.vae`, and the numbers that it is drawn from, by name."""
    head, node, _ = outputs._keras_history
    inner = keras.Model(
        head.input,
        {
            "picture": head.output,
            "mean": head.get_layer("mean").output,
            "log_variance": head.get_layer("log_variance").output,
        },
    )
    found: dict[str, Any] = inner(head._inbound_nodes[node].arguments.args[0])
    return found


class Adversarial(Owning):
    """The critic, with a generator beside it that learns in the same step."""

    def oppose(self, generator: keras.Model, noise: int, smoothing: float) -> None:
        """Set the generator, the seed of the numbers that it gets, and how sure the critic need not be."""
        self.generator, self.smoothing = generator, smoothing
        self.noise = keras.random.SeedGenerator(noise)
        self.critic_loss = keras.metrics.Mean(name="critic_loss")
        self.generator_loss = keras.metrics.Mean(name="generator_loss")

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Any:
        """Return the critic's loss plus the generator's. Each moves its own weights: the gradient of the other stops.

        `y_pred` are the critic's answers for real pictures.
        """
        noise = keras.random.normal((ops.shape(y_pred)[0], self.generator.input_shape[-1]), seed=self.noise)
        made = self.generator(noise, training=training)
        still = ops.stop_gradient(made)
        real = (1 - self.smoothing) * ops.softplus(-y_pred) + self.smoothing * ops.softplus(y_pred)
        critic_loss = ops.mean(real) + ops.mean(ops.softplus(self(still, training=training)))
        # The critic as it is: pictures are to change, not what they are judged by.
        judged, _ = self.stateless_call(
            [ops.stop_gradient(ops.convert_to_tensor(v)) for v in self.trainable_variables],
            [ops.convert_to_tensor(v) for v in self.non_trainable_variables],
            made,
            training=training,
        )
        generator_loss = ops.mean(ops.softplus(-judged))
        self.critic_loss.update_state(ops.stop_gradient(critic_loss))
        self.generator_loss.update_state(ops.stop_gradient(generator_loss))
        self.figure.update_state(ops.cast(x, "float32"), still)
        return critic_loss + generator_loss


def adversarial(inputs: Any, outputs: Any, latent: int, filters: int, smoothing: float) -> Adversarial:
    """Return the training model of a critic, with a new generator of pictures of the critic's input.

    The critic's input is bytes; through these no gradient comes to the generator. So its layers are gone through again
    from numbers.
    """
    whole = keras.Model(inputs, outputs)
    numbers = keras.Input(inputs.shape[1:], dtype="float32", name="numbers")
    again = keras.models.clone_model(whole, input_tensors=numbers, clone_function=lambda layer: layer)
    model = Adversarial(numbers, again.output)
    seed = _seed(whole)
    model.oppose(generator(inputs.shape[1:], latent, filters, seed), seed, smoothing)
    return model


def generator(shape: tuple[int, ...], latent: int, filters: int, seed: int = 0) -> keras.Model:
    """Return a new generator of pictures of this shape, 0 to 255: `(n, latent) -> (n, height, width, channels)`."""
    seeds: Iterator[int] = iter(range(seed, seed + 100))
    begin = lambda: keras.initializers.RandomNormal(stddev=0.02, seed=next(seeds))  # noqa: E731 - as in the paper
    source = keras.Input((latent,), name="latent")
    picture = grown(source, (shape[0], shape[1]), shape[-1], filters, final="tanh", begin=begin)
    scaled = keras.layers.Rescaling(127.5, 127.5, dtype="float32", name="brightness")(picture)
    return keras.Model(source, scaled, name="generator")


def _seed(model: keras.Model) -> int:
    """Return a number that the seed of the training decides, and no process: from the weights that it begins with.

    The model is made anew several times, and in a training that is resumed other numbers were drawn before.
    """
    found = 0
    for weight in model.trainable_weights:
        found = zlib.crc32(np.ascontiguousarray(ops.convert_to_numpy(weight)).tobytes(), found)
    return found % 2**31


@keras.saving.register_keras_serializable(package="generative")
class SlicedDistance(keras.metrics.Metric):
    """How far generated pictures are from real ones, as far as mean and spread along 64 fixed directions show.

    It is the mean of the squared differences of both, of pictures from 0 to 1: a cheap figure to choose an epoch by.
    Shapes: real and generated ones `(n, ...)`, as many numbers each, from 0 to 255.
    """

    def __init__(self, name: str = "distance", **kwargs: Any):
        super().__init__(name=name, **kwargs)
        self.count = self.add_variable((), "zeros", name="count")
        self.sums = self.add_variable((2, _DIRECTIONS), "zeros", name="sums")
        self.squares = self.add_variable((2, _DIRECTIONS), "zeros", name="squares")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch of real pictures and one of generated ones."""
        pairs = [ops.cast(each, "float32") / 255 for each in (y_true, y_pred)]
        size = int(np.prod(pairs[0].shape[1:]))
        directions = np.random.default_rng(0).standard_normal((size, _DIRECTIONS)).astype("float32")
        directions /= np.linalg.norm(directions, axis=0)
        # About grey, so that squares are not large beside the spread.
        along = [ops.matmul(ops.reshape(each, (-1, size)) - 0.5, directions) for each in pairs]
        self.count.assign(self.count + ops.cast(ops.shape(along[0])[0], "float32"))
        self.sums.assign(self.sums + ops.stack([ops.sum(each, 0) for each in along]))
        self.squares.assign(self.squares + ops.stack([ops.sum(ops.square(each), 0) for each in along]))

    def result(self) -> Any:
        """Return the distance."""
        count = ops.maximum(self.count, 1.0)
        mean = self.sums / count
        spread = ops.sqrt(ops.maximum(self.squares / count - ops.square(mean), 0.0))
        return ops.mean(ops.square(mean[0] - mean[1]) + ops.square(spread[0] - spread[1]))
