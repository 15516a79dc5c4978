"""The robustness card of a run: its accuracy on corrupted, attacked and shifted pictures."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from scipy.stats import binomtest

from kerascnn.engine.attacks import STEPS, Attacks
from kerascnn.engine.corruptions import CORRUPTIONS, LARGE, SEVERITIES, WAYS, corrupt, say_setting, setting, shifted
from kerascnn.engine.held import HeldSplit
from kerascnn.engine.judge import kind_of
from kerascnn.engine.predict import Predictor, at_a_time
from kerascnn.engine.progress import Progress
from kerascnn.engine.report import write_report
from kerascnn.errors import UsageError
from kerascnn.evaluation.bootstrap import intervals
from kerascnn.runs.atomic import write_json
from kerascnn.runs.folder import RunFolder
from kerascnn.spec.data import SPLITS

FILE = "robustness.json"
"""The card, in the run's folder."""
SAMPLES = 500
STRENGTHS = (2, 8)
"""Of attacks: levels of 255 by which a byte may change."""
PIXELS = (1, 2, 4, 8)
"""Of shifts under which answers should stay."""

Key = tuple[Any, ...]
"""A condition: its kind, its name, and how much of it."""
Right = dict[Key, np.ndarray]
Change = Callable[[np.ndarray, np.ndarray, int], np.ndarray]

_CLEAN = ("clean",)


