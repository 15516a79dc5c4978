"""What is inside a run's network: feature maps, filters, what it answers to most, and a map of many elements."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kerascnn.engine import embedding_map
from kerascnn.engine.explain import number_of
from kerascnn.engine.explain_files import put
from kerascnn.engine.inputs import input_files, read_inputs
from kerascnn.engine.maximise import of_channels, of_classes
from kerascnn.engine.media import Raw
from kerascnn.engine.network import Network
from kerascnn.engine.predict import Predictor, at_a_time
from kerascnn.engine.sheets import feature_sheet, filter_sheet, kernel_of, picture_sheet

_MOST = 16
"""Channels of a layer for which pictures are made, the first ones."""
_SHARE = 8


@dataclass(frozen=True)
class Shown:
    """What was written."""

    about: str
    """The file that it is about, or what it shows."""
    files: tuple[Path, ...]


class Views:
    """A run's network, to look into."""

    def __init__(self, predictor: Predictor, folder: Path):
        """Take a run's model, and the folder that files are written into."""
        self.predictor, self.folder, self.network = predictor, folder, Network.of(predictor)
        self.bad: list[tuple[str, str]] = []
        """The name of each file that cannot be read, and why."""

    def filters(self, layer: str | None) -> Shown:
        """Write the filters of a convolution; None: of the first, which sees the element itself. Raises UsageError."""
        name, kernel = kernel_of(self.network.backbone, layer)
        return Shown(name, (put(filter_sheet(kernel, name), self.folder, ["filters", name], ".png"),))

    def features(self, paths: Sequence[str | Path], layer: str | None) -> Iterator[Shown]:
        """Write the maps that a layer makes of each file; None: the deepest with more than one place.

        Raises what `input_files` and `Network.taps` raise.
        """
        for names, elements in self._read(paths):
            numbers = [0] * len(elements)
            for features in self.network.look(elements, numbers).features(layer):
                for name, values in zip(names, features.values, strict=True):
                    content = feature_sheet(values, f"{features.name} of {Path(name).name}")
                    yield Shown(
                        name, (put(content, self.folder, [Path(name).stem, "features", features.name], ".png"),)
                    )

    def best(self, label: str | None, layer: str | None) -> Shown:
        """Write the pictures that a class, every class, or the first channels of a layer answer to most.

        Raises UsageError.
        """
        labels = self.predictor.labels
        if layer is not None:
            (tap,) = self.network.taps(layer)
            names = [f"{layer} {channel}" for channel in range(min(_MOST, tap.shape[-1]))]
            pictures = of_channels(self.network, layer, list(range(len(names))))
        else:
            numbers = list(range(min(_MOST, len(labels)))) if label is None else [number_of(label, labels)]
            names = [labels[number] for number in numbers]
            pictures = of_classes(self.network, numbers)
        about = layer or label or ", ".join(names)
        content = picture_sheet(pictures, f"most of {about}")
        return Shown(about, (put(content, self.folder, ["best", layer or label or "classes"], ".png"),))

    def points(self, paths: Sequence[str | Path], projection: str) -> Shown | None:
        """Write a map of all files as a drawing and a table; None where none can be read. Raises UsageError."""
        names: list[str] = []
        rows: list[np.ndarray] = []
        labels: list[str] = []
        for some, elements in self._read(paths):
            names += some
            rows.append(embedding_map.pooled(self.network, elements))
            answers = self.predictor.answers(elements)
            labels += [self.predictor.task.say(answer, self.predictor.labels)["label"] for answer in answers]
        if not rows:
            return None
        points, said = embedding_map.placed(np.concatenate(rows), projection)
        drawing = embedding_map.draw(names, labels, points, said).encode("utf-8", "backslashreplace")
        table = embedding_map.table(names, labels, points).encode("utf-8", "surrogateescape")
        files = [
            put(content, self.folder, [projection], ending) for content, ending in ((drawing, ".svg"), (table, ".csv"))
        ]
        return Shown(said, tuple(files))

    def _read(self, paths: Sequence[str | Path]) -> Iterator[tuple[list[str], np.ndarray]]:
        form = self.predictor.form
        payloads, kept, bad = read_inputs(input_files(paths, form.medium), form.medium)
        self.bad += bad
        many = max(1, at_a_time(self.predictor.shape) // _SHARE)
        for start in range(0, len(kept), many):
            part: list[Any] = list(payloads[start : start + many])
            good: list[tuple[str, np.ndarray]] = []
            for file, raw in zip(kept[start:], form.read(part), strict=False):
                if isinstance(raw, Raw):
                    good.append((str(file), raw.array))
                else:
                    self.bad.append((str(file), str(raw)))
            if good:
                yield [name for name, _ in good], np.stack([array for _, array in good])
