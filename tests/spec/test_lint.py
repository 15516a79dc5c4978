"""The rules of good practice: when each speaks, and when it does not."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from kerascnn.spec import DataInfo, Finding, Spec, spec_from_dict
from kerascnn.spec.lint import RULES, Advice, Known, lint

CONV: dict[str, Any] = {"type": "conv2d", "filters": 4}
FLIP = {"type": "random_flip"}
NORM = {"type": "batch_norm"}
SHAPES = (Finding("mixed-aspect-ratio", "note", "pictures have different shapes"),)


def make(
    *,
    layers: list[Any] | None = None,
    augment: list[Any] | None = None,
    data: Mapping[str, Any] | None = None,
    preprocess: Mapping[str, Any] | None = None,
    ignore: tuple[str, ...] = (),
    **train: Any,
) -> Spec:
    return spec_from_dict(
        {
            "kerascnn": 1,
            "name": "linted",
            "task": {"type": "image_classification"},
            "data": {"source": {"type": "digits"}, **(data or {})},
            "augment": augment or [],
            "model": {
                "preprocess": dict(preprocess or {}),
                "backbone": {"type": "layers", "layers": layers or [CONV]},
                "head": {"type": "classifier"},
            },
            "train": train,
            "lint": {"ignore": list(ignore)},
        }
    )


def known(
    train: Mapping[str, int] | None = None, parameters: int | None = None, findings: tuple[Finding, ...] = ()
) -> Known:
    counts = {"train": dict(train)} if train else {}
    return Known(DataInfo((8, 8, 1), tuple(train or ("cat", "dog")), counts), findings, parameters)


def split(**sizes: int) -> Known:
    """Return what is known of samples that have no class."""
    return Known(DataInfo((8, 8, 1), (), sizes=sizes))


def held_back(**classes: int) -> Known:
    """Return what is known of classes with this many test samples."""
    counts = {"train": dict.fromkeys(classes, 5000), "test": classes}
    sizes = {part: sum(some.values()) for part, some in counts.items()}
    return Known(DataInfo((8, 8, 1), tuple(classes), counts, sizes=sizes))


def answering(task: str, source: str, head: str, **sections: Any) -> Spec:
    """Return a spec on pictures that are answered by something else than one class."""
    tree = make().spell()
    paths: dict[str, dict[str, Any]] = {
        "image_masks": {"images": "a", "masks": "b"},
        "manifest": {"path": "t.csv", "target_columns": ["x"]},
    }
    tree["task"], tree["model"]["head"] = {"type": task}, {"type": head}
    tree["data"]["source"] = {"type": source, **paths.get(source, {"path": "x"})}
    return spec_from_dict({**tree, **sections})


def speaks(rule: str, spec: Spec, about: Known | None = None) -> list[str]:
    """Return the places that a rule speaks of."""
    return [".".join(map(str, said.path)) for said in lint(spec, about) if said.id == rule]


FEW, MANY = known({"cat": 400, "dog": 599}), known({"cat": 400, "dog": 600})
SIGNS, WORDS = known({"b": 5000, "d": 5000}), known({"b": 5000, "day": 5000})
RARE, EVEN = known({"cat": 1001, "dog": 100}), known({"cat": 1000, "dog": 100})
TURN = {"type": "random_rotation"}
RESIDUAL = {"type": "residual", "body": [{"type": "conv2d", "filters": 4}]}


def chain(times: int) -> list[Any]:
    return [{"type": "repeat", "times": times, "body": [CONV]}]


def branches(*some: list[Any]) -> list[Any]:
    return [{"type": "parallel", "branches": list(some)}]


CONV1D = {"type": "conv1d", "filters": 4, "kernel_size": 5}


def series(backbone: Mapping[str, Any]) -> Spec:
    """Return a spec on series with this network."""
    tree = make(augment=[]).spell()
    tree["task"] = {"type": "series_classification"}
    tree["data"]["source"] = {"type": "ts_file", "path": "x.ts"}
    tree["model"]["backbone"] = dict(backbone)
    return spec_from_dict(tree)


def steps(length: int) -> Known:
    """Return what is known of series of this length."""
    return Known(DataInfo((length, 2), ("cat", "dog")))


LEAKS = (
    Finding("duplicate-across-splits", "error", "copies", ("a", "b")),
    Finding("near-duplicate-across-splits", "warning", "alike", ("c",)),
)
NUMBERS = answering("image_regression", "manifest", "regressor")
MASKS = answering("image_segmentation", "image_masks", "segmenter")
BOXES = answering("object_detection", "yolo", "center_detector")
RESNET = {"backbone": {"type": "resnet", "weights": "imagenet"}, "head": {"type": "classifier"}}


def fine_tuned(**preprocess: Any) -> Spec:
    return spec_from_dict({**make().spell(), "model": {**RESNET, "preprocess": preprocess}})


SPEAKS: list[tuple[str, Spec, Known | None, list[str]]] = [
    ("small-data", make(), FEW, ["model.backbone"]),
    ("small-data", NUMBERS, split(train=999), ["model.backbone"]),
    ("small-data", BOXES, split(train=999), ["model.backbone"]),
    ("small-data", MASKS, split(train=99), ["model.backbone"]),
    ("leaking-splits", make(), known(findings=LEAKS), ["data.split"]),
    ("leaking-splits", make(data={"allow": ["duplicate-across-splits"]}), known(findings=LEAKS), ["data.split"]),
    ("mismatched-preprocessing", fine_tuned(normalize="unit"), None, ["model.preprocess.normalize"]),
    ("no-failure-analysis", make(), split(train=5000, validation=500), ["data.split.test"]),
    ("no-failure-analysis", make(), held_back(cat=9, dog=0), ["data.split.test"]),
    ("squashed", make(data={"resize": "stretch"}), known(findings=SHAPES), ["data.resize"]),
    (
        "squashed",
        make(data={"image_size": [100, 200]}, preprocess={"resize": [64, 64]}),
        None,
        ["model.preprocess.resize"],
    ),
    ("large-network", make(), known({"cat": 5, "dog": 5}, 100_001), ["model.backbone"]),
    ("large-network", NUMBERS, replace(split(train=10), parameters=100_001), ["model.backbone"]),
    ("large-network", BOXES, replace(split(train=10), parameters=100_001), ["model.backbone"]),
    ("large-network", MASKS, replace(split(train=10), parameters=20_000_001), ["model.backbone"]),
    ("deep-without-skips", make(layers=chain(21)), None, ["model.backbone"]),
    ("deep-without-skips", make(layers=[CONV, *branches(chain(20), [CONV])]), None, ["model.backbone"]),
    (
        "upside-down",
        make(augment=[FLIP | {"mode": "vertical"}, FLIP, FLIP | {"mode": "both"}]),
        None,
        ["augment.0.mode", "augment.2.mode"],
    ),
    ("upside-down", make(augment=[TURN | {"degrees": 91}]), None, ["augment.0.degrees"]),
    ("mirrored-signs", make(augment=[TURN, FLIP]), SIGNS, ["augment.1"]),
    ("no-effect", make(augment=[FLIP | {"probability": 0}]), None, ["augment.0"]),
    ("no-effect", make(augment=[FLIP, {"type": "random_shear", "x": 0, "y": 0}]), None, ["augment.1"]),
    ("accuracy-of-unequal-classes", make(monitor="val_accuracy"), RARE, ["train.monitor"]),
    ("tiny-batch", make(layers=[CONV, NORM], batch_size=7), None, ["train.batch_size"]),
    (
        "tiny-batch",
        make(layers=[{"type": "residual", "body": [CONV, NORM]}], batch_size=1),
        None,
        ["train.batch_size"],
    ),
    ("nothing-held-out", make(monitor="loss"), None, ["train.monitor"]),
    ("receptive-field", series({"type": "tcn", "levels": 3}), steps(30), ["model.backbone"]),
    ("receptive-field", series({"type": "series_fcn"}), steps(351), ["model.backbone"]),
    ("receptive-field", series({"type": "inception_time"}), steps(23), ["model.backbone"]),
    ("receptive-field", series({"type": "layers", "layers": [CONV1D]}), steps(126), ["model.backbone"]),
]

SILENT: list[tuple[str, Spec, Known | None]] = [
    ("small-data", make(), MANY),
    ("small-data", make(augment=[FLIP]), FEW),
    ("small-data", make(), None),
    ("small-data", NUMBERS, split(train=1000)),
    ("small-data", BOXES, split(train=1000)),
    ("small-data", MASKS, split(train=100)),
    ("small-data", fine_tuned(), split(train=10)),
    ("leaking-splits", make(), known(findings=SHAPES)),
    ("leaking-splits", make(data={"allow": ["duplicate-across-splits"]}), known(findings=LEAKS[:1])),
    ("leaking-splits", make(), None),
    ("mismatched-preprocessing", fine_tuned(), None),
    ("mismatched-preprocessing", fine_tuned(normalize="caffe"), None),
    ("mismatched-preprocessing", make(preprocess={"normalize": "unit"}), None),
    ("no-failure-analysis", make(), None),
    ("no-failure-analysis", make(), held_back(cat=9, dog=1)),
    ("no-failure-analysis", MASKS, split(train=100, test=1)),
    ("no-failure-analysis", make(data={"split": {"folds": 5}}), split(train=100)),
    ("squashed", make(data={"resize": "stretch"}), None),
    ("squashed", make(), known(findings=SHAPES)),
    ("squashed", make(data={"image_size": [100, 200]}, preprocess={"resize": [50, 100]}), None),
    ("large-network", make(), known({"cat": 5, "dog": 5}, 100_000)),
    ("large-network", make(), known(parameters=10**9)),
    ("large-network", MASKS, replace(split(train=10), parameters=20_000_000)),
    ("deep-without-skips", make(layers=chain(20)), None),
    ("deep-without-skips", make(layers=[{"type": "repeat", "times": 50, "body": [RESIDUAL]}]), None),
    ("deep-without-skips", make(layers=branches(chain(21), [])), None),
    ("upside-down", make(augment=[FLIP, TURN | {"degrees": 90}]), None),
    ("mirrored-signs", make(augment=[FLIP]), WORDS),
    ("mirrored-signs", make(augment=[TURN]), SIGNS),
    ("mirrored-signs", make(augment=[FLIP]), None),
    ("no-effect", make(augment=[FLIP, TURN, {"type": "random_shear", "x": 0, "y": 0.1}]), None),
    ("accuracy-of-unequal-classes", make(monitor="val_accuracy"), EVEN),
    ("accuracy-of-unequal-classes", make(monitor="val_loss"), RARE),
    ("tiny-batch", make(layers=[CONV, NORM], batch_size=8), None),
    ("tiny-batch", make(batch_size=1), None),
    ("tiny-batch", make(layers=[NORM], batch_size=1, stages=[{"freeze": "backbone"}]), None),
    ("nothing-held-out", make(monitor="val_accuracy"), None),
    ("receptive-field", series({"type": "tcn", "levels": 3}), steps(29)),
    ("receptive-field", series({"type": "tcn", "levels": 3, "output": "mean"}), steps(30)),
    ("receptive-field", series({"type": "series_fcn"}), steps(350)),
    ("receptive-field", series({"type": "inception_time"}), steps(24)),
    ("receptive-field", series({"type": "layers", "layers": [CONV1D]}), steps(125)),
    ("receptive-field", series({"type": "layers", "layers": [CONV1D, {"type": "flatten"}]}), steps(9999)),
    ("receptive-field", series({"type": "series_fcn"}), None),
    ("receptive-field", make(), FEW),
]


def name(case: Any) -> str:
    return case if isinstance(case, str) else ""


@pytest.mark.parametrize(("rule", "spec", "about", "places"), SPEAKS, ids=name)
def test_a_rule_speaks_of_its_place(rule: str, spec: Spec, about: Known | None, places: list[str]) -> None:
    assert speaks(rule, spec, about) == places


@pytest.mark.parametrize(("rule", "spec", "about"), SILENT, ids=name)
def test_a_rule_is_silent_otherwise(rule: str, spec: Spec, about: Known | None) -> None:
    assert speaks(rule, spec, about) == []


@pytest.mark.parametrize(("rule", "spec", "about", "places"), SPEAKS, ids=name)
def test_an_ignored_rule_is_silent_and_the_others_are_not(
    rule: str, spec: Spec, about: Known | None, places: list[str]
) -> None:
    quiet = spec_from_dict({**spec.spell(), "lint": {"ignore": [rule]}})
    assert lint(quiet, about) == [said for said in lint(spec, about) if said.id != rule]


def test_every_rule_is_tried_has_a_sentence_and_a_name_in_small_letters() -> None:
    assert {rule for rule, *_ in SPEAKS} == {rule for rule, *_ in SILENT} == set(RULES)
    for rule, function in RULES.items():
        assert re.fullmatch("[a-z]+(-[a-z]+)*", rule)
        assert (function.__doc__ or "").startswith("Report "), rule


ANTI_PATTERNS = {
    "training from scratch on few samples": "small-data",
    "test samples leak into what is tuned": "leaking-splits",
    "preprocessing that differs": "mismatched-preprocessing",
    "pictures that lose their shape": "squashed",
    "a network that is too large for its data": "large-network",
    "depth without shortcuts": "deep-without-skips",
    "no look at failures": "no-failure-analysis",
    "augmentation that never occurs in use": "upside-down",
    "accuracy alone where a class is rare": "accuracy-of-unequal-classes",
    "batch normalisation over a few samples": "tiny-batch",
}


def test_each_of_the_ten_anti_patterns_has_a_rule() -> None:
    assert len(set(ANTI_PATTERNS.values())) == 10
    assert set(ANTI_PATTERNS.values()) <= set(RULES)


@pytest.mark.parametrize(("rule", "spec", "about", "places"), SPEAKS, ids=name)
def test_what_a_rule_says_is_what_goes_wrong_and_what_to_do(
    rule: str, spec: Spec, about: Known | None, places: list[str]
) -> None:
    for said in lint(spec, about):
        sentence, _, remedy = said.message.partition("; ")
        assert len(sentence.split()) > 3, said
        assert len(remedy.split()) > 1, said


def test_leaks_are_counted_and_what_is_allowed_is_left_out() -> None:
    (said,) = [said for said in lint(make(), known(findings=LEAKS)) if said.id == "leaking-splits"]
    assert "(duplicate-across-splits: 2, near-duplicate-across-splits: 1)" in said.message
    allowed = make(data={"allow": ["duplicate-across-splits"]})
    (said,) = [said for said in lint(allowed, known(findings=LEAKS)) if said.id == "leaking-splits"]
    assert "another (near-duplicate-across-splits: 1)," in said.message


@pytest.mark.parametrize(("spec", "small"), [(NUMBERS, "simple_cnn"), (MASKS, "unet_encoder with fewer filters")])
def test_the_small_network_to_compare_with_is_one_for_the_task(spec: Spec, small: str) -> None:
    (said,) = [said for said in lint(spec, replace(split(train=10), parameters=10**9)) if said.id == "large-network"]
    assert f"compare it with a small network ({small}) on the validation split" in said.message


def test_a_sample_of_several_classes_counts_once() -> None:
    both = DataInfo((8, 8, 1), ("cat", "dog"), {"train": {"cat": 900, "dog": 900}}, sizes={"train": 900})
    assert Known(both).samples == 900
    assert speaks("small-data", make(), Known(both)) == ["model.backbone"]


def test_what_a_rule_says_is_a_warning_a_warning_with_its_place_and_what_to_do() -> None:
    (said,) = lint(make(monitor="loss"))
    finding = said.finding()
    assert (finding.id, finding.severity) == ("nothing-held-out", "warning")
    assert finding.message.startswith("train.monitor: loss is measured on the training samples")
    assert finding.message.endswith("monitor val_loss")
    assert Advice("x", ("augment", 0), "is odd").finding().message == "augment.0: is odd"


def test_a_sound_spec_hears_nothing() -> None:
    assert lint(make(augment=[FLIP], batch_size=32), MANY) == []
    assert lint(make()) == []


def test_a_rule_that_is_not_there_cannot_be_ignored() -> None:
    with pytest.raises(Exception, match="no rule is named 'smal-data'; did you mean 'small-data'"):
        make(ignore=("smal-data",))
