"""Every template is valid, is listed, stands under the schema, and trains for a step."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from PIL import Image

from kerascnn import train
from kerascnn.spec import load_spec
from kerascnn.spec.load import read_file, read_tree
from kerascnn.spec.schema import json_schema
from kerascnn.templates_list import find_template, list_templates
from tests.engine.made_sequences import write_sounds, write_texts, write_ts

TEMPLATES = sorted((Path(__file__).parent.parent / "templates").glob("*/*.yaml"))


@pytest.fixture(scope="module")
def schema() -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(json_schema())


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """Return how a template is led to small made data, by its source and what that says of samples but their class."""
    root = tmp_path_factory.mktemp("data")
    paths = {**_pictures(root), **_texts(root), **_series(root), **_sounds(root)}
    overrides = {name: [f"data.source.path={path}"] for name, path in paths.items()}
    overrides["image_masks mask"] = _masks(root)
    overrides |= _boxes(root / "boxes")
    for name in ("audio_folder", "audio_manifest"):
        overrides[name].append("data.audio={sample_rate: 4000, seconds: 0.5}")
    for name in ("ts_file", "ts_file values"):
        test = write_ts(root / f"{name}_test.ts", 10, values="values" in name, seed=1)
        overrides[name].append(f"data.source.test_path={test}")
    return overrides


def _pictures(root: Path) -> dict[str, str]:
    rng = np.random.default_rng(0)
    rows = []
    for label in ("cat", "dog"):
        (root / "folder" / label).mkdir(parents=True)
        for i in range(12):
            file = root / "folder" / label / f"{i}.png"
            Image.fromarray(rng.integers(0, 256, (40, 48, 3), dtype="uint8")).save(file)
            rows.append([f"folder/{label}/{i}.png", label, ("", "cat", "cat;dog")[i % 3], i / 10])
    _write_csv(root / "pictures.csv", [["path", "label", "labels", "value"], *rows])
    (root / "idx").mkdir()
    for prefix, count in (("train", 40), ("t10k", 10)):
        images = rng.integers(0, 256, (count, 28, 28), dtype="uint8")
        labels = np.arange(count, dtype="uint8") % 10
        _write_idx(root / "idx" / f"{prefix}-images-idx3-ubyte", images)
        _write_idx(root / "idx" / f"{prefix}-labels-idx1-ubyte", labels)
    images = rng.integers(0, 256, (24, 32, 32, 3), dtype="uint8")
    np.savez(root / "pictures.npz", images=images, labels=np.arange(24) % 2)
    table = str(root / "pictures.csv")
    return {
        "image_folder": str(root / "folder"),
        "manifest": table,
        "manifest classes": table,
        "manifest values": table,
        "idx": str(root / "idx"),
        "arrays": str(root / "pictures.npz"),
    }


def _masks(root: Path) -> list[str]:
    rng = np.random.default_rng(0)
    for name, values in (("images", 256), ("masks", 2)):
        (root / name).mkdir()
        for i in range(12):
            pixels = rng.integers(0, values, (32, 40)) * (255 // (values - 1))
            Image.fromarray(pixels.astype("uint8")).save(root / name / f"{i}.png")
    return [f"data.source.{name}={root / name}" for name in ("images", "masks")] + ["data.image_size=[32, 40]"]


def _boxes(root: Path) -> dict[str, list[str]]:
    """Write pictures with a box each, as Pascal VOC, COCO and YOLO have them."""
    rng = np.random.default_rng(0)
    for folder in ("JPEGImages", "Annotations", "images", "labels"):
        (root / folder).mkdir(parents=True)
    sides = [("xmin", 9), ("ymin", 5), ("xmax", 32), ("ymax", 20)]
    inside = "".join(f"<{name}>{value}</{name}>" for name, value in sides)
    for i in range(12):
        pixels = rng.integers(0, 256, (40, 48, 3), dtype="uint8")
        for folder in ("JPEGImages", "images"):
            Image.fromarray(pixels).save(root / folder / f"{i}.png")
        thing = f"<object><name>{('cat', 'dog')[i % 2]}</name><bndbox>{inside}</bndbox></object>"
        (root / "Annotations" / f"{i}.xml").write_text(f"<annotation>{thing}</annotation>")
        (root / "labels" / f"{i}.txt").write_text(f"{i % 2} 0.4 0.3 0.5 0.4")
    coco = {
        "images": [{"id": i, "file_name": f"{i}.png", "width": 48, "height": 40} for i in range(12)],
        "categories": [{"id": 3, "name": "cat"}, {"id": 7, "name": "dog"}],
        "annotations": [
            {"id": i, "image_id": i, "category_id": (3, 7)[i % 2], "bbox": [8, 4, 24, 16]} for i in range(12)
        ],
    }
    (root / "coco.json").write_text(json.dumps(coco))
    small = "data.image_size=[64, 64]"
    return {
        "pascal_voc boxes": [f"data.source.path={root}", small],
        "yolo boxes": [f"data.source.path={root}", small],
        "coco boxes": [f"data.source.annotations={root / 'coco.json'}", f"data.source.images={root / 'images'}", small],
    }


def _texts(root: Path) -> dict[str, str]:
    lines = write_texts(root / "texts.txt").read_text("utf-8").splitlines()
    rows = [line.split(" ", 1)[::-1] for line in lines]
    _write_csv(root / "texts.csv", [["text", "label"], *rows])
    for i, (text, label) in enumerate(rows):
        (root / "texts" / label).mkdir(parents=True, exist_ok=True)
        (root / "texts" / label / f"{i}.txt").write_text(text, "utf-8")
    return {
        "text_lines": str(root / "texts.txt"),
        "text_table": str(root / "texts.csv"),
        "text_folder": str(root / "texts"),
    }


def _series(root: Path) -> dict[str, str]:
    rng = np.random.default_rng(0)
    _write_csv(root / "load.csv", [["time", "load", "heat"], *([i, *rng.random(2)] for i in range(1000))])
    rows = [[i // 20, i % 20, i // 20 % 2, *rng.random(2)] for i in range(800)]
    _write_csv(root / "moments.csv", [["id", "time", "label", "x", "y"], *rows])
    _write_csv(root / "series.csv", [["class", *range(20)], *([i % 2, *rng.random(20)] for i in range(40))])
    np.savez(root / "series.npz", x=rng.random((40, 24, 3)), y=np.arange(40) % 2)
    return {
        "series_table": str(root / "series.csv"),
        "series_table long": str(root / "moments.csv"),
        "series_windows forecast": str(root / "load.csv"),
        "series_arrays": str(root / "series.npz"),
        "ts_file": str(write_ts(root / "series.ts")),
        "ts_file values": str(write_ts(root / "values.ts", values=True)),
    }


def _sounds(root: Path) -> dict[str, str]:
    write_sounds(root / "sounds", 12)
    rows = [[f"sounds/{label}/{i}.wav", label] for label in ("low", "high") for i in range(12)]
    _write_csv(root / "sounds.csv", [["path", "label"], *rows])
    return {"audio_folder": str(root / "sounds"), "audio_manifest": str(root / "sounds.csv")}


def _write_csv(file: Path, rows: list[list[object]]) -> None:
    with file.open("w", newline="") as stream:
        csv.writer(stream).writerows(rows)


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


_LIKE_ANOTHER = {
    "centernet_coco", "centernet_yolo", "series_resnet", "series_encoder", "inception_time", "cifar10_cnn",
    "cifar_resnet20", "inception_v3", "wide_resnet28_10", "xception",
    "fcn_table", "layers_attention", "layers_inception",
    "layers_separable", "photo_colors", "photo_geometry", "photo_policies", "sensor_arrays", "textcnn_folder",
    "textcnn_table", "digits_one_cycle", "digits_plateau", "digits_lion", "digits_adafactor", "digits_large_batch",
    "digits_adagrad", "digits_adadelta", "mlp_muon", "layers_blocks", "layers_gates", "volume_cnn", "layers_selu",
    "layers_series", "progressive_resizing", "event_codes", "textbook_vgg", "textbook_regularized", "char_cnn", "vdcnn",
    "pruning", "swa", "digits_restarts",
    "textcnn_opinions", "conv_attention", "photo_mixing", "layers_residual", "dilated_text", "simple_cnn",
    "tcn_forecast", "unet", "centernet_small", "textcnn_vectors", "fcn_regression", "m5_waveform", "lite",
    "conv1d_small", "fast_cnn", "manifest_cnn", "mnist_cnn", "digits_tracked", "textbook_cifar10_cnn",
    "textbook_mnist_cnn", "finetune_run", "sweep_digits", "search_architecture",
}  # fmt: skip
"""Templates that train as another does, or are large; their parts have tests of their own."""
_ELSEWHERE = {"digits_trackers", "finetune_hub", "distillation", "snapshots"}
"""Templates that go to the network, or need an extra, another run, or more than an epoch."""


def _cases() -> list[Any]:
    """Return the templates; large networks and those like another train in the slow suite."""
    large = {path for path in TEMPLATES if "image_size: [224, 224]" in path.read_text("utf-8")}
    large |= {path for path in TEMPLATES if path.stem in _LIKE_ANOTHER}
    return [pytest.param(path, marks=pytest.mark.slow if path in large else (), id=path.stem) for path in TEMPLATES
            if path.stem not in _ELSEWHERE]  # fmt: skip


@pytest.mark.parametrize("path", _cases())
def test_a_template_trains_for_an_epoch(path: Path, data: dict[str, list[str]], tmp_path: Path) -> None:
    spec = load_spec(path)
    stages = range(len(spec.train.stages))
    overrides = ["train.batch_size=8", "data.split={validation: 0.2, test: 0.2}"]
    overrides += [f"train.stages.{number}.epochs=1" for number in stages]
    source, target = spec.data.source.type_name, spec.data.source.target
    source += "" if target == "class" else f" {target}"
    source += " long" if getattr(spec.data.source, "layout", "wide") == "long" else ""
    if spec.model.backbone.weights != "none":
        overrides.append("model.backbone.weights=none")
    if spec.model.preprocess.embedding.path is not None:
        vectors = tmp_path / "vectors.txt"
        vectors.write_text(f"good {'0.5 ' * spec.model.preprocess.embedding.size}", "utf-8")
        overrides.append(f"model.preprocess.embedding.path={vectors}")
    if spec.data.image_size == (224, 224):
        overrides.append("data.image_size=[64, 64]")
    if source in data:
        overrides += data[source]
    elif source == "keras_dataset":  # it would go to the network
        overrides += ["data.source={type: arrays, path: FILE}", *data["arrays"]]
    else:
        assert source == "digits", f"make data for {source} above"
        overrides.append("train.batch_size=512")
    run = train(path, tmp_path, overrides=overrides)
    assert run.state == "done"
    assert len(run.history) == len(stages)
    report = run.evaluate("test")
    assert "loss" in report["metrics"]
    assert all(np.isfinite(value) for value in report["metrics"].values())
    assert 0 <= report["metrics"].get("accuracy", 0) <= 1
    assert [row["label"] for row in report["per_class"]] == run.labels
