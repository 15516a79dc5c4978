"""Where a run fails: its worst mistakes, what it is wrongly sure of, what it confuses, and labels that may be wrong."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerascnn.errors import UsageError, counted
from kerascnn.runs.answers import FOLDER, KeptAnswers, answers_file, read_answers
from kerascnn.runs.doubts import doubted, doubted_of_each
from kerascnn.runs.each import file_of, read_figures
from kerascnn.runs.folder import RunFolder, list_runs
from kerascnn.spec.data import SPLITS

if TYPE_CHECKING:
    import numpy as np

SMALLEST = 1e-7
"""Probability below which the logarithm is taken of this instead, as Keras does."""
_EXAMPLES = 8
"""Samples that are named of a pair of classes."""


def has_failures(run: RunFolder, split: str) -> bool:
    """Return whether an evaluation kept what failures are looked for in: all answers, or the worst masks or boxes."""
    return answers_file(run, split).is_file() or file_of(run, split).is_file()


def page_of(run: RunFolder, split: str) -> Path:
    """Return the page on which `kerascnn failures` draws what it found."""
    return run.path / FOLDER / f"failures-{split}.html"


def failures(
    run: RunFolder, split: str = "test", *, top: int = 20, judged: Collection[str] = frozenset()
) -> dict[str, Any]:
    """Return the mistakes of a run on a split, from the answers that its evaluation kept.

    "worst" are the samples with the largest loss; "sure" the wrong ones by how sure they were; "confused" pairs of
    classes with the counts of both directions; "label_errors" candidates for wrong labels, the likeliest first, without
    those in `judged`; at most `top` of each. "worst" of numbers are those with the largest error, of masks and boxes
    those with the worst "value" of a "figure". What there is none of for a task is None, and "notes" says why. The test
    split of a run of one fold stands for those of all folds where their answers are kept, and so for every sample.
    Raises UsageError where the run was not evaluated.
    """
    if split not in SPLITS:
        raise UsageError(f"there is no split '{split}'; there are {', '.join(SPLITS)}")
    if top < 1:
        raise UsageError(f"name one failure or more of each kind (got {top})")
    if not answers_file(run, split).is_file() and file_of(run, split).is_file():
        return _of_pictures(run, split, top)
    runs, notes = _runs(run, split)
    kept = _together([read_answers(one, split) for one in runs])
    labels = run.read("labels.json")
    kind = kind_of(kept)
    if kind == "class":
        found = _of_classes(kept, labels, top)
    elif kind == "classes":
        found = _of_each_class(kept, labels, top, threshold_of(run))
    else:
        found = _of_numbers(kept, labels, top)
    if kind not in ("class", "classes"):
        notes.append("Confusions and labels that may be wrong are looked for where answers are classes.")
        candidates: list[dict[str, Any]] | None = None
        expected: int | None = None
    elif split == "train":
        notes.append("No label is called into question: the network has learnt these very labels.")
        candidates, expected = None, None
    else:
        candidates, expected = (doubted if kind == "class" else doubted_of_each)(kept, labels)
        notes.append("Labels that may be wrong are candidates: somebody has to look at each before it is changed.")
    left = None if candidates is None else [row for row in candidates if row["id"] not in set(judged)]
    return {
        "run": run.id,
        "split": split,
        "runs": [one.id for one in runs],
        "samples": len(kept.ids),
        **found,
        "label_errors": None if left is None else left[:top],
        "label_errors_found": None if left is None else len(left),
        "label_errors_expected": expected,
        "judged": 0 if candidates is None or left is None else len(candidates) - len(left),
        "notes": notes,
    }


def _of_pictures(run: RunFolder, split: str, top: int) -> dict[str, Any]:
    """Return the failures of a run that is more or less right on each picture: those with the worst figure."""
    kept = read_figures(run, split)
    figures = dict(zip(kept.ids, kept.values.tolist(), strict=True))
    rows = [
        {"id": name, "truth": truth, "said": said, "figure": kept.name, "value": figures[name]}
        for name, truth, said in zip(kept.worst, kept.truths, kept.said, strict=True)
    ]
    notes = ["Confusions and labels that may be wrong are looked for where answers are classes."]
    wrong = sum(math.isfinite(value) and value != kept.perfect for value in figures.values())
    if len(rows) < min(top, wrong):
        notes.append(f"Of {wrong} pictures that are not as they should be, an evaluation keeps the {len(rows)} worst.")
    nothing = ("wrong", "sure", "confused", "label_errors", "label_errors_found", "label_errors_expected")
    return {
        "run": run.id,
        "split": split,
        "runs": [run.id],
        "samples": len(kept.ids),
        "worst": rows[:top],
        **dict.fromkeys(nothing),
        "judged": 0,
        "notes": notes,
    }


def kind_of(kept: KeptAnswers) -> str:
    """Return what the samples are answered with: class, classes, values or forecast."""
    if kept.truth.ndim == 1:
        return "class"
    if kept.truth.dtype.kind in "biu":
        return "classes"
    return "values" if kept.truth.shape == kept.answers.shape else "forecast"


def threshold_of(run: RunFolder) -> float:
    """Return the probability from which on a run's task says that a class is there."""
    return float(run.read("spec.resolved.json")["task"].get("threshold", 0.5))


