"""A page each, run from top to bottom by Streamlit."""
