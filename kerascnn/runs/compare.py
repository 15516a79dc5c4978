"""Two runs side by side on the same samples: figures, whether they differ by more than chance, and what was changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kerascnn.errors import UsageError, counted
from kerascnn.evaluation.names import say_name
from kerascnn.runs import each
from kerascnn.runs.answers import KeptAnswers, answers_file, read_answers
from kerascnn.runs.failures import kind_of, threshold_of
from kerascnn.runs.folder import RunFolder
from kerascnn.runs.paired import (
    errors,
    macro_f1,
    mcnemar,
    most_changed,
    paired_bootstrap,
    tested_means,
    tested_metrics,
)
from kerascnn.spec.data import SPLITS

if TYPE_CHECKING:
    import numpy as np

LEVEL = 0.05
"""Probability from which on a difference may well be chance."""
_CHANGED = 10
"""Samples that are named whose figure changed most, in each direction."""
_ANSWERS = ("label", "classes", "values", "boxes", "mask")


def compare(a: RunFolder, b: RunFolder, split: str = "test", *, seed: int = 0) -> dict[str, Any]:
    """Return how run `b` differs from run `a` on a split that both were evaluated on.

    "metrics" are the figures side by side; "tests" say whether a difference may be chance: McNemar's exact test of the
    samples that one run is right on and the other is not, and the paired bootstrap of other figures, those of the
    specs' `evaluate.metrics` too; "fixed" and "broke" name those samples. Of masks, boxes and numbers, which are more
    or less right, "changed" has the samples that got better and worse by most. "spec" holds the keys of the resolved
    specs that differ, "environment" what differs in versions and machine; "verdict" is a sentence, "notes" are more.
    Raises UsageError where a run was not evaluated on the split, or their samples are not the same.
    """
    if split not in SPLITS:
        raise UsageError(f"there is no split '{split}'; there are {', '.join(SPLITS)}")
    if a.path.resolve() == b.path.resolve():
        raise UsageError(f"run {a.id} is named twice; name another one to compare it with")
    reports = [_report(run, split) for run in (a, b)]
    _check_alike(a, b, split)
    found = _tested(a, b, split, seed)
    return {
        "a": _about(a),
        "b": _about(b),
        "split": split,
        "samples": reports[0]["samples"],
        "metrics": _side_by_side(*(report["metrics"] for report in reports)),
        "tests": found.tests,
        "no_tests": found.reason,
        "fixed": found.fixed,
        "broke": found.broke,
        "changed": found.changed,
        "notes": found.notes,
        "spec": _differing(*(run.read("spec.resolved.json") for run in (a, b))),
        "environment": _differing(*(_environment(run) for run in (a, b))),
        "verdict": _verdict(found.tests, reports[0]["samples"], split, found.reason),
    }


@dataclass
class _Tested:
    """What the answers of two runs on the same samples come to."""

    tests: list[dict[str, Any]] = field(default_factory=list)
    fixed: list[str] | None = None
    """The samples that the second run alone is right on."""
    broke: list[str] | None = None
    changed: Mapping[str, Any] | None = None
    notes: list[str] = field(default_factory=list)
    reason: str | None = None
    """Why there are no tests."""


def _tested(a: RunFolder, b: RunFolder, split: str, seed: int) -> _Tested:
    """Return the tests of what both runs keep of their answers."""
    if all(answers_file(run, split).is_file() for run in (a, b)):
        one, two = _paired(read_answers(a, split), read_answers(b, split), a, b, split)
        of_numbers = kind_of(one) in ("values", "forecast")
        found = _of_numbers(one, two, seed) if of_numbers else _of_classes(one, two, (a, b), seed)
        more, notes = _of_metrics((a, b), one, two, seed)
        found.tests += more
        found.notes += notes
        return found
    if all(each.file_of(run, split).is_file() for run in (a, b)):
        return _of_each(a, b, split, seed)
    return _Tested(reason="no answers are kept of evaluations by an earlier kerascnn; evaluate both again")


def _of_each(a: RunFolder, b: RunFolder, split: str, seed: int) -> _Tested:
    """Return the test of what each sample by itself came to."""
    one, two = each.read_figures(a, split), each.read_figures(b, split)
    if one.name != two.name:
        return _Tested(reason=f"run {a.id} has {say_name(one.name)} of each sample, run {b.id} {say_name(two.name)}")
    if sorted(one.ids) != sorted(two.ids):
        raise UsageError(_not_the_same(a, b, split))
    values = two.of(one.ids)
    test = tested_means(one.name, one.values, values, seed)
    return _Tested([test], changed=most_changed(one.ids, one.values, values, one.better, _CHANGED))


def _of_numbers(one: KeptAnswers, two: KeptAnswers, seed: int) -> _Tested:
    import numpy as np

    n, wanted = len(one.ids), np.asarray(one.truth, "float64")[:, : one.answers.shape[1]]
    answers = [np.asarray(kept.answers, "float64") for kept in (one, two)]
    scores = [errors(wanted, some) for some in answers]
    tests = [
        {"metric": name, "test": "paired bootstrap", **paired_bootstrap(scores[0][name], scores[1][name], n, seed=seed)}
        for name in scores[0]
    ]
    apart = [np.abs(some - wanted).mean(1) for some in answers]
    return _Tested(tests, changed=most_changed(one.ids, apart[0], apart[1], "min", _CHANGED))


def _of_classes(one: KeptAnswers, two: KeptAnswers, runs: tuple[RunFolder, RunFolder], seed: int) -> _Tested:
    import numpy as np

    there, said, name = _decisions(one, two, kind_of(one), (threshold_of(runs[0]), threshold_of(runs[1])))
    right = [(there == some).all(1) for some in said]
    fixed, broke = np.flatnonzero(~right[0] & right[1]), np.flatnonzero(right[0] & ~right[1])
    shares = [float(some.mean()) for some in right]
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
    f1 = [macro_f1(there, some) for some in said]
    found = paired_bootstrap(f1[0], f1[1], len(one.ids), seed=seed)
    second = {"metric": "macro_f1", "test": "paired bootstrap", **found}
    return _Tested([first, second], [one.ids[i] for i in fixed], [one.ids[i] for i in broke])


def _of_metrics(
    runs: tuple[RunFolder, RunFolder], one: KeptAnswers, two: KeptAnswers, seed: int
) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the tests of the metrics that either spec names, and what is to be said of those that have none."""
    from kerascnn.spec import DataInfo, spec_from_dict

    trees = [run.read("spec.resolved.json") for run in runs]
    if not any(tree.get("evaluate", {}).get("metrics") for tree in trees):
        return [], []
    named = [{m.type_name: m for m in spec_from_dict(tree).evaluate.metrics} for tree in trees]
    both = {**named[1], **named[0]}
    apart = [name for name in named[0] if name in named[1] and named[0][name] != named[1][name]]
    facts, labels = runs[0].read("data.json"), tuple(runs[0].read("labels.json"))
    info = DataInfo(tuple(runs[0].read("input.json")["shape"]), labels, facts["counts"], sizes=facts["sizes"])
    wanted = [metric for name, metric in both.items() if name not in apart]
    tests, notes = tested_metrics(wanted, one.truth, (one.answers, two.answers), info, seed)
    return tests, notes + [f"There is no test of {name}: the two specs set it otherwise." for name in apart]


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

    if sorted(one.ids) != sorted(two.ids) or one.answers.shape != two.answers.shape:
        raise UsageError(_not_the_same(a, b, split))
    rows = two.rows_of(one.ids)
    two = KeptAnswers(one.ids, two.truth[rows], two.answers[rows])
    if one.truth.shape != two.truth.shape or not np.array_equal(one.truth, two.truth):
        raise UsageError(f"run {a.id} and run {b.id} were evaluated with other right answers; {_again(split)}")
    return one, two


