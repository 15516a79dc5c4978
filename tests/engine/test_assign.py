from pathlib import Path

import pytest

from kerascnn.engine.assign import check_hashes, read_assignment
from kerascnn.errors import DataError
from kerascnn.spec import Sample
from kerascnn.spec.spec import Split, SplitLists

NAMES = ("cat/1.png", "cat/2.png", "dog/3.jpg", "dog/4 b.jpg")


def samples(*names):
    return [Sample(name, None, name.split("/")[0]) for name in names or NAMES]


def written(path: Path, text: str) -> str:
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    return str(path)


def lists(tmp_path, found=None, **texts):
    named = {part: written(tmp_path / f"{part}.txt", text) for part, text in texts.items()}
    return read_assignment(found or samples(), Split(lists=SplitLists(**named)))


def table(tmp_path, text, found=None, **split):
    return read_assignment(found or samples(), Split(file=written(tmp_path / "split.csv", text), **split))


def wrong(tmp_path, text, found=None, **split):
    """Return what is wrong with a table, the names without the folder."""
    with pytest.raises(DataError) as caught:
        table(tmp_path, text, found, **split)
    return [(name.removeprefix(f"{tmp_path}/"), reason) for name, reason in caught.value.files]


def test_a_split_without_files_says_nothing():
    found = read_assignment(samples(), Split())
    assert (found.parts, found.folds, found.hashes, found.left_out) == ({}, {}, {}, [])


# Lists.


def test_a_list_names_samples_by_id_by_file_and_by_stem(tmp_path):
    found = lists(tmp_path, train="cat/1.png\n2.png\n", validation="\n3\n", test="4 b.jpg\r\n")
    assert found.parts == {
        "cat/1.png": "train", "cat/2.png": "train", "dog/3.jpg": "validation", "dog/4 b.jpg": "test",
    }  # fmt: skip
    assert found.left_out == []


def test_what_stands_behind_a_name_is_passed_over(tmp_path):
    assert lists(tmp_path, train="1.png 2\n3.jpg\t0 x\n").parts == {"cat/1.png": "train", "dog/3.jpg": "train"}


def test_a_mark_of_utf8_and_empty_lines_do_not_matter(tmp_path):
    assert lists(tmp_path, train="\ufeff1.png\n\n  \n").parts == {"cat/1.png": "train"}


def test_samples_on_no_list_are_left_out(tmp_path):
    assert lists(tmp_path, train="1\n2\n").left_out == ["dog/3.jpg", "dog/4 b.jpg"]


def test_names_of_other_bytes_than_utf8_are_found(tmp_path):
    odd = "caf\udce9/1.png"
    assert lists(tmp_path, samples(odd), train=f"{odd}\n").parts == {odd: "train"}


def test_every_line_that_names_nothing_is_named_with_its_place(tmp_path):
    with pytest.raises(DataError, match=r"^3 lines of data\.split\.lists cannot be used") as caught:
        lists(tmp_path, train="1.png\n2.pgn\n", test="1\nwhatever\n")
    assert caught.value.files == (
        (f"{tmp_path}/train.txt:2", "names 2.pgn, which is no sample; did you mean 2.png?"),
        (f"{tmp_path}/test.txt:1", f"names cat/1.png a second time; the first is {tmp_path}/train.txt:1"),
        (f"{tmp_path}/test.txt:2", "names whatever, which is no sample"),
    )


def test_a_name_that_several_samples_are_called_is_not_guessed(tmp_path):
    found = samples("cat/1.png", "dog/1.png", "cat/2.png")
    with pytest.raises(DataError) as caught:
        lists(tmp_path, found, train="cat/1.png\n1\n")
    assert caught.value.files == (
        (f"{tmp_path}/train.txt:2", "names 1, which 2 samples are called, such as cat/1.png and dog/1.png"),
    )


def test_a_list_that_is_not_there_is_named_by_its_field(tmp_path):
    with pytest.raises(DataError, match=r"data\.split\.lists\.train: there is no file"):
        read_assignment(samples(), Split(lists=SplitLists(train=str(tmp_path / "none.txt"))))


# Tables.

WHOLE = "id,split\ncat/1.png,train\ncat/2.png,val\ndog/3.jpg,Test\ndog/4 b.jpg, training \n"