def _runs(run: RunFolder, split: str) -> tuple[list[RunFolder], list[str]]:
    """Return the runs whose answers are looked at, by their fold, and what is to be said of them."""
    own = run.read("spec.resolved.json")["data"]["split"]
    if split != "test" or own.get("fold") is None:
        return [run], []
    by_fold = {own["fold"]: run}
    key, content = _but_for_the_fold(run), _content(run)
    for other in reversed(list_runs(run.path.resolve().parent)):
        if not (other.path / "evaluation" / "test.npz").is_file() or _but_for_the_fold(other) != key:
            continue
        fold = other.read("spec.resolved.json")["data"]["split"]["fold"]
        if fold not in by_fold and _content(other) == content:
            by_fold[fold] = other
    gone = [str(fold) for fold in range(own["folds"]) if fold not in by_fold]
    if gone:
        named = f"fold {gone[0]}" if len(gone) == 1 else f"folds {', '.join(gone)}"
        return [run], [f"This is fold {own['fold']} alone: there are no answers of {named}; evaluate them for all."]
    said = f"The answers of {own['folds']} folds stand together: each sample's is of a network that had not learnt it."
    return [by_fold[fold] for fold in sorted(by_fold)], [said]


def _but_for_the_fold(run: RunFolder) -> str:
    try:
        tree = run.read("spec.resolved.json")
        tree["data"]["split"].pop("fold", None)
        return json.dumps(tree, sort_keys=True)
    except (UsageError, KeyError, TypeError, AttributeError):
        return ""  # a damaged folder, or one of another version


def _content(run: RunFolder) -> dict[str, Any]:
    names = ("sha256", "label", "classes", "values")
    return {line["id"]: [line.get(name) for name in names] for line in run.manifest()}


def _together(parts: Sequence[KeptAnswers]) -> KeptAnswers:
    import numpy as np

    ids = [name for part in parts for name in part.ids]
    truth = np.concatenate([part.truth for part in parts])
    return KeptAnswers(ids, truth, np.concatenate([part.answers for part in parts]))


def _of_classes(kept: KeptAnswers, labels: Sequence[str], top: int) -> dict[str, Any]:
    import numpy as np

    truth, answers = np.asarray(kept.truth, int), np.asarray(kept.answers, "float64")
    said, each = answers.argmax(1), answers[np.arange(len(answers)), truth]
    loss, sure = -np.log(np.maximum(each, SMALLEST)), answers.max(1)

    def row(i: int) -> dict[str, Any]:
        return {
            "id": kept.ids[i],
            "truth": labels[truth[i]],
            "said": labels[said[i]],
            "confidence": float(sure[i]),
            "loss": float(loss[i]),
        }

    wrong = np.flatnonzero(said != truth)
    pairs: dict[tuple[int, int], list[int]] = {}
    for i in wrong[np.argsort(-sure[wrong], kind="stable")].tolist():
        low, high = sorted((int(truth[i]), int(said[i])))
        pairs.setdefault((low, high), []).append(i)
    ranked = sorted(pairs.items(), key=lambda item: (-len(item[1]), item[0]))[:top]
    return {
        "wrong": len(wrong),
        "worst": [row(i) for i in np.argsort(-loss, kind="stable")[:top].tolist()],
        "sure": [row(i) for i in wrong[np.argsort(-sure[wrong], kind="stable")][:top].tolist()],
        "confused": [
            {
                **_pair(labels[a], labels[b], int((truth[some] == a).sum()), int((truth[some] == b).sum())),
                "ids": [kept.ids[i] for i in some[:_EXAMPLES]],
            }
            for (a, b), some in ranked
        ],
    }


