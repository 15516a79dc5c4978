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
LA = Image.new("LA", (8, 8), (40, 255))
LA.paste((40, 0), (0, 0, 8, 4))
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
    "lab.tif": encode(Image.new("LAB", (8, 8)), "TIFF"),
    "one bit.png": encode(Image.fromarray(RAMP[..., 0]).convert("1"), "PNG"),
    "grey 16.png": encode(Image.fromarray(GREY_16), "PNG"),
    "grey 16 little.tif": tiff_16("<"),
    "grey 16 big.tif": tiff_16(">"),
    "rgb 16.png": png(1, 1, depth=16, color=2, data=b"\0" + struct.pack(">HHH", 65_535, 32_768, 0)),
    "la.png": encode(LA, "PNG"),
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

BAD = {
    "empty.jpg": (b"", r"is empty \(0 bytes\)"),
    "one byte.jpg": (b"\xff", "is not a picture of a known format"),
    "text.jpg": (b"this is no picture\n", "is not a picture of a known format"),
    "page.png": (b"<!DOCTYPE html><html><body>404</body></html>", "is not a picture of a known format"),
    "drawing.png": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "is not a picture of a known format"),
    "zeros.png": (bytes(4096), "is not a picture of a known format"),
    "ghostscript.jpg": (
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n",
        "is not a picture of a known format",
    ),
    "photoshop.jpg": (
        b"8BPS\0\x01" + bytes(6) + struct.pack(">HIIHH", 3, 8, 8, 8, 3) + bytes(100),
        "is not a picture of a known format",
    ),
    "fake.heic": (b"\0\0\0\x18ftypheic" + bytes(100), "is not a picture of a known format"),
    "cut to its header.jpg": (JPEG[:4], "is not a picture of a known format|is damaged"),
    "cut to its header.png": (PNG[:33], "is damaged|is not a picture"),
    "no pixels.png": (png(0, 0), "is damaged|is not a picture"),
    "bomb.png": (png(1, 1, declared=(100_000, 100_000)), "has too many pixels|has 100000 x 100000 pixels"),
    "bomb of zeros.png": (png(10_000, 10_000), "has 10000 x 10000 pixels; the limit is 50000000"),
    "just too large.png": (png(10_000, 5_001), "has 10000 x 5001 pixels"),
    "bomb.jpg": (jpeg_of_size(65_500, 65_500), "has too many pixels"),
    "bomb in an icon.ico": (icon(png(10_000, 8_000)), "has 10000 x 8000 pixels"),
    "real numbers.tif": (encode(Image.new("F", (8, 8), 0.5), "TIFF"), "holds real numbers"),
    "below zero.tif": (encode(Image.new("I", (8, 8), -5), "TIFF"), "has values from -5 to -5; 0 to 65535"),
    "beyond 16 bits.tif": (encode(Image.new("I", (8, 8), 70_000), "TIFF"), "has values from 70000 to 70000"),
}


def verdict(path, form=AS_IT_IS):
    """Return the picture or the error, whichever it is; anything else is raised."""
    [one] = read_all([path], form)
    assert isinstance(one, Picture | PictureError)
    if isinstance(one, Picture):
        assert one.pixels.dtype == np.uint8
        assert one.pixels.ndim == 3
        assert one.pixels.shape[-1] in (1, 3)
    else:
        assert str(one)
        assert "\n" not in str(one)
    return one


def decode(data, tmp_path, form=AS_IT_IS):
    path = tmp_path / "picture"
    path.write_bytes(data)
    return read_picture(path, form)


