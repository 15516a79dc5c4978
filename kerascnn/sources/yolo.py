"""Boxes in text files, a line for each box, in fractions of the picture."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError

from kerascnn.errors import DataError, counted
from kerascnn.sources.boxes import Tidy
from kerascnn.sources.files import by_stem, files_below, picture_size, pictures_below, place, split_folders
from kerascnn.spec import Box, Sample, Scan, Source, register

MAX_BYTES = 16 << 20
"""Of a text file."""
_CLASSES = "classes.txt"


@register("yolo")
class Yolo(Source):
    """Pictures in `images` and boxes in `labels`, in a text file of the same name for each picture.

    A line is `class x y width height`: the number of a class, then the middle and the size of the box as fractions of
    the picture's width and height. A picture without a text file shows nothing. Where `images` holds `train` and
    nothing but `train`, `validation` (`val`, `valid`) and `test`, these are the splits; they may also stand above, as
    in `train/images` and `train/labels`.
    """

    paths: ClassVar[tuple[str, ...]] = ("path",)

    path: str
    """The folder with `images` and `labels` in it (or a .zip file of them); a relative one starts from the folder that
    the command runs in."""
    class_names: list[Annotated[str, Field(min_length=1)]] | None = Field(None, min_length=1)
    """Names of the classes 0, 1, 2, ..., each of its own; left out: those of `classes.txt`, a name a line, or of
    `names` in `data.yaml`, in the same folder."""

    @field_validator("class_names")
    @classmethod
    def _differ(cls, names: list[str] | None) -> list[str] | None:
        if names and len(set(names)) < len(names):
            raise PydanticCustomError("class_names", "should name no two classes alike")
        return names

    @property
    def target(self) -> str:
        """Boxes."""
        return "boxes"

    def scan(self) -> Scan:
        """Return every picture with its boxes. Raises DataError with every file and line that is wrong."""
        root = place(self.path, "data.source.path", folder=True)
        names = self.class_names or _names(root)
        tidy = Tidy()
        samples: list[Sample] = []
        wrong: list[tuple[str, str]] = []
        notes: list[str] = []
        bare = 0
        for images, labels, split in _parts(root):
            found, more = pictures_below(images)
            notes += more
            pictures = by_stem(found, images)
            texts = by_stem(
                [file for file in files_below(labels) if file.suffix == ".txt" and file.name != _CLASSES], labels
            )
            wrong += [
                (str(file), f"has no picture in {images}") for stem, file in texts.items() if stem not in pictures
            ]
            splits = split_folders(images)
            for stem, picture in pictures.items():
                bare += stem not in texts
                name, text = picture.relative_to(root).as_posix(), texts.get(stem)
                boxes, width, height = _boxes(picture, text, names, wrong)
                part = split or splits.get(stem.partition("/")[0])
                kept = tidy.boxes(boxes, width, height, name)
                samples.append(Sample(name, picture, split=part, origin=str(text or ""), target=kept))
        if wrong:
            raise DataError(f"{counted(len(wrong), 'file or line', 'files or lines')} of {root} cannot be used", wrong)
        if not samples:
            raise DataError(f"{root}: there are no pictures in images")
        if bare:
            notes.append(f"{counted(bare, 'picture', 'pictures')} without a text file, taken to show nothing")
        return Scan(samples, names, notes, tidy.findings())


def _parts(root: Path) -> list[tuple[Path, Path, str | None]]:
    """Return the folders of pictures and of text files, and the split that they are in, where it stands above them."""
    if (root / "images").is_dir():
        if not (root / "labels").is_dir():
            raise DataError(f"{root}: there is no folder labels beside images")
        return [(root / "images", root / "labels", None)]
    above = split_folders(root)
    if above and all((root / name / "images").is_dir() for name in above):
        bare = [(str(root / name), "has no folder labels") for name in above if not (root / name / "labels").is_dir()]
        if bare:
            raise DataError(f"{root}: each split should have a folder labels beside images", bare)
        return [(root / name / "images", root / name / "labels", split) for name, split in sorted(above.items())]
    raise DataError(f"{root}: there is no folder images in it, nor train with images in that")


def _boxes(
    picture: Path, text: Path | None, names: Sequence[str], wrong: list[tuple[str, str]]
) -> tuple[list[Box], int, int]:
    """Return the boxes of a picture in pixels, and its width and height. What is wrong is added to `wrong`."""
    boxes: list[Box] = []
    if text is None:
        return boxes, 1, 1
    culprit = str(text)
    try:
        lines = [(number, line) for number, line in enumerate(_text(text).splitlines(), 1) if line.strip()]
        culprit = str(picture)
        width, height = picture_size(picture) if lines else (1, 1)
    except ValueError as error:
        wrong.append((culprit, str(error)))
        return boxes, 1, 1
    for number, line in lines:
        try:
            boxes.append(_box(line.split(), names, width, height))
        except ValueError as error:
            wrong.append((f"{text}:{number}", str(error)))
    return boxes, width, height


def _box(words: Sequence[str], names: Sequence[str], width: int, height: int) -> Box:
    """Return the box of a line. Raises ValueError."""
    if len(words) != 5:
        raise ValueError(f"has {counted(len(words), 'value', 'values')}; a line is: class x y width height")
    if not (words[0].isascii() and words[0].isdecimal() and len(words[0]) < 10 and int(words[0]) < len(names)):
        raise ValueError(f"has the class {words[0][:40]}; there are the classes 0 to {len(names) - 1}")
    numbers = [_fraction(word) for word in words[1:]]
    x, y, w, h = numbers[0] * width, numbers[1] * height, numbers[2] * width, numbers[3] * height
    return Box(names[int(words[0])], x - w / 2, y - h / 2, x + w / 2, y + h / 2)


def _fraction(word: str) -> float:
    try:
        value = float(word)
    except ValueError:
        value = math.nan
    if not -1 <= value <= 2:  # what reaches outside a little is cut off; what is no fraction at all is not
        raise ValueError(f"has the value {word[:40]}; it should be a fraction of the picture's width or height")
    return value


def _text(file: Path) -> str:
    """Return the text of a file. Raises ValueError."""
    try:
        with file.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise ValueError(f"is larger than {MAX_BYTES} bytes")
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError("is not UTF-8; save it as UTF-8") from None
    except OSError as error:
        raise ValueError(f"cannot be read: {error.strerror}") from None


def _names(root: Path) -> list[str]:
    """Return the names of the classes that the files in the folder say. Raises DataError where none does."""
    readers: dict[str, Callable[[str], list[str]]] = {
        _CLASSES: _from_lines, f"labels/{_CLASSES}": _from_lines, "data.yaml": _from_yaml, "data.yml": _from_yaml
    }  # fmt: skip
    found: dict[str, list[str]] = {}
    for name, read in readers.items():
        if not (root / name).is_file():
            continue
        try:
            found[name] = read(_text(root / name))
        except ValueError as error:
            raise DataError(f"{root / name}: {error}") from None
    if not found:
        raise DataError(
            f"{root}: nothing says what the classes are called; name them in data.source.class_names, or a line each "
            f"in {root / _CLASSES}"
        )
    if any(names != next(iter(found.values())) for names in found.values()):
        raise DataError(f"{root}: {' and '.join(found)} name other classes; name them in data.source.class_names")
    return next(iter(found.values()))


def _from_lines(text: str) -> list[str]:
    return _distinct([line.strip() for line in text.rstrip().splitlines()])


def _from_yaml(text: str) -> list[str]:
    """Return the list `names` of a YAML text, or the mapping from numbers, to the letter. Raises ValueError."""
    import yaml

    if len(text) > 1 << 20:
        raise ValueError("is larger than 1 MiB")
    try:
        # A graph of nodes, without values made of them: `no` stays a name, and no alias is followed.
        top = yaml.compose(text, yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError) as error:
        raise ValueError(f"cannot be read as YAML: {' '.join(str(error).split())}") from None
    pairs: list[tuple[yaml.Node, yaml.Node]] = top.value if isinstance(top, yaml.MappingNode) else []
    node = next((value for key, value in pairs if key.value == "names"), None)
    if isinstance(node, yaml.MappingNode):
        numbered = {key.value: value for key, value in node.value if isinstance(key, yaml.ScalarNode)}
        items = [numbered.get(str(i)) for i in range(len(node.value))]
    else:
        items = node.value if isinstance(node, yaml.SequenceNode) else []
    names = [item.value for item in items if isinstance(item, yaml.ScalarNode)]
    if not names or len(names) < len(items):
        raise ValueError("has no list `names` of the classes, nor `names` by number from 0 on")
    return _distinct(names)


def _distinct(names: list[str]) -> list[str]:
    if not names or not all(names):
        raise ValueError("should name a class in each line" if names else "names no classes")
    if len(set(names)) < len(names):
        raise ValueError("names two classes alike")
    return names
