"""Rules of good practice: what a spec does that usually goes wrong, and what to do instead.

Each rule is a function with a name for `lint.ignore`, its sentence and its remedy. It looks at the spec alone, or at
what is known of the data as well. A rule advises; nothing is stopped by one.
"""

from __future__ import annotations

from kerascnn.spec import lint_augment, lint_data, lint_network, lint_train  # noqa: F401 - they add their rules
from kerascnn.spec.lint_rule import RULES, Advice, Known
from kerascnn.spec.spec import Spec

__all__ = ["RULES", "Advice", "Known", "lint"]


def lint(spec: Spec, known: Known | None = None) -> list[Advice]:
    """Return what the rules say of a spec, without those that it ignores."""
    known = known or Known()
    return [
        Advice(name, path, message)
        for name, rule in RULES.items()
        if name not in spec.lint.ignore
        for path, message in rule(spec, known)
    ]
