import io

import numpy as np
import pytest
from PIL import Image

from kerascnn.engine.data import load_data
from kerascnn.engine.preview import preview, write_preview
from kerascnn.errors import ResourceError, UsageError
from kerascnn.sources.image_folder import ImageFolder
from kerascnn.spec import Sample, Scan
from tests.engine.made import make_folder, make_spec

FLIP = {"type": "random_flip", "probability": 1.0}


@pytest.fixture
def folder(tmp_path):
    return make_folder(tmp_path / "data", {"cat": 10, "dog": 10}, size=(10, 12), channels=3)


def shown(spec, samples, variants):
    data = load_data(spec, keep=False)
    return preview(spec, data, samples, variants), data


def cell(grid, row, column, size=(10, 12)):
    top, left = row * (size[0] + 4) + 4, column * (size[1] + 4) + 4
    return grid[top : top + size[0], left : left + size[1]]


def test_the_first_column_is_what_the_model_gets_and_the_others_are_augmented(folder):
    grid, data = shown(make_spec(folder, augment=[FLIP]), 3, 2)
    assert grid.shape == (3 * 14 + 4, 3 * 16 + 4, 3)
    assert grid.dtype == np.uint8
    train = data.indices("train")
    for row, i in enumerate(train[[0, (len(train) - 1) // 2, len(train) - 1]]):
        picture = data.elements.take(np.array([i]))[0]
        assert np.array_equal(cell(grid, row, 0), picture)
        for column in (1, 2):
            assert np.array_equal(cell(grid, row, column), picture[:, ::-1])


def test_without_augmentation_all_columns_are_alike(folder):
    grid, _ = shown(make_spec(folder), 2, 3)
    for row in range(2):
        assert all(np.array_equal(cell(grid, row, column), cell(grid, row, 0)) for column in range(1, 4))


def test_versions_differ_and_are_the_same_each_time(folder):
    spec = make_spec(folder, augment=[{"type": "random_noise"}])
    grid, _ = shown(spec, 2, 2)
    assert not np.array_equal(cell(grid, 0, 1), cell(grid, 0, 2))
    assert np.array_equal(grid, shown(spec, 2, 2)[0])
    assert not np.array_equal(grid, shown(make_spec(folder, augment=[{"type": "random_noise"}], seed=1), 2, 2)[0])


def test_pictures_are_mixed_with_those_that_are_shown(folder):
    grid, _ = shown(make_spec(folder, augment=[{"type": "mixup", "alpha": 1.0}]), 4, 1)
    originals = [cell(grid, row, 0).astype(float) for row in range(4)]
    for row in range(4):
        mixed = cell(grid, row, 1).astype(float)
        fits = [
            np.abs(mixed - (share * originals[row] + (1 - share) * other)).max()
            for other in originals
            for share in np.linspace(0, 1, 501)
        ]
        assert min(fits) < 1.5


def test_no_more_rows_than_training_pictures(folder):
    grid, data = shown(make_spec(folder), 64, 1)
    assert grid.shape[0] == data.sizes["train"] * 14 + 4


def test_large_pictures_are_made_smaller(tmp_path):
    grid, _ = shown(make_spec(make_folder(tmp_path, {"a": 4, "b": 4}, size=(100, 400))), 1, 1)
    assert grid.shape == (48 + 8, 2 * 196 + 4, 3)


@pytest.mark.parametrize(("channels", "same"), [(1, [0, 0, 0]), (2, [0, 0, 0]), (5, [0, 1, 2])])
def test_of_many_channels_three_are_shown(folder, monkeypatch, channels, same):
    rng = np.random.default_rng(0)
    arrays = [Sample(str(i), rng.integers(0, 256, (10, 12, channels), "uint8"), "ab"[i % 2]) for i in range(12)]
    monkeypatch.setattr(ImageFolder, "scan", lambda self: Scan(arrays, ["a", "b"]))
    grid, data = shown(make_spec(folder, data={"color": "all"}), 1, 1)
    picture = data.elements.take(data.indices("train")[:1])[0]
    assert np.array_equal(cell(grid, 0, 0), picture[..., same])


def test_a_png_is_written_whole(folder, tmp_path):
    spec = make_spec(folder, augment=[FLIP])
    data = load_data(spec, keep=False)
    write_preview(tmp_path / "p.png", spec, data, 2, 2)
    with Image.open(io.BytesIO((tmp_path / "p.png").read_bytes())) as image:
        assert image.format == "PNG"
        assert np.array_equal(np.asarray(image), preview(spec, data, 2, 2))
    with pytest.raises(ResourceError, match="cannot write"):
        write_preview(tmp_path / "nowhere" / "p.png", spec, data, 2, 2)


def test_data_that_is_no_pictures_is_a_usage_error(tmp_path):
    from tests.engine.test_data_page import text_spec

    with pytest.raises(UsageError, match="a preview shows pictures; this spec is about text data"):
        write_preview(tmp_path / "p.png", text_spec(tmp_path), None, 1, 1)
