"""Plugins: what is installed beside the core, and whether it works."""

from __future__ import annotations

import streamlit as st

from kerascnn_dashboard.logic.plugin_table import HOW, OF_OWN, plugin_rows
from kerascnn_dashboard.parts.frame import as_command, complaining, go, page, plain

page("Plugins", "Packages that bring more networks, kinds of data, changes of pictures, and whole tasks.")
with complaining():
    rows = plugin_rows()
    if not rows:
        st.info("No plugin is installed: you have what the core brings, which is enough for most data.")
    else:
        st.dataframe(
            [
                {
                    "Plugin": row.name,
                    "State": "works" if row.ok else "set aside",
                    "Version": row.version,
                    "Kinds": list(row.kinds),
                    "Provides": ", ".join(row.provides),
                    "From": row.where,
                }
                for row in rows
            ],
            column_config={
                "Kinds": st.column_config.ListColumn("Kinds"),
                "Provides": st.column_config.TextColumn("Provides", width="large"),
            },
            hide_index=True,
        )
    for row in rows:
        if not row.ok:
            with st.expander(f"{plain(row.name)} is set aside, and none of it is used", icon=":material/error:"):
                st.code(row.reason, language=None, wrap_lines=True)
    st.subheader("Install one", anchor=False)
    st.write("Install it into the Python that this server runs on, then start the server again:")
    st.code("\n".join(HOW), language="bash")
    st.write("Its parts stand in the forms of the page Train by themselves. A plugin of your own begins with:")
    st.code(OF_OWN, language="bash")
    as_command(["kerascnn", "plugins", "list", "--json"])
    go("train", "Go to Train", primary=True)