def _not_the_same(a: RunFolder, b: RunFolder, split: str) -> str:
    return f"the kept answers of run {a.id} and run {b.id} are not of the same samples; {_again(split)}"


def _again(split: str) -> str:
    return f"evaluate both again: `kerascnn evaluate RUN --split {split}`"


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
    test, apart = tests[0], ""
    if "fixed" in test:
        right = [round(test[key] * samples) for key in ("b", "a")]
        what = (
            f"B is right on {right[0]} of {samples} {split} samples, A on {right[1]}: {test['fixed']} fixed, "
            f"{test['broke']} broke"
        )
    else:
        what = (
            f"{_first_large(say_name(test['metric']))} is {test['b']:.4g} for B and {test['a']:.4g} for A on {samples} "
            f"{split} samples"
        )
        apart = f"95 % interval of the difference {test['low']:.3g} to {test['high']:.3g}; "
    how = f"{apart}{test['test']} {say_p(test['p'])}"
    if test["p"] >= LEVEL:
        return f"{what} ({how}). On these {samples} samples they cannot be told apart."
    return (
        f"{what} ({how}). Chance in the choice of samples would seldom make so large a difference; these are two "
        "trainings, and other seeds may say otherwise."
    )


def _first_large(text: str) -> str:
    return text[:1].upper() + text[1:]


def say_p(p: float) -> str:
    """Return a probability in few digits.

    >>> say_p(0.34912), say_p(0.0312), say_p(1e-9)
    ('p = 0.35', 'p = 0.031', 'p < 0.0001')
    """
    return "p < 0.0001" if p < 1e-4 else f"p = {p:.2g}"
