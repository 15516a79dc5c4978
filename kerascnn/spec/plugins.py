"""Loading components: the core's own by file name, then plugins' by entry point.

A plugin is a distribution with an entry point in the group `kerascnn.plugins` that names a light module; what the
module registers is named `PLUGIN.NAME`. A plugin that cannot be imported is set aside with its reason and stops only
the specs that name it. Looking at which plugins there are runs none of their code.
"""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
from dataclasses import dataclass

from kerascnn.errors import PluginError
from kerascnn.spec.component import namespace

GROUP = "kerascnn.plugins"


@dataclass(frozen=True)
class Plugin:
    """One installed plugin."""

    name: str
    module: str
    distribution: str
    version: str


_loaded_kinds: set[str] = set()
_loaded_plugins: set[str] = set()
_broken: dict[str, str] = {}


def installed() -> dict[str, Plugin]:
    """Return the installed plugins by name, from metadata alone. Two of one name are set aside, both named."""
    from importlib.metadata import entry_points

    found: dict[str, Plugin] = {}
    for point in entry_points(group=GROUP):
        dist = point.dist
        plugin = Plugin(point.name, point.value, dist.name if dist else "?", dist.version if dist else "?")
        other = found.get(point.name)
        if other and other.distribution != plugin.distribution:
            _broken[point.name] = f"two distributions claim it: {other.distribution} and {plugin.distribution}"
        found[point.name] = plugin
    return dict(sorted(found.items()))


def broken() -> dict[str, str]:
    """Return the reason for every plugin that was set aside, by name."""
    return dict(_broken)


def load_plugin(name: str) -> None:
    """Import a plugin once. An error in it is kept as its reason; none is raised."""
    if name in _loaded_plugins or name in _broken:
        return
    plugin = installed().get(name)
    if plugin is None or name in _broken:
        return
    _loaded_plugins.add(name)
    try:
        with namespace(name):
            importlib.import_module(plugin.module)
    except (KeyboardInterrupt, GeneratorExit):
        raise
    except BaseException as error:  # noqa: BLE001 - a stranger's module may raise anything, SystemExit included
        _broken[name] = f"{type(error).__name__}: {error}"


def load_one(kind: str, name: str) -> None:
    """Load the one file that should hold the component, if there is one.

    Raises PluginError where the name belongs to a plugin that was set aside.
    """
    from kerascnn.spec.kinds import KINDS

    owner, dot, rest = name.partition(".")
    if dot:
        load_plugin(owner)
        if owner in _broken:
            raise PluginError(f"the plugin '{owner}' of '{name}' cannot be used: {_broken[owner]}")
    elif rest == "" and owner.isidentifier() and kind in KINDS:
        module = f"{KINDS[kind].folder}.{owner}"  # type: ignore[attr-defined]
        if importlib.util.find_spec(module) is not None:
            importlib.import_module(module)


def load_kind(kind: str) -> None:
    """Load every component of a kind: the files of the core's folder, then every plugin that works."""
    from kerascnn.spec.kinds import KINDS

    if kind in _loaded_kinds or kind not in KINDS:
        return
    _loaded_kinds.add(kind)
    folder = importlib.import_module(KINDS[kind].folder)  # type: ignore[attr-defined]
    for module in pkgutil.iter_modules(folder.__path__):
        importlib.import_module(f"{folder.__name__}.{module.name}")
    for name in installed():
        load_plugin(name)
