"""Whether a run is ready to be used: ten gates, each passed or not, with the reason and what to do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from kerascnn.errors import counted
from kerascnn.runs.exports import exports_of
from kerascnn.runs.failures import failures
from kerascnn.runs.folder import RunFolder


@dataclass(frozen=True)
class Gate:
    """One of the gates."""

    id: str
    """Its name, for good."""
    title: str
    """What is asked for."""
    passed: bool | None
    """None where it does not apply to this run."""
    reason: str
    """What was found; where it is not passed, what to do."""

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as plain data."""
        return asdict(self)


def readiness(run: RunFolder) -> list[Gate]:
    """Return the gates of a run from what its folder holds. Raises UsageError where the run has no data yet."""
    known = _Known(run)
    return [Gate(name, title, *look(known)) for name, (title, look) in GATES.items()]


class _Known:
    def __init__(self, run: RunFolder):
        self.run = run
        self.spec, self.data, self.effective = (
            run.read(name) for name in ("spec.resolved.json", "data.json", "effective.json")
        )
        self.findings = {finding["id"]: finding for finding in self.data["findings"]}

    def has(self, name: str) -> bool:
        return (self.run.path / name).is_file()

    def evaluation(self, split: str) -> dict[str, Any]:
        return dict(self.run.read(f"evaluation/{split}.json")) if self.has(f"evaluation/{split}.json") else {}

    def named(self, *ids: str) -> str:
        """Return what the check says of these findings, "" where it has none of them."""
        return "; ".join(self.findings[name]["message"] for name in ids if name in self.findings)


_Verdict = tuple[bool | None, str]


def _task(known: _Known) -> _Verdict:
    task, head = known.spec["task"]["type"], known.spec["model"]["head"]["type"]
    return True, f"{task} with the head {head}; {known.spec['train']['monitor']} decides which epoch is kept"


def _labels(known: _Known) -> _Verdict:
    wrong = known.named("duplicate-label", "small-class", "similar-class-names", "imbalance")
    if wrong:
        return False, wrong
    splits = [split for split in ("validation", "test") if known.has(f"evaluation/{split}.npz")]
    if not known.spec["task"]["type"].endswith(("classification", "multilabel")):
        return True, "the check found nothing; answers that are no classes are not called into question one by one"
    if not splits:
        return False, f"the check found nothing; `kerascnn evaluate {known.run.id}` looks for likely label errors"
    doubts = {split: failures(known.run, split)["label_errors"] or [] for split in splits}
    said = " and ".join(f"{len(rows)} on the {split} split" for split, rows in doubts.items())
    if any(doubts.values()):
        return False, f"labels that may be wrong: {said}; look at them with `kerascnn failures {known.run.id}`"
    return True, f"the check found nothing, and no label is likely to be wrong ({said})"


def _pretrained(known: _Known) -> _Verdict:
    if known.effective["weights"]:
        return True, f"began from {known.effective['weights']['origin']}"
    if known.spec["task"]["type"].startswith("image"):
        return False, "began from chance; set model.backbone.weights where weights are published for the backbone"
    return None, "no weights are published for networks of this kind"


def _augmentation(known: _Known) -> _Verdict:
    chain = [step["type"] for step in known.effective["augmentation"]]
    said = f"augmentation: {', '.join(chain)}" if chain else "no augmentation"
    return True, f"{said}; preprocessing is inside the saved model ({known.effective['preprocessing']['normalize']})"


def _groups(known: _Known) -> _Verdict:
    split = known.spec["data"]["split"]
    torn = known.named("group-across-splits", "duplicate-across-splits", "near-duplicate-across-splits")
    if torn:
        return False, torn
    if split.get("group_by"):
        return True, f"groups by {split['group_by']} stay in one split"
    if split.get("lists") or split.get("file"):
        return True, "the split is an official one, and nothing of it is in two parts"
    return False, "samples were divided one by one; where several come from one origin, say so with data.split.group_by"


def _figures(known: _Known) -> _Verdict:
    lacking = []
    if not known.evaluation("test"):
        lacking.append(f"`kerascnn evaluate {known.run.id} --split test`")
    if known.spec["task"]["type"].endswith(("classification", "multilabel")) and not known.has("calibration.json"):
        lacking.append(f"`kerascnn calibrate {known.run.id}`")
    if lacking:
        return False, f"still to do: {' and '.join(lacking)}"
    return True, f"{counted(known.evaluation('test')['samples'], 'test sample', 'test samples')} were judged once"


def _export(known: _Known) -> _Verdict:
    found = exports_of(known.run)
    good = [one for one in found if one.passed and one.current]
    if good:
        said = [
            f"{one.name}: {one.facts['latency']['median_ms']:.2f} ms an element, {one.facts['bytes']:,} bytes"
            for one in good
        ]
        return True, f"{'; '.join(said)} ({good[0].facts['latency']['machine']})"
    if not found:
        return False, f"`kerascnn export {known.run.id} --to onnx` exports the model, and measures it on this machine"
    bad = [f"{one.name}: {one.facts['reason'] if one.current else 'is of an earlier model'}" for one in found]
    return False, f"no export is good: {'; '.join(bad)}"


def _quantized(known: _Known) -> _Verdict:
    found = [one for one in exports_of(known.run) if one.current and one.facts["variant"] == "int8"]
    if not found:
        return None, "there is no model of 8 bits"
    said = [
        f"{one.name}: {worth['metric']} {worth['before']:.4f} before, {worth['after']:.4f} after"
        for one in found
        if (worth := one.facts["accuracy"])
    ]
    return all(one.passed for one in found), "; ".join(said)


def _distribution(known: _Known) -> _Verdict:
    if known.evaluation("test") and known.has("evaluation/test.npz"):
        return True, "evaluation/test.npz holds every answer, data.json the mean and variance of the input"
    if known.has("evaluation/test.each.npz"):
        return False, "whole masks and boxes are not kept; log the answers where the model is used"
    return False, f"no answers are kept to compare later ones with; `kerascnn evaluate {known.run.id} --split test`"


def _versions(known: _Known) -> _Verdict:
    if not known.has("model.keras"):
        return False, "there is no model"
    lost = known.data["quarantined"]
    left = f"; {counted(lost, 'file', 'files')} could not be read and are named in the manifest" if lost else ""
    version = known.data["fingerprint"][:12]
    return True, f"data {version}, each file by its hash; the spec and the model stand in the run{left}"


GATES: dict[str, tuple[str, Callable[[_Known], _Verdict]]] = {
    "task-defined": ("Task, head and metrics are defined", _task),
    "labels-audited": ("Quality and balance of the labels were looked at", _labels),
    "pretrained": ("Training began from trained weights", _pretrained),
    "augmentation-locked": ("Augmentation and preprocessing are written down", _augmentation),
    "split-by-group": ("What belongs together is in one split", _groups),
    "figures-complete": ("Figures by class, confusions and calibration are there", _figures),
    "exported": ("The model was exported, and its speed and memory measured", _export),
    "int8-validated": ("A model of 8 bits was compared with it", _quantized),
    "distribution-logged": ("Answers and inputs are kept to compare later ones with", _distribution),
    "versioned": ("Data, weights and preprocessing have versions", _versions),
}
"""The gates in their order, after a checklist for production; each with its title and what looks at a run."""
