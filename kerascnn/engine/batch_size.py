"""The number of samples in a step: the largest that fits, and less where memory runs out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import replace
from typing import Any

import keras
import numpy as np
import psutil

from kerascnn.engine import processes
from kerascnn.engine.devices import backend, free_device_memory, gpus
from kerascnn.engine.faults import device_is_full
from kerascnn.engine.optimize import loss_of, make_optimizer
from kerascnn.engine.part_stream import PartStream
from kerascnn.engine.phase import Phase, Phases
from kerascnn.engine.position import put_arrays, take_arrays
from kerascnn.engine.summary import summarize
from kerascnn.spec import DataInfo, Spec

LEAST, MOST, SHARE = 8, 1024, 8
"""The smallest and the largest batch that is chosen, and how many of them an epoch has at the least."""
SPLITS = 64
"""A batch is halved until it is in this many parts."""
_USED = 0.8
"""Share of the free memory that a step may take by the forecast."""


# The largest that fits.


def settle(
    spec: Spec, info: DataInfo, samples: int, earlier: Mapping[str, Any] | None = None
) -> tuple[Spec, dict[str, Any] | None]:
    """Return the spec with a number for `batch_size: auto`, and what `effective.json` says of it.

    `samples` are those of the training split; `earlier` is what the first session of a run said, which then holds.
    """
    if spec.train.batch_size != "auto":
        return spec, None
    if earlier:
        return with_batch_size(spec, int(earlier["used"])), dict(earlier)
    sizes = candidates(samples)
    devices = int(spec.train.devices) * processes.count()  # auto is settled by now
    free = _least_free()
    facts: dict[str, Any] = {"asked": "auto", "used": sizes[0], "stage": 0, "free_bytes": free, "forecast_bytes": None}
    for size in sizes:
        # Each GPU holds its part of a batch; several devices of a CPU are in one memory.
        memory = summarize(with_batch_size(spec, -(-size // devices) if gpus() else size), info)["memory"]
        needed = sum(value for name, value in memory.items() if name not in ("batch_size", "stage"))
        facts |= {"used": size, "stage": memory["stage"], "forecast_bytes": needed}
        if free is None or needed <= _USED * free:
            break
    facts["why"] = _why(facts, sizes, samples)
    return with_batch_size(spec, facts["used"]), facts


def _least_free() -> int | None:
    """Return the free bytes of a device, where processes train together of the one that has least; None for unknown."""
    own = free_device_memory() if gpus() else psutil.virtual_memory().available
    found = processes.rows(-1 if own is None else own)
    return None if (found < 0).any() else int(found.min())


def candidates(samples: int) -> list[int]:
    """Return the batch sizes that come into question for this many training samples, the largest first.

    >>> candidates(1000), candidates(20)
    ([64, 32, 16, 8], [8])
    """
    most = max(LEAST, min(MOST, samples // SHARE))
    return [size for size in (2**power for power in range(MOST.bit_length(), -1, -1)) if LEAST <= size <= most]


def with_batch_size(spec: Spec, size: int) -> Spec:
    """Return the spec with this number of samples in a step."""
    return spec.model_copy(update={"train": spec.train.model_copy(update={"batch_size": size})})


def try_steps(spec: Spec, facts: dict[str, Any], enter: Callable[[Spec], Phases]) -> tuple[Spec, dict[str, Any]]:
    """Take a step for real in the stage that needs the most, and halve the batch while that finds no memory.

    The weights are put back to the bit. A stage with a size of pictures of its own is not tried: its network would have
    to be made, which draws random numbers.
    """
    stage = spec.train.stages[facts["stage"]]
    if stage.image_size or stage.batch_size:
        return spec, facts
    for size in [size for size in candidates(MOST * SHARE) if size <= facts["used"]]:
        spec = with_batch_size(spec, size)
        if _takes_a_step(spec, enter(spec), facts["stage"]):
            why = facts["why"] if size == facts["used"] else f"tried: a batch of {2 * size} found no memory"
            return spec, {**facts, "used": size, "why": why}
    return spec, {**facts, "used": LEAST, "why": f"the smallest; tried: a batch of {LEAST} found no memory"}


def _takes_a_step(spec: Spec, phases: Phases, number: int) -> bool:
    phase = phases.enter(number)
    model = phase.outer()
    groups = {"model": list(model.variables)}
    kept = take_arrays(groups)
    try:
        optimizer = make_optimizer(phase.stage, 1, 1.0, phase.factors)
        model.compile(optimizer=optimizer, loss=loss_of(spec, phases.data.info))
        model.train_on_batch(*phase.stream.batch(0))
    except Exception as error:
        if device_is_full(error):
            return False
        raise
    finally:
        put_arrays(groups, kept)
    return True


def _why(facts: Mapping[str, Any], sizes: Sequence[int], samples: int) -> str:
    used, free, needed = facts["used"], facts["free_bytes"], facts["forecast_bytes"]
    fits = f"a step takes {needed / 2**30:.2g} GiB by the forecast"
    fits += f", and {free / 2**30:.2g} are free" if free is not None else ""
    if used == sizes[0]:
        limit = f"{SHARE} of them make an epoch of {samples}" if used < MOST else "more is seldom better"
        return f"the largest power of two that is sensible: {limit}; {fits}"
    if free is not None and needed > _USED * free:
        return f"the smallest, though {fits}"
    return f"the largest power of two that fits: {fits}"


# Less, where memory runs out.


def undividable(batch_size: int, parts: int, devices: int) -> str:
    """Return why batches cannot be worked on in so many parts, with gradients averaged over them, "" where they can."""
    if processes.count() > 1:
        # Memory runs out in one process, and the others wait for it within the step.
        return "several processes that train together do not divide a batch; accumulate of a stage does"
    if devices > 1 and backend() == "tensorflow":
        return "with TensorFlow gradients accumulate on one device alone"
    if parts > SPLITS:
        return f"each batch is in {SPLITS} parts already"
    if parts > batch_size or (devices > 1 and batch_size % (parts * devices)):
        return f"a batch of {batch_size} cannot be in {parts} parts" + (f" for {devices} devices" * (devices > 1))
    return ""


def parts_of(phase: Phase, split: int) -> int:
    """Return in how many parts a batch of this stage goes: `split`, or fewer where it has fewer samples."""
    most = max(1, phase.stream.batch_size)
    return min(split, 1 << (most.bit_length() - 1))


def parts_in(phase: Phase) -> int:
    """Return in how many parts the batches of a stage come."""
    return phase.stream.parts if isinstance(phase.stream, PartStream) else 1


def in_parts(phase: Phase, split: int) -> Phase:
    """Return a stage whose batches come in parts, with gradients averaged over all parts of one."""
    parts = parts_of(phase, split)
    if parts == 1:
        return phase
    validation = phase.validation
    if validation is not None:
        validation = copy(validation)
        validation.batch_size = max(1, validation.batch_size // parts)
    stage = phase.stage.model_copy(update={"accumulate": parts * phase.stage.accumulate})
    facts = {**phase.facts, "split": {"parts": parts, "why": "out of memory"}}
    return replace(phase, stage=stage, stream=PartStream(phase.stream, parts), validation=validation, facts=facts)


def divided(
    arrays: Mapping[str, np.ndarray], optimizer: Any, times: int, batches: int
) -> tuple[dict[str, np.ndarray], bool]:
    """Return the arrays of a checkpoint for an optimizer that takes `times` as many steps, and whether they fitted.

    It counts `times` as many, and what it has summed up of gradients is `times` as much. Where the arrays are of
    another form it begins anew, with `batches` as the number of steps so far, so that a schedule goes on.
    """
    found = {name: value for name, value in arrays.items() if not name.startswith("optimizer/")}
    old = [arrays[name] for name in sorted(arrays) if name.startswith("optimizer/")]
    counts, sums = _counts(optimizer), _sums(optimizer)
    variables = list(optimizer.variables)
    own = [v for v in variables if id(v) not in sums] if len(old) < len(variables) else variables
    fits = len(old) == len(own) and all(tuple(v.shape) == a.shape for v, a in zip(own, old, strict=True))
    known = {id(variable): array for variable, array in zip(own, old, strict=True)} if fits else {}
    for i, variable in enumerate(variables):
        value = known.get(id(variable))
        if value is None:
            value = np.asarray(keras.ops.convert_to_numpy(variable))
            value = np.full_like(value, times * batches) if id(variable) in counts else value
        elif id(variable) in counts or id(variable) in sums:
            value = value * np.asarray(times, value.dtype)
        found[f"optimizer/{i:05d}"] = value
    return found, fits


def _every(optimizer: Any) -> list[Any]:
    """Return an optimizer and those inside it."""
    inside = [getattr(optimizer, "inner_optimizer", None), *(getattr(optimizer, "optimizers", None) or [])]
    return [optimizer, *(one for some in inside if some is not None for one in _every(some))]


def _counts(optimizer: Any) -> set[int]:
    return {id(one._iterations) for one in _every(optimizer) if getattr(one, "_iterations", None) is not None}


def _sums(optimizer: Any) -> set[int]:
    # Keras has no public name for them.
    return {id(sum_) for one in _every(optimizer) for sum_ in getattr(one, "_accumulated_gradients", None) or []}
