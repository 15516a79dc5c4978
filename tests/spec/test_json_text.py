"""JSON is read strictly, with a place for every value and within the same limits as YAML."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.spec.texts import failure, json_tree, said, yaml_tree


def fails(text: str) -> str:
    return failure(text, "t.json")


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        "[]",
        '""',
        "0",
        "-0",
        "12",
        "-1.5",
        "1e3",
        "1E-3",
        "1.0e+2",
        "true",
        "false",
        "null",
        '{"": 1}',
        ' { "a" : [ 1 , { "b" : null } ] } ',
        '"\\u00e9\\n\\/\\ud83d\\ude00"',
        '"é😀\u2028"',
        "[[], {}, [{}]]",
    ],
)
def test_what_is_json_reads_as_the_standard_library_reads_it(text: str) -> None:
    tree = json_tree(text)
    assert not tree.issues
    assert tree.value == json.loads(text)
    assert type(tree.value) is type(json.loads(text))


def test_each_value_and_each_key_has_its_place() -> None:
    tree = json_tree('{"a": 1,\r\n "b": ["😀",\n  {"c": -2}]}')
    places = {loc: (place.line, place.column) for loc, place in tree.places.items()}
    keys = {loc: (place.line, place.column) for loc, place in tree.keys.items()}
    assert places == {
        (): (1, 1),
        ("a",): (1, 7),
        ("b",): (2, 7),
        ("b", 0): (2, 8),
        ("b", 1): (3, 3),
        ("b", 1, "c"): (3, 9),
    }
    assert keys == {("a",): (1, 2), ("b",): (2, 2), ("b", 1, "c"): (3, 4)}


def test_columns_count_characters() -> None:
    assert said(json_tree('["😀é", NaN]')) == ["1:8: 1: should be a finite number (got NaN)"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_of_every_system_count_as_one(end: str) -> None:
    tree = json_tree(end.join(["{", "", '"a": NaN}']))
    assert said(tree) == ["3:6: a: should be a finite number (got NaN)"]
    assert tree.issues[0].source_line == '"a": NaN}'


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("NaN", "should be a finite number (got NaN)"),
        ("Infinity", "should be a finite number (got Infinity)"),
        ("-Infinity", "should be a finite number (got -Infinity)"),
        ("1e999", "is too large for a number (got 1e999)"),
        ("-1e999", "is too large for a number (got -1e999)"),
        ("1" * 30, f"a whole number has at most 19 digits (got {'1' * 30})"),
        pytest.param("1" * 5000, f"a whole number has at most 19 digits (got {'1' * 60}...)", id="5000 digits"),
        ("0." + "1" * 400, f"a number has at most 400 characters (got 0.{'1' * 58}...)"),
        ('"\\ud800"', "holds half a character, \\ud800; remove it"),
        ('"x\\udfff"', "holds half a character, \\udfff; remove it"),
    ],
)
def test_a_value_that_no_spec_can_hold_is_named_and_reading_goes_on(text: str, mistake: str) -> None:
    tree = json_tree(f'{{"k": {text}, "l": 2}}')
    assert said(tree) == [f"1:7: k: {mistake}"]
    assert tree.value == {"k": None, "l": 2}
    assert tree.lost == {("k",)}


def test_a_key_that_stands_twice_is_named_and_the_first_value_kept() -> None:
    tree = json_tree('{"a": 1,\n"a": {"b": NaN, "\\ud800": [{"c": 1, "c": 2}]},\n"d": 4}')
    assert said(tree) == ["2:1: a: the key 'a' stands here twice; the first is on line 1"]
    assert tree.value == {"a": 1, "d": 4}


def test_a_key_with_half_a_character_is_left_out() -> None:
    tree = json_tree('{"\\ud800": {"x": NaN}, "b": 2}')
    assert said(tree) == ["1:2: a key holds half a character, \\ud800; remove it"]
    assert tree.value == {"b": 2}


@pytest.mark.parametrize("key", ["\\u0000", "\\u0000again", "<<", "1", "true", ""])
def test_no_key_is_so_odd_that_it_is_dropped_in_silence(key: str) -> None:
    tree = json_tree(f'{{"{key}": 1, "b": 2}}')
    assert not tree.issues
    assert list(tree.value.values()) == [1, 2]


@pytest.mark.parametrize("text", ["01", "-01", "+1", "1.", ".5", "-", "1e", "1e+", "0x10", "1_0", "1a", "-.5"])
def test_a_number_is_spelled_as_json_has_it(text: str) -> None:
    message = "should be a number as JSON spells it, such as 12, -0.5 or 1e-3"
    assert fails(f'{{"k": {text}}}') == f"1:7: k: {message} (got {text})"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[1,]", "1:4: 1: a comma stands before a closing bracket; remove it"),
        ('{"a": 1,\n}', "2:1: a comma stands before a closing bracket; remove it"),
        ("[1 2]", "1:4: 1: should be ',' or ']' before this (got 2)"),
        ('{"a": 1\n "b": 2}', "2:2: should be ',' or '}' before this (got \"b\")"),
        ("[1}", "1:3: 1: should be ',' or ']' before this (got })"),
        ('{"a" 1}', "1:6: a: should be ':' between a key and its value (got 1)"),
        ('{"a", 1}', "1:5: a: should be ':' between a key and its value (got ,)"),
        ("{a: 1}", "1:2: should be a key in double quotes (got a)"),
        ("{'a': 1}", "1:2: should be a key in double quotes (got 'a')"),
        ("{1: 2}", "1:2: should be a key in double quotes (got 1)"),
        ("{,}", "1:2: should be a key in double quotes (got ,)"),
        ("[,]", "1:2: 0: should be a value (got ,)"),
        ("}", "1:1: should be a value (got })"),
        ("{\"a\": 'x'}", "1:7: a: should be a text in double quotes (got 'x')"),
        ('{"a": True}', "1:7: a: should be true (got True)"),
        ('{"a": FALSE}', "1:7: a: should be false (got FALSE)"),
        ('{"a": None}', "1:7: a: should be null (got None)"),
        ('{"a": adam}', "1:7: a: should be a value; a text stands in double quotes (got adam)"),
        ('{"a": nan}', "1:7: a: should be a value; a text stands in double quotes (got nan)"),
        ('{"a": \x0b}', "1:7: a: should be a value (got \\x0b)"),
        ('{"a": \u2028}', "1:7: a: should be a value (got \\u2028)"),
        ("{} {}", "1:4: a spec is one JSON value; something follows it"),
        ("[1]]", "1:4: a spec is one JSON value; something follows it"),
        ("1 2", "1:3: a spec is one JSON value; something follows it"),
    ],
)
def test_what_is_not_json_is_named_at_its_place(text: str, expected: str) -> None:
    assert fails(text) == expected


@pytest.mark.parametrize("text", ["// x\n{}", '{"a": // x\n1}', '{"a" /* x */: 1}', "{} # x", "[1, # x\n2]"])
def test_comments_are_named_as_such(text: str) -> None:
    assert fails(text).endswith("JSON has no comments; remove it")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[", "1:1: the bracket '[' that opens here is not closed"),
        ('{"a": [1,\n2', "1:7: a: the bracket '[' that opens here is not closed"),
        ('{"a": 1, "b"', "1:1: the bracket '{' that opens here is not closed"),
        ('{"a": {"b":\n', "1:7: a: the bracket '{' that opens here is not closed"),
        ('{"a": "x', "1:7: a: the quote that opens here is not closed"),
        ('{"a', "1:2: the quote that opens here is not closed"),
        ('"\\', "1:1: the quote that opens here is not closed"),
    ],
)
def test_what_is_not_closed_is_named_where_it_opens(text: str, expected: str) -> None:
    assert fails(text) == expected


def test_a_bracket_under_a_key_that_stands_twice_has_no_path() -> None:
    assert fails('{"a": 1, "a": [').split("\n") == [
        "1:10: a: the key 'a' stands here twice; the first is on line 1",
        "1:15: the bracket '[' that opens here is not closed",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            '["a\nb"]',
            "1:4: 0: a text ends on the line that it begins on; close its quote, or write a line break",
        ),
        ('["a\r\nb"]', "1:4: 0: a text ends on the line that it begins on; close its quote, or write"),
        ('["a\x01b"]', "1:4: 0: the character U+0001 may not stand in a text; write it as \\u0001"),
        ('["a\tb"]', "1:4: 0: the character U+0009 may not stand in a text; write it as \\u0009"),
        ('["\x1b[31m"]', "1:3: 0: the character U+001B may not stand in a text; write it as \\u001b"),
        (
            '["C:\\data"]',
            "1:5: 0: a backslash begins an escape, and this is none; write a backslash itself as \\\\",
        ),
        ('["\\u12"]', "1:4: 0: a backslash begins an escape, and this is none"),
    ],
)
def test_a_text_that_is_not_well_formed_is_named_at_the_character(text: str, expected: str) -> None:
    assert fails(text).startswith(expected)


@pytest.mark.parametrize("text", ["", " ", "\n\n"])
def test_an_empty_text_is_named(text: str) -> None:
    assert fails(text).endswith("the file is empty; a spec is a mapping with the key 'kerascnn'")


@pytest.mark.parametrize(
    "text",
    ["[" * 100_000, '{"a":' * 100_000, '{"a":1,"a":' + "[" * 100_000],
    ids=["lists", "mappings", "under a key that stands twice"],
)
def test_deep_nesting_is_refused_before_any_recursion(text: str) -> None:
    start = time.process_time()
    assert fails(text).endswith("is nested more than 64 levels deep")
    assert time.process_time() - start < 1


def test_two_hundred_thousand_items_are_refused() -> None:
    start = time.process_time()
    assert fails('{"a": [' + "1," * 200_000 + "1]}") == "1:100004: a.49998: a spec holds at most 50000 values"
    assert time.process_time() - start < 2


@pytest.mark.parametrize(
    "text",
    ["1" * 900_000 + "x", "1." + "1" * 900_000 + "e", '"' + "\\n" * 400_000],
    ids=["digits", "fraction", "text"],
)
def test_a_megabyte_of_one_token_takes_no_quadratic_time(text: str) -> None:
    start = time.process_time()
    assert fails(text).startswith("1:1: ")
    assert time.process_time() - start < 2


_DATA = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**19) + 1, 10**19 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)


@given(_DATA, st.sampled_from([None, 2]), st.booleans())
@settings(max_examples=200, deadline=None, derandomize=True)
def test_any_json_reads_as_the_standard_library_wrote_it(data: Any, indent: int | None, ascii_only: bool) -> None:
    tree = json_tree(json.dumps(data, indent=indent, ensure_ascii=ascii_only))
    assert not tree.issues
    assert tree.value == data


_SEEN = st.characters(categories=["L", "N", "P", "S"])


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(10**19) + 1, 10**19 - 1)
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(_SEEN, max_size=20),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(_SEEN, max_size=8), inner, max_size=4),
        max_leaves=8,
    )
)
@settings(max_examples=200, deadline=None, derandomize=True)
def test_json_in_a_yaml_file_reads_the_same_with_the_same_places(data: Any) -> None:
    text = json.dumps(data, ensure_ascii=False)
    as_json, as_yaml = json_tree(text), yaml_tree(text)
    assert as_yaml.value == as_json.value
    assert [place[1:] for place in as_yaml.places.values()] == [place[1:] for place in as_json.places.values()]