def test_a_table_says_the_split_of_each_sample(tmp_path):
    assert table(tmp_path, WHOLE).parts == {
        "cat/1.png": "train", "cat/2.png": "validation", "dog/3.jpg": "test", "dog/4 b.jpg": "train",
    }  # fmt: skip


@pytest.mark.parametrize("name", ["id", "path", "file", "name", " Path "])
def test_the_column_of_names_may_have_several_names(tmp_path, name):
    assert len(table(tmp_path, WHOLE.replace("id,", f"{name},", 1)).parts) == 4


def test_a_quarantined_sample_stays_out(tmp_path):
    found = table(tmp_path, WHOLE.replace("cat/2.png,val", "cat/2.png,quarantine"))
    assert "cat/2.png" not in found.parts
    assert found.left_out == ["cat/2.png"]


def test_a_table_may_say_folds_and_contents(tmp_path):
    text = "file,fold,sha256\n1.png,0,aa\n2.png,1,\n3.jpg,1,cc\n4 b.jpg,0,dd\n"
    found = table(tmp_path, text, folds=2)
    assert found.folds == {"cat/1.png": 0, "cat/2.png": 1, "dog/3.jpg": 1, "dog/4 b.jpg": 0}
    assert found.hashes == {"cat/1.png": "aa", "dog/3.jpg": "cc", "dog/4 b.jpg": "dd"}
    assert (found.parts, found.left_out) == ({}, [])


def test_every_row_that_is_wrong_is_named_with_its_line(tmp_path):
    text = 'id,split\ncat/1.png,train\n"cat/2.png\n",train\n1.png,test\ndog/3.jpg,maybe\ndog/4 b.jpg\n'
    assert wrong(tmp_path, text) == [
        ("split.csv:3", "names cat/2.png\n, which is no sample; did you mean 2.png?"),
        ("split.csv:5", f"names cat/1.png a second time; the first is {tmp_path}/split.csv:2"),
        ("split.csv:6", "has the split 'maybe'; it should be train, validation or test"),
        ("split.csv:7", "has 1 values; the header names 2 columns"),
        ("cat/2.png", "is not in the file"),
        ("dog/4 b.jpg", "is not in the file"),
    ]


@pytest.mark.parametrize("fold", ["-1", "1.0", "x", ""])
def test_a_fold_that_is_no_number_from_0_on_is_named(tmp_path, fold):
    rows = f"id,fold\n1,{fold}\n2,0\n3,1\n4 b,1\n"
    assert wrong(tmp_path, rows, folds=2)[0] == (
        "split.csv:2",
        f"has the fold '{fold}'; it should be a number from 0 on",
    )


@pytest.mark.parametrize(
    ("text", "folds", "said"),
    [
        ("", None, "split.csv: is empty; its first line names the columns, such as id,split"),
        ("a,b\n1,2\n", None, "split.csv:1: needs the columns id and split (there are: a, b)"),
        ("id,split\n1,train\n", 2, "split.csv:1: needs the columns id and fold (there are: id, split)"),
        ('id,split\n"1,train\n', None, "split.csv:2: is not well-formed CSV: unexpected end of data"),
    ],
)
def test_a_table_that_is_none_is_a_data_error(tmp_path, text, folds, said):
    with pytest.raises(DataError) as caught:
        table(tmp_path, text, folds=folds)
    assert said in str(caught.value)


def test_a_table_that_is_not_there_is_named_by_its_field(tmp_path):
    with pytest.raises(DataError, match=r"data\.split\.file: there is no file"):
        read_assignment(samples(), Split(file=str(tmp_path / "none.csv")))


# Contents.


def test_samples_with_the_content_that_the_table_says_pass():
    check_hashes(samples(), {"cat/1.png": "a", "dog/3.jpg": "c"}, ["a", "x", "c", "x"])


def test_every_sample_with_other_content_is_named():
    with pytest.raises(DataError, match=r"data\.split\.file was made from other data") as caught:
        check_hashes(samples(), {"cat/1.png": "a", "cat/2.png": "b", "dog/3.jpg": "c"}, ["A", "b", "C", "x"])
    reason = "has other content than when the split was made"
    assert caught.value.files == (("cat/1.png", reason), ("dog/3.jpg", reason))
