"""What an error of Keras, of its backends or of Python means to a user."""

from __future__ import annotations

from kerascnn.errors import BuildError, KerasCnnError, ResourceError


def explain(error: BaseException) -> BaseException:
    """Return the error as one of ours where its cause is known, else as it is."""
    if isinstance(error, KerasCnnError):
        return error
    if isinstance(error, MemoryError) or device_is_full(error):
        return ResourceError(
            "out of memory; lower train.batch_size, the size of the pictures, or the size of the network"
        )
    if isinstance(error, RecursionError):
        return BuildError("the network is too deep for Keras to train and to save", "model.backbone")
    return error


def device_is_full(error: BaseException) -> bool:
    """Return whether a backend found no memory for a tensor: with a smaller batch it may find some."""
    name = type(error).__name__
    return "ResourceExhausted" in name or name == "OutOfMemoryError" or "RESOURCE_EXHAUSTED" in str(error)
