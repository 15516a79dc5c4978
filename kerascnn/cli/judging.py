"""What `evaluate` prints, and the command `calibrate`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from kerascnn.cli.options import AsJson, RunName, RunsFolder
from kerascnn.cli.output import document, note, result, table

_SLICES = 10
_COVERAGES = (1.0, 0.95, 0.9, 0.8, 0.7, 0.5)
_AREAS = ("roc_auc", "average_precision")


def say_report(report: Mapping[str, Any]) -> None:
    """Print a report: a sentence, the figures with their intervals and baselines, the classes and the slices."""
    from kerascnn.engine.report import class_head, class_rows, verdict
    from kerascnn.engine.report_parts import figure_rows, slice_head, slice_rows

    result(verdict(dict(report)))
    result("")
    result(table(["figure", "value", "95 % interval", "baseline"], figure_rows(report)))
    result("")
    # Areas of each class stand in the report; six columns of numbers are hard to read here.
    rows = [{key: value for key, value in row.items() if key not in _AREAS} for row in report["per_class"]]
    if rows:
        shown = {**report, "per_class": rows}
        result(table(class_head(shown), class_rows(shown)))
    if report.get("slices"):
        result("")
        result(table(slice_head(report), slice_rows(report)[:_SLICES]))
        more = len(report["slices"]) - _SLICES
        if more > 0:
            note(f"{more} more slices stand in the report")
    for line in report.get("notes", []):
        note(line)
    if "calibration" in report:
        said = report["calibration"]
        at = report["temperature"]
        note(
            f"calibration: expected error {said['ece']:.3f}, largest {said['mce']:.3f}, Brier {said['brier']:.3f}, "
            + (f"at temperature {at:.3g}" if at != 1 else "not calibrated (see `kerascnn calibrate`)")
        )
    if "unsure" in report and report["unsure"]["error"] is not None:
        note(
            f"sure of {report['unsure']['coverage']:.1%} of the samples; {report['unsure']['error']:.1%} of them wrong"
        )
    if "sets" in report:
        sets = report["sets"]
        note(f"sets of {sets['mean_size']:.2f} classes on average hold the right one in {sets['coverage']:.1%}")
    if "ranges" in report:
        ranges = report["ranges"]
        note(
            f"ranges of {ranges['mean_width']:.4g} on average hold {ranges['coverage']:.1%} of the numbers (asked for: "
            f"{ranges['wished_coverage']:.1%})"
        )


def calibrate(
    run: RunName,
    unsure: Annotated[
        str | None,
        typer.Option(metavar="auto|P", help="Say 'unsure' below this confidence; auto: the recommended one."),
    ] = None,
    most_error: Annotated[
        float | None,
        typer.Option(metavar="P", help="The highest error of sure answers; left out: half of that of all."),
    ] = None,
    conformal: Annotated[
        float | None,
        typer.Option(
            metavar="P",
            help="Give each answer a set of classes, or each number a range, that holds the right one this often: 0.9.",
        ),
    ] = None,
    off: Annotated[bool, typer.Option("--off", help="Give the model its own answers back and forget all.")] = False,
    runs: RunsFolder = Path("runs"),
    as_json: AsJson = False,
) -> None:
    """Make a run's probabilities mean what they say: fit a temperature on its validation split, put it into its model.

    The temperature changes no answer of one class of several, only how sure it is. A second time replaces the first.
    The table says what it costs to answer only where the model is sure; --unsure and --conformal are stored with the
    run and honoured by `kerascnn predict`. Numbers have no probabilities: for them there is --conformal alone, which
    gives each a range.
    """
    from kerascnn.cli.loading import announce_keras
    from kerascnn.errors import UsageError
    from kerascnn.runs.folder import RunFolder

    if off and (unsure, most_error, conformal) != (None, None, None):
        raise UsageError("--off takes no other option: it forgets them all")
    wish = _wish(unsure)
    folder = RunFolder.find(run, runs)
    announce_keras()
    from kerascnn.engine.calibrate import calibrate as work
    from kerascnn.engine.calibrate import uncalibrate

    if off:
        uncalibrate(folder)
        if as_json:
            document({"temperature": 1.0})
        else:
            result(f"run {folder.id} gives its own answers again")
        return
    found = work(folder, unsure=wish, most_error=most_error, conformal=conformal)
    if as_json:
        document(found)
        return
    if found["temperature"] is None:
        _say_ranges(found)
    else:
        _say_calibration(found)
    result(f"run folder  {folder.path.resolve()}")


def unsure_head(prediction: Any) -> list[str]:
    """Return the head of what `unsure_cells` gives."""
    there = {"sure": prediction.unsure, "one of": prediction.set, "range": prediction.low}
    return [name for name, value in there.items() if value is not None]


def unsure_cells(prediction: Any) -> list[str]:
    """Return what a table of predictions says of the calibration: "unsure", the set of classes, or the ranges."""
    cells = [] if prediction.unsure is None else ["unsure" if prediction.unsure else "sure"]
    if prediction.set is not None:
        cells.append(", ".join(prediction.set))
    if prediction.low is not None:
        ranges = [f"{low:.4g} to {prediction.high[label]:.4g}" for label, low in prediction.low.items()]
        cells.append(", ".join(ranges))
    return cells


def _wish(unsure: str | None) -> Any:
    from kerascnn.errors import UsageError

    if unsure is None or unsure == "auto":
        return unsure
    try:
        return float(unsure)
    except ValueError:
        raise UsageError(f"--unsure is auto or a number between 0 and 1 (got '{unsure}')") from None


def _say_ranges(found: Mapping[str, Any]) -> None:
    ranges = found["conformal"]
    result(
        f"ranges to hold the true number in {ranges['coverage']:.1%}, from {found['samples']} {found['split']} samples"
    )
    result("")
    result(table(["number", "to either side"], [[name, f"{half:.4g}"] for name, half in ranges["widest"].items()]))
    result("")
    for line in found["notes"]:
        note(line)


def _say_calibration(found: Mapping[str, Any]) -> None:
    before, after = found["before"], found["after"]
    result(f"temperature {found['temperature']:.4g}, fitted on {found['samples']} {found['split']} samples")
    result("")
    names = {
        "nll": "log loss",
        "ece": "expected calibration error",
        "mce": "largest calibration error",
        "brier": "Brier",
    }
    result(table(["", "before", "after"], [[names[k], f"{before[k]:.4f}", f"{after[k]:.4f}"] for k in names]))
    result("")
    result(table(["answered from", "coverage", "error"], _coverage_rows(found["curve"])))
    result("")
    chosen = found["recommended"]
    if chosen and not found["unsure"]:
        note(
            f"recommended: --unsure auto ({chosen['threshold']:.4f}) leaves {chosen['coverage']:.1%} of the samples, "
            f"{chosen['error']:.1%} of them wrong instead of {found['error']:.1%}"
        )
    if found["unsure"]:
        unsure = found["unsure"]
        error = (
            "" if unsure["error"] is None else f", {unsure['error']:.1%} of them wrong instead of {found['error']:.1%}"
        )
        result(f"unsure below {unsure['threshold']:.4f}: {unsure['coverage']:.1%} of the samples are left{error}")
    if found["conformal"]:
        sets = found["conformal"]
        result(f"sets of {sets['mean_size']:.2f} classes on average to hold the right one in {sets['coverage']:.1%}")
    for line in found["notes"]:
        note(line)


def _coverage_rows(curve: list[dict[str, float]]) -> list[list[str]]:
    """Return the points with the coverages that people ask for, the nearest there is to each."""
    chosen = [min(curve, key=lambda point: abs(point["coverage"] - wanted)) for wanted in _COVERAGES]
    points = list({point["threshold"]: point for point in chosen}.values())
    return [[f"{point['threshold']:.4f}", f"{point['coverage']:.1%}", f"{point['error']:.2%}"] for point in points]
