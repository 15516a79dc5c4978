"""Files that mean harm, or suffered it: each is read soundly or refused with its reason, and none takes long."""

import io
import os
import struct
import time
import zipfile
import zlib

import numpy as np
import pytest
from PIL import Image

from kerascnn.engine.pictures import Form, Picture, PictureError, read_all

# pytest's own filters stand above the one that the module sets for Pillow.
pytestmark = pytest.mark.filterwarnings("ignore:::PIL")

SECONDS = 5
PHOTO = np.random.default_rng(0).integers(0, 256, (48, 64, 3), "uint8")
UNKNOWN = "is not a picture of a known format"
FORMS = [Form(None), Form((224, 224), "resize_crop", 3), Form((32, 32), "letterbox", 1)]


def encode(image, file_format, **options):
    if isinstance(image, np.ndarray):
        image = Image.fromarray(image)
    stream = io.BytesIO()
    image.save(stream, file_format, **options)
    return stream.getvalue()


def verdict(path, form):
    """Return the picture or the error. A picture is bytes of the form's size; an error is one line of text."""
    start = time.perf_counter()
    [one] = read_all([path], form)
    assert time.perf_counter() - start < SECONDS
    if isinstance(one, PictureError):
        assert str(one)
        assert "\n" not in str(one)
        return one
    assert isinstance(one, Picture)
    assert one.pixels.dtype == np.uint8
    assert one.pixels.shape[:2] == (form.size or (one.height, one.width))
    assert one.pixels.shape[2] in ((form.channels,) if form.channels else (1, 3))
    assert (one.facts["height"], one.facts["width"]) == (one.height, one.width)
    return one


def chunk(kind, body, crc=None):
    return (
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body) if crc is None else crc)
    )


def png(width, height, *chunks, color=0):
    """Return a PNG by hand, whose rows are the chunks'."""
    head = struct.pack(">IIBBBBB", width, height, 8, color, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + b"".join(chunks) + chunk(b"IEND", b"")


def idat(rows, crc=None):
    return chunk(b"IDAT", zlib.compress(rows), crc)


def tiff(*tags, after=0):
    """Return a TIFF of its tags (number, type, count, value) alone; `after` is where the next picture stands."""
    entries = b"".join(struct.pack("<HHII", *tag) for tag in tags)
    return b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + struct.pack("<I", after) + bytes(64)


GREY_TIFF = ((256, 3, 1, 4), (257, 3, 1, 4), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1), (273, 4, 1, 8))


def npy(array=None, *, header=None, values=b""):
    """Return a .npy file of an array, or of a header of one's own."""
    stream = io.BytesIO()
    if header is None:
        np.save(stream, array, allow_pickle=True)
        return stream.getvalue()
    text = header.encode().ljust(117) + b"\n"
    return b"\x93NUMPY\x01\0" + struct.pack("<H", len(text)) + text + values


def of_shape(shape, dtype="|u1", values=b""):
    return npy(header=f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}}}", values=values)


def jpeg_segment(marker, body):
    """Return a JPEG with a segment of one's own behind its start."""
    whole = encode(PHOTO, "JPEG")
    return whole[:2] + b"\xff" + marker + struct.pack(">H", len(body) + 2) + body + whole[2:]


def zipped():
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as file:
        file.writestr("a.jpg", encode(PHOTO, "JPEG"))
    return stream.getvalue()


def jpeg_of_size(width, height):
    data = bytearray(encode(PHOTO, "JPEG"))
    start = data.index(b"\xff\xc0") + 5
    data[start : start + 4] = struct.pack(">HH", height, width)
    return bytes(data)


class Evil:
    """What would run if it were unpickled."""

    def __reduce__(self):
        return os.mkdir, ("unpickled",)


WHOLE_PNG, WHOLE_JPEG, WHOLE_GIF = encode(PHOTO, "PNG"), encode(PHOTO, "JPEG"), encode(PHOTO, "GIF")
NO_FRAMES = b"GIF89a" + struct.pack("<HHBBB", 4, 4, 0, 0, 0) + b";"

