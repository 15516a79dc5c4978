"""What holds for rules of good practice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from kerascnn.spec import DataInfo, Known, Spec, spec_from_dict
from kerascnn.spec.lint_rule import Rule
from kerascnn.testing.facts import doing, hold

_SPEC = {
    "kerascnn": 1,
    "name": "checked",
    "task": {"type": "image_classification"},
    "data": {"source": {"type": "digits"}},
    "model": {"backbone": {"type": "lenet"}, "head": {"type": "classifier"}},
    "train": {"stages": [{"epochs": 3}, {"epochs": 200, "learning_rate": 0.1}]},
}
_COUNTS = {"train": {"a": 3, "b": 200}, "validation": {"a": 1, "b": 20}}
_KNOWN = (
    Known(),
    Known(DataInfo((8, 8, 1), ("a", "b"), _COUNTS, sizes={"train": 203, "validation": 21}), parameters=10_000_000),
)


def check_rule(rule: Rule, name: str, specs: Sequence[Spec] = ()) -> None:
    """Check a rule on a spec with and without data that are known, and on further specs.

    It says what it is about; it yields places that are in the spec, each with a sentence, and the same each time; it
    takes data of which nothing is known. Raises AssertionError.
    """
    hold((rule.__doc__ or "").strip(), f"rule '{name}' has no docstring; say in one line what it reports")
    for spec in (spec_from_dict(_SPEC), *specs):
        spelled = spec.spell()
        for known in _KNOWN:
            with doing(f"rule '{name}' on the spec '{spec.name}'"):
                said, again = list(rule(spec, known)), list(rule(spec, known))
            hold(said == again, f"rule '{name}' says something else the second time; let it depend on spec and data")
            for one in said:
                _check_said(name, one, spelled)


def _check_said(name: str, said: Any, spelled: Any) -> None:
    hold(
        isinstance(said, tuple) and len(said) == 2 and isinstance(said[0], tuple) and isinstance(said[1], str),
        f"rule '{name}' yields {said!r}; yield a place, such as ('train', 'batch_size'), and a sentence",
    )
    place, sentence = said
    hold(sentence.strip(), f"rule '{name}' says nothing of {place}")
    hold(
        all(_steps(spelled, place)),
        f"rule '{name}' speaks of {'.'.join(map(str, place))}, which is no place in the spec",
    )


def _steps(spelled: Any, place: Sequence[str | int]) -> Iterator[bool]:
    """Yield for each step of a place whether it is there."""
    for step in place:
        there = step in spelled if isinstance(spelled, dict) else isinstance(step, int) and step < len(spelled or ())
        yield there
        spelled = spelled[step] if there else None
