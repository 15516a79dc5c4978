"""Tasks: what a network is to answer."""
