"""Explainers: ways to say where an answer comes from."""
