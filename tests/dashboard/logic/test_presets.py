"""The three cards: every text is a valid spec that fits the data, whatever the task."""

from __future__ import annotations

import subprocess
import sys

import pytest
from PIL import Image

from kerascnn.errors import UsageError
from kerascnn.spec.component import components
from kerascnn.spec.load import parse_spec
from kerascnn.templates_list import list_templates
from kerascnn_dashboard.logic.data_facts import DataFacts, data_facts
from kerascnn_dashboard.logic.preset_sizes import batch_size, epochs, picture_size
from kerascnn_dashboard.logic.presets import LEVELS, presets, templates_of
from kerascnn_dashboard.logic.starts import starts
from tests.dashboard.made_runs import make_run, write

SOURCES = {
    "image_classification": [{"type": "image_folder", "path": "/d"}, {"type": "manifest", "path": "/d.csv"}],
    "image_multilabel": [{"type": "manifest", "path": "/d.csv", "labels_column": "labels", "separator": ";"}],
    "image_regression": [{"type": "manifest", "path": "/d.csv", "target_columns": ["age"]}],
    "image_segmentation": [{"type": "image_masks", "images": "/i", "masks": "/m", "values": [0, 255]}],
    "object_detection": [{"type": "pascal_voc", "path": "/d"}, {"type": "yolo", "path": "/d"}],
    "text_classification": [{"type": "text_folder", "path": "/d"}, {"type": "text_lines", "path": "/d.txt"}],
    "series_classification": [{"type": "ts_file", "path": "/a.ts"}, {"type": "series_arrays", "path": "/a.npz"}],
    "series_regression": [{"type": "ts_file", "path": "/a.ts", "target_kind": "value"}],
    "series_forecast": [{"type": "series_windows", "path": "/a.csv", "target_columns": ["x", "y"]}],
    "audio_classification": [{"type": "audio_folder", "path": "/d"}],
}
CASES = [(task, source) for task, sources in SOURCES.items() for source in sources]


def _cards(home, task, source, facts=None, **data):
    project = home.create(f"{task} {source['type']}", task)
    version = project.add_version({"source": source, **data}, "folder", "made")
    return presets(project, version, facts)


@pytest.mark.parametrize(("task", "source"), CASES, ids=[f"{task}-{source['type']}" for task, source in CASES])
def test_all_three_cards_are_valid_specs_of_the_versions_data(home, task, source):
    cards = _cards(home, task, source)
    assert [card.name for card in cards] == list(LEVELS)
    for card in cards:
        spec = parse_spec(card.text)
        spelled = spec.spell()["data"]["source"]
        assert {key: spelled[key] for key in source} == source
        assert spec.train.monitor.startswith("val_")
        assert spec.train.patience
        assert spec.data.split.validation > 0
        assert spec.name.endswith(card.name)
        assert not spec.lint.ignore


def test_every_task_of_the_core_names_templates_that_there_are():
    names = {one.name for one in list_templates()}
    for name, cls in components("task").items():
        if "." not in name:
            assert set(cls.presets) == set(LEVELS), name
            assert set(cls.presets.values()) <= names, name


def test_the_quick_card_is_never_longer_nor_larger_than_the_others(home):
    for task, sources in SOURCES.items():
        specs = [
            parse_spec(card.text) for card in _cards(home, task, sources[0], DataFacts(samples=2000, size=(600, 800)))
        ]
        rounds = [sum(stage.epochs for stage in spec.train.stages) for spec in specs]
        assert rounds[0] <= rounds[1]
        assert rounds[0] <= rounds[2]
        sides = [max(spec.data.image_size or (0,)) for spec in specs]
        assert sides == sorted(sides)


