"""What an error of Keras, of its backends or of Python means to a user."""

from __future__ import annotations

from kerascnn.errors import BuildError, KerasCnnError, ResourceError


def explain(error: BaseException) -> BaseException:
    """Return the error as one of ours where its cause is known, else as it is."""
    if isinstance(error, KerasCnnError):
        return error
    text = str(error)
    if isinstance(error, MemoryError) or "ResourceExhausted" in type(error).__name__ or "RESOURCE_EXHAUSTED" in text:
        return ResourceError(
            "out of memory; lower train.batch_size, the size of the pictures, or the size of the network"
        )
    if isinstance(error, RecursionError):
        return BuildError("the network is too deep for Keras to train and to save", "model.backbone")
    return error
