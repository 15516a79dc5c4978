"""Whatever is read, the answer is a Spec or a SpecError whose every issue can be shown to a person.

The fast suite takes a part of the examples. `KERASCNN_FUZZ_EXAMPLES=20000` runs that many examples of each test, from a
new seed each time.
"""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Callable
from typing import Any
from unicodedata import category

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from kerascnn.errors import SpecError
from kerascnn.spec import Spec, spec_from_dict
from kerascnn.spec.load import parse_spec
from kerascnn.spec.tree import Tree
from kerascnn.spec.yaml_text import write_yaml
from tests.spec.texts import SPEC, TEMPLATE, yaml_tree

EXAMPLES = int(os.environ.get("KERASCNN_FUZZ_EXAMPLES", "0"))
VALID = [yaml_tree(SPEC).value, yaml_tree(TEMPLATE.read_text(encoding="utf-8")).value]


def fuzz(examples: int, *drawn: st.SearchStrategy[Any]) -> Callable[[Callable[..., None]], Callable[[int], None]]:
    """Return what makes a test of this many examples, or of as many as the environment asks for, and a short one."""
    counts = [EXAMPLES] if EXAMPLES else [examples // 5, pytest.param(examples, marks=pytest.mark.slow)]

    def make(body: Callable[..., None]) -> Callable[[int], None]:
        @pytest.mark.parametrize("count", counts)
        def test(count: int) -> None:
            chosen = settings(
                max_examples=count,
                deadline=None,
                derandomize=not EXAMPLES,
                database=None,
                suppress_health_check=list(HealthCheck),
            )
            chosen(given(*drawn)(body))()

        return test

    return make


def check(content: str | bytes, file: str, *overrides: str) -> Spec | SpecError:
    """Read a text as a spec, hold what must hold of any text, and return what was found."""
    found = read(lambda: parse_spec(content, file, overrides))
    if isinstance(found, Spec):
        assert spec_from_dict(found.spell()) == found
        return found
    for issue in found.issues:
        assert issue.line >= 1
        assert issue.column >= 1
        assert issue.file in (file, "--set")
        assert issue.frame().count("\n") == (1 if issue.source_line.strip() else 0)
    return found


def read(load: Callable[[], Spec]) -> Spec | SpecError:
    """Return the spec, or the error, each of whose issues is one line that can be shown to a person."""
    try:
        return load()
    except SpecError as error:
        found = error
    assert found.issues
    for issue in found.issues:
        assert issue.message.strip()
        assert len(issue.message) < 2000
        assert not any(
            category(char) in ("Cc", "Cs", "Zl", "Zp") for char in str(issue) + issue.frame() if char != "\n"
        )
        assert "\n" not in str(issue)
    assert list(found.issues) == sorted(found.issues, key=lambda issue: (issue.file, issue.line, issue.column))
    return found


FILES = st.sampled_from(["t.yaml", "t.json"])


@fuzz(300, st.text() | st.text(st.characters(codec="utf-8", max_codepoint=300)), FILES)
def test_random_text_is_refused_in_order(text: str, file: str) -> None:
    assert isinstance(check(text, file), SpecError)


@fuzz(200, st.binary(max_size=60), FILES)
def test_random_bytes_are_refused_in_order(content: bytes, file: str) -> None:
    assert isinstance(check(content, file), SpecError)


PIECES = (
    *"{}[],:-?&*!|>'\"%@`#~<=\\ \n\t\r",
    *("\n  ", "\n- ", ": ", "- ", "? ", "--- ", "\n---\n", "\n...\n", "\r\n", "&a ", "*a", "<<"),
    *("!!int ", "!x ", "|\n", ">-\n", "%TAG ! x\n", "%YAML 1.1\n", "// x", "/* */", "9" * 25, "0x1", "1e999", ".nan"),
    *("true", "null", "yes", "~", "a", "b", '"a"', "'b'", "\\ud800", "\\u0000", "-.inf", "NaN", "Infinity"),
    *("01", "+1", "1.", ".5", "😀", "é", "\x07", "\x85", "\u2028", "\ufeff", "\x1b[31m", "\u202e", "\xa0"),
    *("kerascnn: 1\n", "type: ", "name", "task", "model", '{"kerascnn": 1,', '"type": ', "augment: ["),
)  # fmt: skip


@fuzz(500, st.lists(st.sampled_from(PIECES), max_size=40).map("".join), FILES)
def test_text_of_pieces_of_syntax_is_refused_in_order(text: str, file: str) -> None:
    assert isinstance(check(text, file), SpecError)


@fuzz(400, st.sampled_from([SPEC, json.dumps(VALID[0], indent=1)]), st.data())
def test_a_spec_with_a_piece_of_syntax_put_in_or_cut_out_is_read_or_refused(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 6)))
    piece = data.draw(st.sampled_from(PIECES) | st.just(""))
    check(text[:start] + piece + text[end:], "t.json" if text.startswith("{") else "t.yaml")


