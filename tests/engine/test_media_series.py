import json

import numpy as np
import pytest

from kerascnn.engine.media import Raw, form_of
from kerascnn.engine.media.series import Series, SeriesForm
from kerascnn.engine.progress import Progress
from kerascnn.errors import DataError
from kerascnn.spec import Sample
from tests.engine.made_sequences import sequence_spec

NAN = np.nan
SOURCE = {"type": "series_arrays", "path": "series.npz"}


def read(arrays, **data):
    samples = [Sample(str(i), array, "a") for i, array in enumerate(arrays)]
    return Series.read(samples, sequence_spec("series_classification", SOURCE, data=data), Progress())


def steps(*values):
    return np.array(values, "float32")[:, None]


def test_shorter_series_are_padded_with_nan_behind_their_end():
    found = read([steps(1, 2, 3), steps(4)])
    assert found.shape == (3, 1)
    batch = found.take(np.array([1, 0]))
    assert batch.dtype == np.float32
    np.testing.assert_array_equal(batch[..., 0], [[4, NAN, NAN], [1, 2, 3]])


def test_the_spec_can_settle_the_length():
    found = read([steps(1, 2, 3), steps(4)], length=2)
    np.testing.assert_array_equal(found.take(np.array([0, 1]))[..., 0], [[1, 2], [4, NAN]])


def test_values_that_are_missing_stay_missing_and_are_counted():
    found = read([steps(1, NAN, 3), steps(4, 5, 6)])
    assert [facts.get("missing") for facts in found.facts] == [1, None]
    assert [facts["length"] for facts in found.facts] == [3, 3]
    assert np.isnan(found.take(np.array([0]))[0, 1, 0])


def test_series_of_one_channel_need_no_axis_for_it_and_whole_numbers_will_do():
    found = read([np.array([1, 2, 3])])
    np.testing.assert_array_equal(found.take(np.array([0]))[0], steps(1, 2, 3))


def test_series_with_different_channels_are_refused():
    with pytest.raises(DataError, match="different numbers of channels: 2 with 1, 1 with 3"):
        read([steps(1), np.zeros((4, 3)), steps(2)])


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (steps(1, np.inf), "holds infinite numbers"),
        (np.array([1e300, 0.0]), "holds infinite numbers"),
        (steps(NAN, NAN), "holds no number, all are missing"),
        (np.zeros((0, 2)), r"has the shape \(0, 2\); a series is \(length, channels\)"),
        (np.zeros((2, 3, 4)), r"has the shape \(2, 3, 4\)"),
        (np.array(["a"]), "is an array of <U1; a series is numbers"),
        ([[1.0], [2.0, 3.0]], "is no array of numbers"),
    ],
    ids=str,
)
def test_a_series_that_cannot_be_read_is_an_error_in_its_place(payload, reason):
    found = read([steps(1, 2), payload])
    assert found.facts[0]["length"] == 2
    with pytest.raises(AssertionError, match=reason):
        raise AssertionError(found.facts[1]["reason"])
    assert np.isnan(found.take(np.array([1]))).all()


def test_a_form_comes_back_from_plain_data_and_reads_as_training_did():
    found = read([np.ones((5, 2)), np.zeros((3, 2))])
    facts = json.loads(json.dumps({"shape": [5, 2], **found.form.spell()}))
    form = form_of(facts)
    assert form == found.form == SeriesForm(5, 2)
    short, long = form.read([np.zeros((3, 2)), np.ones((9, 2))])
    assert isinstance(short, Raw)
    assert isinstance(long, Raw)
    np.testing.assert_array_equal(short.array, found.take(np.array([1]))[0])
    np.testing.assert_array_equal(long.array, np.ones((5, 2)))
    assert short.sha256 == found.facts[1]["sha256"]


def test_a_form_refuses_series_with_other_channels():
    (wrong,) = SeriesForm(5, 2).read([np.zeros((4, 3))])
    assert str(wrong) == "has 3 channels; the model takes 2"


def test_of_a_longer_series_a_forecast_sees_the_last_steps():
    (raw,) = SeriesForm(2, 1, window=True).read([steps(1, 2, 3, 4)])
    assert raw.array.ravel().tolist() == [3, 4]


def test_a_series_that_is_too_short_for_a_forecast_is_refused():
    one, other = SeriesForm(3, 1, window=True).read([steps(1), steps(1, 2)])
    assert str(one) == "has 1 time step; a forecast needs the last 3"
    assert str(other) == "has 2 time steps; a forecast needs the last 3"


def test_windows_of_a_source_that_are_shorter_than_the_spec_says_are_errors_in_their_place(tmp_path):
    (tmp_path / "load.csv").write_text("time,load\n" + "\n".join(f"{i},{i}" for i in range(40)), "utf-8")
    source = {"type": "series_windows", "path": str(tmp_path / "load.csv"), "window": 4}
    spec = sequence_spec("series_forecast", source, head="forecaster", data={"length": 6})
    found = Series.read([Sample("a", np.arange(8.0)), Sample("b", np.arange(4.0))], spec, Progress())
    assert found.form == SeriesForm(6, 1, window=True)
    assert found.take(np.array([0])).ravel().tolist() == [2, 3, 4, 5, 6, 7]
    assert found.facts[1] == {"reason": "has 4 time steps; a forecast needs the last 6"}


def test_the_hash_tells_series_apart_by_their_values_and_their_length():
    hashes = [facts["sha256"] for facts in read([steps(1, 2), steps(1, 2), steps(1, 2, NAN), steps(1, 3)]).facts]
    assert hashes[0] == hashes[1]
    assert len(set(hashes)) == 3
