"""Callbacks: what follows a training."""
