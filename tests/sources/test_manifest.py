import pytest

from kerascnn.errors import DataError
from kerascnn.testing import check_source
from tests.helpers import make


@pytest.fixture
def write(tmp_path):
    """Write a CSV file beside the pictures a.jpg to d.jpg."""
    for name in "abcd":
        (tmp_path / f"{name}.jpg").touch()

    def write(text, **parameters):
        content = text if isinstance(text, bytes) else text.encode("utf-8")
        (tmp_path / "labels.csv").write_bytes(content)
        return make("source", "manifest", path=str(tmp_path / "labels.csv"), **parameters)

    return write


def refused(source):
    """Return the message and the culprits, without the folder."""
    with pytest.raises(DataError) as caught:
        source.scan()
    folder = source.path.rsplit("/", 1)[0] + "/"
    message = str(caught.value).splitlines()[0].replace(folder, "")
    return message, [(name.replace(folder, ""), why.replace(folder, "")) for name, why in caught.value.files]


def labels(source):
    return [sample.label for sample in source.scan().samples]


def test_each_row_is_a_sample(write, tmp_path):
    scan = check_source(write("path,label\nb.jpg,dog\na.jpg,cat\n"))
    first, second = scan.samples
    assert (first.id, first.label, first.split, first.payload) == ("b.jpg", "dog", None, tmp_path / "b.jpg")
    assert first.origin == f"{tmp_path}/labels.csv:2"
    assert second.origin == f"{tmp_path}/labels.csv:3"
    assert list(scan.labels) == ["cat", "dog"]


def test_other_columns_do_not_matter(write):
    source = write("age,species,file\n3,cat,a.jpg\n,dog,b.jpg\n", path_column="file", label_column="species")
    assert [(s.id, s.label) for s in source.scan().samples] == [("a.jpg", "cat"), ("b.jpg", "dog")]


@pytest.mark.parametrize("label", ["007", "NA", "None", "nan", "null", "1e5", "TRUE", "1.0", "=1+1", " cat"])
def test_a_label_is_text_to_the_letter(write, label):
    assert labels(write(f"path,label\na.jpg,{label}\nb.jpg,x\n")) == [label, "x"]


