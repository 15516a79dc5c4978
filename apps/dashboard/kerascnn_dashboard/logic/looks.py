"""What a payload looks like on a page: a small picture, the beginning of a text, the curves of a series."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kerascnn.errors import KerasCnnError
from kerascnn_dashboard.logic.home import Home
from kerascnn_dashboard.logic.pictures import SIDE, array_picture, curve, excerpt, thumbnail

_BYTES = 8 << 20
"""Of a file of numbers that is read for a small drawing."""


def picture(home: Home, payload: Any, side: int = SIDE) -> bytes:
    """Return a file or an array of a picture as a small PNG, b"" where it is none."""
    try:
        if isinstance(payload, Path):
            return thumbnail(home, payload, side).read_bytes()
        if payload is None or isinstance(payload, str):
            return b""
        small = array_picture(payload)
        small.thumbnail((side, side))
        buffer = io.BytesIO()
        small.save(buffer, "PNG")
        return buffer.getvalue()
    except (KerasCnnError, OSError, AttributeError):
        return b""


def address_of(png: bytes) -> str:
    """Return the address that holds a PNG itself, for tables; "" for none."""
    return f"data:image/png;base64,{base64.b64encode(png).decode()}" if png else ""


def beginning(payload: Any, letters: int = 160) -> str:
    """Return how a text, or the text in a file, begins; "" where it cannot be read."""
    if isinstance(payload, Path):
        try:
            with payload.open("rb") as file:
                raw = file.read(4 * letters + 4)
        except OSError:
            return ""
        payload = raw.decode("utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8", "replace")
    return excerpt(payload, letters) if isinstance(payload, str) else ""


def curves(payload: Any) -> Sequence[dict[str, float | str]]:
    """Return the rows of a small chart (channel, step, value) of a series, or of a file of one; () where it is none."""
    values = _numbers(payload) if isinstance(payload, Path) else payload
    if values is None or isinstance(values, str):
        return ()
    try:
        return curve(values)
    except (ValueError, TypeError, IndexError):
        return ()


def _numbers(file: Path) -> Any:
    """Return the numbers of a .npy or .csv file, None where there are none."""
    import numpy as np

    try:
        if file.stat().st_size > _BYTES:
            return None
        if file.suffix.lower() == ".npy":
            return np.load(file, allow_pickle=False)
        if file.suffix.lower() != ".csv":
            return None
        rows = [line.split(",") for line in file.read_text("utf-8-sig").splitlines() if line.strip()]
        try:
            [float(cell or "nan") for cell in rows[0]]
        except ValueError:
            rows = rows[1:]  # a header
        return np.array([[float(cell or "nan") for cell in row] for row in rows])
    except (OSError, ValueError, EOFError, IndexError):
        return None
