"""ONNX: the same answers, one file, metadata, int8."""

import json

import numpy as np
import onnx
import pytest

from kerascnn.errors import ExportError
from kerascnn.spec import Exporting
from tests.exporters.made import CARD, elements, exporter, model, wanted, written


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return written(exporter("onnx"), tmp_path_factory.mktemp("onnx"))


def test_batch_norm_groups_and_gelu_answer_as_in_keras_for_batches_of_any_size(made):
    _, answer = made
    for count in (1, 5, 3):
        assert answer(elements(count)) == pytest.approx(wanted(count), abs=1e-6)


def test_it_is_one_file_with_names_for_input_output_and_batch(made):
    file, _ = made
    assert [found.name for found in file.parent.iterdir()] == ["model.onnx"]
    graph = onnx.load(str(file)).graph
    [given], [found] = graph.input, graph.output
    assert (given.name, found.name) == ("image", "answer")
    shapes = [[d.dim_param or d.dim_value for d in v.type.tensor_type.shape.dim] for v in (given, found)]
    assert shapes == [["batch", 8, 8, 2], ["batch", 2]]


def test_the_card_stands_in_its_metadata(made):
    file, _ = made
    found = {one.key: json.loads(one.value) for one in onnx.load(str(file)).metadata_props}
    assert found == CARD


def test_an_older_opset_can_be_asked_for(tmp_path):
    file, answer = written(exporter("onnx", opset=13), tmp_path)
    assert {one.version for one in onnx.load(str(file)).opset_import if one.domain == ""} == {13}
    assert answer(elements()) == pytest.approx(wanted(), abs=1e-6)


def test_int8_is_smaller_near_and_has_its_metadata(made, tmp_path):
    one = exporter("onnx", quantize="int8")
    assert (one.variant, one.representative, one.limit) == ("int8", 128, 0.01)
    file, answer = written(one, tmp_path)
    kinds = {node.op_type for node in onnx.load(str(file)).graph.node}
    assert {"QuantizeLinear", "DequantizeLinear"} <= kinds
    assert answer(elements()) == pytest.approx(wanted(), abs=0.1)
    assert not np.array_equal(answer(elements()), wanted())
    assert {one.key for one in onnx.load(str(file)).metadata_props} == set(CARD)
    assert [found.name for found in tmp_path.iterdir()] == ["model.onnx"]


def test_missing_values_that_a_network_takes_out_stay_out(tmp_path):
    import keras
    from keras import ops

    given = keras.Input((3,), name="series")
    there = ops.logical_not(ops.isnan(given))
    made = keras.Model(given, ops.where(there, given, 0.0))
    _, answer = written(exporter("onnx"), tmp_path, made, elements(0))
    assert answer(np.float32([[1, np.nan, 3]])).tolist() == [[1, 0, 3]]


def test_what_onnx_has_no_operation_for_is_a_sentence(tmp_path):
    import keras

    given = keras.Input((64,), name="x")
    made = keras.Model(given, keras.ops.rfft(given)[0])
    with pytest.raises(ExportError) as raised:
        exporter("onnx").write(made, tmp_path / "model.onnx", Exporting({}, np.zeros((0, 64))))
    assert str(raised.value) == "tf2onnx cannot make valid ONNX of the model: it has no operation for RFFT"


def test_a_damaged_file_is_a_sentence(tmp_path):
    (tmp_path / "model.onnx").write_bytes(b"no model")
    with pytest.raises(ExportError, match="ONNX Runtime cannot load"):
        exporter("onnx").open(tmp_path / "model.onnx", 1)


def test_the_model_itself_is_not_changed(made):
    assert np.array_equal(model().predict_on_batch(elements()), wanted())
