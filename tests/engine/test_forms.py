"""The form in which a model takes pictures: size, channels, values."""

import io

import numpy as np
import pytest
from PIL import Image

from kerascnn.engine.forms import Form, PictureError, spare
from kerascnn.engine.pictures import read_picture

ALL = Form(None, every_channel=True)


def npy(array):
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def read(data, path, form=ALL):
    path.write_bytes(data)
    return read_picture(path, form)


def many_channels(channels=5, dtype="uint8"):
    return np.random.default_rng(1).integers(0, np.iinfo(dtype).max, (40, 50, channels), dtype)


@pytest.mark.parametrize("channels", [1, 2, 3, 4, 13, 64])
def test_every_channel_of_an_array_and_of_its_file_is_kept(tmp_path, channels):
    array = many_channels(channels)
    file = read(npy(array), tmp_path / "a.npy")
    assert np.array_equal(read_picture(array, ALL).pixels, array)
    assert np.array_equal(file.pixels, array)
    assert (file.height, file.width, file.grey) == (40, 50, channels == 1)
    assert file.facts["format"] == "NPY"
    assert set(file.facts) == {"sha256", "height", "width", "format", "dhash"}


@pytest.mark.parametrize(
    "array", [np.asfortranarray(many_channels(3)), many_channels(3)[..., 0], many_channels(3)[:, ::2]]
)
def test_a_file_may_hold_its_array_in_any_order(tmp_path, array):
    expected = array if array.ndim == 3 else array[..., None]
    assert np.array_equal(read(npy(array), tmp_path / "a.npy", Form(None)).pixels, expected)


def test_many_channels_are_asked_for_by_name(tmp_path):
    for channels in (2, 4, 64):
        with pytest.raises(PictureError, match=r"pictures are \(height, width, 1 or 3\); data.color: all keeps all"):
            read(npy(many_channels(channels)), tmp_path / "a.npy", Form(None))
    with pytest.raises(PictureError, match=r"has the shape \(40, 50, 65\); pictures are \(height, width, 1 to 64\)$"):
        read_picture(many_channels(65), ALL)


def test_channels_are_resized_one_by_one():
    array = many_channels(5)
    for resize in ("letterbox", "center_crop", "resize_crop", "stretch"):
        pixels = read_picture(array, Form((20, 24), resize, every_channel=True)).pixels
        assert pixels.shape == (20, 24, 5)
        for i in range(5):
            assert np.array_equal(pixels[..., i : i + 1], read_picture(array[..., i], Form((20, 24), resize)).pixels)


def test_another_number_of_channels_than_that_of_the_model_is_refused(tmp_path):
    form = Form((20, 20), channels=5, every_channel=True)
    assert read_picture(many_channels(5), form).pixels.shape == (20, 20, 5)
    for channels in (1, 3, 4):
        with pytest.raises(PictureError, match=f"has {channels} channels where 5 are wanted"):
            read_picture(many_channels(channels), form)
    path = tmp_path / "a.png"
    Image.fromarray(many_channels(3)).save(path)
    with pytest.raises(PictureError, match="has 3 channels where 5 are wanted"):
        read_picture(path, form)


@pytest.mark.parametrize("dtype", ["uint16", ">u2"])
def test_16_bits_become_8_by_the_whole_range(tmp_path, dtype):
    array = np.array([[0, 128, 129, 65_535]], dtype)
    expected = [0, 0, 1, 255]
    assert read_picture(array, Form(None)).pixels.ravel().tolist() == expected
    assert read(npy(array), tmp_path / "a.npy").pixels.ravel().tolist() == expected


def test_the_stored_values_that_become_black_and_white_can_be_said(tmp_path):
    array = np.array([[0, 1000, 1500, 2000, 65_535]], "uint16")
    form = Form(None, values=(1000, 2000))
    Image.fromarray(array).save(tmp_path / "a.png")
    Image.fromarray(array).save(tmp_path / "a.tif")
    (tmp_path / "a.npy").write_bytes(npy(array))
    for payload in (array, tmp_path / "a.png", tmp_path / "a.tif", tmp_path / "a.npy"):
        assert read_picture(payload, form).pixels.ravel().tolist() == [0, 0, 128, 255, 255]
    assert read_picture(array.astype("uint8"), form).pixels.ravel().tolist() == [0, 232, 220, 208, 255]


def test_values_may_fall_where_the_brightness_rises():
    assert read_picture(np.array([[0, 65_535]], "uint16"), Form(None, values=(65_535, 0))).pixels.ravel().tolist() == [
        255,
        0,
    ]


def test_a_tiff_of_a_kind_that_pillow_cannot_read_is_refused(tmp_path):
    (tmp_path / "a.tif").write_bytes(tiff(5, 16))
    with pytest.raises(PictureError, match=r"one that Pillow cannot read, such as one of many channels; save it as"):
        read_picture(tmp_path / "a.tif", ALL)


@pytest.mark.parametrize("channels", [4, 5])
def test_a_tiff_whose_further_channels_pillow_drops_is_refused_where_all_are_asked_for(tmp_path, channels):
    (tmp_path / "a.tif").write_bytes(tiff(channels, 8))
    assert read_picture(tmp_path / "a.tif", Form(None)).pixels.tolist() == [[[1, 2, 3]]]
    with pytest.raises(PictureError, match=f"is a TIFF of {channels} channels, of which Pillow keeps 3; save it as"):
        read_picture(tmp_path / "a.tif", ALL)


