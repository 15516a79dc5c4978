"""What the conformance kit says of components that take parameters which their own schema does not allow."""

from typing import Any, ClassVar

import pytest
from pydantic import Field, field_validator

from kerascnn.spec import Layer, register
from kerascnn.spec.component import _components
from kerascnn.testing.parameters import check_parameters


class Base(Layer):
    """Do nothing."""

    kind: ClassVar[str] = "layer"
    width: int = Field(4, ge=1, le=8)
    """Width."""
    share: float = Field(0.5, gt=0, lt=1)
    """Share."""
    names: list[str] = Field(["a"])
    """Names."""

    def apply(self, x: Any) -> Any:
        """Return it."""
        return x


@pytest.fixture
def registered():
    """Return what registers a class for one test."""
    before = dict(_components.get("layer", {}))
    yield lambda cls: register("checked_parameters")(cls)()
    _components["layer"] = before


def test_bounds_and_types_that_are_kept_pass(registered):
    check_parameters(registered(Base))


def test_a_value_that_is_mended_silently_is_found(registered):
    class Clips(Base):
        """Take any width."""

        @field_validator("width", mode="before")
        @classmethod
        def clip(cls, value: Any) -> Any:
            return min(max(int(value) if not isinstance(value, str) else 4, 1), 8)

    with pytest.raises(AssertionError, match=r"takes width = 1\.5, which its own schema does not allow"):
        check_parameters(registered(Clips))


def test_a_validator_that_raises_something_else_is_found(registered):
    class Divides(Base):
        """Fail for a word."""

        @field_validator("share", mode="before")
        @classmethod
        def half(cls, value: Any) -> Any:
            return value / 2

    with pytest.raises(AssertionError, match=r"share = 'many' ends in TypeError: .*raise ValueError with a sentence"):
        check_parameters(registered(Divides))