def places(value: Any, loc: tuple[int | str, ...] = ()) -> list[tuple[int | str, ...]]:
    """Return the path of every value inside plain data, its own first."""
    items: list[tuple[int | str, Any]] = []
    if isinstance(value, dict):
        items = list(value.items())
    elif isinstance(value, list):
        items = list(enumerate(value))
    return [loc, *(place for key, item in items for place in places(item, (*loc, key)))]


def part(value: Any, loc: tuple[int | str, ...]) -> Any:
    """Return the value at a path."""
    for key in loc:
        value = value[key]
    return value


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from([0, -1, 1, 2**31, 2**32, -(2**63), 10**18, 10**19, 10**30, 10**400]),
    st.sampled_from([0.0, -0.0, -1.5, 1e-300, 1e300, 0.5, 1.0, float("nan"), float("inf"), float("-inf")]),
    st.sampled_from(["", " ", "1", "true", "yes", "no", "null", ".nan", "{type}", "{0}", "%s"]),
    st.sampled_from(["\0", "\n", "\u2028", "😀", "\x1b[31m", "x" * 300]),
    st.text(max_size=8),
    st.sampled_from([[], {}, [[]], [None], {"type": None}, {"type": "adam"}, {"type": "acme.x"}, {"": 1}]),
)  # fmt: skip
KEYS = st.sampled_from(["type", "Type", "typ", "name", "", " ", "<<", "0", "{name}", "a.b", "\n", "x" * 300]) | st.text(
    max_size=8
)


def slip(draw: st.DrawFn, word: str) -> str:
    """Return a word with a slip of the pen in it."""
    at = draw(st.integers(0, max(0, len(word) - 1)))
    letter = draw(st.sampled_from("abcxyz_-A "))
    return draw(
        st.sampled_from(
            [word[:at] + word[at + 1 :], word[:at] + letter + word[at:], word[: at + 1] + word[at:], word.upper()]
        )
    )


def mutate(draw: st.DrawFn, root: dict[str, Any]) -> None:
    """Change one thing in plain data."""
    loc = draw(st.sampled_from(places(root)[1:]))
    around, key = part(root, loc[:-1]), loc[-1]
    value = around[key]
    how = draw(st.sampled_from(["value", "value", "delete", "rename", "insert", "copy", "swap", "misspell"]))
    if how == "value":
        around[key] = copy.deepcopy(draw(VALUES))
    elif how == "delete":
        del around[key]
    elif how == "rename" and isinstance(around, dict):
        name = draw(KEYS | st.just(slip(draw, str(key))))
        items = [(name if other == key else other, item) for other, item in around.items()]
        around.clear()
        around.update(items)
    elif how == "insert" and isinstance(value, dict):
        value[draw(KEYS)] = copy.deepcopy(draw(VALUES))
    elif how == "insert" and isinstance(value, list):
        value.insert(draw(st.integers(0, len(value))), copy.deepcopy(draw(VALUES)))
    elif how == "copy":
        source = copy.deepcopy(part(root, draw(st.sampled_from(places(root)))))
        around[key] = source
    elif how == "swap" and isinstance(value, dict):
        around[key] = [{name: item} for name, item in value.items()]
    elif how == "swap" and isinstance(value, list):
        around[key] = {str(i): item for i, item in enumerate(value)}
    elif how == "misspell" and isinstance(value, str):
        around[key] = slip(draw, value)