@pytest.mark.parametrize("name", GOOD)
def test_an_unusual_picture_is_read(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(GOOD[name])
    picture = verdict(path)
    assert isinstance(picture, Picture), str(picture)
    assert picture.sha256 == hashlib.sha256(GOOD[name]).hexdigest()
    assert (picture.height, picture.width) == picture.pixels.shape[:2]
    assert picture.grey == (picture.pixels.shape[-1] == 1)


@pytest.mark.parametrize("name", BAD)
def test_a_bad_picture_is_refused_with_its_reason(tmp_path, name):
    data, reason = BAD[name]
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(PictureError, match=reason):
        read_picture(path, AS_IT_IS)
    assert isinstance(verdict(path), PictureError)


@pytest.mark.parametrize("share", [0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.97])
@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "GIF", "WEBP", "TIFF", "AVIF", "BMP"])
def test_a_truncated_picture_is_refused(tmp_path, file_format, share):
    noise = np.random.default_rng(0).integers(0, 256, (48, 64, 3), "uint8")
    data = encode(noise, file_format)
    path = tmp_path / "cut.jpg"
    path.write_bytes(data[: int(len(data) * share)])
    assert isinstance(verdict(path), PictureError)


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "GIF", "WEBP", "TIFF", "AVIF", "BMP", "PPM", "ICO"])
def test_flipped_bits_give_one_verdict(tmp_path, file_format):
    chance = random.Random(7)
    data = encode(RAMP, file_format, **({"exif": EXIF_OF_THE_RIGHT.tobytes()} if file_format == "JPEG" else {}))
    paths = []
    for i in range(60):
        flipped = bytearray(data)
        for _ in range(chance.randint(1, 4)):
            flipped[chance.randrange(len(flipped))] ^= 1 << chance.randrange(8)
        paths.append(tmp_path / f"{i}.jpg")
        paths[-1].write_bytes(flipped)
    assert {type(one) for one in map(verdict, paths)} <= {Picture, PictureError}


