"""How the elements of each medium are read, kept and handed out: pictures, texts, series and sounds."""

from __future__ import annotations

from typing import Any

from kerascnn.engine.media.audio import AudioForm, Sounds
from kerascnn.engine.media.base import Elements, Form, Raw
from kerascnn.engine.media.image import ImageForm, Images
from kerascnn.engine.media.series import Series, SeriesForm
from kerascnn.engine.media.text import TextForm, Texts

__all__ = ["ELEMENTS", "Elements", "Form", "Raw", "form_of"]

ELEMENTS: dict[str, type[Elements]] = {"image": Images, "text": Texts, "series": Series, "audio": Sounds}
_FORMS: dict[str, type[Form]] = {
    "image": ImageForm,
    "text": TextForm,
    "series": SeriesForm,
    "audio": AudioForm,
}


def form_of(facts: dict[str, Any]) -> Form:
    """Return the form that `input.json` of a run spells out."""
    facts = {key: value for key, value in facts.items() if key != "shape"}
    return _FORMS[facts.pop("medium", "image")].restore(facts)
