"""Pictures in NumPy's files."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from kerascnn.errors import DataError
from kerascnn.sources.files import place
from kerascnn.sources.tables import natural
from kerascnn.spec import Sample, Scan, Source, register
from kerascnn.spec.section import nearest

if TYPE_CHECKING:
    import numpy as np


MAX_CHANNELS = 64


@register("arrays")
class Arrays(Source):
    """Pictures and labels as arrays: in one .npz file, or in a .npy file each.

    Pictures are uint8 or uint16 `(n, height, width)` or `(n, height, width, channels)` with 1 to 64 channels; labels
    are whole numbers or texts `(n,)`. Nothing that needs pickle is read.
    """

    paths: ClassVar[tuple[str, ...]] = ("path", "labels_path")

    path: str
    """The .npz file with both, or the .npy file with the pictures; a relative one starts from the current folder."""
    labels_path: str | None = None
    """The .npy file with the labels; left out where both are in one .npz file."""
    images_key: str = Field("images", min_length=1)
    """Name of the pictures in a .npz file."""
    labels_key: str = Field("labels", min_length=1)
    """Name of the labels in a .npz file."""
    test_images_key: str | None = Field(None, min_length=1)
    """Name of the pictures of the test split in a .npz file; left out: `data.split` divides the others."""
    test_labels_key: str | None = Field(None, min_length=1)
    """Name of the labels of the test split in a .npz file."""
    class_names: list[str] | None = Field(None, min_length=2)
    """Names of the classes 0, 1, 2, ... where labels are numbers; left out: the numbers."""

    def scan(self) -> Scan:
        """Return the pictures as arrays. Raises DataError where a file or an array is not of the form."""
        file = place(self.path, "data.source.path", folder=False)
        parts: list[tuple[str, str | None, np.ndarray, np.ndarray]] = []
        if self.labels_path is not None:
            labels_file = place(self.labels_path, "data.source.labels_path", folder=False)
            parts.append(("", None, _load(file, None), _load(labels_file, None)))
        else:
            parts.append(("", None, _load(file, self.images_key), _load(file, self.labels_key)))
            if (self.test_images_key is None) != (self.test_labels_key is None):
                raise DataError("data.source: test_images_key and test_labels_key go together")
            if self.test_images_key is not None:
                test = _load(file, self.test_images_key), _load(file, self.test_labels_key)
                parts = [("train/", "train", *parts[0][2:]), ("test/", "test", *test)]
        samples = []
        for prefix, split, images, labels in parts:
            _check(file, images, labels)
            if not images.dtype.isnative:
                images = images.astype(images.dtype.newbyteorder("="))
            names = [self._name(label, file) for label in labels.tolist()]
            samples += [
                Sample(f"{prefix}{i:06d}", image, name, split)
                for i, (image, name) in enumerate(zip(images, names, strict=True))
            ]
        return Scan(samples, self._classes({sample.label for sample in samples}))

    def _name(self, label: int | str, file: Path) -> str:
        if self.class_names is None:
            return str(label)
        if not isinstance(label, int) or not 0 <= label < len(self.class_names):
            raise DataError(f"{file}: has the label {label!r}; data.source.class_names names {len(self.class_names)}")
        return self.class_names[label]

    def _classes(self, found: set[str]) -> list[str]:
        if self.class_names is not None:
            return list(self.class_names)
        return sorted(found, key=natural)


def _load(file: Path, key: str | None) -> np.ndarray:
    import numpy as np

    try:
        with file.open("rb") as stream:
            return _pick(file, np.load(stream, allow_pickle=False), key)
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zipfile.LargeZipFile) as error:
        raise DataError(f"{file}: cannot be read as NumPy's file: {error}") from None


def _pick(file: Path, loaded: Any, key: str | None) -> Any:
    """Return the array of a name from a .npz file, or that of a .npy file, which has no name."""
    import numpy as np

    if isinstance(loaded, np.ndarray):
        if key is not None:
            raise DataError(f"{file}: holds one array; name the file with the labels in data.source.labels_path")
        return loaded
    if key is None:
        raise DataError(f"{file}: holds several arrays ({', '.join(loaded.files)}); a .npy file holds one")
    if key not in loaded.files:
        near = nearest(key, loaded.files)
        hint = f"; did you mean '{near}'?" if near else ""
        raise DataError(f"{file}: has no array '{key}'{hint} (there are: {', '.join(loaded.files)})")
    return loaded[key]


def _check(file: Path, images: np.ndarray, labels: np.ndarray) -> None:
    import numpy as np

    shape = images.shape
    if images.dtype.newbyteorder("=") not in (np.uint8, np.uint16):
        raise DataError(f"{file}: pictures are {images.dtype}; they should be uint8 (0 to 255) or uint16 (0 to 65535)")
    if not (len(shape) == 3 or (len(shape) == 4 and 1 <= shape[-1] <= MAX_CHANNELS)):
        raise DataError(
            f"{file}: pictures have the shape {shape}; it should be (n, height, width), or (n, height, width, "
            f"channels) with 1 to {MAX_CHANNELS} channels"
        )
    if labels.shape != shape[:1]:
        raise DataError(f"{file}: there are labels of shape {labels.shape} for {shape[0]} pictures")
    if labels.dtype.kind not in "iuU":
        raise DataError(f"{file}: labels are {labels.dtype}; they should be whole numbers or texts")
