"""A trained run's model with the statistics of another domain."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kerascnn import Run
from kerascnn.errors import ResourceError, UsageError


def adapt(run: Run, source: str | Path, to: str | Path, *, most: int = 10_000, force: bool = False) -> dict[str, Any]:
    """Write the model of a run with statistics of the elements in a folder, and say what came of it.

    "model" is the file, "batch_norms" the number of layers, "elements" how many were read, "changed" the share of them
    that the model now gives another label. Raises UsageError where there is no batch normalisation or the file is
    there, DataError where an element cannot be read, ResourceError where the file cannot be written.
    """
    import numpy as np

    from kerascnn.engine.predict import Predictor
    from kerascnn_adapt.statistics import Domain, Norms, files_in, thawed

    to = Path(to)
    if to.suffix != ".keras":
        raise UsageError(f"--to: the file '{to}' should end in .keras")
    if to.exists() and not force:
        raise UsageError(f"--to: {to} is there already; --force replaces it")
    predictor = Predictor(run.folder)
    facts = run.folder.read("input.json")
    domain = Domain.read(files_in(str(source), facts, most), facts, "--source")
    model = predictor.model
    with thawed(model):
        norms = Norms(model)
        if not len(norms):
            raise UsageError(f"run {run.id} has no batch normalisation, so that there are no statistics to be adapted")
        before = predictor.answers(domain.elements)
        norms.put(norms.measured(domain.batches()))
    after = predictor.answers(domain.elements)
    said = [[predictor.task.say(row, predictor.labels)["label"] for row in rows] for rows in (before, after)]
    try:
        model.save(to)
    except OSError as error:
        raise ResourceError(f"cannot write {to}: {error.strerror or error}") from error
    return {
        "model": str(to),
        "batch_norms": len(norms),
        "elements": len(domain),
        "changed": float(np.mean([one != other for one, other in zip(*said, strict=True)])),
    }
