"""What the tests of the spec floor share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from kerascnn.spec import component, components
from kerascnn.spec.kinds import KINDS


@pytest.fixture
def registry() -> Iterator[None]:
    """Let a test register components; they are gone when it ends.

    Every kind is loaded first: what is imported within the test would be dropped with the test's own, and
    Python imports it only once.
    """
    for kind in KINDS:
        components(kind)
    before = {kind: dict(known) for kind, known in component._components.items()}
    yield
    component._components.clear()
    component._components.update(before)
