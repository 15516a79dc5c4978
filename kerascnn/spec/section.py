"""The base of all that a spec spells out: strict, frozen, and with errors that suggest the right word."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any, Self, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, ModelWrapValidatorHandler, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from kerascnn.spec.tree import MAX_ISSUES, clip


class Section(BaseModel):
    """A mapping in a spec whose keys, types and ranges stand in its fields.

    Values are taken as they are: no text becomes a number, no number becomes a truth value, and NaN and
    infinity are refused. An unknown key is an error that names the nearest known one.
    """

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        allow_inf_nan=False,
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
            # Each section around this one handles the same mistakes again, and nobody reads thousands.
            details = [cls._explain(line) for line in error.errors(include_url=False)[:MAX_ISSUES]]
            raise ValidationError.from_exception_data(cls.__name__, details) from None

    @classmethod
    def _explain(cls, line: Any) -> InitErrorDetails:
        kind, loc = line["type"], line["loc"]
        if kind == "extra_forbidden" and len(loc) == 1:
            word = clip(str(loc[0]))
            near = nearest(word, cls.model_fields) or cls._nearest_inside(word)
            known = f"the fields are {', '.join(cls.model_fields)}" if cls.model_fields else "it has no fields"
            return problem(
                "unknown_field",
                "no field is named '{name}'; {hint}",
                loc=loc,
                value=line["input"],
                name=word,
                hint=f"did you mean '{near}'?" if near else known,
                suggestion=near,
            )
        if kind in _KNOWN_BY_PYDANTIC:
            return InitErrorDetails(type=kind, loc=loc, input=line["input"], ctx=line.get("ctx", {}))
        context = {**line.get("ctx", {}), "message": line["msg"]}
        return InitErrorDetails(type=PydanticCustomError(kind, "{message}", context), loc=loc, input=line["input"])

    @classmethod
    def _nearest_inside(cls, word: str) -> str | None:
        """Return the path of the field of an inner section that the word was most likely meant to be."""
        paths: dict[str, str] = {}
        for path in cls._paths():
            paths.setdefault(path.rpartition(".")[2], path)
        near = nearest(word, paths, cutoff=0.8)
        return paths[near] if near else None

    @classmethod
    def _paths(cls) -> Iterator[str]:
        """Yield the path of each field of the sections inside this one; the item of a list is its first."""
        for name, info in cls.model_fields.items():
            holder = get_origin(info.annotation)
            for inner in (info.annotation, *get_args(info.annotation)):
                if holder is not dict and isinstance(inner, type) and issubclass(inner, Section):
                    prefix = f"{name}.0" if holder is list else name
                    yield from (f"{prefix}.{field}" for field in inner.model_fields)
                    yield from (f"{prefix}.{path}" for path in inner._paths())


def problem(code: str, template: str, /, *, loc: tuple[int | str, ...], value: Any, **context: Any) -> InitErrorDetails:
    """Return one error for `ValidationError.from_exception_data`, its template filled in from the context."""
    # pydantic would fill the values in one after another, and so look for fields in what a user wrote.
    whole = {**context, "message": template.format(**context)}
    return InitErrorDetails(type=PydanticCustomError(code, "{message}", whole), loc=loc, input=value)


def nearest(word: str, choices: Iterable[str], cutoff: float = 0.6) -> str | None:
    """Return the choice that the word was most likely meant to be, or None where none is near.

    >>> nearest("random_flp", ["random_flip", "random_crop"])
    'random_flip'
    """
    return _nearest(clip(word), tuple(choices), cutoff)


@lru_cache(maxsize=1024)
def _nearest(word: str, choices: tuple[str, ...], cutoff: float) -> str | None:
    folded = {choice.lower().replace("-", "_"): choice for choice in choices}
    key = word.lower().replace("-", "_").replace(" ", "_")
    if key in folded:
        return folded[key]
    close = difflib.get_close_matches(key, folded, n=1, cutoff=cutoff)
    if not close or difflib.SequenceMatcher(None, key, close[0]).ratio() < 0.85:
        # `resize_mode`, `float16`: a word that contains a choice, or stands in one.
        inside = [name for name in folded if len(name) > 3 and (name in key or (len(key) > 3 and key in name))]
        close = difflib.get_close_matches(key, inside, n=1, cutoff=0.0) or close
    if close:
        return folded[close[0]]
    # `lr`: a word that is the initials of a choice.
    initials = {"".join(part[0] for part in name.split("_") if part): name for name in folded if "_" in name}
    return folded[initials[key]] if len(key) > 1 and key in initials else None


def _known_types() -> frozenset[str]:
    from pydantic_core import core_schema

    return frozenset(core_schema.ErrorType.__args__) - {"value_error", "assertion_error"}  # type: ignore[attr-defined]


_KNOWN_BY_PYDANTIC = _known_types()


def section(cls: type[Section]) -> Any:
    """Return a field that holds this section with its defaults where the spec says nothing."""
    return Field(default_factory=cls, json_schema_extra={"default": {}})
