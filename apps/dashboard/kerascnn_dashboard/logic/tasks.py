"""What the dashboard says of a task: its title in plain words, what it is for. The facts are the component's own."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from kerascnn.spec import plugins
from kerascnn.spec.component import components
from kerascnn.spec.kinds import Task

_MEDIA = {"image": "pictures", "text": "texts", "series": "time series", "audio": "sounds"}


@dataclass(frozen=True)
class AboutTask:
    """A task as a person sees it."""

    name: str
    title: str
    """Such as "Image classification"."""
    about: str
    """The first sentence of its description."""
    reads: str
    """The kind of data: "image", "text", "series", "audio", or a plugin's."""
    target: str
    """What its samples are answered with, as `Task.target`."""
    output: str
    """What it answers with, as `Task.output`."""
    medium: str
    """The kind of data in plain words, several of them: "pictures"."""


@cache
def ready_tasks() -> dict[str, AboutTask]:
    """Return every task that is installed, plugins' among them, by name; those for classes of pictures first."""
    plugins.load_all()
    found = {}
    for name, cls in components("task").items():
        assert issubclass(cls, Task)
        about = (cls.__doc__ or "").strip().partition("\n\n")[0].replace("\n", " ")
        title = name.rpartition(".")[2].replace("_", " ").capitalize()
        medium = _MEDIA.get(cls.reads, cls.reads)
        found[name] = AboutTask(name, title, " ".join(about.split()), cls.reads, cls.target, cls.output, medium)
    order = ["image_classification", "text_classification", "series_classification"]
    return {name: found[name] for name in sorted(found, key=lambda one: (one not in order, one))}
