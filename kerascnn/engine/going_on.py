"""What a run that is resumed is compared with: its checkpoint, its data, its machine, the runs that it learns from."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from kerascnn.engine import processes
from kerascnn.engine.data import Dataset
from kerascnn.engine.devices import differences, environment
from kerascnn.engine.progress import Progress
from kerascnn.errors import DataError
from kerascnn.runs.checkpoints import Checkpoint, Checkpoints
from kerascnn.runs.folder import RunFolder
from kerascnn.spec import Spec, plugins


def last_checkpoint(run: RunFolder, progress: Progress) -> Checkpoint | None:
    """Return the last checkpoint of a run that is whole, and say where it goes on."""
    checkpoints = Checkpoints(run.path)
    checkpoints.clean()
    found, refused = checkpoints.load()
    for reason in refused:
        progress.note(reason)
        run.log(reason)
    if found is None:
        text = "there is no checkpoint yet: training begins anew"
    else:
        text = f"goes on after epoch {found.state['epoch']} and {found.state['steps']} steps of the next"
    progress.note(text)
    run.log(f"resumed: {text}")
    return found


def check_same_data(run: RunFolder, data: Dataset) -> None:
    """Raise DataError where the data is another than that the run began with."""
    if (run.path / "data.json").is_file() and run.read("data.json")["fingerprint"] != data.fingerprint:
        raise DataError(
            f"the data is no longer what run {run.id} began with; bring it back (data.manifest.jsonl has the hash of "
            "every sample), or train anew"
        )


def check_same_work(spec: Spec, data: Dataset, checkpoint: Checkpoint | None) -> None:
    """Raise DataError where processes that train together do not train the same."""
    tree = spec.spell()
    work = {**{name: tree[name] for name in ("task", "augment", "model")}, "train": {**tree["train"], "callbacks": []}}
    versions = environment()["versions"]
    processes.same(work, data.fingerprint, versions, None if checkpoint is None else checkpoint.state)


def resumes(
    run: RunFolder,
    progress: Progress,
    earlier: Mapping[str, Any],
    effective: Mapping[str, Any],
    checkpoint: Checkpoint | None,
) -> list[dict[str, Any]]:
    """Return what `effective.json` says of all resumes, this one the last: whether machine and teachers are the same.

    `earlier` is that file as the session before left it, {} where there is none, `effective` that of this session.
    """
    before = run.about()["environment"]
    now = environment() | {"plugins": plugins.versions(run.read("spec.resolved.json"))}
    if "devices" in earlier:
        before, now = (
            {**facts, "devices": len(used["used"]), "processes": used.get("processes", 1)}
            for facts, used in ((before, earlier["devices"]), (now, effective["devices"]))
        )
    stage = 0 if checkpoint is None else checkpoint.state["stage"]
    differing = [*differences(before, now), *_other_models(earlier, effective, stage)]
    if differing:
        text = f"this resume is not exact: {'; '.join(differing)}"
        progress.note(text)
        run.log(text)
    return [*earlier.get("resumes", []), {"time": time.time(), "exact": not differing, "differences": differing}]


def _other_models(before: Mapping[str, Any], now: Mapping[str, Any], stage: int) -> list[str]:
    """Return which of the runs that the stages from this one on learn from have another model than they had."""
    known = before.get("learnt_from", {})
    return [
        f"{place}: the model of the run in {facts['run']} has changed"
        for place, facts in now["learnt_from"].items()
        if facts["stage"] >= stage and known.get(place, facts)["sha256"] != facts["sha256"]
    ]
