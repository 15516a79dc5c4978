import hashlib
import io
import os
import random
import struct
import subprocess
import sys
import threading
import warnings
import zlib

import numpy as np
import pytest
from PIL import Image

from kerascnn.engine.pictures import MAX_PIXELS, Form, Picture, PictureError, read_all, read_picture

# pytest's own filters stand above the one that the module sets for Pillow.
pytestmark = pytest.mark.filterwarnings("ignore:::PIL")

AS_IT_IS = Form(None)
RAMP = np.linspace(0, 255, 24 * 32 * 3).reshape(24, 32, 3).astype("uint8")


def encode(image, file_format, **options):
    if isinstance(image, np.ndarray):
        image = Image.fromarray(image)
    stream = io.BytesIO()
    image.save(stream, file_format, **options)
    return stream.getvalue()


def png(width, height, *, depth=1, color=0, data=None, declared=None):
    """Return a PNG by hand; without `data` all its rows are zeros."""

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    rows = bytes((1 + (width * depth + 7) // 8) * height) if data is None else data
    head = struct.pack(">IIBBBBB", *(declared or (width, height)), depth, color, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def frames(file_format):
    """Return an animation whose first frame is red and whose others are blue."""
    first, *rest = (Image.new("RGB", (16, 12), color) for color in ("red", "blue", "blue"))
    return encode(first, file_format, save_all=True, append_images=rest, duration=50)


def icon(picture):
    """Return an icon that says it is 16 x 16 and holds this PNG."""
    return struct.pack("<HHHBBBBHHII", 0, 1, 1, 16, 16, 0, 0, 1, 32, len(picture), 22) + picture


def jpeg_of_size(width, height):
    """Return a small JPEG whose header says another size."""
    data = bytearray(encode(RAMP, "JPEG"))
    start = data.index(b"\xff\xc0") + 5
    data[start : start + 4] = struct.pack(">HH", height, width)
    return bytes(data)


def palette(**options):
    image = Image.new("P", (10, 8), 1)
    image.putpalette([0, 0, 0, 255, 0, 0, 0, 255, 0])
    return encode(image, "PNG", **options)


def tiff_16(byte_order):
    values = np.linspace(0, 65_535, 100).reshape(10, 10).round().astype(f"{byte_order}u2")
    return encode(Image.fromarray(values), "TIFF")


JPEG, PNG = encode(RAMP, "JPEG"), encode(RAMP, "PNG")
EXIF_OF_THE_RIGHT = Image.Exif()
EXIF_OF_THE_RIGHT[0x0112] = 6
GREY_16 = np.linspace(0, 65_535, 24 * 32).reshape(24, 32).round().astype("uint16")
LA = np.dstack([np.full((8, 8), 40, "uint8"), np.repeat([[0], [255]], 4, 0).repeat(8, 1).astype("uint8")])
RGBA = np.zeros((4, 4, 4), "uint8")
RGBA[..., 0], RGBA[0, :, 3], RGBA[1, :, 3], RGBA[2:, :, 3] = 200, 0, 128, 255

GOOD = {
    "plain.jpg": JPEG,
    "plain.png": PNG,
    "png named jpg.jpg": PNG,
    "jpg named png.png": JPEG,
    "webp named jpg.jpg": encode(RAMP, "WEBP"),
    "no ending": PNG,
    "a.webp": encode(RAMP, "WEBP", lossless=True),
    "a.avif": encode(RAMP, "AVIF"),
    "a.bmp": encode(RAMP, "BMP"),
    "a.ppm": encode(RAMP, "PPM"),
    "a.gif": encode(RAMP, "GIF"),
    "a.tif": encode(RAMP, "TIFF", compression="tiff_lzw"),
    "a.ico": encode(RAMP, "ICO", sizes=[(16, 16)]),
    "grey.jpg": encode(RAMP[..., 0], "JPEG"),
    "progressive.jpg": encode(RAMP, "JPEG", progressive=True),
    "cmyk.jpg": encode(Image.fromarray(RAMP).convert("CMYK"), "JPEG"),
    "ycbcr.tif": encode(Image.fromarray(RAMP).convert("YCbCr"), "TIFF"),
    "one bit.png": encode(Image.fromarray(RAMP[..., 0]).convert("1"), "PNG"),
    "grey 16.png": encode(Image.fromarray(GREY_16), "PNG"),
    "grey 16 little.tif": tiff_16("<"),
    "grey 16 big.tif": tiff_16(">"),
    "rgb 16.png": png(1, 1, depth=48, data=b"\0" + struct.pack(">HHH", 65_535, 32_768, 0)).replace(b"", b""),
    "la.png": encode(Image.fromarray(LA, "LA") if False else Image.merge("LA", [Image.fromarray(LA[..., i]) for i in (0, 1)]), "PNG"),
    "rgba.png": encode(RGBA, "PNG"),
    "palette.png": palette(),
    "palette see-through.png": palette(transparency=1),
    "moving.gif": frames("GIF"),
    "moving.webp": frames("WEBP"),
    "moving.png": frames("PNG"),
    "one pixel.png": png(1, 1),
    "a line.png": png(5000, 1),
    "zeros at the end.jpg": JPEG + bytes(1000),
    "a zip at the end.png": PNG + b"PK\x03\x04 and so on",
    "odd exif.jpg": encode(RAMP, "JPEG", exif=b"Exif\0\0garbage that is no TIFF header"),
    "cut exif.jpg": encode(RAMP, "JPEG", exif=EXIF_OF_THE_RIGHT.tobytes()[:-3]),
}
