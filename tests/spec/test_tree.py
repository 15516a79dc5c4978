"""Trees: plain data that knows its places, built within limits that no reader can pass."""

from __future__ import annotations

from typing import Any

import pytest

from kerascnn.errors import SpecError
from kerascnn.spec.load import read_tree
from kerascnn.spec.tree import (
    MAX_BYTES,
    MAX_DEPTH,
    MAX_ISSUES,
    MAX_SCALAR,
    MAX_VALUES,
    Place,
    Tree,
    clip,
    read_data,
    read_number,
    seen,
)
from tests.spec.texts import failure, json_tree, said, yaml_tree


def fails(data: Any) -> str:
    with pytest.raises(SpecError) as caught:
        read_data(data, "spec")
    return str(caught.value)


@pytest.mark.parametrize("content", ["a: " + "x" * MAX_BYTES, b"# " + b"x" * MAX_BYTES], ids=["text", "bytes"])
def test_a_text_of_more_than_a_mebibyte_is_not_parsed(content: str | bytes) -> None:
    with pytest.raises(SpecError, match=r"^t\.yaml: is larger than 1048576 characters, the limit for a spec$"):
        read_tree(content, "t.yaml")


def test_a_text_of_a_mebibyte_is() -> None:
    assert read_tree("a: 1\n" + "#" * (MAX_BYTES - 5), "t.yaml").value == {"a": 1}


