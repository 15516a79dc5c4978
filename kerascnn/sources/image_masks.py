"""Pictures with a mask for each: which class every pixel belongs to."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, ClassVar, Self

from pydantic import Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from kerascnn.errors import DataError, counted
from kerascnn.sources.files import by_stem, pictures_below, place, split_folders
from kerascnn.spec import Sample, Scan, Source, register


@register("image_masks")
class ImageMasks(Source):
    """A folder of pictures and a folder of masks whose files have the same names but for the ending.

    `IMAGES/a/1.jpg` belongs to `MASKS/a/1.png`. A mask is grey, or has a palette: then the numbers in the palette
    count, not the colours. Where `IMAGES` holds `train` and nothing but `train`, `validation` (`val`, `valid`) and
    `test`, these are the splits.
    """

    paths: ClassVar[tuple[str, ...]] = ("images", "masks")

    images: str
    """The folder of pictures (or a .zip file of them); a relative one starts from the folder that the command runs
    in."""
    masks: str
    """The folder of masks (or a .zip file of them)."""
    values: list[Annotated[int, Field(ge=0, le=255)]] = Field([0, 255], min_length=2, max_length=255)
    """The grey values (or numbers in the palette) of the masks that mean class 0, 1, 2, ..."""
    class_names: list[Annotated[str, Field(min_length=1)]] | None = Field(None, min_length=2)
    """Names of the classes 0, 1, 2, ..., one for each of `values`; left out: the values."""

    @field_validator("values", "class_names")
    @classmethod
    def _differ(cls, items: list[int] | list[str] | None) -> list[int] | list[str] | None:
        if items and len(set(items)) < len(items):
            raise PydanticCustomError("alike", "should name no two classes alike")
        return items

    @model_validator(mode="after")
    def _match(self) -> Self:
        if self.class_names is not None and len(self.class_names) != len(self.values):
            raise PydanticCustomError(
                "class_names",
                "names {names} classes in class_names and {values} grey values in values; give one value for each",
                {"names": len(self.class_names), "values": len(self.values)},
            )
        return self

    @property
    def target(self) -> str:
        """The file of a mask."""
        return "mask"

    def scan(self) -> Scan:
        """Return every picture with its mask. Raises DataError with every file that has no counterpart."""
        images = place(self.images, "data.source.images", folder=True)
        masks = place(self.masks, "data.source.masks", folder=True)
        if images == masks or images in masks.parents or masks in images.parents:
            raise DataError(f"data.source: the folders {images} and {masks} should be apart, none inside the other")
        pictures, notes = pictures_below(images)
        found, more = pictures_below(masks)
        if not pictures:
            raise DataError(f"{images} holds no pictures")
        of_pictures, of_masks = by_stem(pictures, images), by_stem(found, masks)
        _refuse_single(of_pictures, of_masks, images, masks)
        splits = split_folders(images)
        samples = [
            Sample(
                file.relative_to(images).as_posix(), file, split=splits.get(stem.partition("/")[0]),
                target=of_masks[stem],
            )
            for stem, file in of_pictures.items()
        ]  # fmt: skip
        labels = self.class_names or [str(value) for value in self.values]
        return Scan(samples, labels, [*notes, *more], mask_values=tuple(self.values))


def _refuse_single(pictures: dict[str, Path], masks: dict[str, Path], images: Path, folder: Path) -> None:
    bare = [(str(file), f"has no mask in {folder}") for stem, file in pictures.items() if stem not in masks]
    lost = [(str(file), f"has no picture in {images}") for stem, file in masks.items() if stem not in pictures]
    if bare or lost:
        without = counted(len(bare), "picture has", "pictures have")
        beside = counted(len(lost), "mask has", "masks have")
        raise DataError(
            f"{without} no mask and {beside} no picture of the same name, but for the ending", [*bare, *lost]
        )
