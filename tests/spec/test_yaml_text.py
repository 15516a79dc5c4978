"""YAML is read by the core schema of YAML 1.2, with a place for every value and within limits."""

from __future__ import annotations

import datetime
import time
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from kerascnn.spec import yaml_text
from kerascnn.spec.yaml_text import is_text, read_yaml, write_yaml
from tests.spec.texts import failure, said, yaml_tree


def value(text: str) -> Any:
    """Return the value of the key `k`, which is read without a mistake."""
    tree = yaml_tree(f"k: {text}")
    assert not tree.issues
    return tree.value["k"]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1e-3", 0.001),
        ("1E5", 1e5),
        ("1.5e+3", 1500.0),
        (".5", 0.5),
        ("+.5", 0.5),
        ("1.", 1.0),
        ("-0.0", -0.0),
        ("1e-99999", 0.0),
    ],
)
def test_a_number_with_a_point_or_an_exponent_is_a_float(text: str, number: float) -> None:
    assert value(text) == number
    assert type(value(text)) is float


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("012", 12),
        ("-0", 0),
        ("+12", 12),
        ("0x1F", 31),
        ("0o17", 15),
        ("9999999999999999999", 10**19 - 1),
    ],
)
def test_a_whole_number_is_decimal_unless_0x_or_0o_says_otherwise(text: str, number: int) -> None:
    assert value(text) == number
    assert type(value(text)) is int


@pytest.mark.parametrize(
    "text",
    [
        "4:3",
        "12:30:45",
        "2024-01-01",
        "2024-01-01 10:00:00",
        "1_000",
        "0b101",
        "0x",
        "0xG",
        "0o8",
        "-0x1F",
        "1e",
        "e5",
        ".",
        "..",
        "=",
        "nan",
        "inf",
        "Infinity",
        "1,5",
        "٣",
        "１２",
    ],
)
def test_what_only_yaml_1_1_or_python_takes_for_a_number_or_a_date_stays_text(text: str) -> None:
    assert value(text) == text


@pytest.mark.parametrize("text", ["yes", "no", "on", "off", "y", "n", "Yes", "NO", "tRUE", "nUll"])
def test_words_of_yaml_1_1_stay_text(text: str) -> None:
    assert value(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [("true", True), ("True", True), ("TRUE", True), ("false", False), ("False", False), ("FALSE", False)],
)
def test_true_and_false_are_truth_values_in_three_spellings(text: str, expected: bool) -> None:
    assert value(text) is expected


@pytest.mark.parametrize("text", ["null", "Null", "NULL", "~", "", "# a comment"])
def test_null_is_nothing(text: str) -> None:
    assert value(text) is None


@pytest.mark.parametrize("text", ["'12'", '"12"', "'true'", '"null"', '"~"', "'1e-3'", "'.nan'", '""'])
def test_quotes_make_text(text: str) -> None:
    assert value(text) == text[1:-1]


def test_a_block_of_text_keeps_its_lines_or_folds_them() -> None:
    assert value("|\n  one\n  two\n") == "one\ntwo\n"
    assert value(">-\n  one\n  two\n") == "one two"
    assert value("|\n  12\n") == "12\n"


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        (".nan", "should be a finite number (got .nan)"),
        (".NaN", "should be a finite number (got .NaN)"),
        (".inf", "should be a finite number (got .inf)"),
        ("-.INF", "should be a finite number (got -.INF)"),
        ("1e999", "is too large for a number (got 1e999)"),
        ("-1e999", "is too large for a number (got -1e999)"),
        ("1" * 30, f"a whole number has at most 19 digits (got {'1' * 30})"),
        ("-" + "1" * 20, f"a whole number has at most 19 digits (got -{'1' * 20})"),
        ("0x" + "F" * 30, f"a whole number has at most 19 digits (got 0x{'F' * 30})"),
        ("0." + "1" * 400, f"a number has at most 400 characters (got 0.{'1' * 58}...)"),
        pytest.param("1" * 5000, f"a whole number has at most 19 digits (got {'1' * 60}...)", id="5000"),
    ],
)
def test_a_number_that_no_spec_can_hold_is_named(text: str, mistake: str) -> None:
    tree = yaml_tree(f"k: {text}\nl: 2")
    assert said(tree) == [f"1:4: k: {mistake}"]
    assert tree.value == {"k": None, "l": 2}
    assert tree.lost == {("k",)}


