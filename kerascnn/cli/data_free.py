"""Commands that need no data and no keras, but for `summary`: init, templates, validate, schema, summary, doctor."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kerascnn.cli.options import AsJson, Setting
from kerascnn.cli.output import complain, document, note, result, table

if TYPE_CHECKING:
    from kerascnn.errors import Issue
    from kerascnn.spec import Spec


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(init)
    app.command()(templates)
    app.command()(validate)
    app.command()(summary)
    app.command()(schema)
    app.command()(doctor)


def init(
    template: Annotated[str, typer.Argument(help="A template's name; see `kerascnn templates`.")] = "lenet5",
    file: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="Where to write the spec.")] = Path(
        "spec.yaml"
    ),
    force: Annotated[bool, typer.Option("--force", help="Overwrite a file that is there.")] = False,
) -> None:
    """Write a spec to start from, and its schema."""
    import json

    from kerascnn.errors import UsageError
    from kerascnn.runs.atomic import write_text
    from kerascnn.spec.schema import json_schema
    from kerascnn.templates_list import find_template

    if file.exists() and not force:
        raise UsageError(f"{file} is there already; choose another file with --output, or say --force")
    if not file.parent.is_dir():
        raise UsageError(f"there is no folder {file.parent}")
    text = find_template(template).read_text("utf-8")
    schema_file = file.with_name("kerascnn.schema.json")
    write_text(schema_file, json.dumps(json_schema(), indent=1, ensure_ascii=False) + "\n")
    write_text(file, f"# yaml-language-server: $schema={schema_file.name}\n{text}")
    result(str(file))
    note(f"wrote {file} from the template '{template}', and {schema_file} for editors; next: kerascnn train {file}")


def templates(as_json: AsJson = False) -> None:
    """List the templates: specs to copy."""
    from kerascnn.templates_list import list_templates

    found = list_templates()
    if as_json:
        document([{"name": t.name, "task": t.task, "about": t.about, "path": str(t.path)} for t in found])
    else:
        result(table(["name", "task", "about"], [[t.name, t.task, t.about] for t in found]))


def validate(
    specs: Annotated[list[Path], typer.Argument(metavar="SPEC...", help="YAML or JSON specs.")],
    settings: Setting = None,
    as_json: AsJson = False,
) -> None:
    """Check specs without building anything.

    Names, types, ranges, and whether the parts fit; keras is not needed. Rules of good practice advise, and
    stop nothing; lint.ignore of a spec silences them by name."""
    from kerascnn.errors import SpecError
    from kerascnn.spec import load_spec

    reports: list[dict[str, Any]] = []
    for path in specs:
        try:
            spec = load_spec(path, settings or ())
        except SpecError as error:
            reports.append({"file": str(path), "valid": False, "errors": [_issue(issue) for issue in error.issues]})
            if not as_json:
                complain(error)
        else:
            advice = _advice(path, settings or (), spec)
            said = [{"rule": rule, **_issue(issue)} for rule, issue in advice]
            reports.append({"file": str(path), "valid": True, "errors": [], "advice": said})
            if not as_json:
                for rule, issue in advice:
                    note(f"{issue} (advice: {rule})")
                result(f"{path}: valid ({spec.task.type_name}: {spec.data.source.type_name}, "
                       f"{spec.model.backbone.type_name}, {spec.model.head.type_name})")  # fmt: skip
    if as_json:
        document(reports)
    if not all(report["valid"] for report in reports):
        raise typer.Exit(2)


def summary(
    specs: Annotated[list[Path], typer.Argument(metavar="SPEC...", help="YAML or JSON specs.")],
    settings: Setting = None,
    classes: Annotated[int | None, typer.Option(help="Number of classes, where the data is not there.", min=2)] = None,
    shape: Annotated[
        str | None,
        typer.Option("--input", metavar="H,W,C", help="Shape of a picture, where the data is not there."),
    ] = None,
    diagram: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Draw it: .svg, or .mmd or .md for Mermaid; `-` prints Mermaid."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show the network layer by layer, or compare several.

    Shapes, parameters, operations, memory, receptive fields and strides, and what memory a training step will need;
    nothing is trained, and no weight is made."""
    from kerascnn.cli.loading import announce_keras, at_spec
    from kerascnn.cli.summary import show_one, show_several
    from kerascnn.errors import UsageError
    from kerascnn.spec import load_spec

    if diagram is not None and len(specs) > 1:
        raise UsageError(f"--diagram draws one network (got {len(specs)} specs)")
    if diagram is not None and str(diagram) == "-" and as_json:
        raise UsageError("--diagram - and --json both print on stdout; give --diagram a file")
    loaded = [load_spec(path, settings or ()) for path in specs]
    announce_keras()
    from kerascnn.engine.describe import describe_input
    from kerascnn.engine.diagram import diagram as drawn
    from kerascnn.engine.diagram import mermaid, write_diagram
    from kerascnn.engine.summary import compare, summarize

    found = []
    for path, spec in zip(specs, loaded, strict=True):
        info = describe_input(spec, classes, shape)
        with at_spec(path, settings or ()):
            found.append(summarize(spec, info))
    if diagram is not None and str(diagram) != "-":
        write_diagram(found[0], diagram)
        note(f"wrote {diagram}")
    if len(specs) > 1:
        both = compare(loaded, found)
        if as_json:
            document(both)
        else:
            show_several([facts["name"] for facts in found], found, both["differences"]["spec"])
    elif as_json:
        document(found[0])
    elif str(diagram) == "-":
        result(mermaid(drawn(found[0])).rstrip())
    else:
        show_one(found[0])


def schema(
    output: Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write it to a file.")] = None,
) -> None:
    """Print the JSON Schema of specs.

    It is draft 2020-12, with the components that are installed."""
    import json

    from kerascnn.runs.atomic import write_text
    from kerascnn.spec.schema import json_schema

    text = json.dumps(json_schema(), indent=1, ensure_ascii=False)
    if output is None:
        result(text)
    else:
        write_text(output, text + "\n")
        result(str(output))


def doctor(as_json: AsJson = False) -> None:
    """Look at this machine and say what is wrong.

    Python, packages, backend, devices, memory, disk and plugins."""
    from kerascnn.cli.checkup import checkup

    findings = checkup()
    if as_json:
        document([finding.as_dict() for finding in findings])
    else:
        for finding in findings:
            result(f"{'ok  ' if finding.ok else 'FAIL'}  {finding.name}: {finding.text}")
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)


def _advice(path: Path, settings: Sequence[str], spec: Spec) -> list[tuple[str, Issue]]:
    """Return the names of the rules that speak, each with what it says at its place in the file."""
    from kerascnn.spec.lint import lint
    from kerascnn.spec.load import read_file, read_tree
    from kerascnn.spec.overrides import override
    from kerascnn.spec.tree import Place

    said = lint(spec)
    if not said:
        return []
    tree = read_tree(read_file(path), str(path))
    override(tree, settings)
    start = Place(str(path), 0, 0)
    return [(one.id, tree.issue(tree.place(one.path) or start, one.path, one.message)) for one in said]


def _issue(issue: Any) -> dict[str, Any]:
    return {
        "file": issue.file,
        "line": issue.line,
        "column": issue.column,
        "path": issue.path,
        "message": issue.message,
        "suggestion": issue.suggestion,
    }
