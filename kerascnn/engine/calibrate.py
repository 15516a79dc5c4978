"""Make a run's probabilities mean what they say, let it say where it is not sure, and give numbers their ranges.

All of it is found on the validation split.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np

from kerascnn.engine.evaluate import answered, kept
from kerascnn.engine.judge import kind_of
from kerascnn.engine.predict import CALIBRATION, Predictor
from kerascnn.engine.ranges import fit_ranges, gives_numbers, range_notes
from kerascnn.engine.report import write_report
from kerascnn.engine.temperature import temperature_of, with_temperature, without_temperature
from kerascnn.errors import DataError, UsageError
from kerascnn.evaluation.calibration import COLDEST, HOTTEST, Kind, calibration, fit_temperature, tempered
from kerascnn.evaluation.conformal import fewest, lowest_probability, members
from kerascnn.evaluation.thresholds import FEWEST as FEWEST_ANSWERED
from kerascnn.evaluation.thresholds import Risk, recommended, risk
from kerascnn.runs.answers import FOLDER, answers_file, read_answers
from kerascnn.runs.atomic import write_json, write_with
from kerascnn.runs.digest import digest_of
from kerascnn.runs.folder import RunFolder
from kerascnn.runs.lock import RunLock
from kerascnn.spec import DataInfo
from kerascnn.spec.data import SPLITS

SPLIT = "validation"
FEWEST = 50
"""How many validation samples there are at least."""

_Answers = dict[str, tuple[list[str], np.ndarray, np.ndarray]]


def calibrate(
    run: RunFolder,
    *,
    unsure: float | Literal["auto"] | None = None,
    most_error: float | None = None,
    conformal: float | None = None,
) -> dict[str, Any]:
    """Fit a temperature to the run's answers on its validation split and put it into its model; return what was found.

    It is kept as `calibration.json`. `unsure` is the confidence below which the run says that it is not sure: a number,
    or "auto" for the smallest at which at most `most_error` of the answers that are left are wrong (half of the error
    of all where it is not given). With `conformal` each answer comes with the set of classes that holds the right one
    in this share of cases; a number with the range that holds the true one, which is all that there is for numbers: no
    temperature is fitted. The reports of splits that were evaluated are made again. A second time replaces the first.
    Raises UsageError where there is nothing to calibrate, DataError where the data does not allow it,
    RunInUseError while the run is trained.
    """
    _check(unsure, most_error, conformal)
    with RunLock(run.path):
        predictor = Predictor(run)
        if _gives_numbers(predictor):
            return _ranged(predictor, _coverage(predictor, unsure, most_error, conformal))
        kind = _kind(predictor)
        if conformal is not None and kind != "softmax":
            raise UsageError("sets of classes are for one class of several; here each class is decided by itself")
        model = predictor.model
        predictor.model = without_temperature(model)
        answers = _untempered(predictor, temperature_of(model))
        _, truth, given = answers[SPLIT]
        _check_samples(predictor, truth, given)
        temperature = fit_temperature(truth, given, kind)
        after = tempered(given, temperature, kind)
        found = risk(*_decisions(predictor, truth, after))
        stored = {
            "temperature": temperature,
            "kind": kind,
            "split": SPLIT,
            "samples": len(truth),
            "before": _said(truth, given, kind),
            "after": _said(truth, after, kind),
            "notes": _notes(temperature),
            "error": float(found.error[-1]),
            "curve": found.curve(),
            "recommended": recommended(found, most_error),
            "unsure": None if unsure is None else _unsure(found, unsure, most_error),
            "conformal": None if conformal is None else _conformal(truth, after, conformal),
            "calibrated": time.time(),
        }
        _put(predictor, answers, temperature, kind, stored)
    return stored


def uncalibrate(run: RunFolder) -> None:
    """Give a run's model its own answers back and forget its threshold and sets. Raises as `calibrate`."""
    with RunLock(run.path):
        predictor = Predictor(run)
        if _gives_numbers(predictor):
            _tell(predictor, _untempered(predictor, 1.0, needed=()), None)
            return
        kind, model = _kind(predictor), predictor.model
        predictor.model = without_temperature(model)
        _put(predictor, _untempered(predictor, temperature_of(model), needed=()), 1.0, kind, None)


