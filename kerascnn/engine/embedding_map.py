"""Elements as points in a plane: those that the network takes for alike lie near one another."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from html import escape

import keras
import numpy as np

from kerascnn.engine.network import Network
from kerascnn.engine.overlays import colour_of
from kerascnn.engine.predict import at_a_time
from kerascnn.errors import UsageError, printable

_LEAST = 3
"""Elements below which a map says nothing."""
_NEIGHBOURS = 30.0
_SIDE, _EDGE, _KEY, _LINE = 640, 30, 170, 20
_MOST = 24
"""Classes in the legend."""


def pooled(network: Network, elements: np.ndarray) -> np.ndarray:
    """Return the features that the head gets of each element, means over all places, float32 `(n, channels)`."""
    inputs = network.inputs(elements)
    last = list(network.used.values())[-1]
    model = keras.Model(network.backbone.input, last)
    many = at_a_time(inputs.shape[1:])
    parts = []
    for start in range(0, len(inputs), many):
        found = np.asarray(keras.ops.convert_to_numpy(model.predict_on_batch(inputs[start : start + many])), "float32")
        parts.append(found.reshape(len(found), -1, found.shape[-1]).mean(1))
    return np.concatenate(parts)


def placed(features: np.ndarray, projection: str, seed: int = 0) -> tuple[np.ndarray, str]:
    """Return a point `(n, 2)` for each row, and what the axes are.

    `pca` keeps the two directions in which rows differ most: distances mean something. `tsne` (van der Maaten and
    Hinton 2008) keeps neighbours together; how far groups are apart says nothing. Raises UsageError for fewer than 3.
    """
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE

    if len(features) < _LEAST:
        raise UsageError(f"a map of {len(features)} elements says nothing; name {_LEAST} at least")
    # One that never changes has no direction; scikit-learn would divide by its variance.
    if not np.ptp(features, axis=0).any():
        return np.zeros((len(features), 2)), "all elements have the same features"
    if features.shape[1] == 1:
        features = np.pad(features, [(0, 0), (0, 1)])
    if projection == "tsne":
        near = min(_NEIGHBOURS, (len(features) - 1) / 3)
        found = TSNE(2, perplexity=near, init="pca", random_state=seed).fit_transform(features)
        return np.asarray(found, "float64"), f"t-SNE, perplexity {near:.3g}"
    fitted = PCA(2, svd_solver="full")
    points = fitted.fit_transform(features)
    first, second = fitted.explained_variance_ratio_
    return np.asarray(points, "float64"), f"PCA, {first:.0%} of the variance to the right and {second:.0%} upwards"


def table(names: Sequence[str], labels: Sequence[str], points: np.ndarray) -> str:
    """Return the points as CSV with the columns file, answer, x and y."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["file", "answer", "x", "y"])
    for name, label, (x, y) in zip(names, labels, points.tolist(), strict=True):
        writer.writerow([name, label, f"{x:.6g}", f"{y:.6g}"])
    return file.getvalue()


def draw(names: Sequence[str], labels: Sequence[str], points: np.ndarray, said: str) -> str:
    """Return the points as an SVG that loads nothing, each in the colour of its answer, its file as a title."""
    low, high = points.min(0), points.max(0)
    # One scale for both axes: distances are to be compared.
    scale = (_SIDE - 2 * _EDGE) / (float((high - low).max()) or 1.0)
    places = (points - (low + high) / 2) * scale * [1, -1] + _SIDE / 2
    kinds = sorted(set(labels))
    colours = {kind: "#{:02x}{:02x}{:02x}".format(*colour_of(i)) for i, kind in enumerate(kinds)}
    dots = [
        f"<circle cx='{x:.1f}' cy='{y + _LINE:.1f}' r='4' fill='{colours[label]}' fill-opacity='0.7'>"
        f"<title>{escape(printable(name))}: {escape(printable(label))}</title></circle>"
        for name, label, (x, y) in zip(names, labels, places.tolist(), strict=True)
    ]
    keys = [
        f"<circle cx='{_SIDE + 10}' cy='{_LINE * (i + 2)}' r='5' fill='{colours[kind]}'/>"
        f"<text x='{_SIDE + 22}' y='{_LINE * (i + 2) + 4}'>{escape(printable(kind))[:_LINE]}</text>"
        for i, kind in enumerate(kinds[:_MOST])
    ]
    if len(kinds) > _MOST:
        keys.append(f"<text x='{_SIDE + 22}' y='{_LINE * (_MOST + 2) + 4}'>and {len(kinds) - _MOST} more</text>")
    width, height = _SIDE + _KEY, max(_SIDE + _LINE, _LINE * (min(len(kinds), _MOST) + 4))
    return "\n".join(
        [
            f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width} {height}' width='{width}' "
            f"height='{height}' font-family='Helvetica, Arial, sans-serif' font-size='13'>",
            f"<title>{escape(said)}</title>",
            f"<rect width='{width}' height='{height}' fill='#fff'/>",
            f"<text x='{_EDGE}' y='{_LINE}'>{len(names)} elements. {escape(said)}</text>",
            *dots,
            *keys,
            "</svg>\n",
        ]
    )
