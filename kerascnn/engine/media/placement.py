"""Where a picture comes to lie in the model's input, for masks and boxes that have to follow it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

from kerascnn.engine.forms import Form
from kerascnn.spec.kinds import IGNORE


@dataclass(frozen=True)
class Placement:
    """A place (x, y) of the picture, in pixels from its corner, lies at (x * across + left, y * down + top)."""

    across: float
    down: float
    left: float
    top: float

    def boxes(self, boxes: np.ndarray) -> np.ndarray:
        """Return boxes `(k, 4)`, left, top, right and bottom, in pixels of the model's input."""
        scale = np.array([self.across, self.down] * 2)
        return np.asarray(boxes * scale + np.array([self.left, self.top] * 2), dtype="float32")

    def back(self, boxes: np.ndarray) -> np.ndarray:
        """Return boxes of the model's input in pixels of the picture."""
        scale = np.array([self.across, self.down] * 2)
        return np.asarray((boxes - np.array([self.left, self.top] * 2)) / scale, dtype="float32")


def place_picture(height: int, width: int, form: Form) -> Placement:
    """Return where a picture of this size comes to lie in the form."""
    if form.size is None or (form.size == (height, width) and form.resize != "resize_crop"):
        return Placement(1.0, 1.0, 0.0, 0.0)
    down, across = form.size[0] / height, form.size[1] / width
    if form.resize == "stretch":
        return Placement(across, down, 0.0, 0.0)
    if form.resize == "letterbox":
        scale = min(down, across)
        # The same roundings as where the picture is pasted into its frame.
        inner = max(1, round(height * scale)), max(1, round(width * scale))
        left, top = round((form.size[1] - inner[1]) * 0.5), round((form.size[0] - inner[0]) * 0.5)
        return Placement(inner[1] / width, inner[0] / height, left, top)
    scale = max(down, across) * (8 / 7 if form.resize == "resize_crop" else 1)
    return Placement(scale, scale, (form.size[1] - width * scale) / 2, (form.size[0] - height * scale) / 2)


def fit_mask(mask: np.ndarray, form: Form) -> np.ndarray:
    """Return a mask of class numbers `(height, width)` at the form's size, each pixel that of the nearest one."""
    if form.size is None or (form.size == mask.shape and form.resize != "resize_crop"):
        return mask
    placed = place_picture(mask.shape[0], mask.shape[1], form)
    height, width = form.size
    back = (1 / placed.across, 0, -placed.left / placed.across, 0, 1 / placed.down, -placed.top / placed.down)
    image = Image.fromarray(mask)
    fitted = image.transform((width, height), Image.Transform.AFFINE, back, Image.Resampling.NEAREST, fillcolor=IGNORE)
    return np.asarray(fitted)
