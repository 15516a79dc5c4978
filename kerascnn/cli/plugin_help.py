"""`--help` names what plugins bring, where an option takes the name of a component."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import typer

from kerascnn.spec import plugins
from kerascnn.spec.component import components

_OPTIONS = {"explain": ("method", "explainer"), "export": ("to", "exporter")}
"""Of commands, the option that takes a component, and of which kind."""
_PLACE = "a plugin's"


def with_names(app: typer.Typer, arguments: Sequence[str]) -> Any:
    """Return what runs the command: the app, with the names of plugins' components where help was asked for."""
    if not {"--help", "-h"} & set(arguments) or not plugins.installed():
        return app
    command: Any = typer.main.get_command(app)
    for name, (option, kind) in _OPTIONS.items():
        added = [full for full in components(kind) if "." in full]
        parameters = command.commands[name].params if name in command.commands else []
        for parameter in parameters:
            if parameter.name == option and added:
                parameter.help = parameter.help.replace(_PLACE, ", ".join(added))
    return command
