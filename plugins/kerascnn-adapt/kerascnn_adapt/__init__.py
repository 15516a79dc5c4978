"""Other domains and other orders for kerascnn: AdaBN, a curriculum, and the perceptual loss (in `nn`)."""

from kerascnn_adapt.adabn import Adabn
from kerascnn_adapt.adapted import adapt
from kerascnn_adapt.curriculum import Curriculum

__all__ = ["Adabn", "Curriculum", "adapt"]
