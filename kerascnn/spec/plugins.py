"""Loading components: the core's own by file name, then plugins' by entry point.

A plugin is a distribution with an entry point in the group `kerascnn.plugins` that names a light module; what its
modules register is named `PLUGIN.NAME`. One that cannot be used is set aside with its reason: nothing that it
registered is left, and only the specs that name it are stopped. Looking at which plugins there are runs none of their
code.

For trying something out, files stand in the environment variable KERASCNN_PLUGIN_FILES, which `--plugin FILE` of the
command line sets, so that processes that a command starts know them, too. No spec can name a file or a module.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import pkgutil
import sys
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any

from kerascnn.errors import PluginError
from kerascnn.spec.component import forget, namespace

GROUP = "kerascnn.plugins"
FILES = "KERASCNN_PLUGIN_FILES"
"""The environment variable with the files of plugins that are not installed, divided as PATH is."""
HEAVY = ("keras", "tensorflow", "jax", "torch", "numpy", "pandas", "sklearn", "scipy", "PIL", "streamlit")
"""What a module with components may import inside its methods alone."""
FILE_MODULE = "kerascnn_plugin_file_"
"""What stands before the name of a plugin of one file in that of its module."""


@dataclass(frozen=True)
class Plugin:
    """One plugin."""

    name: str
    module: str
    distribution: str
    version: str
    requires: str = ""
    """Which versions of kerascnn it is for, such as `>=0.1,<0.2`; "" for all."""
    file: str = ""
    """Its file, where it is not installed but was named by `--plugin`."""

    def __str__(self) -> str:
        return f"'{self.name}' ({self.file or f'{self.distribution} {self.version}'})"


_loaded_kinds: set[str] = set()
_loaded_plugins: set[str] = set()
_broken: dict[str, str] = {}


def installed() -> dict[str, Plugin]:
    """Return the plugins by name, from metadata alone: those installed, and the files that were named.

    Two of one name are set aside, both named.
    """
    found: dict[str, Plugin] = {}
    for plugin in (*_distributions(), *_files()):
        other = found.get(plugin.name)
        if other and (other.distribution, other.file) != (plugin.distribution, plugin.file):
            claim = " and ".join(each.file or each.distribution for each in (other, plugin))
            set_aside(plugin.name, f"two plugins have this name: {claim}")
        found[plugin.name] = plugin
    return dict(sorted(found.items()))


def broken() -> dict[str, str]:
    """Return the reason for every plugin that was set aside, by name."""
    return dict(_broken)


def set_aside(name: str, reason: str) -> None:
    """Use nothing of a plugin any more, and keep the first reason."""
    _broken.setdefault(name, reason)
    forget(name)


def load_plugin(name: str) -> None:
    """Import a plugin once. An error in it is kept as its reason; none is raised."""
    if name in _loaded_plugins or name in _broken:
        return
    plugin = installed().get(name)
    if plugin is None or name in _broken:
        return
    _loaded_plugins.add(name)
    if reason := _unfit(plugin):
        set_aside(name, reason)
        return
    light = {heavy for heavy in HEAVY if heavy not in sys.modules}
    try:
        with namespace(name):
            _import_file(plugin) if plugin.file else importlib.import_module(plugin.module)
    except (KeyboardInterrupt, GeneratorExit):
        raise
    except BaseException as error:  # noqa: BLE001 - a stranger's module may raise anything, SystemExit included
        set_aside(name, f"{type(error).__name__}: {error}{_place(error, plugin)}")
        return
    # Where they are loaded already, what the rule is for is lost, and the plugin does no more harm.
    if heavy := sorted(light & set(sys.modules)):
        set_aside(
            name, f"importing {plugin.module} imports {', '.join(heavy)}; import it inside the methods that use it"
        )


def load_all() -> None:
    """Load every plugin that works."""
    for name in installed():
        load_plugin(name)


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
    elif rest == "" and owner.isidentifier() and kind in KINDS and KINDS[kind].folder:
        module = f"{KINDS[kind].folder}.{owner}"
        if importlib.util.find_spec(module) is not None:
            importlib.import_module(module)


def load_kind(kind: str) -> None:
    """Load every component of a kind: the files of the core's folder, then every plugin that works."""
    from kerascnn.spec.kinds import KINDS

    if kind not in KINDS:
        load_all()  # a plugin may bring the kind itself
    if kind in _loaded_kinds or kind not in KINDS:
        return
    _loaded_kinds.add(kind)
    if KINDS[kind].folder:
        folder = importlib.import_module(KINDS[kind].folder)
        for module in pkgutil.iter_modules(folder.__path__):
            importlib.import_module(f"{folder.__name__}.{module.name}")
    load_all()


