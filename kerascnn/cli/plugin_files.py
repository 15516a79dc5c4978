"""`--plugin FILE`, anywhere on the command line: components to be tried out, without an installation."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from kerascnn.errors import PluginError, UsageError
from kerascnn.spec import plugins

_OPTION = "--plugin"


def use_plugin_files(arguments: Sequence[str]) -> list[str]:
    """Load the files that `--plugin` names, and return the other arguments.

    Raises UsageError for what is no Python file with a usable name, PluginError for one that cannot be used.
    """
    rest, files = _taken(arguments)
    for file in files:
        path = Path(file).expanduser().absolute()
        if path.suffix != ".py" or not path.is_file():
            raise UsageError(f"{_OPTION} {file} is no Python file; give one whose name ends with .py")
        if not path.stem.isidentifier():
            raise UsageError(
                f"the plugin in {file} would be named '{path.stem}', which no spec can say; name the file with "
                "letters, digits and _"
            )
        known = [one for one in os.environ.get(plugins.FILES, "").split(os.pathsep) if one]
        os.environ[plugins.FILES] = os.pathsep.join(dict.fromkeys([*known, str(path)]))
        plugins.load_plugin(path.stem)
        if path.stem in plugins.broken():
            raise PluginError(f"the plugin in {file} cannot be used: {plugins.broken()[path.stem]}")
    return rest


def _taken(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the arguments without the option, and its values. What stands behind `--` is left as it is."""
    rest: list[str] = []
    files: list[str] = []
    left = list(arguments)
    while left:
        one = left.pop(0)
        if one == "--":
            return [*rest, one, *left], files
        if one == _OPTION and left:
            files.append(left.pop(0))
        elif one.startswith(f"{_OPTION}="):
            files.append(one.partition("=")[2])
        else:
            rest.append(one)
    return rest, files
