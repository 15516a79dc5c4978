"""What a folder or a table is, for a project's task: ways to read it, the likeliest first, each with the reason.

What each source gives and what its samples are answered with are the component's own facts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from kerascnn.errors import DataError
from kerascnn.spec.component import components
from kerascnn.spec.kinds import Source
from kerascnn_dashboard.logic import detect_arrays, detect_folders, detect_tables
from kerascnn_dashboard.logic.layouts import layout
from kerascnn_dashboard.logic.looking import Candidate, Seen, Tree, tree
from kerascnn_dashboard.logic.sources import source_of

_Look = Callable[[Tree, str], Seen]
LOOKS: Mapping[str, _Look] = {
    "image_folder": lambda found, target: detect_folders.image_folder(found),
    "image_masks": lambda found, target: detect_folders.image_masks(found),
    "manifest": detect_tables.manifest,
    "pascal_voc": lambda found, target: detect_folders.pascal_voc(found),
    "yolo": lambda found, target: detect_folders.yolo(found),
    "coco": lambda found, target: detect_folders.coco(found),
    "idx": lambda found, target: detect_folders.idx(found),
    "arrays": lambda found, target: detect_arrays.arrays(found),
    "text_folder": lambda found, target: detect_folders.text_folder(found),
    "text_table": detect_tables.text_table,
    "text_lines": lambda found, target: detect_tables.text_lines(found),
    "ts_file": lambda found, target: detect_tables.ts_file(found),
    "series_arrays": detect_arrays.series_arrays,
    "series_table": detect_tables.series_table,
    "series_windows": lambda found, target: detect_tables.series_windows(found),
    "audio_folder": lambda found, target: detect_folders.audio_folder(found),
    "audio_manifest": detect_tables.audio_manifest,
}
"""How the data of a source is recognised, by the source's name. Others are offered to choose."""
_ANSWERS: Mapping[str, frozenset[str]] = {
    "image_folder": frozenset({"class"}), "image_masks": frozenset({"mask"}), "pascal_voc": frozenset({"boxes"}),
    "yolo": frozenset({"boxes"}), "coco": frozenset({"boxes"}), "idx": frozenset({"class"}),
    "arrays": frozenset({"class"}), "manifest": frozenset({"class", "classes", "values"}),
    "series_windows": frozenset({"forecast"}), "series_table": frozenset({"class", "values"}),
    "series_arrays": frozenset({"class", "values"}),
}  # fmt: skip
"""What samples of a source can be answered with, where its fields decide it or a look costs something."""


@dataclass(frozen=True)
class Found:
    """The ways to read what is there."""

    candidates: list[Candidate]
    """The likeliest first."""

    @property
    def sure(self) -> Candidate | None:
        """The one that may be taken without asking: None where there are several, or none is beyond doubt."""
        certain = [one for one in self.candidates if one.sure]
        return certain[0] if len(certain) == 1 else None


def look(path: Path, reads: str, target: str) -> Found:
    """Return the ways to read a folder or file as data of a kind ("image", ...) with answers of a kind ("class", ...).

    Raises DataError where there is none, with what was seen and what was expected.
    """
    found = tree(path)
    seen = Seen()
    for name, cls in components("source").items():
        if not issubclass(cls, Source) or cls.gives != reads or target not in _ANSWERS.get(name, {target}):
            continue
        part = LOOKS[name](found, target) if name in LOOKS else _offered(name, cls, found)
        seen.candidates += [one for one in part.candidates if _fits(one, target)]
        seen.problems += part.problems
    if not seen.candidates:
        raise DataError(_nothing(found, seen, reads, target))
    return Found(sorted(seen.candidates, key=lambda one: (not one.sure, -one.score)))


def _fits(candidate: Candidate, target: str) -> bool:
    """Return whether the source can be made, and its samples are answered with what the task wants."""
    try:
        return source_of(candidate.source).target == target
    except ValidationError:
        return False


def _offered(name: str, cls: type[Source], found: Tree) -> Seen:
    """Offer a source, such as a plugin's, that needs nothing but one path."""
    needed = [field for field, info in cls.model_fields.items() if info.is_required()]
    if len(needed) != 1 or needed[0] not in cls.paths:
        return Seen()
    first = " ".join((cls.__doc__ or "").strip().partition("\n\n")[0].split())
    source = {"type": name, needed[0]: str(found.single or found.root)}
    return Seen([Candidate(source, f"The source {name} can be tried: {first}", False, 5)])


def _nothing(found: Tree, seen: Seen, reads: str, target: str) -> str:
    counts = Counter(file.suffix.lower() or "no ending" for file in found.files)
    there = ", ".join(f"{count} {suffix}" for suffix, count in counts.most_common(5))
    said = list(dict.fromkeys(seen.problems))[:6] or ["Nothing in it looks like data for this task."]
    lines = [*said, f"Files that are there: {there}.", "Expected:"]
    return "\n".join([*lines, *(f"  {line}" for line in layout(reads, target).splitlines())])
