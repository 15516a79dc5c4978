"""What a saved model does to raw elements of each medium before its backbone sees them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
from keras import ops

from kerascnn.errors import BuildError
from kerascnn.spec import DataInfo, Spec
from kerascnn.spec.embedding import Embedding
from kerascnn.spec.spec import Preprocess, Spectrogram

_INPUTS = {"image": "uint8", "text": "int32", "series": "float32", "audio": "float32"}
_AUTO = {"image": "unit", "series": "each", "audio": "none", "text": "none"}
_CONSTANT = 1e-6
"""Part of its largest value within which a channel counts as constant: what rounding to 32 bits may leave."""
_MEANS = (123.68, 116.779, 103.939)
"""Of red, green and blue in ImageNet, as the networks that were trained in Caffe have them."""


@dataclass(frozen=True)
class Scaling:
    """What is done to the stored values of a picture, 0 to 255: times a factor, plus an offset, for each channel."""

    factor: tuple[float, ...]
    """One number for all channels, or one for each."""
    offset: tuple[float, ...]
    flip: bool = False
    """Whether the channels come in the opposite order afterwards: blue, green, red."""

    def of_channels(self, channels: int) -> Scaling:
        """Return the scaling for this many channels: where they are not those it was made for, by the mean of all."""
        if {len(self.factor), len(self.offset)} <= {1, channels}:
            return self
        # The means and the deviations of the pictures are averaged, not what is made of them.
        deviation = sum(1 / factor for factor in self.factor) / len(self.factor)
        offsets = self.offset * (len(self.factor) // len(self.offset))
        mean = sum(-offset / factor for factor, offset in zip(self.factor, offsets, strict=True)) / len(self.factor)
        return Scaling((1 / deviation,), (-mean / deviation,))

    def layer(self) -> keras.layers.Layer:
        """Return the layer that does it, but for the flip."""
        factor, offset = (list(v) if len(v) > 1 else v[0] for v in (self.factor, self.offset))
        return keras.layers.Rescaling(factor, offset, dtype="float32", name="normalize")


_SCALES = {
    "none": Scaling((1.0,), (0.0,)),
    "unit": Scaling((1 / 255,), (0.0,)),
    "symmetric": Scaling((2 / 255,), (-1.0,)),
    "symmetric_128": Scaling((1 / 128,), (-1.0,)),
    "torch": Scaling((1 / 58.395, 1 / 57.12, 1 / 57.375), (-0.485 / 0.229, -0.456 / 0.224, -0.406 / 0.225)),
    "caffe": Scaling((1.0, 1.0, 1.0), tuple(-mean for mean in _MEANS), flip=True),
}


def raw_input(spec: Spec, info: DataInfo) -> Any:
    """Return the symbolic input of a model: bytes of pictures, numbers of tokens, series with NaN, or sounds."""
    medium = spec.task.reads
    return keras.Input(info.shape, dtype=_INPUTS[medium], name=medium)


def preprocess(x: Any, spec: Spec, info: DataInfo, trained: Scaling | str | None = None) -> Any:
    """Normalise and resize in float32, whatever the precision of the rest: 16 bits are off by whole grey levels.

    `trained` is the scale that the weights were trained with, for `normalize: auto`: a name, or what it is exactly.
    In this order, because Keras's Resizing rounds bytes where it is called eagerly and does not in TensorFlow's graphs;
    on real numbers both agree, and both orders give the same.
    """
    how, medium = spec.model.preprocess, spec.task.reads
    _check_medium(how, medium)
    normalize = _chosen(spec, trained) if how.normalize == "auto" else how.normalize
    if medium == "text":
        return _embedded(x, how.embedding, info)
    if medium == "audio" and how.spectrogram is not None:
        x = _spectrogram(x, how.spectrogram, info)
        normalize = "each" if how.normalize == "auto" else normalize
    if normalize == "each":
        x = _each(x)
    elif medium == "series":
        x = ops.where(ops.isnan(x), 0.0, x)
    elif medium == "image":
        x = _scaled(x, normalize, info)
    if medium == "image" and how.resize and tuple(how.resize) != tuple(info.shape[:2]):
        layer = keras.layers.Resizing(*how.resize, interpolation="bilinear", dtype="float32", name="resize")
        # training=False: by default this layer tells all those after it that they are being trained.
        x = layer(x, training=False)
    return x


def used_scale(spec: Spec, trained: Scaling | str | None = None) -> str:
    """Return the name of a model's scale, and so what `normalize: auto` stands for: "weights" where theirs has none."""
    how, medium = spec.model.preprocess, spec.task.reads
    if how.normalize != "auto":
        return how.normalize
    if medium == "audio" and how.spectrogram is not None:
        return "each"
    chosen = "none" if medium == "text" else _chosen(spec, trained)
    return chosen if isinstance(chosen, str) else "weights"


def _chosen(spec: Spec, trained: Scaling | str | None) -> Scaling | str:
    """Return what `auto` stands for."""
    medium, backbone = spec.task.reads, spec.model.backbone
    if trained is not None:
        return trained
    published = backbone.pretrained() if backbone.weights == "imagenet" else None
    return published.scale if published and medium == "image" else backbone.normalize or _AUTO[medium]


