"""Boxes in the files of Pascal VOC: an XML file for each picture."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar, NamedTuple
from xml.etree import ElementTree

from kerascnn.errors import DataError, counted
from kerascnn.sources.boxes import Tidy
from kerascnn.sources.files import by_stem, files_below, picture_size, pictures_below, place
from kerascnn.spec import Box, Sample, Scan, Source, register

MAX_BYTES = 16 << 20
"""Of an XML file."""
_LISTS = {"train": "train", "val": "validation", "test": "test"}


@register("pascal_voc")
class PascalVoc(Source):
    """Pictures with boxes in the folders of Pascal VOC: `Annotations`, `JPEGImages`, and if there are `ImageSets/Main`.

    `ImageSets/Main/train.txt`, `val.txt` and `test.txt` are the splits, and pictures in none of them are left out;
    `trainval.txt` counts where one of the first two is missing. Pixels in the XML files are counted from 1, as Pascal
    VOC does: a box from 1 to 640 spans a picture of that width.
    """

    paths: ClassVar[tuple[str, ...]] = ("path",)

    path: str
    """The folder with `Annotations` and `JPEGImages` in it (or a .zip file of them); a relative one starts from the
    folder that the command runs in."""
    keep_difficult: bool = True
    """Keep boxes that are marked as difficult."""

    @property
    def target(self) -> str:
        """Boxes."""
        return "boxes"

    def scan(self) -> Scan:
        """Return every picture with its boxes. Raises DataError with every file that is missing or wrong."""
        root = place(self.path, "data.source.path", folder=True)
        folders = [root / "JPEGImages", root / "Annotations"]
        missing = [folder.name for folder in folders if not folder.is_dir()]
        if missing:
            raise DataError(f"{root}: there is no folder {' and no folder '.join(missing)} in it, as Pascal VOC has")
        found, notes = pictures_below(folders[0])
        pictures = by_stem(found, folders[0])
        xml = [file for file in files_below(folders[1]) if file.suffix.lower() == ".xml"]
        annotations = by_stem(xml, folders[1])
        lists = _lists(root / "ImageSets" / "Main")
        wanted = lists if lists is not None else dict.fromkeys(annotations, (None, ""))
        unlisted = len(set(pictures) - set(wanted))
        if unlisted:
            why = "without an XML file" if lists is None else "that ImageSets/Main does not list"
            notes.append(f"{counted(unlisted, 'picture', 'pictures')} {why} left out")
        _refuse_missing(root, wanted, pictures, annotations)
        if not wanted:
            raise DataError(f"{root}: there are no annotated pictures in it")
        return self._read(root, wanted, pictures, annotations, notes)

    def _read(
        self,
        root: Path,
        wanted: Mapping[str, tuple[str | None, str]],
        pictures: Mapping[str, Path],
        annotations: Mapping[str, Path],
        notes: list[str],
    ) -> Scan:
        tidy = Tidy()
        samples, wrong, names = [], [], set()
        difficult = 0
        for stem, (split, _) in wanted.items():
            try:
                read = _annotation(annotations[stem])
                width, height = read.size or picture_size(pictures[stem])
            except ValueError as error:
                wrong.append((str(annotations[stem]), str(error)))
                continue
            name = pictures[stem].relative_to(root).as_posix()
            boxes = [box for box, hard in read.boxes if self.keep_difficult or not hard]
            difficult += len(read.boxes) - len(boxes)
            names |= {box.label for box in boxes}
            kept = tidy.boxes(boxes, width, height, name)
            samples.append(Sample(name, pictures[stem], split=split, origin=str(annotations[stem]), target=kept))
        if wrong:
            raise DataError(f"{counted(len(wrong), 'XML file', 'XML files')} of {root} cannot be used", wrong)
        if not names:
            raise DataError(f"{root}: there is no box in any of its XML files")
        if difficult:
            notes.append(f"{counted(difficult, 'difficult box', 'difficult boxes')} left out")
        return Scan(samples, sorted(names), notes, tidy.findings())


def _lists(folder: Path) -> dict[str, tuple[str | None, str]] | None:
    """Return the split of every picture that is listed and where that stands, or None where there are no lists."""
    files = {name: folder / f"{name}.txt" for name in _LISTS if (folder / f"{name}.txt").is_file()}
    both = folder / "trainval.txt"
    if both.is_file() and not {"train", "val"} <= set(files):
        files = {"trainval": both, **({"test": files["test"]} if "test" in files else {})}
    if not files:
        return None
    found: dict[str, tuple[str | None, str]] = {}
    twice = []
    for name, file in files.items():
        try:
            lines = file.read_text("utf-8-sig").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise DataError(f"{file}: cannot be read as UTF-8: {error}") from None
        # A list of training pictures alone is no division yet.
        split = None if list(files) == ["trainval"] else _LISTS.get(name, "train")
        for number, line in enumerate(lines, 1):
            where, stem = f"{file}:{number}", line.strip()
            if stem in found:
                twice.append((where, f"names {stem} a second time; the first is {found[stem][1]}"))
            elif stem:
                found[stem] = split, where
    if twice:
        raise DataError(f"{counted(len(twice), 'line', 'lines')} of {folder} cannot be used", twice)
    return found


def _refuse_missing(
    root: Path, wanted: Mapping[str, tuple[str | None, str]], pictures: Mapping[str, Path], xml: Mapping[str, Path]
) -> None:
    wrong = []
    for stem, (_, where) in wanted.items():
        if stem not in xml:
            wrong.append((where, f"names {stem}; there is no {stem}.xml in Annotations"))
        elif stem not in pictures:
            wrong.append((str(xml[stem]), f"has no picture {stem} in JPEGImages"))
    if wrong:
        raise DataError(f"{root}: {counted(len(wrong), 'picture', 'pictures')} cannot be used", wrong)


class _Annotation(NamedTuple):
    size: tuple[int, int] | None
    """Width and height in pixels, where they are said."""
    boxes: list[tuple[Box, bool]]
    """The boxes, and whether each is difficult."""


def _annotation(file: Path) -> _Annotation:
    """Return what an XML file says. Raises ValueError."""
    tree = _parse(file)
    size = tuple(_number(tree, f"size/{name}", 0) for name in ("width", "height"))
    whole = (int(size[0]), int(size[1])) if min(size) >= 1 else None
    return _Annotation(whole, [_box(item, i) for i, item in enumerate(tree.findall("object"), 1)])


def _box(item: ElementTree.Element, number: int) -> tuple[Box, bool]:
    label = (item.findtext("name") or "").strip()
    if not label:
        raise ValueError(f"object {number} has no name")
    try:
        left, top, right, bottom = (_number(item, f"bndbox/{name}") for name in ("xmin", "ymin", "xmax", "ymax"))
        difficult = _number(item, "difficult", 0) != 0
    except ValueError as error:
        raise ValueError(f"object {number} ({label}) {error}") from None
    # From 5 to 5 is one pixel by Pascal VOC's count, but what people drew there is nothing.
    first = 0 if right <= left or bottom <= top else 1
    return Box(label, left - first, top - first, right, bottom), difficult


def _number(item: ElementTree.Element, path: str, default: float | None = None) -> float:
    text = item.findtext(path)
    if (text is None or not text.strip()) and default is not None:
        return default
    try:
        value = float(text or "")
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(f"has {path} '{(text or '').strip()[:40]}'; it should be a number")
    return value


class _Plain(ElementTree.TreeBuilder):
    """Builds a tree, and refuses the declarations that entities and files from elsewhere come from."""

    def doctype(self, name: str, pubid: str | None, system: str | None) -> None:
        raise ValueError("has a DOCTYPE; remove it, as nothing else is read from there")


def _parse(file: Path) -> ElementTree.Element:
    try:
        with file.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise ValueError(f"is larger than {MAX_BYTES} bytes")
        return ElementTree.fromstring(data, ElementTree.XMLParser(target=_Plain()))
    except (ElementTree.ParseError, LookupError) as error:
        raise ValueError(f"is not well-formed XML: {error}") from None
    except OSError as error:
        raise ValueError(f"cannot be read: {error.strerror}") from None
