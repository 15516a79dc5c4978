"""The JSON Schema is sound, whole, and agrees with the validator."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest

from kerascnn.spec import components, load_spec
from kerascnn.spec.kinds import KINDS
from kerascnn.spec.schema import json_schema
from kerascnn.templates_list import find_template


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    return json_schema()


def test_it_is_valid_under_draft_2020_12_and_is_json(schema: dict[str, Any]) -> None:
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert json.loads(json.dumps(schema)) == schema


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_one_of_its_components(schema: dict[str, Any], kind: str) -> None:
    names = {entry["$ref"].removeprefix(f"#/$defs/{kind}.") for entry in schema["$defs"][kind].get("oneOf", [])}
    assert names == set(components(kind))


@pytest.mark.parametrize("kind", KINDS)
def test_each_component_has_descriptions_and_defaults(schema: dict[str, Any], kind: str) -> None:
    for name, cls in components(kind).items():
        definition = schema["$defs"][f"{kind}.{name}"]
        assert definition["description"]
        assert definition["properties"]["type"]["const"] == name
        assert definition["additionalProperties"] is False
        for field, info in cls.model_fields.items():
            entry = definition["properties"][field]
            assert entry["description"], f"{kind} {name}.{field}"
            assert (field in definition["required"]) == info.is_required()
            if info.default_factory is None and not info.is_required():
                assert "default" in entry, f"{kind} {name}.{field}"


def test_ranges_of_fields_stand_in_the_schema(schema: dict[str, Any]) -> None:
    filters = schema["$defs"]["layer.conv2d"]["properties"]["filters"]
    assert (filters["type"], filters["exclusiveMinimum"]) == ("integer", 0)
    assert schema["$defs"]["augmentation.random_flip"]["properties"]["mode"]["enum"] == [
        "horizontal",
        "vertical",
        "both",
    ]


def test_no_reference_leads_nowhere(schema: dict[str, Any]) -> None:
    def references(value: Any) -> list[str]:
        if isinstance(value, dict):
            own = [value["$ref"]] if "$ref" in value else []
            assert "x-kind" not in value
            return own + [found for item in value.values() for found in references(item)]
        return [found for item in value for found in references(item)] if isinstance(value, list) else []

    found = references(schema)
    assert found
    assert {reference.removeprefix("#/$defs/") for reference in found} <= set(schema["$defs"])


@pytest.mark.parametrize(
    "overrides",
    [
        {"model.backbone": {"type": "lenet", "activation": "tahn"}},
        {"train.stages.0.learning_rate": -1},
        {"train.stages.0.epochs": "ten"},
        {"data.image_size": [28]},
        {"augment": [{"type": "random_flp"}]},
        {"nmae": "x"},
    ],
)
def test_what_the_validator_refuses_the_schema_refuses(schema: dict[str, Any], overrides: dict[str, Any]) -> None:
    tree = load_spec(find_template("lenet5")).spell()
    for path, value in overrides.items():
        here: Any = tree
        *parts, last = path.split(".")
        for part in parts:
            here = here[int(part)] if part.isdecimal() else here[part]
        here[last] = value
    assert not jsonschema.Draft202012Validator(schema).is_valid(tree)
