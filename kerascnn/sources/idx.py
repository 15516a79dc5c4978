"""The IDX files of MNIST and its kin."""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError

from kerascnn.errors import DataError
from kerascnn.sources.files import place
from kerascnn.spec import Sample, Scan, Source, register

if TYPE_CHECKING:
    import numpy as np

_MAX_BYTES = 4 << 30


@register("idx")
class Idx(Source):
    """Pictures and labels in IDX files, plain or gzipped, as MNIST, Fashion-MNIST and KMNIST have them.

    The folder holds `train-images-idx3-ubyte` and `train-labels-idx1-ubyte`, and if there is a test part
    `t10k-images-idx3-ubyte` and `t10k-labels-idx1-ubyte`, each with or without `.gz`. The test part is the test split.
    """

    paths: ClassVar[tuple[str, ...]] = ("path",)

    path: str
    """The folder; a relative one starts from the folder that the command runs in."""
    labels: list[Annotated[str, Field(min_length=1)]] | None = Field(None, min_length=2)
    """Names of the classes 0, 1, 2, ..., each of its own; left out: their numbers."""

    @field_validator("labels")
    @classmethod
    def _differ(cls, names: list[str] | None) -> list[str] | None:
        if names and len(set(names)) < len(names):
            raise PydanticCustomError("labels", "should name no two classes alike")
        return names

    def scan(self) -> Scan:
        """Return the pictures as arrays `(height, width, 1)`. Raises DataError where a file is missing or broken."""
        import numpy as np

        folder = place(self.path, "data.source.path", folder=True)
        parts: list[tuple[str, str | None, Any, Any]] = []
        for prefix, split in (("train", None), ("t10k", "test")):
            images_file = _find(folder, f"{prefix}-images-idx3-ubyte", needed=split is None)
            if images_file is None:
                continue
            labels_file = _find(folder, f"{prefix}-labels-idx1-ubyte", needed=True)
            assert labels_file is not None
            images, numbers = read_idx(images_file), read_idx(labels_file)
            if images.ndim != 3:
                raise DataError(f"{images_file}: holds {images.ndim} axes; pictures have 3 (count, height, width)")
            if numbers.ndim != 1:
                raise DataError(f"{labels_file}: holds {numbers.ndim} axes; labels have 1 (count)")
            if len(numbers) != len(images):
                raise DataError(f"{labels_file}: holds {len(numbers)} labels for {len(images)} pictures")
            parts.append((prefix, split, images[..., None], numbers))
        if len(parts) == 2:
            parts[0] = ("train", "train", *parts[0][2:])
        highest = max(int(np.max(numbers, initial=0)) for *_, numbers in parts)
        names = self.labels or [str(i) for i in range(highest + 1)]
        if highest >= len(names):
            raise DataError(f"data.source.labels names {len(names)} classes; the files hold class {highest}")
        samples = [
            Sample(f"{prefix}/{i:05d}", image, names[int(number)], split)
            for prefix, split, images, numbers in parts
            for i, (image, number) in enumerate(zip(images, numbers, strict=True))
        ]
        return Scan(samples, names)


def read_idx(file: Path) -> np.ndarray:
    """Return the uint8 array of an IDX file. Raises DataError where it is none, or not whole."""
    import numpy as np

    try:
        opener: Any = gzip.open if file.suffix == ".gz" else open
        with opener(file, "rb") as stream:
            head = stream.read(4)
            if len(head) < 4 or head[:2] != b"\0\0" or head[2] != 8 or not 1 <= head[3] <= 4:
                raise DataError(f"{file}: is not an IDX file of bytes (it starts with {head.hex(' ')})")
            sizes = stream.read(4 * head[3])
            if len(sizes) < 4 * head[3]:
                raise DataError(f"{file}: ends within its header")
            shape = struct.unpack(f">{head[3]}I", sizes)
            wanted = math.prod(shape)
            if wanted > _MAX_BYTES:
                raise DataError(f"{file}: says that it holds {wanted} bytes; the limit is {_MAX_BYTES}")
            data = stream.read(wanted + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{file}: cannot be read: {error}") from None
    if len(data) != wanted:
        found = f"only {len(data)}" if len(data) < wanted else "more"
        raise DataError(f"{file}: should hold {wanted} bytes for the shape {shape}; it holds {found}")
    return np.frombuffer(data, dtype="uint8").reshape(shape)


def _find(folder: Path, name: str, *, needed: bool) -> Path | None:
    for file in (folder / name, folder / f"{name}.gz", folder / name.replace("-idx", ".idx")):
        if file.is_file():
            return file
    if needed:
        raise DataError(f"{folder}: there is no {name} or {name}.gz in it")
    return None
