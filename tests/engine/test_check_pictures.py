"""What the check of a data set finds about its pictures."""

import base64
from typing import Any

import numpy as np
import pytest

from kerascnn.engine import check_pictures
from kerascnn.engine.check import Finding, check


def thumb(number: int, noise: float = 0) -> str:
    """Return a thumbnail that is like no other number's, with some noise of that many grey levels."""
    values = np.random.default_rng(number).integers(20, 236, 256)
    changed = values + noise * np.random.default_rng(999).standard_normal(256)
    return base64.b64encode(changed.clip(0, 255).astype("uint8").tobytes()).decode()


def picture(number: int, label: str = "cat", split: str = "train", **facts: Any) -> dict[str, Any]:
    """Return the manifest line of a picture of 64 x 64 pixels whose hash is far from that of any other."""
    spread = f"{(number * 0x9E3779B97F4A7C15) % 2**64:016x}"
    plain = {"height": 64, "width": 64, "format": "JPEG", "dhash": spread, "thumb": thumb(number)}
    return {"id": f"{number}.jpg", "sha256": f"sha {number}", "label": label, "split": split, **plain, **facts}


def some(count: int, start: int = 0, label: str = "cat", split: str = "train", **facts: Any) -> list[dict[str, Any]]:
    return [picture(i, label, split, **facts) for i in range(start, start + count)]


SOUND = [*some(20), *some(20, 20, "dog"), *some(5, 40, "cat", "test"), *some(5, 45, "dog", "test")]


def found(manifest: list[dict[str, Any]], **how: Any) -> dict[str, Finding]:
    return {finding.id: finding for finding in check(manifest, **how)}


def test_sound_pictures_have_no_findings() -> None:
    assert check(SOUND, image_size=(64, 64)) == []
    assert check(SOUND, image_size=(224, 224), resize="stretch") == []


@pytest.mark.parametrize(
    ("facts", "name", "what"),
    [
        ({"ending": ".png"}, "wrong-ending", "1 file has the ending of another format; read by content"),
        ({"orientation": 6}, "exif-rotation", "1 picture is stored lying or mirrored; turned upright"),
        ({"mode": "CMYK"}, "cmyk", "1 picture is in CMYK, the colours of print; turned to RGB"),
        ({"mode": "RGBA", "alpha": True}, "transparency", "1 picture is transparent in places; laid on white"),
        ({"mode": "I;16", "bits": 16}, "sixteen-bit", "1 picture has 16 bits a channel; scaled to 8 bits"),
        ({"frames": 7}, "animation", "1 file has several frames; the first frame is used"),
    ],
)
def test_what_was_done_with_an_unusual_picture_is_a_note(facts: dict[str, Any], name: str, what: str) -> None:
    all_found = found([*SOUND, picture(99, **facts)])
    assert set(all_found) == {name}
    assert all_found[name].severity == "note"
    assert all_found[name].message.startswith(what)
    assert all_found[name].samples == ("99.jpg",)


def test_several_are_spoken_of_as_several() -> None:
    manifest = [*SOUND, *some(2, 90, ending=".png"), *some(2, 92, orientation=3)]
    assert found(manifest)["wrong-ending"].message.startswith("2 files have the ending")
    assert found(manifest)["exif-rotation"].message.startswith("2 pictures are stored")


def test_pictures_of_one_colour_are_found_and_are_no_near_duplicates() -> None:
    all_found = found([*SOUND, *some(3, 90, dhash="0" * 16, flat=True)])
    assert set(all_found) == {"flat-picture"}
    assert all_found["flat-picture"].severity == "warning"
    assert all_found["flat-picture"].samples == ("90.jpg", "91.jpg", "92.jpg")


def test_tiny_pictures_are_found() -> None:
    manifest = [*SOUND, picture(90, height=15, width=15), picture(91, height=55, width=55)]
    assert found(manifest, image_size=(64, 64))["tiny-picture"].samples == ("90.jpg",)
    assert found(manifest, image_size=(224, 224))["tiny-picture"].samples == ("90.jpg", "91.jpg")
    assert "enlarged to 224 x 224" in found(manifest, image_size=(224, 224))["tiny-picture"].message
    assert "tiny-picture" not in found(manifest)


def test_small_pictures_at_their_own_size_are_not_tiny() -> None:
    assert check([line | {"height": 8, "width": 8} for line in SOUND], image_size=(8, 8)) == []


def test_mixed_sizes_are_said() -> None:
    manifest = [*SOUND, picture(90, height=30, width=40), picture(91, height=100, width=90)]
    finding = found(manifest, resize="center_crop")["mixed-sizes"]
    assert finding.severity == "note"
    assert finding.message == (
        "pictures have 3 sizes, from 30 x 40 to 100 x 90 (height x width; median 64 x 64); all are brought to one by "
        "resize: center_crop"
    )


