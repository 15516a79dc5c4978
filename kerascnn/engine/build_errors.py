"""What to do about a network that cannot be built: what shrank or which shapes met, and an input that works.

Of what goes wrong in a head, `head_errors` speaks.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from types import TracebackType
from typing import Any

import keras

from kerascnn.engine.preprocess import preprocess, raw_input
from kerascnn.errors import BuildError
from kerascnn.spec import DataInfo, Spec
from kerascnn.spec.trace import tracing

MOST_TRIES = 16
"""Networks that are built, at the most, in search of an input that works."""
_LARGEST = 8192
_INPUT = "the backbone's input is"
_PLACE = "model.backbone"
SHRUNK = re.compile(r"zero or negative|shrinks to nothing|smaller than the corresponding spatial dimension")
UNEQUAL = re.compile(r"incompatible shapes|matching shapes|cannot be broadcast|shapes must be equal|in different s")
_SHAPE = re.compile(r"[(\[]((?:None[, ]+)?\d+(?:[, ]+\d+)*,?)[)\]]")
_WINDOW = re.compile(r"(kernel shape|pool_size)=")
_ENLARGE = {
    "image": "use larger pictures (data.image_size, model.preprocess.resize)",
    "audio": "use longer sounds (data.audio.seconds) or more mel_bins (model.preprocess.spectrogram)",
    "series": "use longer series (data.length)",
    "text": "use longer texts (data.length)",
}

Shape = tuple[int, ...]


@contextmanager
def explaining(spec: Spec, info: DataInfo) -> Iterator[None]:
    """Say of a BuildError inside what met where, the shape of the input, and the smallest one that works.

    What a head or a backbone lets through of its own, such as the KeyError of a feature that is not there, becomes a
    BuildError as well.
    """
    from kerascnn.engine.head_errors import SLIPS, explain_head, explain_slip  # they look at this module

    try:
        yield
    except BuildError as error:
        message = explain(spec, info, error) or explain_head(spec, info, error)
        if message is None:
            raise
        raise BuildError(message, error.spec_path) from error.__cause__
    except SLIPS as error:
        explained = explain_slip(spec, info, error)
        if explained is None:
            raise
        raise explained from error


def explain(spec: Spec, info: DataInfo, error: BuildError) -> str | None:
    """Return a better message for an error, without its path; None for one that is no question of shapes.

    It builds the backbone for other inputs, symbolically and MOST_TRIES times at the most, in a thread of its own.
    """
    if error.spec_path.split(".")[:2] != _PLACE.split("."):
        return None
    text = str(error).removeprefix(f"{error.spec_path}: ")
    shrunk = bool(SHRUNK.search(text))
    if _INPUT in text or not (shrunk or UNEQUAL.search(text)):
        return None
    apart = len({shape[:-1] for shape in shapes_in(text)}) > 1
    # Keras keeps a list, for each thread, of weights that were not made: in a thread of its own it goes with it.
    with ThreadPoolExecutor(max_workers=1) as thread:
        found = thread.submit(search_input, spec, info, shrunk, apart, _builds).result()
    said = _shrunk(text, error) if shrunk else _unequal(text, error)
    return f"{said}; {advice(spec.task.reads, *found, shrunk)}"


def smallest_that_works(side: int, works: Callable[[int], bool], tries: int = MOST_TRIES) -> tuple[int, bool] | None:
    """Return the smallest side above one that does not work, and whether all below it are known not to.

    It doubles, then halves the distance: what works for a side is supposed to work for all larger ones. None where no
    side up to 8192 works.
    """
    low, high = side, 0
    while not high:
        if low >= _LARGEST or not tries:
            return None
        tries -= 1
        next_one = min(2 * low, _LARGEST)
        if works(next_one):
            high = next_one
        else:
            low = next_one
    while high - low > 1 and tries:
        tries -= 1
        middle = (low + high) // 2
        low, high = (low, middle) if works(middle) else (middle, high)
    return high, high - low == 1


def search_input(
    spec: Spec, info: DataInfo, shrunk: bool, apart: bool, builds: Callable[[Spec, Shape], bool]
) -> tuple[Shape, str, str]:
    """Return the shape of the backbone's input, a sentence on one that works, and the sides of a smaller one.

    "" stands where none was found.

    `apart` says that the shapes that met differ in more than channels, so that another input may help; `builds` whether
    a spec can be built for elements of a shape.
    """
    shape = prepared_shape(spec, info)
    places = len(shape) - 1

    def works(sides: Sequence[int]) -> bool:
        return builds(spec, (*sides, shape[-1]))

    if shrunk:
        found = smallest_that_works(min(shape[:-1]), lambda side: works((side,) * places))
        if found is None:
            return shape, f"no {_kind(places)} up to {_sides((_LARGEST,) * places)} works", ""
        side, surely = found
        which = "the smallest" if surely else "a"
        return shape, f"{which} {_kind(places)} that works is {_sides((side,) * places)}", ""
    # Parts that are to meet again differ by a pixel where a side cannot be halved evenly.
    steps = (2, 4, 8, 16, 32, 64) if apart else ()
    above = (tuple(-(-side // step) * step for side in shape[:-1]) for step in steps)
    more = next((sides for sides in above if sides != shape[:-1] and works(sides)), None)
    if more is None:
        return shape, "", ""
    below = (tuple(side // step * step for side in shape[:-1]) for step in steps)
    less = next((sides for sides in below if min(sides) > 0 and sides != shape[:-1] and works(sides)), None)
    return shape, f"an input of {_sides(more)} works", _sides(less or ())


def prepared_shape(spec: Spec, info: DataInfo) -> Shape:
    """Return the shape of the backbone's input, without the batch."""
    with keras.StatelessScope(initialize_variables=False):
        return tuple(preprocess(raw_input(spec, info), spec, info).shape[1:])


