"""Before keras is imported, and after it complained."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from kerascnn.cli.output import note
from kerascnn.errors import BuildError, SpecError


def announce_keras() -> None:
    """Say that seconds will pass, and keep the backend's own start-up chatter off the screen."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if "keras" in sys.modules:
        return
    name = os.environ.get("KERAS_BACKEND", "tensorflow")
    names = {"tensorflow": "TensorFlow", "jax": "JAX", "torch": "PyTorch"}
    note(f"loading {names.get(name, name)} ...")
    with _silent_stderr():
        import keras  # noqa: F401


@contextmanager
def at_spec(path: Path, settings: Sequence[str]) -> Iterator[None]:
    """Turn a BuildError inside into a SpecError at its line and column of the file."""
    try:
        yield
    except BuildError as error:
        from kerascnn.errors import Issue
        from kerascnn.spec.load import read_file, read_tree
        from kerascnn.spec.overrides import override

        tree = read_tree(read_file(path), str(path))
        override(tree, settings)
        parts = tuple(int(part) if part.isdecimal() else part for part in error.spec_path.split(".") if part)
        place = tree.place(parts)
        message = str(error).removeprefix(f"{error.spec_path}: ")
        if place is None:
            raise SpecError([Issue(str(path), 0, 0, error.spec_path, message)]) from error
        raise SpecError([tree.issue(place, parts, message)]) from error


@contextmanager
def _silent_stderr() -> Iterator[None]:
    """Send file descriptor 2 to nowhere: CUDA's absence is reported there by C++ code that knows no log level.

    What is written there is shown after all where the import fails.
    """
    import tempfile

    sys.stderr.flush()
    saved = os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        except BaseException:
            held.seek(0)
            os.write(saved, held.read()[-4000:])
            raise
        finally:
            sys.stderr.flush()
            os.dup2(saved, 2)
            os.close(saved)
