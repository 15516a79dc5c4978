"""What holds for components of every kind: registered, documented, strict, and light to import."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

from pydantic import ValidationError

from kerascnn.spec import Component, find
from kerascnn.spec.component import parse_component
from kerascnn.spec.describe import field_docs
from kerascnn.spec.kinds import KINDS
from kerascnn.spec.plugins import HEAVY
from kerascnn.testing.facts import doing, hold, title

_IMPORT = """
import importlib, sys
from kerascnn.spec.plugins import FILE_MODULE, broken, load_plugin
for module in sys.argv[2:]:
    try:
        if module.startswith(FILE_MODULE):  # of --plugin FILE
            name = module.removeprefix(FILE_MODULE)
            load_plugin(name)
            if name in broken():
                raise ImportError(broken()[name])
        else:
            importlib.import_module(module)
    except BaseException as error:
        print(f"{module} cannot be imported in a fresh process: {type(error).__name__}: {error}")
        break
    loaded = [name for name in sys.argv[1].split(",") if name in sys.modules]
    if loaded:
        print(f"importing {module} imports {', '.join(loaded)}; import it inside the method that needs it")
        break
"""


def check_component(component: Component) -> None:
    """Check what holds for every kind: registration, documentation, and the way into a spec and back.

    Raises AssertionError. The import of its module is checked by `check_light_import`, once for many modules.
    """
    hold(
        isinstance(component, Component),
        f"{component!r} is no component; pass an instance of a class that derives from Layer, Backbone, Head, ...",
    )
    _check_registered(component)
    _check_documented(component)
    _check_strict(component)
    _check_spelling(component)
    _check_defaults(component)


def check_light_import(*modules: str) -> None:
    """Check in one fresh process that these modules import without Keras, NumPy and the like.

    Specs are validated without them, which is why `kerascnn validate` answers at once. Raises AssertionError.
    """
    paths = os.pathsep.join(path or os.getcwd() for path in sys.path)
    done = subprocess.run(
        [sys.executable, "-c", _IMPORT, ",".join(HEAVY), *modules],
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    hold(done.returncode == 0, f"importing {', '.join(modules)} ends the process: {done.stderr.strip()[-500:]}")
    hold(not done.stdout.strip(), done.stdout.strip())


def _check_registered(component: Component) -> None:
    cls = type(component)
    hold(
        cls.kind in KINDS,
        f"{cls.__qualname__} is of no known kind; derive it from Layer, Backbone, Head, ...",
    )
    hold(
        "type_name" in cls.__dict__ and cls.type_name,
        f"{cls.__qualname__} is not registered; put @register(NAME) above the class",
    )
    found = find(cls.kind, cls.type_name)
    hold(
        found is cls,
        f"{title(component)}: a spec that says 'type: {cls.type_name}' gets {found}, not {cls}; register it "
        "under a name of its own, in a module that its plugin's entry point imports",
    )


def _check_documented(component: Component) -> None:
    cls = type(component)
    hold((cls.__doc__ or "").strip(), f"{title(component)} has no docstring; say in one line what it does")
    bare = [name for name in cls.model_fields if name not in field_docs(cls)]
    hold(
        not bare,
        f"{title(component)}: nothing says what {_names(bare)} mean; put a docstring under each of these fields",
    )


def _check_strict(component: Component) -> None:
    cls = type(component)
    data = component.spell()
    try:
        _parse(component, {**data, "no_such_parameter": 1})
    except ValidationError:
        pass
    else:
        raise AssertionError(
            f"{title(component)} takes parameters that it does not know; do not change 'extra' in its model_config"
        )
    hold(
        cls.model_config.get("frozen"),
        f"{title(component)} can be changed after it was made; do not change 'frozen' in its model_config",
    )
    for name in cls.model_fields:
        try:
            setattr(component, name, getattr(component, name))
        except ValidationError:
            continue
        raise AssertionError(f"{title(component)}: its field '{name}' can be set after it was made; keep it frozen")


def _check_spelling(component: Component) -> None:
    """Check that a component, its defaults included, comes back from JSON text as it was."""
    with doing(f"{title(component)}: spell()"):
        data = component.spell()
    hold(
        isinstance(data, dict) and data.get("type") == type(component).type_name,
        f"{title(component)}: spell() gives {data!r}; it is a mapping whose 'type' is '{type(component).type_name}'",
    )
    with doing(f"{title(component)}: writing spell() as JSON"):
        text = json.dumps(data, allow_nan=False)
    with doing(f"{title(component)}: parsing what spell() gives, {text},"):
        again = _parse(component, json.loads(text))
    hold(
        again == component,
        f"{title(component)}: spell() gives {text}, which parses to {again!r}, not to {component!r}; use "
        "fields that are numbers, texts, truth values, lists or components",
    )


def _check_defaults(component: Component) -> None:
    """Check that a spec could give each default itself; pydantic takes defaults as they are."""
    cls = type(component)
    given = component.spell()
    needed = {"type": cls.type_name}
    needed.update({name: given[name] for name, info in cls.model_fields.items() if info.is_required()})
    try:
        plain = _parse(component, needed)
    except ValidationError:
        return  # the class asks for more than its fields say
    _check_spelling(plain)


def _parse(component: Component, data: dict[str, Any]) -> Component:
    return parse_component(KINDS[type(component).kind], data)


def _names(fields: list[str]) -> str:
    return ", ".join(f"'{name}'" for name in fields)
