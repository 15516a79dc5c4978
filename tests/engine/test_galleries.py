"""Galleries of failures: samples, names and answers in one piece of HTML."""

import re

import numpy as np
import pytest

from kerascnn.engine.data import load_data
from kerascnn.engine.galleries import fragment, say_answer, write_page
from kerascnn.runs.atomic import write_json
from kerascnn.runs.failures import failures
from kerascnn.spec import spec_from_dict
from tests.engine.made import make_folder, make_spec
from tests.engine.made_sequences import sequence_spec, write_ts
from tests.runs.made import make_run, sure_of


def run_of(root, spec, wrong=2):
    """Return a run of a spec that was never trained, whose answers on the training split are wrong on some samples."""
    data = load_data(spec)
    rows = data.indices("train")
    truth = data.answers.all[rows]
    said = truth.copy()
    said[:wrong] ^= 1
    ids = [data.samples[i].id for i in rows]
    run = make_run(
        root, truth, sure_of(said, 2), data.info.labels, split="train", ids=ids, tree=spec.spell(),
        manifest=data.manifest,
    )  # fmt: skip
    write_json(run.path / "input.json", {"shape": list(data.info.shape), **data.elements.form.spell()})
    return run, ids


@pytest.fixture
def pictures(tmp_path):
    return make_folder(tmp_path / "pictures", {"dark": 6, "<i>light": 6})


@pytest.fixture
def run(pictures, tmp_path):
    return run_of(tmp_path / "runs", make_spec(pictures))


def test_each_failure_is_shown_with_its_name_and_answers(run):
    folder, ids = run
    page = fragment(folder, failures(folder, "train", top=3))
    for name in ids[:2]:
        assert name.replace("<i>", "&lt;i&gt;") in page
    assert page.count("data:image/jpeg;base64,") == 3 + 2 + 2
    assert "said dark (90%)" in page or "said &lt;i&gt;light (90%)" in page
    assert "taken for" in page
    assert "has learnt these very labels" in page


def test_nothing_is_fetched_and_names_are_no_markup(run):
    folder, _ = run
    page = write_page(folder, failures(folder, "train")).read_text("utf-8")
    assert "<i>" not in page
    assert not re.search(r"(src|href)='(?!data:)", page)
    assert "http" not in page
    assert page.startswith("<!doctype html>")
    assert [file.name for file in (folder.path / "evaluation").iterdir() if file.suffix == ".html"] == [
        "failures-train.html"
    ]


def test_what_changed_or_went_is_said_in_its_place(run, pictures):
    folder, ids = run
    (pictures / ids[0]).write_bytes((pictures / ids[1]).read_bytes())
    (pictures / ids[1]).unlink()
    page = fragment(folder, failures(folder, "train", top=2))
    assert "has other content than when the run was trained" in page
    assert "is not in the source any more" in page


def test_without_the_source_names_stand_alone(run, pictures):
    folder, ids = run
    pictures.rename(pictures.with_name("elsewhere"))
    page = fragment(folder, failures(folder, "train", top=2))
    assert "The samples cannot be shown: " in page
    assert ids[0].replace("<i>", "&lt;i&gt;") in page


def test_series_are_curves(tmp_path):
    file = write_ts(tmp_path / "a.ts")
    run, ids = run_of(tmp_path / "runs", sequence_spec("series_classification", {"type": "ts_file", "path": str(file)}))
    page = fragment(run, failures(run, "train", top=2))
    assert "<polyline points=" in page
    assert "class='failures wide'" in page
    assert ids[0] in page


def test_texts_are_their_words(tmp_path):
    rows = [f"{'good' if i % 2 else 'bad'} film {i} & more,{i % 2}" for i in range(20)]
    (tmp_path / "a.csv").write_text("\n".join(["text,label", *rows]) + "\n")
    source = {"type": "text_table", "path": str(tmp_path / "a.csv")}
    run, _ = run_of(tmp_path / "runs", sequence_spec("text_classification", source))
    assert re.search(r"(good|bad) film \d+ &amp; more", fragment(run, failures(run, "train", top=2)))


def test_answers_are_said_by_their_kind():
    assert say_answer("cat") == "cat"
    assert say_answer(["cat", "dog"]) == "cat, dog"
    assert say_answer([]) == "nothing"
    assert say_answer({"x": 1.0, "y": 2.34567}) == "x 1, y 2.346"


def test_labels_that_may_be_wrong_are_a_gallery(pictures, tmp_path):
    spec = spec_from_dict(make_spec(pictures).spell())
    data = load_data(spec)
    ids = [sample.id for sample in data.samples]
    truth = data.answers.all
    answers = np.array([[0.8, 0.2] if t == 0 else [0.2, 0.8] for t in truth])
    answers[0] = answers[0][::-1]
    manifest = [{**line, "split": "test"} for line in data.manifest]
    run = make_run(tmp_path / "r", truth, answers, data.info.labels, ids=ids, tree=spec.spell(), manifest=manifest)
    write_json(run.path / "input.json", {"shape": list(data.info.shape), **data.elements.form.spell()})
    page = fragment(run, failures(run, top=1))
    assert "Labels that may be wrong" in page
    assert "(20%), seems to be" in page
    assert "somebody has to look at each" in page
