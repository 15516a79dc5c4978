"""What the losses of tasks have in common: the weights of classes, and fields that only one loss reads."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import PlainValidator, ValidationError, WithJsonSchema
from pydantic_core import PydanticCustomError

from kerascnn.errors import DataError, counted
from kerascnn.spec import Component, DataInfo
from kerascnn.spec.section import nearest, problem

_HIGHEST = 1e6
_EXAMPLE = {"example": "{cat: 2.5}"}


def _checked(value: Any) -> Any:
    if value == "none" or value == "auto":
        return value
    if not isinstance(value, dict) or not value or not all(isinstance(label, str) for label in value):
        raise PydanticCustomError(
            "class_weights", "should be none, auto, or weights by name, such as {example}", _EXAMPLE
        )
    wrong = [(label, weight) for label, weight in value.items() if not _is_weight(weight)]
    if wrong:
        message = "should be a number above 0, up to 1,000,000"
        details = [problem("class_weight", message, loc=(label,), value=weight) for label, weight in wrong]
        raise ValidationError.from_exception_data("class_weights", details)
    return {label: float(weight) for label, weight in value.items()}


def _is_weight(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= _HIGHEST


ClassWeights = Annotated[
    Literal["none", "auto"] | dict[str, float],
    PlainValidator(_checked),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "enum": ["none", "auto"]},
                {
                    "type": "object",
                    "additionalProperties": {"type": "number", "exclusiveMinimum": 0, "maximum": _HIGHEST},
                    "minProperties": 1,
                },
            ]
        }
    ),
]
"""none, auto, or a weight for each class by its name."""


def weights_of(setting: str | dict[str, float], info: DataInfo) -> list[float] | None:
    """Return the weight of each class in the loss, None for none.

    auto is n / (classes * count) of the training split: all classes count alike, and the mean weight of its samples
    is 1. A mapping is taken as it is, 1 for a class that it does not name. Raises DataError where it names a class that
    is not there, or where auto meets a class without training sample.
    """
    if setting == "none":
        return None
    if isinstance(setting, dict):
        return _named(setting, info.labels)
    counts = _counts(info)
    empty = [label for label in info.labels if not counts.get(label)]
    if empty:
        raise DataError(
            f"task.class_weights: auto cannot weigh {counted(len(empty), 'class', 'classes')} without a training "
            "sample; add samples, or give weights by name",
            [(label, "has no training sample") for label in empty],
        )
    whole = sum(counts[label] for label in info.labels)
    return [whole / (len(info.labels) * counts[label]) for label in info.labels]


def sides_of(setting: str | dict[str, float], info: DataInfo) -> tuple[list[float], list[float]] | None:
    """Return the weight of each class where it is there and where it is not, None for none.

    auto is n / (2 * count) of either side in the training split: for each class, the samples that show it and those
    that do not count alike, and the mean weight is 1. A mapping weighs the samples that show a class. Raises DataError
    as `weights_of` does, and for a class that all training samples show.
    """
    if setting == "none":
        return None
    if isinstance(setting, dict):
        return _named(setting, info.labels), [1.0] * len(info.labels)
    counts, whole = _counts(info), _size(info)
    shown = [counts.get(label, 0) for label in info.labels]
    constant = [(label, count) for label, count in zip(info.labels, shown, strict=True) if count in (0, whole)]
    if constant:
        raise DataError(
            f"task.class_weights: auto cannot weigh {counted(len(constant), 'class', 'classes')} that no training "
            "sample or every one shows; add samples, or give weights by name",
            [(label, f"is shown by {count} of {whole} training samples") for label, count in constant],
        )
    return [whole / (2 * count) for count in shown], [whole / (2 * (whole - count)) for count in shown]


def refuse_unused(component: Component, choice: str, uses: dict[str, tuple[str, ...]]) -> None:
    """Fail where a field is set that the chosen loss does not read: `uses` says which choices read it."""
    details = [
        problem(
            "unused_field",
            "is for `{choice}: {choices}`; leave it out, or choose that",
            loc=(name,),
            value=getattr(component, name),
            choice=choice,
            choices=" | ".join(choices),
        )
        for name, choices in uses.items()
        if getattr(component, choice) not in choices
        and getattr(component, name) != type(component).model_fields[name].default
    ]
    if details:
        raise ValidationError.from_exception_data(type(component).__name__, details)


def _named(setting: dict[str, float], labels: tuple[str, ...]) -> list[float]:
    unknown = [name for name in setting if name not in labels]
    if unknown:
        near = {name: nearest(name, labels) for name in unknown}
        raise DataError(
            f"task.class_weights names {counted(len(unknown), 'class', 'classes')} that the data does not have",
            [
                (name, f"did you mean '{near[name]}'?" if near[name] else f"the classes are {_listed(labels)}")
                for name in unknown
            ],
        )
    return [setting.get(label, 1.0) for label in labels]


def _listed(labels: tuple[str, ...], most: int = 10) -> str:
    return ", ".join(labels[:most]) + (", ..." if len(labels) > most else "")


def _counts(info: DataInfo) -> dict[str, int]:
    counts = dict(info.counts.get("train", {}))
    if not counts:
        raise _unknown("samples of each class")
    return counts


def _size(info: DataInfo) -> int:
    # A sample may show several classes or none, so that the counts do not say how many samples there are.
    size = int(info.sizes.get("train", 0))
    if not size:
        raise _unknown("samples")
    return size


def _unknown(what: str) -> DataError:
    return DataError(
        f"task.class_weights: auto needs the number of training {what}, which is not known here; give weights by name"
    )
