"""Keras layers, losses and metrics that Keras itself lacks."""
