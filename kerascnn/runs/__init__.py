"""The run folder: the truth about a training."""
