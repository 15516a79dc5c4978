from pathlib import Path

import pytest

from kerascnn.errors import KerasCnnError, UsageError
from kerascnn.spec.load import parse_spec
from kerascnn_dashboard.logic.form_edit import apply, hint, limits, read, said, shown, step_of, summary
from kerascnn_dashboard.logic.schema_form import form, problems
from kerascnn_dashboard.logic.spec_field import Field, begin
from kerascnn_dashboard.logic.spec_text import SpecText

TEMPLATES = Path(__file__).parents[3] / "templates"
PHOTOS = (TEMPLATES / "image_classification" / "simple_cnn.yaml").read_text("utf-8")


def at(text, path):
    return next(one for one in form(text).walk() if one.path == path)


def after(*steps, text=PHOTOS):
    for step in steps:
        text = apply(text, step)
    return SpecText(text)


def test_a_value_is_set_and_reset():
    spec = after(("set", "train.stages.0.epochs", 5))
    assert spec.get("train.stages.0.epochs") == 5
    assert after(("clear", "train.stages.0.epochs", None), text=spec.text).get("train.stages.0") == {
        "learning_rate": 2e-3, "optimizer": {"type": "adamw"}, "schedule": {"type": "cosine", "warmup": 0.05},
    }  # fmt: skip


def test_a_section_in_which_nothing_is_left_goes():
    assert not after(("set", "train.budget.minutes", 5.0), ("clear", "train.budget.minutes", None)).has("train.budget")
    assert after(("clear", "augment", None)).get("augment") is None


def test_defaults_around_a_field_are_written_out():
    bare = "\n".join(line for line in PHOTOS.split("\n") if "stages" not in line and "epochs" not in line)
    spec = after(("set", "train.stages.0.optimizer.beta_1", 0.8), text=bare)
    assert spec.get("train.stages") == [{"optimizer": {"type": "adam", "beta_1": 0.8}}]
    parse_spec(spec.text)
    two = after(("add", "train.stages", ""), text=bare)
    assert two.get("train.stages") == [{}, {"epochs": 10}]
    parse_spec(two.text)


def test_another_component_begins_with_its_defaults_and_keeps_what_it_needs():
    assert after(("choose", "model.backbone", "resnet")).get("model.backbone") == {"type": "resnet"}
    assert after(("choose", "data.source", "arrays")).get("data.source") == {"type": "arrays", "path": "data/pictures"}
    chosen = after(("choose", "train.loss", "poly"))
    assert chosen.get("train.loss") == {"type": "poly"}
    assert not after(("choose", "train.loss", ""), text=chosen.text).has("train.loss")


def test_items_are_added_moved_and_removed():
    added = after(("add", "augment", "random_hue"), ("move", "augment.3", 0), ("remove", "augment.1", None))
    assert [one["type"] for one in added.get("augment")] == ["random_hue", "random_crop", "random_rotation"]
    first = after(("add", "evaluate.metrics", "matthews"))
    assert first.get("evaluate.metrics") == [{"type": "matthews"}]
    assert not after(("remove", "evaluate.metrics.0", None), text=first.text).has("evaluate")


def test_a_stage_is_added_with_its_first_field():
    assert after(("add", "train.stages", "")).get("train.stages.1") == {"epochs": 10}


def test_layers_inside_layers_are_changed():
    text = (TEMPLATES / "image_classification" / "layers_inception.yaml").read_text("utf-8")
    branches = at(text, "model.backbone.layers.2.branches")
    spec = after(("add", f"{branches.path}.0", "dropout"), ("add", branches.path, ""), text=text)
    assert spec.get(f"{branches.path}.0")[-1] == {"type": "dropout"}
    assert spec.get(branches.path)[-1] == []


def test_a_field_that_is_gone_is_a_sentence():
    with pytest.raises(UsageError, match=r"no field 'augment\.7'"):
        apply(PHOTOS, ("remove", "augment.7", None))


def test_the_other_form_of_a_value_begins_with_one_that_is_right():
    for path in ("train.batch_size", "model.preprocess.embedding", "model.backbone.kernel_size"):
        for other in at(PHOTOS, path).others:
            assert problems(after(("set", path, begin(other))).text) == {}, (path, other.kind)
    assert begin(at(PHOTOS, "task.class_weights").others[1]) == {}


def test_a_section_is_turned_on_with_its_first_field():
    text = (TEMPLATES / "audio_classification" / "m5_waveform.yaml").read_text("utf-8")
    spectrogram = at(text, "model.preprocess.spectrogram")
    assert begin(spectrogram) == {"mel_bins": 64}
    assert problems(after(("set", spectrogram.path, begin(spectrogram)), text=text).text) == {}


@pytest.mark.parametrize("file", sorted(TEMPLATES.glob("*/*.yaml")), ids=lambda file: file.stem)
def test_what_a_box_shows_is_read_back_as_it_was(file):
    text = file.read_text("utf-8")
    for one in form(text).walk():
        if one.value is not None and one.kind in ("numbers", "mapping", "text"):
            assert read(one, shown(one)) == one.value, one.path


def test_numbers_are_read_with_and_without_brackets():
    one = Field("x", "numbers", "x", value=[1])
    assert read(one, "32, 64") == read(one, "[32, 64]") == [32, 64]
    assert read(one, "32, many") == [32, "many"]
    assert read(Field("x", "mapping", "x"), "stem: 0.1, P3: 1") == {"stem": 0.1, "P3": 1}
    assert read(Field("x", "text", "x"), "[no: yaml") == "[no: yaml"
    for typed in ("[1, 2", "1, 2]", "{"):
        with pytest.raises(UsageError, match="cannot be read"):
            read(one, typed)


def test_an_item_is_summed_up_in_a_line():
    assert summary(at(PHOTOS, "augment.1")) == "random_crop: padding 8, fill reflect"
    assert summary(at(PHOTOS, "train.stages.0")) == "epochs 60, learning rate 0.002, optimizer adamw, schedule cosine"
    assert summary(Field("x", "section", "1")) == "as by default"


def test_the_help_says_the_range_and_the_default():
    assert hint(at(PHOTOS, "train.stages.0.epochs")).endswith("1 to 100,000. Default: 10.")
    assert limits(at(PHOTOS, "data.image_size")) == "2 of them, each 1 to 8,192"
    assert limits(at(PHOTOS, "train.stages.0.learning_rate")) == "more than 0, at most 10"
    assert said(at(PHOTOS, "model.backbone.filters").default) == "32, 64, 128"


def test_the_arrows_of_a_number_move_its_first_digit():
    assert step_of(0.002) == 0.001
    assert step_of(3e-5) == 1e-5
    assert step_of(0.0) == step_of(None) == 0.01


def test_no_step_breaks_the_text():
    for one in form(PHOTOS).walk():
        if one.kind in ("section", "constant") and not one.nullable:
            continue
        for step in [("set", one.path, begin(one)), ("clear", one.path, None)]:
            try:
                SpecText(apply(PHOTOS, step))
            except KerasCnnError as error:
                pytest.fail(f"{step}: {error}")
