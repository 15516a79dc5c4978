"""Figures of answers that name one class of several, or each class by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

_TOP = (3, 5)
_BY_CLASS = ("precision", "recall", "f1")
_SMALLEST = 1e-7
"""Probability below which the logarithm is taken of this instead, as Keras does."""


class Scores:
    """What is common to both: counts of what is said and what is right, class by class."""

    def __init__(self, there: np.ndarray, said: np.ndarray, answers: np.ndarray):
        self.there, self.said, self.answers = there, said, answers

    def of_classes(self, counts: np.ndarray) -> dict[str, np.ndarray]:
        """Return precision, recall and F1 of each class for weights `(b, n)`: `(b, classes)` each.

        As in scikit-learn a class that is never said has the precision 0 where it has samples. What has nothing to
        count is NaN.
        """
        import numpy as np

        from kerascnn.evaluation.bootstrap import shares

        right, said, support = self.tallies(counts)
        precision = shares(right, said)
        return {
            "precision": np.where((said == 0) & (support > 0), 0.0, precision),
            "recall": shares(right, support),
            "f1": shares(2 * right, said + support),
        }

    def tallies(self, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return how often each class is rightly said, said, and there: `(b, classes)` each."""
        weights = counts.astype("float64")
        return weights @ (self.there & self.said), weights @ self.said, weights @ self.there

    def ranked(self, counts: np.ndarray) -> dict[str, np.ndarray]:
        """Return the means over the classes of both areas, of those that some samples show and some do not."""
        from kerascnn.evaluation.ranks import areas_by_class

        return self._means(*areas_by_class(self.there, self.answers, counts))

    def _means(self, roc: np.ndarray, average: np.ndarray) -> dict[str, np.ndarray]:
        from kerascnn.evaluation.bootstrap import mean_defined

        return {"roc_auc": mean_defined(roc), self.average_name: mean_defined(average)}

    average_name = "pr_auc"

    def simple(self, counts: np.ndarray, by_class: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Return every other figure for weights `(b, n)` and what `of_classes` makes of them: `(b,)` each."""
        raise NotImplementedError

    @cached_property
    def _ones(self) -> np.ndarray:
        import numpy as np

        return np.ones((1, len(self.answers)), dtype=int)

    @cached_property
    def _areas(self) -> tuple[np.ndarray, np.ndarray]:
        """Both areas of each class, `(1, classes)` each: of thousands of classes they take seconds."""
        from kerascnn.evaluation.ranks import areas_by_class

        return areas_by_class(self.there, self.answers, self._ones)

    def metrics(self) -> dict[str, float]:
        """Return every figure that can be told."""
        from kerascnn.evaluation.bootstrap import plain

        return plain({**self.simple(self._ones, self.of_classes(self._ones)), **self._means(*self._areas)})

    def intervals(self, labels: Sequence[str], means: Mapping[str, np.ndarray] | None = None) -> dict[str, Any]:
        """Return the 95 % intervals: "intervals" of figures, "class_intervals", "notes" on missing ones.

        `means` are further figures by name, each the mean of what the samples have `(n,)`. Figures and classes are of
        the same resamples.
        """
        import numpy as np

        from kerascnn.evaluation.bootstrap import FEWEST, interval_of, intervals, resampled, times_for

        n, notes = len(self.answers), []
        drawn: dict[str, list[np.ndarray]] = {}
        for counts in resampled(n, max(times_for(n), FEWEST)):
            by_class = self.of_classes(counts)
            for name, values in {
                **self.simple(counts, by_class),
                **{k: counts @ each / n for k, each in (means or {}).items()},
                **{f"class {k}": v for k, v in by_class.items()},
            }.items():
                drawn.setdefault(name, []).append(values)
        whole = {name: np.concatenate(parts) for name, parts in drawn.items()}
        found = {name: interval_of(values) for name, values in whole.items() if values.ndim == 1}
        times = times_for(self.answers.size)
        if times:
            found |= intervals(self.ranked, n, times=times)
        else:
            notes.append("Areas under curves have no interval: of so many samples and classes it would take minutes.")
        rows = [
            {
                "label": label,
                **{name: interval_of(whole[f"class {name}"][:, i]) for name in ("precision", "recall", "f1")},
            }
            for i, label in enumerate(labels)
        ]
        return {"intervals": {k: v for k, v in found.items() if v}, "class_intervals": rows, "notes": notes}

    def rows(self, labels: Sequence[str]) -> list[dict[str, Any]]:
        """Return a row for each class; figures that have nothing to count are None."""
        from kerascnn.evaluation.bootstrap import number

        found = self.of_classes(self._ones)
        roc, average = self._areas
        support = self.there.sum(0)
        return [
            {
                "label": label,
                **{name: number(values[0, i]) for name, values in found.items()},
                "roc_auc": number(roc[0, i]),
                "average_precision": number(average[0, i]),
                "support": int(support[i]),
            }
            for i, label in enumerate(labels)
        ]

    def notes(self, labels: Sequence[str]) -> list[str]:
        """Return a sentence on classes that have no samples."""
        gone = [label for label, count in zip(labels, self.there.sum(0), strict=True) if not count]
        if not gone:
            return []
        named = ", ".join(f"'{label}'" for label in gone[:10]) + (" and others" if len(gone) > 10 else "")
        return [f"No sample of this split is {named}: recall and areas of {len(gone)} classes say nothing."]


class OneClass(Scores):
    """Figures where each sample is of one class; answers are probabilities `(n, classes)`."""

    def __init__(self, truth: np.ndarray, answers: np.ndarray):
        import numpy as np

        answers = np.asarray(answers, dtype="float64")
        self.truth, self.guesses = np.asarray(truth, dtype=int), answers.argmax(1)
        every = np.arange(answers.shape[1])
        super().__init__(self.truth[:, None] == every, self.guesses[:, None] == every, answers)
        each = answers[np.arange(len(answers)), self.truth]
        # Of equal answers the first counts, as in argmax.
        above = (answers > each[:, None]) | ((answers == each[:, None]) & (every < self.truth[:, None]))
        place = above.sum(1)
        named = {f"top{k}_accuracy": place < k for k in _TOP if k < answers.shape[1]}
        self.means = {"accuracy": place < 1, **named, "log_loss": -np.log(np.maximum(each, _SMALLEST))}

    def tallies(self, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return how often each class is rightly said, said, and there: by sorting, as classes may be thousands."""
        from kerascnn.evaluation.bootstrap import sums_by

        many = self.answers.shape[1]
        right = counts * (self.truth == self.guesses)
        return sums_by(right, self.truth, many), sums_by(counts, self.guesses, many), sums_by(counts, self.truth, many)

    def simple(self, counts: np.ndarray, by_class: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Return accuracies, the logarithmic loss and the means over the classes for weights `(b, n)`."""
        import numpy as np

        from kerascnn.evaluation.bootstrap import mean_defined

        means = counts @ np.stack([*self.means.values()], axis=1).astype("float64") / counts.shape[1]
        mean = {name: mean_defined(values) for name, values in by_class.items()}
        return {
            **{name: means[:, i] for i, name in enumerate(self.means)},
            "balanced_accuracy": mean["recall"],
            "macro_precision": mean["precision"],
            "macro_f1": mean["f1"],
        }

    def floor(self) -> dict[str, float]:
        """Return what the most frequent class gets; for probabilities, always saying the shares of the classes."""
        import numpy as np

        share = self.there.mean(0)
        largest, present = np.sort(share)[::-1], share[share > 0]
        found = {name: float(largest[: int(name[3])].sum()) for name in self.means if name.startswith("top")}
        both = share[(share > 0) & (share < 1)]
        areas = {"roc_auc": 0.5, "pr_auc": float(both.mean())} if len(both) else {}
        return {
            "accuracy": float(largest[0]),
            **found,
            "log_loss": float(-(present * np.log(present)).sum()),
            "balanced_accuracy": 1 / len(present),
            "macro_precision": float(largest[0]) / len(present),
            "macro_f1": 2 * float(largest[0]) / (1 + float(largest[0])) / len(present),
            **areas,
        }


class EachClass(Scores):
    """Figures where a sample is of any number of classes; truth and answers are `(n, classes)`."""

    average_name = "mean_average_precision"

    def __init__(self, truth: np.ndarray, answers: np.ndarray, threshold: float):
        import numpy as np

        super().__init__(
            np.asarray(truth, dtype=bool), np.asarray(answers) >= threshold, np.asarray(answers, "float64")
        )
        right = np.where(self.there, self.answers, 1 - self.answers)
        self.means = {
            "exact_match": (self.there == self.said).all(1),
            "log_loss": -np.log(np.maximum(right, _SMALLEST)).mean(1),
        }

    def simple(self, counts: np.ndarray, by_class: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Return the share of samples that are right as a whole, the loss, and the means for weights `(b, n)`."""
        import numpy as np

        from kerascnn.evaluation.bootstrap import mean_defined, shares

        means = counts @ np.stack([*self.means.values()], axis=1).astype("float64") / counts.shape[1]
        mean = {name: mean_defined(values) for name, values in by_class.items()}
        right, said, support = (tally.sum(1) for tally in self.tallies(counts))
        return {
            **{name: means[:, i] for i, name in enumerate(self.means)},
            "macro_precision": mean["precision"],
            "macro_recall": mean["recall"],
            "macro_f1": mean["f1"],
            "micro_f1": shares(2 * right, said + support),
        }

    def floor(self) -> dict[str, float]:
        """Return what the most frequent set of classes gets; for probabilities, always saying each class's share."""
        import numpy as np

        sets, counts = np.unique(self.there, axis=0, return_counts=True)
        said = EachClass(self.there, np.tile(sets[counts.argmax()], (len(self.there), 1)), 0.5)
        always = said.simple(self._ones, said.of_classes(self._ones))
        share = self.there.mean(0)
        both = share[(share > 0) & (share < 1)]
        areas = {"roc_auc": 0.5, "mean_average_precision": float(both.mean())} if len(both) else {}
        entropy = -(both * np.log(both) + (1 - both) * np.log(1 - both)).sum() / len(share)
        return {
            "exact_match": float(counts.max() / len(self.there)),
            **{name: float(v[0]) for name, v in always.items() if name.startswith(("macro", "micro")) and v[0] == v[0]},
            "log_loss": float(entropy),
            **areas,
        }
