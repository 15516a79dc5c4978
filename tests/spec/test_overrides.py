"""`--set PATH=VALUE` changes a spec under the rules and with the errors of the file."""

from __future__ import annotations

from typing import Any

import pytest

from kerascnn.spec.load import parse_spec
from kerascnn.spec.overrides import override
from kerascnn.spec.tree import Tree
from tests.spec.texts import FIELDS, SPEC, mistakes, swap, yaml_tree


def changed(text: str, *settings: str) -> Tree:
    tree = yaml_tree(text)
    override(tree, settings)
    return tree


NO_FLP = "no augmentation is named 'random_flp'; did you mean 'random_flip'?"


def wrong(*settings: str, text: str = SPEC) -> list[str]:
    return mistakes(text, "bad.yaml", settings)


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("a=2", {"a": 2, "b": [1, {"c": 3}]}),
        (" a = 1e-3", {"a": 0.001, "b": [1, {"c": 3}]}),
        ("a=", {"a": None, "b": [1, {"c": 3}]}),
        ("a=x=y", {"a": "x=y", "b": [1, {"c": 3}]}),
        ("a=[28, 28]", {"a": [28, 28], "b": [1, {"c": 3}]}),
        ("a={type: sgd}", {"a": {"type": "sgd"}, "b": [1, {"c": 3}]}),
        ("b.0=true", {"a": 1, "b": [True, {"c": 3}]}),
        ("b.1.c='2'", {"a": 1, "b": [1, {"c": "2"}]}),
        ("b.1.d=4", {"a": 1, "b": [1, {"c": 3, "d": 4}]}),
        ("b.2=5", {"a": 1, "b": [1, {"c": 3}, 5]}),
        ("b.2.e=5", {"a": 1, "b": [1, {"c": 3}, {"e": 5}]}),
        ("x.y.0.z=6", {"a": 1, "b": [1, {"c": 3}], "x": {"y": [{"z": 6}]}}),
        ("x.0=7", {"a": 1, "b": [1, {"c": 3}], "x": [7]}),
    ],
)
def test_a_setting_changes_one_value(setting: str, expected: dict[str, Any]) -> None:
    tree = changed("a: 1\nb: [1, {c: 3}]", setting)
    assert tree.value == expected
    assert not tree.issues


def test_a_part_that_stands_empty_is_filled() -> None:
    assert changed("a:\nb: [~]", "a.x=1", "b.0.y=2").value == {"a": {"x": 1}, "b": [{"y": 2}]}


def test_a_number_is_the_name_of_a_key_where_a_mapping_stands() -> None:
    tree = changed("a: {'7': x, '007': y}", "a.7=1", "a.007=2")
    assert tree.value == {"a": {"7": 1, "007": 2}}
    assert tree.place(("a", "007")) == ("--set", 2, 7)


def test_later_settings_win_and_see_the_earlier_ones() -> None:
    assert changed("a: 1", "a=2", "b={c: 1}", "b.c=3", "a=4").value == {"a": 4, "b": {"c": 3}}


def test_settings_reach_the_spec() -> None:
    settings = ["train.stages.0.learning_rate=3e-4", "train.seed=7", "model.head={type: classifier}"]
    spec = parse_spec(SPEC, "s.yaml", settings)
    assert (spec.train.stages[0].learning_rate, spec.train.seed) == (3e-4, 7)
    assert spec.spell()["model"]["head"]["hidden"] == []


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("train.seed", "should be PATH=VALUE, such as train.seed=1 (got 'train.seed')"),
        ("", "should be PATH=VALUE, such as train.seed=1 (got '')"),
        ("=1", "should be PATH=VALUE, such as train.seed=1 (got '=1')"),
        ("train..seed=1", "a part of the path is empty (got 'train..seed')"),
        (".=1", "a part of the path is empty (got '.')"),
        ("x." * 64 + "x=1", "the path has more than 64 parts"),
        ("augment.first={}", "augment: is a list: 'first' should be the index of an item, from 0 on"),
        ("augment.-1={}", "augment: is a list: '-1' should be the index of an item, from 0 on"),
        ("augment.5={}", "augment: has 2 items: 5 is past the next free index, 2"),
        ("name.first=1", "name: is a single value ('digits'): nothing can be set inside it"),
        (f"augment.{'9' * 5000}=1", f"augment: is a list: '{'9' * 60}...' should be the index of an item, from 0 on"),
    ],
    ids=str.split,
)
def test_a_setting_that_cannot_be_put_in_is_named(setting: str, expected: str) -> None:
    assert wrong(setting) == [f"--set:1:1: {expected}"]


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("train.seed=-1", "--set:1:12: train.seed: should be 0 or more (got -1)"),
        ("train.seed = -1", "--set:1:14: train.seed: should be 0 or more (got -1)"),
        ("train.sede=1", "--set:1:1: train.sede: no field is named 'sede'; did you mean 'seed'?"),
        ("train.seed= .nan", "--set:1:13: train.seed: should be a finite number (got .nan)"),
        ("train.seed=[1", "--set:1:12: train.seed: the bracket '[' that opens here is not closed"),
        ("train.seed=&x 1", "--set:1:12: train.seed: anchors are not part of a spec (got &x); remove it"),
        ("augment.0={type: random_flp}", f"--set:1:18: augment.0.type: {NO_FLP}"),
        ("augment.2.type=random_flp", f"--set:1:16: augment.2.type: {NO_FLP}"),
        (
            "model.head={type: classifier, hiden: [1]}",
            "--set:1:31: model.head.hiden: no field is named 'hiden'; did you mean 'hidden'?",
        ),
        (
            "model.preprocess.resize=[28, 1e999]",
            "--set:1:30: model.preprocess.resize.1: is too large for a number (got 1e999)",
        ),
        ("train.seed=\t'x", "--set:1:13: train.seed: the quote that opens here is not closed"),
        ("train.seed=\x07", "--set:1:12: train.seed: the character U+0007 may not stand in a YAML text; remove it"),
    ],
)
def test_a_mistake_in_a_setting_is_placed_in_the_setting(setting: str, expected: str) -> None:
    assert wrong(setting) == [expected]


