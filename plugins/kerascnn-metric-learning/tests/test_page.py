"""The index of vectors, and the page that searches it, on vectors that are known."""

import json

import numpy as np
import pytest
from kerascnn_metric_learning import Search
from kerascnn_metric_learning.index import Identity, Index
from kerascnn_metric_learning.page import png, verdict

from kerascnn.errors import UsageError
from kerascnn.spec import find
from kerascnn.testing import MadeUpDesk, check_component, check_page

RUN = "20260101-000000-00000a"
DEGREES = (0, 10, 20, 90, 100, 180)
LABELS = ("cat", "cat", "dog", "dog", "dog", "owl")


def cosine(degrees):
    return float(np.cos(np.radians(degrees)))


def made(files=()):
    angles = np.radians(DEGREES)
    vectors = np.stack([np.cos(angles), np.sin(angles)], 1).astype("float32")
    pictures = None if files else np.zeros((6, 4, 4, 1), "uint8")
    return Index(RUN, [f"p{i}" for i in range(6)], LABELS, vectors, files, pictures)


def test_the_nearest_come_first_and_what_is_looked_for_can_be_left_out():
    index = made()
    assert [place for place, _ in index.nearest(index.vectors[1], 3)] == [1, 0, 2]
    [(first, likeness), *_] = index.nearest(index.vectors[1], 6, without=1)
    assert (first, likeness) == (0, pytest.approx(cosine(10), abs=1e-6))


def test_most_neighbours_say_who_it_is_of_those_that_reach_the_threshold():
    index = made()
    assert index.identify(index.vectors[0], 2, without=0).label == "cat"  # cat at 10 degrees, dog at 20: the nearest
    assert index.identify(index.vectors[0], 4, without=0).label == "dog"
    assert index.identify(index.vectors[0], 4, cosine(15), without=0) == Identity(
        "cat", 1, index.nearest(index.vectors[0], 4, without=0)
    )
    assert index.identify(index.vectors[5], 3, cosine(45), without=5).label == ""


def test_it_comes_back_from_its_file_and_what_is_none_is_refused(tmp_path):
    made(["/a"] * 6).save(tmp_path / "a.npz")
    index = Index.load(tmp_path / "a.npz", RUN)
    assert (index.names, index.labels, index.files) == ([f"p{i}" for i in range(6)], list(LABELS), ["/a"] * 6)
    assert index.pictures is None
    np.testing.assert_array_equal(index.vectors, made().vectors)
    np.savez(tmp_path / "other.npz", names=np.array([{}], dtype=object))
    (tmp_path / "text.npz").write_text("none")
    (tmp_path / "cut.npz").write_bytes((tmp_path / "a.npz").read_bytes()[:200])
    for name in ("other", "text", "cut", "missing"):
        with pytest.raises(UsageError, match="is no index that can be read"):
            Index.load(tmp_path / f"{name}.npz")
    with pytest.raises(UsageError, match="whose vectors are not those of another"):
        Index.load(tmp_path / "a.npz", "another")


def test_a_picture_is_a_png_in_grey_or_in_colours():
    for channels in (1, 3):
        assert png(np.zeros((4, 5, channels), "uint8")).startswith(b"\x89PNG")


def test_the_verdict_names_the_class_or_says_that_there_is_none():
    near = [(0, 0.9), (1, 0.8), (2, 0.1)]
    assert verdict(Identity("cat", 2, near), 0.5) == "It shows cat, say 2 of the 3 nearest."
    assert "reaches the threshold of 0.95: it shows none" in verdict(Identity("", 0, near), 0.95)


def test_the_page_conforms(tmp_path):
    pytest.importorskip("streamlit")
    check_component(Search())
    page = check_page(Search(), tmp_path)
    assert [one.label for one in page.button] == ["Prepare the search"]
    empty = check_page(Search(), tmp_path, MadeUpDesk(tmp_path))
    assert "No model here makes vectors yet" in empty.info[0].value
    assert find("page", "metric.search") is Search


def open_page(tmp_path, **answers):
    """Return the page at a desk whose run has an index, and that desk."""
    made().save(tmp_path / "index.npz")
    answers = {"Prepare the search": {"index": str(tmp_path / "index.npz")}, **answers}
    desk = MadeUpDesk(tmp_path, models={RUN: "animals"}, answers=answers)
    (desk.runs / RUN / "evaluation").mkdir(parents=True)
    return desk, lambda: check_page(Search(), tmp_path, desk)


def test_the_nearest_of_a_picture_are_shown_and_those_that_are_the_same(tmp_path):
    pytest.importorskip("streamlit")
    desk, draw = open_page(tmp_path)
    assert "on its validation split finds out" in " ".join(one.value for one in draw().caption)
    kept = {"threshold": {"threshold": cosine(15)}}
    (desk.runs / RUN / "evaluation" / "validation.json").write_text(json.dumps(kept))
    page = draw()
    shown = [one.value for one in page.caption]
    assert shown[0] == "p0: cat"
    assert shown[1:3] == ["cat: likeness 0.98, taken for the same", "dog: likeness 0.94, for another"]
    assert [one.value for one in page.markdown] == ["It shows cat, say 1 of the 5 nearest."]
    page.selectbox(key="metric.class").set_value("owl").run()
    assert "it shows none of these classes" in page.markdown[0].value
    assert not page.exception
    assert desk.asked[0][:3] == ("kerascnn_metric_learning", "index", RUN)


def test_a_picture_that_is_brought_is_looked_for_by_a_command(tmp_path):
    pytest.importorskip("streamlit")
    near = [{"place": 3, "name": "p3", "class": "dog", "likeness": 0.75}]
    desk, draw = open_page(tmp_path, Search={"class": "dog", "votes": 1, "threshold": 0.5, "near": near})
    page = draw()
    page.segmented_control(key="metric.way").set_value("A picture of your own").run()
    assert not page.exception
    page.file_uploader(key="metric.own").upload("mine.png", png(np.zeros((4, 4, 3), "uint8"))).run()
    assert not page.exception
    assert [one.value for one in page.markdown] == ["It shows dog, say 1 of the 1 nearest."]
    assert "dog: likeness 0.75, taken for the same" in [one.value for one in page.caption]
    next(one for one in page.button if one.label == "Search").click().run()
    assert desk.asked[-1][1:4] == ("identify", RUN, str(tmp_path / "mine.png"))
