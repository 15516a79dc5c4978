"""Exchange neighbouring words of texts, after the random swap of Wei and Zou 2019, arXiv:1901.11196."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from kerascnn.spec import Augmentation, register

if TYPE_CHECKING:
    import numpy as np


@register("word_swap")
class WordSwap(Augmentation):
    """Let random tokens change places with a neighbour; no token moves by more than one place.

    The paper exchanges words at any distance. Shapes: `(n, length) -> (n, length)`, int32.
    """

    reads: ClassVar[str] = "text"

    probability: float = Field(0.1, ge=0, le=1)
    """Chance that a token changes places, but for the first and the last one, of which it is half as likely."""

    def apply(self, tokens: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return the batch, some neighbours in each text exchanged."""
        import numpy as np

        n, length = tokens.shape
        # Each text is cut into pairs, from its first or its second token on.
        begins = (np.arange(length - 1) % 2) == rng.integers(0, 2, size=(n, 1))
        chosen = begins & (rng.random((n, length - 1)) < self.probability)
        chosen &= (tokens[:, :-1] > 0) & (tokens[:, 1:] > 0)
        changed = tokens.copy()
        changed[:, :-1][chosen] = tokens[:, 1:][chosen]
        changed[:, 1:][chosen] = tokens[:, :-1][chosen]
        return changed
