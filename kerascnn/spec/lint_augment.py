"""Rules of good practice about augmentation."""

from __future__ import annotations

from collections.abc import Iterator

from kerascnn.spec.lint_rule import Known, Loc, rule
from kerascnn.spec.spec import Spec


@rule("upside-down")
def _upside_down(spec: Spec, known: Known) -> Iterator[tuple[Loc, str]]:
    """Report augmentation that makes pictures which never occur."""
    for i, step in enumerate(spec.augment):
        name, fields = step.type_name, step.model_dump()
        if name == "random_flip" and fields["mode"] in ("vertical", "both"):
            yield (
                ("augment", i, "mode"),
                f"{fields['mode']} turns pictures upside down; keep it only where that occurs in use, as "
                "from above or through a microscope",
            )
        if name == "random_rotation" and fields["degrees"] > 90:
            yield (
                ("augment", i, "degrees"),
                f"pictures are turned by up to {fields['degrees']:g} degrees either way; keep it only where things "
                "have no upright",
            )


@rule("mirrored-signs")
def _mirrored_signs(spec: Spec, known: Known) -> Iterator[tuple[Loc, str]]:
    """Report mirroring of letters and digits."""
    labels = known.info.labels if known.info else ()
    if len(labels) < 2 or not all(len(label) == 1 for label in labels):
        return
    for i, step in enumerate(spec.augment):
        if step.type_name == "random_flip":
            yield (
                ("augment", i),
                "mirrors pictures whose classes are single letters or digits; a mirrored sign is another sign or none",
            )


@rule("no-effect")
def _no_effect(spec: Spec, known: Known) -> Iterator[tuple[Loc, str]]:
    """Report augmentation that can never happen."""
    for i, step in enumerate(spec.augment):
        fields = step.model_dump()
        chance = fields.get("probability")
        amounts = [value for key, value in fields.items() if isinstance(value, int | float) and key != "probability"]
        if chance == 0 or (chance is None and amounts and not any(amounts)):
            yield ("augment", i), f"{step.type_name} never changes a picture; delete it, or raise its amounts"