def test_each_value_and_each_key_has_its_place() -> None:
    tree = yaml_tree("a: 1\nb:\n  - x\n  - {c: d}\n")
    places = {loc: (place.line, place.column) for loc, place in tree.places.items()}
    keys = {loc: (place.line, place.column) for loc, place in tree.keys.items()}
    assert places == {
        (): (1, 1),
        ("a",): (1, 4),
        ("b",): (3, 3),
        ("b", 0): (3, 5),
        ("b", 1): (4, 5),
        ("b", 1, "c"): (4, 9),
    }
    assert keys == {("a",): (1, 1), ("b",): (2, 1), ("b", 1, "c"): (4, 6)}


def test_columns_count_characters_not_bytes_or_halves_of_emoji() -> None:
    tree = yaml_tree("{a: '😀é', b: .nan}")
    assert said(tree) == ["1:14: b: should be a finite number (got .nan)"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_of_every_system_count_as_one(end: str) -> None:
    tree = yaml_tree(end.join(["a: 1", "", "# comment", "b: .nan", ""]))
    assert said(tree) == ["4:4: b: should be a finite number (got .nan)"]
    assert tree.issues[0].source_line == "b: .nan"


def test_comments_are_left_out() -> None:
    assert yaml_tree("# one\na: 1 # two\n# three\nb: x#y\n").value == {"a": 1, "b": "x#y"}


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment", "---", "%YAML 1.2\n---\n"])
def test_an_empty_text_is_nothing(text: str) -> None:
    assert yaml_tree(text).value is None


def test_a_key_that_stands_twice_is_named_and_the_first_value_kept() -> None:
    tree = yaml_tree("a: 1\nb: {c: 1, c: 2}\na: {x: .nan}\nd: 4")
    assert said(tree) == [
        "2:11: b.c: the key 'c' stands here twice; the first is on line 2",
        "3:1: a: the key 'a' stands here twice; the first is on line 1",
    ]
    assert tree.value == {"a": 1, "b": {"c": 1}, "d": 4}


def test_a_merge_key_is_refused_with_what_stands_under_it() -> None:
    tree = yaml_tree("a:\n  <<: {b: .nan}\n  c: 1\n'<<': 2")
    assert said(tree) == ["2:3: a: merge keys (<<) are not part of a spec; write the values out"]
    assert tree.value == {"a": {"c": 1}, "<<": 2}


def test_anchors_and_aliases_are_refused_each_where_it_stands() -> None:
    tree = yaml_tree("a: &x 1\nb: *x\nc: {*x : 2}\n&y d: 3")
    assert said(tree) == [
        "1:4: a: anchors are not part of a spec (got &x); remove it",
        "2:4: b: aliases are not part of a spec (got *x); write the value out",
        "3:5: c: aliases are not part of a spec (got *x); write the value out",
        "4:1: anchors are not part of a spec (got &y); remove it",
    ]
    assert tree.value == {"a": 1, "b": None, "c": {}, "d": 3}


def test_an_alias_bomb_does_no_work() -> None:
    levels = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    levels += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 9)]
    start = time.process_time()
    tree = yaml_tree("\n".join(levels))
    assert time.process_time() - start < 1
    assert said(tree)[0] == "1:5: a0: anchors are not part of a spec (got &a0); remove it"
    assert len(tree.places) == 1 + 9 + 81


@pytest.mark.parametrize(
    ("text", "shown", "kept"),
    [
        ("!!int '3'", "!!int", "3"),
        ("!!str 3", "!!str", "3"),
        ("!!python/object/apply:os.system ['true']", "!!python/object/apply:os.system", ["true"]),
        ("!!python/name:os.system", "!!python/name:os.system", ""),
        ("!<tag:yaml.org,2002:float> '1'", "!!float", "1"),
        ("!own {a: 1}", "!own", {"a": 1}),
        ("! x", "!", "x"),
    ],
)
def test_tags_are_refused_and_run_nothing(text: str, shown: str, kept: Any) -> None:
    tree = yaml_tree(f"k: {text}")
    assert said(tree) == [f"1:4: k: tags are not part of a spec (got {shown}); remove it"]
    assert tree.value == {"k": kept}


