"""The focal term (Lin et al. 2017, arXiv:1708.02002)."""

from __future__ import annotations

from typing import Any

from keras import ops

_LEAST = 1e-30
"""Probability below which the logarithm stands still: far below what a softmax of float32 is unsure of."""
_SHORT = 1e-7


def focal(found: Any, gamma: float) -> Any:
    """Return -(1 - p)**gamma log p of probabilities of what is true; finite, and so are its gradients, from 0 to 1.

    gamma 0 is the cross-entropy; the higher it is, the less count the elements that are answered well already.
    """
    # Next to 1 a power below 1 is endlessly steep.
    lacking = ops.clip(1 - found, _SHORT, 1)
    return -ops.power(lacking, gamma) * ops.log(ops.maximum(found, _LEAST))
