"""What the tests of the engine share: small specs, and pictures made for them."""

from pathlib import Path

import numpy as np
from PIL import Image

from kerascnn.spec import Spec, spec_from_dict

LAYERS = [
    {"type": "conv2d", "filters": 4, "use_bias": False},
    {"type": "batch_norm", "momentum": 0.5},
    {"type": "activation"},
    {"type": "max_pooling2d"},
]


def make_folder(root: Path, counts: dict[str, int], *, size=(8, 8), channels=1, seed=0, noise=40) -> Path:
    """Write PNGs in one folder for each class, each class of a brightness of its own, and return the root."""
    rng = np.random.default_rng(seed)
    for number, (label, count) in enumerate(counts.items()):
        (root / label).mkdir(parents=True, exist_ok=True)
        level = 20 + 200 * number / max(1, len(counts) - 1)
        for i in range(count):
            pixels = np.clip(level + noise * rng.standard_normal((*size, channels)), 0, 255).astype("uint8")
            Image.fromarray(pixels.squeeze(-1) if channels == 1 else pixels).save(root / label / f"{i:03d}.png")
    return root


def make_spec(
    source: dict | Path, *, backbone=None, head=None, preprocess=None, augment=(), data=None, **train
) -> Spec:
    """Return a small spec on this source (or folder of pictures); keywords go to its section `train`."""
    if isinstance(source, Path):
        source = {"type": "image_folder", "path": str(source)}
    return spec_from_dict(
        {
            "kerascnn": 1,
            "name": "small",
            "task": {"type": "image_classification"},
            "data": {"source": source, "split": {"validation": 0.25, "test": 0.25}, **(data or {})},
            "augment": list(augment),
            "model": {
                "preprocess": preprocess or {},
                "backbone": backbone or {"type": "layers", "layers": LAYERS},
                "head": head or {"type": "classifier"},
            },
            "train": {"batch_size": 8, "stages": [{"epochs": 1}], **train},
        }
    )
