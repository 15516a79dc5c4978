"""When samples were made, for splits by time."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from datetime import UTC, datetime

from kerascnn.errors import DataError, counted
from kerascnn.spec import Sample
from kerascnn.spec.spec import Split


def times_of(samples: Sequence[Sample], split: Split) -> list[float]:
    """Return when each sample was made, in seconds or in the source's own numbers. Raises DataError."""
    pattern = re.compile(split.time_by) if split.time_by else None
    texts = []
    for sample in samples:
        match = pattern.search(sample.id) if pattern else None
        texts.append(match.group(1 if match.re.groups else 0) if match else "" if pattern else sample.time)
    if not any(texts):
        raise DataError(
            "data.split.order is time, but no sample says when it was made; set data.split.time_by, or the time_column "
            "of a manifest"
        )
    found = [_time(text) for text in texts]
    wrong = [
        (sample.id, f"has the time '{text}'; it should be a number or an ISO 8601 date")
        for sample, text, time in zip(samples, texts, found, strict=True)
        if time is None
    ]
    if wrong:
        raise DataError(f"{counted(len(wrong), 'sample has', 'samples have')} no time that can be read", wrong)
    return [time for time in found if time is not None]


def _time(text: str) -> float | None:
    try:
        number = float(text)
        return number if math.isfinite(number) else None
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
