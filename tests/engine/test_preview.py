import io

import numpy as np
import pytest
from PIL import Image

from kerascnn.engine.data import load_data
from kerascnn.engine.overlays import colour_of
from kerascnn.engine.preview import preview, write_preview
from kerascnn.errors import ResourceError, UsageError
from kerascnn.sources.image_folder import ImageFolder
from kerascnn.spec import Sample, Scan, spec_from_dict
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


def test_masks_move_with_their_pictures_and_have_a_legend(tmp_path):
    from tests.engine.test_data_page import discs

    spec = discs(tmp_path)
    spec = spec_from_dict({**spec.spell(), "augment": [FLIP]})
    grid, data = shown(spec, 3, 1)
    height, width = 3 * 44 + 4, 2 * 44 + 4
    assert grid.shape[0] >= height + 16
    assert grid.shape[1:] == (width, 3)
    for row, i in enumerate(data.indices("train")[[0, 3, 7]]):
        before, after = cell(grid, row, 0, (40, 40)), cell(grid, row, 1, (40, 40))
        mask = data.answers.all[i]
        inner = mask == np.roll(mask, 1, 0)
        inner &= (mask == np.roll(mask, 1, 1)) & (mask == np.roll(mask, -1, 0)) & (mask == np.roll(mask, -1, 1))
        picture = data.elements.take(np.array([i]))[0]
        for number in (0, 1):
            wanted = 0.6 * picture + 0.4 * np.array(colour_of(number))
            here = inner & (mask == number)
            assert np.abs(before - wanted)[here].max(initial=0) <= 0.5
            assert np.abs(after - wanted[:, ::-1])[here[:, ::-1]].max(initial=0) <= 0.5
    assert (grid[height + 3 : height + 13, 4:14] == colour_of(0)).all()


def test_boxes_move_with_their_pictures(tmp_path):
    from tests.engine.test_data_page import squares

    spec = spec_from_dict({**squares(tmp_path, [48, 64]).spell(), "augment": [FLIP]})
    grid, data = shown(spec, 64, 1)
    for row, i in enumerate(data.indices("train")):
        for number, left, _, right, bottom in data.answers.all[i].round().astype(int).tolist():
            for column, first in ((0, left), (1, 64 - right)):
                edge = cell(grid, row, column, (48, 64))[bottom - 1, first : first + right - left]
                assert (edge == colour_of(number)).all(), (row, column)


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
