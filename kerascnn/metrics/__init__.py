"""Metrics: figures of the answers on a whole split, beside those that a task reports."""
