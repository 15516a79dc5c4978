"""Texts: cut into tokens, which are numbered by a vocabulary of the training split."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np

from kerascnn.engine.media.base import Elements, Form, Raw
from kerascnn.engine.progress import Progress
from kerascnn.spec import DataInfo, Sample, Spec

PADDING, UNKNOWN = "", "[UNK]"
_WORD = re.compile(r"\w+(?:['’]\w+)*|[^\w\s]")
_LONGEST = 4096


class TextError(Exception):
    """A text cannot be read; the text is the reason."""


@dataclass(frozen=True)
class TextForm(Form):
    """How a text becomes the model's input."""

    medium: ClassVar[str] = "text"

    tokens: str
    """word (words and punctuation marks), character or byte."""
    lower: bool
    """Whether capitals are made small."""
    length: int
    """Tokens; a longer text is cut at its end, a shorter one is padded behind it."""
    vocabulary: tuple[str, ...]
    """The tokens by their number: 0 pads, 1 stands for every token that is not here."""

    def read(self, payloads: Sequence[Any]) -> list[Raw | Exception]:
        """Return int32 `(length,)` of every text, or why it cannot be read."""
        numbers = {token: i for i, token in enumerate(self.vocabulary)}
        return [
            Raw(self.number(cut(payload, self.tokens, lower=self.lower), numbers), _digest(payload))
            if isinstance(payload, str)
            else TextError(f"is {type(payload).__name__}; a text is wanted")
            for payload in payloads
        ]

    def number(self, tokens: Sequence[str], numbers: dict[str, int]) -> np.ndarray:
        """Return the tokens' numbers at this form's length."""
        row = np.zeros(self.length, "int32")
        kept = [numbers.get(token, 1) for token in tokens[: self.length]]
        row[: len(kept)] = kept
        return row

    @classmethod
    def restore(cls, facts: dict[str, Any]) -> Self:
        """Return the form that `spell` gave."""
        return cls(**{**facts, "vocabulary": tuple(facts["vocabulary"])})


class Texts(Elements):
    """The texts of a data set, in memory."""

    noun: ClassVar[str] = "text"
    plural: ClassVar[str] = "texts"

    def __init__(self, tokens: list[list[str]], facts: list[dict[str, Any]], spec: Spec):
        self.tokens, self.facts, self.spec = tokens, facts, spec
        # Until `learn` settles it.
        self.form = TextForm(spec.data.text.tokens, spec.data.text.lower, 1, (PADDING, UNKNOWN))
        self.all: np.ndarray | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """The number of tokens."""
        return (self.form.length,)

    @classmethod
    def read(cls, samples: Sequence[Sample], spec: Spec, progress: Progress, *, keep: bool = True) -> Self:
        """Cut every text into tokens."""
        how = spec.data.text
        tokens: list[list[str]] = []
        facts: list[dict[str, Any]] = []
        with progress.count("reading texts", len(samples)) as seen:
            for sample in samples:
                seen()
                found = cut(sample.payload, how.tokens, lower=how.lower)
                tokens.append(found)
                alike = _digest(" ".join(sample.payload.casefold().split()))[:16]
                facts.append({"sha256": _digest(sample.payload), "tokens": len(found), "alike": alike})
        return cls(tokens, facts, spec)

    def learn(self, train: np.ndarray) -> None:
        """Take the vocabulary and the length from the training texts alone."""
        how = self.spec.data.text
        counts = Counter(token for i in train.tolist() for token in self.tokens[i])
        # Of equally frequent ones the first in the alphabet, so that the order of the files does not matter.
        common = sorted(
            (token for token, count in counts.items() if count >= how.min_count),
            key=lambda token: (-counts[token], token),
        )
        vocabulary = (PADDING, UNKNOWN, *common[: how.vocabulary_size - 2])
        longest = max((len(self.tokens[i]) for i in train.tolist()), default=1)
        length = self.spec.data.length or max(1, min(longest, _LONGEST))
        self.form = TextForm(how.tokens, how.lower, length, vocabulary)
        numbers = {token: i for i, token in enumerate(vocabulary)}
        self.all = np.stack([self.form.number(tokens, numbers) for tokens in self.tokens])

    def describe(self, info: DataInfo) -> DataInfo:
        """Return the info with the size of the vocabulary."""
        return replace(info, vocabulary=len(self.form.vocabulary))

    def take(self, indices: np.ndarray) -> np.ndarray:
        """Return int32 `(n, length)`, the numbers of the tokens, 0 behind the end."""
        assert self.all is not None
        return self.all[indices]


def cut(text: str, tokens: str, *, lower: bool) -> list[str]:
    """Return the tokens of a text.

    >>> cut("It's here!", "word", lower=True)
    ["it's", 'here', '!']
    """
    if lower:
        text = text.lower()
    if tokens == "word":
        return _WORD.findall(text)
    if tokens == "character":
        return list(text)
    return [f"{byte:02x}" for byte in text.encode("utf-8", "surrogateescape")]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
