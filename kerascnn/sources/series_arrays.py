"""Series in NumPy's files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from kerascnn.errors import DataError, counted
from kerascnn.sources.files import place
from kerascnn.sources.npz import load_npz
from kerascnn.sources.series import series_findings
from kerascnn.sources.tables import natural
from kerascnn.spec import Sample, Scan, Source, register

if TYPE_CHECKING:
    import numpy as np


@register("series_arrays")
class SeriesArrays(Source):
    """Series and their labels as arrays in a .npz file.

    Series are numbers `(n, length)` or `(n, length, channels)`, NaN where a value is missing; labels are whole numbers
    or texts `(n,)`, or numbers to be predicted `(n,)` or `(n, numbers)`. Nothing that needs pickle is read.
    """

    gives: ClassVar[str] = "series"
    paths: ClassVar[tuple[str, ...]] = ("path",)

    path: str
    """The .npz file; a relative path starts from the folder that the command runs in."""
    series_key: str = Field("x", min_length=1)
    """Name of the series."""
    labels_key: str = Field("y", min_length=1)
    """Name of the labels, or of the numbers to be predicted."""
    test_series_key: str | None = Field(None, min_length=1)
    """Name of the series of the test split; left out: `data.split` divides the others."""
    test_labels_key: str | None = Field(None, min_length=1)
    """Name of the labels of the test split."""
    class_names: list[str] | None = Field(None, min_length=2)
    """Names of the classes 0, 1, 2, ... where labels are numbers; left out: the numbers."""
    target_kind: Literal["class", "value"] = "class"
    """What the labels are: classes, or numbers to be predicted."""

    @property
    def target(self) -> str:
        """What its samples are answered with: "class" or "values"."""
        return "class" if self.target_kind == "class" else "values"

    def scan(self) -> Scan:
        """Return the series as arrays. Raises DataError where the file or an array is not of the form."""
        file = place(self.path, "data.source.path", folder=False)
        if self.class_names and self.target_kind == "value":
            raise DataError("data.source: class_names and target_kind: value do not go together")
        keys = [self.series_key, self.labels_key]
        if self.test_series_key and self.test_labels_key:
            keys += [self.test_series_key, self.test_labels_key]
        elif self.test_series_key or self.test_labels_key:
            raise DataError("data.source: test_series_key and test_labels_key go together")
        arrays = load_npz(file, keys)
        splits = [None] if len(keys) == 2 else ["train", "test"]
        samples: list[Sample] = []
        widths: set[tuple[int, ...]] = set()
        for i, split in enumerate(splits):
            x, y = arrays[2 * i : 2 * i + 2]
            series = _series(file, keys[2 * i], x)
            targets = self._targets(file, keys[2 * i + 1], y, len(series))
            widths.add((series.shape[2], y.shape[1] if y.ndim == 2 else 1))
            samples += _samples(series, targets, split)
        if len(widths) > 1:
            raise DataError(f"{file}: the test split has other channels, or other numbers to predict, than the rest")
        if not samples:
            raise DataError(f"{file}: holds no series")
        return Scan(samples, self._labels(samples), (), series_findings(samples))

    def _labels(self, samples: list[Sample]) -> list[str]:
        if isinstance(samples[0].target, tuple):
            count = len(samples[0].target)
            return ["value"] if count == 1 else [f"value {i}" for i in range(1, count + 1)]
        return list(self.class_names or sorted({sample.label for sample in samples}, key=natural))

    def _targets(self, file: Path, key: str, y: np.ndarray, count: int) -> list[str | tuple[float, ...]]:
        """Return the classes, or the numbers to be predicted. Raises DataError where an array holds neither."""
        import numpy as np

        if self.target_kind == "class":
            if y.shape != (count,):
                raise DataError(f"{file}: '{key}' has the shape {y.shape}; it should be ({count},), as many as series")
            if y.dtype.kind not in "iuU":
                hint = "; for numbers to be predicted say data.source.target_kind: value" if y.dtype.kind == "f" else ""
                raise DataError(f"{file}: '{key}' is {y.dtype}; labels are whole numbers or texts{hint}")
            return [self._name(label, file) for label in y.tolist()]
        if y.shape[:1] != (count,) or y.ndim not in (1, 2) or not y.size:
            raise DataError(f"{file}: '{key}' has the shape {y.shape}; it should be ({count},) or ({count}, numbers)")
        if y.dtype.kind not in "iuf":
            raise DataError(f"{file}: '{key}' is {y.dtype}; numbers to be predicted are real numbers")
        lost = int(np.count_nonzero(~np.isfinite(y)))
        if lost:
            raise DataError(f"{file}: '{key}' holds {counted(lost, 'number that is', 'numbers that are')} not finite")
        return [tuple(map(float, row)) for row in y.reshape(count, -1).tolist()]

    def _name(self, label: int | str, file: Path) -> str:
        if self.class_names is None:
            if not str(label).strip():
                raise DataError(f"{file}: has a label that is empty")
            return str(label)
        if not isinstance(label, int) or not 0 <= label < len(self.class_names):
            raise DataError(f"{file}: has the label {label!r}; data.source.class_names names {len(self.class_names)}")
        return self.class_names[label]


def _series(file: Path, key: str, x: np.ndarray) -> np.ndarray:
    """Return series as float32 `(n, length, channels)`. Raises DataError where an array is none."""
    import numpy as np

    if x.dtype.kind not in "iuf":
        raise DataError(f"{file}: '{key}' is {x.dtype}; series are real numbers")
    if x.ndim not in (2, 3) or not all(x.shape[1:]):
        raise DataError(f"{file}: '{key}' has the shape {x.shape}; it should be (n, length) or (n, length, channels)")
    with np.errstate(over="ignore"):
        series = x.astype("float32")
    infinite = int(np.count_nonzero(np.isinf(series)))
    if infinite:
        raise DataError(f"{file}: '{key}' holds {counted(infinite, 'value', 'values')} too large or infinite")
    return series[..., None] if series.ndim == 2 else series


def _samples(series: np.ndarray, targets: list[str | tuple[float, ...]], split: str | None) -> list[Sample]:
    prefix = f"{split}/" if split else ""
    samples = []
    for i, (one, target) in enumerate(zip(series, targets, strict=True)):
        name = f"{prefix}{i:06d}"
        if isinstance(target, str):
            samples.append(Sample(name, one, target, split))
        else:
            samples.append(Sample(name, one, "", split, target=target))
    return samples
