"""The trainings that several specs and settings with several values ask for: their product, in order."""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from kerascnn.errors import Issue, SpecError, UsageError
from kerascnn.spec.load import parse_spec, read_file
from kerascnn.spec.plugins import FILES

MOST = 10_000
"""Trainings of one batch."""


@dataclass(frozen=True)
class Planned:
    """One training that is to be done."""

    spec: str
    """The file of the spec, as it was named."""
    text: bytes
    settings: tuple[str, ...]
    """As for `--set`, each with one value."""
    name: str
    """What tells it from the others: what differs."""
    folder: str
    """Where relative paths start from."""
    plugins: str = ""
    """Files of plugins that are not installed, divided as PATH is."""


def plan(specs: Sequence[Path], settings: Sequence[str] = (), *, vary: bool = True) -> list[Planned]:
    """Return a training for each spec and each choice of one value of every setting, the last setting changing fastest.

    Without `vary` a setting has one value, commas or not. Every training is checked. Raises SpecError with the mistakes
    of all, UsageError where there are too many.
    """
    choices = [values_of(setting) if vary else (setting,) for setting in settings]
    count = len(specs) * _product(len(values) for values in choices)
    if count > MOST:
        raise UsageError(f"{count} trainings are more than {MOST}; give fewer values, or several commands")
    texts = {spec: read_file(spec) for spec in specs}
    found: list[Planned] = []
    issues: list[Issue] = []
    for spec, chosen in itertools.product(specs, itertools.product(*choices)):
        try:
            loaded = parse_spec(texts[spec], str(spec), chosen)
        except SpecError as error:
            issues += error.issues
            continue
        if loaded.data.split.folds is not None and loaded.data.split.fold is None:
            numbers = ",".join(map(str, range(loaded.data.split.folds)))
            raise UsageError(f"{spec} asks for folds; say which ones: --set data.split.fold={numbers}")
        varied = [one for one, values in zip(chosen, choices, strict=True) if len(values) > 1]
        words = [*([str(spec)] if len(specs) > 1 or not varied else []), *varied]
        around = os.environ.get(FILES, "")
        found.append(Planned(str(spec), texts[spec], chosen, " ".join(words), os.getcwd(), around))
    if issues:  # the same mistake of a file comes once, not with every choice
        raise SpecError(list({str(issue): issue for issue in issues}.values()))
    return found


def values_of(setting: str) -> tuple[str, ...]:
    """Return a setting for each of its values: `train.seed=1,2,3` has three.

    Commas within brackets and quotes belong to a value.

    >>> values_of("data.image_size=[28, 28],[32, 32]")
    ('data.image_size=[28, 28]', 'data.image_size=[32, 32]')
    >>> values_of("a.b='x,y'")
    ("a.b='x,y'",)
    """
    path, equals, text = setting.partition("=")
    parts, depth, quote, begins = [], 0, "", 0
    for i, char in enumerate(text):
        if quote:
            quote = "" if char == quote else quote
        elif char in "\"'":
            quote = char
        elif char in "[{":
            depth += 1
        elif char in "]}":
            depth -= 1
        elif char == "," and depth <= 0:
            parts.append(text[begins:i])
            begins = i + 1
    parts.append(text[begins:])
    if not equals or len(parts) == 1 or not all(part.strip() for part in parts):
        return (setting,)  # what is wrong with it is said where it is put in
    return tuple(f"{path}={re.sub(r'^ +', '', part)}" for part in parts)


def _product(numbers: Iterable[int]) -> int:
    found = 1
    for number in numbers:
        found *= number
    return found
