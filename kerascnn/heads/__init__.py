"""Heads: the parts of networks that answer."""
