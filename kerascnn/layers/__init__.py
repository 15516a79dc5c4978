"""Layers: one step of a network each."""
