import sys
from pathlib import Path

import pytest

from kerascnn.errors import SpecError
from kerascnn.spec.component import components
from kerascnn.spec.fields import Pair
from kerascnn.spec.kinds import Backbone
from kerascnn_dashboard.logic import schema_form
from kerascnn_dashboard.logic.offers import Offers
from kerascnn_dashboard.logic.schema_form import at_fields, form, groups, of_component, problems

TEMPLATES = Path(__file__).parents[3] / "templates"
ALL = sorted(TEMPLATES.glob("*/*.yaml"))
PHOTOS = (TEMPLATES / "image_classification" / "simple_cnn.yaml").read_text("utf-8")


def fields(text):
    return {one.path: one for one in form(text).walk()}


@pytest.mark.parametrize("file", ALL, ids=lambda file: file.stem)
def test_every_value_of_a_template_is_of_the_kind_of_its_field_and_offered(file):
    text = file.read_text("utf-8")
    for one in form(text).walk():
        assert one.fits, one.path
        assert one.kind != "yaml", one.path
        if one.kind == "component" and one.type:
            assert one.type in one.choices, one.path
    assert problems(text) == {}


def test_each_kind_of_field():
    found = fields(PHOTOS)
    kinds = {
        "kerascnn": "constant", "name": "text", "task": "component", "task.class_weights": "either",
        "data.image_size": "numbers", "data.resize": "choice", "data.length": "whole", "data.allow": "texts",
        "data.split": "section", "data.split.validation": "number", "augment": "components", "augment.0": "component",
        "model.backbone.filters": "numbers", "model.backbone.batch_norm": "switch", "train.stages": "sections",
        "train.stages.0": "section", "train.stages.0.freeze": "choices", "train.stages.0.rates": "mapping",
        "train.batch_size": "either", "train.loss": "component", "model.preprocess.embedding": "either",
    }  # fmt: skip
    assert {path: found[path].kind for path in kinds} == kinds


def test_lists_of_lists_of_components_are_fields_too():
    text = (TEMPLATES / "image_classification" / "layers_inception.yaml").read_text("utf-8")
    found = fields(text)
    assert found["model.backbone.layers.2.branches"].kind == "lists"
    assert found["model.backbone.layers.2.branches.0"].kind == "components"
    assert found["model.backbone.layers.2.branches.0.0"].type


def test_what_a_field_says_of_itself():
    found = fields(PHOTOS)
    filters = found["model.backbone.filters"]
    assert filters.value == [32, 64, 128, 256]
    assert filters.default == [32, 64, 128]
    assert filters.changed
    assert filters.limits == {"items_least": 1, "items_most": 12, "above": 0, "most": 65536}
    assert found["data.image_size"].label == "Image size (pixels)"
    assert found["data.cache_limit"].label == "Cache limit (GiB)"
    assert "latest of all" in found["data.split.order"].help
    assert found["train.stages.0.optimizer"].about
    assert found["data.source.path"].required
    assert found["data.length"].nullable
    assert not found["data.length"].present


def test_what_is_written_as_its_default_is_not_changed():
    found = fields(PHOTOS)
    assert found["data.split.validation"].present
    assert not found["data.split.validation"].changed
    assert not found["data.split"].changed
    assert not fields(PHOTOS.replace("train:", "train:\n  seed: 0"))["train.seed"].changed
    assert fields(PHOTOS.replace("train:", "train:\n  seed: 1"))["train.seed"].changed
    assert found["train.stages.0.optimizer"].changed


def test_groups_hold_every_field_once():
    found = groups(form(PHOTOS))
    names = {name: [one.path for one in fields] for name, fields in found.items()}
    assert names == {
        "Data": ["name", "task", "data"], "Augmentation": ["augment"], "Network": ["model"], "Training": ["train"],
        "Evaluation": ["evaluate", "lint"],
    }  # fmt: skip


def test_another_backbone_has_its_own_fields():
    text = PHOTOS.replace(
        "{type: simple_cnn, filters: [32, 64, 128, 256], convolutions: 2, batch_norm: true, dropout: 0.1}",
        "{type: vit}",
    )
    found = fields(text)
    assert "model.backbone.patch" in found
    assert "model.backbone.filters" not in found


def test_a_wrong_value_is_kept_and_does_not_fit():
    found = fields(PHOTOS.replace("epochs: 60", "epochs: many").replace("convolutions: 2", "convolutions: [1]"))
    assert not found["train.stages.0.epochs"].fits
    assert found["train.stages.0.epochs"].value == "many"
    assert not found["model.backbone.convolutions"].fits


