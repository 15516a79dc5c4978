import io
import zipfile
from contextlib import suppress

import numpy as np
import pytest

from kerascnn.errors import DataError
from kerascnn.testing import check_source
from tests.helpers import make, normal

X = normal(12, 5)
Y = np.arange(12) % 11


@pytest.fixture
def save(tmp_path):
    """Save arrays and return their source."""

    def save(arrays, **parameters):
        np.savez(tmp_path / "set.npz", **arrays)
        return make("source", "series_arrays", path=str(tmp_path / "set.npz"), **parameters)

    return save


def refusal(source):
    with pytest.raises(DataError) as caught:
        source.scan()
    return str(caught.value)


def test_one_file_holds_series_and_labels(save):
    source = save({"x": X, "y": Y})
    scan = check_source(source)
    assert source.target == "class"
    assert scan.samples[3].id == "000003"
    assert np.array_equal(scan.samples[3].payload, X[3][:, None])
    assert [s.label for s in scan.samples] == [str(label) for label in Y]
    assert list(scan.labels) == [str(i) for i in range(11)], "10 comes after 9"


def test_channels_stand_last(save):
    x = normal(3, 7, 2).astype("float64")
    scan = check_source(save({"x": x, "y": np.array(["a", "b", "a"])}))
    assert np.array_equal(scan.samples[1].payload, x[1].astype("float32"))
    assert list(scan.labels) == ["a", "b"]


def test_whole_numbers_are_taken_as_they_are(save):
    scan = check_source(save({"x": np.array([[1, -2], [3, 4]], "int16"), "y": [0, 1]}))
    assert scan.samples[0].payload.tolist() == [[1.0], [-2.0]]


def test_a_test_part_is_the_test_split(save):
    source = save({"a": X, "b": Y, "c": X[:2], "d": Y[:2]}, series_key="a", labels_key="b", test_series_key="c",
                  test_labels_key="d")  # fmt: skip
    assert [(s.id, s.split) for s in check_source(source).samples][-3:] == [
        ("train/000011", "train"), ("test/000000", "test"), ("test/000001", "test"),
    ]  # fmt: skip


def test_numbers_may_have_names(save):
    scan = check_source(save({"x": X[:3], "y": [1, 0, 1]}, class_names=["walk", "run", "fly"]))
    assert [s.label for s in scan.samples] == ["run", "walk", "run"]
    assert list(scan.labels) == ["walk", "run", "fly"]


@pytest.mark.parametrize(
    ("y", "labels", "first"),
    [
        (np.array([0.5, -1.0]), ["value"], (0.5,)),
        (np.array([[1, 2], [3, 4]]), ["value 1", "value 2"], (1.0, 2.0)),
    ],
)
def test_labels_may_be_numbers_to_be_predicted(save, y, labels, first):
    source = save({"x": X[:2], "y": y}, target_kind="value")
    scan = check_source(source)
    assert source.target == "values"
    assert list(scan.labels) == labels
    assert (scan.samples[0].target, scan.samples[0].label) == (first, "")


def test_missing_values_are_counted(save):
    x = X.copy()
    x[2, 1:3] = np.nan
    finding = check_source(save({"x": x, "y": Y})).findings[0]
    assert (finding.id, finding.severity, finding.samples) == ("missing-values", "warning", ("000002",))
    assert finding.message == "2 values are missing in 1 of 12 series"


def test_a_test_part_of_another_length_is_a_note(save):
    source = save({"x": X, "y": Y, "c": X[:2, :3], "d": Y[:2]}, test_series_key="c", test_labels_key="d")
    assert [f.id for f in source.scan().findings] == ["unequal-length"]


@pytest.mark.parametrize(
    ("x", "y", "said"),
    [
        (X.astype("complex64"), Y, "'x' is complex64; series are real numbers"),
        (X > 0, Y, "'x' is bool"),
        (X[0], Y[:5], "'x' has the shape (5,)"),
        (X[:, :0], Y, "'x' has the shape (12, 0)"),
        (X[:0], Y[:0], "holds no series"),
        (np.where(X > 0, np.inf, X), Y, "too large or infinite"),
        (X.astype("float64") * 1e43, Y, "'x' holds 60 values too large or infinite"),
        (X, Y[:5], "'y' has the shape (5,); it should be (12,), as many as series"),
        (X, Y / 2, "for numbers to be predicted say data.source.target_kind: value"),
        (X, np.array([""] * 12), "has a label that is empty"),
    ],
    ids=range(10),
)
def test_arrays_of_another_form_are_refused(save, x, y, said):
    assert said in refusal(save({"x": x, "y": y}))


@pytest.mark.parametrize(
    ("y", "said"),
    [
        (np.array(["a"] * 12), "'y' is <U1; numbers to be predicted are real numbers"),
        (np.full(12, np.nan), "'y' holds 12 numbers that are not finite"),
        (np.zeros((12, 0)), "'y' has the shape (12, 0); it should be (12,) or (12, numbers)"),
    ],
)
def test_targets_of_another_form_are_refused(save, y, said):
    assert said in refusal(save({"x": X, "y": y}, target_kind="value"))


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"series_key": "X_train"}, "has no array 'X_train' (there are: x, y)"),
        ({"labels_key": "ys"}, "has no array 'ys'; did you mean 'y'?"),
        ({"test_series_key": "x"}, "test_series_key and test_labels_key go together"),
        ({"class_names": ["a", "b"]}, "has the label 2; data.source.class_names names 2"),
        ({"class_names": ["a", "b"], "target_kind": "value"}, "do not go together"),
    ],
)
def test_parameters_that_do_not_fit_are_an_error(save, parameters, said):
    assert said in refusal(save({"x": X, "y": Y}, **parameters))


def test_channels_have_to_be_the_same_in_both_parts(save):
    arrays = {"x": X, "y": Y, "c": normal(2, 5, 3), "d": Y[:2]}
    assert "other channels" in refusal(save(arrays, test_series_key="c", test_labels_key="d"))


def test_pickles_are_never_opened(save):
    assert "cannot be read as NumPy's file" in refusal(save({"x": np.array([{}, {}], object), "y": [0, 1]}))


def test_a_damaged_file_is_a_data_error_whatever_is_wrong(save, tmp_path):
    source = save({"x": X, "y": Y})
    file = tmp_path / "set.npz"
    whole = file.read_bytes()
    rng = np.random.default_rng(0)
    for content in [b"", b"no array", whole[:100], whole[:-30]]:
        file.write_bytes(content)
        assert "cannot be read as NumPy's file" in refusal(source)
    np.save(tmp_path / "one.npy", X)
    file.write_bytes((tmp_path / "one.npy").read_bytes())
    assert "holds one array" in refusal(source)
    for _ in range(300):
        bent = np.frombuffer(whole, "uint8").copy()
        bent[rng.integers(0, len(bent), 3)] = rng.integers(0, 256, 3)
        file.write_bytes(bent.tobytes())
        with suppress(DataError):
            source.scan()


def test_a_file_that_says_it_is_huge_is_a_data_error(save, tmp_path):
    source = save({"x": X, "y": Y})
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(head, {"descr": "<f8", "fortran_order": False, "shape": (10**12, 10)})
    with zipfile.ZipFile(tmp_path / "set.npz", "w") as archive:
        archive.writestr("x.npy", head.getvalue())
        archive.writestr("y.npy", head.getvalue())
    assert "set.npz: " in refusal(source)
