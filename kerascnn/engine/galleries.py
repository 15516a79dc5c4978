"""What a run's failures look like: an HTML fragment with the samples themselves, small, and their names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any, cast

import numpy as np

from kerascnn.engine.data import Dataset
from kerascnn.engine.data_cards import Cards
from kerascnn.engine.fixes import fixed
from kerascnn.engine.gallery_pairs import Pairs
from kerascnn.engine.media import Raw, form_of
from kerascnn.engine.media.base import Form
from kerascnn.engine.media.image import ImageForm
from kerascnn.errors import DataError, printable
from kerascnn.evaluation.names import say_name
from kerascnn.runs.atomic import write_text
from kerascnn.runs.each import read_figures
from kerascnn.runs.failures import page_of, say_found
from kerascnn.runs.folder import RunFolder
from kerascnn.spec import Sample, spec_from_dict

_STYLE = """
.failures .gallery { display: flex; flex-wrap: wrap; gap: .8rem; }
.failures figure { width: 9rem; margin: 0; font-size: .85rem; overflow-wrap: anywhere; }
.failures.wide figure { width: 20rem; max-width: 100%; }
.failures figure img { min-width: 6rem; max-width: 100%; height: auto; image-rendering: pixelated; }
.failures figcaption span { display: block; opacity: .75; } .failures svg { max-width: 100%; }
.failures .pair { display: flex; gap: .4rem; } .failures .half { flex: 1; min-width: 0; opacity: 1; }
.failures .over { position: relative; } .failures .over img { width: 100%; }
.failures .over svg { position: absolute; inset: 0; width: 100%; height: 100%; }
.failures .key { display: inline-block; width: .8rem; height: .8rem; margin: 0 .3rem 0 .9rem; }
.failures .legend { opacity: 1; } .failures .ignored { background: repeating-linear-gradient(135deg, #606060 0 3px,
#b0b0b0 3px 6px); }
.failures .lost { padding: .5rem; border: 1px dashed #8888; }
"""
LEGEND = "\0legend"
"""Where the meaning of the colours stands among what is drawn: no file is named so."""
_PAGE = """
:root { color-scheme: light dark; --mark: #2a78d6; --second: #c2571a; --third: #2e8b57; --note: #888; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; overflow-wrap: anywhere; } h2 { font-size: 1.2rem; margin-top: 2rem; } h3 { font-size: 1rem; }
"""


def write_page(run: RunFolder, found: Mapping[str, Any]) -> Path:
    """Write the galleries of `failures` as a page into the run, `evaluation/failures-SPLIT.html`; return its path."""
    title = f"{run.about().get('name', '')}: failures of {run.id} on its {found['split']} split"
    page = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_PAGE}</style></head><body><h1>{escape(title)}</h1>"
        f"<p>{escape(say_found(dict(found)))}.</p>{fragment(run, found)}</body></html>\n"
    )
    path = page_of(run, found["split"])
    write_text(path, page)
    return path.resolve()


def fragment(run: RunFolder, found: Mapping[str, Any], *, level: int = 2) -> str:
    """Return the galleries of `failures` as a piece of a page, with nothing that is fetched from elsewhere.

    Their titles are headings of this level. The samples are read again from the source; where that is gone, their names
    and answers stand alone.
    """
    names = {row["id"] for key in ("worst", "sure", "label_errors") for row in found[key] or ()}
    names |= {name for pair in found["confused"] or () for name in pair["ids"]}
    drawn, notes, wide = _draw(run, sorted(names), found["split"])
    parts = [f"<p class='note'>{escape(printable(note))}</p>" for note in [*found["notes"], *notes]]
    parts.append(_section(_worst_title(found), found["worst"], drawn, _worst, level))
    parts += [drawn[LEGEND]] if LEGEND in drawn else []
    if found["sure"] is not None:
        parts.append(_section("Wrong but sure", found["sure"], drawn, _sure, level))
    if found["confused"]:
        parts.append(f"<h{level}>Most confused</h{level}>")
    for pair in found["confused"] or ():
        (a, b), (there, back) = pair["classes"], pair["counts"]
        title = f"{a} taken for {b}: {there}; {b} taken for {a}: {back}"
        cards = "".join(_card(name, "", drawn) for name in pair["ids"])
        parts.append(f"<h{level + 1}>{escape(printable(title))}</h{level + 1}><div class='gallery'>{cards}</div>")
    if found["label_errors"] is not None:
        parts.append(_section("Labels that may be wrong", found["label_errors"], drawn, _doubted, level))
    size = "failures wide" if wide else "failures"
    return f"<style>{_STYLE}</style><div class='{size}'>{''.join(parts)}</div>"


def say_answer(value: Any) -> str:
    """Return a class, several classes or numbers by their names as text."""
    if isinstance(value, dict):
        return ", ".join(f"{name} {number:.4g}" for name, number in value.items())
    return (", ".join(value) or "nothing") if isinstance(value, list) else str(value)


def say_figure(found: Mapping[str, Any]) -> tuple[str, str]:
    """Return by what the worst are told: the key of a row, and its name."""
    figures = [row["figure"] for row in found["worst"] if "figure" in row]
    if figures:
        return "value", say_name(figures[0])
    return ("loss", "loss") if found["wrong"] is not None else ("error", "error")


def _worst_title(found: Mapping[str, Any]) -> str:
    """Return what the first gallery shows."""
    key, name = say_figure(found)
    return f"Worst pictures, by {name}" if key == "value" else f"Worst mistakes: the largest {name}"


def _worst(row: Mapping[str, Any]) -> str:
    if "figure" in row:
        end = f"{say_name(row['figure'])} {row['value']:.3g}"
    else:
        end = f"loss {row['loss']:.3g}" if "loss" in row else f"error {row['error']:.3g} standard deviations"
    return f"is {say_answer(row['truth'])}; said {say_answer(row['said'])}; {end}"


def _sure(row: Mapping[str, Any]) -> str:
    of_class = f", {row['class']}" if "class" in row else ""
    return f"is {say_answer(row['truth'])}; said {say_answer(row['said'])}{of_class} ({row['confidence']:.0%})"


def _doubted(row: Mapping[str, Any]) -> str:
    return (
        f"labelled {say_answer(row['label'])} ({row['probability']:.0%}), seems to be {say_answer(row['suggested'])} "
        f"({row['suggested_probability']:.0%})"
    )


def _section(title: str, rows: Iterable[Mapping[str, Any]], drawn: Mapping[str, str], say: Any, level: int) -> str:
    cards = "".join(_card(row["id"], say(row), drawn) for row in rows)
    head = f"<h{level}>{escape(title)}</h{level}>"
    return head + (f"<div class='gallery'>{cards}</div>" if cards else "<p>None.</p>")


def _card(name: str, said: str, drawn: Mapping[str, str]) -> str:
    below = f"<span>{escape(printable(said))}</span>" if said else ""
    return f"<figure>{drawn.get(name, '')}<figcaption>{escape(printable(name))}{below}</figcaption></figure>"


class _Few:
    """As much of a data set as its cards look at, for some samples."""

    def __init__(self, samples: Sequence[Sample], lines: Sequence[Mapping[str, Any]], form: Form):
        self.samples, self.manifest, self.form = samples, lines, form
        self.elements = self
        self.arrays: dict[int, np.ndarray] = {}

    def take(self, numbers: np.ndarray) -> np.ndarray:
        """Return the elements of these numbers."""
        return np.stack([self.arrays[int(i)] for i in numbers])


class _Drawer(Cards):
    """Draws samples without the data set that they are of."""

    def __init__(self, few: _Few):
        self.data, self.medium, self.drawn = cast("Dataset", few), few.form.medium, None
        self.few = few

    def draw(self, i: int) -> str:
        """Return what a sample looks like, or why it cannot be shown."""
        sample, line = self.few.samples[i], self.few.manifest[i]
        raw = self.few.form.read([sample.payload])[0]
        if isinstance(raw, Raw) and raw.sha256 == line.get("sha256"):
            self.few.arrays[i] = raw.array
            return self._draw(i)
        reason = "has other content than when the run was trained" if isinstance(raw, Raw) else str(raw)
        return f"<div class='lost'>{escape(printable(reason))}</div>"


def _draw(run: RunFolder, names: Sequence[str], split: str) -> tuple[dict[str, str], list[str], bool]:
    """Return what the samples look like by their names, what is to be said of that, and whether they are wide."""
    form = form_of(run.read("input.json"))
    spec = spec_from_dict(run.read("spec.resolved.json"))
    pairs = spec.data.source.target in ("mask", "boxes")
    wide = pairs or form.medium != "image"
    try:
        scan = fixed(spec, spec.data.source.scan())
    except DataError as error:
        return {}, [f"The samples cannot be shown: {str(error).splitlines()[0]}"], wide
    samples = {sample.id: sample for sample in scan.samples}
    wanted = set(names)
    lines = {line["id"]: line for line in run.manifest() if line["id"] in wanted}
    there = [name for name in names if name in samples and name in lines]
    few = [samples[name] for name in there], [lines[name] for name in there]
    drawer: Pairs | _Drawer
    if pairs and isinstance(form, ImageForm):
        drawer = Pairs(read_figures(run, split), *few, scan, run.read("labels.json"), form)
    else:
        drawer = _Drawer(_Few(*few, form))
    lost = "<div class='lost'>is not in the source any more</div>"
    drawn = dict.fromkeys(names, lost) | {name: drawer.draw(i) for i, name in enumerate(there)}
    if isinstance(drawer, Pairs):
        drawn[LEGEND] = drawer.legend()
    return drawn, [], wide
