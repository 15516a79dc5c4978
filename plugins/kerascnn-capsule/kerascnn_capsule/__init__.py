"""Capsules with routing by agreement for kerascnn (Sabour et al. 2017, arXiv:1710.09829)."""

from kerascnn_capsule.head import DigitCapsules
from kerascnn_capsule.primary import PrimaryCapsules
from kerascnn_capsule.task import CapsuleClassification

__all__ = ["CapsuleClassification", "DigitCapsules", "PrimaryCapsules"]