@pytest.mark.parametrize("file", ["t.yaml", "t.json"])
def test_the_limit_of_depth_is_sixty_four(file: str) -> None:
    read = json_tree if file.endswith("json") else yaml_tree
    assert read("[" * MAX_DEPTH + "]" * MAX_DEPTH).value is not None
    path = ".".join("0" * 8)
    message = f"1:{MAX_DEPTH + 1}: {path}: is nested more than {MAX_DEPTH} levels deep"
    assert failure("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1), file) == message


def test_what_stands_under_a_refused_key_counts_for_the_depth() -> None:
    assert failure('{"a": 1, "a": ' + "[" * MAX_DEPTH, "t.json").endswith(f"more than {MAX_DEPTH} levels deep")


@pytest.mark.parametrize("file", ["t.yaml", "t.json"])
def test_the_limit_of_values_is_fifty_thousand(file: str) -> None:
    read = json_tree if file.endswith("json") else yaml_tree
    most = "[" + ",".join("1" * (MAX_VALUES - 1)) + "]"
    assert len(read(most).value) == MAX_VALUES - 1
    assert failure(most[:-1] + ",1]", file).endswith(f"a spec holds at most {MAX_VALUES} values")


@pytest.mark.parametrize("file", ["t.yaml", "t.json"])
def test_the_limit_of_a_text_is_sixty_four_kibibytes(file: str) -> None:
    read = json_tree if file.endswith("json") else yaml_tree
    assert len(read('{"a": "' + "x" * MAX_SCALAR + '"}').value["a"]) == MAX_SCALAR
    longer = '{"a": "' + "x" * (MAX_SCALAR + 1) + '"}'
    assert failure(longer, file) == "1:7: a: a text of 65537 characters is too long; the limit is 65536"


@pytest.mark.parametrize(
    ("text", "file"),
    [('{"' + "x" * 70_000 + '": 1}', "t.json"), ("? " + "x" * 70_000 + "\n: 1", "t.yaml")],
    ids=["json", "yaml"],
)
def test_the_limit_holds_for_keys_too(text: str, file: str) -> None:
    assert failure(text, file).endswith("a key of 70000 characters is too long; the limit is 65536")


@pytest.mark.parametrize(
    ("text", "number", "mistake"),
    [
        ("9" * 19, 10**19 - 1, ""),
        ("-" + "9" * 19, 1 - 10**19, ""),
        ("9" * 20, None, "a whole number has at most 19 digits"),
        pytest.param("9" * 100_000, None, "a whole number has at most 19 digits", id="100000 digits"),
        ("1." + "0" * 398, 1.0, ""),
        ("1." + "0" * 399, None, "a number has at most 400 characters"),
        ("1e308", 1e308, ""),
        ("1e309", None, "is too large for a number"),
    ],
)
def test_the_limits_of_numbers(text: str, number: float | None, mistake: str) -> None:
    assert read_number(text) == (number, mistake)


@pytest.mark.parametrize("file", ["t.yaml", "t.json"])
def test_after_a_hundred_mistakes_the_rest_is_not_read(file: str) -> None:
    text = '{"a": 1,\n' + ",\n".join(['"a": 1'] * (MAX_ISSUES + 5)) + "}"
    lines = failure(text, file).split("\n")
    assert len(lines) == MAX_ISSUES + 1
    assert lines[-1] == "102:1: there are more than 100 mistakes; the rest is not read"


def test_plain_data_goes_through_the_same_limits() -> None:
    assert fails([[1] * 300] * 300) == f"spec: 166.32: a spec holds at most {MAX_VALUES} values"
    assert fails({"a": "x" * 70_000}) == "spec: a: a text of 70000 characters is too long; the limit is 65536"
    assert fails({"x" * 70_000: 1}) == "spec: a key of 70000 characters is too long; the limit is 65536"


def test_data_that_holds_itself_is_nested_too_deep() -> None:
    data: dict[str, Any] = {}
    data["a"] = [data]
    assert fails(data) == "spec: a.0.a.0.a.0.a.0: is nested more than 64 levels deep"


@pytest.mark.parametrize(
    ("value", "mistake"),
    [
        (float("nan"), "should be a finite number (got nan)"),
        (float("-inf"), "should be a finite number (got -inf)"),
        (10**19, "a whole number has at most 19 digits"),
        pytest.param(10**5000, "a whole number has at most 19 digits", id="5001 digits"),
        ("\ud800", "holds half a character, \\ud800; remove it"),
        (
            {1, 2},
            "should be a text, a number, true, false, null, a list or a mapping (got the Python type set)",
        ),
        (
            b"x",
            "should be a text, a number, true, false, null, a list or a mapping (got the Python type bytes)",
        ),
    ],
)
def test_data_that_no_text_could_hold_is_named(value: Any, mistake: str) -> None:
    tree = read_data({"a": [1, value], "b": 2}, "spec")
    assert [str(issue) for issue in tree.issues] == [f"spec: a.1: {mistake}"]
    assert tree.value == {"a": [1, None], "b": 2}


@pytest.mark.parametrize("key", [1, None, True, (1, 2), b"x", 1.5])
def test_a_key_of_data_is_text(key: Any) -> None:
    tree = read_data({key: {"a": float("nan")}, "b": 2}, "spec")
    assert [str(issue) for issue in tree.issues] == [f"spec: a key should be text (got {key!r})"]
    assert tree.value == {"b": 2}


def test_a_key_of_data_holds_whole_characters() -> None:
    tree = read_data({"\udfff": 1}, "spec")
    assert [str(issue) for issue in tree.issues] == ["spec: a key holds half a character, \\udfff; remove it"]


def test_reading_data_copies_it_and_takes_tuples_for_lists() -> None:
    data = {"a": (1, [2])}
    tree = read_data(data, "spec")
    assert tree.value == {"a": [1, [2]]}
    tree.value["a"][1].append(3)
    assert data == {"a": (1, [2])}


def test_the_place_of_what_is_not_there_is_that_of_the_part_around_it() -> None:
    tree = yaml_tree("a:\n  b: [1]\n")
    assert tree.place(("a", "b", 5, "c")) == Place("t.yaml", 2, 6)
    assert tree.place(("x",)) == Place("t.yaml", 1, 1)
    assert Tree().place(("x",)) is None


def test_the_place_of_a_key_is_apart_from_that_of_its_value() -> None:
    tree = yaml_tree("a:\n  b: 1\n")
    assert tree.place(("a", "b")) == Place("t.yaml", 2, 6)
    assert tree.place(("a", "b"), of_key=True) == Place("t.yaml", 2, 3)


def test_an_issue_carries_the_line_of_the_text() -> None:
    tree = yaml_tree("a: 1\nb: 'x'\n")
    issue = tree.issue(Place("t.yaml", 2, 4), ("b",), "is wrong", "x", "y")
    assert (issue.source_line, issue.value, issue.suggestion) == ("b: 'x'", "x", "y")
    assert str(issue) == "t.yaml:2:4: b: is wrong"
    assert issue.frame() == "    2 | b: 'x'\n      |    ^"


def test_an_issue_stands_on_one_line_whatever_the_spec_holds() -> None:
    tree = json_tree('{"a\\nb\\u001b": {"\\u2028": NaN}}')
    assert said(tree) == ["1:27: a\\nb\\x1b.\\u2028: should be a finite number (got NaN)"]


def test_a_line_of_the_text_is_shown_without_what_a_terminal_would_obey() -> None:
    tree = json_tree('{"a": "\x9b31m\u202e", "b": NaN}')
    assert tree.issues[0].source_line == '{"a": "\ufffd31m\ufffd", "b": NaN}'


def test_a_long_key_is_cut_in_messages() -> None:
    tree = json_tree('{"' + "k" * 1000 + '": {"a": NaN, "' + "l" * 1000 + '": 1, "' + "l" * 1000 + '": 1}}')
    assert all(len(str(issue)) < 300 for issue in tree.issues)
    assert len(tree.issues) == 2


def test_texts_are_cut_only_where_they_are_too_long() -> None:
    assert clip("x" * 60) == "x" * 60
    assert clip("x" * 61) == "x" * 60 + "..."


def test_characters_that_are_not_seen_stand_as_escapes() -> None:
    assert seen("a\tb\u200bc\u00a0d\ufeff\ud800é😀") == "a\\tb\\u200bc\\xa0d\\ufeff\\ud800é😀"
