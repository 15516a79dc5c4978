"""What the decoder knows of a picture besides its pixels."""

import hashlib
import io
import json

import numpy as np
import pytest
from PIL import Image

from kerascnn.engine.pictures import Form, read_picture

# pytest's own filters stand above the one that the module sets for Pillow.
pytestmark = pytest.mark.filterwarnings("ignore:::PIL")

RAMP = np.linspace(0, 255, 48 * 64 * 3).reshape(48, 64, 3).astype("uint8")
AS_IT_IS = Form(None)
ALWAYS = {"sha256", "height", "width", "dhash"}


def encode(image, file_format, **options):
    if isinstance(image, np.ndarray):
        image = Image.fromarray(image)
    stream = io.BytesIO()
    image.save(stream, file_format, **options)
    return stream.getvalue()


def facts_of(data, path, form=AS_IT_IS):
    path.write_bytes(data)
    return read_picture(path, form).facts


def odd(data, path):
    return {key: value for key, value in facts_of(data, path).items() if key not in {*ALWAYS, "format"}}


def photo(height=300, width=400):
    """Return something like a photograph: soft shapes of several sizes."""
    chance = np.random.default_rng(5)
    coarse = Image.fromarray(chance.integers(0, 256, (7, 9, 3), "uint8")).resize((width, height), 3)
    fine = Image.fromarray(chance.integers(0, 256, (40, 50, 3), "uint8")).resize((width, height), 3)
    return Image.blend(coarse, fine, 0.3)


def bits_apart(one, other):
    return (int(one["dhash"], 16) ^ int(other["dhash"], 16)).bit_count()


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF", "AVIF"])
def test_a_plain_picture_has_a_format_and_nothing_odd(tmp_path, file_format):
    data = encode(RAMP, file_format)
    facts = facts_of(data, tmp_path / "picture")
    assert facts["format"] == file_format
    assert (facts["height"], facts["width"]) == (48, 64)
    assert facts["sha256"] == hashlib.sha256(data).hexdigest()
    assert set(facts) - ALWAYS - {"format"} == ({"mode"} if file_format == "GIF" else set())
    assert json.loads(json.dumps(facts)) == facts


def test_the_mode_of_storage_is_a_fact_where_it_is_neither_grey_nor_rgb(tmp_path):
    image = Image.fromarray(RAMP)
    for mode, file_format in (("CMYK", "JPEG"), ("P", "PNG"), ("1", "PNG"), ("LA", "PNG"), ("RGBA", "PNG")):
        assert facts_of(encode(image.convert(mode), file_format), tmp_path / "a")["mode"] == mode
    assert "mode" not in facts_of(encode(image.convert("L"), "JPEG"), tmp_path / "a")


def test_a_turn_is_a_fact_and_the_size_is_the_upright_one(tmp_path):
    exif = Image.Exif()
    for orientation, size in ((3, (48, 64)), (6, (64, 48))):
        exif[0x0112] = orientation
        facts = facts_of(encode(RAMP, "JPEG", exif=exif), tmp_path / "a.jpg")
        assert facts["orientation"] == orientation
        assert (facts["height"], facts["width"]) == size
    exif[0x0112] = 1
    assert odd(encode(RAMP, "JPEG", exif=exif), tmp_path / "a.jpg") == {}


@pytest.mark.parametrize("file_format", ["GIF", "PNG", "WEBP", "TIFF"])
def test_the_frames_of_an_animation_are_counted(tmp_path, file_format):
    others = [Image.fromarray(RAMP[::-1]), Image.fromarray(RAMP[:, ::-1])]
    data = encode(Image.fromarray(RAMP), file_format, save_all=True, append_images=others)
    assert facts_of(data, tmp_path / "a")["frames"] == 3
    assert "frames" not in facts_of(encode(RAMP, file_format, save_all=True), tmp_path / "a")


def test_the_frames_of_a_large_file_are_not_counted(tmp_path, monkeypatch):
    monkeypatch.setattr("kerascnn.engine.picture_facts._COUNTED", 100)
    others = [Image.fromarray(RAMP[::-1]), Image.fromarray(RAMP[:, ::-1])]
    data = encode(Image.fromarray(RAMP), "GIF", save_all=True, append_images=others)
    assert facts_of(data, tmp_path / "a.gif")["frames"] == 2


def test_transparency_is_a_fact_only_where_it_was_used(tmp_path):
    rgba = np.dstack([RAMP, np.full((48, 64), 255, "uint8")])
    assert odd(encode(rgba, "PNG"), tmp_path / "a.png") == {"mode": "RGBA"}
    rgba[0, 0, 3] = 254
    assert odd(encode(rgba, "PNG"), tmp_path / "a.png") == {"mode": "RGBA", "alpha": True}
    keyed = encode(RAMP, "PNG", transparency=tuple(RAMP[0, 0].tolist()))
    assert odd(keyed, tmp_path / "a.png") == {"alpha": True}


