"""Ways to divide that exclude each other, names that name nothing, and answers that a task does not take."""

from __future__ import annotations

from typing import Any

import pytest

from kerascnn.errors import SpecError
from kerascnn.spec import spec_from_dict
from kerascnn.spec.fit import misfits
from tests.spec.texts import SPEC, mistakes, swap

LISTS = "lists: {train: a.txt}"


def of(split: str) -> list[str]:
    """Return the mistakes of a split without the place in the file."""
    text = swap("{validation: 0.2, test: 0.2}", split)
    return [line.split(":", 3)[3].strip() for line in mistakes(text)]


@pytest.mark.parametrize(
    ("split", "expected"),
    [
        ("{fold: 0}", ["data.split.fold: needs data.split.folds: how many folds are there?"]),
        (
            "{folds: 5, fold: 5}",
            ["data.split.fold: should be less than data.split.folds, counted from 0 (got 5 of 5)"],
        ),
        (
            f"{{file: a.csv, {LISTS}}}",
            ["data.split.lists: cannot stand beside `file`; both say the split of each sample"],
        ),
        (
            f"{{folds: 5, {LISTS}}}",
            ["data.split.folds: cannot stand beside `lists`, which name the test samples already"],
        ),
        ("{folds: 5, order: time}", ["data.split.folds: cannot be made by time; leave out `order`"]),
        ("{time_by: '[0-9]+'}", ["data.split.time_by: is for `order: time`"]),
        (
            f"{{folds: 2, fold: 7, file: a.csv, {LISTS}, time_by: x}}",
            [
                "data.split.fold: should be less than data.split.folds, counted from 0 (got 7 of 2)",
                "data.split.lists: cannot stand beside `file`; both say the split of each sample",
                "data.split.folds: cannot stand beside `lists`, which name the test samples already",
                "data.split.time_by: is for `order: time`",
            ],
        ),
    ],
)  # fmt: skip
def test_ways_that_exclude_each_other_are_named(split: str, expected: list[str]) -> None:
    assert sorted(of(split)) == sorted(expected)


@pytest.mark.parametrize(
    "split",
    [
        "{folds: 5}",
        "{folds: 5, fold: 4}",
        "{folds: 5, file: a.csv}",
        f"{{{LISTS}}}",
        "{file: a.csv}",
        "{order: time}",
        "{order: time, time_by: '[0-9]+'}",
        "{order: time, group_by: '[0-9]+'}",
    ],
)
def test_ways_that_go_together_fit(split: str) -> None:
    assert of(split) == []


def test_a_mistake_of_the_split_stands_at_its_line_and_column() -> None:
    assert mistakes(swap("{validation: 0.2, test: 0.2}", "{folds: 3, fold: 3}"))[0].startswith("t.yaml:6:27: ")


@pytest.mark.parametrize(
    "split", [{"folds": "x", "fold": []}, {"lists": 3, "file": None}, {"time_by": None, "order": 3}, {"fold": None}]
)
def test_a_broken_split_makes_up_nothing(split: dict[str, Any]) -> None:
    assert misfits({"data": {"split": split}}) == []


# Names.


def test_a_finding_that_stops_nothing_cannot_be_allowed() -> None:
    text = swap("split: {validation: 0.2, test: 0.2}", "allow: [unreadable, unreadible, zzz]")
    assert [line.split(": ", 1)[1] for line in mistakes(text)] == [
        "data.allow.1: no finding that stops a training is named 'unreadible'; did you mean 'unreadable'?",
        "data.allow.2: no finding that stops a training is named 'zzz'; there are unreadable, "
        "duplicate-across-splits, group-across-splits, mask-size, mask-values",
    ]


def test_a_rule_that_is_not_there_cannot_be_ignored() -> None:
    assert mistakes(f"{SPEC}lint: {{ignore: [tiny-batch, tinybatch]}}\n")[0].endswith(
        "lint.ignore.1: no rule is named 'tinybatch'; did you mean 'tiny-batch'?"
    )


@pytest.mark.parametrize("names", [None, "unreadable", [3, None, ["x"]], {}])
def test_what_is_no_list_of_names_is_left_to_the_part_itself(names: Any) -> None:
    assert misfits({"data": {"allow": names}, "lint": {"ignore": names}}) == []


# Answers.


def table(task: str, head: str, **columns: Any) -> list[str]:
    """Return the mistakes between a task and a table with these columns."""
    tree = {
        "kerascnn": 1,
        "name": "t",
        "task": {"type": task},
        "data": {"source": {"type": "manifest", "path": "t.csv", **columns}},
        "model": {"backbone": {"type": "simple_cnn"}, "head": {"type": head}},
    }
    try:
        spec_from_dict(tree)
    except SpecError as error:
        return [f"{issue.path}: {issue.message}" for issue in error.issues]
    return []


@pytest.mark.parametrize(
    ("task", "head", "columns", "said"),
    [
        ("image_classification", "classifier", {"target_columns": ["x"]}, ("numbers", "the class")),
        ("image_classification", "classifier", {"labels_column": "x"}, ("all the classes", "the class")),
        ("image_multilabel", "multilabel_classifier", {}, ("the class", "all the classes")),
        ("image_regression", "regressor", {"labels_column": "x"}, ("all the classes", "numbers")),
    ],
)
def test_answers_that_the_task_does_not_take_are_named(
    task: str, head: str, columns: dict[str, Any], said: tuple[str, str]
) -> None:
    (mistake,) = table(task, head, **columns)
    assert mistake == f"data.source: 'manifest' says {said[0]} of each sample; the task '{task}' wants {said[1]}"


@pytest.mark.parametrize(
    ("task", "head", "columns"),
    [
        ("image_classification", "classifier", {}),
        ("image_multilabel", "multilabel_classifier", {"labels_column": "x"}),
        ("image_regression", "regressor", {"target_columns": ["x", "y"]}),
    ],
)
def test_answers_that_the_task_takes_fit(task: str, head: str, columns: dict[str, Any]) -> None:
    assert table(task, head, **columns) == []


def test_a_source_that_is_broken_itself_says_that_alone() -> None:
    mistakes_found = table("image_regression", "regressor", label_column=3)
    assert all("label_column" in line for line in mistakes_found)
    assert mistakes_found
