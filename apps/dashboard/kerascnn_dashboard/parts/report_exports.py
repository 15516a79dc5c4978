"""The model in formats that other programs run: what was made and how it did, and making another."""

from __future__ import annotations

import streamlit as st

from kerascnn.runs.folder import RunFolder
from kerascnn_dashboard.logic.exports import (
    KIND,
    Offer,
    Row,
    command,
    downloads,
    job_command,
    last_job,
    offers,
    rows,
)
from kerascnn_dashboard.logic.project import Project
from kerascnn_dashboard.parts.evaluate_job import ended_badly, follow
from kerascnn_dashboard.parts.frame import as_command, nonce, plain, spend
from kerascnn_dashboard.routes import file_address


def draw(project: Project, run: RunFolder) -> None:
    """Draw the table of exports with their downloads, the jobs that run, and the choice of another format."""
    st.subheader("For other programs", anchor=False)
    st.write(
        "The model in a format that runs without this program. Each is compared with the model itself on validation "
        "samples, and its speed is measured on this computer."
    )
    known = offers()
    found = rows(run)
    if found:
        _table(found)
        for row in found:
            _one(project, run, row)
    for offer in known.values():
        _job(project, run, offer, found)
    _another(project, run, known)


def _table(found: list[Row]) -> None:
    st.dataframe(
        [
            {
                "Format": row.title,
                "Same answers": row.verdict,
                "Difference": row.difference,
                "Size": row.size,
                "Time of an answer": row.time,
            }
            for row in found
        ],
        hide_index=True,
        key="exports",
    )


def _one(project: Project, run: RunFolder, row: Row) -> None:
    """Draw what is wrong with an export, and its downloads."""
    facts = row.export.facts
    if not row.export.passed:
        st.error(f"{plain(row.title)} does not pass: {plain(facts.get('reason', ''))}. It is kept, marked as failed.")
    elif not row.export.current:
        st.warning(f"{plain(row.title)} is of an earlier model. Export it again.")
    for note in facts.get("notes", []):
        st.caption(f"{plain(row.title)}: {plain(note)}")
    links = downloads(project, run, row.export)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.write(plain(row.title))
        for said, file in links.items():
            st.link_button(said, file_address(file), icon=":material/download:")
    if not links:
        st.caption("It lies in this folder:")
        st.code(str(row.export.folder), language=None, wrap_lines=True)


def _job(project: Project, run: RunFolder, offer: Offer, found: list[Row]) -> None:
    """Follow the job of a format; say why it failed, unless the table says it."""
    job = last_job(project, run, offer.name)
    if job is None:
        return
    name = f"export_{offer.name}"
    if job.state() == "running":
        follow(job, f"Exporting to {plain(offer.title)} ...", offer.name)
        return
    if job.id == st.session_state.get(f"nonce_{name}"):
        spend(name)
    written = any(row.export.name == offer.name and row.export.facts.get("exported", 0) >= job.started for row in found)
    said = f"Exporting to {plain(offer.title)}"
    if job.state() != "done" and not written and ended_badly(job, said, f"{name}_again"):
        _start(project, run, offer)


def _another(project: Project, run: RunFolder, known: dict[str, Offer]) -> None:
    chosen = st.selectbox("Format", list(known), key="format", format_func=lambda name: _title(known, name))
    offer = known.get(str(chosen))
    if offer is None:
        return
    st.caption(plain(offer.about))
    if offer.missing:
        st.info("This format needs a package that is not installed. Install it and start the program again:")
        st.code(f"pip install {offer.missing}", language="bash")
        return
    job = last_job(project, run, offer.name)
    if st.button("Export", key="export", disabled=job is not None and job.state() == "running"):
        _start(project, run, offer)
    as_command(command(run, project, offer))


def _title(known: dict[str, Offer], name: str) -> str:
    return known[name].title if name in known else name


def _start(project: Project, run: RunFolder, offer: Offer) -> None:
    asked, facts = job_command(run, project, offer), {"run": run.id, "format": offer.name}
    project.jobs.start(KIND, asked, id=nonce(f"export_{offer.name}"), facts=facts)
    st.rerun()
