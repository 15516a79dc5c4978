"""Masks: the class of each pixel of a picture, at the size that the model takes."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from kerascnn.engine.forms import Form
from kerascnn.engine.media.placement import fit_mask
from kerascnn.errors import DataError
from kerascnn.spec import Finding, Sample
from kerascnn.spec.kinds import IGNORE

_SHOWN = 5
_FORMATS = ("PNG", "TIFF", "BMP", "GIF", "PPM", "WEBP", "JPEG")
"""No reader but these meets the bytes of a mask: that of EPS starts Ghostscript."""
_WHOLE = ("L", "P", "1", "I;16", "I;16B", "I;16L")
"""Modes whose numbers are taken as they are stored."""


class Masks:
    """The masks of a data set, in memory as one byte a pixel."""

    def __init__(
        self, samples: Sequence[Sample], values: Sequence[int], facts: Sequence[Mapping[str, Any]], form: Form
    ):
        """Read the masks of all pictures that can be read. `values` are the stored values of the classes 0, 1, ..."""
        if len(values) > IGNORE:
            raise DataError(f"masks tell {IGNORE} classes apart at the most; data.source names {len(values)}")
        table = np.full(65_536, IGNORE, "uint8")
        table[list(values)] = np.arange(len(values))
        self.findings: list[Finding] = []
        wrong_size: list[str] = []
        unknown: dict[str, list[int]] = {}
        assert form.size is not None
        self.all = np.full((len(samples), *form.size), IGNORE, "uint8")
        self.hashes: list[str] = [""] * len(samples)

        Image.init()
        formats = [name for name in _FORMATS if name in Image.OPEN]

        def read(i: int) -> tuple[str, np.ndarray] | Exception:
            try:
                content = Path(str(samples[i].target)).read_bytes()
                with Image.open(io.BytesIO(content), formats=formats) as image:
                    mask = np.asarray(image if image.mode in _WHOLE else image.convert("L"))
                    mask = mask.astype("uint8") * 255 if image.mode == "1" else mask
                    return hashlib.sha256(content).hexdigest(), mask
            except Exception as error:  # noqa: BLE001 - decoders have many ways to give up, told below
                return error

        good = [i for i, fact in enumerate(facts) if "reason" not in fact]
        bad: list[tuple[str, str]] = []
        with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
            for i, found in zip(good, pool.map(read, good), strict=True):
                if isinstance(found, Exception):
                    bad.append((str(samples[i].target), f"cannot be read as a mask: {found}"))
                    continue
                self.hashes[i], mask = found
                if mask.shape != (facts[i]["height"], facts[i]["width"]):
                    wrong_size.append(samples[i].id)
                    continue
                strange = sorted(set(np.unique(mask).tolist()) - set(values))
                if strange:
                    unknown[samples[i].id] = strange
                self.all[i] = fit_mask(table[mask], form)
        if bad:
            raise DataError(f"{len(bad)} of {len(samples)} masks cannot be read", bad)
        self._report(wrong_size, unknown, values)

    def _report(self, wrong_size: list[str], unknown: dict[str, list[int]], values: Sequence[int]) -> None:
        if wrong_size:
            self.findings.append(
                Finding(
                    "mask-size",
                    "error",
                    f"{len(wrong_size)} masks have another size than their pictures; nothing is learnt from them",
                    tuple(wrong_size),
                )
            )
        if unknown:
            found = sorted({value for some in unknown.values() for value in some})
            said = ", ".join(map(str, found[:_SHOWN])) + (", ..." if len(found) > _SHOWN else "")
            self.findings.append(
                Finding(
                    "mask-values",
                    "error",
                    f"{len(unknown)} masks hold values that are no class ({said}; the classes are "
                    f"{', '.join(map(str, values))}); nothing is learnt from those pixels",
                    tuple(unknown),
                )
            )

    def take(self, indices: np.ndarray) -> np.ndarray:
        """Return uint8 `(n, height, width)`: class numbers, 255 where nothing is to be learnt."""
        return self.all[indices]
