import numpy as np
from sklearn.datasets import load_digits

from tests.helpers import make


def test_digits_are_those_of_scikit_learn_spread_over_0_to_255():
    scan, bunch = make("source", "digits").scan(), load_digits()
    assert len(scan.samples) == 1797
    assert [sample.label for sample in scan.samples] == [str(label) for label in bunch.target]
    first = scan.samples[0].payload
    assert (first.shape, first.dtype) == ((8, 8, 1), np.uint8)
    np.testing.assert_array_equal(first[..., 0], np.rint(bunch.images[0] * 255 / 16))
    assert {int(sample.payload.max()) for sample in scan.samples[:200]} >= {255}


def test_digits_have_ten_classes_in_order_and_no_split_of_their_own():
    scan = make("source", "digits").scan()
    assert list(scan.labels) == list("0123456789")
    assert {sample.split for sample in scan.samples} == {None}
    assert (scan.samples[0].id, scan.samples[-1].id) == ("0000", "1796")
