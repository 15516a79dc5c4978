"""Measure how well near duplicates are told: how many pairs a folder of pictures has, and how many made ones are found.

Run: python benchmarks/near_duplicates.py FOLDER. It reads every picture below the folder, counts the pairs whose hashes
are near and those whose thumbnails agree as well, and finds changed copies of 200 of them again.

Measured on 2026-11-21 on the 2,527 photographs of TrashNet at 150 x 150 pixels (things on plain boards):

      710 pairs of near hashes among 2527 pictures
       28 pictures are near duplicates: their thumbnails agree as well
      98% of 200 copies found: saved as JPEG of quality 50
      98% of 200 copies found: half the size
      88% of 200 copies found: brighter by a fifth
      66% of 200 copies found: cropped by 2 % each side
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, ImageEnhance

from kerascnn.engine.check import check
from kerascnn.engine.forms import Form
from kerascnn.engine.near import near_pairs
from kerascnn.engine.pictures import Picture, read_all
from kerascnn.sources.files import is_picture

COPIES = 200
CHANGES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "saved as JPEG of quality 50": lambda image: image,
    "half the size": lambda image: image.resize((image.width // 2, image.height // 2)),
    "brighter by a fifth": lambda image: ImageEnhance.Brightness(image).enhance(1.2),
    "cropped by 2 % each side": lambda image: cropped(image, 0.02),
}


def cropped(image: Image.Image, share: float) -> Image.Image:
    """Return the picture without a share of each side, at its size."""
    across, down = round(image.width * share), round(image.height * share)
    return image.crop((across, down, image.width - across, image.height - down)).resize(image.size)


def lines(files: list[Path]) -> list[dict[str, object]]:
    """Return a line for each picture, as the check gets them."""
    return [
        {"id": str(i), "split": "train", **picture.facts, "thumb": picture.thumb}
        for i, picture in enumerate(read_all(files, Form(None)))
        if isinstance(picture, Picture) and picture.thumb
    ]


def near(found: list[dict[str, object]]) -> int:
    """Return how many pictures the check calls near duplicates."""
    return sum(len(finding.samples) for finding in check(found) if finding.id == "near-duplicate")


def main() -> None:
    """Measure and print."""
    files = sorted(file for file in Path(sys.argv[1]).rglob("*") if is_picture(file))
    found = lines(files)
    hashes = [int(str(line["dhash"]), 16) for line in found]
    print(f"{len(near_pairs(hashes, 4)):5} pairs of near hashes among {len(found)} pictures")
    print(f"{near(found):5} pictures are near duplicates: their thumbnails agree as well")
    rng = np.random.default_rng(0)
    chosen = [files[i] for i in sorted(rng.choice(len(files), min(COPIES, len(files)), replace=False))]
    for name, change in CHANGES.items():
        with tempfile.TemporaryDirectory() as folder:
            hits = 0
            for i, file in enumerate(chosen):
                copy = Path(folder) / f"{i}.jpg"
                with Image.open(file) as image:
                    quality = 50 if "JPEG" in name else 95
                    change(image.convert("RGB")).save(copy, quality=quality)
                hits += near(lines([file, copy])) > 0
        print(f"{hits / len(chosen):5.0%} of {len(chosen)} copies found: {name}")


if __name__ == "__main__":
    main()
