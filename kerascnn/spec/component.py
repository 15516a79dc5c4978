"""Components: named, typed pieces of a spec, and the registry that finds them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, TypeVar

from pydantic import GetCoreSchemaHandler, ValidationError
from pydantic_core import CoreSchema, core_schema

from kerascnn.errors import PluginError
from kerascnn.spec.section import Section, nearest, problem
from kerascnn.spec.tree import clip

if TYPE_CHECKING:
    from pathlib import Path


class Component(Section):
    """A named piece of a spec: its parameters, their ranges, defaults and documentation stand in its fields.

    A component is written `{type: NAME, PARAMETER: VALUE, ...}`. A class becomes one by deriving from a kind
    (see `kerascnn.spec.kinds`) and by `@register(NAME)`. Its one working method imports what it needs inside
    itself.
    """

    kind: ClassVar[str] = ""
    """The word for components of this sort, in the singular: "layer", "backbone"."""
    type_name: ClassVar[str] = ""
    """The name in a spec."""
    examples: ClassVar[Sequence[Mapping[str, Any]]] = ({},)
    """Parameters with which `kerascnn plugins check` tries it out, each a mapping; empty: that with every default."""
    without_xla: ClassVar[str] = ""
    """Why XLA cannot compile what it builds; "" where it can. `train.xla: auto` finds that out by itself."""
    folder: ClassVar[str] = ""
    """The package with the core's own components of a kind; a plugin's kind has none."""

    def spell(self) -> dict[str, Any]:
        """Return the component as it stands in a spec, with every default filled in."""
        return {"type": self.type_name, **self.model_dump(mode="json")}

    def check_work(self, folder: Path) -> Any:
        """Check what the component does, for `kerascnn plugins check`, where the check of its kind cannot.

        The class of a plugin's own kind overrides this; so does a component that needs more than its parameters, such
        as samples or files, and hands them to the check of `kerascnn.testing`. `folder` is empty and may be written to.
        Raises AssertionError with what is wrong and what to do instead. Returns a Keras model where it builds one,
        which then has to compile with XLA and to open in plain Keras.
        """
        return None


C = TypeVar("C", bound=Component)

_components: dict[str, dict[str, type[Component]]] = {}
_registries: list[dict[str, Any]] = []
_namespace: list[str] = []


def register(name: str) -> Callable[[type[C]], type[C]]:
    """Register a component class under its name in specs.

    Inside a plugin, the plugin's own name and a dot are put before it. Raises PluginError where the name is
    taken, or the class does not define what its kind asks for.
    """

    def add(cls: type[C]) -> type[C]:
        full = qualified(name, cls)
        if not cls.kind:
            raise PluginError(f"{cls.__qualname__} derives from no kind; derive it from Layer, Backbone, Head, ...")
        lacking = {*cls.__abstractmethods__, *(name for name in cls.__class_vars__ if not hasattr(cls, name))}
        if lacking:
            raise PluginError(f"the {cls.kind} '{full}' does not define {', '.join(sorted(lacking))}")
        known = _components.setdefault(cls.kind, {})
        taken = known.get(full)
        if taken is not None and (taken.__module__, taken.__qualname__) != (cls.__module__, cls.__qualname__):
            raise PluginError(
                f"two {cls.kind} components are named '{full}': {taken.__module__}.{taken.__qualname__} "
                f"and {cls.__module__}.{cls.__qualname__}"
            )
        cls.type_name = full
        known[full] = cls
        return cls

    return add


def qualified(name: str, thing: Any) -> str:
    """Return the full name of what a class or a function is registered as: a plugin's name stands before its own.

    It is known by the module, so that it does not matter who imports it first: a test, the core or another plugin.
    """
    if str(thing.__module__).partition(".")[0] == "kerascnn":
        return name
    from kerascnn.spec import plugins

    owner = plugins.owner_of(thing)
    prefix = owner.name if owner else next(iter(_namespace[-1:]), "")
    return f"{prefix}.{name}" if prefix else name


def registry() -> dict[str, Any]:
    """Return a new dictionary by full names, from which the names of a plugin that is set aside are taken."""
    _registries.append({})
    return _registries[-1]


def forget(plugin: str) -> None:
    """Take out whatever a plugin registered."""
    for known in (*_components.values(), *_registries):
        for name in [name for name in known if name.startswith(f"{plugin}.")]:
            del known[name]


class namespace:  # noqa: N801 - reads as a statement: `with namespace("acme"):`
    """While it is entered, registered names carry this plugin's name."""

    def __init__(self, name: str):
        self.name = name

    def __enter__(self) -> None:
        _namespace.append(self.name)

    def __exit__(self, *_: object) -> None:
        _namespace.pop()


