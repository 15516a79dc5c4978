"""What payloads look like on a page."""

import io

import numpy as np
from PIL import Image

from kerascnn_dashboard.logic.looks import address_of, beginning, curves, picture


def test_pictures_are_small_whether_files_or_arrays(home, tmp_path):
    Image.new("RGB", (600, 300)).save(tmp_path / "a.png")
    for payload in (tmp_path / "a.png", np.zeros((300, 600, 3), "uint8"), np.zeros((300, 600), "uint16")):
        with Image.open(io.BytesIO(picture(home, payload, 128))) as small:
            assert small.size == (128, 64)


def test_what_is_no_picture_is_none(home, tmp_path):
    (tmp_path / "b.png").write_bytes(b"no picture")
    for payload in (tmp_path / "b.png", tmp_path / "gone.png", "text", None, np.zeros((5, 2), "float32")):
        assert picture(home, payload) == b""
    assert address_of(b"") == ""
    assert address_of(b"x").startswith("data:image/png;base64,")


def test_texts_show_their_beginnings(tmp_path):
    (tmp_path / "a.txt").write_text("Grüße\n\n an   alle", "utf-16")
    assert beginning(tmp_path / "a.txt") == "Grüße an alle"
    assert beginning("one two", 3) == "one..."
    assert beginning(tmp_path / "gone.txt") == beginning(np.zeros(3)) == ""


def test_series_become_rows_of_a_chart(tmp_path):
    (tmp_path / "a.csv").write_text("x,y\n1,2\n3,\n")
    np.save(tmp_path / "b.npy", np.arange(3.0))
    assert [(row["channel"], row["value"]) for row in curves(tmp_path / "a.csv")] == [("1", 1), ("1", 3), ("2", 2)]
    assert [row["value"] for row in curves(tmp_path / "b.npy")] == [0, 1, 2]
    assert len(curves(np.zeros((1000, 9)))) <= 4 * 2 * 160
    (tmp_path / "c.csv").write_text("a,b\nc,d\n")
    for payload in (tmp_path / "c.csv", tmp_path / "gone.npy", "text", None):
        assert not curves(payload)
