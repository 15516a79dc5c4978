"""Sections: strict, frozen, and with errors that suggest the right word."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError, field_validator
from pydantic_core import PydanticCustomError

from kerascnn.spec import Section
from kerascnn.spec.section import nearest, problem
from kerascnn.spec.tree import MAX_ISSUES


class Inner(Section):
    """A section inside another."""

    epochs: int = 1
    learning_rate: float = 0.1


class Middle(Section):
    """A section with a list of others."""

    seed: int = 0
    stages: list[Inner] = []


class Outer(Section):
    """A section with another inside."""

    name: str = ""
    middle: Middle = Middle()
    image_size: int = 1


class Empty(Section):
    """A section without fields."""


def errors(cls: type[Section], value: Any) -> list[tuple[tuple[int | str, ...], str]]:
    """Return place and message of every mistake."""
    with pytest.raises(ValidationError) as caught:
        cls.model_validate(value)
    return [(error["loc"], error["msg"]) for error in caught.value.errors()]


@pytest.mark.parametrize(
    ("cls", "value"),
    [
        (Inner, {"epochs": "1"}),
        (Inner, {"epochs": 1.0}),
        (Inner, {"epochs": True}),
        (Inner, {"learning_rate": "0.1"}),
        (Inner, {"learning_rate": True}),
        (Inner, {"learning_rate": float("nan")}),
        (Inner, {"learning_rate": float("inf")}),
        (Outer, {"name": 1}),
        (Outer, {"name": b"x"}),
        (Middle, {"stages": ()}),
        (Middle, {"stages": {}}),
    ],
)
def test_no_value_is_turned_into_another_type(cls: type[Section], value: dict[str, Any]) -> None:
    assert len(errors(cls, value)) == 1


def test_a_whole_number_will_do_for_a_number() -> None:
    rate = Inner.model_validate({"learning_rate": 1}).learning_rate
    assert rate == 1.0
    assert type(rate) is float


def test_a_section_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Inner().epochs = 2  # type: ignore[misc]


@pytest.mark.parametrize(
    ("cls", "key", "expected"),
    [
        (Inner, "epoch", "no field is named 'epoch'; did you mean 'epochs'?"),
        (Inner, "learning-rate", "no field is named 'learning-rate'; did you mean 'learning_rate'?"),
        (Inner, "LearningRate", "no field is named 'LearningRate'; did you mean 'learning_rate'?"),
        (Inner, "lr", "no field is named 'lr'; did you mean 'learning_rate'?"),
        (Inner, "rate", "no field is named 'rate'; did you mean 'learning_rate'?"),
        (Inner, "zzz", "no field is named 'zzz'; the fields are epochs, learning_rate"),
        (Inner, "", "no field is named ''; the fields are epochs, learning_rate"),
        (Outer, "seed", "no field is named 'seed'; did you mean 'middle.seed'?"),
        (Outer, "epochs", "no field is named 'epochs'; did you mean 'middle.stages.0.epochs'?"),
        (Middle, "learning_rate", "no field is named 'learning_rate'; did you mean 'stages.0.learning_rate'?"),
        (Outer, "steps", "no field is named 'steps'; the fields are name, middle, image_size"),
        (Empty, "x", "no field is named 'x'; it has no fields"),
        (Inner, "{hint}", "no field is named '{hint}'; the fields are epochs, learning_rate"),
        (Inner, "{0}", "no field is named '{0}'; the fields are epochs, learning_rate"),
        (Inner, "k" * 100, f"no field is named '{'k' * 60}...'; the fields are epochs, learning_rate"),
    ],
)
def test_an_unknown_key_names_the_nearest_field(cls: type[Section], key: str, expected: str) -> None:
    assert errors(cls, {key: 1}) == [((key,), expected)]


def test_every_mistake_has_its_place_however_deep() -> None:
    value = {"name": 1, "middle": {"sede": 1, "stages": [{}, {"epoch": 2, "learning_rate": "x"}]}, "x": 1}
    assert {loc for loc, _ in errors(Outer, value)} == {
        ("name",),
        ("middle", "sede"),
        ("middle", "stages", 1, "epoch"),
        ("middle", "stages", 1, "learning_rate"),
        ("x",),
    }


def test_thousands_of_mistakes_are_cut_to_a_hundred() -> None:
    assert len(errors(Inner, {f"k{i}": 1 for i in range(5000)})) == MAX_ISSUES


def test_text_of_a_user_is_no_template() -> None:
    details = problem("code", "got '{name}' of {kind}", loc=("a",), value=1, name="{kind} {0} {", kind="{name}")
    error = ValidationError.from_exception_data("x", [details]).errors()[0]
    assert error["msg"] == "got '{kind} {0} {' of {name}"
    assert (error["loc"], error["input"], error["type"]) == (("a",), 1, "code")


class Strict(Section):
    """A section with a check that raises an error of its own kind."""

    value: int = 0

    @field_validator("value")
    @classmethod
    def _refuse(cls, value: int) -> int:
        raise PydanticCustomError("own", "is {what}", {"what": "{loc}", "value": 3, "loc": "here"})


class Around(Section):
    """A section around it."""

    strict: Strict


def test_an_error_of_a_components_own_goes_up_unharmed() -> None:
    with pytest.raises(ValidationError) as caught:
        Around.model_validate({"strict": {"value": 1}})
    (error,) = caught.value.errors()
    assert (error["type"], error["loc"], error["input"]) == ("own", ("strict", "value"), 1)
    assert {"what": "{loc}", "value": 3, "loc": "here"}.items() <= error["ctx"].items()


@pytest.mark.parametrize(
    ("word", "choices", "expected"),
    [
        ("random_flp", ["random_flip", "random_crop"], "random_flip"),
        ("Random-Flip", ["random_flip"], "random_flip"),
        ("random flip", ["random_flip"], "random_flip"),
        ("float16", ["auto", "float32", "mixed_bfloat16", "mixed_float16"], "mixed_float16"),
        ("resize_mode", ["resize", "model"], "resize"),
        ("average_pooling", ["average_pooling2d", "global_average_pooling2d"], "average_pooling2d"),
        ("dense_layer", ["dense", "conv2d"], "dense"),
        ("bn", ["batch_norm", "layer_norm"], "batch_norm"),
        ("conv", ["depthwise_conv2d", "conv2d"], "conv2d"),
        ("x", ["xy_z", "max"], None),
        ("", ["a"], None),
        ("a", [], None),
        ("version", ["backbone", "name"], None),
    ],
)
def test_the_nearest_word_is_the_one_that_was_likely_meant(word: str, choices: list[str], expected: str | None) -> None:
    assert nearest(word, choices) == expected


def test_a_word_of_a_megabyte_is_compared_by_its_beginning() -> None:
    assert nearest("conv2d" * 200_000, ["conv2d", "dense"]) == "conv2d"