@pytest.mark.parametrize(
    "name",
    [
        "new\nline.png",
        "\N{PILE OF POO}.png",
        "-rf.png",
        "x" * 236 + ".png",
        "a'b\"c.png",
        os.fsdecode(b"\xff\xfe.png"),
    ],
)
def test_any_file_name_will_do(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(PNG)
    assert np.array_equal(read_picture(path, AS_IT_IS).pixels, RAMP)
    path.write_bytes(b"no picture")
    assert isinstance(verdict(path), PictureError)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no FIFOs")
def test_a_fifo_is_refused_and_does_not_hang(tmp_path):
    os.mkfifo(tmp_path / "a.jpg")
    found = []
    thread = threading.Thread(target=lambda: found.append(verdict(tmp_path / "a.jpg")), daemon=True)
    thread.start()
    thread.join(10)
    assert str(found[0]) == "is not a regular file"


def test_what_is_no_file_is_refused(tmp_path):
    (tmp_path / "folder.jpg").mkdir()
    (tmp_path / "dangling.jpg").symlink_to(tmp_path / "gone")
    (tmp_path / "loop.jpg").symlink_to(tmp_path / "loop.jpg")
    for name, reason in {
        "folder.jpg": "is not a regular file",
        "dangling.jpg": "is not there",
        "gone.jpg": "is not there",
        "loop.jpg": "cannot be read: ",
        "a\0b.jpg": "cannot be read: embedded null",
        "x" * 300: "cannot be read: File name too long",
        "/dev/zero": "is not a regular file",
    }.items():
        with pytest.raises(PictureError, match=reason):
            read_picture(tmp_path / name, AS_IT_IS)


def test_a_picture_that_takes_too_much_memory_is_refused(tmp_path, monkeypatch):
    def load(self):
        raise MemoryError

    monkeypatch.setattr(Image.Image, "load", load)
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", load)
    with pytest.raises(PictureError, match="takes more memory than there is"):
        decode(PNG, tmp_path)


def test_the_limit_of_pixels_is_allowed(tmp_path, monkeypatch):
    monkeypatch.setattr("kerascnn.engine.pictures.MAX_PIXELS", 200)
    assert decode(png(20, 10), tmp_path).pixels.shape == (10, 20, 1)
    with pytest.raises(PictureError, match="has 21 x 10 pixels; the limit is 200"):
        decode(png(21, 10), tmp_path)
    assert MAX_PIXELS == 50_000_000


@pytest.mark.parametrize("name", ["grey 16.png", "grey 16 little.tif", "grey 16 big.tif"])
def test_16_bits_of_grey_are_scaled_to_8(tmp_path, name):
    picture = decode(GOOD[name], tmp_path)
    assert picture.grey
    assert picture.pixels.min() == 0
    assert picture.pixels.max() == 255
    assert picture.pixels.mean() == pytest.approx(127.5, abs=0.5)
    if name == "grey 16.png":
        assert np.array_equal(picture.pixels[..., 0], np.rint(GREY_16 / 257))


def test_16_bits_of_colour_are_scaled_to_8(tmp_path):
    assert decode(GOOD["rgb 16.png"], tmp_path).pixels.tolist() == [[[255, 128, 0]]]


def test_transparency_is_laid_on_white(tmp_path):
    rgba = decode(GOOD["rgba.png"], tmp_path).pixels
    assert rgba[:, 0].tolist() == [[255, 255, 255], [227, 127, 127], [200, 0, 0], [200, 0, 0]]
    la = decode(GOOD["la.png"], tmp_path)
    assert la.grey
    assert la.pixels[:, 0, 0].tolist() == [255] * 4 + [40] * 4
    assert decode(palette(transparency=1), tmp_path).pixels[0, 0].tolist() == [255, 255, 255]
    assert decode(palette(), tmp_path).pixels[0, 0].tolist() == [255, 0, 0]
    rgb = encode(Image.new("RGB", (4, 4), (1, 2, 3)), "PNG", transparency=(1, 2, 3))
    assert decode(rgb, tmp_path).pixels[0, 0].tolist() == [255, 255, 255]


def test_a_cmyk_picture_becomes_rgb(tmp_path):
    picture = decode(encode(Image.new("CMYK", (8, 8), (0, 255, 255, 0)), "JPEG", quality=95), tmp_path)
    assert not picture.grey
    assert picture.pixels.mean((0, 1)) == pytest.approx([255, 0, 0], abs=3)


def test_one_bit_is_black_and_white(tmp_path):
    picture = decode(encode(Image.fromarray(np.eye(8, dtype="uint8") * 255).convert("1"), "PNG"), tmp_path)
    assert np.array_equal(picture.pixels[..., 0], np.eye(8) * 255)


@pytest.mark.parametrize("name", ["moving.gif", "moving.webp", "moving.png"])
def test_an_animation_is_its_first_frame(tmp_path, name):
    picture = decode(GOOD[name], tmp_path)
    assert picture.pixels.shape == (12, 16, 3)
    assert picture.pixels.mean((0, 1)) == pytest.approx([255, 0, 0], abs=3)


# Where the first row and the first column of the stored pixels belong, by the EXIF standard.
STORED = {
    1: lambda upright: upright,
    2: lambda upright: upright[:, ::-1],
    3: lambda upright: upright[::-1, ::-1],
    4: lambda upright: upright[::-1],
    5: lambda upright: upright.swapaxes(0, 1),
    6: lambda upright: upright[:, ::-1].swapaxes(0, 1),
    7: lambda upright: upright[::-1, ::-1].swapaxes(0, 1),
    8: lambda upright: upright[::-1].swapaxes(0, 1),
}


@pytest.mark.parametrize("file_format", ["PNG", "WEBP", "TIFF", "JPEG"])
@pytest.mark.parametrize("orientation", STORED)
def test_a_picture_is_turned_upright(tmp_path, orientation, file_format):
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"JPEG": {"quality": 100, "subsampling": 0}, "WEBP": {"lossless": True}}.get(file_format, {})
    picture = decode(encode(STORED[orientation](RAMP), file_format, exif=exif, **options), tmp_path)
    assert (picture.height, picture.width) == (24, 32)
    assert np.abs(picture.pixels.astype(int) - RAMP).max() <= (6 if file_format == "JPEG" else 0)


