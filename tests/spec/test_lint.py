"""The rules of good practice: when each speaks, and when it does not."""

from __future__ import annotations

import re
from collections.abc import Mapping
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


SPEAKS: list[tuple[str, Spec, Known | None, list[str]]] = [
    ("small-data", make(), FEW, ["model.backbone"]),
    ("squashed", make(data={"resize": "stretch"}), known(findings=SHAPES), ["data.resize"]),
    (
        "squashed",
        make(data={"image_size": [100, 200]}, preprocess={"resize": [64, 64]}),
        None,
        ["model.preprocess.resize"],
    ),
    ("large-network", make(), known({"cat": 5, "dog": 5}, 100_001), ["model.backbone"]),
    ("deep-without-skips", make(layers=chain(21)), None, ["model.backbone"]),
    ("deep-without-skips", make(layers=[CONV, *branches(chain(20), [CONV])]), None, ["model.backbone"]),
    (
        "upside-down",
        make(augment=[FLIP | {"mode": "vertical"}, FLIP, FLIP | {"mode": "both"}]),
        None,
        ["augment.0.mode", "augment.2.mode"],
    ),
    ("upside-down", make(augment=[TURN | {"factor": 0.3}]), None, ["augment.0.factor"]),
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
    ("squashed", make(data={"resize": "stretch"}), None),
    ("squashed", make(), known(findings=SHAPES)),
    ("squashed", make(data={"image_size": [100, 200]}, preprocess={"resize": [50, 100]}), None),
    ("large-network", make(), known({"cat": 5, "dog": 5}, 100_000)),
    ("large-network", make(), known(parameters=10**9)),
    ("deep-without-skips", make(layers=chain(20)), None),
    ("deep-without-skips", make(layers=[{"type": "repeat", "times": 50, "body": [RESIDUAL]}]), None),
    ("deep-without-skips", make(layers=branches(chain(21), [])), None),
    ("upside-down", make(augment=[FLIP, TURN | {"factor": 0.25}]), None),
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


def test_what_a_rule_says_is_a_warning_with_its_place_and_what_to_do() -> None:
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
