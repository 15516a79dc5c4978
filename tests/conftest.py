"""What all tests share. The environment is set here, before anything imports keras."""

import os

import pytest

# TensorFlow's own log; KERAS_BACKEND stays as it was set.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


@pytest.fixture(autouse=True, scope="session")
def cache_folder(tmp_path_factory):
    """Keep what tests put into the cache out of the user's own."""
    os.environ["KERASCNN_CACHE"] = str(tmp_path_factory.mktemp("cache"))


@pytest.fixture(autouse=True, scope="session")
def no_waiting_for_the_disk():
    """Let files be flushed at once: each flush costs milliseconds, a training makes 60, and no test cuts the power."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda handle: None)
        yield


@pytest.fixture
def registry():
    """Let a test register components; they are gone when it ends.

    Every kind is loaded first: what is imported within the test would be dropped with the test's own, and
    Python imports it only once.
    """
    from kerascnn.spec import component, components
    from kerascnn.spec.kinds import KINDS

    for kind in KINDS:
        components(kind)
    before = {kind: dict(known) for kind, known in component._components.items()}
    yield component._components
    component._components.clear()
    component._components.update(before)


@pytest.fixture(scope="session")
def digit():
    """Return a function that gives a real scan of a digit by its number: uint8 `(8, 8)`."""
    from sklearn.datasets import load_digits

    images = load_digits().images

    def scan(number: int):
        return (images[number] * (255 / 16)).round().astype("uint8")

    return scan
