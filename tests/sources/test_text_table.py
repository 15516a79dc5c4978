import pytest

from kerascnn.errors import DataError
from kerascnn.testing import check_source
from tests.helpers import make


@pytest.fixture
def write(tmp_path):
    """Write a table and return its source."""

    def write(text, name="texts.csv", **parameters):
        content = text if isinstance(text, bytes) else text.encode("utf-8")
        (tmp_path / name).write_bytes(content)
        return make("source", "text_table", path=str(tmp_path / name), **parameters)

    return write


def refused(source):
    """Return the message and the culprits, without the folder."""
    with pytest.raises(DataError) as caught:
        source.scan()
    folder = source.path.rsplit("/", 1)[0] + "/"
    message = str(caught.value).splitlines()[0].replace(folder, "")
    return message, [(name.replace(folder, ""), why) for name, why in caught.value.files]


def pairs(source):
    return [(sample.payload, sample.label) for sample in source.scan().samples]


def test_each_row_is_a_text_named_by_its_line(write, tmp_path):
    scan = check_source(write('text,label\n"fine, really",good\n"two\nlines",bad\ndull,bad\n'))
    assert [(s.id, s.payload, s.label, s.split) for s in scan.samples] == [
        ("000002", "fine, really", "good", None),
        ("000003", "two\nlines", "bad", None),
        ("000005", "dull", "bad", None),
    ]
    assert scan.samples[2].origin == f"{tmp_path}/texts.csv:5"
    assert list(scan.labels) == ["bad", "good"]


def test_tabs_divide_a_tsv(write):
    assert pairs(write("text\tlabel\na, b\t1\nc\t10\nd\t9\n", "x.tsv")) == [("a, b", "1"), ("c", "10"), ("d", "9")]


def test_numbers_as_labels_are_in_the_order_of_numbers(write):
    assert list(write("text,label\na,10\nb,9\nc,-1\n").scan().labels) == ["-1", "9", "10"]


@pytest.mark.parametrize("name", ["x.jsonl", "x.ndjson", "x.JSONL"])
def test_json_lines_hold_an_object_a_line(write, name):
    lines = '{"label": 1, "text": "a", "tags": ["x"]}\n\n{"text": "caf\\u00e9", "label": true}\n'
    lines += '{"text": null, "label": 1.0}\n'
    scan = check_source(write(lines, name))
    assert [(s.id, s.payload, s.label) for s in scan.samples] == [
        ("000001", "a", "1"), ("000003", "café", "true"), ("000004", "", "1.0"),
    ]  # fmt: skip


def test_splits_groups_and_metadata_are_kept(write):
    source = write(
        "text,label,part,author,year,seen\na,x,Train,ann,1999,no\nb,y, VAL ,bob,2000,no\nc,y,testing,ann,,no\n",
        split_column="part", group_column="author", metadata_columns=["year"],
    )  # fmt: skip
    assert [(s.split, s.group, dict(s.metadata)) for s in check_source(source).samples] == [
        ("train", "ann", {"year": "1999"}), ("validation", "bob", {"year": "2000"}), ("test", "ann", {"year": ""}),
    ]  # fmt: skip


def test_columns_may_have_other_names(write):
    source = write("body,class\na,x\n", text_column="body", label_column="class")
    assert pairs(source) == [("a", "x")]


@pytest.mark.parametrize("label", ["007", "NA", "None", "1e5", " cat"])
def test_a_label_is_text_to_the_letter(write, label):
    assert pairs(write(f"text,label\na,{label}\n")) == [("a", label)]


def test_empty_texts_stay_and_rows_without_anything_go(write):
    scan = write('text,label\n"",bad\n" ",good\n,\nfine,good\n').scan()
    assert len(scan.samples) == 3
    assert [(f.id, f.samples) for f in scan.findings] == [("empty-text", ("000002", "000003"))]
    assert list(scan.notes) == ["1 row with neither text nor label left out"]


