"""Settings: the folders that may be read, what takes room on the disk, and what this computer can do."""

from __future__ import annotations

import streamlit as st

from kerascnn.errors import KerasCnnError
from kerascnn_dashboard.logic.home import Home
from kerascnn_dashboard.logic.jobs import Job
from kerascnn_dashboard.logic.machine import disk, jobs_of, removable, remove, used
from kerascnn_dashboard.logic.settings import doctor_rows, doctor_text, login_words, machine_words
from kerascnn_dashboard.logic.sizes import said
from kerascnn_dashboard.parts.evaluate_job import follow
from kerascnn_dashboard.parts.frame import as_command, complaining, go, home, nonce, page, plain, spend, user

DOCTOR = ["kerascnn", "doctor", "--json"]


def main() -> None:
    """Draw the page."""
    page("Settings", "Where everything lies, what may be read, what takes room, and whether this computer is in order.")
    here = home()
    folders, room, computer = st.tabs(["Folders", "Room on the disk", "This computer"])
    with folders, complaining():
        _folders(here)
    with room, complaining():
        _room(here)
    with computer, complaining():
        _computer(here)
    go("home", "Go to Home", primary=True)


def _folders(here: Home) -> None:
    st.markdown("**Home folder**")
    st.code(str(here.folder), language=None)
    st.caption("Projects, their data and their models lie in it. `kerascnn ui --home` opens another one.")
    st.markdown("**Folders that may be read**")
    roots = "\n".join(map(str, here.roots()))
    with st.form("roots", border=False):
        given = st.text_area(
            "One a line", roots, key="roots_text", help="The page Data reads folders below these, and no others."
        )
        if st.form_submit_button("Keep"):
            with complaining():
                here.set_roots([line.strip() for line in given.splitlines()])
                st.success("Kept.")
    st.markdown("**Login**")
    st.write(plain(login_words(user())))


def _room(here: Home) -> None:
    full = disk(here)
    st.progress(1 - full.free / max(full.total, 1), text=f"{said(full.free)} of {said(full.total)} are free")
    rows = used(here)
    if rows:
        st.dataframe(
            [
                {
                    "Project": one.title,
                    "Data": said(one.data),
                    "Trainings": said(one.runs),
                    "Other": said(one.other),
                    "Together": said(one.total),
                }
                for one in rows
            ],
            hide_index=True,
        )
    else:
        st.info("There is no project yet, and nothing takes room.")
    _clean_up(here)


def _clean_up(here: Home) -> None:
    """Offer what can be removed; it asks before it does."""
    st.markdown("**Make room**")
    if freed := st.session_state.pop("freed", ""):
        st.success(f"{freed} are free again.")
    chosen = []
    for one in removable(here):
        label = f"{one.title}: {said(one.size)}"
        if st.checkbox(label, key=f"remove_{one.id}", disabled=not one.paths, help=one.about) and one.paths:
            chosen.append(one)
    if st.button("Remove these ...", key="remove", disabled=not chosen):
        _sure([one.id for one in chosen])


@st.dialog("Remove for good?")
def _sure(asked: list[str]) -> None:
    here = home()
    for one in removable(here):
        if one.id in asked:
            st.markdown(f"- {plain(one.title)} ({said(one.size)}). {plain(one.about)}")
    st.button("Remove", type="primary", key="remove_sure", on_click=_remove, args=(asked,))
    if said_wrong := st.session_state.pop("remove_error", ""):
        st.error(plain(said_wrong))
    if st.session_state.get("freed"):
        st.rerun()


def _remove(asked: list[str]) -> None:
    try:
        st.session_state["freed"] = said(remove(home(), asked))
    except KerasCnnError as error:
        st.session_state["remove_error"] = str(error)


def _computer(here: Home) -> None:
    st.write(plain(machine_words()))
    jobs = jobs_of(here)
    job = jobs.last("doctor")
    if job is not None and job.state() == "running":
        follow(job, "Looking at this computer ...")
    elif job is not None:
        if job.id == st.session_state.get("nonce_doctor"):
            spend("doctor")
        _found(job)
    idle = job is None or job.state() != "running"
    if idle and st.button("Look at this computer" if job is None else "Look again", key="doctor"):
        jobs.start("doctor", DOCTOR, id=nonce("doctor"), facts={})
        st.rerun()
    as_command(DOCTOR)


def _found(job: Job) -> None:
    """Draw what `kerascnn doctor` said. It ends with 1 where something is wrong, and says what all the same."""
    try:
        found = job.output()
    except KerasCnnError:
        st.error(f"Looking at this computer failed: {plain(job.reason().partition(chr(10))[0])}")
        st.code(job.log()[-4000:] or "nothing", language=None, wrap_lines=True)
        return
    st.dataframe(doctor_rows(found), hide_index=True)
    st.caption("To be copied into a question or a bug report:")
    st.code(doctor_text(found), language=None)


main()
