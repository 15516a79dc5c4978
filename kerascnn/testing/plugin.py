"""The conformance kit over a whole plugin: each component that it registers, with the parameters of its `examples`."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pydantic import ValidationError

from kerascnn.errors import KerasCnnError, UsageError
from kerascnn.spec import Component, Spec, load_spec
from kerascnn.spec.component import components, parse_component
from kerascnn.spec.kinds import KINDS
from kerascnn.spec.lint_rule import RULES
from kerascnn.spec.plugins import broken, folder_of, installed, load_all
from kerascnn.testing import kit
from kerascnn.testing.component import check_component, check_light_import
from kerascnn.testing.facts import hold, title
from kerascnn.testing.parameters import check_parameters
from kerascnn.testing.plain_keras import check_plain_keras
from kerascnn.testing.rule import check_rule


@dataclass(frozen=True)
class Checked:
    """What one check of one thing came to."""

    name: str
    """What was checked: `layer 'acme.gate' {"ratio": 2}`."""
    check: str
    state: str
    """ "passed", "failed" or "skipped"."""
    reason: str = ""
    seconds: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return asdict(self)


def check_plugin(name: str) -> Iterator[Checked]:
    """Yield what each check of a plugin came to, on the backend that Keras has.

    Every component: light import, documented and bounded parameters, the way into a spec and back; then what its kind
    is checked for, and that the models it builds open in plain Keras. Its templates are valid specs. Raises UsageError
    where there is no such plugin, or it was set aside.
    """
    plugin = installed().get(name)
    if plugin is None:
        raise UsageError(f"no plugin is named '{name}'; there are {', '.join(installed()) or 'none'}")
    load_all()  # others may bring kinds, too
    if name in broken():
        raise UsageError(f"the plugin {plugin} cannot be used: {broken()[name]}")
    yield _tried(f"module {plugin.module}", "light import", lambda: check_light_import(plugin.module))
    for full, kind in list(KINDS.items()):
        if full.startswith(f"{name}."):
            yield _tried(f"kind '{full}'", "contract", lambda kind=kind: _check_kind(kind))  # type: ignore[misc]
    models: dict[str, Any] = {}
    own = [cls for kind in list(KINDS) for full, cls in components(kind).items() if full.startswith(f"{name}.")]
    for cls in own:
        yield from _component(cls, models)
    if models:
        without = ["kerascnn", plugin.module.partition(".")[0]]
        yield _tried(f"{len(models)} models", "open in plain Keras", lambda: check_plain_keras(models, without))
    folder = folder_of(plugin)
    templates = sorted((folder / "templates").glob("*/*.yaml")) if folder else []
    yield from _rules(name, templates)
    for path in templates:
        yield _tried(f"template {path.stem}", "valid spec", lambda path=path: _valid(path))  # type: ignore[misc]


def _check_kind(kind: type[Component]) -> None:
    hold((kind.__doc__ or "").strip(), f"{kind.__qualname__} has no docstring; say in a line what its components are")
    bare = [name for name in sorted(kind.__abstractmethods__) if not (getattr(kind, name).__doc__ or "").strip()]
    hold(not bare, f"nothing says what {', '.join(bare)} of {kind.__qualname__} should do; give each a docstring")


def _rules(name: str, templates: Sequence[Path]) -> Iterator[Checked]:
    """Yield what the checks of a plugin's rules came to, on its own templates that are valid as well."""
    for full, rule in list(RULES.items()):
        if full.startswith(f"{name}."):
            specs = [spec for path in templates if (spec := _read(path)) is not None]
            yield _tried(f"rule '{full}'", "work", lambda: check_rule(rule, full, specs))  # noqa: B023 - called at once


def _component(cls: type[Component], models: dict[str, Any]) -> Iterator[Checked]:
    for example in cls.examples:
        try:
            component = parse_component(KINDS[cls.kind], {"type": cls.type_name, **example})
        except ValidationError as error:
            wrong = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
            said = f"its example {dict(example)!r} is no component: {wrong}; give working ones in `examples`"
            yield Checked(f"{cls.kind} '{cls.type_name}'", "example", "failed", said)
            continue
        yield from _example(component, example, models)


def _example(component: Component, example: Mapping[str, Any], models: dict[str, Any]) -> Iterator[Checked]:
    name = f"{title(component)}{f' {dict(example)}' if example else ''}"
    yield _tried(name, "contract", lambda: check_component(component))
    yield _tried(name, "parameters", lambda: check_parameters(component))
    check = kit.check_of(type(component))
    if check is None:
        of = KINDS[type(component).kind]
        said = f"its kind brings no check: give the class {of.__name__} the method check_work(self, folder)"
        yield Checked(name, "work", "skipped", said)
        return
    with TemporaryDirectory() as folder:
        found: list[Any] = []
        done = _tried(name, "work", lambda: found.append(check(component, Path(folder))))
        yield done
        if done.state == "passed" and found[0] is not None:
            models[name] = found[0]
            yield _tried(name, "XLA", lambda: kit.check_xla(component, found[0]))


def _tried(name: str, check: str, do: Callable[[], Any]) -> Checked:
    began = time.monotonic()
    try:
        do()
        state, reason = "passed", ""
    except kit.Skipped as skipped:
        state, reason = "skipped", str(skipped)
    except AssertionError as error:
        state, reason = "failed", str(error)
    except Exception as error:  # noqa: BLE001 - a stranger's component may raise anything
        state, reason = "failed", f"{type(error).__name__}: {error}"
    return Checked(name, check, state, reason, round(time.monotonic() - began, 2))


def _read(path: Path) -> Spec | None:
    """Return the spec of a template, None where it is wrong, which is found by itself."""
    try:
        return load_spec(path)
    except KerasCnnError:
        return None


def _valid(path: Path) -> None:
    try:
        load_spec(path)
    except KerasCnnError as error:
        raise AssertionError(str(error)) from error


def main(name: str) -> None:
    """Print what each check of a plugin came to, a line of JSON each."""
    for checked in check_plugin(name):
        print(json.dumps(checked.as_dict()), flush=True)  # noqa: T201 - for the process that asked
