"""Two runs on the same samples: `kerascnn runs compare` as a job, and figures side by side where it refuses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import comb
from typing import Any

from kerascnn.runs.compare import LEVEL, say_p
from kerascnn.runs.folder import RunFolder
from kerascnn_dashboard.logic.cells import judged
from kerascnn_dashboard.logic.evaluation import figures, key_of, say_value
from kerascnn_dashboard.logic.jobs import Job
from kerascnn_dashboard.logic.project import Project


def compare_command(project: Project, a: RunFolder, b: RunFolder, split: str) -> list[str]:
    """Return the command that compares run `b` with run `a`."""
    return ["kerascnn", "runs", "compare", a.id, b.id, "--split", split, "--runs", str(project.runs), "--json"]


def compare(
    project: Project, a: RunFolder, b: RunFolder, reports: tuple[Mapping[str, Any], Mapping[str, Any]], again: int = 0
) -> Job:
    """Return the job that compares two evaluations of the same split, started where it was not."""
    split = reports[0]["split"]
    key = key_of("compare", a.id, b.id, split, *(report["evaluated"] for report in reports), again)
    return project.jobs.start(
        "compare", compare_command(project, a, b, split), id=key, facts={"a": a.id, "b": b.id, "split": split}
    )


def side_by_side(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return a row of texts for each figure of two reports."""
    others = {figure.name: figure for figure in figures(b)}
    rows = []
    for figure in figures(a):
        other = others.get(figure.name)
        if other is None:
            continue
        rows.append(
            {
                "figure": figure.title,
                "A": say_value(figure.name, figure.value),
                "B": say_value(figure.name, other.value),
                "B less A": f"{other.value - figure.value:+.4f}",
            }
        )
    return rows


@dataclass(frozen=True)
class Common:
    """How two runs do on the samples that both were evaluated on, where their splits are not the same."""

    samples: int
    relabelled: int
    """How many have another right answer for B than for A; that of B counts."""
    right: tuple[int, int]
    """On how many A and B are right."""
    fixed: tuple[str, ...]
    """Those that B alone is right on."""
    broke: tuple[str, ...]

    def say(self) -> str:
        """Return it in a sentence, with McNemar's exact test."""
        labels = f", by the labels of B ({self.relabelled} differ)" if self.relabelled else ""
        p = chance(len(self.fixed), len(self.broke))
        told = "" if p < LEVEL else f" On these {self.samples} samples they cannot be told apart."
        return (
            f"On the {self.samples} samples that both have{labels}, B is right on {self.right[1]}, A on "
            f"{self.right[0]}: {len(self.fixed)} fixed, {len(self.broke)} broke (exact McNemar {say_p(p)}).{told}"
        )


def common(a: RunFolder, b: RunFolder, split: str) -> Common | None:
    """Return how both do on the samples that both have; None where there are none, or no single classes are answered.

    That is what is left where labels were changed or left out in between, and `kerascnn runs compare` refuses.
    """
    if a.read("labels.json") != (labels := list(b.read("labels.json"))):
        return None
    one, two = judged(a, split), judged(b, split)
    first, second = ({name: i for i, name in enumerate(each.ids)} for each in (one, two))
    names = [name for name in second if name in first]
    if one.kind != "class" or two.kind != "class" or not names or not labels:
        return None
    i, j = [first[name] for name in names], [second[name] for name in names]
    truth = two.truth[j]
    before, after = one.said[i] == truth, two.said[j] == truth
    return Common(
        len(names),
        int((one.truth[i] != truth).sum()),
        (int(before.sum()), int(after.sum())),
        tuple(name for name, was, now in zip(names, before, after, strict=True) if now and not was),
        tuple(name for name, was, now in zip(names, before, after, strict=True) if was and not now),
    )


def chance(fixed: int, broke: int) -> float:
    """Return the exact two-sided probability of so uneven counts where either is as likely (McNemar 1947).

    >>> chance(0, 0), chance(5, 0)
    (1.0, 0.0625)
    """
    n = fixed + broke
    return min(1.0, 2 * sum(comb(n, k) for k in range(min(fixed, broke) + 1)) / 2**n)


def say_tests(found: Mapping[str, Any]) -> list[str]:
    """Return a sentence for each test after the first, which the verdict tells."""
    return [
        f"{test['metric'].replace('_', ' ')}: {test['a']:.4f} and {test['b']:.4f} ({test['test']} {say_p(test['p'])})"
        for test in found.get("tests", [])[1:]
    ]


def spec_rows(found: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return a row of texts for each key of the specs that differs."""
    rows = found.get("spec", [])
    return [{"setting": row["path"], "A": _say(row["a"]), "B": _say(row["b"])} for row in rows]


def settings_of(a: RunFolder, b: RunFolder) -> list[dict[str, str]]:
    """Return the same from the runs themselves."""
    one, two = (_leaves(run.read("spec.resolved.json")) for run in (a, b))
    return [
        {"setting": path, "A": _say(one.get(path)), "B": _say(two.get(path))}
        for path in dict.fromkeys([*one, *two])
        if one.get(path) != two.get(path)
    ]


def _leaves(value: Any, path: str = "") -> dict[str, Any]:
    if isinstance(value, dict):
        items = list(value.items())
    elif isinstance(value, list) and any(isinstance(item, dict | list) for item in value):
        items = [(str(i), item) for i, item in enumerate(value)]
    else:
        return {path: None if value == [] else value}
    return {key: leaf for name, item in items for key, leaf in _leaves(item, f"{path}.{name}".lstrip(".")).items()}


def _say(value: Any) -> str:
    return "" if value is None else str(value)
