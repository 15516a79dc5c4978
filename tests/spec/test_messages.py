"""Messages say what was expected, what was got, and what to do."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest
from pydantic import Field, ValidationError, field_validator, model_validator

from kerascnn.spec import Section
from kerascnn.spec.fields import ImageSize, Pair
from kerascnn.spec.messages import say, show

PAIR = "a whole number from 1 to 8192, or two of them as [height, width]"


class Part(Section):
    """A section with a field of every sort."""

    text: str = ""
    short: Annotated[str, Field(max_length=3)] = ""
    long: Annotated[str, Field(min_length=1)] = "x"
    word: Annotated[str, Field(pattern=r"^[a-z-]+$")] = "x"
    rust: Annotated[str, Field(pattern=r"^\p{Lu}$")] = "X"
    whole: Annotated[int, Field(ge=1, le=9)] = 1
    number: Annotated[float, Field(gt=0, lt=1)] = 0.5
    tenth: Annotated[float, Field(ge=0.1, le=1e-1)] = 0.1
    even: Annotated[int, Field(multiple_of=2)] = 2
    truth: bool = False
    choice: Literal["same", "valid"] = "same"
    version: Literal[1] = 1
    items: Annotated[list[int], Field(min_length=1, max_length=2)] = [1]
    options: dict[str, int] = {}
    pair: Pair = (1, 1)
    size: ImageSize = (1, 1)
    checked: int = 0
    maybe: int | None = None

    @field_validator("checked")
    @classmethod
    def _not_seven(cls, value: int) -> int:
        if value == 8:
            raise AssertionError("eight is too many")
        if value == 7:
            raise ValueError("Seven {value} is unlucky; take 6")
        return value


class Whole(Section):
    """A section with another inside, and a check of its own."""

    part: Part = Part()
    name: str

    @model_validator(mode="after")
    def _name_is_not_x(self) -> Whole:
        if self.name == "x":
            raise ValueError("the name x is taken")
        return self


def message(cls: type[Section] = Part, /, **values: Any) -> str:
    """Return the one message about these values."""
    with pytest.raises(ValidationError) as caught:
        cls.model_validate(values)
    (error,) = caught.value.errors()
    return say(error)[0]


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("text", 12, "should be text (got 12); put it in quotes"),
        ("text", ["a"], "should be text (got ['a'])"),
        ("text", {"a": 1}, "should be text (got a mapping)"),
        ("text", True, "should be text (got true); put it in quotes"),
        ("text", None, "should be text (got null); write a value after the key, or remove the key"),
        ("short", "four", "should have at most 3 characters (got 'four')"),
        ("long", "", "should have at least 1 character (got '')"),
        ("word", "My Word!", "should match ^[a-z-]+$ (got 'My Word!')"),
        ("word", "my word", "should match ^[a-z-]+$ (got 'my word'); write 'my-word'"),
        ("rust", "x y", r"should match ^\p{Lu}$ (got 'x y')"),
        ("whole", 0, "should be 1 or more (got 0)"),
        ("whole", 10, "should be 9 or less (got 10)"),
        ("whole", True, "should be a whole number (got true)"),
        ("whole", 1.5, "should be a whole number (got 1.5)"),
        ("whole", 3.0, "should be a whole number (got 3.0); write 3"),
        ("whole", 1e30, "should be a whole number (got 1e+30)"),
        ("whole", "3", "should be a whole number (got '3'); write it without quotes"),
        ("whole", "0x3", "should be a whole number (got '0x3'); write it without quotes"),
        ("whole", "1_000", "should be a whole number (got '1_000'); write 1000"),
        ("whole", "1,000", "should be a whole number (got '1,000'); write 1000"),
        ("whole", "12 000 000", "should be a whole number (got '12 000 000'); write 12000000"),
        ("whole", "three", "should be a whole number (got 'three')"),
        ("whole", "٣", "should be a whole number (got '٣')"),
        ("whole", None, "should be a whole number (got null); write a value after the key, or remove the key"),
        ("number", 0, "should be greater than 0 (got 0)"),
        ("number", 1, "should be less than 1 (got 1)"),
        ("number", "0.5", "should be a number (got '0.5'); write it without quotes"),
        ("number", "5e-1", "should be a number (got '5e-1'); write it without quotes"),
        ("number", "nan", "should be a number (got 'nan')"),
        ("number", ".nan", "should be a number (got '.nan')"),
        ("number", "infinity", "should be a number (got 'infinity')"),
        ("number", float("nan"), "should be a finite number (got nan)"),
        ("number", False, "should be a number (got false)"),
        ("tenth", 0, "should be 0.1 or more (got 0)"),
        ("even", 3, "should be a multiple of 2 (got 3)"),
        ("truth", "yes", "should be true or false (got 'yes'); write true"),
        ("truth", "Off", "should be true or false (got 'Off'); write false"),
        ("truth", "true", "should be true or false (got 'true'); write true, without quotes"),
        ("truth", "FALSE", "should be true or false (got 'FALSE'); write false"),
        ("truth", 2, "should be true or false (got 2)"),
        ("truth", [], "should be true or false (got [])"),
        ("truth", 1, "should be true or false (got 1); write true"),
        ("choice", "smae", "should be 'same' or 'valid' (got 'smae'); did you mean 'same'?"),
        ("choice", "SAME", "should be 'same' or 'valid' (got 'SAME'); did you mean 'same'?"),
        ("choice", "1", "should be 'same' or 'valid' (got '1')"),
        ("choice", "full", "should be 'same' or 'valid' (got 'full')"),
        ("choice", 3, "should be 'same' or 'valid' (got 3)"),
        ("choice", None, "should be 'same' or 'valid' (got null); write a value after the key, or remove the key"),
        ("version", 2, "should be 1 (got 2)"),
        ("version", "1", "should be 1 (got '1'); write it without quotes"),
        ("items", [], "should have at least 1 item; it has 0 (got [])"),
        ("items", [1, 2, 3], "should have at most 2 items; it has 3 (got [1, 2, 3])"),
        ("items", 3, "should be a list (got 3); write [3]"),
        ("items", "x", "should be a list (got 'x'); write ['x']"),
        ("items", {"a": 1}, "should be a list (got a mapping); write it as an item of a list, after '- '"),
        ("items", None, "should be a list (got null); write a value after the key, or remove the key"),
        ("options", [1, 2], "should be a mapping of keys to values (got [1, 2])"),
        ("pair", 0, f"should be {PAIR} (got 0)"),
        ("pair", [1, 2, 3], f"should be {PAIR} (got [1, 2, 3])"),
        ("pair", [1, True], f"should be {PAIR} (got [1, true])"),
        ("size", 28, "should be two whole numbers from 1 to 8192: [height, width] in pixels (got 28)"),
        ("checked", 7, "seven {value} is unlucky; take 6 (got 7)"),
        ("checked", 8, "eight is too many (got 8)"),
        ("maybe", "3", "should be a whole number (got '3'); write it without quotes"),
    ],
)  # fmt: skip
def test_a_value_that_does_not_fit_is_said_in_one_sentence(field: str, value: Any, expected: str) -> None:
    assert message(**{field: value}) == expected


def test_what_is_missing_is_said() -> None:
    assert message(Whole) == "is missing; it has no default"


def test_a_section_that_is_no_mapping_is_said() -> None:
    assert message(Whole, name="y", part=3) == "should be a mapping of keys to values (got 3)"
    hint = "write it without the '- ' or the brackets of a list"
    assert message(Whole, name="y", part=[{}]) == f"should be a mapping of keys to values (got a list of 1); {hint}"


def test_a_check_of_a_whole_section_is_said_without_the_name_of_its_exception() -> None:
    assert message(Whole, name="x") == "the name x is taken (got a mapping)"


def test_the_word_that_was_likely_meant_is_given_apart() -> None:
    with pytest.raises(ValidationError) as caught:
        Part.model_validate({"choice": "vlid", "truht": True})
    assert sorted(str(say(error)[1]) for error in caught.value.errors()) == ["truth", "valid"]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "null"),
        (True, "true"),
        (1e-5, "1e-05"),
        ("it's", "'it's'"),
        ("x" * 61, f"'{'x' * 60}...'"),
        ({}, "an empty mapping"),
        ({"a": 1}, "a mapping"),
        ([], "[]"),
        ([1, None, "x", False], "[1, null, 'x', false]"),
        ((1, 2), "[1, 2]"),
        ([[1]], "a list of 1"),
        ([{}], "a list of 1"),
        ([1] * 50, "a list of 50"),
        ([1] * 5000, "a list of 5000"),
        (10**18, "1" + "0" * 18),
    ],
)
def test_a_value_is_shown_as_a_spec_spells_it(value: Any, shown: str) -> None:
    assert show(value) == shown


def test_a_value_that_holds_itself_is_shown() -> None:
    value: list[Any] = []
    value.append(value)
    assert show(value) == "a list of 1"