def folder_of(plugin: Plugin) -> Path | None:
    """Return the folder of a plugin's package, without running it; None for a single module."""
    if plugin.file:
        return None
    try:
        found = importlib.util.find_spec(plugin.module.partition(".")[0])
    except (ImportError, ValueError):
        return None
    places = list(found.submodule_search_locations or []) if found else []
    return Path(places[0]) if places else None


def owner_of(thing: type | ModuleType | Any) -> Plugin | None:
    """Return the plugin that a class or a module belongs to, by the name of the module."""
    module = getattr(thing, "__module__", None) or getattr(thing, "__name__", "")
    return next((plugin for plugin in installed().values() if _within(str(module), plugin)), None)


def blamed(error: BaseException, instead: str = ", or use a spec without it") -> PluginError | None:
    """Return the error of a plugin whose code raised this one, or called what did; None where no plugin had a part.

    `instead` is what can be done besides telling its author.
    """
    frames = list(traceback.walk_tb(error.__traceback__))
    for frame, line in reversed(frames):
        module = str(frame.f_globals.get("__name__", ""))
        for plugin in installed().values():
            if _within(module, plugin):
                place = f"{frame.f_code.co_filename}:{line}"
                return PluginError(
                    f"the plugin {plugin} failed in {place}: {type(error).__name__}: {error}; tell its author{instead}"
                )
    return None


def versions(spelled: Any) -> dict[str, str]:
    """Return the version of each plugin that a spec uses, as it is spelled out; of a file its SHA-256."""
    names = sorted({name.partition(".")[0] for name in _types(spelled) if "." in name})
    there = installed()
    return {name: _version(there[name]) for name in names if name in there}


def _types(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("type"), str):
            yield value["type"]
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _types(item)


def _version(plugin: Plugin) -> str:
    if not plugin.file:
        return plugin.version
    import hashlib

    return f"sha256 {hashlib.sha256(Path(plugin.file).read_bytes()).hexdigest()}"


def _distributions() -> tuple[Plugin, ...]:
    return _found(tuple(sys.path))


@lru_cache(1)
def _found(_: tuple[str, ...]) -> tuple[Plugin, ...]:
    """Return the distributions that `sys.path` leads to. To look is some milliseconds."""
    from importlib.metadata import entry_points

    return tuple(
        Plugin(point.name, point.value, point.dist.name, point.dist.version, _bounds(point.dist.requires or []))
        for point in entry_points(group=GROUP)
        if point.dist is not None
    )


def _files() -> Iterator[Plugin]:
    for path in os.environ.get(FILES, "").split(os.pathsep):
        if path:
            name = Path(path).stem
            yield Plugin(name, f"{FILE_MODULE}{name}", "", "", file=path)


def _bounds(requires: list[str]) -> str:
    """Return which versions of kerascnn the requirements of a distribution allow."""
    from packaging.requirements import InvalidRequirement, Requirement

    found = []
    for text in requires:
        try:
            one = Requirement(text)
        except InvalidRequirement:
            continue  # of another package: pip would not have installed this one
        if one.name.lower() == "kerascnn" and (one.marker is None or one.marker.evaluate({"extra": ""})):
            found.append(str(one.specifier))
    return ",".join(filter(None, found))


def _unfit(plugin: Plugin) -> str:
    """Return why a plugin cannot be imported here, "" where nothing speaks against it."""
    from packaging.specifiers import SpecifierSet

    from kerascnn import __version__

    if not plugin.name.isidentifier():
        return f"its name '{plugin.name}' is none; use letters, digits and _, and no digit first"
    if not SpecifierSet(plugin.requires).contains(__version__, prereleases=True):
        return f"it is for kerascnn {plugin.requires}, and this is {__version__}; install a version of it that fits"
    return ""


def _import_file(plugin: Plugin) -> None:
    spec = importlib.util.spec_from_file_location(plugin.module, plugin.file)
    if spec is None or spec.loader is None:
        raise ImportError(f"{plugin.file} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[plugin.module] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[plugin.module]
        raise


def _within(module: str, plugin: Plugin) -> bool:
    package = plugin.module if plugin.file else plugin.module.partition(".")[0]
    return module == package or module.startswith(f"{package}.")


def _place(error: BaseException, plugin: Plugin) -> str:
    """Return where in the plugin an error came from, as `" (FILE:LINE)"`."""
    for frame, line in reversed(list(traceback.walk_tb(error.__traceback__))):
        if _within(str(frame.f_globals.get("__name__", "")), plugin):
            return f" ({frame.f_code.co_filename}:{line})"
    return ""
