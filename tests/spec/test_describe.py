"""The descriptions of fields."""

from pydantic import Field

from kerascnn.layers.stock import Conv2D, MaxPooling2D
from kerascnn.spec import Section
from kerascnn.spec.describe import field_docs
from kerascnn.spec.training import Stage


class Sample(Section):
    """One of a test."""

    first: int = 1
    """On one line."""
    second: int = 2
    third: int = 3
    """On
    two lines."""
    fourth: int = Field(4, description="Given by hand.")
    """Not this."""


def test_the_text_under_a_field_is_its_description() -> None:
    assert field_docs(Sample) == {"first": "On one line.", "third": "On\ntwo lines.", "fourth": "Given by hand."}


def test_fields_of_a_base_are_described_there() -> None:
    assert field_docs(MaxPooling2D)["pool_size"] == "Height and width of the window, in pixels."
    assert list(field_docs(Conv2D)) == list(Conv2D.model_fields)
    assert list(field_docs(Stage)) == list(Stage.model_fields)


def test_a_class_without_a_source_has_no_descriptions() -> None:
    made = type("Made", (Section,), {"__annotations__": {"field": int}, "field": 1})
    assert field_docs(made) == {}