def _pair(a: str, b: str, there: int, back: int) -> dict[str, Any]:
    """Return two classes and how often the first is taken for the second and back, the more frequent one first."""
    return (
        {"classes": [a, b], "counts": [there, back]} if there >= back else {"classes": [b, a], "counts": [back, there]}
    )


def _of_each_class(kept: KeptAnswers, labels: Sequence[str], top: int, threshold: float) -> dict[str, Any]:
    import numpy as np

    there, answers = np.asarray(kept.truth, bool), np.asarray(kept.answers, "float64")
    said = kept.answers >= threshold
    right = np.where(there, answers, 1 - answers)
    loss, wrong = -np.log(np.maximum(right, SMALLEST)).mean(1), there != said

    def row(i: int, k: int | None = None) -> dict[str, Any]:
        of_class = {} if k is None else {"class": labels[k], "confidence": float(1 - right[i, k])}
        names = {
            key: [labels[j] for j in np.flatnonzero(rows[i]).tolist()]
            for key, rows in (("truth", there), ("said", said))
        }
        return {"id": kept.ids[i], **names, **of_class, "loss": float(loss[i])}

    samples, classes = np.nonzero(wrong)
    order = np.argsort(right[samples, classes], kind="stable")[:top]
    # A class that was missed and one that was said instead, in the same sample.
    missed, extra = (there & wrong).astype("int64"), (said & wrong).astype("int64")
    table = missed.T @ extra
    low, high = np.nonzero(np.triu(table + table.T))
    both = table[low, high] + table[high, low]
    ranked = [(int(low[j]), int(high[j])) for j in np.argsort(-both, kind="stable")[:top]]
    return {
        "wrong": int(wrong.any(1).sum()),
        "worst": [row(i) for i in np.argsort(-loss, kind="stable")[:top].tolist()],
        "sure": [row(int(samples[j]), int(classes[j])) for j in order],
        "confused": [
            {
                **_pair(labels[a], labels[b], int(table[a, b]), int(table[b, a])),
                "ids": [
                    kept.ids[i]
                    for i in np.flatnonzero((missed[:, a] & extra[:, b]) | (missed[:, b] & extra[:, a]))[:_EXAMPLES]
                ],
            }
            for a, b in ranked
        ],
    }


def _of_numbers(kept: KeptAnswers, labels: Sequence[str], top: int) -> dict[str, Any]:
    """Errors are in standard deviations of each number, so that several numbers count alike."""
    import numpy as np

    wanted = np.asarray(kept.truth, "float64")[:, : kept.answers.shape[1]]
    answers = np.asarray(kept.answers, "float64")
    spread = wanted.std(0)
    error = (np.abs(answers - wanted) / np.where(spread > 0, spread, 1.0)).mean(1)

    def numbers(row: np.ndarray) -> dict[str, float]:
        return {label: float(value) for label, value in zip(labels, row, strict=True)}

    rows = [
        {"id": kept.ids[i], "truth": numbers(wanted[i]), "said": numbers(answers[i]), "error": float(error[i])}
        for i in np.argsort(-error, kind="stable")[:top].tolist()
    ]
    return {"wrong": None, "worst": rows, "sure": None, "confused": None}


def say_found(found: dict[str, Any]) -> str:
    """Return a sentence on what was looked at and how much of it is wrong."""
    over = f"{found['split']} samples" + (f" of {len(found['runs'])} folds" if len(found["runs"]) > 1 else "")
    if found["wrong"] is None:
        return f"{found['samples']} {over}"
    wrong = f"{found['wrong']} of {found['samples']} {over} are answered wrongly"
    if found["label_errors_found"] is None:
        return wrong
    doubted = counted(found["label_errors_found"], "label may be wrong", "labels may be wrong")
    return f"{wrong}; {doubted}" + (f" ({found['judged']} judged already)" if found["judged"] else "")
