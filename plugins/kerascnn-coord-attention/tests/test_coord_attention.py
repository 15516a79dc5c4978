"""Coordinate attention: its shape, its numbers on a picture where they are known, and the conformance kit."""

import numpy as np
import pytest
from kerascnn_coord_attention import CoordAttention

from kerascnn import SpecError, load_spec
from kerascnn.spec import find
from kerascnn.templates_list import find_template
from kerascnn.testing import check_component, check_layer, check_light_import


def test_it_conforms():
    layer = CoordAttention()
    check_component(layer)
    check_light_import("kerascnn_coord_attention")
    assert check_layer(layer, (16, 12, 8)).output_shape == (None, 16, 12, 8)


def test_the_plugin_is_installed_under_its_name():
    assert find("layer", "coord.attention") is CoordAttention


def test_a_number_is_weighted_by_the_means_of_its_row_and_its_column():
    import keras

    inputs = keras.Input((3, 2, 1))
    model = keras.Model(inputs, CoordAttention(least=1).apply(inputs))
    # The means pass through convolutions and normalisation as they are.
    values = [1, *(1, 0, 0, 1), *(1, 0), *(1, 0)]
    model.set_weights([np.full(w.shape, value, "float32") for w, value in zip(model.weights, values, strict=True)])
    x = np.zeros((1, 3, 2, 1), "float32")
    x[0, 1, :, 0] = 3, 6

    def gate(mean):
        found = mean / np.sqrt(1 + 1e-3)
        return 1 / (1 + np.exp(-found * min(found + 3, 6) / 6))

    # The row with the numbers has the mean 4.5, the columns have 1 and 2.
    found = model.predict_on_batch(x)[0, 1, :, 0]
    assert found == pytest.approx([3 * gate(4.5) * gate(1), 6 * gate(4.5) * gate(2)], rel=1e-5)


def test_its_template_is_valid():
    assert load_spec(find_template("coord.digits")).model.backbone.layers[1] == CoordAttention()


def test_a_reduction_of_nothing_is_refused_at_its_place(tmp_path):
    text = find_template("coord.digits").read_text("utf-8")
    (tmp_path / "spec.yaml").write_text(text.replace("coord.attention}", "coord.attention, reduction: 0}"), "utf-8")
    with pytest.raises(SpecError, match=r"spec.yaml:\d+:\d+: .*reduction: should be 1 or more"):
        load_spec(tmp_path / "spec.yaml")
