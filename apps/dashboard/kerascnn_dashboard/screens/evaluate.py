"""Evaluate: how good a run is, where it fails, which labels may be wrong, and how two runs compare."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from kerascnn.runs.failures import has_failures
from kerascnn.runs.folder import RunFolder
from kerascnn_dashboard.logic.comparing import compare_command
from kerascnn_dashboard.logic.evaluation import (
    calibrate_command,
    evaluate_command,
    failures_command,
    failures_job,
    figures,
    has_answers,
    report_of,
    run_version,
    say_floor,
    say_value,
    splits_of,
    things_of,
    verdict,
)
from kerascnn_dashboard.logic.jobs import Job, shell
from kerascnn_dashboard.logic.models import models_of, say_run
from kerascnn_dashboard.logic.project import Project
from kerascnn_dashboard.logic.training import trainings
from kerascnn_dashboard.parts import evaluate_sure, evaluate_views
from kerascnn_dashboard.parts.evaluate_clean import clean
from kerascnn_dashboard.parts.evaluate_compare import comparison
from kerascnn_dashboard.parts.evaluate_gallery import WHERE
from kerascnn_dashboard.parts.evaluate_job import ended_badly, follow, tries, try_again
from kerascnn_dashboard.parts.frame import as_command, complaining, go, nonce, page, plain, project, spend

_FIRST = 3  # figures that are seen at once
SPLITS = {"validation": "Validation samples", "train": "Training samples", "test": "Test samples"}


def main() -> None:
    """Draw the page."""
    page("Evaluate", "How good a model is, where it is wrong, and which labels may be.")
    opened = project()
    runs = models_of(opened)
    if not runs:
        _empty(opened)
        return
    with complaining():
        _chosen(opened, runs)


def _empty(opened: Project) -> None:
    if any(live.is_live for live in trainings(opened)):
        st.info("A training is on its way. Its model can be looked at here when the first one is kept.")
        go("train", "Watch the training", primary=True)
    else:
        st.info("There is no trained model yet. Train one first; then this page says how good it is.")
        go("train", "Go to Train", primary=True)


def _chosen(opened: Project, runs: Mapping[str, RunFolder]) -> None:
    """Draw the choice of run and split, and what there is of them."""
    asked = st.query_params.get("run", "")
    if asked and asked not in runs:
        st.warning(f"There is no model of a run {plain(asked[:80])}; the last one is shown.")
    left, middle, right = st.columns(3)
    with left:
        run = runs[_pick("Run", "run", list(runs), lambda id: say_run(runs[id]) if id in runs else str(id))]
    with middle:
        split = _pick("Judged on", "split", splits_of(run), lambda name: SPLITS.get(name, str(name)))
    with right:
        other = _choose_other({id: one for id, one in runs.items() if id != run.id})
    if split == "test":
        st.caption("The test samples are to be looked at last, and once: whoever chooses by them, makes them too good.")
    elif split == "train":
        st.caption("The model has learnt these very samples: figures of them are always too good.")
    _version_note(opened, run)
    report = report_of(run, split)
    if _evaluate(opened, run, split, report) and report is not None:
        _report(opened, run, report, other)


def _pick(label: str, name: str, options: list[str], say: Callable[[str], str]) -> str:
    """Draw a choice that the address holds, too; return what is chosen, the first one where there is none yet."""
    key = f"pick_{name}"
    asked = st.query_params.get(name, "")
    if st.session_state.get(key) not in options:
        st.session_state[key] = asked if asked in options else options[0]
    chosen = str(st.selectbox(label, options, key=key, format_func=say))
    st.query_params[name] = chosen
    return chosen


def _choose_other(runs: Mapping[str, RunFolder]) -> RunFolder | None:
    """Draw the choice of a second run to compare with; none is chosen at first."""
    options, asked = ["", *runs], st.query_params.get("with", "")
    if st.session_state.get("pick_with") not in options:
        st.session_state["pick_with"] = asked if asked in options else ""
    say = {"": "No other run", **{id: say_run(run) for id, run in runs.items()}}
    chosen = str(st.selectbox("Compare with", options, key="pick_with", format_func=lambda id: say.get(id, str(id))))
    if chosen:
        st.query_params["with"] = chosen
    else:
        st.query_params.pop("with", None)
    return runs.get(chosen)


def _version_note(opened: Project, run: RunFolder) -> None:
    """Say where a run was made on another version of the data than the newest."""
    versions = opened.versions()
    if not versions:
        return
    made, newest = run_version(opened, run, versions), versions[-1].name
    if made == newest:
        return
    if made is None:
        st.warning(f"This run was made on other data than the project's versions; the newest is {newest}.")
    else:
        st.warning(f"This run was made on {made}; the newest data is {newest}. Train again to judge a model of that.")
    begin: dict[str, Any] = {"from": run.id}
    go("train", f"Train on {newest}", key="train_newest", **begin)


def _evaluate(opened: Project, run: RunFolder, split: str, report: Mapping[str, Any] | None) -> bool:
    """Offer to evaluate a run where that was not done, and follow it; return whether there is a report to be shown."""
    job = opened.jobs.last("evaluate", run=run.id, split=split)
    if job is not None and job.id == st.session_state.get("nonce_evaluate"):
        spend("evaluate")
    if job is not None and job.state() == "running":
        follow(job, f"Evaluating on the {SPLITS[split].lower()}; the first answers take about 10 seconds.")
    elif report is None:
        if job is not None and job.state() != "done" and ended_badly(job, "The evaluation", "evaluate_again"):
            _start(opened, run, split)
        elif job is None or job.state() == "done":
            st.info(f"This run was not evaluated on its {SPLITS[split].lower()} yet.")
            if st.button(f"Evaluate on the {SPLITS[split].lower()}", type="primary", key="evaluate"):
                _start(opened, run, split)
        as_command(evaluate_command(opened, run, split))
    return report is not None


def _start(opened: Project, run: RunFolder, split: str) -> None:
    facts = {"run": run.id, "split": split}
    opened.jobs.start("evaluate", evaluate_command(opened, run, split), id=nonce("evaluate"), facts=facts)
    st.rerun()


def _report(opened: Project, run: RunFolder, report: Mapping[str, Any], other: RunFolder | None) -> None:
    """Draw the verdict, the figures, and the view that is chosen."""
    top, news = st.container(border=True), st.container()
    job = failures_job(opened, run, report, tries("failures")) if has_failures(run, report["split"]) else None
    found = job.output() if job is not None and job.state() == "done" else None
    with top:
        first, *rest = verdict(report, found)
        st.markdown(f"**{plain(first)}**")
        for sentence in rest:
            st.markdown(plain(sentence))
    with news:
        evaluate_sure.calibrating(opened, run)
        _looking(job)
    _figures(report)
    _views(opened, run, report, other, job, found)
    _commands(opened, run, report, other)
    cleaned = st.session_state.get("cleaned", ("",))[0] == run.id
    go("predict", "Predict with this run", primary=not cleaned, run=run.id)


def _commands(opened: Project, run: RunFolder, report: Mapping[str, Any], other: RunFolder | None) -> None:
    """Draw the drawer with the commands behind the page."""
    split = report["split"]
    commands = [evaluate_command(opened, run, split)]
    if has_failures(run, split):
        commands.append(failures_command(opened, run, split))
    if report.get("calibration"):
        commands.append(calibrate_command(opened, run))
    if other is not None:
        commands.append(compare_command(opened, other, run, split))
    as_command("\n".join(shell(command) for command in commands))


def _looking(job: Job | None) -> None:
    """Follow the search for mistakes, or say why it failed."""
    if job is None or job.state() == "done":
        return
    if job.state() == "running":
        follow(job, "Looking for the worst mistakes and for labels that may be wrong ...")
    elif ended_badly(job, "To look for mistakes", "failures_again"):
        try_again("failures")


def _figures(report: Mapping[str, Any]) -> None:
    """Draw every figure with its interval, beside what always giving the same answer gets."""
    rows: list[dict[str, str]] = []
    for one in figures(report):
        low, high = say_value(one.name, one.low), say_value(one.name, one.high)
        interval = f"{low} to {high}" if low else ""
        rows.append(
            {"figure": one.title, "this run": say_value(one.name, one.value), "95 % interval": interval,
             f"{say_floor(report)}": say_value(one.name, one.floor)}
        )  # fmt: skip
    st.dataframe(rows[:_FIRST], hide_index=True, alt="figures of the evaluation")
    if len(rows) > _FIRST:
        with st.expander("All figures"):
            st.dataframe(rows[_FIRST:], hide_index=True, alt="the other figures of the evaluation")
    for note in report.get("notes", []):
        st.caption(plain(note))


def _views(
    opened: Project, run: RunFolder, report: Mapping[str, Any], other: RunFolder | None, job: Job | None,
    found: Mapping[str, Any] | None,
) -> None:  # fmt: skip
    """Draw the views that there are for this evaluation as tabs; only the one that is open is made."""
    kept, numbers = has_answers(run, report["split"]), "mae" in report["metrics"]
    views: dict[str, Callable[[], None]] = {}
    if "confusion_matrix" in report and kept and report["labels"]:
        views["Confusions"] = lambda: evaluate_views.confusions(opened, run, report)
    if kept:
        views["Worst"] = lambda: _of(found, lambda told: evaluate_views.worst(opened, run, told))
    elif job is not None:  # the worst masks or boxes alone
        views["Worst"] = lambda: _of(found, lambda told: evaluate_views.worst_pictures(run, report["split"], told))
    if kept and not numbers:
        views["Wrong but sure"] = lambda: _of(found, lambda told: evaluate_views.sure(opened, run, told))
    if report["per_class"]:
        of = "number" if numbers else "class"
        views[f"Per {of}"] = lambda: evaluate_views.per_class(report, things_of(run), of)
    if numbers and kept:
        views["Errors"] = lambda: evaluate_views.errors(run, report)
    if report.get("slices"):
        views["Parts of the data"] = lambda: evaluate_views.slices(report)
    if report.get("coverage", {}).get("curve") and kept:
        views["Threshold"] = lambda: evaluate_sure.threshold(opened, run, report)
    if report.get("calibration"):
        views["Calibration"] = lambda: evaluate_sure.calibration(opened, run, report)
    if report.get("sections"):
        views["More"] = lambda: evaluate_views.sections(report)
    if job is not None and kept and not numbers:
        views["Clean labels"] = lambda: _of(found, lambda told: clean(opened, run, report, told, job.id))
    if other is not None:
        views["Compare"] = lambda: comparison(opened, run, other, report)
    if not kept and "Worst" not in views:
        st.caption("The answers of this evaluation were not kept: single samples cannot be shown here.")
    if not views:
        return
    if kept:
        st.toggle("Show where it looks", key=WHERE, help="Marks in each sample what spoke for the answer (Grad-CAM).")
    tabs = st.tabs(list(views), key="look", on_change="rerun", bind="query-params")
    for tab, draw in zip(tabs, views.values(), strict=True):
        if tab.open:
            with tab, complaining():
                draw()


def _of(found: Mapping[str, Any] | None, draw: Callable[[Mapping[str, Any]], None]) -> None:
    """Draw what was found, or say that it is not there yet."""
    if found is None:
        st.caption("Not looked for yet.")
    else:
        draw(found)


main()