def _check_medium(how: Preprocess, medium: str) -> None:
    """Raise BuildError where a setting is for another medium, and so would do nothing."""
    if medium != "image" and how.resize:
        raise BuildError(f"is for pictures; {medium} data has no height and width", "model.preprocess.resize")
    if medium != "audio" and how.spectrogram is not None:
        raise BuildError(f"is for sounds, not for {medium} data", "model.preprocess.spectrogram")
    if medium != "text" and how.embedding.path is not None:
        raise BuildError(f"is for texts, not for {medium} data", "model.preprocess.embedding")
    known = {"image": None, "text": ("auto", "none")}.get(medium, ("auto", "each", "none"))
    if known and how.normalize not in known:
        raise BuildError(
            f"{how.normalize} is not for {medium} data; choose {' or '.join(known)}", "model.preprocess.normalize"
        )


def _embedded(x: Any, how: Embedding, info: DataInfo) -> Any:
    """Return the vector of each token, and of padding exactly 0: `(n, tokens) -> (n, tokens, size)`.

    With two channels the vectors that are learnt and those that stay stand side by side, `(n, tokens, 2 x size)`: a
    filter has weights for both, and their answers are added.
    """
    tokens = max(info.vocabulary, 2)
    table = keras.layers.Embedding(tokens, how.size, trainable=how.train != "static", name="embedding")
    found = table(x)
    if how.train == "two_channel":
        still = keras.layers.Embedding(tokens, how.size, trainable=False, name="embedding_static")
        found = ops.concatenate([found, still(x)], axis=-1)
    there = ops.cast(ops.expand_dims(ops.not_equal(x, 0), -1), found.dtype)
    return found * there


def _each(x: Any) -> Any:
    """Return every channel of every element with mean 0 and variance 1; what is missing (NaN) becomes 0.

    The standard deviation is that of the population, as in the papers on series (Wang et al. 2016, arXiv:1611.06455).
    """
    x = ops.cast(x, "float32")
    axes = tuple(range(1, len(x.shape) - 1))
    there = ops.logical_not(ops.isnan(x))
    count = ops.maximum(ops.sum(ops.cast(there, "float32"), axes, keepdims=True), 1.0)
    apart = ops.where(there, x, 0.0)
    size = ops.max(ops.abs(apart), axes, keepdims=True)
    for _ in range(2):  # the second time takes away what rounding leaves of a large mean
        apart = ops.where(there, apart - ops.sum(apart, axes, keepdims=True) / count, 0.0)
    peak = ops.max(ops.abs(apart), axes, keepdims=True)
    # A constant series has no scale, and becomes zeros; how small the unit of the others is does not matter.
    varies = peak > _CONSTANT * size
    apart = ops.where(varies, apart / ops.where(varies, peak, 1.0), 0.0)
    variance = ops.sum(ops.square(apart), axes, keepdims=True) / count
    return apart / ops.sqrt(ops.where(varies, variance, 1.0))


def _spectrogram(x: Any, how: Spectrogram, info: DataInfo) -> Any:
    """Return a picture `(n, frames, mel_bins, 1)` of each sound, in decibels."""
    rate = info.sample_rate or 16_000
    window, hop = max(2, round(how.window * rate)), max(1, round(how.hop * rate))
    fft_length = 1 << (window - 1).bit_length()
    _check_spectrogram(how, rate, fft_length, x.shape[1])
    layer = keras.layers.MelSpectrogram(
        fft_length=fft_length,
        sequence_length=window,
        sequence_stride=hop,
        sampling_rate=rate,
        num_mel_bins=how.mel_bins,
        min_freq=how.low,
        max_freq=how.high or rate / 2,
        # Keras cuts off what is this far below the loudest sound of the whole batch: far enough to cut nothing.
        top_db=1000.0,
        dtype="float32",
        name="spectrogram",
    )
    bands = ops.transpose(layer(ops.mean(x, axis=-1)), (0, 2, 1))
    # Keras 3.15 announces a frame too many where the hop divides the samples and one more.
    return ops.expand_dims(bands[:, : 1 + x.shape[1] // hop], -1)


def _check_spectrogram(how: Spectrogram, rate: int, fft_length: int, samples: int) -> None:
    """Raise BuildError where the sounds have no such spectrogram."""
    place = "model.preprocess.spectrogram"
    high = how.high or rate / 2
    if high > rate / 2:
        raise BuildError(f"{high:g} Hz is more than half of data.audio.sample_rate ({rate})", f"{place}.high")
    if how.low >= high:
        raise BuildError(f"{how.low:g} Hz should be lower than the highest frequency, {high:g} Hz", f"{place}.low")
    if samples <= fft_length // 2:
        raise BuildError(
            f"{how.window:g} seconds are too long for sounds of {samples / rate:g} seconds; shorten it, or raise "
            "data.audio.seconds",
            f"{place}.window",
        )


def _scaled(x: Any, how: Scaling | str, info: DataInfo) -> Any:
    if isinstance(how, str):
        how = _standardized(info) if how == "standardize" else _SCALES[how]
    how = how.of_channels(info.shape[-1])
    x = how.layer()(x)
    return ops.flip(x, axis=-1) if how.flip else x


def _standardized(info: DataInfo) -> Scaling:
    channels = info.shape[-1]
    mean = info.mean or (127.5,) * channels
    variance = info.variance or (127.5**2,) * channels
    # Numbers, not arrays: they are saved as such.
    factor = tuple(float(1 / max(v, 1.0) ** 0.5) for v in variance)
    return Scaling(factor, tuple(float(-m * f) for m, f in zip(mean, factor, strict=True)))
