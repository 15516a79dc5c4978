"""LiteRT: the same answers, and fewer bits."""

import numpy as np
import pytest

from kerascnn.errors import ExportError
from kerascnn.spec import Exporting
from tests.exporters.made import elements, exporter, wanted, written


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return written(exporter("litert"), tmp_path_factory.mktemp("litert"))


def test_it_answers_as_the_model_does_for_batches_of_any_size(made):
    file, answer = made
    assert [found.name for found in file.parent.iterdir()] == ["model.tflite"]
    for count in (1, 5, 3):
        assert answer(elements(count)) == pytest.approx(wanted(count), abs=1e-6)


@pytest.mark.parametrize(("kind", "samples"), [("int8", 128), ("dynamic_range", 0), ("float16", 0)])
def test_fewer_bits_are_smaller_and_near(kind, samples, made, tmp_path):
    one = exporter("litert", quantize=kind)
    assert (one.variant, one.representative, one.limit) == (kind, samples, 0.01)
    file, answer = written(one, tmp_path)
    assert file.read_bytes() != made[0].read_bytes()
    found = answer(elements())
    assert found.dtype == np.float32
    assert found == pytest.approx(wanted(), abs=0.1)


def test_plain_has_no_variant_and_no_limit():
    one = exporter("litert")
    assert (one.variant, one.representative, one.limit) == ("", 0, None)


def test_what_litert_has_no_operation_for_is_a_sentence(tmp_path):
    import keras

    given = keras.Input((4, 4), name="x")
    made = keras.Model(given, keras.ops.roll(given, 1, axis=1))
    with pytest.raises(ExportError) as raised:
        exporter("litert").write(made, tmp_path / "model.tflite", Exporting({}, np.zeros((0, 4, 4))))
    assert str(raised.value) == "TensorFlow cannot convert the model to LiteRT: it has no operation for Roll"


def test_a_damaged_file_is_a_sentence(tmp_path):
    (tmp_path / "model.tflite").write_bytes(b"no model")
    with pytest.raises(ExportError, match="LiteRT cannot load"):
        exporter("litert").open(tmp_path / "model.tflite", 1)
