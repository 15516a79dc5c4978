"""The answers of an evaluation, kept in the run folder."""

import numpy as np
import pytest

from kerascnn.errors import UsageError
from kerascnn.runs.answers import KeptAnswers, read_answers, write_answers
from kerascnn.runs.folder import RunFolder


@pytest.fixture
def run(tmp_path):
    (tmp_path / "evaluation").mkdir()
    return RunFolder(tmp_path)


KEPT = KeptAnswers(["b/2.png", "a/ü.png"], np.array([1, 0]), np.array([[0.25, 0.75], [0.5, 0.5]], "float32"))


def test_what_was_written_is_read_back(run):
    write_answers(run, "test", KEPT)
    found = read_answers(run, "test")
    assert found.ids == KEPT.ids
    assert found.truth.tolist() == [1, 0]
    assert found.answers.dtype == "float32"
    np.testing.assert_array_equal(found.answers, KEPT.answers)
    assert [file.name for file in (run.path / "evaluation").iterdir()] == ["test.npz"]


def test_rows_are_found_by_the_names_of_samples(run):
    assert KEPT.rows_of(["a/ü.png", "b/2.png"]).tolist() == [1, 0]
    with pytest.raises(KeyError):
        KEPT.rows_of(["c"])


def test_a_split_that_was_not_evaluated_says_how_to_do_it(run):
    with pytest.raises(
        UsageError, match=r"has no answers on its validation split; `kerascnn evaluate .* --split valid"
    ):
        read_answers(run, "validation")


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x05\x06" + bytes(18)])
def test_a_damaged_file_is_refused(run, content):
    (run.path / "evaluation" / "test.npz").write_bytes(content)
    with pytest.raises(UsageError, match=r"test\.npz is damaged"):
        read_answers(run, "test")


def test_objects_are_never_unpickled(run):
    np.savez(run.path / "evaluation" / "test.npz", ids=np.array([{}], object), truth=KEPT.truth, answers=KEPT.answers)
    with pytest.raises(UsageError, match="damaged"):
        read_answers(run, "test")
