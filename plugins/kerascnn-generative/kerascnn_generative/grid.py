"""Many pictures on one, as a PNG."""

from __future__ import annotations

import base64
import io
import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

_GAP = 1
_MODES = {1: "L", 3: "RGB", 4: "RGBA"}
_SMALL, _MOST = 48, 8
"""Pictures with shorter sides are shown larger, at most so many times."""


def png(pictures: np.ndarray, columns: int | None = None) -> bytes:
    """Return pictures `(n, height, width, channels)`, uint8, row by row; those of 2 or more than 4 channels in grey.

    Without `columns` there are as many as rows, or one more.
    """
    import numpy as np
    from PIL import Image

    count, height, width, channels = pictures.shape
    if channels not in _MODES:
        pictures, channels = pictures.mean(-1, keepdims=True).astype("uint8"), 1
    columns = columns or math.ceil(math.sqrt(count))
    rows = math.ceil(count / columns)
    sheet = np.full((rows * (height + _GAP) - _GAP, columns * (width + _GAP) - _GAP, channels), 128, "uint8")
    for i, picture in enumerate(pictures):
        top, left = (i // columns) * (height + _GAP), (i % columns) * (width + _GAP)
        sheet[top : top + height, left : left + width] = picture
    times = min(_MOST, max(1, _SMALL // min(height, width)))
    image = Image.fromarray(sheet[..., 0] if channels == 1 else sheet)
    image = image.resize((image.width * times, image.height * times), Image.Resampling.NEAREST)
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def shown(pictures: np.ndarray, caption: str, columns: int | None = None) -> dict[str, Any]:
    """Return pictures as part of a section of a report."""
    return {"png": base64.b64encode(png(pictures, columns)).decode(), "caption": caption}
