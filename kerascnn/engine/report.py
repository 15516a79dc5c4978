"""The report of a run: one HTML file that opens from the disk, with no request to anywhere, and the same as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from kerascnn.engine.galleries import fragment
from kerascnn.engine.report_parts import parts_of
from kerascnn.engine.report_sections import sections_of
from kerascnn.engine.robustness_parts import robustness_parts
from kerascnn.errors import KerasCnnError
from kerascnn.evaluation.names import say_name
from kerascnn.runs.account import how_to_repeat, methods_paragraph, model_card
from kerascnn.runs.atomic import write_json, write_text
from kerascnn.runs.failures import failures, has_failures
from kerascnn.runs.folder import RunFolder, figures
from kerascnn.runs.readiness import Gate, readiness
from kerascnn.spec import spec_from_dict
from kerascnn.spec.data import SPLITS, Finding
from kerascnn.spec.yaml_text import write_yaml

_STYLE = """
:root { color-scheme: light dark; --line: #8884; --mark: #2a78d6; --second: #c2571a; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.2rem; margin-top: 2.2rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .7rem; border-bottom: 1px solid var(--line); text-align: right; }
th:first-child, td:first-child { text-align: left; }
.scroll { overflow-x: auto; } .note { opacity: .75; } .cell { min-width: 2.2rem; text-align: center; }
pre { padding: .8rem; border: 1px solid var(--line); overflow-x: auto; font-size: .85rem; }
figure { margin: 1rem 0; } svg { max-width: 100%; height: auto; } p, li { overflow-wrap: anywhere; }
.figures td { white-space: nowrap; } .words td { white-space: normal; text-align: left; vertical-align: top; }
.words th { text-align: left; }
@media (max-width: 40rem) {
  th, td { padding: .25rem .4rem; }
  .words table, .words tbody, .words tr, .words td { display: block; } .words th { display: none; }
  .figures { font-size: .85rem; } .words td:first-child { font-weight: 600; }
  .words tr { padding: .4rem 0; border-bottom: 1px solid var(--line); } .words td { border: 0; padding: .1rem 0; }
}
"""


def write_report(run: RunFolder) -> None:
    """Write `report.html`, `report.json` and `model_card.md` of a run from what its folder and its data hold."""
    about, state, effective = run.about(), run.state, run.read("effective.json")
    evaluations = evaluations_of(run)
    further = {split: further_sections(run, split) for split in evaluations}
    title = f"{about['name']}: {run.id}"
    parts = [f"<h1>{escape(title)}</h1>", _opening(run, state.state, evaluations)]
    for split in reversed(SPLITS):
        if split in evaluations:
            shown = {**evaluations[split], "sections": [*evaluations[split].get("sections", []), *further[split]]}
            parts += [_evaluation(run, split, shown), _failures(run, split)]
    if (robustness := _robustness(run)) is not None:
        parts.append(robustness_parts(robustness))
    parts += [
        "<h2>Ready to be used?</h2>",
        _gates(readiness(run)),
        "<h2>Methods, to paste into a paper</h2>",
        f"<p>{escape(methods_paragraph(run))}</p>",
        "<h2>To repeat it</h2>",
        f"<ul>{''.join(f'<li>{escape(line)}</li>' for line in how_to_repeat(run))}</ul>",
        "<h2>Training</h2>",
        _curves(run.metrics()),
        _data(run.read("data.json")),
        _effective(effective),
    ]
    parts += ["<h2>Spec</h2>", f"<pre>{escape(write_yaml(run.read('spec.resolved.json')))}</pre>"]
    parts += ["<h2>Environment</h2>", f"<pre>{escape(write_yaml(about['environment']))}</pre>"]
    page = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>{''.join(parts)}</body></html>\n"
    )
    write_text(run.path / "report.html", page)
    write_json(run.path / "report.json", content_of(run, further))
    write_text(run.path / "model_card.md", model_card(run))


def evaluations_of(run: RunFolder) -> dict[str, Any]:
    """Return the report of each split that was evaluated."""
    return {
        split: run.read(f"evaluation/{split}.json")
        for split in SPLITS
        if (run.path / "evaluation" / f"{split}.json").is_file()
    }


def further_sections(run: RunFolder, split: str) -> list[dict[str, Any]]:
    """Return what the task adds to the page on a split from the folder of the run; a sentence where that fails."""
    try:
        task = spec_from_dict(run.read("spec.resolved.json")).task
        found = [dict(section) for section in task.sections(run.path, split)]
        json.dumps(found, allow_nan=False)
        sections_of({"sections": found})
    except Exception as error:  # noqa: BLE001 - a plugin's task may raise anything, and the rest is worth showing
        reason = " ".join(str(error).split())
        return [{"title": "What the task adds", "text": f"It cannot be made: {type(error).__name__}: {reason}"}]
    return found


def content_of(run: RunFolder, further: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return what the report says, as plain data; `further` sections are made where they are not given."""
    evaluations = evaluations_of(run)
    if further is None:
        further = {split: further_sections(run, split) for split in evaluations}
    return {
        **run.summary(),
        "verdicts": {split: verdict(report) for split, report in evaluations.items()},
        "evaluations": evaluations,
        "sections": dict(further),
        "failures": {split: found for split in evaluations if (found := _found(run, split)) is not None},
        "robustness": _robustness(run),
        "readiness": [gate.as_dict() for gate in readiness(run)],
        "methods": methods_paragraph(run),
        "repeat": how_to_repeat(run),
        "history": run.metrics(),
        "data": run.read("data.json"),
        "effective": run.read("effective.json"),
        "spec": run.read("spec.resolved.json"),
        "environment": run.about()["environment"],
    }


def _opening(run: RunFolder, state: str, evaluations: dict[str, Any]) -> str:
    best = run.best()
    text = f"State: {escape(state)}. "
    if best:
        text += f"The model of epoch {best['epoch']} of {len(run.metrics())} was kept. "
    if "test" in evaluations:
        text += escape(verdict(evaluations["test"]))
    return f"<p>{text}</p>"


def verdict(report: dict[str, Any]) -> str:
    """Return one sentence on how good a report's first figure is, beside always giving the same answer.

    Where the report says "floor_is", it is compared with that, and errors are better where they are smaller.
    """
    m = report["metrics"]
    if "accuracy" not in m:
        name, value = next(iter(m.items()))
        floor = report.get("floor", {}).get(name)
        if floor is not None and "floor_is" in report:
            compared = "better than" if value < floor else "no better than"
            return (
                f"On {report['samples']} {report['split']} samples {say_name(name)} is {value:.4g}, {compared} "
                f"{report['floor_is']}, which gets {floor:.4g}."
            )
        beside = "" if floor is None else f"; always giving the same answer would get {floor:.4g}"
        return f"On {report['samples']} {report['split']} samples {say_name(name)} is {value:.4g}{beside}."
    support = {row["label"]: row["support"] for row in report["per_class"]}
    common = max(support, key=lambda label: support[label])
    floor = support[common] / report["samples"]
    return (
        f"On {report['samples']} {report['split']} samples {m['accuracy']:.1%} are right "
        f"(95 % interval {m['accuracy_low']:.1%} to {m['accuracy_high']:.1%}); always saying "
        f"'{common}' would get {floor:.1%}."
    )


def class_head(report: dict[str, Any]) -> list[str]:
    """Return the head of the table of classes (or of numbers)."""
    columns = [key for key in report["per_class"][0] if key not in ("label", "support")]
    return ["class", *(say_name(key) for key in columns), report.get("support_is", "samples")]


def class_rows(report: dict[str, Any]) -> list[list[str]]:
    """Return a row for each class as text: its name, its figures and the number of its samples."""
    return [
        [
            row["label"],
            *("-" if v is None else f"{v:.3f}" for key, v in row.items() if key not in ("label", "support")),
            str(row["support"]),
        ]
        for row in report["per_class"]
    ]


def _evaluation(run: RunFolder, split: str, report: dict[str, Any]) -> str:
    parts = [f"<h2>{split.capitalize()} split</h2>", parts_of(run, split, report), sections_of(report)]
    if not report["per_class"]:
        return "".join(parts)
    parts.append("<h3>Classes</h3>")
    parts.append(_table([name[0].upper() + name[1:] for name in class_head(report)], class_rows(report)))
    if "confusion_matrix" in report:
        parts += ["<h3>Confusions</h3>", _confusions(report["confusion_matrix"], report["labels"])]
    return "".join(parts)


def _found(run: RunFolder, split: str) -> dict[str, Any] | None:
    """Return the failures on a split; None where no answers were kept."""
    return dict(failures(run, split)) if has_failures(run, split) else None


def _robustness(run: RunFolder) -> dict[str, Any] | None:
    """Return the robustness card; None where `kerascnn robustness` was not run."""
    return run.read("robustness.json") if (run.path / "robustness.json").is_file() else None


def _failures(run: RunFolder, split: str) -> str:
    found = _found(run, split)
    if found is None:
        return ""
    try:
        shown = fragment(run, found, level=4)
    except KerasCnnError as error:
        shown = f"<p class='note'>The samples cannot be shown: {escape(str(error).splitlines()[0])}</p>"
    return f"<h3>Mistakes</h3>{shown}"


def _gates(gates: Sequence[Gate]) -> str:
    said = {True: "yes", False: "no", None: "does not apply"}
    rows = [[gate.title, said[gate.passed], gate.reason] for gate in gates]
    return _table(["Gate", "Passed", "Why"], rows, "words")


def _confusions(matrix: Sequence[Sequence[int]], labels: Sequence[str]) -> str:
    """Return the matrix with darker cells for larger shares of a row."""
    head = "".join(f"<th class='cell'>{escape(label)}</th>" for label in labels)
    body = []
    for i, (label, row) in enumerate(zip(labels, matrix, strict=True)):
        total = sum(row) or 1
        cells = "".join(_cell(count, count / total, right=i == j) for j, count in enumerate(row))
        body.append(f"<tr><td>{escape(label)}</td>{cells}</tr>")
    return (
        "<p class='note'>Rows are what the samples are, columns what the model says.</p>"
        f"<div class='scroll'><table><tr><th></th>{head}</tr>{''.join(body)}</table></div>"
    )


def _cell(count: int, share: float, *, right: bool) -> str:
    """Return one cell; at most 60 % of the colour, so that its number can be read on it in light and dark."""
    colour = "mark" if right else "second"
    tint = f"color-mix(in srgb, var(--{colour}) {60 * share:.0f}%, transparent)"
    return f"<td class='cell' style='background: {tint}'>{count or '·'}</td>"


def _curves(lines: Sequence[dict[str, Any]]) -> str:
    """Return a picture of each figure over the epochs, training and validation together."""
    names = [name for name in figures(lines[0]) if not name.startswith("val_")] if lines else []
    return "".join(_curve(name, lines) for name in names)


def _curve(name: str, lines: Sequence[dict[str, Any]]) -> str:
    series = {key: [line.get(key) for line in lines] for key in (name, f"val_{name}") if key in lines[0]}
    values = [value for row in series.values() for value in row if value is not None]
    low, high = min(values, default=0.0), max(values, default=1.0)
    span, last = (high - low) or 1.0, max(len(lines) - 1, 1)
    drawn = [
        _text(60, 190, "epoch 1", "start"),
        _text(560, 190, str(len(lines)), "end"),
        _text(54, 24, f"{high:.3g}", "end"),
        _text(54, 174, f"{low:.3g}", "end"),
        "<line x1='60' y1='170' x2='560' y2='170' stroke='currentColor' opacity='.4'/>",
    ]
    for (key, row), colour, x in zip(series.items(), ("mark", "second"), (200, 330), strict=False):
        points = " ".join(
            f"{60 + 500 * i / last:.1f},{170 - 150 * (value - low) / span:.1f}"
            for i, value in enumerate(row)
            if value is not None
        )
        drawn.append(f"<polyline points='{points}' fill='none' stroke='var(--{colour})' stroke-width='2'/>")
        drawn.append(_text(x, 190, key, "start", f"var(--{colour})"))
    return (
        f"<figure><svg viewBox='0 0 580 200' width='580' role='img' aria-label='{escape(name)} over the epochs'>"
        f"{''.join(drawn)}</svg></figure>"
    )


def _text(x: int, y: int, text: str, anchor: str, colour: str = "currentColor") -> str:
    return f"<text x='{x}' y='{y}' font-size='13' text-anchor='{anchor}' fill='{colour}'>{escape(text)}</text>"


def _data(facts: dict[str, Any]) -> str:
    counts, sizes = facts["counts"], facts["sizes"]
    labels = [label for label in next(iter(counts.values())) if any(row[label] for row in counts.values())]
    rows = [[label, *(str(counts[split][label]) for split in counts)] for label in labels]
    rows.append(["all", *(str(sizes[split]) for split in counts)])
    findings = [
        f"{found['severity']}: {Finding(**{**found, 'samples': tuple(found['samples'])})}"
        for found in facts["findings"]
    ]
    notes = "".join(f"<p class='note'>{escape(note)}</p>" for note in [*findings, *facts["notes"]])
    fingerprint = f"<p class='note'>Fingerprint {facts['fingerprint']}</p>"
    return f"<h2>Data</h2>{_table(['Class', *counts], rows)}{notes}{fingerprint}"


def _effective(effective: dict[str, Any]) -> str:
    return f"<h2>What was really done</h2><pre>{escape(write_yaml(effective))}</pre>"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]], kind: str = "scroll") -> str:
    top = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<div class='{kind}'><table><tr>{top}</tr>{body}</table></div>"
