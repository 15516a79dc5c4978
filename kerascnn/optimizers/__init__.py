"""Optimizers, under Keras's names."""
