"""What a training can begin with: nothing, weights that Keras publishes and that lie on this computer, or a run."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic import ValidationError

from kerascnn.errors import KerasCnnError
from kerascnn.evaluation.names import say_name
from kerascnn.runs.folder import RunFolder, figures, list_runs
from kerascnn.spec import plugins
from kerascnn.spec.component import components, find, parse_component
from kerascnn.spec.data import Pretrained
from kerascnn.spec.kinds import Backbone, Task
from kerascnn_dashboard.logic.home import Home
from kerascnn_dashboard.logic.models import name_of
from kerascnn_dashboard.logic.project import Project

_MOST_RUNS = 12
_TF = "weights_tf_dim_ordering_tf_kernels"
_CARRIED = {"image": ("image_size", "resize"), "series": ("length",), "audio": ("audio",), "text": ("text", "length")}
"""What of the section `data` a network was made for."""
_WIDTHS = {1.0: "1_0", 0.75: "7_5", 0.5: "5_0", 0.25: "2_5"}


@dataclass(frozen=True)
class Start:
    """One thing to begin with."""

    id: str
    """For addresses and widgets: "nothing", "published:BUILDER" or "run:PATH"."""
    title: str
    about: str
    backbone: Mapping[str, Any] = field(default_factory=dict)
    """What stands in `model.backbone`; {}: what the template says."""
    preprocess: Mapping[str, Any] | None = None
    """What stands in `model.preprocess`; None: what the template says."""
    head: Mapping[str, Any] = field(default_factory=dict)
    """What stands in `model.head`, where its task is the same; {}: what the template says."""
    data: Mapping[str, Any] = field(default_factory=dict)
    """What of the section `data` the network was made for, such as `image_size`."""
    published: bool = False


NOTHING = Start("nothing", "Nothing", "The network learns from your data alone.")


def starts(home: Home, task: str) -> list[Start]:
    """Return what a training of this task can begin with; nothing is always the first."""
    reads = _reads(task)
    return [NOTHING, *_published(reads), *_runs(home, task, reads)] if reads else [NOTHING]


def published_file(published: Pretrained) -> str:
    """Return the name under which Keras keeps published weights without their head.

    >>> published_file(Pretrained("ResNet50", "caffe"))
    'resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5'
    """
    name, lower = published.builder, published.builder.lower()
    alpha = float(published.arguments.get("alpha", 1.0))
    if name == "MobileNet":
        return f"mobilenet_{_WIDTHS.get(alpha, '2_5')}_224_tf_no_top.h5"
    if name == "MobileNetV2":
        return f"mobilenet_v2_{_TF}_{alpha}_224_no_top.h5"
    if name.startswith("MobileNetV3"):
        small = "_minimalistic" if published.arguments.get("minimalistic") else ""
        return f"weights_mobilenet_v3_{lower[11:]}{small}_224_{alpha}_float_no_top_v2.h5"
    if name.startswith("EfficientNetV2"):
        return f"efficientnetv2-{lower[14:]}_notop.h5"
    if name.startswith("EfficientNet"):
        return f"{lower}_notop.h5"
    if name.startswith("ConvNeXt"):
        return f"convnext_{lower[8:]}_notop.h5"
    return f"{'inception_v3' if name == 'InceptionV3' else lower}_{_TF}_notop.h5"


def published_folder() -> Path:
    """Return the folder in which Keras keeps published weights."""
    base = Path(os.environ.get("KERAS_HOME") or Path("~", ".keras")).expanduser()
    return base / "models"


def _reads(task: str) -> str:
    plugins.load_all()
    cls: Any = find("task", task)
    return str(cls.reads) if cls is not None and issubclass(cls, Task) else ""


def _published(reads: str) -> Iterator[Start]:
    """Yield the published weights whose file is there. Nothing is fetched."""
    folder, seen = published_folder(), set()
    if not folder.is_dir():
        return
    for spelled, published in _known():
        if _backbone_reads(spelled) != reads or published in seen:
            continue
        seen.add(published)
        if not (folder / published_file(published)).is_file():
            continue
        told = "".join(f", {name} {value:g}" for name, value in published.arguments.items())
        yield Start(
            f"published:{published.builder}{told}",
            f"{published.builder}{told}, trained on ImageNet",
            "Weights that Keras publishes, learnt from 1.3 million photographs; their file is on this computer.",
            {**spelled, "weights": "imagenet"},
            {},
            data={"image_size": [224, 224], "resize": "resize_crop"} if reads == "image" else {},
            published=True,
        )


@cache
def _known() -> tuple[tuple[dict[str, Any], Pretrained], ...]:
    """Return each network that weights are published for: as it is spelled, by its defaults and one choice changed."""
    found = []
    for name, cls in components("backbone").items():
        if cls.pretrained is Backbone.pretrained:  # type: ignore[attr-defined]
            continue
        for given in _choices(cls):
            try:
                backbone = parse_component(Backbone, {"type": name, **given})  # type: ignore[type-abstract]
                published = backbone.pretrained()
            except (ValidationError, KerasCnnError):
                continue
            if published is not None:
                found.append(({"type": name, **given}, published))
    return tuple(found)


def _choices(cls: Any) -> Iterator[dict[str, Any]]:
    yield {}
    for field_name, info in cls.model_fields.items():
        if get_origin(info.annotation) is Literal:
            for value in get_args(info.annotation):
                yield {field_name: value}


def _backbone_reads(spelled: Mapping[str, Any]) -> str:
    cls: Any = find("backbone", str(spelled.get("type", "")))
    return str(cls.reads) if cls is not None else ""


def _runs(home: Home, task: str, reads: str) -> list[Start]:
    """Return the finished runs of all projects that learnt from this kind of data, the last ones first."""
    found: list[tuple[float, Start]] = []
    for project in home.projects():
        if not isinstance(project, Project):
            continue
        for run in list_runs(project.runs):
            try:
                start = _of_run(project, run, task, reads)
                if start is not None:
                    found.append((float(run.about().get("created") or 0.0), start))
            except (KerasCnnError, KeyError, TypeError, ValueError):
                continue  # a run that cannot be read is nothing to begin with
    return [start for _, start in sorted(found, key=lambda pair: -pair[0])[:_MOST_RUNS]]


def _of_run(project: Project, run: RunFolder, task: str, reads: str) -> Start | None:
    if run.state.state != "done" or not (run.path / "model.keras").is_file():
        return None
    spec = run.read("spec.resolved.json")
    if _reads(spec["task"]["type"]) != reads:
        return None
    preprocess = {name: value for name, value in spec["model"]["preprocess"].items() if value is not None}
    embedding = preprocess.pop("embedding", None)
    if reads == "text":  # what words mean is learnt in front of the backbone
        how = embedding if isinstance(embedding, Mapping) else {"size": embedding}
        preprocess["embedding"] = {**how, "path": str(run.path.resolve())}
    if reads == "image":
        preprocess.pop("normalize", None)  # the weights say it
    data = {name: spec["data"][name] for name in _CARRIED.get(reads, ()) if spec["data"].get(name) is not None}
    if reads == "image" and "image_size" not in data:
        data["image_size"] = run.read("input.json")["size"]
    best = figures(run.best())
    held = next((name for name in best if name.startswith("val_") and name != "val_loss"), "")
    told = f"; {say_name(held.removeprefix('val_'))} {best[held]:.3g}" if held else ""
    return Start(
        f"run:{run.path}",
        f"{name_of(run)} of {project.facts().title}",
        f"What that training learnt ({run.id}{told}) is carried over to the new data.",
        {**spec["model"]["backbone"], "weights": str(run.path.resolve())},
        preprocess,
        spec["model"]["head"] if spec["task"]["type"] == task else {},
        data,
    )
