"""The loss of a report: of all samples, and of each by itself where the first is the mean of these."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np


def sample_losses(loss: Any, targets: np.ndarray, answers: np.ndarray) -> tuple[float, np.ndarray]:
    """Return what a Keras loss makes of all samples, and what it makes of each: `(n,)`, float64.

    Weights of classes are those of the training split, the same for any samples: the first is the mean of the others.
    """
    import numpy as np
    from keras import ops

    answers = answers.astype("float32")
    single = copy.copy(loss)
    single.reduction = "none"
    each = np.asarray(ops.convert_to_numpy(single(targets, answers)), "float64")
    return float(loss(targets, answers)), each
