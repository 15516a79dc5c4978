"""The base of everything that a spec spells out: strict, frozen, and with errors that suggest the right word."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any, Self, get_args

from pydantic import BaseModel, ConfigDict, ModelWrapValidatorHandler, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError


class Section(BaseModel):
    """A mapping in a spec whose keys, types and ranges stand in its fields.

    Values are taken as they are: no text becomes a number, no number becomes a truth value, and NaN and infinity are
    refused. An unknown key is an error that names the nearest known one.
    """

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        allow_inf_nan=False,
        use_attribute_docstrings=True,
        defer_build=True,
        # A default is checked by the tests, not at each use.
        validate_default=False,
    )

    @model_validator(mode="wrap")
    @classmethod
    def _name_the_nearest_field(cls, value: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        try:
            return handler(value)
        except ValidationError as error:
            details = [cls._explain(line) for line in error.errors(include_url=False)]
            raise ValidationError.from_exception_data(cls.__name__, details) from None

    @classmethod
    def _explain(cls, line: Any) -> InitErrorDetails:
        kind, loc = line["type"], line["loc"]
        if kind == "extra_forbidden" and len(loc) == 1:
            near = nearest(str(loc[0]), cls.model_fields) or cls._nearest_inside(str(loc[0]))
            known = f"the fields are {', '.join(cls.model_fields)}" if cls.model_fields else "it has no fields"
            return problem(
                "unknown_field",
                "no field is named '{name}'; {hint}",
                loc=loc,
                value=line["input"],
                name=loc[0],
                hint=f"did you mean '{near}'?" if near else known,
                suggestion=near,
            )
        if kind in _KNOWN_BY_PYDANTIC:
            return InitErrorDetails(type=kind, loc=loc, input=line["input"], ctx=line.get("ctx", {}))
        return InitErrorDetails(
            type=PydanticCustomError(kind, "{message}", {**(line.get("ctx") or {}), "message": line["msg"]}),
            loc=loc,
            input=line["input"],
        )

    @classmethod
    def _nearest_inside(cls, word: str) -> str | None:
        """Return the path of the field of a section inside this one that the word was most likely meant to be."""
        for name, info in cls.model_fields.items():
            for inner in (info.annotation, *get_args(info.annotation)):
                if isinstance(inner, type) and issubclass(inner, Section):
                    near = nearest(word, inner.model_fields)
                    if near:
                        return f"{name}.{near}" if inner is info.annotation else f"{name}.0.{near}"
        return None


def problem(code: str, template: str, /, *, loc: tuple[int | str, ...], value: Any, **context: Any) -> InitErrorDetails:
    """Return one error for `ValidationError.from_exception_data`; user text goes into `context`, not the template."""
    # pydantic fills text and numbers into the template and leaves other values out of it, as None must be.
    return InitErrorDetails(type=PydanticCustomError(code, template, context), loc=loc, input=value)


def nearest(word: str, choices: Iterable[str]) -> str | None:
    """Return the choice that the word was most likely meant to be, or None where none is near.

    >>> nearest("random_flp", ["random_flip", "random_crop"])
    'random_flip'
    """
    choices = list(choices)
    folded = {choice.lower().replace("-", "_"): choice for choice in choices}
    key = word.lower().replace("-", "_").replace(" ", "_")
    if key in folded:
        return folded[key]
    close = difflib.get_close_matches(key, folded, n=1, cutoff=0.6)
    if close:
        return folded[close[0]]
    # `epoch_count` or `lr`: a word that contains, or is the initials of, a choice.
    initials = {"".join(part[0] for part in name.split("_") if part): name for name in folded if "_" in name}
    if len(key) > 1 and key in initials:
        return folded[initials[key]]
    inside = [name for name in folded if len(name) > 3 and (name in key or (len(key) > 3 and key in name))]
    return folded[max(inside, key=len)] if inside else None


def _known_types() -> frozenset[str]:
    from pydantic_core import core_schema

    return frozenset(core_schema.ErrorType.__args__) - {"value_error", "assertion_error"}  # type: ignore[attr-defined]


_KNOWN_BY_PYDANTIC = _known_types()
