"""Make words of texts unknown (Iyyer et al. 2015, "Deep Unordered Composition")."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from kerascnn.spec import Augmentation, register

if TYPE_CHECKING:
    import numpy as np

_UNKNOWN = 1


@register("word_dropout")
class WordDropout(Augmentation):
    """Put the unknown token in the place of random tokens, as new texts bring words that training never saw.

    The paper leaves the words out; here all others keep their places. Shapes: `(n, length) -> (n, length)`, int32.
    """

    reads: ClassVar[str] = "text"

    probability: float = Field(0.1, ge=0, lt=1)
    """Chance that a token becomes unknown."""

    def apply(self, tokens: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return the batch, some tokens of it unknown."""
        import numpy as np

        dropped = rng.random(tokens.shape) < self.probability
        return np.where(dropped & (tokens > 0), np.int32(_UNKNOWN), tokens)