def _put(
    predictor: Predictor, answers: _Answers, temperature: float, kind: Kind, stored: Mapping[str, Any] | None
) -> None:
    """Write the model, what was found and the reports, in this order: a model without the others is still right."""
    run = predictor.run
    file = run.path / CALIBRATION
    model = with_temperature(predictor.model, temperature, kind)
    # What is said of another temperature must not be believed if this is interrupted.
    file.unlink(missing_ok=True)
    write_with(run.path / "model.keras", lambda part: _save(model, part))
    if temperature != 1:
        answers = {split: (i, t, tempered(given, temperature, kind)) for split, (i, t, given) in answers.items()}
    _tell(predictor, answers, stored, temperature)


def _tell(predictor: Predictor, answers: _Answers, stored: Mapping[str, Any] | None, temperature: float = 1.0) -> None:
    """Write what was found and the reports; without anything found, forget what there was."""
    run = predictor.run
    file = run.path / CALIBRATION
    if stored is None:
        file.unlink(missing_ok=True)
    else:
        write_json(file, stored)
    fresh = Predictor(run)
    for split, (ids, truth, given) in answers.items():
        kept(fresh, split, ids, truth, given, temperature)
    write_report(run)


def _gives_numbers(predictor: Predictor) -> bool:
    return gives_numbers(predictor.task, DataInfo(predictor.shape, tuple(predictor.labels)))


def _ranged(predictor: Predictor, coverage: float) -> dict[str, Any]:
    """Find the ranges of a run's numbers, keep them, and return what is kept."""
    answers = _untempered(predictor, 1.0)
    _, truth, given = answers[SPLIT]
    _check_many(truth)
    stored = {
        "temperature": None,
        "kind": "numbers",
        "split": SPLIT,
        "samples": len(truth),
        "unsure": None,
        "conformal": fit_ranges(predictor.labels, truth, given, coverage, SPLIT),
        # Without a temperature in it, the model has to be known by its bytes.
        "model": digest_of(predictor.run.path / "model.keras"),
        "notes": range_notes(predictor.task, predictor.labels),
        "calibrated": time.time(),
    }
    _tell(predictor, answers, stored)
    return stored


def _coverage(
    predictor: Predictor, unsure: float | str | None, most_error: float | None, conformal: float | None
) -> float:
    """Return the coverage that is asked for. Raises UsageError for wishes that are not for numbers."""
    about = f"run {predictor.run.id} is of {predictor.task.type_name}: its answers are numbers without probabilities"
    if unsure is not None or most_error is not None:
        raise UsageError(f"{about}, so that none can be unsure; leave out --unsure and --most-error")
    if conformal is None:
        raise UsageError(f"{about}, to which no temperature can be fitted; --conformal 0.9 gives each number a range")
    return conformal


def _save(model: Any, part: Path) -> None:
    model.save(part)


def _untempered(predictor: Predictor, temperature: float, needed: tuple[str, ...] = (SPLIT,)) -> _Answers:
    """Return truth and answers of the model as it was trained, on the splits that are needed or were evaluated.

    Kept answers are taken where they are those; else the model answers once more.
    """
    run = predictor.run
    found: _Answers = {}
    for split in SPLITS:
        evaluated = (run.path / FOLDER / f"{split}.json").is_file()
        if not evaluated and split not in needed:
            continue
        # Reports of numbers have no temperature, and their model has none.
        at = run.read(f"{FOLDER}/{split}.json").get("temperature", 1.0) if evaluated else None
        if at == temperature == 1.0 and _is_newer(answers_file(run, split), run.path / "model.keras"):
            stood = read_answers(run, split)
            found[split] = (stood.ids, stood.truth, stood.answers)
        else:
            found[split] = answered(predictor, split)
    return found


