"""What a training that ended badly means to its user, and which changes of its spec help."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from kerascnn.errors import DataError, DivergedError, KerasCnnError, ResourceError, RunInUseError, UntrustedFileError
from kerascnn.spec import Spec
from kerascnn.spec.data import STOPPING
from kerascnn.spec.load import parse_spec
from kerascnn_dashboard.logic.spec_text import SpecText
from kerascnn_dashboard.logic.training import Live

_SLOWER = 3
"""What the learning rate is divided by after a training that diverged."""
_LEAST_SIDE = 32
_ALLOWED = ("Train without the files that cannot be read", "They are left out and counted.")
_IN_SPITE = "The figures may then look better than they are; the page Check says what it means."
_NAMED = 3
_LONGEST = 300


@dataclass(frozen=True)
class Remedy:
    """One thing to do."""

    title: str
    changes: Mapping[str, Any] = field(default_factory=dict)
    """Values of the spec by their paths, as `--set` has them; {} where no change of the spec helps."""
    why: str = ""


def explain(live: Live, log: str = "") -> str:
    """Return in a sentence how a training ended that ended badly, "" for one that did not."""
    kind = kind_of(live, log)
    first = live.reason.strip().partition("\n")[0][:_LONGEST]
    return {
        "": "",
        "memory": "The computer ran out of memory.",
        "disk": "The disk is full, so that nothing more could be written.",
        "diverged": "The numbers grew beyond all bounds: the network learnt in steps that are too large.",
        "data": f"The data cannot be used: {first}",
        "lost": "The training ended without a word. Often the computer ran out of memory, or was switched off.",
        "busy": "Another process works on this run.",
        "untrusted": f"A file of a model was refused: {first}",
        "spec": f"The network cannot be built or trained as the settings say: {first}",
        "other": first or "The training failed, and said nothing of why; its log may tell.",
    }[kind]


def remedies(live: Live, text: str, log: str = "") -> list[Remedy]:
    """Return what helps against the way in which a training ended, the best first. Each change makes a valid spec.

    Raises SpecError where the text is no spec.
    """
    spec = parse_spec(text, "spec.yaml")
    kind = kind_of(live, log)
    found = {
        "memory": lambda: _for_memory(live, spec, text),
        "lost": lambda: [*_go_on(live), *_for_memory(live, spec, text)],
        "diverged": lambda: _for_divergence(spec, text),
        "data": lambda: _for_data(live, spec),
        "disk": lambda: [_DISK, *_go_on(live)],
        "busy": lambda: [Remedy("Wait until the other process has ended", why="It holds the folder of this run.")],
    }.get(kind, list)()
    return [one for one in found if not one.changes or _is_valid(text, one.changes)]


def kind_of(live: Live, log: str = "") -> str:
    """Return why a training ended, in a word: what the other functions choose by; "" where it did not end badly."""
    if live.state == "lost":
        return "lost"
    if live.state not in ("failed", "diverged"):
        return ""
    code = _exit_code(live)
    said = f"{live.reason}\n{log[-4000:]}".lower()
    if live.state == "diverged" or code == DivergedError.exit_code:
        return "diverged"
    if re.search(r"no space left|disk quota|disk is full", said):
        return "disk"
    if re.search(r"out of memory|resource_?exhausted|outofmemory|memoryerror|cannot allocate memory", said):
        return "memory"
    if code == DataError.exit_code:
        return "data"
    if code is None and "without a word" in said:
        return "lost"
    of_code = {ResourceError.exit_code: "other", RunInUseError.exit_code: "busy", 2: "spec"}
    return of_code.get(code or 0, "untrusted" if code == UntrustedFileError.exit_code else "other")


def _exit_code(live: Live) -> int | None:
    if live.run is not None:
        try:
            code = live.run.state.exit_code
            if code is not None:
                return code
        except KerasCnnError:
            pass  # its job may know
    return live.job.exit_code if live.job is not None else None


_DISK = Remedy(
    "Make room on the disk",
    why="The page Settings shows what takes room, and removes checkpoints of trainings that have ended.",
)


def _go_on(live: Live) -> list[Remedy]:
    if not live.resumable:
        return []
    return [
        Remedy(
            "Go on from the last checkpoint",
            why="What was learnt up to there is kept; the button Resume goes on from it, to the same result.",
        )
    ]


def _for_memory(live: Live, spec: Spec, text: str) -> Iterator[Remedy]:
    changes = _half_batch(live, spec, text)
    if changes:
        size = changes["train.batch_size"]
        yield Remedy(
            f"Halve the batch to {size}",
            changes,
            f"Fewer samples are held at a time ({size} in the place of {2 * size}), which takes about half the memory.",
        )
    if spec.data.image_size:
        smaller = [max(_LEAST_SIDE, round(side * 0.75 / 32) * 32) for side in spec.data.image_size]
        if smaller != list(spec.data.image_size):
            shown = " x ".join(map(str, smaller))
            yield Remedy(
                f"Look at smaller pictures: {shown} pixels",
                {"data.image_size": smaller},
                "Memory goes with the number of pixels. What is small in the pictures may become too small to see.",
            )


def _half_batch(live: Live, spec: Spec, text: str) -> dict[str, Any]:
    """Return the changes that halve every batch; {} where one sample is all that it has."""
    used = spec.train.batch_size
    if not isinstance(used, int):
        used = _used_batch(live)
    if used < 2:
        return {}
    changes: dict[str, Any] = {"train.batch_size": used // 2}
    given = SpecText(text)
    for i, stage in enumerate(spec.train.stages):
        if stage.batch_size is not None and stage.batch_size > 1:
            changes[f"train.stages.{i}.batch_size"] = stage.batch_size // 2
        if given.get(f"train.stages.{i}.accumulate") is not None:  # the steps of the weights stay as they were
            changes[f"train.stages.{i}.accumulate"] = min(2 * stage.accumulate, 1024)
    return changes


def _used_batch(live: Live) -> int:
    try:
        return int(live.run.read("effective.json")["batch_size"]) if live.run is not None else 32
    except (KerasCnnError, KeyError, TypeError, ValueError):
        return 32


def _for_divergence(spec: Spec, text: str) -> Iterator[Remedy]:
    given = SpecText(text)
    rates: dict[str, Any] = {}
    clipped: dict[str, Any] = {}
    for i, stage in enumerate(spec.train.stages):
        rates[f"train.stages.{i}.learning_rate"] = float(f"{stage.learning_rate / _SLOWER:.2g}")
        path, optimizer = f"train.stages.{i}.optimizer", stage.optimizer.spell()
        limit = 1.0 if optimizer.get("clipnorm") is None else optimizer["clipnorm"] / 2
        if given.get(path) is None:
            clipped[path] = {"type": optimizer["type"], "clipnorm": limit}
        else:
            clipped[f"{path}.clipnorm"] = limit
    yield Remedy(
        "Learn in smaller steps, none of them large",
        rates | clipped,
        "Steps of a third of the size, and none above a limit; it takes some more rounds.",
    )
    yield Remedy("Learn in smaller steps", rates, "Steps of a third of the size; it takes some more rounds.")


def _for_data(live: Live, spec: Spec) -> Iterator[Remedy]:
    """Name the files that are at fault, and offer to go on without them where the check takes that."""
    files = [line.strip() for line in live.reason.splitlines()[1:] if line.startswith("  ")]
    more = f" and {len(files) - _NAMED} more" if len(files) > _NAMED else ""
    if files:
        yield Remedy(
            "Repair or remove the files",
            why=f"{'; '.join(file[:_LONGEST] for file in files[:_NAMED])}{more}. Then bring the data in again.",
        )
    for name in STOPPING:
        if re.search(rf"(?<![\w-]){name}(?![\w-])", live.reason) and name not in spec.data.allow:
            title, why = _ALLOWED if name == "unreadable" else (f"Train in spite of it ({name})", _IN_SPITE)
            yield Remedy(title, {"data.allow": [*spec.data.allow, name]}, why)
    if not files:
        yield Remedy("Look at the data on the page Check", why="It names each sample, and what to do about it.")


def _is_valid(text: str, changes: Mapping[str, Any]) -> bool:
    try:
        spec = SpecText(text)
        for path, value in changes.items():
            spec.set(path, value)
        parse_spec(spec.text, "spec.yaml")
    except KerasCnnError:
        return False
    return True