@st.composite
def mutants(draw: st.DrawFn) -> dict[str, Any]:
    """Return a valid spec with one to four things changed in it."""
    root = copy.deepcopy(draw(st.sampled_from(VALID)))
    for _ in range(draw(st.sampled_from([1, 1, 1, 2, 4]))):
        if len(places(root)) > 1:
            mutate(draw, root)
    return root


def written(data: Any, file: str) -> str:
    """Return plain data as text, with numbers that no spec can hold in it too."""
    return json.dumps(data, ensure_ascii=False) if file.endswith("json") else write_yaml(data)


@fuzz(700, mutants(), FILES)
def test_a_changed_spec_is_read_or_refused_in_order(root: dict[str, Any], file: str) -> None:
    found = check(written(root, file), file)
    if isinstance(found, Spec):
        assert spec_from_dict(root) == found


@fuzz(150, mutants())
def test_yaml_json_and_data_of_a_changed_spec_get_the_same_answer(root: dict[str, Any]) -> None:
    answers = []
    for file in ("t.yaml", "t.json"):
        found = check(written(root, file), file)
        answers.append(found if isinstance(found, Spec) else sorted((i.path, i.message) for i in found.issues))
    # YAML has another word for what JSON calls NaN.
    assume(not any(word in str(answers[1]) for word in ("NaN", "Infinity")))
    assert answers[0] == answers[1]


@fuzz(150, mutants(), st.data())
def test_a_changed_spec_as_data_is_read_or_refused(root: dict[str, Any], data: st.DataObject) -> None:
    loc = data.draw(st.sampled_from(places(root)))
    target = part(root, loc)
    odd = data.draw(st.sampled_from([b"x", {1}, object(), 1j, (), (1, {2: 3}), "\ud800", Tree(), ..., range(3)]))
    if isinstance(target, dict):
        target[data.draw(st.sampled_from([1, None, b"x", (1,), "x", "\ud800"]))] = odd
    elif isinstance(target, list):
        target.append(odd)
    read(lambda: spec_from_dict(root))


@st.composite
def renamed(draw: st.DrawFn) -> tuple[dict[str, Any], tuple[int | str, ...], str]:
    """Return a valid spec with one key renamed, its old path, and its new name."""
    root = copy.deepcopy(draw(st.sampled_from(VALID)))
    loc = draw(st.sampled_from([loc for loc in places(root)[1:] if isinstance(loc[-1], str)]))
    around = part(root, loc[:-1])
    letters = st.text("abcdefghijklmnopqrstuvwxyz_", min_size=1, max_size=12)
    name = slip(draw, str(loc[-1])) if draw(st.booleans()) else draw(letters)
    full = part(parse_spec(write_yaml(root)).spell(), loc[:-1])
    assume(name not in full)
    items = [(name if key == loc[-1] else key, item) for key, item in around.items()]
    around.clear()
    around.update(items)
    return root, loc, name


@fuzz(400, renamed(), FILES)
def test_a_renamed_key_is_refused_at_its_path(
    case: tuple[dict[str, Any], tuple[int | str, ...], str], file: str
) -> None:
    root, loc, name = case
    found = check(written(root, file), file)
    assert isinstance(found, SpecError)
    new, old = (".".join(map(str, (*loc[:-1], last))) for last in (name, loc[-1]))
    # Where the old key has no default, and the new one does not resemble it, that it is missing is said too.
    assert {new} <= {issue.path for issue in found.issues} <= {new, old}
    (issue,) = (issue for issue in found.issues if issue.path == new)
    assert issue.message.startswith(f"no field is named '{name}'; ")


@fuzz(
    300,
    st.lists(
        st.tuples(
            st.lists(
                st.sampled_from(["train", "seed", "stages", "0", "1", "augment", "model", "x", "", "-1", "９"]),
                max_size=4,
            ),
            st.sampled_from(["=", "=", "=", ""]),
            st.lists(st.sampled_from(PIECES), max_size=6).map("".join),
        ).map(lambda parts: ".".join(parts[0]) + parts[1] + parts[2]),
        max_size=3,
    ),
)
def test_any_settings_are_put_in_or_refused_in_order(settings_: list[str]) -> None:
    check(SPEC, "t.yaml", *settings_)