def robustness(
    run: RunFolder,
    split: str = "validation",
    *,
    samples: int = SAMPLES,
    seed: int = 0,
    predictor: Predictor | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Return how often a classifier of pictures is right on changed pictures of a split, and keep it in the run.

    At most `samples` samples are taken, drawn with the seed. They are read again from the source and must be those that
    the run was made with, to the byte. Raises UsageError for other tasks and for a split that the run does not have,
    DataError where its data has changed.
    """
    if split not in SPLITS:
        raise UsageError(f"there is no split '{split}'; there are {', '.join(SPLITS)}")
    if samples < 1:
        raise UsageError(f"the card takes at least one sample (got {samples})")
    predictor = predictor or Predictor(run)
    if predictor.task.reads != "image" or kind_of(predictor.task) != "softmax":
        raise UsageError(
            f"run {run.id} is of {predictor.task.type_name}; the robustness card is for classifications of pictures "
            "with one class each"
        )
    manifest, there = _drawn(run.manifest(), split, samples, seed)
    held = HeldSplit(predictor.spec, manifest, predictor.form, split)
    right = _measure(predictor, held, seed, progress or Progress())
    found = {"run": run.id, "split": split, "samples": len(held), "of": there, "seed": seed}
    found |= card_of(right, predictor.shape[:2], split)
    found["measured"] = time.time()
    write_json(run.path / FILE, found)
    write_report(run)
    return found


def _drawn(manifest: Sequence[dict[str, Any]], split: str, samples: int, seed: int) -> tuple[list[dict[str, Any]], int]:
    """Return the manifest with only so many samples in a split, drawn by chance, and how many there were.

    The others stay as lines of no split: their classes are the run's.
    """
    inside = [i for i, line in enumerate(manifest) if line["split"] == split]
    drawn = np.random.default_rng(seed).permutation(len(inside))[:samples]
    taken = {inside[i] for i in drawn.tolist()}
    lines = [
        {**line, "split": ""} if line["split"] == split and i not in taken else line for i, line in enumerate(manifest)
    ]
    return lines, len(inside)


def _measure(predictor: Predictor, held: HeldSplit, seed: int, progress: Progress) -> Right:
    """Return for each condition which samples are right, or under shifts stay as they are: `(n,)` booleans."""
    changes = list(_changes(Attacks.of(predictor), predictor.shape[:2], seed))
    parts: dict[Key, list[np.ndarray]] = {}
    first = 0
    with progress.count("answering changed pictures", (1 + len(changes)) * len(held)) as seen:
        for pictures, truth in _pieces(held, at_a_time(predictor.shape)):
            plain = predictor.answers(pictures).argmax(1)
            found = {_CLEAN: plain == truth}
            for key, change in changes:
                said = predictor.answers(change(pictures, truth, first)).argmax(1)
                found[key] = said == (plain if key[0] == "shift" else truth)
                # Who attacks leaves alone what is wrong already.
                found[key] &= found[_CLEAN] | (key[0] != "attack")
                _tick(seen, len(pictures))
            _tick(seen, len(pictures))
            for key, right in found.items():
                parts.setdefault(key, []).append(right)
            first += len(pictures)
    return {key: np.concatenate(found_parts) for key, found_parts in parts.items()}


def _pieces(held: HeldSplit, many: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield pictures and their classes, so few at a time that several changed copies fit into memory."""
    for pictures, truth in held.batches():
        for start in range(0, len(pictures), many):
            yield pictures[start : start + many], np.asarray(truth[start : start + many])


def _tick(seen: Callable[[], None], times: int) -> None:
    for _ in range(times):
        seen()


def _changes(attacks: Attacks, size: Sequence[int], seed: int) -> Iterator[tuple[Key, Change]]:
    """Yield each condition, and what makes changed pictures of pictures, their truth and the number of the first."""
    for name in CORRUPTIONS:
        for severity in SEVERITIES:
            yield ("corruption", name, severity), partial(_corrupted, name, severity, seed)
    for strength in STRENGTHS:
        yield ("attack", "fgsm", strength), partial(_fgsm, attacks, strength)
        yield ("attack", "pgd", strength), partial(_pgd, attacks, strength, seed)
    for pixels in shifts_for(size):
        for way in WAYS:
            yield ("shift", way, pixels), partial(_shifted, way, pixels)


def shifts_for(size: Sequence[int]) -> list[int]:
    """Return by how many pixels pictures of this height and width are shifted: never by all that they have."""
    return [pixels for pixels in PIXELS if pixels < min(size)]


def _corrupted(name: str, severity: int, seed: int, pictures: np.ndarray, truth: np.ndarray, first: int) -> np.ndarray:
    return corrupt(pictures, name, severity, seed, first)


def _fgsm(attacks: Attacks, strength: int, pictures: np.ndarray, truth: np.ndarray, first: int) -> np.ndarray:
    return attacks.fgsm(pictures, truth, strength)


def _pgd(attacks: Attacks, strength: int, seed: int, pictures: np.ndarray, truth: np.ndarray, first: int) -> np.ndarray:
    return attacks.pgd(pictures, truth, strength, seed=seed, first=first)


def _shifted(way: str, pixels: int, pictures: np.ndarray, truth: np.ndarray, first: int) -> np.ndarray:
    down, right = WAYS[way]
    return shifted(pictures, down * pixels, right * pixels)


def card_of(right: Mapping[Key, np.ndarray], size: Sequence[int], split: str) -> dict[str, Any]:
    """Return the figures of the conditions under which samples were right, with what is to be said of them.

    Single figures have Wilson's 95 % interval, means of several of the same samples that of the bootstrap over samples.
    """
    clean = _share(right[_CLEAN], "accuracy")
    rows = [
        {
            "corruption": name,
            "severity": severity,
            "value": setting(name, severity, size),
            "about": say_setting(name, severity, size),
            **_share(right["corruption", name, severity], "accuracy"),
        }
        for name in CORRUPTIONS
        for severity in SEVERITIES
    ]
    means = [{"corruption": name, **_mean(right, name)} for name in CORRUPTIONS]
    worst = min(means, key=lambda row: row["accuracy"])
    attacks = [
        {"attack": name, "levels": levels, "steps": 1 if name == "fgsm" else STEPS, **_share(found, "accuracy")}
        for (kind, name, levels), found in _of(right, "attack")
    ]
    mean = _mean(right)
    return {
        "clean": clean,
        "mean": mean,
        "worst": {"corruption": worst["corruption"], "sentence": _say_worst(worst, rows, clean)},
        "by_corruption": means,
        "corruptions": rows,
        "attacks": attacks,
        "stability": [_stability(right, pixels) for pixels in shifts_for(size)],
        "verdict": _verdict(len(right[_CLEAN]), split, clean, mean),
        "notes": _notes(size, split, attacks),
    }


def _of(right: Mapping[Key, np.ndarray], kind: str) -> list[tuple[Key, np.ndarray]]:
    return [(key, found) for key, found in right.items() if key[0] == kind]


def _share(right: np.ndarray, name: str) -> dict[str, Any]:
    """Return a share of samples with Wilson's 95 % interval (1927)."""
    bounds = binomtest(int(right.sum()), len(right)).proportion_ci(confidence_level=0.95, method="wilson")
    return {name: float(right.mean()), "low": float(bounds.low), "high": float(bounds.high)}


def _mean(right: Mapping[Key, np.ndarray], name: str | None = None) -> dict[str, Any]:
    """Return the mean accuracy over the severities of a corruption, or of all, with its 95 % interval."""
    chosen = [found for key, found in _of(right, "corruption") if name in (None, key[1])]
    each = np.mean(chosen, axis=0)
    bounds = intervals(lambda counts: {"mean": counts @ each / len(each)}, len(each))["mean"]
    return {"accuracy": float(each.mean()), "low": bounds[0], "high": bounds[1]}


def _stability(right: Mapping[Key, np.ndarray], pixels: int) -> dict[str, Any]:
    """Return how many answers stay the same under shifts of so many pixels: each way, and all four ways."""
    ways = {way: right["shift", way, pixels] for way in WAYS}
    return {
        "pixels": pixels,
        **_share(np.all(list(ways.values()), axis=0), "same"),
        "ways": {way: _share(found, "same") for way, found in ways.items()},
    }


def _verdict(samples: int, split: str, clean: Mapping[str, Any], mean: Mapping[str, Any]) -> str:
    return (
        f"Of {samples} {split} samples {clean['accuracy']:.1%} are right as they are (95 % interval {clean['low']:.1%} "
        f"to {clean['high']:.1%}), and {mean['accuracy']:.1%} on average over {len(CORRUPTIONS)} corruptions at "
        f"{len(SEVERITIES)} severities ({mean['low']:.1%} to {mean['high']:.1%})."
    )


def _say_worst(worst: Mapping[str, Any], rows: Sequence[Mapping[str, Any]], clean: Mapping[str, Any]) -> str:
    name = worst["corruption"]
    if worst["accuracy"] >= clean["accuracy"]:
        return "No corruption costs accuracy on average over its severities."
    last = [row for row in rows if row["corruption"] == name][-1]
    return (
        f"The worst corruption is {name}: {worst['accuracy']:.1%} are right on average over its severities, "
        f"{last['accuracy']:.1%} at the highest ({last['about']}), {clean['accuracy']:.1%} without it."
    )


def _notes(size: Sequence[int], split: str, attacks: Sequence[Mapping[str, Any]]) -> list[str]:
    known = "CIFAR-10-C" if min(size) < LARGE else "ImageNet-C"
    found = [
        f"Severities of noise, blur, brightness, contrast and jpeg are those of {known} (arXiv:1903.12261), for "
        f"pictures of {size[0]} x {size[1]} pixels; the others are this card's own.",
        "The attacks know the network. They may change each byte of a picture by so many of 255 levels; after each "
        "step values are rounded to whole bytes from 0 to 255, so every attacked picture could be a file, and an "
        "attack on real numbers could be a little stronger. What is wrong already counts as wrong.",
        "Intervals are 95 %: Wilson's of single figures, the bootstrap over samples of means over severities.",
    ]
    if split == "train":
        found.append("These samples were trained on: new pictures are answered worse.")
    left_out = [pixels for pixels in PIXELS if pixels not in shifts_for(size)]
    if left_out:
        found.append(f"Shifts by {' and '.join(map(str, left_out))} pixels would leave nothing of the pictures.")
    accuracy = {(row["attack"], row["levels"]): row["accuracy"] for row in attacks}
    masked = [str(levels) for levels in STRENGTHS if accuracy["pgd", levels] > accuracy["fgsm", levels]]
    if masked:
        found.append(
            f"At {' and '.join(masked)} levels PGD does less than the single step of FGSM: the gradients may mislead "
            "(arXiv:1802.00420), and stronger attacks may do more."
        )
    return found
