"""kerascnn robustness, on a small run of pictures and on one of texts that was never trained."""

import json
from pathlib import Path

import pytest

from kerascnn.cli.main import run
from kerascnn.runs.atomic import write_json
from tests.engine.made import make_folder, make_spec
from tests.engine.made_sequences import sequence_spec
from tests.runs.made import make_run


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    from kerascnn.engine.train import train

    root = tmp_path_factory.mktemp("robustness")
    return train(make_spec(make_folder(root / "pictures", {"cat": 12, "dog": 12})), root / "runs").path


def test_the_card_is_printed_with_the_files_that_hold_it(pictures, capsys):
    assert run(["robustness", str(pictures)]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("Of 6 validation samples ")
    heads = [line.split()[0] for line in out.splitlines() if "as they are" in line and "interval" in line]
    assert heads[-2:] == ["corruption", "attack"]
    rows = {line.split()[0] for line in out.splitlines() if line.strip()}
    assert rows >= {"noise", "blur", "brightness", "contrast", "jpeg", "shift", "rotation", "all", "FGSM", "PGD"}
    assert f"card        {(pictures / 'robustness.json').resolve()}" in out
    assert "could be a file" in err
    assert "drawn with seed" not in err
    page = (pictures / "report.html").read_text("utf-8")
    assert "<h2>Robustness</h2>" in page
    assert "aria-label='accuracy over the severity of jpeg'" in page
    card = json.loads((pictures / "robustness.json").read_text("utf-8"))
    assert json.loads((pictures / "report.json").read_text("utf-8"))["robustness"] == card


def test_some_samples_are_drawn_and_said_and_json_is_one_document(pictures, capsys):
    assert run(["robustness", str(pictures), "--split", "test", "--samples", "4", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["split"], found["samples"], found["of"]) == ("test", 4, 6)
    assert json.loads((pictures / "robustness.json").read_text()) == found
    assert run(["robustness", str(pictures), "--samples", "4"]) == 0
    assert "4 of the 6 validation samples, drawn with seed 0" in capsys.readouterr().err


def test_a_split_that_is_none_is_refused(pictures, capsys):
    assert run(["robustness", str(pictures), "--split", "all"]) == 2
    assert "there is no split 'all'; there are" in capsys.readouterr().err
    assert run(["robustness", str(pictures), "--samples", "0"]) == 2


def test_a_run_of_texts_is_refused_in_one_sentence(tmp_path, capsys):
    spec = sequence_spec("text_classification", {"type": "text_lines", "path": str(tmp_path / "texts.txt")})
    made = make_run(tmp_path, [0, 1], [[1, 0], [0, 1]], tree=spec.spell())
    form = {"medium": "text", "tokens": "word", "lower": True, "length": 8, "vocabulary": ["", "?"]}
    write_json(made.path / "input.json", {"shape": [8], **form})
    assert run(["robustness", str(made.path)]) == 2
    (line,) = [line for line in capsys.readouterr().err.splitlines() if not line.startswith("loading")]
    assert line == (
        f"error: run {made.id} is of text_classification; the robustness card is for classifications of pictures with "
        "one class each"
    )
    assert not Path(made.path / "robustness.json").exists()
