"""Segmentation from the folder of masks to the report."""

import json
import zipfile

import numpy as np
import pytest
from PIL import Image

from kerascnn.engine.build import build
from kerascnn.engine.stream import Stream
from kerascnn.errors import BuildError, UsageError
from kerascnn.runs.each import read_figures
from kerascnn.spec import Augmentation, DataInfo, spec_from_dict
from kerascnn.spec.component import parse_component

SIZE = (24, 32)
BACKBONE = {"type": "unet_encoder", "filters": [4, 8]}
MOVING = [
    {"type": "random_flip", "mode": "both"},
    {"type": "random_rotation", "degrees": 36},
    {"type": "random_elastic", "alpha": 0.05, "sigma": 0.15, "fill": "reflect"},
]


def make_masks(root, count=20, seed=0):
    """Write pictures with a bright disc each, and masks of the discs, in two folders under the root."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[: SIZE[0], : SIZE[1]]
    for name in ("images", "masks"):
        (root / name).mkdir(parents=True)
    for i in range(count):
        y, x, radius = rng.uniform(8, 16), rng.uniform(8, 24), rng.uniform(4, 8)
        inside = (rows - y) ** 2 + (columns - x) ** 2 < radius**2
        pixels = np.where(inside, 190, 60) + 15 * rng.standard_normal(SIZE)
        Image.fromarray(pixels.clip(0, 255).astype("uint8")).save(root / "images" / f"{i:02d}.png")
        Image.fromarray(np.where(inside, 255, 0).astype("uint8")).save(root / "masks" / f"{i:02d}.png")
    return root


def spec_of(root, *, backbone=None, head=None, augment=(), task=None, **train):
    return spec_from_dict(
        {
            "kerascnn": 1,
            "name": "discs",
            "task": {"type": "image_segmentation", **(task or {})},
            "data": {
                "source": {
                    "type": "image_masks",
                    "images": str(root / "images"),
                    "masks": str(root / "masks"),
                    "class_names": ["ground", "disc"],
                },
                # Square, so that a frame above and below counts for nothing.
                "image_size": [32, 32],
                "split": {"validation": 0.2, "test": 0.2},
            },
            "augment": list(augment),
            "model": {"backbone": backbone or BACKBONE, "head": head or {"type": "segmenter"}},
            "train": {"batch_size": 4, "stages": [{"epochs": 6, "learning_rate": 0.02}], **train},
        }
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return make_masks(tmp_path_factory.mktemp("discs"))


@pytest.fixture(scope="module")
def run(folder, tmp_path_factory):
    from kerascnn import train

    spec = spec_of(folder, augment=MOVING, task={"criterion": "cross_entropy_dice"}, monitor="val_mean_iou")
    return train(spec, tmp_path_factory.mktemp("runs"))


@pytest.fixture(scope="module")
def report(run):
    return run.evaluate("test")


def test_discs_are_learnt(run, report):
    assert run.state == "done"
    assert report["metrics"]["mean_iou"] > report["floor"]["mean_iou"] + 0.2
    assert report["metrics"]["pixel_accuracy"] > 0.9
    assert [row["label"] for row in report["per_class"]] == run.labels == ["ground", "disc"]


def test_the_worst_pictures_stand_on_the_page_with_what_was_said_of_them(run, report):
    page, kept = (run.path / "report.html").read_text("utf-8"), read_figures(run.folder, "test")
    assert len(kept.ids) == report["samples"]
    assert kept.masks.shape == (len(kept.worst), 32, 32)
    assert "Worst pictures, by picture IoU" in page
    assert page.count("<span>is</span>") == page.count("<span>said</span>") == len(kept.worst) > 0
    assert run.failures("test")["worst"][0]["value"] == pytest.approx(np.nanmin(kept.values))
    written = json.loads((run.path / "report.json").read_text("utf-8"))
    assert [row["id"] for row in written["failures"]["test"]["worst"]] == kept.worst
    assert "<th>Pixels</th>" in page


def test_the_frame_around_a_picture_counts_for_nothing(report):
    assert sum(row["support"] for row in report["per_class"]) == report["samples"] * SIZE[0] * SIZE[1]


def test_every_epoch_has_its_figures_and_the_best_is_kept(run):
    names = {"loss", "mean_iou", "pixel_accuracy", "val_loss", "val_mean_iou", "val_pixel_accuracy"}
    assert all(names <= set(line) for line in run.folder.metrics())
    best = max(line["val_mean_iou"] for line in run.folder.metrics())
    assert run.folder.best()["val_mean_iou"] == best


def test_the_report_agrees_with_the_figures_of_training(run):
    metrics, best = run.evaluate("validation")["metrics"], run.folder.best()
    for name in ("loss", "mean_iou", "pixel_accuracy"):
        assert metrics[name] == pytest.approx(best[f"val_{name}"], abs=1e-4)


def test_a_picture_is_answered_with_the_share_of_each_class(run, folder):
    (said,) = run.predict(folder / "images" / "00.png")
    assert said.label.startswith("ground ")
    assert said.confidence is None
    assert sum(said.values.values()) == pytest.approx(1)
    assert list(said.values) == ["ground", "disc"]


def test_the_report_page_shows_the_figures(run, report):
    page = (run.path / "report.html").read_text("utf-8")
    assert f"{report['metrics']['mean_iou']:.4f}" in page
    assert "always giving the same answer would get" in page


def test_the_saved_model_names_nothing_of_ours(run):
    with zipfile.ZipFile(run.path / "model.keras") as archive:
        assert b"kerascnn" not in archive.read("config.json")


@pytest.mark.parametrize("criterion", ["cross_entropy", pytest.param("dice", marks=pytest.mark.slow)])
def test_a_network_of_another_kind_trains_with_weighted_classes(folder, tmp_path, criterion):
    from kerascnn import train

    spec = spec_of(
        folder,
        backbone={"type": "simple_cnn", "filters": [4, 6]},
        head={"type": "segmenter", "filters": [4, 4], "convolutions": 1, "upsampling": "bilinear"},
        task={"criterion": criterion, "class_weights": "auto"},
        stages=[{"epochs": 1}],
        xla="on" if criterion == "dice" else "auto",
    )
    trained = train(spec, tmp_path)
    assert trained.state == "done"
    assert trained.folder.metrics()[0]["loss"] > 0


def stream(augment):
    """Return batches of pictures that show their own masks."""
    rows, columns = np.mgrid[:40, :56]
    masks = np.stack([(rows > 8 + i) & (columns > 10 + 2 * i) & (rows + columns < 70) for i in range(6)])
    masks = masks.astype("uint8")
    return Stream(
        lambda chosen: 200 * masks[chosen][..., None],
        np.arange(6),
        lambda chosen: masks[chosen],
        kind="mask",
        batch_size=6,
        seed=3,
        augment=[parse_component(Augmentation, step) for step in augment],
    )


@pytest.mark.parametrize("augment", [*([step] for step in MOVING), MOVING], ids=lambda steps: steps[-1]["type"])
def test_masks_move_with_their_pictures(augment):
    still, (images, masks) = stream([]).batch(0)[1], stream(augment).batch(0)
    assert masks.dtype == np.uint8
    assert (masks != still).mean() > 0.05
    seen = masks != 255
    # Pictures are resampled between pixels, masks by the nearest one: they may differ along the edges.
    agree = (images[..., 0] > 100) == (masks == 1)
    assert agree[seen].mean() > (0.999 if augment == MOVING[:1] else 0.98)


def test_answers_of_another_size_than_the_masks_are_an_error_with_its_place(folder):
    spec = spec_of(folder).spell()
    spec["model"]["preprocess"]["resize"] = [48, 48]
    with pytest.raises(BuildError, match=r"answers 48 x 48 places for masks of 32 x 32 pixels.*preprocess\.resize"):
        build(spec_from_dict(spec), DataInfo((32, 32, 1), ("ground", "disc")))


def test_masks_stay_where_only_colours_change():
    jitter = [{"type": "color_jitter", "brightness": 0.4}]
    (before, still), (images, masks) = stream([]).batch(0), stream(jitter).batch(0)
    assert (masks == still).all()
    assert (images != before).any()


def test_augmentation_that_mixes_pictures_is_refused():
    with pytest.raises(UsageError, match="'mixup' cannot take masks along with pictures"):
        stream([{"type": "mixup"}]).batch(0)
