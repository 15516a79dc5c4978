"""What sources of files share: finding them, and which of them are pictures."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NoReturn

from kerascnn.errors import DataError, counted

PICTURES = frozenset({
    ".jpg", ".jpeg", ".jfif", ".jpe", ".png", ".apng", ".bmp", ".gif", ".webp", ".tif", ".tiff",
    ".ppm", ".pgm", ".pbm", ".pnm", ".avif", ".heic", ".heif", ".ico", ".npy",
})  # fmt: skip
"""Endings of files that are taken for pictures; what they really hold is seen when they are read."""

SPLIT_NAMES = {
    "train": "train",
    "training": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "test": "test",
    "testing": "test",
}
"""What folders and columns of users call the splits, in small letters."""


def is_picture(file: Path) -> bool:
    """Return whether a file is taken for a picture, by its ending."""
    return file.suffix.lower() in PICTURES and not is_junk(file)


def is_junk(path: Path) -> bool:
    """Return whether a file or folder is what an operating system leaves behind."""
    return path.name.startswith((".", "__MACOSX")) or path.name.lower() in ("thumbs.db", "desktop.ini")


def place(path: str, field: str, *, folder: bool) -> Path:
    """Return the file or folder that a spec names, as an absolute path. Raises DataError where there is none.

    A .zip file where a folder is wanted is unpacked into the cache, and so is one on the way to what is named, as in
    `set.zip/images`: then the folder or the file inside it is returned.
    """
    try:
        named = Path(os.path.abspath(Path(path).expanduser()))
        found = _inside_archive(named, field, folder=folder)
        right = found.is_dir() if folder else found.is_file()
        there = found.exists()
    except (OSError, ValueError, RuntimeError) as error:
        raise DataError(f"{field}: '{path}' cannot be used as a path: {error}") from None
    if not right:
        kind = "folder" if folder else "file"
        if there:
            raise DataError(f"{field}: {named} is not a {kind}{' and no .zip' if folder and named.is_file() else ''}")
        hint = "" if Path(path).is_absolute() else " (relative paths start from the folder that the command runs in)"
        raise DataError(f"{field}: there is no {kind} {named}{hint}")
    return found


def _inside_archive(named: Path, field: str, *, folder: bool) -> Path:
    """Return where a path leads once the archive that it names or passes through is unpacked."""
    for archive in (named, *named.parents) if folder else named.parents:
        if archive.suffix.lower() == ".zip" and archive.is_file():
            from kerascnn.sources.archives import unpacked

            return unpacked(archive, field) / named.relative_to(archive)
    return named


def refuse_links(links: Sequence[Path], root: Path) -> None:
    """Raise DataError where there are symbolic links: what they point to may change, or lie outside the data."""
    if links:
        raise DataError(
            f"{root} holds {counted(len(links), 'symbolic link', 'symbolic links')}; put what they point to there",
            [(str(link), "is a symbolic link") for link in links],
        )


def files_below(folder: Path) -> Iterator[Path]:
    """Yield every file below a folder in a fixed order, without junk. Raises DataError where there are links."""
    links = []
    for top, folders, names in os.walk(folder, onerror=unreadable):
        folders[:] = sorted(name for name in folders if not is_junk(Path(name)))
        links += [Path(top, name) for name in folders if Path(top, name).is_symlink()]
        for name in sorted(names):
            file = Path(top, name)
            if file.is_symlink():
                links.append(file)
            elif not is_junk(file):
                yield file
    refuse_links(sorted(links), folder)


def pictures_below(folder: Path) -> tuple[list[Path], list[str]]:
    """Return the pictures below a folder, and a note for each other ending that was left out. Raises DataError."""
    pictures = []
    other: Counter[str] = Counter()
    for file in files_below(folder):
        if is_picture(file):
            pictures.append(file)
        else:
            other[file.suffix.lower()] += 1
    return pictures, [
        f"{counted(count, 'file', 'files')} {f'ending in {suffix}' if suffix else 'without an ending'} in "
        f"{folder.name} left out: by the ending no picture"
        for suffix, count in sorted(other.items())
    ]


def by_stem(files: Sequence[Path], root: Path) -> dict[str, Path]:
    """Return files by their path below `root` without the ending. Raises DataError where two have the same."""
    found: dict[str, Path] = {}
    twice = []
    for file in files:
        stem = file.relative_to(root).with_suffix("").as_posix()
        if stem in found:
            twice.append((str(file), f"is there as {found[stem].name}, too"))
        found.setdefault(stem, file)
    if twice:
        what = counted(len(twice), "file has", "files have")
        raise DataError(f"{root}: {what} the name of another but for the ending; rename or remove one of each", twice)
    return found


def split_folders(folder: Path) -> dict[str, str]:
    """Return the split of each folder right in a folder, by the folder's name.

    It is empty where there are other folders or pictures beside them, or none that is called train: then these folders
    are what they are.
    """
    try:
        items = [item for item in folder.iterdir() if not is_junk(item)]
    except OSError as error:
        unreadable(error)
    splits = {item.name: SPLIT_NAMES.get(item.name.lower()) for item in items if item.is_dir()}
    if None in splits.values() or "train" not in splits.values() or any(is_picture(item) for item in items):
        return {}
    return {name: split for name, split in splits.items() if split}


def picture_size(file: Path) -> tuple[int, int]:
    """Return the width and height of a picture in pixels, upright, from its header alone. Raises ValueError."""
    if file.suffix.lower() == ".npy":
        return _array_size(file)
    import warnings

    from PIL import ExifTags, Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            Image.init()
            with Image.open(file, formats=[name for name in _FORMATS if name in Image.OPEN]) as image:
                turned = image.getexif().get(ExifTags.Base.Orientation, 1) in (5, 6, 7, 8)
                width, height = image.size
    except Image.UnidentifiedImageError:
        raise ValueError("is not a picture of a known format") from None
    # A header may hold anything; each of Pillow's readers has its own ways to give up.
    except Exception as error:  # noqa: BLE001
        raise ValueError(f"cannot be read: {' '.join(str(error).split()) or type(error).__name__}") from None
    return (height, width) if turned else (width, height)


_FORMATS = ("JPEG", "MPO", "PNG", "GIF", "WEBP", "BMP", "TIFF", "PPM", "AVIF", "HEIF", "ICO")
"""Formats whose headers are read, where Pillow has them: those that pictures are decoded from."""


def _array_size(file: Path) -> tuple[int, int]:
    from numpy.lib import format as npy

    try:
        with file.open("rb") as stream:
            major, _ = npy.read_magic(stream)
            read = npy.read_array_header_1_0 if major == 1 else npy.read_array_header_2_0
            shape = read(stream)[0]
    except (OSError, ValueError) as error:
        raise ValueError(f"cannot be read as NumPy's file: {error}") from None
    if len(shape) not in (2, 3):
        raise ValueError(f"has the shape {shape}; pictures are (height, width) or (height, width, channels)")
    return shape[1], shape[0]


def unreadable(error: OSError) -> NoReturn:
    """Raise DataError for a folder that cannot be read."""
    raise DataError(f"{error.filename}: cannot be read: {error.strerror}") from None