@pytest.mark.parametrize(
    "broken",
    ["augment: 5", "augment: [5, {type: 7}, {}]", "model: []", "train: {stages: {}}", "train: {stages: [1]}",
     "task: image_classification", "data: {source: {type: nothing}}", "model: {backbone: {type: layers, layers: 1}}",
     "task: {type: image_classification, class_weights: [1]}", "train: {batch_size: few}"],
)  # fmt: skip
def test_a_form_is_made_of_the_most_broken_spec(broken):
    root = form(f"kerascnn: 1\n{broken}\n")
    assert at_fields(root, problems(f"kerascnn: 1\n{broken}\n"))


def test_a_text_that_cannot_be_read_has_no_form():
    with pytest.raises(SpecError):
        form("a: [\n")


def test_a_mistake_stands_at_its_field():
    text = PHOTOS.replace("epochs: 60", "epochs: 0").replace("{type: classifier", "{type: segmenter")
    found = problems(text)
    assert found["train.stages.0.epochs"] == "should be 1 or more (got 0)"
    placed = at_fields(form(text), found)
    assert placed["train.stages.0.epochs"] == "should be 1 or more (got 0)"
    assert "'segmenter' serves image_segmentation" in placed["model.head"]


def test_a_mistake_at_no_field_stands_at_the_nearest_one_around_it():
    text = PHOTOS.replace("train:", "train:\n  epochs: 5\n  stage: 1")
    placed = at_fields(form(text), problems(text))
    assert "epochs: no field is named 'epochs'" in placed["train"]
    assert "stage: no field is named 'stage'" in placed["train"]


def test_only_what_the_task_can_take_is_offered():
    offers = Offers({"task": {"type": "image_segmentation"}})
    assert offers.of("head") == ("segmenter",)
    assert "unet_encoder" in offers.of("backbone")
    assert "layers" in offers.of("backbone")
    assert "tcn" not in offers.of("backbone")
    assert "random_flip" in offers.of("augmentation")
    assert not {"cutmix", "word_swap", "aug_mix"} & set(offers.of("augmentation"))
    assert offers.of("source") == ("image_masks",)
    assert offers.of("loss") == ()


def test_a_source_whose_fields_decide_on_its_target_is_offered_for_each_of_them():
    for task, source in [
        ("image_regression", "manifest"),
        ("image_multilabel", "manifest"),
        ("series_regression", "ts_file"),
    ]:
        assert source in Offers({"task": {"type": task}}).of("source")
    assert "image_folder" not in Offers({"task": {"type": "image_regression"}}).of("source")
    assert Offers({"task": {"type": "series_forecast"}}).of("source") == ("series_windows",)


def test_a_spectrogram_is_a_picture():
    task = {"type": "audio_classification"}
    assert "resnet" not in Offers({"task": task}).of("backbone")
    assert "resnet" in Offers({"task": task, "model": {"preprocess": {"spectrogram": {"hop": 0.01}}}}).of("backbone")


def test_a_section_against_which_a_component_would_stand_is_not_offered():
    assert "model.preprocess.spectrogram" not in fields(PHOTOS)
    sounds = (TEMPLATES / "audio_classification" / "m5_waveform.yaml").read_text("utf-8")
    assert "model.preprocess.spectrogram" in fields(sounds)
    assert "data.split.lists" in fields(sounds)


def test_where_the_task_is_not_known_everything_is_offered():
    assert set(Offers({}).of("backbone")) == set(components("backbone"))


def test_words_that_only_a_component_knows_are_offered():
    assert Offers({"task": {"type": "image_classification"}}).known("train.monitor")[:2] == ("val_loss", "val_accuracy")
    assert "small-data" in fields(PHOTOS)["lint.ignore"].choices
    assert "unreadable" in fields(PHOTOS)["data.allow"].choices


def test_a_component_of_a_plugin_appears_by_itself(registry):
    from kerascnn.spec.component import namespace, register

    with namespace("acme"):

        @register("tower")
        class Tower(Backbone):
            """A tower of blocks."""

            size: Pair = (3, 3)
            """Of a block, in pixels."""
            heights: dict[str, list[int]] = {}
            """What no form has a box for."""

            def apply(self, x):
                return {"out": x}

    schema_form._schema.cache_clear()
    try:
        found = fields(PHOTOS.replace("{type: simple_cnn,", "{type: acme.tower, size: 5,"))
        assert "acme.tower" in found["model.backbone"].choices
        assert found["model.backbone"].about == "A tower of blocks."
        assert found["model.backbone.size"].active.kind == "whole"
        assert found["model.backbone.heights"].kind == "yaml"
        assert [one.name for one in of_component("backbone", "acme.tower")] == ["weights", "size", "heights"]
    finally:
        schema_form._schema.cache_clear()


def test_no_keras_is_needed():
    import subprocess

    code = (
        "import sys; from kerascnn_dashboard.logic import form_edit as f; f.form(sys.stdin.read()); print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], input=PHOTOS, capture_output=True, text=True, check=True)
    assert not {"keras", "tensorflow", "sklearn", "scipy", "kerascnn.engine", "streamlit"} & set(done.stdout.split())
