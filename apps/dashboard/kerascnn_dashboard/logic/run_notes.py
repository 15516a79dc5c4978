"""What a person says of a run: a name of their own and tags. It lies beside the run's own files, which never change."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from kerascnn.errors import ResourceError, UsageError
from kerascnn.runs.atomic import write_json
from kerascnn.runs.folder import RunFolder

FILE = "notes.json"
_LONGEST = 80
_TAG = 30
_MOST_TAGS = 12


@dataclass(frozen=True)
class Notes:
    """A name and tags; "" and () where nobody gave any."""

    name: str = ""
    tags: tuple[str, ...] = ()


def notes_of(run: RunFolder) -> Notes:
    """Return what was said of a run. A file that cannot be read says nothing."""
    try:
        raw = json.loads((run.path / FILE).read_text("utf-8"))
        return Notes(
            str(raw.get("name", ""))[:_LONGEST], tuple(str(tag)[:_TAG] for tag in raw.get("tags", []))[:_MOST_TAGS]
        )
    except (OSError, ValueError, TypeError, AttributeError):
        return Notes()


def rename(run: RunFolder, name: str) -> Notes:
    """Give a run a name for people; an empty one takes it back. Raises UsageError for one that is too long."""
    name = " ".join(name.split())
    if len(name) > _LONGEST or not name.isprintable():
        raise UsageError(f"a name has at most {_LONGEST} characters that can be seen (got {len(name)})")
    return _write(run, Notes(name, notes_of(run).tags))


def set_tags(run: RunFolder, tags: Sequence[str]) -> Notes:
    """Give a run these tags and no others. Raises UsageError for tags that are too many or too long."""
    found = list(dict.fromkeys(" ".join(tag.split()) for tag in tags if tag.strip()))
    long = next((tag for tag in found if len(tag) > _TAG or not tag.isprintable()), "")
    if long:
        raise UsageError(f"a tag has at most {_TAG} characters that can be seen (got '{long[:_TAG]}...')")
    if len(found) > _MOST_TAGS:
        raise UsageError(f"a run has at most {_MOST_TAGS} tags (got {len(found)})")
    return _write(run, Notes(notes_of(run).name, tuple(found)))


def _write(run: RunFolder, notes: Notes) -> Notes:
    try:
        write_json(run.path / FILE, asdict(notes))
    except OSError as error:
        raise ResourceError(f"cannot write in {run.path}: {error.strerror or error}") from error
    return notes
