import os

import numpy as np
import pytest
from PIL import Image

from kerascnn.errors import DataError
from kerascnn_dashboard.logic import pictures
from kerascnn_dashboard.logic.pictures import array_picture, curve, excerpt, thumbnail


def made(home, picture, name="a.png", **options):
    file = home.folder / name
    picture.save(file, **options)
    return Image.open(thumbnail(home, file)).convert("RGB")


def test_a_large_picture_becomes_one_of_256_pixels(home):
    assert made(home, Image.new("RGB", (1000, 500), "red"), "a.jpg").size == (256, 128)


def test_a_tiny_picture_is_shown_with_larger_pixels(home):
    small = Image.new("L", (8, 8))
    small.putpixel((0, 0), 255)
    shown = made(home, small)
    assert shown.size == (96, 96)
    assert shown.getpixel((11, 11)) == (255, 255, 255)
    assert shown.getpixel((12, 12)) == (0, 0, 0)


def test_a_picture_is_turned_as_its_exif_data_say(home):
    lying = Image.new("RGB", (200, 100), "red")
    lying.paste("blue", (0, 0, 100, 100))
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned to the right
    shown = made(home, lying, "turned.jpg", exif=exif)
    assert shown.size == (100, 200)
    assert shown.getpixel((50, 20))[2] > 200


def test_sixteen_bits_become_eight(home):
    grey = Image.fromarray(np.full((100, 100), 40_000, "uint16"))
    assert made(home, grey, "deep.tiff").getpixel((5, 5)) == (156, 156, 156)


def test_cmyk_becomes_rgb(home):
    assert made(home, Image.new("CMYK", (100, 100), (0, 255, 255, 0)), "print.jpg").getpixel((5, 5))[0] > 200


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparency_lies_on_white(home, mode):
    assert made(home, Image.new(mode, (100, 100), 0)).getpixel((5, 5)) == (255, 255, 255)


def test_a_transparent_colour_of_a_palette_lies_on_white(home):
    picture = Image.new("P", (100, 100), 3)
    picture.putpalette([10, 20, 30] * 8)
    assert made(home, picture, "p.png", transparency=3).getpixel((5, 5)) == (255, 255, 255)


def test_an_array_in_a_file_is_a_picture(home):
    file = home.folder / "a.npy"
    np.save(file, np.full((100, 120, 5), 7, "uint8"))
    shown = Image.open(thumbnail(home, file))
    assert (shown.size, shown.mode, shown.getpixel((1, 1))) == ((120, 100), "RGB", (7, 7, 7))


def test_a_thumbnail_is_made_once_and_again_when_the_file_changes(home):
    file = home.folder / "a.png"
    Image.new("RGB", (300, 300), "red").save(file)
    first = thumbnail(home, file)
    written = first.stat().st_mtime_ns
    assert thumbnail(home, file) == first
    assert first.stat().st_mtime_ns == written
    Image.new("RGB", (300, 300), "blue").save(file)
    os.utime(file, ns=(1, 1))
    assert thumbnail(home, file) != first


@pytest.mark.parametrize("content", [b"", b"no picture", b"%!PS-Adobe-3.0 EPSF-3.0\n", b"\x89PNG\r\n\x1a\n"])
def test_what_is_no_picture_is_named(home, content):
    file = home.folder / "odd.png"
    file.write_bytes(content)
    with pytest.raises(DataError, match=r"odd\.png"):
        thumbnail(home, file)


def test_a_file_that_is_gone_is_named(home):
    with pytest.raises(DataError, match="is not there any more"):
        thumbnail(home, home.folder / "gone.png")


def test_too_many_pixels_are_refused_before_they_are_decoded(home, monkeypatch):
    monkeypatch.setattr(pictures, "MAX_PIXELS", 100)
    with pytest.raises(DataError, match="20 x 20 pixels, too many"):
        made(home, Image.new("1", (20, 20)))


def test_an_array_of_objects_is_never_unpickled(home):
    file = home.folder / "bad.npy"
    np.save(file, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(DataError, match=r"bad\.npy"):
        thumbnail(home, file)


def test_an_array_of_numbers_with_fractions_is_no_picture():
    with pytest.raises(DataError, match="float32"):
        array_picture(np.zeros((4, 4), "float32"))


def test_an_excerpt_is_one_line_without_what_cannot_be_printed():
    assert excerpt("a\n\n b\x1b[2J", 20) == "a b\\x1b[2J"
    assert excerpt("abc" * 200).endswith("...")


def test_a_short_series_is_drawn_whole_without_missing_values_and_fill():
    rows = curve(np.array([[1.0], [np.nan], [3.0], [np.nan]]))
    assert rows == [{"channel": "1", "step": 0, "value": 1.0}, {"channel": "1", "step": 2, "value": 3.0}]


def test_a_long_series_keeps_its_peaks_and_at_most_four_channels():
    values = np.zeros((10_000, 6))
    values[4321, 1] = 9.0
    rows = curve(values)
    assert {row["channel"] for row in rows} == {"1", "2", "3", "4"}
    assert {"channel": "2", "step": 4321, "value": 9.0} in rows
    assert len(rows) <= 4 * 2 * 160


def test_a_series_of_nothing_has_no_rows():
    assert curve(np.full((5, 1), np.nan)) == []
