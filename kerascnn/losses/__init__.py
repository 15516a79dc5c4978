"""Losses: what training minimises in the place of the own loss of a task."""
