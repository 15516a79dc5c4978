"""The page of the dashboard: which pictures of a run are most like one, and whom it shows."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import TYPE_CHECKING, Any, ClassVar

from kerascnn.spec import Desk, Page, register
from kerascnn_metric_learning.index import Identity, Index, kept_threshold

if TYPE_CHECKING:
    import numpy as np

MOST = 5
_ITSELF, _OWN = "One of these pictures", "A picture of your own"


@register("search")
class Search(Page):
    """Choose a picture, and see those that a model of `metric.verification` finds most like it."""

    title: ClassVar[str] = "Search"
    purpose: ClassVar[str] = "Choose a picture, and see which others a model finds most like it."
    group: ClassVar[str] = "Work"
    icon: ClassVar[str] = ":material/image_search:"

    def draw(self, desk: Desk) -> None:
        """Draw the choice of model and pictures, and what is found."""
        import streamlit as st

        models = desk.models("metric.verification")
        if not models:
            st.info("No model here makes vectors yet. Train one with the template metric.digits, or the like.")
            return
        run = st.selectbox("Model", list(models), format_func=lambda id: models[id], key="metric.run")
        splits = ["test", "validation", "train"]
        split = st.segmented_control("Look among", splits, default="test", required=True, key="metric.split")
        base = ["kerascnn_metric_learning", "index", run, "--runs", str(desk.runs), "--json"]
        command = [*base, "--split", str(split), "--out", "index.npz"]
        made = desk.ask("Prepare the search", command, run=run, split=split)
        if made is None:
            st.caption("This is done once for a model and its pictures. It takes a moment.")
            return
        index = Index.load(made["index"], run)
        way = st.segmented_control("Look for", [_ITSELF, _OWN], default=_ITSELF, required=True, key="metric.way")
        if way == _OWN:
            _own(desk, index, made, run, str(split))
        else:
            _itself(desk, index, kept_threshold(desk.runs / run))


def _itself(desk: Desk, index: Index, threshold: float | None) -> None:
    """Draw the choice of one of the pictures, and what is most like it."""
    import streamlit as st

    classes = sorted(set(index.labels))
    label = st.selectbox("Class", classes, key="metric.class")
    places = [i for i, each in enumerate(index.labels) if each == label]
    number = st.number_input(f"Which of its {len(places)} pictures", 1, len(places), key=f"metric.number.{label}")
    place = places[int(number) - 1]
    found = index.identify(index.vectors[place], MOST, -1.0 if threshold is None else threshold, without=place)
    _picture(desk, index, place, f"{index.names[place]}: {label}")
    _found(desk, index, found, threshold)


def _own(desk: Desk, index: Index, made: dict[str, Any], run: str, split: str) -> None:
    """Take a picture that somebody brings, and draw what is most like it."""
    import streamlit as st

    brought = st.file_uploader("A picture, at most 50 MB", key="metric.own")
    if brought is None:
        return
    file = desk.keep(brought.name, brought.getvalue())
    desk.picture(file, brought.name)
    base = ["kerascnn_metric_learning", "identify", run, str(file), "--runs", str(desk.runs), "--json"]
    said = desk.ask("Search", [*base, "--index", made["index"]], run=run, split=split, file=str(file))
    if said is not None:
        near = [(int(each["place"]), float(each["likeness"])) for each in said["near"]]
        _found(desk, index, Identity(said["class"] or "", said["votes"], near), said["threshold"])


def _found(desk: Desk, index: Index, found: Identity, threshold: float | None) -> None:
    """Draw whom the nearest say that it is, and each of them."""
    import streamlit as st

    st.subheader("Most like it", anchor=False)
    st.write(desk.plain(verdict(found, threshold)))
    if threshold is None:
        st.caption("How alike is alike enough, an evaluation of this model on its validation split finds out.")
    for column, (place, likeness) in zip(st.columns(max(len(found.near), 1)), found.near, strict=False):
        with column:
            same = "" if threshold is None else ", taken for the same" if likeness >= threshold else ", for another"
            _picture(desk, index, place, f"{index.labels[place]}: likeness {likeness:.2f}{same}")


def verdict(found: Identity, threshold: float | None) -> str:
    """Return in a sentence whom the nearest say that a picture shows."""
    if found.label:
        return f"It shows {found.label}, say {found.votes} of the {len(found.near)} nearest."
    return f"None of the nearest reaches the threshold of {threshold or 0.0:.2f}: it shows none of these classes."


def _picture(desk: Desk, index: Index, place: int, caption: str) -> None:
    """Draw the picture at a place of the index: its file, or what the index holds of it."""
    if index.files:
        desk.picture(index.files[place], caption)
    elif index.pictures is not None:
        desk.picture(desk.keep(f"{index.run}-{place}.png", png(index.pictures[place])), caption)


def png(pixels: np.ndarray | Sequence[Any]) -> bytes:
    """Return a picture `(height, width, channels)` as the bytes of a PNG file."""
    import numpy as np
    from PIL import Image

    array = np.asarray(pixels)
    written = BytesIO()
    Image.fromarray(array[..., 0] if array.shape[-1] == 1 else array).save(written, "PNG")
    return written.getvalue()
