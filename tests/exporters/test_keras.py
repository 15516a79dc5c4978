"""Keras's own file."""

import numpy as np
import pytest

from kerascnn.testing import check_plain_keras
from tests.exporters.made import elements, exporter, model, wanted, written


def test_it_answers_as_the_model_and_is_one_file(tmp_path):
    file, answer = written(exporter("keras"), tmp_path)
    assert [found.name for found in tmp_path.iterdir()] == ["model.keras"]
    assert file.stat().st_size > 1000
    assert np.array_equal(answer(elements()), wanted())


def test_the_precision_of_the_training_stays():
    assert exporter("keras").backend == ""


@pytest.mark.slow
def test_it_opens_without_kerascnn():
    check_plain_keras({"exported": model()})
