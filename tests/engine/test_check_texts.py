"""What the check finds about texts."""

from kerascnn.engine.data import load_data
from kerascnn.spec import spec_from_dict


def found(tmp_path, train, test):
    for name, lines in (("train", train), ("test", test)):
        (tmp_path / f"{name}.txt").write_text("\n".join(lines) + "\n")
    spec = {
        "kerascnn": 1,
        "name": "texts",
        "task": {"type": "text_classification"},
        "data": {
            "source": {
                "type": "text_lines",
                "path": str(tmp_path / "train.txt"),
                "test_path": str(tmp_path / "test.txt"),
            },
            "split": {"validation": 0},
        },
        "model": {"backbone": {"type": "layers", "layers": [{"type": "flatten"}]}, "head": {"type": "classifier"}},
    }
    data = load_data(spec_from_dict(spec))
    assert all("alike" not in line for line in data.manifest)
    return {finding.id: finding for finding in data.findings if "duplicate" in finding.id}


def test_texts_that_differ_in_capitals_and_spaces_are_near_duplicates(tmp_path):
    findings = found(tmp_path, ["0 Who is  it ?", "0 who is it ?", "1 where"], ["1 Where", "0 what"])
    assert len(findings["near-duplicate"].samples) == 2
    assert findings["near-duplicate"].severity == "note"
    assert len(findings["near-duplicate-across-splits"].samples) == 2
    assert findings["near-duplicate-across-splits"].severity == "warning"


def test_copies_to_the_letter_are_duplicates_and_nothing_else(tmp_path):
    assert set(found(tmp_path, ["0 a", "0 a", "1 b"], ["1 c"])) == {"duplicate"}


def test_texts_that_differ_in_a_word_are_no_duplicates(tmp_path):
    assert found(tmp_path, ["0 a b", "0 a c", "1 ab"], ["1 a"]) == {}
