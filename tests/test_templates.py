"""Every template is valid, is listed, stands under the schema, and trains for a step."""

from __future__ import annotations

import csv
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from PIL import Image

from kerascnn import train
from kerascnn.spec import load_spec
from kerascnn.spec.load import read_file, read_tree
from kerascnn.spec.schema import json_schema
from kerascnn.templates_list import find_template, list_templates

TEMPLATES = sorted((Path(__file__).parent.parent / "templates").glob("*/*.yaml"))


@pytest.fixture(scope="module")
def schema() -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(json_schema())


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return the path of small made data for each kind of source that reads files."""
    root = tmp_path_factory.mktemp("data")
    rng = np.random.default_rng(0)
    rows = []
    for label in ("cat", "dog"):
        (root / "folder" / label).mkdir(parents=True)
        for i in range(12):
            file = root / "folder" / label / f"{i}.png"
            Image.fromarray(rng.integers(0, 256, (40, 48, 3), dtype="uint8")).save(file)
            rows.append([f"folder/{label}/{i}.png", label])
    with (root / "pictures.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows([["path", "label"], *rows])
    (root / "idx").mkdir()
    for prefix, count in (("train", 40), ("t10k", 10)):
        images = rng.integers(0, 256, (count, 28, 28), dtype="uint8")
        labels = np.arange(count, dtype="uint8") % 10
        _write_idx(root / "idx" / f"{prefix}-images-idx3-ubyte", images)
        _write_idx(root / "idx" / f"{prefix}-labels-idx1-ubyte", labels)
    images = rng.integers(0, 256, (24, 32, 32, 3), dtype="uint8")
    np.savez(root / "pictures.npz", images=images, labels=np.arange(24) % 2)
    return {
        "image_folder": str(root / "folder"),
        "manifest": str(root / "pictures.csv"),
        "idx": str(root / "idx"),
        "arrays": str(root / "pictures.npz"),
    }


def _write_idx(file: Path, array: np.ndarray) -> None:
    head = bytes([0, 0, 8, array.ndim]) + b"".join(size.to_bytes(4, "big") for size in array.shape)
    file.write_bytes(head + array.tobytes())


def test_there_are_templates_and_all_are_listed() -> None:
    assert TEMPLATES
    assert [template.path for template in list_templates()] == TEMPLATES
    assert len({path.stem for path in TEMPLATES}) == len(TEMPLATES), "a template is found by its name alone"


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_a_template_says_what_it_is_and_how_to_run_it(path: Path) -> None:
    header = [line for line in path.read_text("utf-8").splitlines() if line.startswith("#")]
    assert len(header[0]) > 20
    assert any(line.startswith("# Run: kerascnn train ") for line in header)
    assert find_template(path.stem) == path


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_a_template_is_valid_under_the_schema_as_well(path: Path, schema: jsonschema.Draft202012Validator) -> None:
    spec = load_spec(path)
    assert spec.task.type_name == path.parent.name
    schema.validate(read_tree(read_file(path), str(path)).value)
    schema.validate(spec.spell())


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_a_template_trains_for_an_epoch(path: Path, data: dict[str, str], tmp_path: Path) -> None:
    overrides = ["train.stages.0.epochs=1", "train.batch_size=8", "data.split={validation: 0.2, test: 0.2}"]
    spec = load_spec(path)
    source = spec.data.source.type_name
    if source in data:
        overrides.append(f"data.source.path={data[source]}")
    elif source == "keras_dataset":  # it would go to the network
        overrides.append(f"data.source={{type: arrays, path: {data['arrays']}}}")
    else:
        assert source == "digits", f"make data for {source} above"
        overrides.append("train.batch_size=512")
    run = train(path, tmp_path, overrides=overrides)
    assert run.state == "done"
    assert len(run.history) == 1
    report = run.evaluate("test")
    assert 0 <= report["metrics"]["accuracy"] <= 1
    assert [row["label"] for row in report["per_class"]] == run.labels
