"""How sure the answers are: what it costs to say "unsure", and whether probabilities mean what they say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from kerascnn.runs.folder import RunFolder
from kerascnn_dashboard.logic.cells import judged
from kerascnn_dashboard.logic.evaluation import calibrate_command, calibration_of
from kerascnn_dashboard.logic.jobs import Job
from kerascnn_dashboard.logic.project import Project
from kerascnn_dashboard.parts.evaluate_job import follow
from kerascnn_dashboard.parts.frame import complaining, nonce, plain, spend

KIND = "calibrate"


def threshold(project: Project, run: RunFolder, report: Mapping[str, Any]) -> None:
    """Draw the slider: the share that is still answered against how much of that is wrong."""
    found = judged(run, report["split"]).risk
    if found is None:
        st.info("There are no probabilities to choose by.")
        return
    advised, stored = report["coverage"].get("recommended"), (report.get("unsure") or {}).get("threshold")
    st.caption("Below the threshold the model says 'unsure' instead of an answer, so that somebody looks at it.")
    start = min(0.99, round(float(stored or (advised or {}).get("threshold") or 0.5), 2))
    about = (run.id, report["split"], report["evaluated"])
    if st.session_state.get("threshold_of") != about or "threshold" not in st.session_state:
        st.session_state["threshold_of"], st.session_state["threshold"] = about, start
    chosen = st.slider("Answer from this confidence on", 0.0, 0.99, step=0.01, key="threshold")
    coverage, error = found.at(chosen)
    left, right = st.columns(2)
    left.metric("Still answered", f"{coverage:.1%}", border=True)
    right.metric("Wrong among them", "none left" if error is None else f"{error:.1%}", border=True)
    st.altair_chart(_curve(report, chosen, advised), alt="share of wrong answers over the share that is answered")
    if advised:
        st.caption(
            f"Recommended (the square): {advised['threshold']:.3f} leaves {advised['coverage']:.1%}, of which "
            f"{advised['error']:.1%} are wrong: half as many as of all."
        )
    else:
        st.caption("There is no recommended threshold: too few answers would be left that are better than all.")
    if stored is not None:
        st.caption(f"Stored with the run: unsure below {stored:.3f}.")
    _store(project, run, report, float(chosen), recommended=bool(advised))


def _store(project: Project, run: RunFolder, report: Mapping[str, Any], chosen: float, *, recommended: bool) -> None:
    """Draw the buttons that store a threshold with the run."""
    ready = calibration_of(run) is not None
    if not ready:
        st.info("First fit the temperature on the tab Calibration: it changes how sure the answers are.")
    good = ready and 0 < chosen < 1
    with st.container(horizontal=True):
        mine = st.button(f"Store {chosen:.2f} with the run", key="store_threshold", disabled=not good)
        auto = st.button("Store the recommended", key="store_auto", disabled=not (ready and recommended))
    if mine or auto:
        with complaining():
            _start(project, run, report, calibrate_command(project, run, unsure="auto" if auto else chosen))


def _curve(report: Mapping[str, Any], chosen: float, advised: Mapping[str, Any] | None) -> Any:
    import altair as alt

    curve = report["coverage"]["curve"]
    share = alt.Axis(format="%")
    line = alt.Chart(alt.Data(values=curve)).mark_line().encode(
        x=alt.X("coverage:Q", title="share that is answered", axis=share, scale=alt.Scale(domain=[0, 1])),
        y=alt.Y("error:Q", title="wrong among them", axis=share),
        tooltip=[alt.Tooltip(f"{name}:Q", format=".3f") for name in ("threshold", "coverage", "error")],
    )  # fmt: skip
    marks = [{**min(curve, key=lambda point: abs(point["threshold"] - chosen)), "mark": "chosen"}]
    if advised:
        marks.append({**advised, "mark": "recommended"})
    color = alt.Color("mark:N", title=None, scale=alt.Scale(range=["#2a78d6", "#d9661f"]))
    dots = alt.Chart(alt.Data(values=marks)).mark_point(size=120, filled=True).encode(
        x="coverage:Q", y="error:Q", color=color, shape=alt.Shape("mark:N", title=None)
    )  # fmt: skip
    return (line + dots).properties(height=260)


def calibration(project: Project, run: RunFolder, report: Mapping[str, Any]) -> None:
    """Draw how sure answers are against how often they are right, and the button that fits the temperature."""
    found = report["calibration"]
    stored = calibration_of(run)
    st.caption("On the dashed line, answers that are 80% sure are right in 80% of cases. Below it they are too sure.")
    st.altair_chart(_reliability(found["bins"]), alt="how often answers are right over how sure they are")
    left, middle, right = st.columns(3)
    left.metric("Mean gap (ECE)", f"{found['ece']:.1%}", border=True)
    middle.metric("Largest gap", f"{found['mce']:.1%}", border=True)
    right.metric("Brier score", f"{found['brier']:.4f}", border=True)
    temperature = report.get("temperature", 1.0)
    if stored is None:
        st.write("Not calibrated yet. A temperature makes the probabilities honest; no answer of one class changes.")
    else:
        samples = stored.get("samples", 0)
        st.write(f"Calibrated at temperature {temperature:.3g}, fitted on {samples} validation samples.")
        for note in stored.get("notes") or ():
            st.caption(plain(note))
    with complaining():
        command = calibrate_command(project, run)
        label = "Fit the temperature" if stored is None else "Fit the temperature again"
        if st.button(label, key="fit_temperature"):
            _start(project, run, report, command)


def _reliability(bins: list[dict[str, Any]]) -> Any:
    import altair as alt

    ends = [{"confidence": 0, "right": 0}, {"confidence": 1, "right": 1}]
    axes = {
        "x": alt.X("confidence:Q", title="how sure", axis=alt.Axis(format="%"), scale=alt.Scale(domain=[0, 1])),
        "y": alt.Y("right:Q", title="how often right", axis=alt.Axis(format="%"), scale=alt.Scale(domain=[0, 1])),
    }
    line = alt.Chart(alt.Data(values=ends)).mark_line(strokeDash=[4, 4], color="#888").encode(**axes)
    dots = alt.Chart(alt.Data(values=bins)).mark_line(point=False).encode(**axes)
    size = alt.Size("samples:Q", title="samples", scale=alt.Scale(range=[30, 300]))
    points = alt.Chart(alt.Data(values=bins)).mark_circle(opacity=0.9).encode(
        **axes, size=size, tooltip=["samples:Q", alt.Tooltip("confidence:Q", format=".1%"),
                                    alt.Tooltip("right:Q", format=".1%")],
    )  # fmt: skip
    return (line + dots + points).properties(height=320)


def _start(project: Project, run: RunFolder, report: Mapping[str, Any], command: list[str]) -> None:
    """Start a calibration, which makes the reports of evaluated splits again."""
    facts = {"run": run.id, "split": report["split"], "of": report["evaluated"]}
    project.jobs.start(KIND, command, id=nonce(KIND), facts=facts)
    st.rerun()


def calibrating(project: Project, run: RunFolder) -> None:
    """Show the last calibration of the run while it runs, and why it failed."""
    job: Job | None = project.jobs.last(KIND, run=run.id)
    if job is None:
        return
    if job.id == st.session_state.get(f"nonce_{KIND}"):
        spend(KIND)
    state = job.state()
    if state == "running":
        follow(job, "Calibrating; the first answers take about 10 seconds.")
    elif state in ("failed", "lost") and st.session_state.get("calibration_seen") != job.id:
        st.error(f"Calibrating failed: {plain(job.reason())}")
        if st.button("Dismiss", key="calibration_dismiss"):
            st.session_state["calibration_seen"] = job.id
            st.rerun()
