"""What a search of good values tries: values of any paths of a spec, by which rule, and until when."""

from __future__ import annotations

import json
from typing import Any, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from kerascnn.spec.section import Section

SECTION = "sweep"
"""The key of a spec under which its own search stands."""


class Parameter(Section):
    """The values that one path of the spec may have: those of a list, or numbers of a range."""

    values: list[Any] | None = Field(None, min_length=1, max_length=10_000)
    """A list of values, of any kind that a spec has: numbers, words, lists, components."""
    low: int | float | None = None
    """The smallest number; whole numbers for `low` and `high` give whole numbers."""
    high: int | float | None = None
    """The largest number."""
    step: int | float | None = Field(None, gt=0)
    """By what numbers differ, counted from `low`; left out: any number of the range, of whole ones each."""
    log: bool = False
    """Draw by the logarithm: as many values from 0.001 to 0.01 as from 0.01 to 0.1."""

    @model_validator(mode="after")
    def _is_one_of_both(self) -> Self:
        if self.values is None and None in (self.low, self.high):
            raise PydanticCustomError("parameter", "needs either 'values', or 'low' and 'high'")
        if self.values is not None and (self.low, self.high, self.step, self.log) != (None, None, None, False):
            raise PydanticCustomError("parameter", "has 'values'; leave out 'low', 'high', 'step' and 'log'")
        if self.values is not None and not _is_plain(self.values):
            raise PydanticCustomError("parameter", "needs plain values: numbers, texts, lists and mappings")
        if self.low is not None and self.high is not None:
            if self.low >= self.high:
                raise PydanticCustomError("parameter", "needs a 'low' below 'high'")
            if self.log and self.low <= 0:
                raise PydanticCustomError("parameter", "needs a 'low' above 0 where 'log' is true")
            if self.log and self.step is not None:
                raise PydanticCustomError("parameter", "cannot have both 'log' and 'step'; leave one of them out")
        return self

    @property
    def whole(self) -> bool:
        """Whether its numbers are whole."""
        return all(isinstance(one, int) for one in (self.low, self.high, 1 if self.step is None else self.step))

    @property
    def told(self) -> list[Any]:
        """The values that it names: those of the list, or the ends of the range as a trial would have them."""
        if self.values is not None:
            return self.values
        assert self.low is not None
        assert self.high is not None
        return [self.low, self.high] if self.whole else [float(self.low), float(self.high)]


class Search(Section):
    """A search for good values of some paths of a spec."""

    parameters: dict[str, Parameter] = Field(min_length=1, max_length=256)
    """What is tried, by the path in the spec, such as `train.stages.0.learning_rate`."""
    sampler: Literal["tpe", "random", "grid"] = "tpe"
    """How values are chosen: tpe looks at what earlier trials came to (Bergstra et al. 2011), random does not, grid
    takes every combination of lists and of ranges with a step or of whole numbers."""
    pruner: Literal["none", "asha", "hyperband", "median"] = "none"
    """What ends trials early that fall behind: asha (Li et al. 2018, arXiv:1810.05934), hyperband (Li et al. 2016,
    arXiv:1603.06560), or median, those worse than the median of earlier trials at the same epoch."""
    seed: int = Field(0, ge=0, lt=2**32)
    """Seed of the choice of values; that of a training stands in its spec."""
    trials: int = Field(20, ge=1, le=100_000)
    """Trainings in all, those that were ended early counted."""
    minutes: float | None = Field(None, gt=0)
    """Minutes after which no new training begins; left out: no limit. Each start of the command counts anew."""

    @model_validator(mode="after")
    def _can_be_tried(self) -> Self:
        for path, one in self.parameters.items():
            if path.split(".")[0].strip() == SECTION:
                raise PydanticCustomError("parameter", "cannot try '{path}', a value of a sweep itself", {"path": path})
            if "=" in path:
                raise PydanticCustomError("parameter", "has a path with '=' in it, '{path}'", {"path": path})
            if self.sampler == "grid" and one.values is None and one.step is None and (one.log or not one.whole):
                raise PydanticCustomError(
                    "parameter",
                    "sampler 'grid' needs 'values', a 'step' or whole numbers for '{path}'",
                    {"path": path},
                )
        paths = list(self.parameters)
        for i, path in enumerate(paths):
            if around := next((later for later in paths[i + 1 :] if path.startswith(f"{later}.")), None):
                raise PydanticCustomError(
                    "parameter",
                    "'{around}' would put something else in the place of '{path}'; write '{path}' after it",
                    {"around": around, "path": path},
                )
        return self


class SpecSweep(Search):
    """What `kerascnn sweep SPEC` tries. A training leaves it aside, and the resolved spec of its run is without it."""

    name: str | None = Field(None, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.\-]{0,63}$")
    """A name for people, and of its folder under `sweeps` in the folder of runs; left out: the name of the spec."""


def setting(path: str, value: Any) -> str:
    """Return a value for a path as `--set` reads it, in one line: JSON is YAML.

    >>> setting("train.stages.0.optimizer", {"type": "sgd"})
    'train.stages.0.optimizer={"type": "sgd"}'
    """
    return f"{path}={json.dumps(value)}"


def _is_plain(value: Any) -> bool:
    try:
        json.dumps(value)
    except TypeError:
        return False
    return True
