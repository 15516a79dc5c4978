import json
import os

import numpy as np
import pytest

from kerascnn.errors import DataError
from kerascnn_dashboard.logic import samples
from kerascnn_dashboard.logic.samples import shown, write_all
from tests.dashboard.made_evaluation import SPEC, shapes_project, shapes_run, write_run


@pytest.fixture
def inside(monkeypatch):
    """Let the process be played by this one; return what it was asked for."""
    asked = []

    def make(home, run, ids):
        asked.append(list(ids))
        write_all(home, run, ids)

    monkeypatch.setattr(samples, "_make", make)
    return asked


def text_run(home, text="good morning\n", task="text_classification"):
    project = home.create("Words", task)
    folder = project.folder / "data" / "texts"
    for label in ("bad", "good"):
        (folder / label).mkdir(parents=True)
        (folder / label / "1.txt").write_text(text, "utf-8")
    source = json.dumps({"type": "text_folder", "path": str(folder)})
    spec = SPEC.format(name="words", task=task, source=source, more="length: 20", backbone="{type: text_cnn}",
                       head="classifier", rate="1e-3")  # fmt: skip
    lines = [{"id": f"{label}/1.txt", "label": label, "split": "validation"} for label in ("bad", "good")]
    return write_run(project, spec, lines, ["bad", "good"], {"medium": "text", "shape": [20]})


def test_pictures_come_with_a_thumbnail_their_file_and_their_label(home, inside):
    run = shapes_run(shapes_project(home))
    one = shown(home, run, ["circle/00.png"])["circle/00.png"]
    assert (one.medium, one.label, one.reason) == ("image", "circle", "")
    assert os.path.isfile(one.picture)
    assert one.file.endswith("circle/00.png")


def test_a_process_of_its_own_does_it(home):
    run = shapes_run(shapes_project(home))
    assert os.path.isfile(shown(home, run, ["circle/00.png"])["circle/00.png"].picture)


def test_what_comes_next_is_made_ready_and_nothing_is_made_twice(home, inside):
    run = shapes_run(shapes_project(home))
    shown(home, run, ["circle/00.png"], ["circle/00.png", "cross/01.png"])
    shown(home, run, ["cross/01.png", "circle/00.png"])
    assert inside == [["circle/00.png", "cross/01.png"]]


def test_a_picture_that_was_changed_is_not_shown_as_that_of_the_run(home, inside):
    project = shapes_project(home)
    run = shapes_run(project)
    shown(home, run, ["circle/00.png"])
    file = project.folder / "data" / "pictures" / "circle" / "00.png"
    file.write_bytes((file.parent / "01.png").read_bytes())
    assert "other content" in shown(home, run, ["circle/00.png"])["circle/00.png"].reason


def test_a_sample_that_is_gone_is_said_to_be(home, inside):
    run = shapes_run(shapes_project(home))
    assert shown(home, run, ["circle/99.png"])["circle/99.png"].reason == "is not in the source any more"


def test_a_source_that_is_gone_is_one_sentence(home):
    project = shapes_project(home)
    run = shapes_run(project)
    (project.folder / "data" / "pictures").rename(project.folder / "data" / "moved")
    with pytest.raises(DataError, match=r"^the samples cannot be shown: .*pictures"):
        shown(home, run, ["circle/00.png"])


def test_texts_come_with_their_beginning_and_a_file_of_their_own(home, inside):
    run = text_run(home)
    one = shown(home, run, ["bad/1.txt"])["bad/1.txt"]
    assert (one.medium, one.text) == ("text", "good morning")
    with open(one.file, encoding="utf-8") as file:
        assert file.read().strip() == "good morning"


def test_series_come_as_a_curve_and_an_array(home, inside):
    project = home.create("Waves", "series_classification")
    values = np.arange(12, dtype="float32").reshape(2, 6, 1)
    np.savez(project.folder / "data" / "waves.npz", x=values, y=np.array(["up", "down"]))
    source = json.dumps({"type": "series_arrays", "path": str(project.folder / "data" / "waves.npz")})
    spec = SPEC.format(name="waves", task="series_classification", source=source, more="length: 6",
                       backbone="{type: tcn}", head="classifier", rate="1e-3")  # fmt: skip
    from kerascnn.spec.load import parse_spec

    ids = [sample.id for sample in parse_spec(spec).data.source.scan().samples]
    lines = [{"id": name, "label": "up", "split": "validation"} for name in ids]
    run = write_run(project, spec, lines, ["down", "up"], {"medium": "series", "shape": [6, 1]})
    one = shown(home, run, ids[:1])[ids[0]]
    assert [row["value"] for row in one.curve] == [0, 1, 2, 3, 4, 5]
    assert np.load(one.file).shape == (6, 1)


def test_a_damaged_entry_of_the_cache_is_made_again(home, inside):
    run = shapes_run(shapes_project(home))
    shown(home, run, ["circle/00.png"])
    for file in samples.cache_of(home, run).glob("*.json"):
        file.write_text("{")
    assert shown(home, run, ["circle/00.png"])["circle/00.png"].picture
    assert len(inside) == 2
