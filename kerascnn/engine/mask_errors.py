"""What to do where a network answers in another size than its masks have: the nearest sizes at which it does not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import keras

from kerascnn.engine.build_errors import prepared_shape
from kerascnn.errors import BuildError
from kerascnn.spec import DataInfo, Spec
from kerascnn.spec.trace import tracing

_STEPS = (2, 4, 8, 16, 32, 64, 3, 5, 6, 7)
"""What a side may have to be a multiple of."""

Sides = tuple[int, ...]


def check_masks(spec: Spec, info: DataInfo, outputs: Any) -> None:
    """Raise BuildError where the answers of a network for masks are not one for each pixel of them."""
    if spec.task.target != "mask":
        return
    if len(outputs.shape) != 4:
        raise BuildError(
            f"answers {tuple(outputs.shape[1:])} for masks; it has to answer (height, width, classes)", "model.head"
        )
    found, wanted = tuple(outputs.shape[1:3]), tuple(info.shape[:2])
    if found != wanted:
        said = f"answers {_said(found)} places for masks of {_said(wanted)} pixels"
        # As in `explaining`: what Keras keeps of weights that were not made goes with the thread.
        with ThreadPoolExecutor(max_workers=1) as thread:
            raise BuildError(f"{said}; {thread.submit(_remedy, spec, info, found).result()}", "model.head")


def _remedy(spec: Spec, info: DataInfo, found: Sides) -> str:
    """Return a sentence on what works instead. It builds the network for other sizes, symbolically."""
    wanted, resize = tuple(info.shape[:2]), spec.model.preprocess.resize
    resized = resize is not None and tuple(resize) != wanted
    inner = spec.model.preprocess.model_copy(update={"resize": None})
    plain = spec.model_copy(update={"model": spec.model.model_copy(update={"preprocess": inner})})

    def works(sides: Sides) -> bool:
        return min(sides) > 0 and _fits(plain, info, sides)

    if resized:
        why = f"the network sees them at {_said(tuple(resize or ()))}: leave out model.preprocess.resize (or the "
        why += "image_size of the stage)"
        if works(wanted):
            return f"{why}, {_said(wanted)} works as it is"
        return f"{why}; {_nearest(wanted, wanted, works)}"
    return _nearest(wanted, found, works)


def _nearest(wanted: Sides, found: Sides, works: Callable[[Sides], bool]) -> str:
    """Return a sentence on the nearest sizes that work."""
    less = next((sides for sides in _down(wanted, found) if works(sides)), None)
    more = next((sides for sides in _up(wanted, found) if works(sides)), None)
    sizes = [_said(sides) for sides in (less, more) if sides]
    if not sizes:
        return "no size near it works: take a head that answers at the size of the pictures, such as segmenter"
    return f"the nearest {'sizes that work are' if len(sizes) > 1 else 'size that works is'} {' and '.join(sizes)}: " \
        "set data.image_size"  # fmt: skip


def _down(wanted: Sides, found: Sides) -> Iterator[Sides]:
    # What is lost to halving is the rest, so that the answer's own size is often one that works.
    if all(a <= b for a, b in zip(found, wanted, strict=True)) and found != wanted:
        yield found
    for step in _STEPS:
        if (sides := tuple(side // step * step for side in wanted)) != wanted:
            yield sides


def _up(wanted: Sides, found: Sides) -> Iterator[Sides]:
    if all(a >= b for a, b in zip(found, wanted, strict=True)) and found != wanted:
        yield found
    for step in _STEPS:
        if (sides := tuple(-(-side // step) * step for side in wanted)) != wanted:
            yield sides


def _fits(spec: Spec, info: DataInfo, sides: Sides) -> bool:
    """Say whether the network answers pictures of this size at their own. Nothing is given memory."""
    with keras.StatelessScope(initialize_variables=False), tracing():
        try:
            features = spec.model.backbone.apply(keras.Input((*sides, prepared_shape(spec, info)[-1]), name="input"))
            feeds = {name: keras.Input(y.shape[1:], name=name, dtype=y.dtype) for name, y in features.items()}
            answer = spec.model.head.apply(feeds, spec.task.outputs(info))
            return tuple(answer.shape[1:3]) == sides
        except Exception:  # noqa: BLE001 - components have many ways to refuse, which are all one here
            return False


def _said(sides: Sequence[int]) -> str:
    return " x ".join(map(str, sides))
