"""Augmentations: random changes to training data."""
