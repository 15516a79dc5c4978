"""How the data are divided: how much is held back, and how it is chosen."""

from __future__ import annotations

import streamlit as st

from kerascnn_dashboard.logic.checks import Check, Plan, division_of
from kerascnn_dashboard.logic.project import Project, Version
from kerascnn_dashboard.logic.remaking import divide
from kerascnn_dashboard.parts.check_findings import show_version
from kerascnn_dashboard.parts.frame import complaining, user

_ORDERS = {"random": "By chance, each class with its share", "time": "The latest ones"}


def split(project: Project, version: Version, plan: Plan, found: Check) -> None:
    """Draw the form; what it says becomes part of a new version."""
    now = division_of(plan)
    with st.expander("How the data are divided"), st.form("check_split", border=False):
        st.caption(
            "The model is trained on most samples. Those for validation tell when it is at its best; those of the test "
            "are looked at once, at the end. What the source itself has divided stays."
        )
        left, right = st.columns(2)
        with left:
            validation = st.slider("Validation, in %", 0, 50, round(100 * now.validation), key="split_validation")
        with right:
            test = st.slider("Test, in %", 0, 50, round(100 * now.test), key="split_test")
        order = st.radio(
            "Which are held back", list(_ORDERS), format_func=_ORDERS.__getitem__, key="split_order",
            index=list(_ORDERS).index(now.order),
        )  # fmt: skip
        group_by = st.text_input(
            "Keep samples of the same subject together",
            value=now.group_by,
            key="split_group",
            placeholder=r"patient-(\d+)",
            max_chars=200,
            help="A regular expression that finds the subject in a sample's name: the first bracket, or all that "
            "matches. Samples of one subject are never divided. Leave it empty where there are no subjects.",
        )
        if st.form_submit_button("Divide anew", key="split_save"):
            with complaining():
                made = divide(
                    project, version, validation=validation / 100, test=test / 100, group_by=group_by,
                    order=str(order), by=user(),
                )  # fmt: skip
                show_version(made)
