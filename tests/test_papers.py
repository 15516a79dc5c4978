"""The benchmark that redoes the accuracy table: that its rows are right, on a set made for it."""

import json

import pytest

from tests.engine.made_sequences import write_ts
from tests.test_benchmarks import loaded

SMALL = ["train.stages.0.epochs=1", "model.backbone={type: conv1d_small, filters: [4]}"]


@pytest.fixture(scope="module")
def papers():
    return loaded("papers")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Return a folder of data that has GunPoint alone."""
    root = tmp_path_factory.mktemp("data")
    folder = root / "series" / "GunPoint"
    folder.mkdir(parents=True)
    write_ts(folder / "GunPoint_TRAIN.ts", 16, 1)
    write_ts(folder / "GunPoint_TEST.ts", 10, 1, seed=1)
    return root


@pytest.fixture(scope="module")
def told(papers, data, tmp_path_factory):
    """Do the row from one seed, then from two; return the folder and the options."""
    root = tmp_path_factory.mktemp("papers")
    options = ["--output", str(root / "papers.json"), "--runs", str(root / "runs")]
    options += [f"--set={setting}" for setting in SMALL]
    papers.main([str(data), "--only", "GunPoint", "Coffee", *options])
    papers.main([str(data), "--only", "GunPoint", "--seeds", "2", *options])
    return root, options


def test_every_row_is_a_template_with_its_settings(papers, tmp_path):
    for case in papers.CASES:
        spec = papers.spec_of(case, tmp_path, tmp_path)
        assert str(tmp_path) in spec.data.source.path, case.name
        assert "WORK" not in str(spec.spell()), case.name
        assert not [setting for setting in case.settings if not setting.startswith("data.")], case.name


@pytest.mark.slow
def test_a_row_says_all_that_a_table_needs(papers, told):
    first, second = papers.read_rows(told[0] / "papers.json")
    assert (first["set"], first["template"], first["metric"]) == ("GunPoint", "inception_time", "accuracy")
    assert first["settings"] == SMALL
    assert (first["seeds"], first["sd"], first["together"], first["bar"]) == ([0], None, None, 0.998)
    assert first["figure"] == first["values"][0]
    assert first["reached"] == (first["figure"] >= 0.998)
    assert first["minutes"] > 0
    assert "threads" in first["machine"]
    assert second["seeds"] == [0, 1]
    assert second["figure"] == pytest.approx(sum(second["values"]) / 2)
    assert 0 <= second["together"] <= 1
    assert second["runs"][0] == first["runs"][0], "seed 0 is not trained twice"


def test_a_row_is_kept_as_soon_as_it_is_done_and_the_table_beside_it(papers, tmp_path):
    row = {"set": "MR", "template": "textcnn", "settings": ["a.b=1|2"], "protocol": "10 folds", "metric": "accuracy"}
    row |= {"seeds": [0], "folds": 10, "figure": 0.5, "sd": 0.01, "together": None, "bar": 0.776, "bar_of": "linear"}
    row |= {"reached": False, "minutes": 1.26, "machine": "two cores", "date": "2026-01-31"}
    papers.add_row(tmp_path / "papers.json", row)
    papers.add_row(tmp_path / "papers.json", row | {"seeds": [0, 1], "together": 0.75, "reached": True})
    assert [one["seeds"] for one in papers.read_rows(tmp_path / "papers.json")] == [[0], [0, 1]]
    lines = (tmp_path / "papers.md").read_text("utf-8").splitlines()
    assert lines[0] == "| set | template | protocol | seeds | figure | bar | minutes | machine | date |"
    assert lines[2] == (
        "| MR | `textcnn` `a.b=1/2` | 10 folds | 0 | accuracy 0.5000 (sd 0.0100 of folds) | 0.776 missed (linear) "
        "| 1.3 | two cores | 2026-01-31 |"
    )
    assert "0, 1 | accuracy 0.5000 (sd 0.0100 of seeds), together 0.7500 | 0.776 reached (linear)" in lines[3]


@pytest.mark.slow
def test_what_is_not_there_and_what_is_done_are_passed_over(papers, data, told, capsys):
    assert len((told[0] / "papers.md").read_text("utf-8").splitlines()) == 4
    papers.main([str(data), "--only", "GunPoint", "MR", *told[1]])
    said = capsys.readouterr().out.splitlines()
    assert said[0] == f"MR: passed over, {data} has no text/rt-polarity.all, text/rt-polarity.all.folds10.txt"
    assert said[1] == f"GunPoint: {told[0] / 'papers.json'} has this row already"
    assert len(json.loads((told[0] / "papers.json").read_text())) == 2


def test_an_error_reaches_the_bar_from_below(papers):
    assert [case.name for case in papers.CASES if case.smaller_is_better] == ["Covid3Month"]


def test_folds_are_written_for_the_lines_of_a_set(papers, tmp_path):
    (tmp_path / "folds.txt").write_text("4\n8\n1\n")
    papers.write_folds(tmp_path / "folds.txt", tmp_path / "folds.csv")
    assert (tmp_path / "folds.csv").read_text().split() == ["id,fold", "000001,4", "000002,8", "000003,1"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "name the folder that holds the sets"),
        (["data", "--seeds", "0"], "should be 1 or more"),
        (["data", "--only", "CIFAR"], "invalid choice: 'CIFAR'"),
        (["data", "--output", "x.md"], "should end in .json"),
    ],
)
def test_what_cannot_be_is_a_sentence(papers, arguments, said, capsys, monkeypatch):
    monkeypatch.delenv("KERASCNN_DATA", raising=False)
    with pytest.raises(SystemExit):
        papers.main(arguments)
    assert said in capsys.readouterr().err