def find(kind: str, name: str) -> type[Component] | None:
    """Return the component class of that name, or None. Loads only the file that the name needs."""
    from kerascnn.spec import plugins

    known = _components.setdefault(kind, {})
    if name not in known:
        plugins.load_one(kind, name)
    if name not in known:
        plugins.load_kind(kind)
    return known.get(name)


def components(kind: str) -> dict[str, type[Component]]:
    """Return every component of a kind by name, plugins' included, sorted by name."""
    from kerascnn.spec import plugins

    plugins.load_kind(kind)
    return dict(sorted(_components.get(kind, {}).items()))


class _OneOfKind:
    """Makes a field accept any registered component of its kind."""

    def __get_pydantic_core_schema__(self, source: type[Component], handler: GetCoreSchemaHandler) -> CoreSchema:
        schema = core_schema.no_info_plain_validator_function(
            lambda value: parse_component(source, value),
            serialization=core_schema.plain_serializer_function_ser_schema(lambda component: component.spell()),
        )
        # pydantic cannot follow references to components that it has not seen; kerascnn.spec.schema can.
        schema["metadata"] = {"pydantic_js_functions": [lambda *_: {"x-kind": source.kind}]}
        return schema


T = TypeVar("T")
OneOf = Annotated[T, _OneOfKind()]
"""`OneOf[Layer]`: any registered component of the kind, written `{type: NAME, ...}`."""


def parse_component(kind: type[C], value: Any) -> C:
    """Return the component that a mapping spells out. Raises pydantic's ValidationError, with places."""
    if isinstance(value, kind):
        return value
    if not isinstance(value, dict):
        names = list(components(kind.kind)) or ["NAME"]
        example = f"{{type: {(nearest(value, names) if isinstance(value, str) else None) or names[0]}}}"
        template = "should be a mapping with the key 'type', such as {example}"
        raise _failure(kind, "component", (), value, template, example=example)
    if "type" not in value:
        raise _no_type(kind, value)
    name = value["type"]
    try:
        cls = find(kind.kind, name) if isinstance(name, str) else None
    except PluginError as error:
        raise _failure(kind, "plugin", ("type",), name, "{error}", error=str(error)) from None
    if cls is None:
        raise _unknown(kind, name)
    try:
        return cls.model_validate({key: item for key, item in value.items() if key != "type"})  # type: ignore[return-value]
    except ValidationError:
        raise
    except Exception as error:
        if "." not in name:
            raise  # a bug of ours
        said = f"the component '{name}' of a plugin failed: {type(error).__name__}: {error}"
        raise _failure(kind, "plugin", ("type",), name, "{error}", error=said) from None


def _no_type(kind: type[Component], value: dict[str, Any]) -> ValidationError:
    """Return the error for a mapping without the key `type`: one of its keys may have been meant for it."""
    names = components(kind.kind)
    for key, item in value.items():
        if nearest(key, ["type"]) or (isinstance(item, str) and item in names):
            template = "no field is named '{name}'; did you mean '{suggestion}'?"
            return _failure(kind, "unknown_field", (key,), item, template, name=clip(key), suggestion="type")
    return _failure(kind, "no_type", (), value, "needs the key 'type': which {kind} is it?")


def _unknown(kind: type[Component], name: Any) -> ValidationError:
    if not isinstance(name, str):
        article = "an" if kind.kind[0] in "aeiou" else "a"
        return _failure(kind, "component", ("type",), name, f"should be the name of {article} {{kind}}")
    names = list(components(kind.kind))
    # A plugin's name is most likely right, and the plugin not there.
    known = [each for each in names if "." in each] if "." in name else names
    near = nearest(name, known)
    plugin = name.partition(".")[0] if "." in name.strip(".") else ""
    own = [other for other in names if plugin and other.startswith(f"{plugin}.")]
    if near:
        hint = f"did you mean '{near}'?"
    elif plugin and not own:
        hint = f"is the plugin '{clip(plugin)}' installed? see `kerascnn plugins`"
    else:
        hint = f"there are {', '.join(own or names)}" if names else f"no {kind.kind} is installed"
    template = "no {kind} is named '{name}'; {hint}"
    return _failure(kind, "unknown_component", ("type",), name, template, name=clip(name), hint=hint, suggestion=near)


def _failure(
    kind: type[Component], code: str, loc: tuple[str, ...], value: Any, template: str, **context: Any
) -> ValidationError:
    details = problem(code, template, loc=loc, value=value, kind=kind.kind, **context)
    return ValidationError.from_exception_data(kind.__name__, [details])
