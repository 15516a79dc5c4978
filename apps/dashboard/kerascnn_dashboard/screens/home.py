"""Home: the projects, a new one, and the demo."""

from __future__ import annotations

import streamlit as st

from kerascnn_dashboard.logic.home import Broken
from kerascnn_dashboard.logic.tasks import ready_tasks
from kerascnn_dashboard.parts.frame import complaining, home, open_page, page, plain, user

page("Home", "Each project is one question about one kind of data, with its pictures, texts or series and its models.")

found = home().projects()
demo, new = st.columns(2, border=True)
with demo:
    st.subheader("Try the demo", anchor=False)
    st.write("A small data set that this program makes itself, with a few wrong labels to be found. No network needed.")
    kinds = {"Pictures": "pictures", "Texts": "texts", "Time series": "series"}
    kind = st.segmented_control("Kind of data", list(kinds), default="Pictures", required=True, key="demo_kind")
    if st.button("Try the demo", type="primary", key="demo"):
        from kerascnn_dashboard.logic.demo import make_demo

        with complaining():
            made = make_demo(home(), kinds[str(kind)], owner=user())
            open_page("data", project=made.name)
with new:
    st.subheader("New project", anchor=False)
    tasks = ready_tasks()
    with st.form("new_project", border=False):
        title = st.text_input("Name", max_chars=80, key="new_title", placeholder="Flowers of the meadow")
        task = st.selectbox(
            "What is it about?", list(tasks), format_func=lambda name: tasks[name].title, key="new_task"
        )
        if st.form_submit_button("Create"):
            with complaining():
                made = home().create(title, str(task), owner=user())
                open_page("data", project=made.name)
    st.caption(plain(tasks[str(task)].about) if task else "")

if found:
    st.subheader("Projects", anchor=False)
for i, project in enumerate(found):
    if i % 3 == 0:  # a row of its own, so that on a narrow screen they stand in the same order
        columns = st.columns(3)
    with columns[i % 3].container(border=True):
        if isinstance(project, Broken):
            st.error(f"{plain(project.name)}: {plain(project.reason)}")
            continue
        facts = project.facts()
        st.markdown(f"**{plain(facts.title)}**")
        with complaining():
            versions = project.versions()
            st.caption(
                f"{plain(tasks[facts.task].title if facts.task in tasks else facts.task)}; "
                + (f"data {versions[-1].name}" if versions else "no data yet")
            )
        if st.button(f"Open {plain(facts.title)}", key=f"open_{project.name}"):
            open_page("train" if versions else "data", project=project.name)
