"""Several devices: each takes its part of every batch, and all hold the same weights. This module touches backends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import keras

from kerascnn.engine import processes
from kerascnn.engine.devices import backend
from kerascnn.errors import BuildError
from kerascnn.spec import Spec

LEAST = 8
"""The smallest batch that is chosen where the spec says auto."""
_PLACE = "train.devices"


def found_devices() -> list[str]:
    """Return the names of the devices that one process may train on: all GPUs, or all CPU devices where there is none.

    A CPU is one device, unless the backend was told to make several of it.
    """
    name = backend()
    if name == "torch":
        import torch

        return [f"gpu:{i}" for i in range(torch.cuda.device_count())] or ["cpu:0"]
    if name == "jax":
        import jax

        return [f"{device.platform}:{device.id}" for device in jax.local_devices()]
    import tensorflow as tf

    found = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
    return [device.name.removeprefix("/device:").lower() for device in found]


def choose_devices(spec: Spec, samples: int, held: int) -> tuple[Spec, dict[str, Any]]:
    """Return the spec with a number of devices, and what `effective.json` says of them.

    `samples` are those of the training split, `held` those of the validation split. Where several processes train
    together, the number is that of each. Raises BuildError where there are not so many devices, or where they cannot
    share the batches evenly.
    """
    asked, found, number = spec.train.devices, found_devices(), processes.count()
    least = -int(processes.rows(-len(found)).max())
    if asked == "auto":
        used, why = _all_that_fit(found[:least], spec, samples, held)
    else:
        used, why = found[:asked], "the spec says so"
        _must_fit(asked, found[:least], spec, samples, held)
    facts: dict[str, Any] = {"asked": asked, "used": used, "why": why}
    if number > 1:
        facts |= {"used": _of_all(len(used)), "processes": number}
    train = spec.train.model_copy(update={"devices": len(used)})
    return spec.model_copy(update={"train": train}), facts


def check_devices(spec: Spec) -> None:
    """Raise BuildError for devices that this machine cannot give to this spec, whatever its data are."""
    asked = spec.train.devices
    if asked != "auto":
        _must_be_there(asked, found_devices())
        if asked > 1 and (refused := _unaccumulated(spec)):
            raise BuildError(f"is {asked}, and {refused}", _PLACE)


def _of_all(number: int) -> list[str]:
    """Return the names of so many devices of each process."""
    import jax

    each = [[d for d in jax.devices() if d.process_index == i][:number] for i in range(processes.count())]
    return [f"{device.platform}:{device.id}" for devices in each for device in devices]


def _all_that_fit(found: list[str], spec: Spec, samples: int, held: int) -> tuple[list[str], str]:
    if not found[0].startswith("gpu"):
        return found[:1], "there is no GPU"
    if backend() == "torch":
        return found[:1], "with the torch backend training takes one device"
    count = len(found)
    while count > 1 and _refused(count, spec, samples, held):
        count -= 1
    if count == len(found):
        return found, "every GPU"
    return found[:count], f"with {count + 1} of {len(found)}, {_refused(count + 1, spec, samples, held)}"


def _must_fit(asked: int, found: list[str], spec: Spec, samples: int, held: int) -> None:
    _must_be_there(asked, found)
    refused = _refused(asked, spec, samples, held)
    if refused:
        raise BuildError(f"is {asked}, and {refused}", _PLACE)


def _must_be_there(asked: int, found: list[str]) -> None:
    if asked > 1 and backend() == "torch":
        raise BuildError(f"is {asked}, and with the torch backend training takes one; take tensorflow or jax", _PLACE)
    if len(found) < asked:
        seen = f"{len(found)} devices: {', '.join(found)}" if len(found) > 1 else f"one: {found[0]}"
        raise BuildError(f"is {asked}, and {backend()} sees {seen}", _PLACE)


def _refused(count: int, spec: Spec, samples: int, held: int) -> str:
    """Return why so many devices of each process cannot train this, "" where they can."""
    total = count * processes.count()
    if total == 1:
        return ""
    for size in sorted(_batches(spec, samples)):
        if size % total:
            lower = size - size % total
            near = f"{lower} or {lower + total}" if lower else str(total)
            return f"a batch of {size} cannot be shared evenly by {total}; take {near} samples"
    if refused := _unaccumulated(spec):
        return refused
    if backend() == "tensorflow" and held and not shared(max(_batches(spec, samples)), held, count):
        return f"no size of batches shares the {held} validation samples among {count}; change data.split.validation"
    return ""


def _unaccumulated(spec: Spec) -> str:
    """Return why several devices cannot accumulate the gradients that this spec wants, "" where they can."""
    for i, stage in enumerate(spec.train.stages):
        if stage.accumulate > 1 and backend() == "tensorflow":
            what = f"train.stages.{i}.accumulate is {stage.accumulate}"
            return f"{what}, and with TensorFlow gradients accumulate on one device alone"
    return ""


def _batches(spec: Spec, samples: int) -> set[int]:
    """Return the sizes of all batches; one that is chosen later is a power of two."""
    sizes = {stage.batch_size or spec.train.batch_size for stage in spec.train.stages}
    return {LEAST if size == "auto" else min(int(size), samples) for size in sizes}


@contextmanager
def distributed(names: list[str]) -> Iterator[None]:
    """Let networks that are built and trained inside have their weights on all these devices."""
    if len(names) == 1:
        yield
    elif backend() == "jax":
        with _jax(names):
            yield
    else:
        with _strategy(tuple(names)).scope():
            yield


@lru_cache
def _strategy(names: tuple[str, ...]) -> Any:
    """Return TensorFlow's strategy: one for all trainings of a process, as those of two would get in each other's way.

    Both would count the sums over devices from the same number on, and TensorFlow keeps the shape of each.
    """
    import tensorflow as tf

    return tf.distribute.MirroredStrategy([f"/{name}" for name in names])


@contextmanager
def _jax(names: list[str]) -> Iterator[None]:
    together = processes.count() > 1

    class Parallel(keras.distribution.DataParallel):
        slices = False
        """Whether this process feeds its own slices now, and not whole batches, as every process has them."""

        def get_data_layout(self, data_shape: Any) -> Any:
            """Return where the samples of a batch go: to all devices, where they are not shared."""
            if self.slices if together else data_shape[0] % len(names) == 0:
                return super().get_data_layout(data_shape)
            return keras.distribution.TensorLayout([None] * len(data_shape), self.device_mesh)

    before = keras.distribution.distribution()
    keras.distribution.set_distribution(Parallel(devices=names, auto_shard_dataset=False))
    try:
        yield
    finally:
        keras.distribution.set_distribution(before)


def shared(batch_size: int, samples: int, devices: int) -> int:
    """Return a batch size for figures of so many samples, near the one that is given; 0 where there is none.

    TensorFlow wants a first batch that can be shared evenly, and no batch that leaves a device without samples. JAX
    treats all batches as the first one: where the last one cannot be shared evenly, it is of a size that is not shared,
    and every device works on the whole of each.
    """
    if devices == 1 or processes.count() > 1:
        return batch_size
    most = max(1, min(batch_size, samples) // devices) * devices
    if backend() == "jax":
        return most + 1 if samples % devices else most
    for size in (*range(most, 0, -devices), *range(most + devices, samples + 1, devices)):
        last = samples % size or size
        if last > (devices - 1) * -(-last // devices):  # each but the last device takes as many, rounded up
            return size
    return 0


class _Slices(keras.callbacks.Callback):
    """Says when the data that Keras gets are slices of this process: in training, not in validation."""

    def __init__(self, parallel: Any):
        super().__init__()
        self.parallel = parallel

    def on_test_begin(self, logs: Any = None) -> None:
        self.parallel.slices = False

    def on_test_end(self, logs: Any = None) -> None:
        self.parallel.slices = True


@contextmanager
def feeding() -> Iterator[list[keras.callbacks.Callback]]:
    """Let `fit` inside take batches as this process feeds them; give it these callbacks."""
    if processes.count() == 1:
        yield []
        return
    parallel = keras.distribution.distribution()
    parallel.slices = True
    try:
        yield [_Slices(parallel)]
    finally:
        parallel.slices = False


def synchronize_norms(model: keras.Model) -> None:
    """Let batch normalisation see the whole batch, and not each device its own part of it.

    With JAX it does; with TensorFlow Keras has a switch for it, which other backends refuse to load.
    """
    if is_mirrored():
        _switch(model, True)


@contextmanager
def as_on_one_device(model: keras.Model) -> Iterator[None]:
    """Let the model be saved as it would be had it been trained on one device."""
    switched = _switch(model, False)
    try:
        yield
    finally:
        for layer in switched:
            layer.synchronized = True


def is_mirrored() -> bool:
    """Return whether several devices share the batches of a TensorFlow training."""
    if backend() != "tensorflow":
        return False
    import tensorflow as tf

    return bool(tf.distribute.has_strategy())


def _switch(model: keras.Model, on: bool) -> list[Any]:
    """Switch the synchronisation of all batch normalisation, and return the layers for which that was a change."""
    # Inner models are walked too; a layer that is no model has no `layers` of its own to hide one in.
    found = [
        layer
        for layer in model._flatten_layers()
        if isinstance(layer, keras.layers.BatchNormalization) and layer.synchronized != on
    ]
    for layer in found:
        layer.synchronized = on
    return found
