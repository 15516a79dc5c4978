"""What all tests share. The environment is set here, before anything imports keras."""

import os

import pytest

# TensorFlow's own log; KERAS_BACKEND stays as it was set.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


@pytest.fixture
def registry():
    """Let a test register components; they are gone when it ends."""
    from kerascnn.spec import component

    before = {kind: dict(known) for kind, known in component._components.items()}
    yield component._components
    component._components.clear()
    component._components.update(before)
