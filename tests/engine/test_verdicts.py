"""What is known of pictures by their content."""

import json

import pytest
from PIL import Image

from kerascnn.engine import pictures
from kerascnn.engine.data import load_data
from kerascnn.engine.forms import Form
from kerascnn.engine.media.verdicts import Verdicts
from tests.engine.made import make_folder, make_spec


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("KERASCNN_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "verdicts"


@pytest.fixture
def folder(tmp_path):
    root = make_folder(tmp_path / "data", {"cat": 12, "dog": 12}, size=(40, 40))
    (root / "cat" / "bad.png").write_bytes(b"no picture")
    return root


@pytest.fixture
def decoded(monkeypatch):
    """Count what is decoded."""
    seen = []
    read_all = pictures.read_all

    def counting(payloads, form, seen_one=lambda: None):
        payloads = list(payloads)
        seen.extend(payloads)
        return read_all(payloads, form, seen_one)

    monkeypatch.setattr(pictures, "read_all", counting)
    return seen


def test_a_second_check_decodes_nothing_and_finds_the_same(cache, folder, decoded):
    spec = make_spec(folder)
    first = load_data(spec, keep=False)
    assert len(decoded) == 25
    decoded.clear()
    again = load_data(spec, keep=False)
    assert decoded == []
    assert again.manifest == first.manifest
    assert again.findings == first.findings
    assert (again.info, again.fingerprint) == (first.info, first.fingerprint)


def test_only_what_changed_is_decoded(cache, folder, decoded):
    spec = make_spec(folder)
    load_data(spec, keep=False)
    decoded.clear()
    Image.new("L", (40, 40), 9).save(folder / "cat" / "003.png")
    (folder / "dog" / "000.png").rename(folder / "dog" / "moved.png")
    load_data(spec, keep=False)
    assert decoded == [folder / "cat" / "003.png"]


def test_another_form_is_judged_anew(cache, folder, decoded):
    load_data(make_spec(folder), keep=False)
    decoded.clear()
    load_data(make_spec(folder, data={"image_size": [16, 16]}), keep=False)
    assert len(decoded) == 25


def test_an_ending_belongs_to_the_verdict(cache, folder, decoded):
    spec = make_spec(folder)
    load_data(spec, keep=False)
    (folder / "dog" / "000.png").rename(folder / "dog" / "000.jpg")
    found = load_data(spec, keep=False)
    assert [finding.samples for finding in found.findings if finding.id == "wrong-ending"] == [("dog/000.jpg",)]


def test_a_line_that_was_cut_short_and_a_damaged_file_do_no_harm(cache, tmp_path):
    verdicts = Verdicts(Form((8, 8)))
    verdicts.add("a", ".png", {"height": 8})
    verdicts.add("b", ".PNG", {"reason": "is empty"})
    verdicts.save()
    (file,) = cache.iterdir()
    with file.open("a") as stream:
        stream.write(json.dumps(["c", {"height": 8}])[:-5] + "\n[1]\n7\n")
    again = Verdicts(Form((8, 8)))
    assert again.get("a", ".PNG") == {"height": 8}
    assert again.get("b", ".png") == {"reason": "is empty"}
    assert again.get("c", ".png") is None
    file.write_bytes(b"\xff\xfe\xff")
    assert Verdicts(Form((8, 8))).get("a", ".png") is None


def test_a_cache_that_cannot_be_written_is_as_good_as_none(tmp_path, monkeypatch, folder):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("KERASCNN_CACHE", str(tmp_path / "file"))
    assert len(load_data(make_spec(folder), keep=False).manifest) == 25
