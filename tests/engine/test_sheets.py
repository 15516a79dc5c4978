"""Sheets of feature maps and filters, and elements as points."""

import io
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from PIL import Image

from kerascnn.engine.embedding_map import draw, placed, table
from kerascnn.engine.sheets import feature_sheet, filter_sheet
from kerascnn.errors import UsageError


def pixels(content):
    return np.asarray(Image.open(io.BytesIO(content)))


def test_each_map_is_a_tile_from_black_to_white():
    values = np.zeros((2, 2, 2), "float32")
    values[0, 0, 0], values[1, 1, 1] = 5, -3
    found = pixels(feature_sheet(values, "P5"))[24:]
    assert found[2, 6].tolist() == [255, 255, 255]  # the first tile: its upper left is largest
    assert found[50, 50].tolist() == [0, 0, 0]
    assert found[2, 82].tolist() == [255, 255, 255]  # the second: its lower right is smallest
    assert found[70, 150].tolist() == [0, 0, 0]


@pytest.mark.parametrize("shape", [(7, 5, 100), (40, 3), (1, 1, 2), (3, 200, 7)])
def test_maps_of_any_shape_become_a_sheet(shape):
    assert pixels(feature_sheet(np.random.default_rng(0).standard_normal(shape), "out")).ndim == 3


def test_filters_of_three_inputs_are_in_colour_and_0_is_grey():
    kernel = np.zeros((3, 3, 3, 1), "float32")
    kernel[0, 0] = [[2], [0], [-2]]
    found = pixels(filter_sheet(kernel, "conv"))[24:]
    assert found[5, 10].tolist() == [255, 128, 0]
    assert found[60, 60].tolist() == [128, 128, 128]


@pytest.mark.parametrize("shape", [(3, 3, 1, 70), (3, 3, 4, 6), (5, 2, 3), (1, 1, 8, 2)])
def test_filters_of_any_shape_become_a_sheet(shape):
    assert pixels(filter_sheet(np.random.default_rng(0).standard_normal(shape), "conv")).ndim == 3


def test_points_lie_in_the_two_directions_of_the_largest_variance():
    x = np.array([-3.0, -1, 1, 3])
    rows = np.stack([0 * x, 2 * x, 0 * x + 7], 1)
    points, said = placed(rows, "pca")
    assert np.allclose(np.abs(points[:, 0]), np.abs(2 * x))
    assert np.allclose(points[:, 1], 0)
    assert said == "PCA, 100% of the variance to the right and 0% upwards"


@pytest.mark.slow
def test_neighbours_stay_together_with_tsne_and_each_time_alike():
    rng = np.random.default_rng(0)
    rows = np.concatenate([rng.normal(centre, 0.1, (10, 5)) for centre in (0, 20)])
    points, _ = placed(rows, "tsne")
    assert (placed(rows, "tsne")[0] == points).all()
    apart = np.linalg.norm(points[:, None] - points, axis=-1) + 1e9 * np.eye(20)
    assert all((near < 10) == (i < 10) for i, near in enumerate(apart.argmin(1)))


def test_too_few_or_like_elements_have_no_map():
    with pytest.raises(UsageError, match="a map of 2 elements says nothing"):
        placed(np.zeros((2, 4)), "pca")
    assert not placed(np.ones((5, 4)), "pca")[0].any()
    assert placed(np.arange(4.0)[:, None], "pca")[0].shape == (4, 2)


def test_a_drawing_is_xml_with_a_dot_for_each_and_names_are_escaped():
    names, labels = ["<a>.png", "b.png", "c.png"], ["cat & dog", "cow", "cow"]
    points = np.array([[0, 0], [1, 0.5], [2, 0]])
    root = ET.fromstring(draw(names, labels, points, "PCA"))
    titles = [one.text for one in root.iter("{http://www.w3.org/2000/svg}title")]
    assert titles[1:] == ["<a>.png: cat & dog", "b.png: cow", "c.png: cow"]
    assert table(names, labels, points).splitlines()[:3] == [
        "file,answer,x,y",
        "<a>.png,cat & dog,0,0",
        "b.png,cow,1,0.5",
    ]
