import errno
import json
import os
import subprocess
import sys
import types

import numpy as np
import psutil
import pytest
from PIL import Image

from kerascnn.engine import pictures
from kerascnn.engine.data import load_data
from kerascnn.engine.media import keep
from kerascnn.engine.media.image import ImageForm
from kerascnn.engine.media.keep import InMemory, OnDisk, choose_keeper, content_key
from kerascnn.engine.pictures import read_picture
from kerascnn.errors import ResourceError
from tests.engine.made import make_folder, make_spec

FORM = ImageForm((4, 6), "stretch", None)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("KERASCNN_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "pictures"


@pytest.fixture
def folder(tmp_path):
    return make_folder(tmp_path / "data", {"cat": 12, "dog": 8}, channels=3)


def on_disk(folder, **data):
    return make_spec(folder, data={"cache": "disk", **data})


def picture(value, channels=1):
    return np.full((4, 6, channels), value, "uint8")


def free(monkeypatch, *amounts):
    """Let the disk have this much room, one amount at each question, the last for good."""
    left = list(amounts)

    def usage(path):
        return types.SimpleNamespace(free=left.pop(0) if len(left) > 1 else left[0])

    monkeypatch.setattr(keep.shutil, "disk_usage", usage)


# In memory.


def test_pictures_come_back_in_any_order():
    keeper = InMemory(1000, asked=True)
    assert all(keeper.add(i, 5, picture(10 * i)) for i in range(5))
    keeper.finish([])
    assert keeper.shape == (4, 6, 1)
    assert keeper.take(np.array([3, 0, 3]))[:, 0, 0, 0].tolist() == [30, 0, 30]


def test_a_budget_is_kept_to_the_byte():
    assert InMemory(5 * 24, asked=False).add(0, 5, picture(1))
    assert not InMemory(5 * 24 - 1, asked=False).add(0, 5, picture(1))
    with pytest.raises(ResourceError, match=r"data\.cache is ram.*raise data\.cache_limit, lower data\.image_size"):
        InMemory(5 * 24 - 1, asked=True).add(0, 5, picture(1))


def test_grey_pictures_become_coloured_with_the_first_that_is():
    keeper = InMemory(1000, asked=True)
    for i, (value, channels) in enumerate([(1, 1), (2, 1), (3, 3), (4, 1)]):
        keeper.add(i, 4, picture(value, channels))
    assert keeper.shape == (4, 6, 3)
    assert [set(np.unique(keeper.take(np.array([i])))) for i in range(4)] == [{1}, {2}, {3}, {4}]


def test_coloured_pictures_that_do_not_fit_any_more_are_not_kept():
    keeper = InMemory(3 * 24, asked=False)
    assert keeper.add(0, 3, picture(1))
    assert not keeper.add(1, 3, picture(1, 3))
    assert keeper.pixels is None


def test_a_picture_of_another_size_is_passed_over():
    keeper = InMemory(1000, asked=True)
    keeper.add(0, 2, picture(1))
    assert keeper.add(1, 2, np.ones((9, 9, 1), "uint8"))
    assert keeper.shape == (4, 6, 1)


# On disk.


@pytest.mark.parametrize("how", ["ram", "disk", "none"])
@pytest.mark.parametrize("size", [None, [5, 7]])
def test_kept_pictures_are_those_that_are_decoded(folder, cache, how, size):
    for i in range(3):  # grey ones come first, and become RGB with the others
        Image.new("L", (8, 8), 50 * i).save(folder / "cat" / f"{i:03d}.png")
    data = load_data(make_spec(folder, data={"cache": how, "image_size": size}))
    assert data.info.shape == (*(size or (8, 8)), 3)
    for i, line in enumerate(data.manifest):
        expected = read_picture(folder / line["id"], data.elements.form).pixels
        assert np.array_equal(data.elements.take(np.array([i]))[0], expected), line["id"]


def test_a_second_load_decodes_nothing(folder, cache, monkeypatch):
    spec = make_spec(folder, data={"cache": "disk"}, preprocess={"normalize": "standardize"})
    first = load_data(spec)
    files = sorted(file.name for file in cache.iterdir())
    assert [name.split(".", 1)[1] for name in files] == ["json", "npy"]
    monkeypatch.setattr(pictures, "read_picture", lambda *_: pytest.fail("a picture was decoded"))
    second = load_data(spec)
    assert second.elements.where == first.elements.where == "held in a file"
    assert second.info == first.info
    assert second.manifest == first.manifest
    everything = np.arange(20)
    assert np.array_equal(second.elements.take(everything), first.elements.take(everything))


def test_other_contents_another_form_or_order_make_another_file(tmp_path, cache):
    files = [tmp_path / name for name in ("a.png", "b.png")]
    for i, file in enumerate(files):
        Image.new("L", (8, 8), i).save(file)
    keys = {content_key(files, FORM), content_key(files[::-1], FORM), content_key(files, ImageForm((4, 7)))}
    keys.add(content_key([*files, tmp_path / "not there.png"], FORM))
    before = content_key(files, FORM)
    Image.new("L", (8, 8), 9).save(files[0])
    keys.add(content_key(files, FORM))
    assert len(keys) == 5
    assert before in keys
    flat, square = np.zeros((2, 8), "uint8"), np.zeros((4, 4), "uint8")
    assert content_key([flat], FORM) != content_key([square], FORM)


@pytest.mark.parametrize("damage", ["short", "empty", "no facts", "other facts", "other numbers"])
def test_a_damaged_file_is_made_anew(folder, cache, damage):
    first = load_data(on_disk(folder))
    everything = first.elements.take(np.arange(20))
    pixels, facts = next(cache.glob("*.npy")), next(cache.glob("*.json"))
    if damage in ("short", "empty"):
        pixels.write_bytes(pixels.read_bytes()[: 200 if damage == "short" else 0])
    elif damage == "other numbers":
        with pixels.open("wb") as file:
            np.save(file, np.zeros((20, 8, 8, 3), "float32"))
    else:
        facts.write_text("" if damage == "no facts" else json.dumps([{}] * 3))
    assert np.array_equal(load_data(on_disk(folder)).elements.take(np.arange(20)), everything)
    assert len(json.loads(facts.read_text())) == 20


def test_what_a_dead_process_left_is_swept_away(folder, cache):
    cache.mkdir(parents=True)
    dead = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    gone = cache / f"{'a' * 64}.{int(dead.stdout)}.part"
    living = cache / f"{'b' * 64}.{os.getppid()}.part"
    for file in (gone, living):
        file.write_bytes(b"x")
    load_data(on_disk(folder))
    assert not gone.exists()
    assert living.exists()


def test_the_oldest_files_make_room(cache, monkeypatch):
    cache.mkdir(parents=True)
    for name, time in (("old", 1), ("older", 0), ("new", 2)):
        for ending in ("npy", "json"):
            (cache / f"{name}.{ending}").write_bytes(b"x")
            os.utime(cache / f"{name}.{ending}", (time, time))
    free(monkeypatch, 100, 100, 1000)  # room for half of it: enough once two files are gone
    keeper = OnDisk(cache, "k", asked=True)
    assert keeper.add(0, 5, picture(1))
    assert sorted(file.name for file in cache.iterdir() if not file.name.startswith("k.")) == ["new.json", "new.npy"]


def test_without_room_pictures_are_not_kept_or_that_is_an_error(cache, monkeypatch):
    free(monkeypatch, 100)
    assert not OnDisk(cache, "k", asked=False).add(0, 5, picture(1))
    with pytest.raises(ResourceError, match=r"data\.cache is disk.*KERASCNN_CACHE, or set data\.cache to none"):
        OnDisk(cache, "k", asked=True).add(0, 5, picture(1))
    assert list(cache.iterdir()) == []


def test_a_full_disk_is_an_error_before_anything_is_written(cache, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(ResourceError, match=r"cannot write .*: No space left on device"):
        OnDisk(cache, "k", asked=True).add(0, 5, picture(1))
    assert list(cache.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(ResourceError, match="cannot make"):
        OnDisk(tmp_path / "file" / "pictures", "k", asked=False)


# Which of them.


def kept(monkeypatch, *, memory, disk, **data):
    monkeypatch.setattr(psutil, "virtual_memory", lambda: types.SimpleNamespace(available=memory))
    free(monkeypatch, disk)
    spec = make_spec({"type": "digits"}, data=data)
    found = choose_keeper(spec, [picture(0)] * 10, ImageForm.of(spec))
    return None if found is None else found.where


@pytest.mark.parametrize(
    ("memory", "disk", "where"),
    [
        # 10 pictures of 4 x 6 x 3 bytes; a third of the memory and half of the disk may be used.
        (3 * 720, 0, "held in memory"),
        (3 * 720 - 1, 2 * 720, "held in a file"),
        (3 * 720 - 1, 2 * 720 - 1, None),
    ],
)
def test_auto_is_memory_then_disk_then_nothing(cache, monkeypatch, memory, disk, where):
    assert kept(monkeypatch, memory=memory, disk=disk, image_size=[4, 6]) == where


def test_the_spec_may_say_where(cache, monkeypatch):
    assert kept(monkeypatch, memory=10**9, disk=10**9, cache="none") is None
    assert kept(monkeypatch, memory=10**9, disk=10**9, cache="disk") == "held in a file"
    assert kept(monkeypatch, memory=0, disk=0, image_size=[4, 6], cache_limit=1.0) == "held in memory"
    assert kept(monkeypatch, memory=10**9, disk=10**9, image_size=[4, 6], cache_limit=1e-9) == "held in a file"


def test_memory_that_is_asked_for_and_too_small_is_an_error(folder):
    with pytest.raises(ResourceError, match=r"data\.cache is ram, but the pictures take 0\.00 GiB"):
        load_data(make_spec(folder, data={"cache": "ram", "cache_limit": 1e-6}))
