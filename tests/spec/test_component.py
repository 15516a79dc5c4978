"""Components: registration, lookup, and the mappings that spell them."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest
from pydantic import Field, ValidationError

from kerascnn.errors import PluginError
from kerascnn.spec import Component, Head, Layer, OneOf, Schedule, Section, Source, components, find, plugins, register
from kerascnn.spec.component import namespace, parse_component
from kerascnn.spec.messages import say

ASK_FOR_ACME = "is the plugin 'acme' installed? see `kerascnn plugins`"


SCHEDULES = ", ".join(components("schedule"))
FIRST = f"should be a mapping with the key 'type', such as {{type: {min(components('schedule'))}}}"


class Chain(Section):
    """A section with layers in every position."""

    first: OneOf[Layer]
    rest: list[OneOf[Layer]] = []
    maybe: OneOf[Layer] | None = None
    named: dict[str, OneOf[Layer]] = {}


def wrong(cls: type[Section], value: Any) -> list[str]:
    """Return `path: message` of every mistake."""
    with pytest.raises(ValidationError) as caught:
        cls.model_validate(value)
    return [f"{'.'.join(map(str, error['loc']))}: {say(error)[0]}" for error in caught.value.errors()]


def mistake(value: Any, kind: type[Component] = Layer) -> str:
    """Return `path: message` of the one mistake in a component."""
    with pytest.raises(ValidationError) as caught:
        parse_component(kind, value)
    (error,) = caught.value.errors()
    return f"{'.'.join(map(str, error['loc']))}: {say(error)[0]}"


def fake_schedule() -> type[Schedule]:
    class Fake(Schedule):
        """Do nothing."""

        factor: float = Field(0.5, gt=0)

        def make(self, learning_rate: float, steps: int) -> Any:
            """Return the rate."""
            return learning_rate

    return Fake


def test_a_registered_class_is_found_by_its_name(registry: None) -> None:
    cls = register("fake")(fake_schedule())
    assert find("schedule", "fake") is cls
    assert components("schedule")["fake"] is cls
    assert cls.type_name == "fake"
    assert cls().spell() == {"type": "fake", "factor": 0.5}


def test_what_a_test_registers_is_gone_after_it() -> None:
    assert find("schedule", "fake") is None
    assert {"constant", "cosine"} <= set(components("schedule"))


def test_components_are_sorted_by_name() -> None:
    assert list(components("layer")) == sorted(components("layer"))


def test_a_kind_that_nobody_knows_has_no_components() -> None:
    assert components("nothing") == {}
    assert find("nothing", "x") is None


def test_two_classes_of_one_name_are_refused_and_both_are_named(registry: None) -> None:
    register("fake")(fake_schedule())

    class Other(Schedule):
        """Do nothing."""

        def make(self, learning_rate: float, steps: int) -> Any:
            """Return the rate."""

    with pytest.raises(PluginError) as caught:
        register("fake")(Other)
    message = str(caught.value)
    assert message.startswith("two schedule components are named 'fake': tests.spec.test_component.fake_schedule")
    assert message.endswith("Fake and tests.spec.test_component.test_two_classes_of_one_name_are_refused_and_both_are_named.<locals>.Other")  # fmt: skip  # noqa: E501
    found = find("schedule", "fake")
    assert found is not None
    assert found.__name__ == "Fake"


def test_a_module_that_is_read_again_may_register_its_class_again(registry: None) -> None:
    register("fake")(fake_schedule())
    again = register("fake")(fake_schedule())
    assert find("schedule", "fake") is again


def test_one_name_may_stand_for_components_of_two_kinds() -> None:
    assert find("backbone", "layers") is not find("layer", "layers")


def test_a_class_without_a_kind_is_refused() -> None:
    class Kindless(Component):
        """Belong nowhere."""

    with pytest.raises(PluginError, match=r"Kindless derives from no kind; derive it from Layer, Backbone, Head, "):
        register("kindless")(Kindless)


def test_a_class_without_its_method_is_refused(registry: None) -> None:
    with pytest.raises(PluginError, match=r"^the layer 'lazy' does not define apply$"):

        @register("lazy")
        class Lazy(Layer):
            """Do nothing at all."""

    assert find("layer", "lazy") is None


def test_a_class_without_what_its_kind_asks_for_is_refused(registry: None) -> None:
    with pytest.raises(PluginError, match=r"^the head 'mute' does not define output$"):

        @register("mute")
        class Mute(Head):
            """Answer nothing."""

            def apply(self, features: Any, outputs: int) -> Any:
                """Return nothing."""

    assert find("head", "mute") is None


def test_inside_a_plugin_names_carry_its_name(registry: None) -> None:
    with namespace("acme"):
        cls = register("fake")(fake_schedule())
        with namespace("inner"):
            register("fake")(fake_schedule())
    outside = register("fake")(fake_schedule())
    assert find("schedule", "acme.fake") is cls
    assert find("schedule", "inner.fake") is not None
    assert find("schedule", "fake") is outside
    assert cls.type_name == "acme.fake"


def test_a_plugin_that_fails_gives_its_name_back(registry: None) -> None:
    with pytest.raises(RuntimeError), namespace("acme"):
        raise RuntimeError("broken")
    assert register("fake")(fake_schedule()).type_name == "fake"


def test_components_nest_in_every_position() -> None:
    spelled = {
        "first": {"type": "residual", "body": [{"type": "repeat", "times": 2, "body": [{"type": "batch_norm"}]}]},
        "rest": [{"type": "flatten"}, {"type": "parallel", "branches": [[{"type": "dense", "units": 3}], []]}],
        "maybe": {"type": "dropout", "rate": 0.1},
        "named": {"a": {"type": "activation", "function": "gelu"}},
    }
    chain = Chain.model_validate(spelled)
    assert chain.first.body[0].times == 2  # type: ignore[attr-defined]
    assert chain.rest[1].branches[0][0].units == 3  # type: ignore[attr-defined]
    full = chain.model_dump(mode="json")
    assert full["first"]["body"][0]["body"] == [{"type": "batch_norm", "momentum": 0.99, "epsilon": 0.001}]
    assert full["first"]["shortcut"] == []
    assert full["maybe"] == {"type": "dropout", "rate": 0.1}
    assert Chain.model_validate(full) == chain


def test_mistakes_of_nested_components_carry_their_path() -> None:
    value = {
        "first": {"type": "residual", "body": [{"type": "conv2d", "filters": -3}, {"type": "cnov2d"}]},
        "rest": [{"type": "parallel", "branches": [[], [{"type": "dense", "units": "x", "bias": True}]]}],
        "maybe": None,
        "named": {"a": {"type": "dropout", "rate": 1.0}},
    }
    assert wrong(Chain, value) == [
        "first.body.0.filters: should be greater than 0 (got -3)",
        "first.body.1.type: no layer is named 'cnov2d'; did you mean 'conv2d'?",
        "rest.0.branches.1.0.units: should be a whole number (got 'x')",
        "rest.0.branches.1.0.bias: no field is named 'bias'; did you mean 'use_bias'?",
        "named.a.rate: should be less than 1 (got 1.0)",
    ]


def test_a_component_that_is_one_already_is_taken_as_it_is() -> None:
    layer = parse_component(Layer, {"type": "flatten"})
    assert Chain(first=layer).first is layer


def test_a_component_of_another_kind_is_none() -> None:
    schedule = parse_component(Schedule, {"type": "constant"})
    assert mistake(schedule).startswith(": should be a mapping with the key 'type', such as {type: ")


def test_the_mapping_that_spells_a_component_is_left_as_it_was() -> None:
    value = {"type": "dense", "units": 3}
    parse_component(Layer, value)
    assert value == {"type": "dense", "units": 3}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("cosine", ": should be a mapping with the key 'type', such as {type: cosine} (got 'cosine')"),
        ("cosin", ": should be a mapping with the key 'type', such as {type: cosine} (got 'cosin')"),
        ("zzz", f": {FIRST} (got 'zzz')"),
        (None, f": {FIRST} (got null)"),
        ([{"type": "cosine"}], f": {FIRST} (got a list of 1)"),
        ({}, ": needs the key 'type': which schedule is it?"),
        ({"warmup": 0.1}, ": needs the key 'type': which schedule is it?"),
        ({"tpye": "cosine", "warmup": 0.1}, "tpye: no field is named 'tpye'; did you mean 'type'?"),
        ({"Type": "cosine"}, "Type: no field is named 'Type'; did you mean 'type'?"),
        ({"warmup": 0.1, "name": "cosine"}, "name: no field is named 'name'; did you mean 'type'?"),
        ({"type": "cosin"}, "type: no schedule is named 'cosin'; did you mean 'cosine'?"),
        ({"type": "Cosine"}, "type: no schedule is named 'Cosine'; did you mean 'cosine'?"),
        ({"type": "zzz"}, f"type: no schedule is named 'zzz'; there are {SCHEDULES}"),
        ({"type": ""}, f"type: no schedule is named ''; there are {SCHEDULES}"),
        ({"type": "{kind}"}, f"type: no schedule is named '{{kind}}'; there are {SCHEDULES}"),
        ({"type": "z" * 100}, f"type: no schedule is named '{'z' * 60}...'; there are {SCHEDULES}"),
        ({"type": 3}, "type: should be the name of a schedule (got 3)"),
        ({"type": None}, "type: should be the name of a schedule (got null)"),
        ({"type": ["cosine"]}, "type: should be the name of a schedule (got ['cosine'])"),
        ({"type": "acme.zzz"}, f"type: no schedule is named 'acme.zzz'; {ASK_FOR_ACME}"),
        ({"type": ".zzz"}, f"type: no schedule is named '.zzz'; there are {SCHEDULES}"),
        ({"type": "cosine", "wramup": 0}, "wramup: no field is named 'wramup'; did you mean 'warmup'?"),
    ],
)  # fmt: skip
def test_a_component_that_is_not_spelled_right_is_named(value: Any, expected: str) -> None:
    assert mistake(value, Schedule) == expected


def test_a_component_without_fields_says_so() -> None:
    from kerascnn.spec import Layer

    assert mistake({"type": "flatten", "warmup": 0}, Layer) == "warmup: no field is named 'warmup'; it has no fields"


def test_a_vowel_has_its_article() -> None:
    from kerascnn.spec import Optimizer

    assert mistake({"type": 3}, Optimizer) == "type: should be the name of an optimizer (got 3)"


def test_a_plugin_that_lacks_the_name_says_what_it_has(registry: None) -> None:
    with namespace("acme"):
        register("wave")(fake_schedule())
    expected = "type: no schedule is named 'acme.zzz'; there are acme.wave"
    assert mistake({"type": "acme.zzz"}, Schedule) == expected


def test_the_file_name_of_a_folder_of_components_is_no_component() -> None:
    assert find("layer", "stock") is None
    assert find("layer", "__init__") is None


@pytest.mark.parametrize("name", ["../os", "os.path", "a.b.c", ".", "..", "a\0b", "é", "class", "x" * 10_000])
def test_an_odd_name_is_no_component_and_imports_nothing(name: str) -> None:
    assert find("source", name) is None
    assert mistake({"type": name}, Source).startswith("type: no source is named ")


def test_a_broken_plugin_is_named_with_its_reason_where_it_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(plugins._broken, "acme", "ImportError: no module named torch")
    value = {"first": {"type": "flatten"}, "rest": [{"type": "acme.thing"}, {"type": "dropout", "rate": 2}]}
    assert wrong(Chain, value) == [
        "rest.0.type: the plugin 'acme' of 'acme.thing' cannot be used: ImportError: no module named torch",
        "rest.1.rate: should be less than 1 (got 2)",
    ]


def test_every_component_is_known_by_the_name_that_it_is_registered_under() -> None:
    from kerascnn.spec.kinds import KINDS

    for kind in KINDS:
        for name, cls in components(kind).items():
            assert (cls.type_name, cls.kind) == (name, kind)


def test_class_variables_are_no_parameters(registry: None) -> None:
    @register("fake")
    class Fake(Source):
        """Give nothing."""

        gives: ClassVar[str] = "text"
        paths: ClassVar[tuple[str, ...]] = ("path",)

        path: str

        def scan(self) -> Any:
            """Return nothing."""

    assert mistake({"type": "fake", "path": "x", "gives": "image"}, Source).startswith("gives: no field is named")
    assert Fake(path="x").spell() == {"type": "fake", "path": "x"}