def _is_newer(file: Path, other: Path) -> bool:
    return file.is_file() and file.stat().st_mtime_ns >= other.stat().st_mtime_ns


def _check(unsure: float | str | None, most_error: float | None, conformal: float | None) -> None:
    """Raise UsageError for wishes that mean nothing."""
    if isinstance(unsure, str) and unsure != "auto":
        raise UsageError(f"the unsure threshold is auto or a number between 0 and 1 (got '{unsure}')")
    if isinstance(unsure, float | int) and not 0 < unsure < 1:
        raise UsageError(f"the unsure threshold lies between 0 and 1 (got {unsure:g})")
    if most_error is not None and not 0 < most_error < 1:
        raise UsageError(f"the highest error lies between 0 and 1 (got {most_error:g})")
    if conformal is not None and not 0 < conformal < 1:
        raise UsageError(f"the coverage of the sets lies between 0 and 1, such as 0.9 (got {conformal:g})")


def _kind(predictor: Predictor) -> Kind:
    kind = kind_of(predictor.task)
    if kind is None:
        raise UsageError(
            f"run {predictor.run.id} is of {predictor.task.type_name}, which gives no probabilities of whole samples; "
            "there is nothing to calibrate"
        )
    return kind


def _decisions(predictor: Predictor, truth: np.ndarray, answers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    found: tuple[np.ndarray, np.ndarray] = predictor.task.decisions(truth, answers)  # type: ignore[attr-defined]
    return found


def _check_samples(predictor: Predictor, truth: np.ndarray, answers: np.ndarray) -> None:
    """Raise DataError where the validation split cannot say what a probability is worth."""
    _check_many(truth)
    if _decisions(predictor, truth, answers)[1].all():
        raise DataError(
            f"all {len(truth)} validation samples are answered rightly: no temperature can be fitted to that, as no "
            "answer would be too sure; take more or harder validation samples"
        )


def _check_many(truth: np.ndarray) -> None:
    if len(truth) < FEWEST:
        raise DataError(
            f"the validation split has {len(truth)} samples; to calibrate takes {FEWEST}: train with a larger one"
        )


def _said(truth: np.ndarray, answers: np.ndarray, kind: Kind) -> dict[str, float]:
    found = calibration(truth, answers, kind)
    return {name: found[name] for name in ("ece", "mce", "brier", "nll")}


def _notes(temperature: float) -> list[str]:
    if COLDEST * 1.01 < temperature < HOTTEST / 1.01:
        return []
    return [f"The temperature is at the end of what is tried ({COLDEST:g} to {HOTTEST:g}): look at the answers."]


def _unsure(found: Risk, wish: float | str, most_error: float | None) -> dict[str, Any]:
    """Return the threshold that is stored, the rule behind it, and what it came to on the validation split."""
    if wish != "auto":
        coverage, error = found.at(float(wish))
        return {"threshold": float(wish), "rule": "as given", "coverage": coverage, "error": error}
    chosen = recommended(found, most_error)
    if chosen is None:
        most = float(found.error[-1]) / 2 if most_error is None else most_error
        raise DataError(
            f"no threshold leaves {FEWEST_ANSWERED} validation answers of which at most {most:.1%} are wrong; allow a "
            "higher error, or give the threshold itself"
        )
    rule = "half of the error of all answers" if most_error is None else "the error that was asked for"
    return {**chosen, "rule": f"the smallest confidence at which the error of what is answered is at most {rule}"}


def _conformal(truth: np.ndarray, answers: np.ndarray, coverage: float) -> dict[str, Any]:
    if len(truth) < fewest(coverage):
        raise DataError(
            f"sets that hold the right class in {coverage:g} of cases take {fewest(coverage)} validation samples "
            f"(there are {len(truth)}); ask for a lower coverage"
        )
    lowest = lowest_probability(truth, answers, coverage)
    return {"coverage": coverage, "lowest": lowest, "mean_size": float(members(answers, lowest).sum(1).mean())}
