"""Write docs/reference.md and docs/cli.md from the code. Run: python docs/generate.py (`make reference`)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from kerascnn.spec import components
from kerascnn.spec.component import Component
from kerascnn.spec.describe import field_docs
from kerascnn.spec.kinds import KINDS
from kerascnn.spec.schema import json_schema
from kerascnn.spec.search import Parameter, SpecSweep
from kerascnn.spec.section import Section
from kerascnn.spec.spec import (
    Audio,
    Data,
    Evaluate,
    Lint,
    Model,
    Preprocess,
    Spec,
    Spectrogram,
    Split,
    SplitLists,
    Text,
)
from kerascnn.spec.training import Stage, Train

HERE = Path(__file__).parent
SECTIONS: dict[str, type[Section]] = {
    "the spec": Spec,
    "data": Data,
    "data.text": Text,
    "data.audio": Audio,
    "data.split": Split,
    "data.split.lists": SplitLists,
    "model": Model,
    "model.preprocess": Preprocess,
    "model.preprocess.spectrogram": Spectrogram,
    "train": Train,
    "train.stages.N": Stage,
    "evaluate": Evaluate,
    "lint": Lint,
    "sweep": SpecSweep,
    "sweep.parameters.*": Parameter,
}
COMMANDS = [
    [], ["init"], ["templates"], ["validate"], ["summary"], ["data"], ["data", "check"], ["data", "split"],
    ["data", "preview"], ["train"], ["evaluate"], ["predict"], ["explain"], ["export"], ["failures"], ["calibrate"],
    ["robustness"], ["report"], ["runs"], ["runs", "list"], ["runs", "show"], ["runs", "resume"], ["runs", "compare"],
    ["ensemble"], ["sweep"], ["worker"], ["queue"], ["queue", "list"], ["queue", "move"], ["queue", "cancel"],
    ["queue", "release"],
    ["queue", "rebuild"], ["schema"], ["plugins"], ["plugins", "list"], ["plugins", "new"], ["plugins", "check"],
    ["ui"], ["doctor"],
]  # fmt: skip


def reference() -> str:
    """Return the reference of sections and components."""
    definitions = json_schema()["$defs"]
    lines = ["# Reference", "", "Made from the code by `make reference`.", "", "## Sections of a spec", ""]
    for name, section in SECTIONS.items():
        lines += [
            f"### {name}",
            "",
            *_text(section),
            *_fields(section, definitions.get(section.__name__, {})),
            "",
        ]
    for kind in KINDS:
        lines += [f"## {kind.capitalize()}", "", *_text(KINDS[kind])[:1], ""]
        for name, cls in components(kind).items():
            lines += [
                f"### {kind} `{name}`",
                "",
                *_text(cls),
                *_fields(cls, definitions[f"{kind}.{name}"]),
                "",
            ]
    return "\n".join(lines).rstrip() + "\n"


def cli() -> str:
    """Return the help of every command."""
    lines = ["# Command line", "", "Made from the code by `make reference`.", ""]
    for command in COMMANDS:
        said = subprocess.run(
            [sys.executable, "-m", "kerascnn", *command, "--help"], capture_output=True, text=True, check=True,
            env={"COLUMNS": "80", "NO_COLOR": "1", "PATH": ""},
        )  # fmt: skip
        text = said.stdout.replace("python -m kerascnn", "kerascnn").rstrip()
        lines += [f"## {' '.join(['kerascnn', *command])}", "", "```", text, "```", ""]
    return "\n".join(lines).rstrip() + "\n"


def _text(cls: type[Any]) -> list[str]:
    doc = (cls.__doc__ or "").strip().split("\n")
    return ["\n".join(line.removeprefix("    ") for line in doc), ""]


def _fields(cls: type[Section], schema: dict[str, Any]) -> list[str]:
    if not cls.model_fields:
        return ["No parameters."] if issubclass(cls, Component) else []
    lines = ["| parameter | value | default | meaning |", "|---|---|---|---|"]
    properties = schema.get("properties") or json_schema()["properties"]
    for name, info in cls.model_fields.items():
        entry = properties[name]
        default = "required" if info.is_required() else f"`{_short(entry.get('default', '...'))}`"
        meaning = " ".join(field_docs(cls).get(name, "").split()).replace("|", "\\|")
        lines.append(f"| `{name}` | {_value(entry)} | {default} | {meaning} |")
    return lines


def _value(entry: dict[str, Any]) -> str:
    if "enum" in entry:
        return " ".join(f"`{item}`" for item in entry["enum"])
    if "const" in entry:
        return f"`{entry['const']}`"
    if "$ref" in entry:
        target = entry["$ref"].removeprefix("#/$defs/")
        return f"one {target}" if target in KINDS else "section, see below"
    if "anyOf" in entry:
        return " or ".join(_value(option) for option in entry["anyOf"])
    if entry.get("type") == "array":
        if "prefixItems" in entry:
            return f"[{', '.join(_value(item) for item in entry['prefixItems'])}]"
        inner = _value(entry["items"])
        return f"list of {inner.removeprefix('one ')}s" if inner.startswith("one ") else f"list of {inner}"
    words = {
        "integer": "whole number",
        "number": "number",
        "string": "text",
        "boolean": "true or false",
        "null": "nothing",
        "object": "mapping",
    }
    bounds = [
        text.format(entry[key])
        for key, text in (
            ("minimum", "from {}"), ("exclusiveMinimum", "above {}"),
            ("maximum", "to {}"), ("exclusiveMaximum", "below {}"),
        )
        if key in entry
    ]  # fmt: skip
    return " ".join([words.get(str(entry.get("type")), "value"), *bounds])


def _short(value: Any) -> str:
    import json

    return "nothing" if value is None else json.dumps(value)


def main() -> None:
    """Write both files."""
    (HERE / "reference.md").write_text(reference(), "utf-8")
    (HERE / "cli.md").write_text(cli(), "utf-8")


if __name__ == "__main__":
    main()
