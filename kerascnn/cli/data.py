"""`kerascnn data`: check a spec's data, write its split, look at its augmentation; it trains nothing."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from kerascnn.cli.options import AsJson, Setting
from kerascnn.cli.output import document, note, result, table

if TYPE_CHECKING:
    from kerascnn.engine.data import Dataset
    from kerascnn.spec import Spec

SpecOrFolder = Annotated[
    Path, typer.Argument(metavar="SPEC|DIR", help="A spec, or a folder with a folder for each class.")
]


class _CheckFirst(TyperGroup):
    """`kerascnn data SPEC` is `kerascnn data check SPEC`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the command in that is not named."""
        if args and args[0] not in {*self.commands, "--help", "-h"}:
            args = ["check", *args]
        return super().parse_args(ctx, args)


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    data = typer.Typer(cls=_CheckFirst, no_args_is_help=True, help=_HELP)
    data.command()(check)
    data.command()(split)
    data.command()(preview)
    app.add_typer(data, name="data")


_HELP = "Look at the data of a spec: `kerascnn data SPEC|DIR` checks it."


def check(
    spec: SpecOrFolder,
    settings: Setting = None,
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="Write a page with pictures, too.")] = None,
    as_json: AsJson = False,
) -> None:
    """Read and check the data of a spec.

    Every sample is read once. Findings are errors, which stop a training unless `data.allow` names them and end this
    command with exit code 3, warnings or notes.
    """
    loaded, found = _load(spec, settings or ())
    facts = _facts(loaded, found)
    if html is not None:
        from kerascnn.engine.data_page import write_data_page

        write_data_page(html, loaded, found, facts)
    if as_json:
        document(facts)
    else:
        _print(facts, found)
    if html is not None:
        note(f"wrote {html}")
    found.refuse_errors(loaded.data.allow)


def split(
    spec: SpecOrFolder,
    settings: Setting = None,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The CSV file to write.")] = Path("split.csv"),
) -> None:
    """Write which sample is in which split, for `data.split.file`.

    A row for each sample: id, content hash, split, and where there are any its class, group and fold.
    """
    _, found = _load(spec, settings or ())
    from kerascnn.engine.data import write_split

    write_split(out, found)
    sizes = ", ".join(f"{count} {name}" for name, count in found.sizes.items())
    result(f"{out}: {sizes}")


def preview(
    spec: SpecOrFolder,
    settings: Setting = None,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The PNG file to write.")] = Path("preview.png"),
    samples: Annotated[int, typer.Option(min=1, max=64, help="Training pictures, a row each.")] = 8,
    variants: Annotated[int, typer.Option(min=1, max=32, help="Augmented versions of each.")] = 6,
) -> None:
    """Write a grid of training pictures before and after the spec's augmentation.

    The first column is the picture as the model would get it; the others are what training would make of it in
    its first passes.
    """
    loaded, found = _load(spec, settings or ())
    from kerascnn.engine.preview import write_preview

    write_preview(out, loaded, found, samples, variants)
    result(f"{out}: {min(samples, found.sizes['train'])} training pictures, {variants} augmented versions of each")


def _load(path: Path, settings: Sequence[str]) -> tuple[Spec, Dataset]:
    from kerascnn.spec import load_spec

    loaded = _spec_of_folder(path, settings) if path.is_dir() else load_spec(path, settings)
    from kerascnn.cli.progress import make_progress
    from kerascnn.engine.data import load_data

    progress = make_progress()
    try:
        return loaded, load_data(loaded, progress, keep=False)
    finally:
        progress.close()


def _facts(spec: Spec, found: Dataset) -> dict[str, Any]:
    from kerascnn.engine.picture_facts import spread
    from kerascnn.spec.lint import Known, lint

    advice = [said.finding() for said in lint(spec, Known(found.info, found.findings))]
    return {
        "samples": len(found.manifest),
        "quarantined": found.parts.count("quarantine"),
        "shape": list(found.info.shape),
        "sizes": found.sizes,
        "elements": spread(found.manifest),
        "counts": {part: dict(counts) for part, counts in found.info.counts.items()},
        "fingerprint": found.fingerprint,
        "notes": list(found.notes),
        "findings": [finding.as_dict() for finding in [*found.findings, *advice]],
    }


def _print(facts: dict[str, Any], found: Dataset) -> None:
    from kerascnn.errors import counted
    from kerascnn.spec import Finding

    splits = list(facts["sizes"])
    rows = [[label, *(str(facts["counts"][s][label]) for s in splits)] for label in found.info.labels]
    rows = [*(rows if any(any(counts.values()) for counts in facts["counts"].values()) else [])]
    rows.append(["all", *(str(facts["sizes"][s]) for s in splits)])
    result(table(["class", *splits], rows))
    result("")
    result(f"{counted(facts['samples'], found.elements.noun, found.elements.plural)}, as the model takes them: "
           f"{' x '.join(map(str, facts['shape']))}")  # fmt: skip
    if facts["elements"]:
        result(_spread(facts["elements"]))
    result(f"fingerprint {facts['fingerprint']}")
    for line in facts["findings"]:
        result(f"{line['severity']}: {line['id']}: {Finding(**{**line, 'samples': tuple(line['samples'])})}")
    for text in found.notes:
        note(text)


def _spread(elements: dict[str, Any]) -> str:
    """Return a line on sizes, shapes and formats."""
    said = []
    for key, name in (("height", "height"), ("width", "width"), ("aspect_ratio", "width / height")):
        low, middle, high = elements[key]
        said.append(f"{name} {low:g}" if low == high else f"{name} {low:.4g} to {high:.4g} (median {middle:.4g})")
    formats = ", ".join(f"{count} {name}" for name, count in elements["formats"].items())
    return f"{'; '.join(said)}; {formats}"


def _spec_of_folder(folder: Path, settings: Sequence[str]) -> Spec:
    """Return a spec that reads a folder of class folders."""
    from kerascnn.spec.load import parse_spec
    from kerascnn.templates_list import find_template

    text = find_template("simple_cnn").read_text("utf-8")
    source = json.dumps({"type": "image_folder", "path": str(folder)})
    return parse_spec(text, "simple_cnn.yaml", [f"data.source={source}", *settings])