def test_a_byte_order_mark_is_no_part_of_the_header(write):
    assert labels(write(b"\xef\xbb\xbfpath,label\na.jpg,cat\nb.jpg,dog\n")) == ["cat", "dog"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_end_as_on_any_system(write, end):
    assert labels(write(end.join(["path,label", "a.jpg,cat", "b.jpg,dog", ""]))) == ["cat", "dog"]


def test_quotes_hold_commas_and_line_breaks(write, tmp_path):
    (tmp_path / "a, b.jpg").touch()
    scan = write('path,label\n"a, b.jpg","cat\nof the house"\n\nb.jpg,"say ""dog"""\n').scan()
    assert [sample.label for sample in scan.samples] == ["cat\nof the house", 'say "dog"']
    assert [sample.origin.rsplit(":", 1)[1] for sample in scan.samples] == ["2", "5"]


def test_a_row_is_named_by_the_line_on_which_it_begins(write):
    _, culprits = refused(write('path,label\na.jpg,"cat\nor not"\n"gone\n.jpg","dog\nor not"\n'))
    assert [name for name, _ in culprits] == ["labels.csv:4"]


def test_latin_1_is_refused_with_its_line(write):
    message, _ = refused(write("path,label\na.jpg,cat\nb.jpg,Hündin\n".encode("latin-1")))
    assert message == "labels.csv:3: is not UTF-8; save it as UTF-8"


def test_utf_16_is_refused(write):
    message, _ = refused(write("path,label\na.jpg,cat\n".encode("utf-16")))
    assert message == "labels.csv:1: is not UTF-8; save it as UTF-8"


@pytest.mark.parametrize("mark", [";", "\t", "|"])
def test_another_divider_is_recognised(write, mark):
    message, _ = refused(write(f"path{mark}label\na.jpg{mark}cat\n"))
    assert "the columns seem to be divided by another character than a comma" in message


def test_a_missing_column_is_suggested(write):
    message, _ = refused(write("path,labels,size\na.jpg,cat,3\n"))
    assert message == "labels.csv:1: there is no column 'label'; did you mean 'labels'? (there are: path, labels, size)"


def test_a_missing_column_that_is_like_no_other_lists_what_there_is(write):
    message, _ = refused(write("path,label\na.jpg,cat\n", split_column="fold"))
    assert message == "labels.csv:1: there is no column 'fold' (there are: path, label)"


def test_two_columns_of_one_name_are_refused(write):
    assert refused(write("path,label,label\na.jpg,cat,dog\n"))[0] == "labels.csv:1: two columns are named 'label'"


def test_every_wrong_row_is_named_with_its_reason(write, tmp_path):
    text = (
        "path,label,split\n"
        "a.jpg,cat,train\n"
        "gone.jpg,cat,train\n"
        "b.jpg,dog\n"
        "b.jpg,dog,train,extra\n"
        ",dog,train\n"
        "b.jpg, ,train\n"
        "b.jpg,dog,tset\n"
        "a.jpg,dog,test\n"
        "./a.jpg,dog,test\n"
        f"{tmp_path}/a.jpg,dog,test\n"
        "/nowhere/z.jpg,dog,test\n"
    )
    message, culprits = refused(write(text, split_column="split"))
    assert message == "10 rows of labels.csv cannot be used"
    where = f"(under {tmp_path})"
    assert culprits == [
        ("labels.csv:3", f"names gone.jpg, which is not there {where}"),
        ("labels.csv:4", "has 2 values; the header names 3 columns"),
        ("labels.csv:5", "has 4 values; the header names 3 columns"),
        ("labels.csv:6", "has no path"),
        ("labels.csv:7", "has no label"),
        ("labels.csv:8", "has the split 'tset'; it should be train, validation or test"),
        ("labels.csv:9", "names a.jpg a second time; the first is labels.csv:2"),
        ("labels.csv:10", "names ./a.jpg a second time; the first is labels.csv:2"),
        ("labels.csv:11", "names a.jpg a second time; the first is labels.csv:2"),
        ("labels.csv:12", "names /nowhere/z.jpg, which is not there"),
    ]


def test_a_picture_with_two_labels_is_one_of_the_duplicates(write):
    _, culprits = refused(write("path,label\na.jpg,cat\nsub/../a.jpg,dog\n"))
    assert [name for name, _ in culprits] == ["labels.csv:3"]


@pytest.mark.parametrize(("text", "part"), [("val", "validation"), (" Train ", "train"), ("TESTING", "test")])
def test_the_split_column_is_read_leniently(write, text, part):
    source = write(f"path,label,split\na.jpg,cat,{text}\n", split_column="split")
    assert check_source(source).samples[0].split == part


def test_without_a_split_column_the_column_is_not_looked_at(write):
    assert write("path,label,split\na.jpg,cat,nonsense\n").scan().samples[0].split is None


@pytest.mark.parametrize("text", ["", "\n\n", "\ufeff"])
def test_an_empty_file_is_an_error(write, text):
    assert refused(write(text))[0].startswith("labels.csv: is empty")


def test_a_header_alone_is_an_error(write):
    assert refused(write("path,label\n"))[0] == "labels.csv: has no rows below its header"


@pytest.mark.parametrize("row", ['a.jpg,"cat', 'a.jpg,"cat"s'])
def test_broken_quotes_are_an_error_with_the_line(write, row):
    assert refused(write(f"path,label\nb.jpg,dog\n{row}\n"))[0].startswith("labels.csv:3: is not well-formed CSV: ")


def test_a_folder_is_no_picture(write, tmp_path):
    (tmp_path / "sub").mkdir()
    _, culprits = refused(write("path,label\nsub,cat\n"))
    assert culprits[0][0] == "labels.csv:2"


def test_what_cannot_be_a_path_is_one_more_wrong_row(write):
    _, culprits = refused(write(f"path,label\n{'x' * 5000}.jpg,cat\na\0b.jpg,dog\n"))
    assert [name for name, _ in culprits] == ["labels.csv:2", "labels.csv:3"]


def test_root_is_where_relative_paths_start(write, tmp_path):
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures/x.jpg").touch()
    scan = write("path,label\nx.jpg,cat\n", root=str(tmp_path / "pictures")).scan()
    assert scan.samples[0].payload == tmp_path / "pictures/x.jpg"
    assert scan.samples[0].id == "x.jpg"


def test_a_missing_root_is_an_error(write, tmp_path):
    with pytest.raises(DataError, match=r"data\.source\.root: there is no folder"):
        write("path,label\na.jpg,cat\n", root=str(tmp_path / "nowhere")).scan()


def test_a_missing_file_and_a_folder_in_its_place_are_errors(tmp_path):
    with pytest.raises(DataError, match="there is no file"):
        make("source", "manifest", path=str(tmp_path / "labels.csv")).scan()
    with pytest.raises(DataError, match="is not a file"):
        make("source", "manifest", path=str(tmp_path)).scan()


def test_groups_are_read_from_their_column(write):
    scan = check_source(write("path,label,patient\na.jpg,cat,007\nb.jpg,dog, 8\n", group_column="patient"))
    assert [sample.group for sample in scan.samples] == ["007", " 8"]


def test_a_row_without_a_group_is_named(write):
    _, wrong = refused(write("path,label,patient\na.jpg,cat,007\nb.jpg,dog,\n", group_column="patient"))
    assert wrong == [("labels.csv:3", "has no group")]