def test_the_size_of_small_pictures_is_not_blown_up(home, tmp_path):
    for label in ("a", "b"):
        (tmp_path / "pictures" / label).mkdir(parents=True)
        for i in range(3):
            Image.new("RGB", (60, 40)).save(tmp_path / "pictures" / label / f"{i}.png")
    cards = _cards(home, "image_classification", {"type": "image_folder", "path": str(tmp_path / "pictures")})
    assert [tuple(parse_spec(card.text).data.image_size) for card in cards] == [(32, 64)] * 3


def test_what_was_found_of_the_data_is_kept(home, tmp_path):
    for label in ("a", "b"):
        (tmp_path / "texts" / label).mkdir(parents=True)
        (tmp_path / "texts" / label / "1.txt").write_text("word " * 900)
    project = home.create("Texts", "text_classification")
    version = project.add_version({"source": {"type": "text_folder", "path": str(tmp_path / "texts")}}, "folder", "")
    assert data_facts(project, version) == DataFacts(samples=2, classes=2, words=900)
    (tmp_path / "texts" / "a" / "1.txt").unlink()
    assert data_facts(project, version).words == 900
    assert {parse_spec(card.text).data.length for card in presets(project, version)} == {400}


def test_data_that_cannot_be_read_still_has_cards(home):
    project = home.create("Gone", "image_classification")
    version = project.add_version(
        {"source": {"type": "image_folder", "path": "/not/there"}}, "folder", "", facts={"samples": 9}
    )
    assert data_facts(project, version) == DataFacts(samples=9)
    assert len(presets(project, version)) == 3


def test_split_and_fixes_of_the_version_are_taken(home, tmp_path):
    cards = _cards(
        home, "image_classification", {"type": "digits"}, split={"validation": 0.3, "test": 0.1}, fixes="/f.csv",
        allow=["unreadable"],
    )  # fmt: skip
    data = parse_spec(cards[1].text).data
    assert (data.split.validation, data.fixes, data.allow) == (0.3, "/f.csv", ["unreadable"])


def test_comments_of_the_template_stay_but_for_its_header(home):
    text = _cards(home, "image_classification", {"type": "digits"})[1].text
    assert "# pads with black" in text
    assert "trashnet" not in text
    assert "Run: kerascnn" not in text
    assert text.startswith("# Balanced: from the template simple_cnn,")


def test_paddings_are_as_large_a_part_of_smaller_pictures(home):
    text = _cards(home, "image_classification", {"type": "digits"}, DataFacts(size=(32, 32), alike=True))[1].text
    assert "padding: 3" in text


def test_a_task_without_presets_begins_with_its_first_template(monkeypatch):
    from kerascnn.tasks.image_segmentation import ImageSegmentation

    monkeypatch.setattr(ImageSegmentation, "presets", {})
    assert templates_of("image_segmentation") == {"balanced": "unet"}
    assert templates_of("no_such_task") == {}


def test_a_task_without_templates_is_said_in_a_sentence(home):
    project = home.create("Odd", "no_such_task")
    version = project.add_version({"source": {"type": "digits"}}, "folder", "")
    with pytest.raises(UsageError, match="no template fits the task 'no_such_task'"):
        presets(project, version)


def test_a_source_that_does_not_serve_the_task_is_said_with_the_reason(home):
    project = home.create("Wrong", "text_classification")
    version = project.add_version({"source": {"type": "digits"}}, "folder", "")
    with pytest.raises(UsageError, match="'digits' is for image data"):
        presets(project, version)


def test_a_run_to_begin_from_is_fine_tuned_in_two_stages_and_quickly_in_one(home):
    other = home.create("Other", "image_classification")
    run = make_run(other)
    project = home.create("New", "image_classification")
    version = project.add_version({"source": {"type": "image_folder", "path": "/d"}}, "folder", "")
    start = starts(home, "image_classification")[1]
    quick, balanced, thorough = (parse_spec(card.text) for card in presets(project, version, None, start))
    assert quick.model.backbone.weights == str(run.path.resolve())
    assert quick.model.backbone.type_name == "lenet"
    assert [stage.freeze for stage in quick.train.stages] == [["backbone"]]
    assert [stage.freeze for stage in balanced.train.stages] == [["backbone"], ["batch_norm"]]
    assert thorough.train.stages[1].epochs > balanced.train.stages[1].epochs
    assert tuple(quick.data.image_size) == (8, 8)
    assert quick.model.preprocess.normalize == "auto"


