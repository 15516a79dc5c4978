"""Backbones: the parts of networks that find features."""
