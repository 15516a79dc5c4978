"""Explanations of a run's answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from kerascnn.engine.inputs import input_files, read_inputs
from kerascnn.engine.media import Raw
from kerascnn.engine.media.text import TextForm, cut
from kerascnn.engine.network import Network, explain
from kerascnn.engine.predict import Prediction, Predictor, at_a_time
from kerascnn.errors import UsageError
from kerascnn.spec import Explainer
from kerascnn.spec.asked import asked_for
from kerascnn.spec.section import nearest

_SHARE = 8


@dataclass(frozen=True)
class Explanation:
    """Where the answer for one element comes from."""

    path: str
    """The file, or the index of an array or a text."""
    label: str
    """The class, or the number, that is explained."""
    value: float | None
    """What the model says of it: the probability of the class, or the number; None where it says neither."""
    answer: Prediction
    """The whole answer."""
    map: np.ndarray = field(repr=False)
    """What speaks for it, float32: `(height, width)` at the size of the model's input, `(steps,)` or `(tokens,)`."""
    element: np.ndarray = field(repr=False)
    """The element as the model takes it."""
    tokens: tuple[str, ...] = ()
    """Of a text the words, characters or bytes that the model sees; `map` begins with theirs."""

    def as_dict(self) -> dict[str, Any]:
        """Return what is said as plain data, of a text with the weight of each token, without the map of others."""
        found: dict[str, Any] = {"path": self.path, "label": self.label, "value": self.value}
        found |= {"answer": self.answer.label, "confidence": self.answer.confidence}
        if self.tokens:
            weights = [float(value) for value in self.map[: len(self.tokens)]]
            found["tokens"] = [[token, weight] for token, weight in zip(self.tokens, weights, strict=True)]
        return found


class Explaining:
    """A run's network and a method, for any number of elements."""

    def __init__(
        self, predictor: Predictor, method: str | Mapping[str, Any] | Explainer = "grad_cam", label: str | None = None
    ):
        """Take a method by its name, or as it would stand in a spec. Raises UsageError.

        `label` is the class to explain; None: the one that the network answers with.
        """
        self.predictor, self.explainer = predictor, make_explainer(method)
        self.number = None if label is None else number_of(label, predictor.labels)
        self.network = Network.of(predictor)

    def items(self, items: Sequence[Any], names: Sequence[str]) -> Iterator[Explanation | tuple[str, str]]:
        """Yield the explanation of each payload, or its name and the reason why it cannot be read."""
        many = max(1, at_a_time(self.predictor.shape) // _SHARE)
        for start in range(0, len(items), many):
            part = list(items[start : start + many])
            read = self.predictor.form.read(part)
            good = [(name, payload, raw) for name, payload, raw in zip(names[start:], part, read, strict=False)]
            kept = [(name, payload, raw.array) for name, payload, raw in good if isinstance(raw, Raw)]
            found = iter(self._explained(kept))
            for name, _, raw in good:
                yield next(found) if isinstance(raw, Raw) else (name, str(raw))

    def files(self, paths: Sequence[str | Path]) -> tuple[Iterator[Explanation | tuple[str, str]], int]:
        """Return what `items` yields of files and of what is in folders, and the number of files.

        Raises UsageError where nothing is named, DataError where a folder holds nothing of the model's medium.
        """
        files = input_files(paths, self.predictor.form.medium)
        payloads, kept, bad = read_inputs(files, self.predictor.form.medium)

        def all_of_them() -> Iterator[Explanation | tuple[str, str]]:
            yield from bad
            yield from self.items(payloads, [str(file) for file in kept])

        return all_of_them(), len(files)

    def _explained(self, kept: Sequence[tuple[str, Any, np.ndarray]]) -> list[Explanation]:
        if not kept:
            return []
        elements = np.stack([array for *_, array in kept])
        answers = self.predictor.answers(elements)
        numbers = [_largest(answer, self.predictor) if self.number is None else self.number for answer in answers]
        maps = explain(self.network, self.explainer, elements, numbers)
        found = []
        for (name, payload, array), answer, number, one in zip(kept, answers, numbers, maps, strict=True):
            said = self.predictor.task.say(answer, self.predictor.labels)
            label = self.predictor.labels[number]
            value = {**said.get("values", {}), **said.get("probabilities", {})}.get(label)
            tokens = self._tokens(payload)
            found.append(Explanation(name, label, value, Prediction(name, **said), one, array, tokens))
        return found

    def _tokens(self, payload: Any) -> tuple[str, ...]:
        form = self.predictor.form
        if not isinstance(form, TextForm):
            return ()
        return tuple(cut(payload, form.tokens, lower=form.lower)[: form.length])


def make_explainer(method: str | Mapping[str, Any] | Explainer) -> Explainer:
    """Return a method by its name, or as it would stand in a spec. Raises UsageError."""
    return asked_for(Explainer, method, "the method")  # type: ignore[type-abstract]


def number_of(label: str, labels: Sequence[str]) -> int:
    """Return the number of a class. Raises UsageError."""
    if label in labels:
        return list(labels).index(label)
    near = nearest(label, labels)
    shown = ", ".join(labels[:10]) + (", ..." if len(labels) > 10 else "")
    raise UsageError(f"the run has no class '{label}'; {f'did you mean {near!r}?' if near else f'it has {shown}'}")


def _largest(answer: np.ndarray, predictor: Predictor) -> int:
    """Return the number of the class that an answer says most of; of numbers the first."""
    output = predictor.task.output
    if output == "values":
        return 0
    if output == "mask":
        return int(np.bincount(answer.argmax(-1).ravel(), minlength=answer.shape[-1]).argmax())
    return int(answer.reshape(-1, answer.shape[-1])[:, : len(predictor.labels)].max(0).argmax())
