"""Rules of good practice: what a spec does that usually goes wrong, and what to do instead.

Each rule is a function with a name for `lint.ignore`, its sentence and its remedy. It looks at the spec alone, or at
what is known of the data as well. A rule advises; nothing is stopped by one.
"""

from __future__ import annotations

from collections.abc import Iterator

from kerascnn.spec import lint_augment, lint_data, lint_network, lint_train, plugins  # noqa: F401 - they add rules
from kerascnn.spec.lint_rule import RULES, Advice, Known, Rule
from kerascnn.spec.spec import Spec

__all__ = ["RULES", "Advice", "Known", "lint"]


def lint(spec: Spec, known: Known | None = None) -> list[Advice]:
    """Return what the rules say of a spec, the plugins' included, without those that it ignores."""
    known = known or Known()
    plugins.load_all()
    asked = {name: rule for name, rule in RULES.items() if name not in spec.lint.ignore}
    return [advice for name, rule in asked.items() for advice in _said(name, rule, spec, known)]


def _said(name: str, rule: Rule, spec: Spec, known: Known) -> Iterator[Advice]:
    """Yield what a rule says. That a plugin's rule fails is an advice, too: it must not stop what does not need it."""
    try:
        for path, message in rule(spec, known):
            yield Advice(name, path, message)
    except Exception as error:
        if "." not in name:
            raise  # a bug of ours
        failed = f"this rule of a plugin failed ({type(error).__name__}: {error}); tell its author, or ignore it"
        yield Advice(name, ("lint",), failed)
