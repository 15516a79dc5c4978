"""The command that says where answers come from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kerascnn.cli.options import AsJson, RunName, RunsFolder

if TYPE_CHECKING:
    from kerascnn.engine.explain import Explanation


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(explain)


def explain(
    run: RunName,
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="PATH...", help="Pictures, texts (.txt), sounds (.wav) or series (.npy, .csv), or folders."
        ),
    ] = None,
    show: Annotated[
        str,
        typer.Option(
            metavar="WHAT",
            help="maps; or features (of a layer), filters (of a convolution), best (pictures that a class or a layer "
            "answers to most), pca or tsne (all elements as points).",
        ),
    ] = "maps",
    method: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="grad_cam, hires_cam, saliency, smooth_grad, integrated_gradients, occlusion, attention_rollout, or a "
            "plugin's.",
        ),
    ] = "grad_cam",
    label: Annotated[
        str | None, typer.Option("--class", metavar="NAME", help="The class to explain; left out: the answer's.")
    ] = None,
    layer: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="For class activation maps, features and filters: a feature such as P4, or a layer."
        ),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="A parameter of the method, e.g. steps=100. Repeatable."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where pictures go; left out: explanations in the run's folder.")
    ] = None,
    runs: RunsFolder = Path("runs"),
    as_json: AsJson = False,
) -> None:
    """Show where in pictures, texts, series or sounds a run's answers come from.

    Writes a PNG for each with its map over it, of a text a page of HTML. No file that is there is changed. With --show
    it shows what is inside the network instead.
    """
    if show != "maps":
        _view(
            run,
            paths or [],
            show,
            layer,
            output,
            runs,
            as_json=as_json,
            label=label,
            others=method != "grad_cam" or bool(settings),
        )
        return
    from kerascnn.cli.loading import announce_keras
    from kerascnn.cli.output import document, result, table
    from kerascnn.errors import DataError
    from kerascnn.runs.folder import RunFolder

    folder = RunFolder.find(run, runs)
    chosen = _method(method, layer, settings or [])
    announce_keras()
    from kerascnn.engine.explain import Explaining, make_explainer
    from kerascnn.engine.explain_files import write
    from kerascnn.engine.predict import Predictor

    explainer = make_explainer(chosen)
    explaining = Explaining(Predictor(folder), explainer, label)
    found, count = explaining.files(paths or [])
    target = output or folder.path / "explanations"
    rows: list[tuple[Explanation, Path]] = []
    bad: list[tuple[str, str]] = []
    for one in found:
        if isinstance(one, tuple):
            bad.append(one)
        else:
            rows.append((one, write(one, explainer, target)))
    if as_json:
        document([one.as_dict() | {"method": explainer.spell(), "file": str(file.resolve())} for one, file in rows])
    elif rows:
        cells = [
            [one.path, one.label, "-" if one.value is None else f"{one.value:.4f}", str(file.resolve())]
            for one, file in rows
        ]
        result(table(["file", "explained", "value", "written"], cells))
    if bad:
        raise DataError(f"{len(bad)} of {count} files cannot be read", bad)


def _method(name: str, layer: str | None, settings: list[str]) -> dict[str, Any]:
    """Return the method as it would stand in a spec. Raises UsageError."""
    return {"type": name, **({"layer": layer} if layer is not None else {}), **settings_of(settings, "steps=100")}


def settings_of(settings: list[str], example: str) -> dict[str, Any]:
    """Return what NAME=VALUE says, each once or more, as it would stand in a spec. Raises UsageError."""
    from kerascnn.errors import SpecError, UsageError
    from kerascnn.spec.yaml_text import read_yaml

    found: dict[str, Any] = {}
    for setting in settings:
        key, equals, text = setting.partition("=")
        if not equals or not key.strip():
            raise UsageError(f"--set {setting}: should be NAME=VALUE, such as {example}")
        try:
            found[key.strip()] = read_yaml(text, "--set").value
        except SpecError as error:
            raise UsageError(f"--set {setting}: {error.issues[0].message}") from None
    return found


def _view(
    run: str,
    paths: list[Path],
    show: str,
    layer: str | None,
    output: Path | None,
    runs: Path,
    *,
    as_json: bool,
    label: str | None,
    others: bool,
) -> None:
    from kerascnn.cli.loading import announce_keras
    from kerascnn.cli.output import document, result, table
    from kerascnn.errors import DataError, UsageError
    from kerascnn.runs.folder import RunFolder

    if show not in ("features", "filters", "best", "pca", "tsne"):
        raise UsageError(f"--show {show}: should be maps, features, filters, best, pca or tsne")
    for wrong, option in [
        (others, "--method and no --set"),
        (label is not None and (show != "best" or layer is not None), "--class" + " beside --layer" * (show == "best")),
        (layer is not None and show in ("pca", "tsne"), "--layer"),
    ]:
        if wrong:
            raise UsageError(f"--show {show} takes no {option}")
    folder = RunFolder.find(run, runs)
    announce_keras()
    from kerascnn.engine.explain_views import Views
    from kerascnn.engine.predict import Predictor

    views = Views(Predictor(folder), output or folder.path / "explanations")
    if show == "filters":
        found = [views.filters(layer)]
    elif show == "best":
        found = [views.best(label, layer)]
    elif show == "features":
        found = list(views.features(paths, layer))
    else:
        points = views.points(paths, show)
        found = [points] if points else []
    if as_json:
        document([{"about": one.about, "files": [str(file.resolve()) for file in one.files]} for one in found])
    elif found:
        result(table(["about", "written"], [[one.about, str(file.resolve())] for one in found for file in one.files]))
    if views.bad:
        raise DataError(f"{len(views.bad)} files cannot be read", views.bad)
