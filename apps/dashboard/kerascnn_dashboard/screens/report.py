"""Report: all that is known of a model in one file, for those who get it, with the model itself."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from kerascnn.runs.folder import RunFolder
from kerascnn_dashboard.logic.models import models_of, say_run
from kerascnn_dashboard.logic.project import Project
from kerascnn_dashboard.logic.reports import (
    FILES,
    KIND,
    bundle_file,
    command,
    counted_gates,
    is_current,
    lacking,
    repeat_command,
    repeat_lines,
    report_of,
)
from kerascnn_dashboard.parts.evaluate_job import ended_badly, follow
from kerascnn_dashboard.parts.frame import as_command, complaining, go, nonce, page, plain, project, spend
from kerascnn_dashboard.parts.report_exports import draw as draw_exports
from kerascnn_dashboard.routes import file_address

HEIGHT = 720
GATES = {True: ":green-badge[passed]", False: ":orange-badge[not yet]", None: ":gray-badge[does not apply]"}


def main() -> None:
    """Draw the page."""
    page("Report", "All that is known of a model in one file, and the model itself, to hand on.")
    opened = project()
    runs = models_of(opened)
    if not runs:
        st.info("There is no trained model yet. Train one first; then it can be handed on from here.")
        go("train", "Go to Train", primary=True)
        return
    with complaining():
        run = _choose(runs)
        if why := lacking(run):
            st.info(why)
        else:
            _report(opened, run)
        _model(opened, run)
    with complaining():
        draw_exports(opened, run)
    go("predict", "Use it on new data", primary=True, run=run.id)


def _choose(runs: Mapping[str, RunFolder]) -> RunFolder:
    """Draw the choice of run, which the address holds, too. It is not bound to it: the next page names the run anew."""
    asked = st.query_params.get("run", "")
    if st.session_state.get("report_run") not in runs:
        st.session_state["report_run"] = asked if asked in runs else next(iter(runs))
    chosen = st.selectbox(
        "Run", list(runs), key="report_run", format_func=lambda id: say_run(runs[id]) if id in runs else str(id)
    )
    st.query_params["run"] = str(chosen)
    return runs.get(str(chosen)) or next(iter(runs.values()))


def _report(opened: Project, run: RunFolder) -> None:
    job = opened.jobs.last(KIND, run=run.id)
    if job is not None and job.state() == "running":
        follow(job, "Writing the report ...")
        return
    if job is not None and job.id == st.session_state.get("nonce_report"):
        spend("report")
    current = is_current(run)
    if job is not None and job.state() != "done" and not current:
        if ended_badly(job, "Writing the report", "report_again"):
            _write(opened, run)
        return
    if not current:
        there = (run.path / "report.html").is_file()
        st.info("The model was judged since the report was written." if there else "The report is not written yet.")
        if st.button("Write it again" if there else "Write the report", key="write", type="primary"):
            _write(opened, run)
        as_command(command(run, opened))
        if not there:
            return
    _show(run)


def _write(opened: Project, run: RunFolder) -> None:
    opened.jobs.start(KIND, command(run, opened), id=nonce("report"), facts={"run": run.id})
    st.rerun()


def _show(run: RunFolder) -> None:
    found = report_of(run)
    for said in found.verdicts.values():
        st.write(plain(said))
    passed, asked = counted_gates(found.gates)
    whole, ready, paper, repeat = st.tabs(["Report", f"Ready to use? {passed} of {asked}", "For a paper", "Repeat it"])
    with whole:
        with st.container(horizontal=True):
            for name, label in FILES.items():
                st.link_button(label, file_address(run.path / name), icon=":material/download:")
        st.iframe(file_address(run.path / "report.html", show=True), height=HEIGHT, alt="The report of the run")
    with ready:
        st.write("What a model should have passed before somebody relies on it:")
        for gate in found.gates:
            st.markdown(f"{GATES[gate.passed]} {plain(gate.title)}  \n:gray[{plain(gate.reason)}]")
    with paper:
        st.write("A paragraph for the methods section:")
        st.code(found.methods, language=None, wrap_lines=True)
    with repeat:
        st.code(repeat_command(run), language="bash", wrap_lines=True)
        for line in repeat_lines(run):
            st.markdown(f"- {plain(line)}")


def _model(opened: Project, run: RunFolder) -> None:
    """Draw the download of the model: a job makes the zip, then a link gives it."""
    st.subheader("The model", anchor=False)
    st.write(
        "One file with the model, its labels, its settings and its card. The page Runs of another project takes it."
    )
    file = bundle_file(opened, run)
    if file.is_file():
        st.link_button("Download model", file_address(file), icon=":material/download:", type="secondary")
        return
    job = opened.jobs.last("bundle", file=str(file))
    if job is not None and job.state() == "running":
        follow(job, "Packing the model ...")
        return
    if job is not None and job.id == st.session_state.get("nonce_bundle"):
        spend("bundle")
    if job is not None and job.state() != "done":
        again = ended_badly(job, "Packing the model", "bundle_again")
    else:
        again = st.button("Make the download", key="bundle")
    if again:
        asked = ["kerascnn_dashboard.bundling", "write", str(run.path), str(file)]
        opened.jobs.start("bundle", asked, id=nonce("bundle"), facts={"file": str(file)})
        st.rerun()


main()
