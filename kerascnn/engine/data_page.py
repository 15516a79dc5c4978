"""The page of a data check: one HTML file that opens from the disk, with no request to anywhere."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from kerascnn.engine.check_pictures import _NEAR, _same_to_the_eye
from kerascnn.engine.data import QUARANTINE, Dataset
from kerascnn.engine.data_cards import Cards
from kerascnn.engine.near import near_pairs
from kerascnn.engine.overlays import classes_of
from kerascnn.engine.report import _STYLE, _table
from kerascnn.errors import printable
from kerascnn.runs.atomic import write_text
from kerascnn.spec import Spec
from kerascnn.spec.data import SPLITS
from kerascnn.spec.lint import RULES
from kerascnn.spec.yaml_text import write_yaml

_SHOWN = 24
"""Samples that a finding shows at the most."""
_EACH = 8
_CLASSES = 20
"""Classes of which samples are shown; a table names more of them."""
_ROWS = 200
_LOOKED_AT = 500
"""Masks that are looked at, at the most, to find some of each class."""
_BINS = 24
_FORBIDDEN = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
"""Should a name get past the escaping, it still cannot run or load anything."""
_MORE_STYLE = """
:root { --third: #3a8f5c; --error: #c62828; --warning: #b26a00; --note: #6b7280; }
.bar { display: flex; width: clamp(4rem, 22vw, 16rem); height: .9rem; } .bar span { min-width: 1px; }
.train { background: var(--mark); } .validation { background: var(--second); } .test { background: var(--third); }
.key { display: inline-block; width: .8rem; height: .8rem; margin: 0 .3rem 0 .9rem; }
.gallery { display: flex; flex-wrap: wrap; gap: .6rem; align-items: flex-start; margin: .6rem 0; }
.together { display: flex; flex-wrap: wrap; gap: .6rem; padding: .4rem; border: 1px solid var(--line); }
.card { width: 110px; margin: 0; font-size: .75rem; line-height: 1.3; overflow-wrap: anywhere; }
.card img { display: block; max-width: 100%; height: auto; } .card .note { display: block; }
.drawn { width: 160px; } .over { position: relative; } .over img { width: 100%; }
.over svg { position: absolute; inset: 0; width: 100%; height: 100%; } .legend { margin: .2rem 0 .8rem; opacity: 1; }
.ignored { background: repeating-linear-gradient(135deg, #606060 0 3px, #b0b0b0 3px 6px); }
.lost { display: flex; min-height: 64px; border: 1px dashed var(--error); padding: .3rem; box-sizing: border-box; }
.badge { color: #fff; border-radius: .3rem; padding: .1rem .45rem; font-size: .8rem; margin-right: .5rem; }
.error { background: var(--error); } .warning { background: var(--warning); } .said { background: var(--note); }
.finding { border-top: 1px solid var(--line); margin-top: 1.2rem; } h3 { font-size: 1rem; margin: 1rem 0 .3rem; }
.cells td { text-align: left; vertical-align: top; overflow-wrap: anywhere; }
.cells td { min-width: 5rem; } .hist { display: inline-block; margin: .8rem 0 0; }
"""


def write_data_page(path: Path, spec: Spec, data: Dataset, facts: dict[str, Any]) -> None:
    """Write the page of a data check. `facts` are what the check says. Raises ResourceError."""
    cards = Cards(data)
    title = f"{spec.name}: data"
    parts = [f"<h1>{escape(title)}</h1>", _opening(data, facts), _classes(facts, data.info.labels)]
    parts += ["<h2>Findings</h2>", *_findings(spec, data, facts, cards)]
    parts += [_measures(data), _kinds(data), _samples(data, cards)]
    parts += ["<h2>Spec of the data</h2>", f"<pre>{escape(write_yaml(spec.spell()['data']))}</pre>"]
    write_text(
        path,
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_FORBIDDEN}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}{_MORE_STYLE}</style></head><body>{''.join(parts)}"
        "</body></html>\n",
    )


def _opening(data: Dataset, facts: Mapping[str, Any]) -> str:
    noun = data.elements.noun
    many = data.elements.plural
    text = (
        f"{facts['samples']} {noun if facts['samples'] == 1 else many}, as the model takes them: "
        f"{' x '.join(map(str, facts['shape']))}."
    )
    if facts["quarantined"]:
        text += f" {facts['quarantined']} of them cannot be read."
    notes = "".join(f"<p class='note'>{escape(printable(note))}</p>" for note in facts["notes"])
    return f"<p>{escape(text)}</p>{notes}<p class='note'>Fingerprint {escape(facts['fingerprint'])}</p>"


def _classes(facts: Mapping[str, Any], labels: Sequence[str]) -> str:
    """Return a row for each class: its samples in each split, and a bar of them."""
    sizes, counts = facts["sizes"], facts["counts"]
    totals = {label: sum(counts[split][label] for split in counts) for label in labels}
    shown = [label for label in labels if totals[label]]
    most = max(totals.values(), default=0) or 1
    rows = []
    for label in shown[:_ROWS]:
        cells = "".join(f"<td>{counts[split].get(label, 0)}</td>" for split in sizes)
        bar = "".join(
            f"<span class='{split}' style='width: {100 * counts[split][label] / most:.2f}%'></span>"
            for split in sizes
            if counts[split].get(label)
        )
        rows.append(
            f"<tr><td>{escape(printable(label))}</td><td><div class='bar'>{bar}</div></td>{cells}"
            f"<td>{totals[label]}</td></tr>"
        )
    cells = "".join(f"<td>{size}</td>" for size in sizes.values())
    rows.append(f"<tr><td>all samples</td><td></td>{cells}<td>{sum(sizes.values())}</td></tr>")
    head = "".join(f"<th>{split}</th>" for split in sizes)
    more = _and_more(len(shown) - _ROWS, "classes")
    key = "".join(f"<span class='key {split}'></span>{split}" for split in sizes)
    return (
        f"<h2>Classes and splits</h2><p class='note'>{key}</p><div class='scroll'><table>"
        f"<tr><th>class</th><th></th>{head}<th>all</th></tr>{''.join(rows)}</table></div>{more}"
    )


def _findings(spec: Spec, data: Dataset, facts: Mapping[str, Any], cards: Cards) -> Iterator[str]:
    """Yield every finding, the gravest first, with the samples that it is about."""
    number = {sample.id: i for i, sample in enumerate(data.samples)}
    weights = {"error": 0, "warning": 1, "note": 2}
    for finding in sorted(facts["findings"], key=lambda finding: weights[finding["severity"]]):
        colour = "said" if finding["severity"] == "note" else finding["severity"]
        yield (
            f"<section class='finding'><h3><span class='badge {colour}'>{escape(finding['severity'])}</span>"
            f"{escape(finding['id'])}</h3><p>{escape(printable(finding['message']))}</p>{_remedy(spec, finding)}"
        )
        meant = [number[name] for name in finding["samples"] if name in number]
        if meant:
            yield _gallery(finding["id"], meant, data, cards)
        elif finding["samples"]:
            names = ", ".join(map(printable, finding["samples"][:_SHOWN]))
            yield f"<p class='note'>{escape(names)}</p>{_and_more(len(finding['samples']) - _SHOWN, 'names')}"
        yield "</section>"
    if not facts["findings"]:
        yield "<p>Nothing odd was found.</p>"


def _remedy(spec: Spec, finding: Mapping[str, Any]) -> str:
    """Return what a finding means for a training, and how it is let stand, where its message leaves that open."""
    name = finding["id"]
    if name in RULES:
        return f"<p class='note'>Advice; lint.ignore: [{escape(name)}] silences it.</p>"
    if finding["severity"] != "error":
        return ""
    if name in spec.data.allow:
        return "<p><strong>Allowed by data.allow.</strong></p>"
    said = "" if "data.allow" in finding["message"] else f" Mend it, or let it stand with data.allow: [{name}]."
    return f"<p><strong>This stops a training.{escape(said)}</strong></p>"


def _gallery(name: str, meant: Sequence[int], data: Dataset, cards: Cards) -> str:
    """Return some of the samples; those that are alike side by side."""
    together = _together(name, meant, data)
    if not together:
        return cards.show(meant[:_SHOWN]) + _and_more(len(meant) - _SHOWN, "samples")
    drawn: list[str] = []
    seen: set[int] = set()
    for some in together:
        # One that is like many others is shown once.
        if len(seen) + len(some[:_SHOWN]) <= _SHOWN and seen.isdisjoint(some):
            drawn.append(f"<div class='together'>{cards.show(some[:_SHOWN])}</div>")
            seen.update(some[:_SHOWN])
    return f"<div class='gallery'>{''.join(drawn)}</div>" + _and_more(len(set(meant) - seen), "samples")


def _together(name: str, meant: Sequence[int], data: Dataset) -> list[list[int]]:
    """Return which of the samples of a finding about copies belong together, the most alike first."""
    manifest, facts = data.manifest, data.elements.facts
    if name.startswith("duplicate"):
        same: dict[str, list[int]] = defaultdict(list)
        for i in meant:
            same[manifest[i].get("sha256", "")].append(i)
        return [some for some in same.values() if len(some) > 1]
    if not name.startswith("near-duplicate"):
        return []
    hashed = [i for i in meant if "dhash" in facts[i] and "thumb" in facts[i]]
    values = [int(facts[i]["dhash"], 16) for i in hashed]
    pairs = _same_to_the_eye([facts[i] for i in hashed], near_pairs(values, _NEAR))
    found = []
    for a, b in sorted(pairs, key=lambda pair: (values[pair[0]] ^ values[pair[1]]).bit_count()):
        one, other = manifest[hashed[a]], manifest[hashed[b]]
        wanted = {
            "near-duplicate-across-splits": one["split"] != other["split"],
            "near-duplicate-label": one.get("label") != other.get("label"),
        }.get(name, one["split"] == other["split"])
        if wanted and one["sha256"] != other["sha256"]:
            found.append([hashed[a], hashed[b]])
    return found


def _measures(data: Dataset) -> str:
    """Return what can be measured of the samples: the least, the median, the most, and how they are spread."""
    lines = [line for line in data.manifest if line["split"] != QUARANTINE]
    known = {key: [line[key] for line in lines if key in line] for key in ("width", "height", "seconds")}
    known["width / height"] = [line["width"] / line["height"] for line in lines if "width" in line]
    known |= {key: [line[key] for line in lines if key in line] for key in ("tokens", "length", "missing")}
    known = {name: values for name, values in known.items() if values}
    if not known:
        return ""
    rows = [
        [name, *(f"{value:.5g}" for value in (min(values), float(np.median(values)), max(values)))]
        for name, values in known.items()
    ]
    drawn = "".join(_histogram(name, values) for name, values in known.items() if min(values) < max(values))
    return f"<h2>Sizes</h2>{_table(['', 'least', 'median', 'most'], rows)}<div>{drawn}</div>"


def _histogram(name: str, values: Sequence[float]) -> str:
    counts, edges = np.histogram(values, bins=_BINS)
    wide, high = 240 / _BINS, 70 / counts.max()
    bars = "".join(
        f"<rect x='{10 + i * wide:.1f}' y='{88 - count * high:.1f}' width='{wide - 1:.1f}' height='{count * high:.1f}' "
        f"fill='var(--mark)'><title>{edges[i]:.4g} to {edges[i + 1]:.4g}: {count}</title></rect>"
        for i, count in enumerate(counts.tolist())
    )
    said = [(10, 12, "start", f"{name} (highest bar: {counts.max()})"), (10, 102, "start", f"{edges[0]:.4g}")]
    said.append((250, 102, "end", f"{edges[-1]:.4g}"))
    texts = "".join(
        f"<text x='{x}' y='{y}' font-size='11' text-anchor='{anchor}' fill='currentColor'>{escape(text)}</text>"
        for x, y, anchor, text in said
    )
    return (
        f"<figure class='hist'><svg viewBox='0 0 260 106' width='260' role='img' aria-label='{escape(name)}'>"
        f"{bars}{texts}</svg></figure>"
    )


def _kinds(data: Dataset) -> str:
    """Return how many files there are of each form."""
    lines = [line for line in data.manifest if line["split"] != QUARANTINE]
    rows = []
    for what, key, usual in (
        ("format", "format", None),
        ("mode", "mode", "L or RGB" if data.elements.noun == "picture" else None),
        ("EXIF orientation", "orientation", None),
        ("bits a channel", "bits", None),
        ("frames", "frames", None),
        ("sample rate", "rate", None),
    ):
        counts = Counter(line.get(key, usual) for line in lines)
        counts.pop(None, None)
        rows += [[f"{what}: {printable(str(value))}", str(count)] for value, count in counts.most_common(_EACH)]
    clear = sum(bool(line.get("alpha")) for line in lines)
    rows += [["transparent in places", str(clear)]] if clear else []
    if data.elements.noun == "picture":
        rows.append([f"channels that the model takes: {data.info.shape[-1]}", str(len(lines))])
    return f"<h2>Forms</h2>{_table(['', 'samples'], rows)}" if rows else ""


def _samples(data: Dataset, cards: Cards) -> str:
    """Return some training samples of each class, always the same ones."""
    split = next(name for name in SPLITS if name in data.sizes)
    members: dict[str, list[int]] = defaultdict(list)
    rng = np.random.default_rng(0)
    indices = data.indices(split)
    if cards.drawn == "mask":  # to look through all of them may take long
        indices = np.sort(rng.permutation(indices)[:_LOOKED_AT])
    for i in indices.tolist():
        for name in _names(data, i):
            members[name].append(i)
    order = [label for label in ("", *data.info.labels) if label in members]
    parts = [f"<h2>Some samples of the {split} split</h2>"]
    if cards.drawn:
        what = "Masks" if cards.drawn == "mask" else "Boxes"
        parts.append(f"<p class='note'>{what} are drawn on the pictures as the model takes them.</p>")
    for label in order[:_CLASSES]:
        chosen = sorted(rng.choice(members[label], min(_EACH, len(members[label])), replace=False).tolist())
        parts += [f"<h3>{escape(printable(label))}</h3>" if label else "", cards.show(chosen)]
    return "".join(parts) + _and_more(len(order) - _CLASSES, "classes")


def _names(data: Dataset, i: int) -> list[str]:
    """Return the classes of a sample; an empty one where it has none."""
    line = data.manifest[i]
    if data.answers.kind == "mask":
        shown = classes_of(data.answers.all[i], "mask")
        return [label for number, label in enumerate(data.info.labels) if number in shown] or [""]
    found = [line["label"]] if line.get("label") else line.get("classes") or [box[0] for box in line.get("boxes", ())]
    return sorted(set(found)) or [""]


def _and_more(count: int, what: str) -> str:
    return f"<p class='note'>and {count} more {what}</p>" if count > 0 else ""