def test_published_weights_are_offered_where_their_file_is_there_alone(home, tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    assert [one.id for one in starts(home, "image_classification")] == ["nothing"]
    (tmp_path / "keras" / "models").mkdir(parents=True)
    (tmp_path / "keras" / "models" / "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5").touch()
    _, found = starts(home, "image_classification")
    assert found.id == "published:MobileNetV2"
    assert [one.id for one in starts(home, "text_classification")] == ["nothing"]
    project = home.create("Photos", "image_classification")
    version = project.add_version({"source": {"type": "image_folder", "path": "/d"}}, "folder", "")
    spec = parse_spec(presets(project, version, None, found)[1].text)
    assert (spec.model.backbone.weights, list(spec.data.image_size)) == ("imagenet", [224, 224])
    assert spec.train.stages[1].learning_rate == 1e-5


def test_only_finished_runs_of_the_same_kind_of_data_are_offered(home):
    project = home.create("P", "image_classification")
    make_run(project, 1, state="failed")
    make_run(project, 2, name="good")
    (project.runs / "20260101-000003-000003").mkdir()
    (project.runs / "20260101-000003-000003" / "RUN.json").write_text("{")
    assert [one.title for one in starts(home, "image_classification")] == ["Nothing", "good of P"]
    assert len(starts(home, "series_classification")) == 1
    assert len(starts(home, "text_classification")) == 1


def test_a_run_on_texts_gives_its_network_with_the_vectors_of_its_words(home):
    project = home.create("Letters", "text_classification")
    version = project.add_version({"source": {"type": "text_lines", "path": "/d/texts.txt"}}, "folder", "")
    first = presets(project, version)[0].text
    run = make_run(project, 1, spec=first)
    write(run.path / "input.json", {"medium": "text", "vocabulary": ["", "[UNK]", "word"]})
    _, start = starts(home, "text_classification")
    spec = parse_spec(presets(project, version, None, start)[1].text)
    begun = parse_spec(first)
    assert spec.model.backbone.weights == spec.model.preprocess.embedding.path == str(run.path)
    assert spec.model.preprocess.embedding.size == begun.model.preprocess.embedding.size
    assert spec.data.text == begun.data.text
    assert [stage.freeze for stage in spec.train.stages] == [["backbone"], ["batch_norm"]]


def test_sizes_batches_and_rounds_by_hand():
    assert picture_size(96, DataFacts(size=(2000, 3000), alike=True)) == [64, 96]
    assert picture_size(96, DataFacts(size=(2000, 3000))) == [96, 96]
    assert picture_size(320, DataFacts(), (240, 320)) == [256, 320]
    assert batch_size(64, 300) == 16
    assert epochs(60, "quick", 0, alone=True) == 20
    assert epochs(60, "thorough", 100, alone=True) == 120
    assert epochs(2, "quick", 10**6, alone=False) == 2


def test_nothing_of_this_loads_keras_or_what_is_as_heavy():
    code = (
        "import sys, kerascnn_dashboard.logic.presets, kerascnn_dashboard.logic.run_table, "
        "kerascnn_dashboard.logic.bundles, kerascnn_dashboard.logic.remedies, kerascnn_dashboard.logic.reports, "
        "kerascnn_dashboard.logic.machine, kerascnn_dashboard.logic.plugin_table as p; p.plugin_rows(); "
        "from kerascnn_dashboard.logic.starts import _known; assert _known(); "
        "print([m for m in ('keras', 'tensorflow', 'sklearn', 'scipy', 'h5py', 'streamlit', 'kerascnn.engine') "
        "if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
