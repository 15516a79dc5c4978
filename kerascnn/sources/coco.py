"""Boxes in the JSON files of COCO."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, ClassVar

from kerascnn.errors import DataError, counted
from kerascnn.sources.boxes import Tidy
from kerascnn.sources.files import place, refuse_links
from kerascnn.spec import Box, Sample, Scan, Source, register

MAX_BYTES = 2 << 30
"""Of a JSON file."""
_KEYS = frozenset({
    "images", "annotations", "categories", "id", "file_name", "width", "height", "image_id", "category_id", "bbox",
    "iscrowd", "name",
})  # fmt: skip
"""What is kept of a file: the outlines of things, most of its bytes, are dropped while it is read."""


@register("coco")
class Coco(Source):
    """Pictures with boxes in JSON files as COCO has them: `images`, `annotations` and `categories`.

    A box is `[left, top, width, height]` in pixels. Those that stand for a crowd (`iscrowd`) are left out.
    """

    paths: ClassVar[tuple[str, ...]] = (
        "annotations", "images", "validation_annotations", "validation_images", "test_annotations", "test_images",
    )  # fmt: skip

    annotations: str
    """The JSON file; a relative one starts from the folder that the command runs in. Where there are others, it is that
    of the training split."""
    images: str
    """The folder (or a .zip file) that the names of pictures in the JSON file start from."""
    validation_annotations: str | None = None
    """The JSON file of the validation split; left out: `data.split` divides the others."""
    validation_images: str | None = None
    """The folder of its pictures; left out: `images`."""
    test_annotations: str | None = None
    """The JSON file of the test split; left out: `data.split` divides the others."""
    test_images: str | None = None
    """The folder of its pictures; left out: `images`."""

    @property
    def target(self) -> str:
        """Boxes."""
        return "boxes"

    def scan(self) -> Scan:
        """Return every picture with its boxes. Raises DataError with every entry that is wrong or without a file."""
        several = self.validation_annotations is not None or self.test_annotations is not None
        gathered = _Gathered()
        for split, listing, images in (
            ("train" if several else None, self.annotations, self.images),
            ("validation", self.validation_annotations, self.validation_images),
            ("test", self.test_annotations, self.test_images),
        ):
            prefix = "" if split in (None, "train") else f"{split}_"
            if listing is None:
                if images is not None:
                    raise DataError(f"data.source: {prefix}images goes together with {prefix}annotations")
                continue
            file = place(listing, f"data.source.{prefix}annotations", folder=False)
            of_images = f"data.source.{prefix}images" if images is not None else "data.source.images"
            root = place(images if images is not None else self.images, of_images, folder=True)
            gathered.add(file, root, split)
        return gathered.scan()


@dataclass
class _Gathered:
    """What was read so far, of one file after another."""

    samples: list[Sample] = field(default_factory=list)
    labels: dict[str, None] = field(default_factory=dict)
    tidy: Tidy = field(default_factory=Tidy)
    crowds: int = 0
    seen: dict[Path, str] = field(default_factory=dict)

    def add(self, file: Path, root: Path, split: str | None) -> None:
        tree = _read(file)
        wrong: list[tuple[str, str]] = []
        names = _categories(file, tree["categories"], wrong)
        images = self._images(file, root, tree["images"], wrong)
        boxes: dict[Any, list[Box]] = {key: [] for key in images}
        for i, item in enumerate(tree["annotations"]):
            where = f"{file}: annotation {_shown(item, i)}"
            reason = _annotation_reason(item, images, names)
            if reason:
                wrong.append((where, reason))
            elif item.get("iscrowd"):
                self.crowds += 1
            else:
                left, top, width, height = item["bbox"]
                box = Box(names[item["category_id"]], left, top, left + width, top + height)
                boxes[item["image_id"]].append(box)
        if wrong:
            what = counted(len(wrong), "entry", "entries")
            raise DataError(f"{what} of {file} cannot be used", wrong)
        self.labels.update(dict.fromkeys(names.values()))
        for key, item in images.items():
            name = item["file_name"] if split is None else f"{split}/{item['file_name']}"
            kept = self.tidy.boxes(boxes[key], item["width"], item["height"], name)
            origin = f"{file}: image {key}"
            self.samples.append(Sample(name, root / item["file_name"], split=split, origin=origin, target=kept))

    def _images(
        self, file: Path, root: Path, items: Iterable[Any], wrong: list[tuple[str, str]]
    ) -> dict[Any, Mapping[str, Any]]:
        """Return the pictures by their number in the file."""
        images: dict[Any, Mapping[str, Any]] = {}
        links = []
        for i, item in enumerate(items):
            where = f"{file}: image {_shown(item, i)}"
            reason = _image_reason(item, images)
            if not reason:
                path = root / item["file_name"]
                reason = _file_reason(path, self.seen)
                self.seen.setdefault(path, where)
                images[item["id"]] = item
                if not reason and path.is_symlink():
                    links.append(path)
            if reason:
                wrong.append((where, reason))
        refuse_links(links, root)
        return images

    def scan(self) -> Scan:
        if not self.samples:
            raise DataError("data.source: the JSON files name no pictures")
        if not self.labels:
            raise DataError("data.source: the JSON files name no categories")
        crowds = counted(self.crowds, "box of a crowd", "boxes of crowds")
        return Scan(
            self.samples, list(self.labels), [f"{crowds} left out"] if self.crowds else [], self.tidy.findings()
        )


def _categories(file: Path, items: Iterable[Any], wrong: list[tuple[str, str]]) -> dict[Any, str]:
    """Return the names of the classes by their number in the file."""
    names: dict[Any, str] = {}
    for i, item in enumerate(items):
        reason = _id_reason(item, names)
        name = item.get("name") if isinstance(item, dict) else None
        if not reason and not (isinstance(name, str) and name.strip()):
            reason = "has no name"
        elif not reason and name in names.values():
            reason = f"has the name '{name}', as another has"
        if reason:
            wrong.append((f"{file}: category {_shown(item, i)}", reason))
        else:
            names[item["id"]] = str(name)
    return names


def _id_reason(item: Any, known: Mapping[Any, Any]) -> str:
    if not isinstance(item, dict):
        return "is no JSON object"
    if isinstance(item.get("id"), bool) or not isinstance(item.get("id"), int | str):
        return "has no id; it should be a whole number"
    return "has the id of another" if item["id"] in known else ""


def _image_reason(item: Any, images: Mapping[Any, Any]) -> str:
    reason = _id_reason(item, images)
    if reason:
        return reason
    name = item.get("file_name")
    if not isinstance(name, str) or not name:
        return "has no file_name"
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\0" in name:
        return f"has the file_name '{name}'; it should lie below the folder of the pictures"
    for key in ("width", "height"):
        if isinstance(item.get(key), bool) or not isinstance(item.get(key), int) or not 1 <= item[key] < 1e9:
            return f"has the {key} {_clipped(item.get(key))}; it should be a whole number of pixels"
    return ""


def _file_reason(path: Path, seen: Mapping[Path, str]) -> str:
    if path in seen:
        return f"names {path} a second time; the first is {seen[path]}"
    try:
        return "" if path.is_file() else f"names {path}, which is not there"
    except OSError as error:
        return f"names {path}, which cannot be a path: {error.strerror}"


def _annotation_reason(item: Any, images: Mapping[Any, Any], names: Mapping[Any, str]) -> str:
    """Return what is wrong with an annotation, or an empty text."""
    if not isinstance(item, dict):
        return "is no JSON object"
    for key, known, what in (("image_id", images, "image"), ("category_id", names, "category")):
        value = item.get(key)
        if isinstance(value, bool) or not isinstance(value, int | str) or value not in known:
            return f"has the {key} {_clipped(value)}; there is no such {what} in the file, or it is wrong"
    box = item.get("bbox")
    if not isinstance(box, list) or len(box) != 4 or not all(_is_number(value) for value in box):
        return f"has the bbox {_clipped(box)}; it should be [left, top, width, height]"
    return ""


def _is_number(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) < 1e9 and math.isfinite(value)


def _shown(item: Any, index: int) -> str:
    """Return what messages call an entry: its id, or its place in the list."""
    return _clipped(item["id"]) if isinstance(item, dict) and "id" in item else f"at place {index}"


def _clipped(value: Any) -> str:
    text = "null" if value is None else repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."


def _read(file: Path) -> dict[str, list[Any]]:
    """Return the three lists of a JSON file. Raises DataError where it is none."""
    try:
        size = file.stat().st_size
        if size > MAX_BYTES:
            raise DataError(f"{file}: has {size} bytes; the limit is {MAX_BYTES}")
        # Python's reader knows no depth but that of its own stack, which it guards.
        tree = json.loads(file.read_bytes(), object_pairs_hook=_pairs, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{file}: cannot be read as JSON: {error}") from None
    except OSError as error:
        raise DataError(f"{file}: cannot be read: {error.strerror}") from None
    for key in ("images", "annotations", "categories"):
        if not isinstance(tree, dict) or not isinstance(tree.get(key), list):
            raise DataError(f"{file}: has no list '{key}'; COCO's files hold images, annotations and categories")
    return tree


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    kept = {key: value for key, value in pairs if key in _KEYS}
    if len(kept) < len(pairs) and len(kept) < sum(key in _KEYS for key, _ in pairs):
        raise ValueError("a key stands twice in one object")
    return kept


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number")