def test_a_directive_for_tags_is_refused() -> None:
    assert failure("%TAG ! tag:x\n---\na: 1") == "1:1: tags are not part of a spec; remove this line"


@pytest.mark.parametrize(
    "key", ["1", "1.5", "true", "~", "null", ".nan", "0x1F", "0", "False", "123456789012345678901"]
)
def test_a_key_that_is_not_text_is_named_as_it_is_written(key: str) -> None:
    tree = yaml_tree(f"{key}: {{a: .nan}}\nb: 2")
    assert said(tree) == [f'1:1: a key should be text; write "{key}" in quotes if it is meant as a name']
    assert tree.value == {"b": 2}


@pytest.mark.parametrize("key", ['"1"', "'true'", "2024-01-01", "yes", "on", "4:3"])
def test_a_key_that_reads_as_text_is_one(key: str) -> None:
    assert yaml_tree(f"{key}: 1").value == {key.strip("\"'"): 1}


@pytest.mark.parametrize("text", ["[1]: x", "{a: 1}: x", "? [1, 2]\n: x", "? - 1\n: x"])
def test_a_key_that_is_a_list_or_a_mapping_is_refused(text: str) -> None:
    assert failure(text).endswith("a key should be a word, not a list or a mapping; put a text with brackets in quotes")


def test_a_placeholder_of_a_templating_language_is_refused_as_a_key() -> None:
    assert (
        failure("name: {{ name }}")
        == "1:8: name: a key should be a word, not a list or a mapping; put a text with brackets in quotes"
    )


@pytest.mark.parametrize("key", ["\\0", "\\0again", "\\x07"])
def test_no_key_is_so_odd_that_it_is_dropped_in_silence(key: str) -> None:
    assert len(yaml_tree(f'"{key}": 1\nb: 2').value) == 2


@pytest.mark.parametrize(
    ("text", "line"), [("a: 1\n---\nb: 2\n", 2), ("--- {a: 1}\n--- {b: 1}\n", 2), ("---\na: 1\n---\n", 3)]
)
def test_a_second_document_is_refused_where_it_starts(text: str, line: int) -> None:
    assert failure(text) == f"{line}:1: a spec is one YAML document; a second one starts here"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("a:\n\tb: 1", "2:1"),
        ("a:\n  b: 1\n\tc: 2", "3:1"),
        ("a:\n  b: 1\n  \tc: 2\n", "3:3"),
        ("\ta: 1", "1:1"),
        ("a: |\n\tx", "2:1"),
        ("a:\n\t- 1", "2:1"),
    ],
)
def test_a_tab_in_the_indentation_is_named(text: str, place: str) -> None:
    assert failure(text) == f"{place}: a tab stands where YAML wants spaces; indent with spaces"


@pytest.mark.parametrize("text", ["a:\t1", "a: 1\t# comment", "a: [1,\n\t2]", 'a: "x\ty"'])
def test_a_tab_elsewhere_is_allowed(text: str) -> None:
    assert "a" in yaml_tree(text).value


def test_a_tab_elsewhere_is_not_blamed_for_another_mistake() -> None:
    assert failure("a:\tb: c").startswith("1:5: ': ' may not stand here")
    assert failure("a: [1,\n\t2, @]") == "2:5: a text may not begin with '@'; put it in quotes"


QUOTE = "the quote that opens here is not closed"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("a: 'x", "1:4"),
        ('a: "x\nb: 2\nc: 3\n', "1:4"),
        ("a: 1\nb:\n  - 'x\n  - y", "3:5"),
        ("a: 'x\n---\nb: 1", "1:4"),
        ('"a: 1', "1:1"),
    ],
)
def test_an_open_quote_is_named_where_it_opens(text: str, place: str) -> None:
    assert failure(text) == f"{place}: {QUOTE}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("k: {a: 1", "1:4: k: the bracket '{' that opens here is not closed"),
        ("k: [1, 2\n\n", "1:4: k: the bracket '[' that opens here is not closed"),
        ("k: [", "1:4: k: the bracket '[' that opens here is not closed"),
        ("k: {", "1:4: k: the bracket '{' that opens here is not closed"),
        ("a: 1\nk: [1, {b: 2}, [3]", "2:4: k: the bracket '[' that opens here is not closed"),
    ],
)
def test_an_open_bracket_is_named_where_it_opens(text: str, expected: str) -> None:
    assert failure(text) == expected


