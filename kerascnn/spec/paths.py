"""Where a spec names files and folders."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from kerascnn.spec.kinds import WEIGHTS
from kerascnn.spec.spec import Spec


def paths_of(spec: Spec, tree: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Yield every path that a spec names: where it stands, the section of `tree` that holds it, and its key there.

    `tree` is what the spec spells. What is left out, and weights that are no path, are not among them.
    """
    data, model = tree["data"], tree["model"]
    places = [("data.source", data["source"], field) for field in spec.data.source.paths]
    places += [("data", data, "fixes"), ("data", data, "metadata"), ("data.split", data["split"], "file")]
    lists = data["split"]["lists"]
    places += [("data.split.lists", lists, part) for part in lists] if lists else []
    embedding = model["preprocess"]["embedding"]
    places += [("model.preprocess.embedding", embedding, "path")] if isinstance(embedding, dict) else []
    backbone = model["backbone"]
    places += [("model.backbone", backbone, field) for field in spec.model.backbone.paths]
    for i, (stage, spelled) in enumerate(zip(spec.train.stages, tree["train"]["stages"], strict=True)):
        for k, (method, its) in enumerate(zip(stage.methods, spelled["methods"], strict=True)):
            places += [(f"train.stages.{i}.methods.{k}", its, field) for field in method.paths]
    for where, section, field in places:
        value = section[field]
        if value is None or (section is backbone and _is_no_path(value)):
            continue
        yield f"{where}.{field}", section, field


def _is_no_path(weights: str) -> bool:
    """Return whether what a backbone begins with is a word, or the name of something that is not on this disk."""
    return weights in WEIGHTS or not os.path.exists(os.path.expanduser(weights))
