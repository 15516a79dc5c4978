"""Two runs side by side on the same samples: figures, whether they differ by more than chance, and what was changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kerascnn.errors import UsageError, counted
from kerascnn.runs.answers import KeptAnswers, read_answers
from kerascnn.runs.failures import kind_of, threshold_of
from kerascnn.runs.folder import RunFolder
from kerascnn.spec.data import SPLITS

if TYPE_CHECKING:
    import numpy as np

TIMES = 2000
"""How many times the samples are drawn again for an interval; fewer where they are many."""
LEVEL = 0.05
"""Probability from which on a difference may well be chance."""
_WORK = 20_000_000
_CHUNK = 1_000_000
_ANSWERS = ("label", "classes", "values", "boxes", "mask")


def compare(a: RunFolder, b: RunFolder, split: str = "test", *, seed: int = 0) -> dict[str, Any]:
    """Return how run `b` differs from run `a` on a split that both were evaluated on.

    "metrics" are the figures side by side; "tests" say whether a difference may be chance: McNemar's exact test of the
    samples that one run is right on and the other is not, and the paired bootstrap of other figures; "fixed" and
    "broke" name those samples; "spec" holds the keys of the resolved specs that differ, "environment" what differs in
    versions and machine; "verdict" is a sentence. Raises UsageError where a run was not evaluated on the split, or
    their samples are not the same.
    """
    if split not in SPLITS:
        raise UsageError(f"there is no split '{split}'; there are {', '.join(SPLITS)}")
    if a.path.resolve() == b.path.resolve():
        raise UsageError(f"run {a.id} is named twice; name another one to compare it with")
    reports = [_report(run, split) for run in (a, b)]
    _check_alike(a, b, split)
    tests, fixed, broke, reason = _tested(a, b, split, seed)
    return {
        "a": _about(a),
        "b": _about(b),
        "split": split,
        "samples": reports[0]["samples"],
        "metrics": _side_by_side(*(report["metrics"] for report in reports)),
        "tests": tests,
        "no_tests": reason,
        "fixed": fixed,
        "broke": broke,
        "spec": _differing(*(run.read("spec.resolved.json") for run in (a, b))),
        "environment": _differing(*(_environment(run) for run in (a, b))),
        "verdict": _verdict(tests, reports[0]["samples"], split, reason),
    }


def mcnemar(fixed: int, broke: int) -> float:
    """Return the exact two-sided probability of so uneven counts where either is as likely (McNemar 1947)."""
    from scipy.stats import binomtest

    return float(binomtest(min(fixed, broke), fixed + broke, 0.5).pvalue) if fixed + broke else 1.0


Score = Callable[["np.ndarray"], "np.ndarray"]
"""A figure for each row of weights of the samples: `(b, n) -> (b,)`."""


def paired_bootstrap(a: Score, b: Score, n: int, *, times: int | None = None, seed: int = 0) -> dict[str, float]:
    """Return both figures, their difference, its 95 % percentile interval and the two-sided probability of chance.

    Both figures are of the same samples each time, drawn again from the n that there are (Efron 1979).
    """
    import numpy as np

    times = max(200, min(TIMES, _WORK // n)) if times is None else times
    rng = np.random.default_rng(seed)
    chunk, parts = max(1, _CHUNK // n), []
    for start in range(0, times, chunk):
        many = min(chunk, times - start)
        drawn = rng.integers(n, size=(many, n)) + np.arange(many)[:, None] * n
        weights = np.bincount(drawn.ravel(), minlength=many * n).reshape(many, n).astype("float64")
        parts.append(b(weights) - a(weights))
    found = np.concatenate(parts)
    # Of figures that are the same up to rounding neither is the better one.
    found[np.abs(found) < 1e-12] = 0.0
    ones = np.ones((1, n))
    first, second = float(a(ones)[0]), float(b(ones)[0])
    tail = min(int((found <= 0).sum()), int((found >= 0).sum()))
    low, high = np.percentile(found, [2.5, 97.5])
    return {
        "a": first,
        "b": second,
        "difference": second - first,
        "low": float(low),
        "high": float(high),
        "p": min(1.0, 2 * (tail + 1) / (times + 1)),
    }


def macro_f1(there: np.ndarray, said: np.ndarray) -> Score:
    """Return the mean F1 over the classes as a figure of weights; `there` and `said` are 0 or 1, `(n, classes)`.

    A class that is neither there nor said has no part in it.
    """
    import numpy as np
    from scipy.sparse import csr_array

    one, two, both = (csr_array(array.astype("float64")) for array in (there, said, there & said))

    def score(weights: np.ndarray) -> np.ndarray:
        right, total = weights @ both, weights @ one + weights @ two
        f1 = np.divide(2 * right, total, out=np.zeros_like(right), where=total > 0)
        return np.asarray(f1.sum(1) / np.maximum((total > 0).sum(1), 1))

    return score


def _numbers(wanted: np.ndarray, answers: np.ndarray) -> dict[str, Score]:
    import numpy as np

    error = answers - wanted
    absolute, square = np.abs(error).mean(1), (error**2).mean(1)
    return {
        "mae": lambda weights: weights @ absolute / weights.sum(1),
        "rmse": lambda weights: np.sqrt(weights @ square / weights.sum(1)),
    }


def _tested(
    a: RunFolder, b: RunFolder, split: str, seed: int
) -> tuple[list[dict[str, Any]], list[str] | None, list[str] | None, str | None]:
    """Return the tests, the samples that `b` alone and `a` alone is right on, and why there are none."""
    import numpy as np

    if not all((run.path / "evaluation" / f"{split}.npz").is_file() for run in (a, b)):
        return [], None, None, "no answers are kept of masks and boxes, nor of evaluations by an earlier kerascnn"
    one, two = _paired(read_answers(a, split), read_answers(b, split), a, b, split)
    kind, n = kind_of(one), len(one.ids)
    if kind in ("values", "forecast"):
        wanted = np.asarray(one.truth, "float64")[:, : one.answers.shape[1]]
        scores = [_numbers(wanted, np.asarray(kept.answers, "float64")) for kept in (one, two)]
        found = [
            {"metric": name, "test": "paired bootstrap", **paired_bootstrap(scores[0][name], scores[1][name], n,
                                                                             seed=seed)}
            for name in scores[0]
        ]  # fmt: skip
        return found, None, None, None
    there, said, name = _decisions(one, two, kind, (threshold_of(a), threshold_of(b)))
    right = [(there == each).all(1) for each in said]
    fixed, broke = np.flatnonzero(~right[0] & right[1]), np.flatnonzero(right[0] & ~right[1])
    shares = [float(each.mean()) for each in right]
    first = {
        "metric": name,
        "test": "exact McNemar",
        "a": shares[0],
        "b": shares[1],
        "difference": shares[1] - shares[0],
        "fixed": len(fixed),
        "broke": len(broke),
        "p": mcnemar(len(fixed), len(broke)),
    }
    f1 = [macro_f1(there, each) for each in said]
    second = {"metric": "macro_f1", "test": "paired bootstrap", **paired_bootstrap(f1[0], f1[1], n, seed=seed)}
    return [first, second], [one.ids[i] for i in fixed], [one.ids[i] for i in broke], None


def _decisions(
    one: KeptAnswers, two: KeptAnswers, kind: str, thresholds: tuple[float, float]
) -> tuple[np.ndarray, list[np.ndarray], str]:
    """Return which classes are there and which each run says, `(n, classes)`, and what the share of right ones is."""
    import numpy as np

    if kind == "classes":
        said = [kept.answers >= least for kept, least in zip((one, two), thresholds, strict=True)]
        return np.asarray(one.truth, bool), said, "exact_match"
    every = np.arange(one.answers.shape[1])
    said = [kept.answers.argmax(1)[:, None] == every for kept in (one, two)]
    return np.asarray(one.truth)[:, None] == every, said, "accuracy"


def _paired(
    one: KeptAnswers, two: KeptAnswers, a: RunFolder, b: RunFolder, split: str
) -> tuple[KeptAnswers, KeptAnswers]:
    """Return the answers with those of the second run in the order of the first. Raises UsageError."""
    import numpy as np

    again = f"evaluate both again: `kerascnn evaluate RUN --split {split}`"
    if sorted(one.ids) != sorted(two.ids) or one.answers.shape != two.answers.shape:
        raise UsageError(f"the kept answers of run {a.id} and run {b.id} are not of the same samples; {again}")
    rows = two.rows_of(one.ids)
    two = KeptAnswers(one.ids, two.truth[rows], two.answers[rows])
    if one.truth.shape != two.truth.shape or not np.array_equal(one.truth, two.truth):
        raise UsageError(f"run {a.id} and run {b.id} were evaluated with other right answers; {again}")
    return one, two


def _report(run: RunFolder, split: str) -> dict[str, Any]:
    if not (run.path / "evaluation" / f"{split}.json").is_file():
        raise UsageError(
            f"run {run.id} was not evaluated on its {split} split; `kerascnn evaluate {run.id} --split {split}` does it"
        )
    return dict(run.read(f"evaluation/{split}.json"))


def _check_alike(a: RunFolder, b: RunFolder, split: str) -> None:
    """Raise UsageError where figures of the two runs are not of the same samples and answers."""
    labels = [run.read("labels.json") for run in (a, b)]
    if labels[0] != labels[1]:
        shown = [", ".join(each[:5]) + (", ..." if len(each) > 5 else "") for each in labels]
        raise UsageError(f"run {a.id} answers {shown[0]}; run {b.id} answers {shown[1]}: there is nothing to compare")
    first, second = ({line["id"]: line for line in run.manifest() if line["split"] == split} for run in (a, b))
    both = first.keys() & second.keys()
    other = sum(first[name].get("sha256") != second[name].get("sha256") for name in both)
    answered = sum(any(first[name].get(key) != second[name].get(key) for key in _ANSWERS) for name in both)
    apart = [
        f"{len(first.keys() - both)} of {len(first)} are in run {a.id} alone" if first.keys() - both else "",
        f"{len(second.keys() - both)} of {len(second)} are in run {b.id} alone" if second.keys() - both else "",
        f"{counted(other, 'has', 'have')} other content" if other else "",
        f"{counted(answered, 'has another right answer', 'have other right answers')}" if answered else "",
    ]
    if any(apart):
        raise UsageError(
            f"the {split} splits are not the same samples: {'; '.join(text for text in apart if text)}. Train both "
            "with the same data, data.fixes and data.split.file (`kerascnn data split` writes one): else train.seed "
            "draws the split"
        )


def _about(run: RunFolder) -> dict[str, Any]:
    about = run.about()
    effective = run.read("effective.json") if (run.path / "effective.json").is_file() else {}
    return {
        "run": run.id,
        "name": about.get("name", ""),
        "path": str(run.path.resolve()),
        "epochs": len(run.metrics()),
        "parameters": effective.get("parameters"),
        "seconds": effective.get("seconds"),
    }


def _environment(run: RunFolder) -> dict[str, Any]:
    about = run.about()
    found = {key: value for key, value in about.get("environment", {}).items() if key != "command"}
    return {"version": about.get("version"), **found}


def _side_by_side(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[dict[str, Any]]:
    rows = []
    for name in dict.fromkeys([*a, *b]):
        one, two = a.get(name), b.get(name)
        rows.append(
            {"metric": name, "a": one, "b": two, "difference": None if one is None or two is None else two - one}
        )
    return rows


def _differing(a: Any, b: Any) -> list[dict[str, Any]]:
    """Return the values that differ by their dotted paths; what is not there is None, as is what is empty."""
    one, two = _leaves(a), _leaves(b)
    return [
        {"path": path, "a": one.get(path), "b": two.get(path)}
        for path in dict.fromkeys([*one, *two])
        if one.get(path) != two.get(path)
    ]


def _leaves(value: Any, path: str = "") -> dict[str, Any]:
    items: Sequence[tuple[Any, Any]]
    if isinstance(value, dict):
        items = list(value.items())
    elif isinstance(value, list) and any(isinstance(item, dict | list) for item in value):
        items = list(enumerate(value))
    else:
        return {path: None if value == [] else value}
    return {key: leaf for name, item in items for key, leaf in _leaves(item, f"{path}.{name}".lstrip(".")).items()}


def _verdict(tests: Sequence[Mapping[str, Any]], samples: int, split: str, reason: str | None) -> str:
    """Return a sentence on the first test that claims no more than it shows."""
    if not tests:
        return f"Whether the difference is more than chance cannot be told: {reason}."
    test = tests[0]
    if "fixed" in test:
        right = [round(test[key] * samples) for key in ("b", "a")]
        what = (
            f"B is right on {right[0]} of {samples} {split} samples, A on {right[1]}: {test['fixed']} fixed, "
            f"{test['broke']} broke"
        )
    else:
        what = (
            f"{test['metric'].upper()} is {test['b']:.4g} for B and {test['a']:.4g} for A on {samples} {split} samples "
            f"(95 % interval of the difference {test['low']:.3g} to {test['high']:.3g})"
        )
    how = f"{test['test']} {say_p(test['p'])}"
    if test["p"] >= LEVEL:
        return f"{what} ({how}). On these {samples} samples they cannot be told apart."
    return (
        f"{what} ({how}). Chance in the choice of samples would seldom make so large a difference; these are two "
        "trainings, and other seeds may say otherwise."
    )


def say_p(p: float) -> str:
    """Return a probability in few digits.

    >>> say_p(0.34912), say_p(0.0312), say_p(1e-9)
    ('p = 0.35', 'p = 0.031', 'p < 0.0001')
    """
    return "p < 0.0001" if p < 1e-4 else f"p = {p:.2g}"