def test_an_open_bracket_behind_a_tag_is_named_where_it_opens() -> None:
    assert failure("k: !x [1").split("\n") == [
        "1:4: k: tags are not part of a spec (got !x); remove it",
        "1:7: k: the bracket '[' that opens here is not closed",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: [1\nb: 2", "2:2: should be ',' or ']' before this: the '[' of line 1, column 4 is still open"),
        (
            "a: {b: 1\nc: 2}",
            "2:2: should be ',' or '}' before this: the '{' of line 1, column 4 is still open",
        ),
        (
            "a: {b: 1 c: 2}",
            "1:11: should be ',' or '}' before this: the '{' of line 1, column 4 is still open",
        ),
        (
            "a: [1, 'x' 'y']",
            "1:12: should be ',' or ']' before this: the '[' of line 1, column 4 is still open",
        ),
        ("a: [1, 2}", "1:9: should be ',' or ']' before this: the '[' of line 1, column 4 is still open"),
    ],
)
def test_a_missing_comma_is_named_with_the_bracket_that_is_open(text: str, expected: str) -> None:
    assert failure(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: b: c", "1:5: ': ' may not stand here; put a text that holds it in quotes, or check"),
        ("a: 1\n  b: 2", "2:4: ': ' may not stand here"),
        ("a\nb: 1", "2:2: ': ' may not stand here"),
        ("a: 1\nb\nc: 2", "2:1: a key should be followed by ': ' and its value"),
        ("a: 1\nb", "2:1: a key should be followed by ': ' and its value"),
        ("a:\n  - 1\n b: 2", "3:2: should be a key in the column of the keys above; check the indentation"),
        ("a:\n    b: 1\n  c: 2", "3:3: should be a key in the column of the keys above"),
        ("a: 'it's'", "1:8: should be a key in the column of the keys above"),
        ("- a: 1\n  b: 2\n-c: 3", "3:1: should be an item of the list above, which begins with '- '"),
        ("a: - 1", "1:4: '- ' may not stand here; begin a list on a line of its own"),
        ("a: %x", "1:4: a text may not begin with '%'; put it in quotes"),
        ("a: @x", "1:4: a text may not begin with '@'; put it in quotes"),
        ("a: `x`", "1:4: a text may not begin with '`'; put it in quotes"),
        (
            'a: "C:\\data"',
            "1:7: in double quotes a backslash begins an escape, and this is none; write it as '\\\\'",
        ),
        ("  a: 1\nb: 2", "2:1: the spec ends above this line; check the indentation of this line"),
        ("a: [1,,2]", "1:7: a value should stand here"),
        ("a: }", "1:4: a value should stand here"),
        ("😀: 1\nb: 😀: d", "2:5: ': ' may not stand here"),
        ("%YAML 3.0\n---\na: 1", "1:1: is not well-formed YAML: found incompatible YAML document"),
    ],
)
def test_what_is_not_yaml_is_named_at_its_place_in_plain_words(text: str, expected: str) -> None:
    assert failure(text).startswith(expected)


