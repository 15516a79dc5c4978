"""What is known of samples besides their answers, laid over a source from a table of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from kerascnn.errors import DataError, counted
from kerascnn.sources.metadata_file import FIELD, read_metadata
from kerascnn.spec import Sample, Spec

_NAMED = 3


def with_metadata(samples: Sequence[Sample], spec: Spec) -> tuple[list[Sample], list[str]]:
    """Return the samples with what `data.metadata` tells of them, and sentences on what it does not.

    A sample that the table leaves out has empty values. Raises DataError for a table that cannot be read, tells of none
    of the samples, or has a column that the source itself gives.
    """
    if spec.data.metadata is None:
        return list(samples), []
    table = read_metadata(spec.data.metadata)
    known = {sample.id for sample in samples}
    strange = [name for name in table.by_id if name not in known]
    if len(strange) == len(table.by_id):
        said = f"{strange[0]} is none; they are named like {min(known)}" if known else "the source holds none"
        raise DataError(f"{table.file}: names no sample of the source: {said}")
    both = {name for sample in samples for name in sample.metadata} & set(table.columns)
    if both:
        raise DataError(f"{table.file}:1: the source itself has a column '{min(both)}'; give this one another name")
    nothing = ("",) * len(table.columns)
    found = [
        replace(
            sample,
            metadata={
                **sample.metadata,
                **dict(zip(table.columns, table.by_id.get(sample.id, nothing), strict=True)),
            },
        )
        for sample in samples
    ]
    notes = []
    if strange:
        shown = ", ".join(strange[:_NAMED]) + (", ..." if len(strange) > _NAMED else "")
        many = counted(len(strange), "line names no sample", "lines name no sample")
        notes.append(f"{FIELD}: {many} of this data ({shown})")
    gone = len(known - table.by_id.keys())
    if gone:
        notes.append(f"{FIELD}: it tells nothing of {counted(gone, 'sample', 'samples')}")
    return found, notes