def _builds(spec: Spec, shape: Shape) -> bool:
    """Say whether the backbone can be built for elements of this shape. Nothing is given memory."""
    with keras.StatelessScope(initialize_variables=False), tracing():
        try:
            features = spec.model.backbone.apply(keras.Input(shape, name="input"))
            return all(size != 0 for y in features.values() for size in y.shape[1:])
        except Exception:  # noqa: BLE001 - components have many ways to refuse, which are all one here
            return False


def _shrunk(text: str, error: BuildError) -> str:
    shapes = shapes_in(text)
    if text.startswith("the input shrinks to nothing") or not shapes:
        return text.split(" for an input of ")[0]
    name = layer_of(error)
    here = f"'{name}'" if name and error.spec_path == _PLACE else "this layer"
    if _WINDOW.search(text) is None or len(shapes) < 2:
        return f"the input shrinks to nothing: {here} is given {shapes[0]} and takes more than that away"
    window = shapes[1][: len(shapes[0]) - 1]
    return (
        f"the input shrinks to nothing: {here} is given {shapes[0]}, into which its window of {_sides(window)} does "
        "not fit, so that its output size would be zero or negative"
    )


def _unequal(text: str, error: BuildError) -> str:
    shapes = shapes_in(text)
    if error.__cause__ is None or not shapes:
        return text  # one of ours, which names the shapes and what to do
    name = layer_of(error)
    here = f" in '{name}'" if name else ""
    return (
        f"shapes that cannot be joined meet{here}: {' and '.join(map(str, shapes[:4]))}; give the way round the same "
        "filters, strides and padding as the other, as in shortcut: [{type: conv2d, kernel_size: 1, ...}]"
    )


def advice(medium: str, shape: Shape, works: str, smaller: str, shrunk: bool) -> str:
    """Return what the input is, what would work, and where that is said in a spec."""
    said = f"{_INPUT} {shape}" + (f", {works}" if works else "")
    if works.startswith("no "):
        return f"{said}: the layers themselves have to change"
    if not works:
        return said
    larger = _ENLARGE.get(medium, "use a larger input")
    more = ", a smaller window, or fewer steps that shrink it" if shrunk else ""
    return f"{said}: {larger}{more}" + (f"; of the smaller ones, {smaller} works" if smaller else "")


def shapes_in(text: str) -> list[Shape]:
    """Return the shapes in a message, without the batch."""
    found = []
    for match in _SHAPE.finditer(text):
        sizes = match[1].replace(",", " ").split()
        found.append(tuple(int(size) for size in sizes if size != "None"))
    return found


def layer_of(error: BuildError) -> str:
    """Return the name of the Keras layer that raised an error, "" where that cannot be told.

    Keras says its class alone; the layer is the first argument of Keras's own wrapper around its calls.
    """
    place: TracebackType | None = error.__cause__.__traceback__ if error.__cause__ else None
    name = ""
    while place is not None:
        arguments: Any = place.tb_frame.f_locals.get("args")
        if isinstance(arguments, tuple) and arguments and isinstance(arguments[0], keras.Operation):
            name = arguments[0].name
        place = place.tb_next
    return name


def _sides(sizes: Sequence[int]) -> str:
    return " x ".join(map(str, sizes))


def _kind(places: int) -> str:
    return {1: "length", 2: "square input"}.get(places, "input")
