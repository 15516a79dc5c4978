"""The form and the YAML view of a spec, on a small page of their own that keeps the draft as the page Train does."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from kerascnn_dashboard.logic.schema_form import GROUPS, form
from kerascnn_dashboard.logic.spec_text import SpecText

TEMPLATES = Path(__file__).parents[3] / "templates"
PHOTOS = (TEMPLATES / "image_classification" / "simple_cnn.yaml").read_text("utf-8")
SOME = ["image_classification/layers_inception"]


def page():
    import streamlit as st

    from kerascnn_dashboard.parts.spec_form import spec_editor, spec_form

    draw = spec_editor if st.session_state.get("yaml") else spec_form
    st.session_state["draft"] = draw(st.session_state["draft"], "spec")


def opened(text=PHOTOS, part="Data", **state):
    shown = AppTest.from_function(page, default_timeout=30)
    shown.session_state["draft"] = text
    shown.session_state["spec:part"] = part
    for name, value in state.items():
        shown.session_state[name] = value
    return run(shown)


def run(changed):
    shown = changed.run()
    assert not shown.exception, [one.message for one in shown.exception]
    return shown


def pressed(shown, key):
    return run(shown.button(key=key).click())


def draft(shown):
    return SpecText(shown.session_state["draft"])


def mistakes(shown):
    return [one.value.replace("\\", "") for one in shown.error]


def draw_every_field(file):
    text = file.read_text("utf-8")
    inside = [one.path for one in form(text).walk()]
    shown = AppTest.from_function(page, default_timeout=60)
    shown.session_state["draft"] = text
    for path in inside:
        shown.session_state[f"spec:{path}:open"] = True
    drawn = set()
    for part in GROUPS:
        shown.session_state["spec:part"] = part
        run(shown)
        assert not shown.error
        kinds = (shown.number_input, shown.text_input, shown.selectbox, shown.multiselect, shown.toggle)
        drawn |= {one.key for boxes in kinds for one in boxes}
    assert shown.session_state["draft"] == text
    found = [
        one for one in form(text).walk() if one.kind not in ("constant", "section", "components", "sections", "lists")
    ]
    for one in found:
        name = {"component": "type"}.get(one.kind, one.kind)
        assert f"spec:{one.path}:{name}" in drawn, one.path


@pytest.mark.parametrize("name", SOME)
def test_each_field_of_a_template_is_drawn_and_nothing_changes(name):
    draw_every_field(TEMPLATES / f"{name}.yaml")


@pytest.mark.slow
@pytest.mark.parametrize("file", sorted(TEMPLATES.glob("*/*.yaml")), ids=lambda file: file.stem)
def test_each_field_of_every_template_is_drawn(file):
    draw_every_field(file)


def test_a_value_set_in_the_form_is_in_the_text_and_comments_stay():
    shown = opened(part="Training")
    run(shown.number_input(key="spec:train.stages.0.epochs:whole").set_value(7))
    assert draft(shown).text == PHOTOS.replace("epochs: 60", "epochs: 7")


def test_each_kind_of_box_writes_its_value():
    shown = opened()
    run(shown.text_input(key="spec:data.image_size:numbers").set_value("128, 64"))
    run(shown.selectbox(key="spec:data.cache:choice").set_value("ram"))
    run(shown.multiselect(key="spec:data.allow:texts").set_value(["unreadable"]))
    run(shown.number_input(key="spec:data.cache_limit:number").set_value(2.5))
    run(shown.text_input(key="spec:data.source.path:text").set_value("C:\\pictures"))
    run(shown.segmented_control(key="spec:part").set_value("Training"))
    run(shown.toggle(key="spec:train.deterministic:switch").set_value(True))
    run(shown.multiselect(key="spec:train.stages.0.freeze:choices").set_value(["stem", "batch_norm"]))
    run(shown.text_input(key="spec:train.stages.0.rates:mapping").set_value("stem: 0.1"))
    run(shown.selectbox(key="spec:train.monitor:text").set_value("val_accuracy"))
    found = draft(shown)
    assert not mistakes(shown)
    assert found.get("data") == {
        "source": {"type": "image_folder", "path": "C:\\pictures"}, "image_size": [128, 64], "resize": "letterbox",
        "split": {"validation": 0.15, "test": 0.15}, "cache": "ram", "allow": ["unreadable"], "cache_limit": 2.5,
    }  # fmt: skip
    assert found.get("train.deterministic") is True
    assert found.get("train.stages.0.freeze") == ["stem", "batch_norm"]
    assert found.get("train.stages.0.rates") == {"stem": 0.1}
    assert found.get("train.monitor") == "val_accuracy"


def test_a_wrong_value_shows_the_validators_sentence_at_its_field_and_at_its_part():
    shown = opened(part="Training")
    run(shown.number_input(key="spec:train.stages.0.epochs:whole").set_value(0))
    assert mistakes(shown) == ["should be 1 or more (got 0)"]
    assert draft(shown).get("train.stages.0.epochs") == 0
    assert any("1 wrong" in one.content for one in shown.segmented_control(key="spec:part").proto.options)
    run(shown.segmented_control(key="spec:part").set_value("Data"))
    assert not mistakes(shown)


def test_what_is_no_list_of_numbers_is_said_by_the_validator():
    shown = opened()
    run(shown.text_input(key="spec:data.image_size:numbers").set_value("128, wide"))
    assert "two whole numbers from 1 to 8192" in mistakes(shown)[0]
    run(shown.text_input(key="spec:data.image_size:numbers").set_value(""))
    assert not draft(shown).has("data.image_size")


def test_what_cannot_be_read_stays_in_its_box_and_out_of_the_text():
    shown = opened()
    run(shown.text_input(key="spec:data.image_size:numbers").set_value("[128, "))
    assert "cannot be read" in mistakes(shown)[0]
    assert shown.text_input(key="spec:data.image_size:numbers").value == "[128, "
    assert draft(shown).text == PHOTOS
    run(shown.text_input(key="spec:data.image_size:numbers").set_value("128, 128"))
    assert not mistakes(shown)


def test_a_changed_value_is_marked_and_reset():
    shown = opened(part="Network")
    button = shown.button(key="spec:model.backbone.convolutions:reset")
    assert button.label == "Reset to 1"
    pressed(shown, button.key)
    assert not draft(shown).has("model.backbone.convolutions")
    assert not [one for one in shown.button if one.key == button.key]


def test_another_backbone_shows_its_fields_at_once():
    shown = opened(part="Network")
    run(shown.selectbox(key="spec:model.backbone:type").set_value("resnet"))
    assert draft(shown).get("model.backbone") == {"type": "resnet"}
    assert shown.selectbox(key="spec:model.backbone.depth:choice").value == 50
    assert not [one for one in shown.text_input if one.key == "spec:model.backbone.filters:numbers"]


def test_only_what_the_task_can_take_is_offered():
    shown = opened(part="Network")
    assert set(shown.selectbox(key="spec:model.head:type").options) == {"classifier", "embedding"}
    assert "tcn" not in shown.selectbox(key="spec:model.backbone:type").options
    run(shown.segmented_control(key="spec:part").set_value("Augmentation"))
    offered = shown.selectbox(key="spec:augment:new").options
    assert "random_hue" in offered
    assert "word_swap" not in offered


def test_augmentations_are_added_moved_and_removed():
    shown = opened(part="Augmentation")
    run(shown.selectbox(key="spec:augment:new").set_value("random_hue"))
    pressed(shown, "spec:augment:add")
    assert shown.number_input(key="spec:augment.3.factor:number").value > 0  # the new one is open
    pressed(shown, "spec:augment.3:up")
    pressed(shown, "spec:augment.0:remove")
    types = [one["type"] for one in draft(shown).get("augment")]
    assert types == ["random_crop", "random_hue", "random_rotation"]
    assert shown.button(key="spec:augment.0:up").disabled
    assert shown.button(key="spec:augment.2:down").disabled


def test_stages_are_added_and_have_methods():
    shown = opened(part="Training")
    pressed(shown, "spec:train.stages:add")
    run(shown.selectbox(key="spec:train.stages.1.methods:new").set_value("swa"))
    pressed(shown, "spec:train.stages.1.methods:add")
    assert draft(shown).get("train.stages.1") == {"epochs": 10, "methods": [{"type": "swa"}]}


def test_the_other_form_of_a_value_is_chosen():
    shown = opened(part="Training")
    choice = shown.selectbox(key="spec:train.batch_size:either")
    assert choice.options == ["a number", "auto"]
    run(choice.set_value(1))
    assert draft(shown).get("train.batch_size") == "auto"
    assert not [one for one in shown.number_input if one.key == "spec:train.batch_size:whole"]


def test_a_section_is_turned_on():
    sounds = (TEMPLATES / "audio_classification" / "m5_waveform.yaml").read_text("utf-8")
    shown = opened(sounds, part="Network")
    assert "resnet" not in shown.selectbox(key="spec:model.backbone:type").options
    run(shown.toggle(key="spec:model.preprocess.spectrogram:on").set_value(True))
    assert draft(shown).get("model.preprocess.spectrogram") == {"mel_bins": 64}
    assert "resnet" in shown.selectbox(key="spec:model.backbone:type").options


def test_a_value_of_the_wrong_kind_is_shown_as_text():
    shown = opened(PHOTOS.replace("epochs: 60", "epochs: many"), part="Training")
    box = shown.text_input(key="spec:train.stages.0.epochs:whole")
    assert box.value == "many"
    assert "should be a whole number" in mistakes(shown)[0]
    run(box.set_value("8"))
    assert draft(shown).get("train.stages.0.epochs") == 8
    assert shown.number_input(key="spec:train.stages.0.epochs:whole").value == 8


@pytest.mark.parametrize(
    "broken",
    [
        "augment: [5, {type: 7}, {type: no_such}, {}]",
        "model: {backbone: {type: layers, layers: [[1]]}, head: null}",
        *(
            pytest.param(one, marks=pytest.mark.slow)
            for one in (
                "augment: 5",
                "model: []",
                "train: {stages: {}}",
                "train: {stages: [1, {epochs: 1e10}], batch_size: few}",
                "task: image_classification",
                'name: "a\\tb"',
                "data: {source: {type: arrays, path: [1]}, image_size: {a: 1}, allow: [1], split: {validation: {}}}",
                "train: {seed: 99999999999999999, deterministic: 1, loss: 3, stages: [{freeze: 3, rates: [1]}]}",
            )
        ),
    ],
)
def test_the_most_broken_spec_is_drawn_with_what_is_wrong(broken):
    shown = opened(f"kerascnn: 1\n{broken}\n")
    said = len(mistakes(shown))
    for part in GROUPS[1:]:
        said += len(mistakes(run(shown.segmented_control(key="spec:part").set_value(part))))
    assert said
    assert draft(shown).text == f"kerascnn: 1\n{broken}\n"


def test_a_text_that_cannot_be_read_is_said_with_its_place():
    shown = opened("kerascnn: 1\ntask: {\n")
    assert "1 mistake" in mistakes(shown)[0]
    assert "spec.yaml:2:7" in shown.code[0].value


def test_texts_of_a_spec_are_never_markdown():
    shown = opened(PHOTOS.replace("path: data/pictures", "pth: '![x](http://x)'"))
    assert all("![x](" not in one.value for one in [*shown.error, *shown.markdown, *shown.caption])


def test_the_form_shows_what_the_yaml_view_said():
    shown = opened(yaml=True)
    run(shown.text_area(key="spec:text").set_value(PHOTOS.replace("epochs: 60", "epochs: 9")))
    shown.session_state["yaml"] = False
    shown.session_state["spec:part"] = "Training"
    run(shown)
    assert shown.number_input(key="spec:train.stages.0.epochs:whole").value == 9


def test_the_yaml_view_says_line_and_column_under_the_text():
    shown = opened(yaml=True)
    assert not shown.error
    assert shown.caption[0].value == "No mistakes found."
    run(shown.text_area(key="spec:text").set_value(PHOTOS.replace("epochs: 60", "epochs: 0")))
    assert shown.session_state["draft"] != PHOTOS
    assert mistakes(shown) == ["1 mistake in the spec"]
    line = PHOTOS.split("\n").index("  stages:") + 2
    assert f"spec.yaml:{line}:16: train.stages.0.epochs: should be 1 or more (got 0)" in shown.code[0].value
    assert f"{line} |     - {{epochs: 0" in shown.code[0].value
    assert "^" in shown.code[0].value


def test_the_yaml_view_lists_components_to_copy():
    shown = opened(yaml=True, **{"spec:components": True})
    run(shown.selectbox(key="spec:kind").set_value("augmentation"))
    run(shown.selectbox(key="spec:component_augmentation").set_value("random_crop"))
    assert shown.code[0].value == "{type: random_crop, padding: 4, fill: zeros}"
    assert "random\\_flip" in shown.caption[-1].value