def tiff(channels, bits):
    """Return a TIFF of one pixel by hand: RGB and channels of unknown meaning."""
    pixel = b"".join(i.to_bytes(bits // 8, "little") for i in range(1, channels + 1))
    more = channels - 3
    tags = [(256, 3, [1]), (257, 3, [1]), (258, 3, [bits] * channels), (259, 3, [1]), (262, 3, [2]), (273, 4, [8])]
    tags += [(277, 3, [channels]), (278, 3, [1]), (279, 4, [len(pixel)]), (338, 3, [0] * more)]
    pixel += b"\0" * (len(pixel) % 2)
    start = 8 + len(pixel)
    extra, after = b"", start + 2 + 12 * len(tags) + 4
    entries = b""
    for tag, kind, values in tags:
        packed = b"".join(value.to_bytes(2 if kind == 3 else 4, "little") for value in values)
        if len(packed) > 4:
            place, extra = (after + len(extra)).to_bytes(4, "little"), extra + packed
        else:
            place = packed.ljust(4, b"\0")
        entries += tag.to_bytes(2, "little") + kind.to_bytes(2, "little") + len(values).to_bytes(4, "little") + place
    return b"II*\0" + start.to_bytes(4, "little") + pixel + len(tags).to_bytes(2, "little") + entries + bytes(4) + extra


def test_16_bits_of_colour_are_refused_where_their_values_are_named(tmp_path):
    data = many_channels(3, "uint16")
    row = b"\0" + data[:1].astype(">u2").tobytes()
    (tmp_path / "a.png").write_bytes(png_16(50, row))
    assert read_picture(tmp_path / "a.png", Form(None, values=(0, 65_535))).facts["bits"] == 16
    with pytest.raises(PictureError, match="holds 16 bits of which Pillow keeps 8; save it as"):
        read_picture(tmp_path / "a.png", Form(None, values=(0, 4095)))


def png_16(width, row):
    import struct
    import zlib

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", width, 1, 16, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(row)) + chunk(b"IEND", b"")


# Resizing.


@pytest.mark.parametrize("shape", [(480, 640), (640, 480), (100, 100), (300, 1000)])
def test_a_resize_crop_is_the_middle_of_a_picture_at_8_sevenths(shape):
    across, down = np.meshgrid(np.linspace(0, 250, shape[1]), np.linspace(0, 250, shape[0]))
    array = ((across + down) / 2).round().astype("uint8")
    scale = 256 / min(shape)
    inner = round(shape[1] * scale), round(shape[0] * scale)
    whole = np.asarray(Image.fromarray(array).resize(inner, Image.Resampling.BILINEAR)).astype(int)
    top, left = (inner[1] - 224) // 2, (inner[0] - 224) // 2
    pixels = read_picture(array, Form((224, 224), "resize_crop")).pixels[..., 0]
    assert pixels.shape == (224, 224)
    assert np.abs(pixels - whole[top : top + 224, left : left + 224]).max() <= 1


def test_a_resize_crop_shows_no_more_than_seven_eighths():
    array = np.zeros((160, 160, 1), "uint8")
    array[10:150, 10:150] = 200
    assert read_picture(array, Form((70, 70), "resize_crop")).pixels[1:-1, 1:-1].min() == 200
    assert read_picture(array, Form((160, 160), "resize_crop")).pixels[1:-1, 1:-1].min() == 200
    assert read_picture(array, Form((70, 70), "center_crop")).pixels[3].max() == 0


def test_a_long_line_is_cropped_without_being_blown_up():
    for shape in ((1, 60_000), (60_000, 1)):
        assert read_picture(np.full(shape, 9, "uint8"), Form((224, 224), "resize_crop")).pixels.min() == 9


# JPEGs that are decoded at a part of their size.


@pytest.mark.parametrize(
    ("size", "form", "part"),
    [
        ((4000, 3000), Form((224, 224)), 8),
        ((4000, 3000), Form((400, 400), "center_crop"), 4),
        ((4000, 3000), Form((370, 370), "resize_crop"), 4),
        ((4000, 3000), Form((370, 370), "center_crop"), 8),
        ((4000, 3000), Form((400, 224), "stretch"), 4),
        ((4001, 2999), Form((400, 400)), 8),
        ((500, 375), Form((160, 160), "stretch"), 2),
        ((448, 336), Form((224, 224)), 2),
        ((446, 336), Form((224, 224)), 1),
        ((4000, 3000), Form(None), 1),
        ((4000, 3000), Form((3000, 4000)), 1),
    ],
)
def test_what_is_decoded_has_as_many_pixels_as_are_shown(size, form, part):
    assert spare(*size, form) == part


@pytest.mark.parametrize("orientation", [1, 6])
@pytest.mark.parametrize("width", [1600, 1597])
@pytest.mark.parametrize("resize", ["letterbox", "center_crop", "resize_crop", "stretch"])
def test_a_large_jpeg_is_hardly_another_picture_than_without_the_shortcut(
    tmp_path, resize, width, orientation, monkeypatch
):
    chance = np.random.default_rng(2)
    coarse, fine = (Image.fromarray(chance.integers(0, 256, (n, n, 3), "uint8")) for n in (12, 150))
    image = Image.blend(coarse.resize((width, 1200), 3), fine.resize((width, 1200), 3), 0.3)
    exif = Image.Exif()
    exif[0x0112] = orientation
    image.save(tmp_path / "a.jpg", quality=90, exif=exif)
    form = Form((96, 96), resize, 3)
    short = read_picture(tmp_path / "a.jpg", form)
    monkeypatch.setattr("kerascnn.engine.pictures.spare", lambda *_: 1)
    whole = read_picture(tmp_path / "a.jpg", form)
    apart = np.abs(short.pixels.astype(int) - whole.pixels)
    assert apart.any()
    assert apart.mean() < 1
    assert apart.max() <= 10
    assert (
        (short.height, short.width)
        == (whole.height, whole.width)
        == ((1200, width) if orientation == 1 else (width, 1200))
    )
    assert short.sha256 == whole.sha256