def test_mixed_shapes_are_a_warning_where_they_are_stretched() -> None:
    manifest = [*SOUND, *some(10, 60, width=96), *some(10, 70, height=96, label="dog")]
    finding = found(manifest)["mixed-aspect-ratio"]
    assert (finding.severity, finding.message) == (
        "note",
        "pictures have different shapes, width / height from 0.67 to 1.50 for 9 of 10; resize: letterbox keeps their "
        "shapes",
    )
    stretched = found(manifest, resize="stretch")["mixed-aspect-ratio"]
    assert stretched.severity == "warning"
    assert "stretch distorts them; letterbox keeps their shapes" in stretched.message
    assert "mixed-aspect-ratio" not in found([*SOUND, *some(10, 60, width=90)])


def near(line: dict[str, Any], number: int, bits: int, **facts: Any) -> dict[str, Any]:
    """Return another line whose hash differs in this many bits."""
    dhash = f"{int(line['dhash'], 16) ^ ((1 << bits) - 1):016x}"
    return picture(number, **{"thumb": line["thumb"], **facts, "dhash": dhash})


def test_near_duplicates_in_one_split_are_a_note() -> None:
    all_found = found([*SOUND, near(SOUND[3], 90, 4), near(SOUND[4], 91, 5)])
    assert set(all_found) == {"near-duplicate"}
    assert all_found["near-duplicate"].severity == "note"
    assert all_found["near-duplicate"].samples == ("3.jpg", "90.jpg")
    assert all_found["near-duplicate"].message.startswith("2 pictures look almost like another of the same split")


def test_near_duplicates_in_two_splits_are_a_warning() -> None:
    all_found = found([*SOUND, near(SOUND[3], 90, 2, split="test")])
    assert set(all_found) == {"near-duplicate-across-splits"}
    assert all_found["near-duplicate-across-splits"].severity == "warning"
    assert all_found["near-duplicate-across-splits"].samples == ("3.jpg", "90.jpg")


def test_near_duplicates_of_two_classes_are_a_note() -> None:
    all_found = found([*SOUND, near(SOUND[3], 90, 2, label="dog")])
    assert set(all_found) == {"near-duplicate", "near-duplicate-label"}
    assert all_found["near-duplicate-label"].severity == "note"
    assert set(found([*SOUND, near(SOUND[3], 90, 2, label="")])) == {"near-duplicate"}


def test_pictures_with_near_hashes_are_no_near_duplicates_where_their_thumbnails_differ() -> None:
    assert found([*SOUND, near(SOUND[3], 90, 2, thumb=thumb(90))]) == {}
    assert set(found([*SOUND, near(SOUND[3], 90, 2, thumb=thumb(3, noise=5))])) == {"near-duplicate"}
    assert found([*SOUND, near(SOUND[3], 90, 2, thumb=thumb(3, noise=30))]) == {}


def test_a_copy_is_no_near_duplicate() -> None:
    assert set(found([*SOUND, near(SOUND[3], 90, 0, sha256="sha 3")])) == {"duplicate"}


def test_pictures_that_are_all_alike_are_not_called_near_duplicates(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check_pictures, "MOST_PAIRS", 2)
    manifest = [*SOUND, *(near(SOUND[3], 90 + i, i, split="test") for i in range(3))]
    assert set(found(manifest)) == {"near-duplicate"}
    assert "too much alike" in found(manifest)["near-duplicate"].message


@pytest.mark.parametrize(
    ("facts", "what"),
    [
        ({"height": 60, "width": 60}, "the size in pixels alone tells the class of 100% of the pictures"),
        ({"format": "PNG"}, "the file format alone tells the class of 100% of the pictures"),
        ({"mode": "P"}, "the colour mode alone tells the class of 100% of the pictures"),
    ],
)
def test_a_trait_of_the_file_that_tells_the_class_is_a_warning(facts: dict[str, Any], what: str) -> None:
    finding = found([*some(50), *some(50, 50, "dog", **facts)])["size-tells-class"]
    assert finding.severity == "warning"
    assert finding.message.startswith(what)


def test_a_trait_tells_a_class_from_95_of_100_on() -> None:
    for strangers, tells in ((5, True), (6, False)):
        other = [*some(50 - strangers, 50, "dog", height=60), *some(strangers, 200, "dog")]
        assert ("size-tells-class" in found([*some(50), *other])) == tells


def test_sizes_that_no_two_pictures_share_tell_nothing() -> None:
    manifest = [picture(i, "cat" if i % 2 else "dog", height=64 + i) for i in range(50)]
    assert "size-tells-class" not in found(manifest)


def test_a_class_that_most_belong_to_is_no_telling_size() -> None:
    assert "size-tells-class" not in found([*some(85), *some(15, 100, "dog", height=60)])


def test_pictures_without_a_class_are_checked_too() -> None:
    manifest = [{k: v for k, v in line.items() if k != "label"} for line in [*SOUND, picture(90, height=60)]]
    assert set(found(manifest)) == {"mixed-sizes"}


def test_what_cannot_be_read_has_no_size() -> None:
    bad = {"id": "x", "split": "quarantine", "reason": "is empty (0 bytes)"}
    assert set(found([*SOUND, bad], image_size=(64, 64))) == {"unreadable"}
