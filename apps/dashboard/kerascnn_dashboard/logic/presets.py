"""The three cards of the page Train: a quick, a balanced and a thorough spec for a version of the data.

Each is a template of the task, as its component names them, made to fit: the data, the size of pictures, the batch, the
number of rounds. With something to begin from it is fine-tuned in two stages, of which the quick one has the first.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kerascnn.errors import KerasCnnError, UsageError
from kerascnn.spec import plugins
from kerascnn.spec.component import find
from kerascnn.spec.kinds import Task
from kerascnn.spec.load import parse_spec
from kerascnn.templates_list import find_template, list_templates
from kerascnn_dashboard.logic.data_facts import DataFacts, data_facts
from kerascnn_dashboard.logic.estimates import estimate_of
from kerascnn_dashboard.logic.preset_sizes import batch_size, epochs, picture_size
from kerascnn_dashboard.logic.project import Project, Version
from kerascnn_dashboard.logic.spec_text import SpecText
from kerascnn_dashboard.logic.starts import NOTHING, Start

LEVELS = ("quick", "balanced", "thorough")
_TITLES = {"quick": "Quick", "balanced": "Balanced", "thorough": "Thorough"}
_ABOUT = {
    "quick": "A first answer within minutes, from a small network. Good to see whether the data can be learnt at all.",
    "balanced": "The sensible choice for most data. Ends by itself when it stops getting better.",
    "thorough": "Looks longer and closer, at more changed copies of your data. Start it when you can wait.",
}
_TUNED = {
    "quick": "Keeps what was learnt before as it is and learns only the answers. Done within minutes.",
    "balanced": "Learns the answers first, then adapts what was learnt before to your data, a little.",
    "thorough": "Learns the answers first, then adapts what was learnt before, with more time and more changed copies.",
}
_LONG_TEXT = 400
"""Words of a text that count, where many texts are longer."""
_KEPT = ("image_size", "resize", "color", "value_range", "text", "audio", "length")
"""What of a template's section `data` stays beside the version's."""


@dataclass(frozen=True)
class Preset:
    """One card."""

    name: str
    """quick, balanced or thorough."""
    title: str
    about: str
    text: str
    """A valid spec, with comments."""
    estimate: str = ""
    """How long it takes and what it needs, as far as that is known."""
    template: str = ""


def presets(project: Project, version: Version, facts: DataFacts | None = None, start: Start = NOTHING) -> list[Preset]:
    """Return the cards for a version of a project's data, at least one.

    `facts` are those of the version, looked up where they are left out. Raises UsageError where no template fits, with
    what is wrong with the nearest one.
    """
    names = templates_of(project.facts().task)
    known = data_facts(project, version) if facts is None else facts
    found, wrong = [], ""
    for level in LEVELS:
        template = names.get(level) or names.get("balanced") or next(iter(names.values()), "")
        if not template:
            continue
        try:
            text = preset_text(project, version, level, names, known, start)
            spec = parse_spec(text, "spec.yaml")
        except KerasCnnError as error:
            wrong = str(error)
            continue
        about = (_ABOUT if start.id == NOTHING.id else _TUNED)[level]
        if spec.task.reads == "text":
            about = about.replace("looks", "reads").replace("Looks", "Reads")
        found.append(Preset(level, _TITLES[level], about, text, estimate_of(project, text, known), template))
    if not found:
        why = f": {wrong}" if wrong else "; write the spec on the view YAML"
        raise UsageError(f"no template fits the task '{project.facts().task}' with the data {version.name}{why}")
    return found


def templates_of(task: str) -> dict[str, str]:
    """Return the templates of a task by what they are for; where it names none, the first that there is for it."""
    plugins.load_all()
    cls: Any = find("task", task)
    named = dict(cls.presets) if cls is not None and issubclass(cls, Task) else {}
    if not named:
        short = task.rpartition(".")[2]
        of_task = [one.name for one in list_templates() if one.task in (task, short)]
        named = {"balanced": of_task[0]} if of_task else {}
    return {level: str(name) for level, name in named.items() if level in LEVELS}


def preset_text(
    project: Project, version: Version, level: str, names: Mapping[str, str], facts: DataFacts, start: Start = NOTHING
) -> str:
    """Return the spec of a card. Raises KerasCnnError where the template cannot be read."""
    template = names.get(level) or names.get("balanced") or next(iter(names.values()))
    origin = find_template(template).read_text("utf-8")
    head = [f"# {_TITLES[level]}: from the template {template}, made to fit the data {version.name} of this project."]
    if start.id != NOTHING.id:
        head.append(f"# It begins with {' '.join(start.title.split())}.")
    spec = SpecText("\n".join([*head, _without_header(origin)]))
    reads = parse_spec(origin, f"{template}.yaml").task.reads
    spec.set("name", _name(project.name, level))
    # Where a card has the template of the balanced one, size and length alone tell them apart.
    alone = level != "balanced" and template == names.get("balanced", template)
    size = _size(spec, level, alone, facts, start)
    _scale_paddings(spec, size)
    _set_data(spec, version, reads, size, facts)
    _set_training(spec, level, alone, facts)
    _set_head(spec, version)
    if start.id != NOTHING.id:
        _begin_with(spec, start, level, facts)
    return spec.text


def _name(project: str, level: str) -> str:
    return f"{project[: 63 - len(level)]}-{level}"


def _without_header(text: str) -> str:
    """Return a template without its header, which speaks of other data."""
    return re.sub(r"\A(?:#[^\n]*\n|\s*\n)+", "", text)


def _size(spec: SpecText, level: str, alone: bool, facts: DataFacts, start: Start) -> Sequence[int]:
    if "image_size" in start.data:
        return [int(side) for side in start.data["image_size"]]
    usual = spec.get("data.image_size")
    most = max(usual) if usual else 64
    if alone:
        most = most // 2 if level == "quick" else most * 3 // 2
    shape = usual if usual else (most, most)
    return picture_size(most, facts, shape, least=64 if str(spec.get("task.type")) == "object_detection" else 32)


def _scale_paddings(spec: SpecText, size: Sequence[int]) -> None:
    """Let what is cut off pictures be as large a part of them as in the template."""
    usual = spec.get("data.image_size")
    for i, step in enumerate(spec.get("augment") or []):
        if usual and isinstance(step.get("padding"), int):
            spec.set(f"augment.{i}.padding", max(1, round(step["padding"] * max(size) / max(usual))))


def _set_data(spec: SpecText, version: Version, reads: str, size: Sequence[int], facts: DataFacts) -> None:
    """Put the version's data in the place of the template's."""
    for name in list(spec.get("data") or {}):
        if name not in ("source", *_KEPT) and name not in version.data:
            spec.remove(f"data.{name}")
    for name, value in version.data.items():
        spec.set(f"data.{name}", dict(value) if isinstance(value, Mapping) else value)
    if reads == "image":
        if "image_size" not in version.data:
            spec.set("data.image_size", list(size))
            if spec.get("model.preprocess.resize") is not None:
                spec.remove("model.preprocess.resize")
    elif reads == "text" and "length" not in version.data and str(spec.get("data.text.tokens") or "word") == "word":
        if spec.get("data.length") is not None:
            spec.remove("data.length")
        if facts.words > _LONG_TEXT:
            spec.set("data.length", _LONG_TEXT)


def _set_training(spec: SpecText, level: str, alone: bool, facts: DataFacts) -> None:
    """Let the batch and the rounds suit the number of samples; the validation split says which round is kept."""
    batch = batch_size(int(spec.get("train.batch_size") or 32), facts.samples)
    spec.set("train.batch_size", batch)
    monitor = spec.get("train.monitor")
    if monitor is not None and not str(monitor).startswith("val_"):
        spec.set("train.monitor", f"val_{monitor}")
    if spec.get("lint") is not None:
        spec.remove("lint")  # it was about the template's own data
    for i, stage in enumerate(spec.get("train.stages")):
        planned = int(stage.get("epochs", 10))
        spec.set(f"train.stages.{i}.epochs", epochs(planned, level, facts.samples, alone=alone))
    most = max(int(stage.get("epochs", 10)) for stage in spec.get("train.stages"))
    patience = int(spec.get("train.patience") or max(5, most // 4))
    spec.set("train.patience", min(patience, 8) if level == "quick" else patience)


def _set_head(spec: SpecText, version: Version) -> None:
    """Let a head that counts the numbers of each step have as many as the source names."""
    columns = version.data["source"].get("target_columns")
    if spec.get("model.head.values") is not None and isinstance(columns, list | tuple) and columns:
        spec.set("model.head.values", len(columns))


def _begin_with(spec: SpecText, start: Start, level: str, facts: DataFacts) -> None:
    """Let the training begin with weights: the head alone first, then all of it in small steps."""
    spec.set("model.backbone", dict(start.backbone))
    if start.preprocess is not None:
        if spec.get("model.preprocess") is not None:
            spec.remove("model.preprocess")
        if start.preprocess:
            spec.set("model.preprocess", dict(start.preprocess))
    if start.head:
        spec.set("model.head", dict(start.head))
    for name, value in start.data.items():
        spec.set(f"data.{name}", value)
    rounds = epochs({"quick": 15, "balanced": 20, "thorough": 60}[level], level, facts.samples, alone=False)
    stages: list[dict[str, Any]] = [{"epochs": rounds, "freeze": "backbone", "learning_rate": 1e-3}]
    if level != "quick":
        rate = 1e-5 if start.published else 1e-4
        schedule = {"type": "cosine", "warmup": 0.1}
        later = {"epochs": rounds, "freeze": "batch_norm", "learning_rate": rate, "schedule": schedule}
        stages = [{**stages[0], "epochs": 5}, later]
    spec.set("train.stages", stages)