@pytest.mark.parametrize("orientation", [0, 9, 255, 65_535])
def test_an_orientation_that_does_not_exist_is_no_turn(tmp_path, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    assert np.array_equal(decode(encode(RAMP, "PNG", exif=exif), tmp_path).pixels, RAMP)


def test_damaged_exif_data_spoil_no_picture(tmp_path):
    exif = Image.Exif()
    exif[0x0112], exif[0x010F], exif[0x011A] = 6, "maker", 72.0
    exif.get_ifd(0x8769)[0x9000] = b"0220"
    whole = exif.tobytes()
    chance = random.Random(3)
    shapes = set()
    for _ in range(300):
        odd = bytearray(whole)
        for _ in range(chance.randint(1, 4)):
            odd[chance.randrange(6, len(odd))] = chance.randrange(256)
        shapes.add(decode(encode(RAMP, "JPEG", exif=bytes(odd)), tmp_path).pixels.shape)
    assert shapes == {(24, 32, 3), (32, 24, 3)}


def test_pillow_warns_nobody(tmp_path):
    (tmp_path / "odd.jpg").write_bytes(GOOD["cut exif.jpg"])
    (tmp_path / "bomb.png").write_bytes(png(10_000, 10_000))
    code = """
import sys, warnings
from pathlib import Path
warnings.simplefilter("always")
from kerascnn.engine.pictures import Form, read_all
print(*map(str, read_all(sorted(Path(sys.argv[1]).iterdir()), Form((4, 4)))))
"""
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True)
    assert "has 10000 x 10000 pixels" in done.stdout
    assert done.stderr == ""


def test_reading_in_threads_leaves_the_warning_filters_alone(tmp_path):
    (tmp_path / "a.jpg").write_bytes(GOOD["cut exif.jpg"])
    before = list(warnings.filters)
    read_all([tmp_path / "a.jpg"] * 200, Form((8, 8)))
    assert warnings.filters == before


def test_pictures_come_in_the_order_that_was_asked_for(tmp_path):
    for i in range(50):
        (tmp_path / f"{i}.png").write_bytes(encode(np.full((4, 4), i, "uint8"), "PNG"))
    (tmp_path / "20.png").write_bytes(b"")
    seen = []
    found = read_all([tmp_path / f"{i}.png" for i in range(50)], AS_IT_IS, lambda: seen.append(1))
    assert isinstance(found.pop(20), PictureError)
    assert [one.pixels[0, 0, 0] for one in found] == [i for i in range(50) if i != 20]
    assert len(seen) == 50


# The form: size and channels.


def test_a_letterboxed_wide_picture_has_bars_above_and_below():
    pixels = read_picture(np.full((20, 40, 3), 200, "uint8"), Form((20, 20), "letterbox")).pixels
    assert pixels.shape == (20, 20, 3)
    assert (pixels[:5] == 0).all()
    assert (pixels[15:] == 0).all()
    assert (pixels[5:15] == 200).all()


def test_a_letterboxed_tall_picture_has_bars_left_and_right():
    pixels = read_picture(np.full((60, 20, 1), 200, "uint8"), Form((30, 30), "letterbox")).pixels
    assert pixels.shape == (30, 30, 1)
    assert (pixels[:, 10:20] == 200).all()
    assert (pixels[:, :10] == 0).all()
    assert (pixels[:, 20:] == 0).all()


@pytest.mark.parametrize("resize", ["letterbox", "center_crop", "resize_crop", "stretch"])
@pytest.mark.parametrize("shape", [(1, 10_000), (10_000, 1), (1, 1), (7, 5), (300, 200), (28, 28)])
def test_any_shape_can_be_brought_to_any_size(shape, resize):
    for channels in (1, 3):
        array = np.full((*shape, channels), 90, "uint8")
        pixels = read_picture(array, Form((28, 20), resize)).pixels
        assert pixels.shape == (28, 20, channels)
        assert pixels.max() == 90
        assert resize == "letterbox" or pixels.min() == 90


def test_a_center_crop_keeps_the_middle():
    array = np.zeros((10, 30, 1), "uint8")
    array[:, 10:20] = 250
    assert (read_picture(array, Form((10, 10), "center_crop")).pixels == 250).all()
    assert (read_picture(array.swapaxes(0, 1), Form((10, 10), "center_crop")).pixels == 250).all()


