"""Ways to read folders: a folder for each class, masks, boxes as VOC, COCO and YOLO have them, and IDX files."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from kerascnn.sources.audio_folder import SOUNDS
from kerascnn.sources.files import SPLIT_NAMES, is_picture
from kerascnn_dashboard.logic.looking import Candidate, Seen, Tree

_NO_CLASSES = frozenset(
    {"images", "image", "masks", "mask", "labels", "annotations", "jpegimages", "imagesets", "data"}
)
"""What folders are called that stand for no class, in small letters."""


def image_folder(found: Tree) -> Seen:
    """Pictures in a folder for each class."""
    return _class_folders(found, "image_folder", is_picture, "picture", "pictures")


def text_folder(found: Tree) -> Seen:
    """Texts in a folder for each class."""
    return _class_folders(found, "text_folder", lambda file: file.suffix.lower() == ".txt", "text", "texts")


def audio_folder(found: Tree) -> Seen:
    """Sounds in a folder for each class."""
    return _class_folders(found, "audio_folder", lambda file: file.suffix.lower() in SOUNDS, "sound", "sounds")


def _class_folders(found: Tree, source: str, wanted: Callable[[Path], bool], thing: str, things: str) -> Seen:
    folders = {name: files for name, files in found.folders.items() if any(map(wanted, files))}
    parts = {SPLIT_NAMES.get(name.lower()) for name in found.folders}
    split = "train" in parts and None not in parts
    if split:
        classes = sorted({file.parts[1] for files in folders.values() for file in files if len(file.parts) > 2})
    else:
        classes = sorted(folders)
    loose = sum(map(wanted, found.loose))
    single = classes[0] if len(classes) == 1 else found.outer if loose and not classes else ""
    if single:
        return Seen(problems=[
            f"There is one folder with {things} only, '{single}': the names of the folders are the classes, so two "
            "are needed at least."
        ])  # fmt: skip
    if not classes:
        said = f"{loose} {thing if loose == 1 else things} in no folder" if loose else f"No {things} were found"
        return Seen(problems=[f"{said}: put those of each class in a folder of its name."] if loose else [])
    shown = ", ".join(classes[:6]) + (", ..." if len(classes) > 6 else "")
    why = f"{len(classes)} folders with {things}, whose names are the classes: {shown}."
    if split:
        why += f" They stand in {', '.join(found.folders)}, which divides them already."
    sure = not loose and not any(name.lower() in _NO_CLASSES for name in classes)
    source_of = {"type": source, "path": str(found.root)}
    return Seen([Candidate(source_of, why, sure, 80 if sure else 30)])


def image_masks(found: Tree) -> Seen:
    """A folder of pictures and a folder of masks."""
    stems = {
        name: {file.relative_to(name).with_suffix("") for file in files if is_picture(file)}
        for name, files in found.folders.items()
    }
    seen = Seen()
    for name, own in stems.items():
        for other, others in stems.items():
            common = len(own & others)
            if name == other or not common or common < 0.5 * max(len(own), len(others)):
                continue
            if not _is_masks(other) or (_is_masks(name) and name < other):
                continue
            values = _mask_values(found.root / other)
            if not values:
                seen.problems.append(
                    f"The pictures in '{other}' have more than 255 values, so they are no masks: a mask has one value "
                    "for each class, and is kept as PNG."
                )
                continue
            source = {
                "type": "image_masks", "images": str(found.root / name), "masks": str(found.root / other),
                "values": values,
            }  # fmt: skip
            shown = ", ".join(map(str, values[:6])) + (", ..." if len(values) > 6 else "")
            why = f"{common} pictures in '{name}' have a mask of the same name in '{other}', with the values {shown}."
            sure = common == len(own) == len(others) and len(values) <= 32
            seen.candidates.append(Candidate(source, why, sure, 80 if sure else 40))
    if not seen.candidates and not seen.problems:
        seen.problems.append("No folder of pictures was found beside a folder of masks with the same names.")
    return seen


def _is_masks(name: str) -> bool:
    return any(word in name.lower() for word in ("mask", "label", "annot", "segm", "truth", "gt", "target"))


def _mask_values(folder: Path) -> list[int]:
    """Return the values in the first masks; none where they cannot be masks."""
    import warnings

    import numpy as np
    from PIL import Image

    values: set[int] = set()
    files = sorted(file for file in folder.rglob("*") if is_picture(file) and file.suffix.lower() != ".npy")
    for file in files[:200]:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                with Image.open(file) as image:
                    grey = image if image.mode in ("P", "L", "1") else image.convert("L")
                    found = np.unique(np.asarray(grey).astype("int64"))
        except (OSError, ValueError, Image.DecompressionBombError):
            continue
        values |= {int(value) * (255 if image.mode == "1" else 1) for value in found}
    fit = 2 <= len(values) <= 255 and max(values) <= 255
    return sorted(values) if fit else []


def pascal_voc(found: Tree) -> Seen:
    """Boxes in XML files."""
    for folder in found.all_folders[:2000]:
        if {folder / "Annotations", folder / "JPEGImages"} <= set(found.all_folders):
            path = found.root / folder
            why = "The folders Annotations and JPEGImages are there, as Pascal VOC has them."
            return Seen([Candidate({"type": "pascal_voc", "path": str(path)}, why, True, 90)])
    return Seen()


def yolo(found: Tree) -> Seen:
    """Boxes in text files of fractions."""
    folders = set(found.all_folders)
    parts = [Path(name) for name in found.folders if SPLIT_NAMES.get(name.lower())]
    if not any({at / "images", at / "labels"} <= folders for at in (Path("."), *parts)):
        return Seen()
    path = str(found.root)
    if any(file.name in ("classes.txt", "data.yaml") for file in found.loose):
        why = "The folders images and labels are there, as YOLO has them, with the names of the classes."
        return Seen([Candidate({"type": "yolo", "path": path}, why, True, 85)])
    count = _yolo_classes(found.ending(".txt"))
    if not count:
        return Seen(problems=["The text files in labels hold no boxes as YOLO has them: class x y width height."])
    source = {"type": "yolo", "path": path, "class_names": [f"class {i}" for i in range(count)]}
    why = f"The folders images and labels are there, as YOLO has them, with {count} classes; give their names."
    return Seen([Candidate(source, why, False, 85)])


def _yolo_classes(files: list[Path]) -> int:
    highest = -1
    for file in files[:2000]:
        if file.stat().st_size > 1 << 20:
            continue
        for line in file.read_text("utf-8", "replace").splitlines():
            words = line.split()
            if len(words) == 5 and words[0].isascii() and words[0].isdecimal() and len(words[0]) < 4:
                highest = max(highest, int(words[0]))
    return highest + 1


_FILE_NAME = re.compile(rb'"file_name"\s*:\s*"((?:[^"\\]|\\.){1,500})"')


def coco(found: Tree) -> Seen:
    """Boxes in JSON files."""
    listings: dict[str | None, list[tuple[Path, Path]]] = {}
    seen = Seen()
    for file in found.ending(".json")[:50]:
        name = _coco_picture(file)
        if not name:
            continue
        folder = next((at for at in found.all_folders if (found.root / at / name).is_file()), None)
        if folder is None:
            seen.problems.append(
                f"{file.name} lists pictures as COCO does, but the first of them, {name}, is not there."
            )
            continue
        words = re.split(r"[^a-z]+|(?<=train|valid)\d+", file.stem.lower())
        split = next((SPLIT_NAMES[word] for word in words if word in SPLIT_NAMES), None)
        listings.setdefault(split, []).append((file, found.root / folder))
    if "train" in listings and all(len(one) == 1 for one in listings.values()):
        source = {"type": "coco"}
        for split, prefix in (("train", ""), ("validation", "validation_"), ("test", "test_")):
            for file, images in listings.get(split, ()):
                source |= {f"{prefix}annotations": str(file), f"{prefix}images": str(images)}
        why = f"{len(listings)} JSON files list pictures and boxes as COCO does."
        seen.candidates.append(Candidate(source, why, True, 90))
    else:
        several = [pair for pairs in listings.values() for pair in pairs]
        for file, images in several:
            source = {"type": "coco", "annotations": str(file), "images": str(images)}
            why = f"{file.name} lists pictures and boxes as COCO does."
            seen.candidates.append(Candidate(source, why, len(several) == 1, 90))
    return seen


def _coco_picture(file: Path) -> str:
    """Return the name of the first picture that a JSON file as COCO has it lists; "" where it is none."""
    lacking = {b'"images"', b'"annotations"', b'"categories"'}
    name, rest = "", b""
    with file.open("rb") as stream:
        while lacking or not name:
            piece = stream.read(1 << 20)
            if not piece:
                return ""
            text = rest + piece
            lacking = {word for word in lacking if word not in text}
            match = None if name else _FILE_NAME.search(text)
            if match:
                name = match[1].decode("utf-8", "replace").replace("\\/", "/")
            rest = text[-600:]
    return name


def idx(found: Tree) -> Seen:
    """The files of MNIST and its kin."""
    for file in found.files:
        if file.name.startswith(("train-images-idx3-ubyte", "train-images.idx3-ubyte")):
            source = {"type": "idx", "path": str((found.root / file).parent)}
            return Seen([Candidate(source, "IDX files are there, as MNIST has them.", True, 90)])
    return Seen()
