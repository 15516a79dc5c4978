from datetime import date

import pytest
from pydantic import ValidationError

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


def test_a_picture_may_belong_to_several_classes(write):
    source = write("path,labels\na.jpg,dog; cat\nb.jpg,\nc.jpg,cat\n", labels_column="labels")
    scan = source.scan()
    assert source.target == "classes"
    assert [(sample.label, sample.target) for sample in scan.samples] == [
        ("", ("dog", "cat")), ("", ()), ("", ("cat",))
    ]  # fmt: skip
    assert list(scan.labels) == ["cat", "dog"]
    assert list(scan.notes) == ["1 picture belongs to no class"]


def test_classes_are_divided_by_what_the_spec_says(write):
    scan = write("path,tags\na.jpg,a;b|c\n", labels_column="tags", separator="|").scan()
    assert scan.samples[0].target == ("a;b", "c")


def test_wrong_lists_of_classes_are_named(write):
    _, wrong = refused(write("path,l\na.jpg,cat;;dog\nb.jpg,cat;cat\nc.jpg,;\n", labels_column="l"))
    assert wrong == [
        ("labels.csv:2", "names an empty class in 'cat;;dog'"),
        ("labels.csv:3", "names a class twice in 'cat;cat'"),
        ("labels.csv:4", "names an empty class in ';'"),
    ]
    message, _ = refused(write("path,l\na.jpg,\n", labels_column="l"))
    assert message == "labels.csv: no row names a class in the column 'l'"


def test_a_picture_may_be_answered_with_numbers(write):
    source = write("path,x,y\na.jpg,1,-2.5\nb.jpg, 1e3 ,0\n", target_columns=["y", "x"])
    scan = source.scan()
    assert source.target == "values"
    assert [sample.target for sample in scan.samples] == [(-2.5, 1.0), (0.0, 1000.0)]
    assert list(scan.labels) == ["y", "x"]


def test_what_is_no_finite_number_is_named(write):
    _, wrong = refused(write("path,x\na.jpg,nan\nb.jpg,\nc.jpg,1e400\nd.jpg,two\n", target_columns=["x"]))
    assert wrong == [
        ("labels.csv:2", "has the x 'nan'; it should be a finite number"),
        ("labels.csv:3", "has no x"),
        ("labels.csv:4", "has the x '1e400'; it should be a finite number"),
        ("labels.csv:5", "has the x 'two'; it should be a finite number"),
    ]


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"label_column": "a", "labels_column": "b"}, "should be left out, as label_column is given"),
        ({"label_column": "a", "target_columns": ["b"]}, "should be left out, as label_column is given"),
        ({"labels_column": "a", "target_columns": ["b"]}, "should be left out, as labels_column is given"),
        ({"target_columns": ["b", "b"]}, "should name no column twice"),
        ({"target_columns": []}, "at least 1 item"),
    ],
)
def test_a_table_gives_one_kind_of_answer(parameters, said):
    with pytest.raises(ValidationError, match=said):
        make("source", "manifest", path="labels.csv", **parameters)


def test_label_is_the_column_where_none_is_named():
    assert make("source", "manifest", path="x.csv").label_column == "label"
    other = make("source", "manifest", path="x.csv", labels_column="labels")
    assert other.label_column is None
    spelled = other.spell()
    assert make("source", spelled.pop("type"), **spelled) == other, "what is spelled out reads back"


def test_times_and_other_columns_are_kept(write):
    source = write(
        "path,label,when,site\na.jpg,cat,2024-05-31,north\nb.jpg,dog,2024-06-01T08:00:00,\n",
        time_column="when", metadata_columns=["site"],
    )  # fmt: skip
    scan = check_source(source)
    assert [sample.time for sample in scan.samples] == ["2024-05-31", "2024-06-01T08:00:00"]
    assert [sample.metadata for sample in scan.samples] == [{"site": "north"}, {"site": ""}]


def test_times_are_told_alike(write):
    text = "path,label,t\na.jpg,cat,2024-05-31\nb.jpg,cat,17\nc.jpg,cat,\nd.jpg,cat,yesterday\n"
    wanted = "it should be a date, such as 2024-05-31 or 2024-05-31T12:30:00, or a number"
    assert refused(write(text, time_column="t"))[1] == [
        ("labels.csv:3", "has the time '17', a number; the first row has a date without a time zone"),
        ("labels.csv:4", "has no time"),
        ("labels.csv:5", f"has the time 'yesterday'; {wanted}"),
    ]


def test_a_tsv_file_is_divided_by_tabs(write, tmp_path):
    (tmp_path / "labels.tsv").write_text("path\tlabel\na.jpg\tcat, or not\n")
    scan = check_source(make("source", "manifest", path=str(tmp_path / "labels.tsv")))
    assert [(sample.id, sample.label) for sample in scan.samples] == [("a.jpg", "cat, or not")]
    (tmp_path / "labels.tsv").write_text("path,label\na.jpg,cat\n")
    with pytest.raises(DataError, match="divided by another character than a tab"):
        make("source", "manifest", path=str(tmp_path / "labels.tsv")).scan()


def test_without_pyarrow_it_is_said_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    (tmp_path / "labels.parquet").touch()
    with pytest.raises(DataError, match="pip install pyarrow"):
        make("source", "manifest", path=str(tmp_path / "labels.parquet")).scan()


def test_a_parquet_file_gives_texts(write, tmp_path):
    pa = pytest.importorskip("pyarrow", reason="Parquet needs pyarrow, which is not installed")
    from pyarrow import parquet

    columns = {
        "path": ["a.jpg", "b.jpg"], "label": ["007", "NA"], "age": [3, None], "when": [date(2024, 5, 31)] * 2,
        "embedding": [[1.0], [2.0]],
    }  # fmt: skip
    parquet.write_table(pa.table(columns), tmp_path / "labels.parquet")

    def source(**parameters):
        return make("source", "manifest", path=str(tmp_path / "labels.parquet"), **parameters)

    scan = check_source(source(time_column="when", metadata_columns=["age"]))
    assert [(s.label, s.time, s.metadata["age"]) for s in scan.samples] == [
        ("007", "2024-05-31", "3"), ("NA", "2024-05-31", "")
    ]  # fmt: skip
    assert scan.samples[1].origin == f"{tmp_path}/labels.parquet:2"
    with pytest.raises(DataError, match="there is no column 'lable'; did you mean 'label'"):
        source(label_column="lable").scan()
    with pytest.raises(DataError, match="2 rows") as caught:
        source(label_column="embedding").scan()
    assert caught.value.files[0][1] == "has no text, number or date in embedding"
    with pytest.raises(DataError, match="has no age"):
        source(target_columns=["age"]).scan()
    (tmp_path / "labels.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(DataError, match="cannot be read as Parquet"):
        source().scan()