@pytest.mark.parametrize("text", ['"\\UFFFFFFFF"', '"\\U00110000"', f"%YAML 1.{'9' * 5000}\n---\na", "a: [", "\ta: 1"])
def test_pyyaml_without_libyaml_refuses_the_same(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    assert failure(text).startswith("1:")
    monkeypatch.setattr(yaml_text, "_LOADER", yaml.SafeLoader)
    assert failure(text).startswith("1:")


def test_mistakes_before_the_place_where_reading_stops_are_reported_too() -> None:
    assert failure("a: .nan\nb: &x 1\nc: ]").split("\n") == [
        "1:4: a: should be a finite number (got .nan)",
        "2:4: b: anchors are not part of a spec (got &x); remove it",
        "3:4: a value should stand here",
    ]


@pytest.mark.parametrize(
    ("character", "name"),
    [
        ("\x07", "U+0007"),
        ("\x0b", "U+000B"),
        ("\x0c", "U+000C"),
        ("\x1b", "U+001B"),
        ("\x7f", "U+007F"),
        ("\x85", "U+0085"),
        ("\u2028", "U+2028"),
        ("\ud800", "U+D800"),
        ("\ufffe", "U+FFFE"),
    ],
)
def test_a_character_that_is_not_seen_is_named_at_its_place(character: str, name: str) -> None:
    message = f"2:6: the character {name} may not stand in a YAML text; remove it"
    assert failure(f"é😀: 1\r\nb: 'x{character}y'") == message


def test_a_nul_is_taken_for_a_sign_of_utf_16() -> None:
    assert failure("k\0: 1").endswith("remove it; if the file is UTF-16, save it as UTF-8")


def test_an_escape_of_the_terminal_never_comes_back_in_an_issue() -> None:
    with pytest.raises(Exception, match="U\\+001B") as caught:
        read_yaml("a: \x1b[31mred", "t.yaml")
    issue = caught.value.issues[0]
    assert "\x1b" not in str(issue) + issue.frame()


@pytest.mark.parametrize("text", ["[" * 100_000, "{a: " * 100_000, "- " * 100_000], ids=["lists", "mappings", "items"])
def test_deep_nesting_is_refused_before_any_recursion(text: str) -> None:
    start = time.process_time()
    assert failure(text).endswith("is nested more than 64 levels deep")
    assert time.process_time() - start < 1


def test_two_hundred_thousand_items_are_refused() -> None:
    start = time.process_time()
    message = failure("a: [" + "1," * 200_000 + "]")
    assert time.process_time() - start < 2
    assert message == "1:100001: a.49998: a spec holds at most 50000 values"


def test_thousands_of_directives_take_no_quadratic_time() -> None:
    start = time.process_time()
    assert failure("".join(f"%TAG !a{i}! x\n" for i in range(50_000)) + "---\na: 1").startswith("1:1: tags")
    assert time.process_time() - start < 1


@pytest.mark.parametrize(
    ("word", "text"),
    [("x", True), ("1", False), ("1e3", False), ("", False), ("~", False), (".inf", False), ("0x1", False)],
)
def test_is_text_says_whether_a_word_needs_quotes_to_be_one(word: str, text: bool) -> None:
    assert is_text(word) is text


@pytest.mark.parametrize(
    "text",
    [
        "no",
        "1e-3",
        "1E5",
        "0x1F",
        "0o17",
        "012",
        "1_000",
        "12:30:45",
        "2024-01-01",
        "~",
        "",
        " x ",
        "a: b",
        "# c",
        "\x85",
        "\u2028",
        "\x07",
        "\ufeff",
        "😀",
        "x\ny\n",
        "\t",
        "'",
        '"',
        "\\",
        "- a",
        "<<",
        "=",
        ".nan",
        "null",
    ],
)
def test_what_is_written_reads_back_as_the_same_text(text: str) -> None:
    data = {"k": text, "l": [text]}
    tree = yaml_tree(write_yaml(data))
    assert not tree.issues
    assert tree.value == data


def test_words_that_older_readers_take_for_truth_values_are_written_in_quotes() -> None:
    assert write_yaml({"a": "no", "b": "on", "c": "x"}) == 'a: "no"\nb: "on"\nc: x\n'


def test_equal_parts_are_written_twice_not_as_anchors() -> None:
    part = {"a": [1]}
    assert write_yaml({"p": part, "q": part}) == "p:\n  a:\n  - 1\nq:\n  a:\n  - 1\n"


def test_what_is_no_plain_data_is_not_written() -> None:
    with pytest.raises(Exception, match="cannot represent an object"):
        write_yaml({"k": datetime.timedelta(1)})


_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(10**19) + 1, 10**19 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
)
DATA = st.dictionaries(
    st.text(max_size=8),
    st.recursive(
        _SCALARS,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
        max_leaves=8,
    ),
    max_size=3,
)


@given(DATA)
@settings(max_examples=200, deadline=None, derandomize=True)
def test_any_plain_data_reads_back_as_it_was_written(data: dict[str, Any]) -> None:
    tree = yaml_tree(write_yaml(data))
    assert not tree.issues
    assert tree.value == data