def test_stretching_keeps_every_part():
    array = np.zeros((10, 40, 1), "uint8")
    array[:, 20:] = 250
    pixels = read_picture(array, Form((10, 10), "stretch")).pixels[..., 0]
    assert (pixels[:, :4] == 0).all()
    assert (pixels[:, 6:] == 250).all()


@pytest.mark.parametrize("resize", ["letterbox", "center_crop", "stretch"])
def test_a_picture_of_the_right_size_is_left_alone(tmp_path, resize):
    assert np.array_equal(decode(PNG, tmp_path, Form((24, 32), resize, 3)).pixels, RAMP)
    assert np.array_equal(read_picture(RAMP, Form((24, 32), resize, 3)).pixels, RAMP)


@pytest.mark.parametrize("size", [None, (24, 32), (10, 10), (50, 20), (64, 64)])
@pytest.mark.parametrize("resize", ["letterbox", "center_crop", "resize_crop", "stretch"])
@pytest.mark.parametrize("channels", [None, 1, 3])
def test_a_file_and_an_array_of_the_same_pixels_are_equal(tmp_path, size, resize, channels):
    form = Form(size, resize, channels)
    for array in (RAMP, RAMP[..., :1]):
        file = decode(encode(array.squeeze(), "PNG"), tmp_path, form)
        picture = read_picture(array, form)
        assert np.array_equal(file.pixels, picture.pixels)
        assert (file.height, file.width, file.grey) == (picture.height, picture.width, picture.grey)
        assert picture.pixels.shape == (*(size or (24, 32)), channels or array.shape[-1])


def test_grey_and_colour_become_one_another(tmp_path):
    colour = decode(PNG, tmp_path, Form(None, channels=1)).pixels
    assert np.abs(colour[..., 0] - RAMP @ [0.299, 0.587, 0.114]).max() <= 1
    grey = decode(encode(RAMP[..., 0], "PNG"), tmp_path, Form(None, channels=3)).pixels
    assert np.array_equal(grey, np.repeat(RAMP[..., :1], 3, axis=-1))


def test_an_array_without_a_channel_axis_is_grey():
    picture = read_picture(RAMP[..., 0], AS_IT_IS)
    assert picture.grey
    assert np.array_equal(picture.pixels, RAMP[..., :1])


@pytest.mark.parametrize(
    "dtype", ["float32", "float64", "int64", "uint32", "int8", "bool", "complex64", "object", "U3"]
)
def test_an_array_of_another_type_is_refused(dtype):
    with pytest.raises(PictureError, match=r"is an array of .*; pictures are uint8 or uint16"):
        read_picture(np.ones((8, 8, 3), dtype), AS_IT_IS)


@pytest.mark.parametrize(
    "shape",
    [(), (8,), (8, 8, 2), (8, 8, 4), (1, 8, 8, 3), (3, 8, 8), (0, 8, 3), (8, 0, 1), (0, 0), (8, 8, 0)],
)
def test_an_array_of_another_shape_is_refused(shape):
    with pytest.raises(PictureError, match=r"has the shape .*; pictures are \(height, width, 1 or 3\)"):
        read_picture(np.zeros(shape, "uint8"), Form((4, 4)))


def test_an_array_may_lie_in_memory_as_it_likes():
    turned = read_picture(RAMP[::-1, ::-2], Form((10, 10)))
    copied = read_picture(np.ascontiguousarray(RAMP[::-1, ::-2]), Form((10, 10)))
    assert turned.sha256 == copied.sha256
    assert np.array_equal(turned.pixels, copied.pixels)


def test_equal_arrays_have_equal_hashes():
    assert read_picture(RAMP, AS_IT_IS).sha256 == read_picture(RAMP.copy(), Form((5, 5))).sha256
    assert read_picture(RAMP, AS_IT_IS).sha256 != read_picture(RAMP[::-1], AS_IT_IS).sha256