def test_a_mistake_between_a_setting_and_the_file_is_placed_in_the_part_that_holds_both() -> None:
    assert wrong("data.split.validation=0.9") == [
        "bad.yaml:6:10: data.split: nothing is left to train on: validation and test together should be less than 1 "
        "(got validation 0.9, test 0.2)"
    ]


def test_the_number_of_the_setting_is_its_line() -> None:
    assert wrong("train.seed=1", "train.batch_size=0", "name=ok", "x=1") == [
        "--set:2:18: train.batch_size: should be 1 or more (got 0)",
        f"--set:4:1: x: no field is named 'x'; the fields are {FIELDS}",
    ]


def test_a_mistake_that_names_a_second_place_names_it_in_the_setting() -> None:
    assert wrong("train.seed=1", "model.head={type: classifier pooling: avg}") == [
        "--set:2:37: model.head: should be ',' or '}' before this: the '{' of line 2, column 12 is still open"
    ]


def test_mistakes_of_all_settings_and_of_the_file_come_at_once() -> None:
    text = swap("seed: 1", "seed: .nan", swap("name: digits", "name: [x]"))
    assert wrong("train", "augment.9={}", "train.batch_size=&x 0", text=text) == [
        "--set:1:1: should be PATH=VALUE, such as train.seed=1 (got 'train')",
        "--set:2:1: augment: has 2 items: 9 is past the next free index, 2",
        "--set:3:18: train.batch_size: anchors are not part of a spec (got &x); remove it",
        "--set:3:18: train.batch_size: should be 1 or more (got 0)",
        "bad.yaml:2:7: name: should be text (got ['x'])",
        "bad.yaml:23:9: train.seed: should be a finite number (got .nan)",
    ]


@pytest.mark.parametrize(
    ("broken", "setting"),
    [
        (("seed: 1", "seed: .nan"), "train.seed=2"),
        (("name: digits", "name: digits\nname: other"), "name=third"),
        (("{type: random_flip}", "&x {type: random_flp}"), "augment.0={type: random_flip}"),
        (("{resize: [28, 28], normalize: unit}", "{resize: [28, .inf]}"), "model.preprocess={}"),
    ],
)
def test_a_setting_mends_a_mistake_of_the_file(broken: tuple[str, str], setting: str) -> None:
    text = swap(*broken)
    assert wrong(text=text)
    assert wrong(setting, text=text) == []


def test_a_setting_mends_no_mistake_beside_it() -> None:
    text = swap("seed: 1", "seed: .nan\n  seeds: 1")
    assert wrong("train.seed=1", text=text) == [
        "bad.yaml:24:3: train.seeds: no field is named 'seeds'; did you mean 'seed'?"
    ]


def test_a_setting_inside_a_value_that_could_not_be_read_does_not_mend_it() -> None:
    text = swap("{resize: [28, 28], normalize: unit}", ".nan")
    assert wrong("model.preprocess.normalize=unit", text=text) == [
        "bad.yaml:11:15: model.preprocess: should be a finite number (got .nan)"
    ]