def test_every_row_at_fault_is_named(write):
    message, culprits = refused(
        write(
            "text,label,part,author\na,,train,x\nb,y,trian,x\nc,y,test, \nd,y\ne,y,test,x\n",
            split_column="part", group_column="author",
        )
    )  # fmt: skip
    assert message == "4 rows of texts.csv cannot be used"
    assert culprits == [
        ("texts.csv:2", "has no label"),
        ("texts.csv:3", "has the split 'trian'; it should be train, validation or test"),
        ("texts.csv:4", "has no group"),
        ("texts.csv:5", "has 2 values; the header names 4 columns"),
    ]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ('{"text": "a", "label": ["x"]}', "has a list in 'label'; give text or a number"),
        ('{"text": {"a": 1}, "label": "x"}', "has an object in 'text'; give text or a number"),
        ('{"text": "a", "label": NaN}', "is no JSON: NaN is no JSON number"),
        ('{"text": "a", "label": "x"', "is no JSON: Expecting ',' delimiter"),
        ('{"text": "a\\ud800", "label": "x"}', "holds halves of characters (line 1), which no text does in 'text'"),
        ('{"text": "a\\u0000", "label": "x"}', "holds zero bytes"),
        ("[1, 2]", "is no JSON object"),
        ("[" * 100_000, "is no JSON: "),
    ],
)
def test_a_line_that_is_no_row_is_named(write, content, why):
    _, culprits = refused(write('{"text": "a", "label": "x"}\n' + content + "\n", "x.jsonl"))
    assert [name for name, _ in culprits] == ["x.jsonl:2"]
    assert why in culprits[0][1]


def test_long_numbers_in_json_are_labels_like_any_other(write):
    digits = "9" * 5000
    assert write(f'{{"text": "a", "label": {digits}}}', "x.jsonl").scan().labels == [digits]


@pytest.mark.parametrize(
    ("text", "name", "message"),
    [
        ("", "x.csv", "x.csv: is empty; its first line names the columns"),
        ("\n", "x.jsonl", "x.jsonl: is empty; each line should be a JSON object"),
        ("text,label\n", "x.csv", "x.csv: has no rows below its header"),
        ("texts,label\na,b\n", "x.csv", "x.csv:1: there is no column 'text'; did you mean 'texts'?"),
        ("text;label\na;b\n", "x.csv", "seem to be divided by another character than a comma (there are: text;label)"),
        ("text,label\na,b\n", "x.tsv", "seem to be divided by another character than a tab (there are: text,label)"),
        ("text,text,label\na,a,b\n", "x.csv", "x.csv:1: two columns are named 'text'"),
        ('text,label\n"a,b\n', "x.csv", "x.csv:2: is not well-formed CSV: unexpected end of data"),
        ('{"body": "a", "label": "b"}', "x.jsonl", "x.jsonl:1: there is no column 'text' (there are: body, label)"),
        (b"text,label\na\0,b\n", "x.csv", "x.csv: holds zero bytes (line 2), which no text does"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_such_table_is_refused(write, text, name, message):
    assert message in refused(write(text, name))[0]


def test_the_encoding_is_found_out_and_told(write):
    scan = write("text,label\ncafé,x\n".encode("latin-1")).scan()
    assert scan.samples[0].payload == "café"
    assert [(f.id, f.samples) for f in scan.findings] == [("text-encoding", ("texts.csv",))]
    assert pairs(write("text,label\ncafé,x\n".encode("utf-16"))) == [("café", "x")]
    assert pairs(write("text,label\n“x”,x\n".encode("cp1252"), encoding="cp1252")) == [("“x”", "x")]


def test_a_long_document_is_read(write):
    document = "word " * 50_000
    assert pairs(write(f"text,label\n{document},x\n")) == [(document, "x")]


def test_a_missing_file_is_an_error(tmp_path):
    with pytest.raises(DataError, match=r"data\.source\.path: there is no file"):
        make("source", "text_table", path=str(tmp_path / "gone.csv")).scan()
