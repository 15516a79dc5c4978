"""Predict: what a trained model says of new files."""

from __future__ import annotations

import streamlit as st

from kerascnn_dashboard.logic.predictions import choices, find_batch, last_batch
from kerascnn_dashboard.parts.frame import as_command, go, page, plain, project
from kerascnn_dashboard.parts.leaving import forget_other_project
from kerascnn_dashboard.parts.predict_ask import ask
from kerascnn_dashboard.parts.predict_show import follow, show

page("Predict", "Ask a trained model about new files. It learns nothing from them.")
here = project()
forget_other_project(here, "predict", "run", "batch")
runs = {one.id: one for one in choices(here)}
if not runs:
    st.info("No model can answer yet: train one first.")
    go("train", "Train a model", primary=True)
    st.stop()

asked = st.query_params.get("run", "")
if st.session_state.get("predict_run") not in runs:
    st.session_state["predict_run"] = asked if asked in runs else next(iter(runs))
if asked and asked not in runs:
    st.warning(f"There is no model of a run {plain(asked[:40])} here; the last one is chosen.")
run = runs[st.selectbox("Model", list(runs), format_func=lambda id: runs[id].title, key="predict_run")]
st.query_params["run"] = run.id

batch = find_batch(here, st.query_params.get("batch", ""))
if batch is None or batch.run != run.id:
    batch = last_batch(here, run.id)
batch = ask(here, run, first=batch is None) or batch
if batch is None:
    st.query_params.pop("batch", None)
    st.caption("Nothing was asked of this model yet. Answers appear here, with a table to download.")
else:
    st.query_params["batch"] = batch.id
    if follow(here, run, batch):
        show(here, run, batch)
as_command(["kerascnn", "predict", run.id, "FILE_OR_FOLDER", "--runs", str(here.runs), "--json"])
go("report", "Make a report", primary=batch is not None, run=run.id)