REFUSED = {
    "empty.jpg": (b"", r"is empty \(0 bytes\)"),
    "zeros.jpg": (bytes(1000), UNKNOWN),
    "text.jpg": (b"no picture at all", UNKNOWN),
    "page.png": (b"<!DOCTYPE html><title>404 Not Found</title>", UNKNOWN),
    "zip.jpg": (zipped(), UNKNOWN),
    "drawing.svg": (b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'/>", UNKNOWN),
    "drawing.eps": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n", UNKNOWN),
    "paper.png": (b"%PDF-1.7\n1 0 obj<<>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF", UNKNOWN),
    "program.png": (b"\x7fELF" + bytes(200), UNKNOWN),
    "bomb.png": (png(60_000, 60_000, idat(b"")), "too many pixels|60000 x 60000 pixels"),
    "bomb of a line.png": (png(2_000_000_000, 1, idat(b"")), "too many pixels|2000000000 x 1 pixels"),
    "bomb.jpg": (jpeg_of_size(65_535, 65_535), "too many pixels"),
    "bomb.gif": (WHOLE_GIF[:6] + struct.pack("<HH", 65_535, 65_535) + WHOLE_GIF[10:], "too many pixels|65535 x 65535"),
    "bomb.bmp": (
        b"BM" + struct.pack("<IIIIiiHHIIiiII", 54, 0, 54, 40, 10**6, 10**6, 1, 24, 0, 0, 0, 0, 0, 0),
        "pixels",
    ),
    "bomb.tif": (tiff((256, 4, 1, 10**6), (257, 4, 1, 10**6), *GREY_TIFF[2:]), "pixels"),
    "wrong checksum of the header.png": (WHOLE_PNG[:29] + b"\0\0\0\0" + WHOLE_PNG[33:], "is damaged|" + UNKNOWN),
    "too few rows.png": (png(400, 400, idat(bytes(20))), "is damaged"),
    "no rows.png": (png(4, 4), "is damaged"),
    "no zlib.png": (png(4, 4, chunk(b"IDAT", b"no zlib stream")), "is damaged"),
    "an endless chunk.png": (WHOLE_PNG[:33] + b"\xff\xff\xff\xffIDAT", "is damaged|" + UNKNOWN),
    "no palette.png": (png(4, 4, color=3), "is damaged"),
    "no frames.gif": (NO_FRAMES, "is damaged|" + UNKNOWN),
    "only markers.jpg": (b"\xff\xd8" + b"\xff\xe0\0\x02" * 5000 + b"\xff\xd9", "is damaged|" + UNKNOWN),
    "no picture.tif": (tiff(), "is a damaged TIFF, or one that Pillow cannot read"),
    "a header.tif": (b"MM\0*\0\0\0\x08", "is a damaged TIFF, or one that Pillow cannot read"),
    "points outside.tif": (b"II*\0\xff\xff\xff\x7f", "is a damaged TIFF|is damaged"),
    "no strips.tif": (tiff(*GREY_TIFF[:5]), "is damaged|is a damaged TIFF"),
    "strip outside.tif": (tiff(*GREY_TIFF[:5], (273, 4, 1, 10**8)), "is damaged"),
    "objects.npy": (npy(np.array([Evil()], dtype=object)), "is an array of object; .* objects are never unpickled"),
    "bomb.npy": (of_shape((10**6, 10**6)), "has 1000000 x 1000000 pixels; the limit is 50000000"),
    "longer than the file.npy": (of_shape((1000, 1000), values=bytes(9)), "header says 1000000 bytes .* there are 9"),
    "no number of rows.npy": (of_shape((-1, 5)), r"has the shape \(-1, 5\)"),
    "no rows.npy": (of_shape((0, 5)), r"has the shape \(0, 5\)"),
    "no shape.npy": (of_shape(()), r"has the shape \(\)"),
    "text for a shape.npy": (of_shape("'a'"), "is damaged"),
    "a program for a header.npy": (npy(header="__import__('os').mkdir('unpickled')"), "is damaged"),
    "a deep header.npy": (npy(header="(" * 5000), "is damaged"),
    "an unknown type.npy": (of_shape((4, 4), "<zz"), "is damaged"),
    "a structure.npy": (npy(np.zeros((4, 4), [("a", "u1")])), r"is an array of \[\('a', 'u1'\)\]"),
    "real numbers.npy": (npy(np.full((4, 4), np.nan)), "is an array of float64; pictures are uint8 or uint16"),
    "cut to its name.npy": (b"\x93NUMPY", "is damaged"),
    "an unknown version.npy": (b"\x93NUMPY\x09\x09" + bytes(100), "is damaged"),
}

READ = {
    # The rest of a JPEG that says it ends is grey: its reader takes that for an end.
    "an end in the middle.jpg": WHOLE_JPEG[: len(WHOLE_JPEG) // 2] + b"\xff\xd9",
    "larger than said.jpg": jpeg_of_size(4000, 3000),
    # The rows have a checksum of their own.
    "wrong checksum of a chunk.png": png(4, 4, idat(bytes(20), crc=1)),
    "garbage behind the end.jpg": WHOLE_JPEG + os.urandom(5000),
    "garbage in a comment.jpg": jpeg_segment(b"\xfe", os.urandom(3000)),
    "garbage for exif.jpg": jpeg_segment(b"\xe1", b"Exif\0\0MM\0*" + b"\xff" * 3000),
    "exif in a circle.jpg": jpeg_segment(b"\xe1", b"Exif\0\0" + tiff((0x8769, 4, 1, 8), after=8)),
    "exif without an end.jpg": jpeg_segment(b"\xe1", b"Exif\0\0II*\0\x08\0\0\0\xff\xff"),
    "garbage for a profile.jpg": encode(PHOTO, "JPEG", icc_profile=os.urandom(2000)),
    "garbage for a profile.png": encode(PHOTO, "PNG", icc_profile=os.urandom(2000)),
    "cmyk with a wrong profile.jpg": encode(
        Image.fromarray(PHOTO).convert("CMYK"), "JPEG", icc_profile=b"\0\0\0\x80RGB XYZ" + bytes(116)
    ),
    "a segment of photoshop.jpg": jpeg_segment(b"\xed", b"Photoshop 3.0\0" + b"8BIM" * 300),
    "a wrong mpo.jpg": jpeg_segment(b"\xe2", b"MPF\0II*\0" + b"\xff" * 300),
    "16 bits.png": encode(PHOTO[..., 0].astype("uint16") * 257, "PNG"),
    "one pixel.png": encode(PHOTO[:1, :1], "PNG"),
    "one pixel.jpg": encode(PHOTO[:1, :1], "JPEG"),
    "a line.png": encode(np.zeros((1, 60_000), "uint8"), "PNG"),
    "a column.png": encode(np.zeros((60_000, 1), "uint8"), "PNG"),
    "see-through palette.gif": encode(Image.fromarray(PHOTO).convert("P"), "GIF", transparency=3),
    "in a circle.tif": tiff(*GREY_TIFF, after=8),
    "garbage behind the first frame.gif": WHOLE_GIF[:-1] + b"\x2c" + os.urandom(200),
    "a zip behind the end.png": WHOLE_PNG + zipped(),
    "more values than said.npy": of_shape((4, 4), values=bytes(500)),
    "one pixel.npy": npy(np.zeros((1, 1), "uint8")),
    "columns first.npy": npy(np.asfortranarray(PHOTO)),
}


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused_with_its_reason(tmp_path, name, monkeypatch):
    monkeypatch.chdir(tmp_path)
    data, reason = REFUSED[name]
    (tmp_path / name).write_bytes(data)
    for form in FORMS:
        error = verdict(tmp_path / name, form)
        with pytest.raises(PictureError, match=reason):
            raise error
    assert os.listdir(tmp_path) == [name]


@pytest.mark.parametrize("name", READ)
def test_it_is_read(tmp_path, name):
    (tmp_path / name).write_bytes(READ[name])
    for form in FORMS:
        one = verdict(tmp_path / name, form)
        assert isinstance(one, Picture), one


def test_what_is_read_shows_what_was_stored(tmp_path):
    for name in ("a zip behind the end.png", "garbage for a profile.png", "columns first.npy"):
        (tmp_path / name).write_bytes(READ[name])
        assert np.array_equal(verdict(tmp_path / name, FORMS[0]).pixels, PHOTO)
    for name in (name for name in READ if name.endswith(".jpg") and "pixel" not in name and "cmyk" not in name):
        (tmp_path / name).write_bytes(READ[name])
        plain = np.asarray(Image.open(io.BytesIO(READ[name])).convert("RGB"))
        assert np.array_equal(verdict(tmp_path / name, FORMS[0]).pixels, plain)


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP"])
def test_a_file_that_is_cut_anywhere_is_refused(tmp_path, file_format):
    data = encode(PHOTO, file_format, **({"compression": "tiff_lzw"} if file_format == "TIFF" else {}))
    for i in range(40):
        length = max(1, len(data) * i // 40)
        (tmp_path / f"{i}").write_bytes(data[:length])
        for form in FORMS[1:]:
            assert isinstance(verdict(tmp_path / f"{i}", form), PictureError), length


def test_a_cut_array_is_refused(tmp_path):
    data = npy(PHOTO)
    for length in (7, 9, 20, 127, 128, len(data) // 2, len(data) - 1):
        (tmp_path / "a.npy").write_bytes(data[:length])
        assert str(verdict(tmp_path / "a.npy", FORMS[0])).startswith("is damaged")


def test_a_large_jpeg_that_is_decoded_in_part_is_still_read_to_its_end(tmp_path):
    data = encode(Image.fromarray(PHOTO).resize((1600, 1200)), "JPEG")
    for share in (0.3, 0.6, 0.9):
        (tmp_path / "a.jpg").write_bytes(data[: int(len(data) * share)])
        assert str(verdict(tmp_path / "a.jpg", Form((32, 32)))).startswith("is damaged")


def test_a_million_frames_take_no_time(tmp_path):
    frame = b"\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02\x02\x44\x01\0"
    (tmp_path / "a.gif").write_bytes(encode(Image.new("P", (4, 4)), "GIF")[:-1] + frame * 1_000_000 + b";")
    assert verdict(tmp_path / "a.gif", FORMS[0]).facts["frames"] == 2


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no FIFOs")
def test_what_is_no_file_is_refused(tmp_path):
    os.mkfifo(tmp_path / "fifo.jpg")
    (tmp_path / "folder.jpg").mkdir()
    (tmp_path / "loop.jpg").symlink_to(tmp_path / "loop.jpg")
    for name, reason in {
        "fifo": "not a regular file",
        "folder": "not a regular file",
        "loop": "cannot be read",
    }.items():
        assert reason in str(verdict(tmp_path / f"{name}.jpg", FORMS[0]))


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_refused(tmp_path):
    (tmp_path / "a.png").write_bytes(WHOLE_PNG)
    (tmp_path / "a.png").chmod(0)
    assert "Permission denied" in str(verdict(tmp_path / "a.png", FORMS[0]))


@pytest.mark.parametrize("name", ["new\nline.png", os.fsdecode(b"\xff\xfe.jpg"), "\x1b[2J.npy", "a.\udcff"])
def test_a_hostile_name_is_a_name(tmp_path, name):
    (tmp_path / name).write_bytes(WHOLE_PNG)
    assert np.array_equal(verdict(tmp_path / name, FORMS[0]).pixels, PHOTO)


def test_noise_behind_a_true_beginning_is_never_more_than_refused(tmp_path):
    chance = np.random.default_rng(3)
    beginnings = [WHOLE_PNG[:40], WHOLE_JPEG[:200], WHOLE_GIF[:30], b"II*\0", b"RIFF\x10\0\0\0WEBP", npy(PHOTO)[:60]]
    for i, start in enumerate(beginnings * 15):
        (tmp_path / f"{i}").write_bytes(start + chance.bytes(800))
    for i in range(len(beginnings) * 15):
        verdict(tmp_path / f"{i}", FORMS[1])
