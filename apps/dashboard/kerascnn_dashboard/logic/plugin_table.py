"""The plugins that are installed, as the rows of a table."""

from __future__ import annotations

from dataclasses import dataclass

from kerascnn.spec.plugins_brought import Brought, listed

HOW = (
    "pip install kerascnn-NAME",
    "kerascnn plugins list",
)
"""How a plugin gets here: installed into the Python of this server, which is then started again."""
OF_OWN = "kerascnn plugins new NAME --kind layer"


@dataclass(frozen=True)
class PluginRow:
    """One plugin."""

    name: str
    version: str
    kinds: tuple[str, ...]
    provides: tuple[str, ...]
    """Each with its kind: "layer coordinates.attention"."""
    ok: bool
    reason: str
    """Why it is set aside, "" where it works."""
    where: str
    """The distribution, or the file, that it comes from."""


def plugin_rows() -> list[PluginRow]:
    """Return a row for each plugin by name, those that are set aside included."""
    return [_row(one) for one in listed()]


def _row(found: Brought) -> PluginRow:
    plugin = found.plugin
    return PluginRow(
        plugin.name,
        plugin.version or "a file",
        tuple(dict.fromkeys(part.kind for part in found.parts)),
        tuple(f"{part.kind} {part.name}" for part in found.parts),
        not found.reason,
        found.reason,
        plugin.file or plugin.distribution,
    )