def test_16_bits_are_a_fact(tmp_path):
    grey = RAMP[..., 0].astype("uint16") * 257
    for file_format, name in (("PNG", "a.png"), ("TIFF", "a.tif")):
        assert odd(encode(grey, file_format), tmp_path / name) == {"mode": "I;16", "bits": 16}
    assert read_picture(grey, Form(None)).facts["bits"] == 16


@pytest.mark.parametrize(
    ("file_format", "name", "odd_one"),
    [
        ("PNG", "a.jpg", ".jpg"),
        ("PNG", "a.JPG", ".JPG"),
        ("JPEG", "a.png", ".png"),
        ("WEBP", "a.jpeg", ".jpeg"),
        ("PNG", "a.npy", ".npy"),
        ("PNG", "a.PNG", None),
        ("JPEG", "a.jfif", None),
        ("MPO", "a.jpg", None),
        ("TIFF", "a.tiff", None),
        ("PPM", "a.pgm", None),
        ("PNG", "a", None),
        ("PNG", "a.0001", None),
    ],
)
def test_an_ending_is_a_fact_where_it_is_that_of_another_format(tmp_path, file_format, name, odd_one):
    assert facts_of(encode(RAMP, file_format), tmp_path / name).get("ending") == odd_one


def test_the_hash_is_one_bit_for_each_place_that_grows_brighter():
    rising = np.tile(np.repeat(np.arange(9, dtype="uint8") * 20, 10), (80, 1))
    assert read_picture(rising, Form(None)).facts["dhash"] == "f" * 16
    assert read_picture(rising[:, ::-1], Form(None)).facts["dhash"] == "0" * 16
    half = rising.copy()
    half[40:] = half[40:, ::-1]
    assert read_picture(half, Form(None)).facts["dhash"] == "f" * 8 + "0" * 8
    last = np.zeros((80, 90), "uint8")
    last[:, 80:] = 200
    assert read_picture(last, Form(None)).facts["dhash"] == "01" * 8


def test_scaling_and_compression_hardly_change_the_hash(tmp_path):
    image = photo()
    whole = facts_of(encode(image, "PNG"), tmp_path / "a")
    changed = [
        encode(image, "JPEG", quality=50),
        encode(image.resize((200, 150)), "PNG"),
        encode(image.resize((900, 700)), "PNG"),
        encode(image.convert("L"), "PNG"),
    ]
    assert max(bits_apart(whole, facts_of(data, tmp_path / "b")) for data in changed) <= 4
    assert bits_apart(whole, facts_of(encode(image.rotate(180), "PNG"), tmp_path / "b")) > 16


def test_the_hash_is_of_the_upright_picture_whatever_the_form(tmp_path):
    image, exif = photo(), Image.Exif()
    upright = facts_of(encode(image, "PNG"), tmp_path / "a")
    exif[0x0112] = 3
    turned = encode(image.transpose(Image.Transpose.ROTATE_180), "PNG", exif=exif)
    assert facts_of(turned, tmp_path / "b")["dhash"] == upright["dhash"]
    for resize in ("letterbox", "center_crop", "resize_crop", "stretch"):
        assert facts_of(encode(image, "PNG"), tmp_path / "b", Form((20, 20), resize, 1))["dhash"] == upright["dhash"]


def test_small_pictures_have_no_hash(tmp_path):
    assert "dhash" not in facts_of(encode(RAMP[:31], "PNG"), tmp_path / "a.png")
    assert "dhash" in facts_of(encode(RAMP[:32], "PNG"), tmp_path / "a.png")
    assert "dhash" not in read_picture(RAMP[:28, :28], Form(None)).facts


def test_one_colour_is_a_fact(tmp_path):
    for shape in ((48, 64, 3), (28, 28, 1), (40, 40, 5)):
        flat = np.full(shape, 77, "uint8")
        form = Form(None, every_channel=True)
        assert read_picture(flat, form).facts["flat"] is True
        flat[-1, -1, -1] = 78
        assert "flat" not in read_picture(flat, form).facts
    assert odd(encode(np.full((48, 64, 3), 9, "uint8"), "PNG"), tmp_path / "a.png") == {"flat": True}
    assert "flat" not in facts_of(encode(RAMP[:, :1].repeat(64, 1), "PNG"), tmp_path / "a.png")


def test_an_array_has_the_facts_of_its_file(tmp_path):
    file, array = facts_of(encode(RAMP, "PNG"), tmp_path / "a.png"), read_picture(RAMP, Form((9, 9))).facts
    assert {**array, "format": "PNG", "sha256": file["sha256"]} == file
