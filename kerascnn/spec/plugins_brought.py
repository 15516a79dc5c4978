"""What each plugin brings: components, kinds, rules and templates, each with the place where it stands."""

from __future__ import annotations

import inspect
from dataclasses import asdict, dataclass
from typing import Any

from kerascnn.spec.component import components
from kerascnn.spec.kinds import KINDS
from kerascnn.spec.lint_rule import RULES
from kerascnn.spec.plugins import Plugin, broken, folder_of, installed, load_all


@dataclass(frozen=True)
class Part:
    """One thing that a plugin brings."""

    kind: str
    """A kind of component, or "kind", "rule", "template"."""
    name: str
    file: str
    line: int


@dataclass(frozen=True)
class Brought:
    """A plugin with all that it brings."""

    plugin: Plugin
    reason: str
    """Why it is set aside, "" where it works."""
    parts: tuple[Part, ...]

    @property
    def state(self) -> str:
        """ "ok" or "quarantined"."""
        return "quarantined" if self.reason else "ok"

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        parts = [asdict(part) for part in self.parts]
        kinds = list(dict.fromkeys(part.kind for part in self.parts))
        told = {**asdict(self.plugin), "state": self.state, "reason": self.reason}
        return {**told, "kinds": kinds, "components": parts}


def listed() -> list[Brought]:
    """Return every plugin by name, those that are set aside included; each is loaded."""
    load_all()
    parts = [
        *(_part(kind, name, cls) for kind in KINDS for name, cls in components(kind).items() if "." in name),
        *(_part("kind", name, cls) for name, cls in KINDS.items() if "." in name),
        *(_part("rule", name, function) for name, function in RULES.items() if "." in name),
        *_templates(),
    ]
    return [
        Brought(
            plugin,
            broken().get(name, ""),
            tuple(part for part in parts if part.name.partition(".")[0] == name),
        )
        for name, plugin in installed().items()
    ]


def _part(kind: str, name: str, thing: Any) -> Part:
    """Return where a class or a function stands; line 0 where its source is not there."""
    try:
        return Part(kind, name, inspect.getsourcefile(thing) or "", inspect.getsourcelines(thing)[1])
    except (OSError, TypeError):
        return Part(kind, name, "", 0)


def _templates() -> list[Part]:
    return [
        Part("template", f"{name}.{path.stem}", str(path), 1)
        for name, plugin in installed().items()
        if name not in broken() and (folder := folder_of(plugin))
        for path in sorted((folder / "templates").glob("*/*.yaml"))
    ]
