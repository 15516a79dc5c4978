"""Figures of an evaluation from truths and answers alone: arrays in, plain data out, without keras."""
