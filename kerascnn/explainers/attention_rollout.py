"""Attention rollout."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kerascnn.spec import Explainer, register

if TYPE_CHECKING:
    import numpy as np

    from kerascnn.spec import Explained


@register("attention_rollout")
class AttentionRollout(Explainer):
    """Follow attention back from block to block (Abnar and Zuidema 2020, arXiv:2005.00928).

    Half of what a block gives is what it was given, half is what it looked at. It shows what the network looks at,
    whatever class is asked for, and only where each place looks at all others: in `vit`, in the last stages of
    `conv_attention`, and of `swin` where a window spans the maps. Shapes: `-> (n, *places)`, never below 0.
    """

    def explain(self, seen: Explained) -> np.ndarray:
        """Return what of each place arrived at the end. Raises UsageError where there is no such attention."""
        import numpy as np

        attention = seen.attention()
        still = np.eye(attention.shares[0].shape[-1], dtype="float32")
        total = still[None]
        for shares in attention.shares:
            total = (shares + still) / 2 @ total
        first = attention.first
        # The token that is read knows it all, else the mean of all places is read.
        arrived = total[:, 0, first:] if first else total.mean(1)
        return np.asarray(attention.spread(arrived), "float32")
