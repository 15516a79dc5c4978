import json

import pytest
from PIL import Image

from kerascnn.engine.data import QUARANTINE, load_data, write_split
from kerascnn.errors import DataError
from tests.engine.made import make_folder, make_spec

ALLOWED = {"allow": ["unreadable"]}


@pytest.fixture
def folder(tmp_path):
    make_folder(tmp_path / "data", {"cat": 20, "dog": 12})
    (tmp_path / "data" / "cat" / "empty.png").write_bytes(b"")
    (tmp_path / "data" / "dog" / "text.jpg").write_text("no picture")
    return tmp_path / "data"


def load(folder, **data):
    spec = make_spec(folder, data=data)
    found = load_data(spec)
    found.refuse_errors(spec.data.allow)
    return found


def test_pictures_that_cannot_be_read_stop_a_training_and_all_are_named(folder):
    with pytest.raises(DataError) as caught:
        load(folder)
    assert caught.value.exit_code == 3
    assert str(caught.value).startswith(
        "2 of 34 pictures cannot be read; mend them, or let them stand with data.allow: [unreadable]\n"
    )
    assert caught.value.files == (
        (str(folder / "cat" / "empty.png"), "is empty (0 bytes)"),
        (str(folder / "dog" / "text.jpg"), "is not a picture of a known format"),
    )


def test_allowed_the_rest_is_divided_as_if_they_were_not_there(folder):
    found = load(folder, **ALLOWED)
    assert found.parts.count(QUARANTINE) == 2
    lines = {line["id"]: line for line in found.manifest}
    assert lines["cat/empty.png"] == {
        "id": "cat/empty.png", "label": "cat", "split": "quarantine", "reason": "is empty (0 bytes)",
    }  # fmt: skip
    for name in ("cat/empty.png", "dog/text.jpg"):
        (folder / name).unlink()
    rest = load(folder)
    assert rest.info == found.info
    assert [line for line in found.manifest if line["split"] != QUARANTINE] == rest.manifest
    assert rest.fingerprint != found.fingerprint


def test_the_finding_stands_though_it_is_allowed(folder):
    (finding,) = [finding for finding in load(folder, **ALLOWED).findings if finding.id == "unreadable"]
    assert (finding.severity, finding.samples) == ("error", ("cat/empty.png", "dog/text.jpg"))


def test_what_is_allowed_is_that_alone(folder):
    parts = {"train": range(16), "test": range(16, 20)}
    for part, numbers in parts.items():
        for label in ("cat", "dog"):
            (folder / part / label).mkdir(parents=True)
            for i in numbers:
                Image.new("L", (8, 8), 0 if i == 16 else 10 * i).save(folder / part / label / f"{i}.png")
    (folder / "test" / "cat" / "empty.png").write_bytes(b"")
    for label in ("cat", "dog"):
        for file in (folder / label).iterdir():
            file.unlink()
        (folder / label).rmdir()
    with pytest.raises(DataError) as caught:
        load(folder, **ALLOWED)
    message = str(caught.value)
    assert (
        "the data check found errors; mend them, or let them stand with data.allow: [duplicate-across-splits]"
        in message
    )
    assert "cannot be read" not in message
    with pytest.raises(DataError, match="1 of 41 pictures cannot be read and the check found 1 more error"):
        load(folder)


def test_a_class_of_which_nothing_can_be_read_is_no_class_to_allow(folder):
    for file in (folder / "dog").iterdir():
        file.write_bytes(b"")
    with pytest.raises(DataError, match="14 of 34 pictures cannot be read"):
        load(folder, **ALLOWED)


def test_nothing_that_can_be_read_is_never_allowed(tmp_path):
    for name in ("a/1.png", "b/1.png"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_bytes(b"")
    with pytest.raises(DataError, match="2 of 2 pictures cannot be read"):
        load(tmp_path, **ALLOWED)


def test_a_written_split_says_quarantine_and_is_taken_again(folder, tmp_path):
    found = load(folder, **ALLOWED)
    write_split(tmp_path / "split.csv", found)
    assert "cat/empty.png,,quarantine,cat\n" in (tmp_path / "split.csv").read_text()
    again = load(folder, split={"file": str(tmp_path / "split.csv")})
    assert {line["id"]: line["split"] for line in again.manifest} == {
        line["id"]: line["split"] for line in found.manifest if line["split"] != QUARANTINE
    }
    assert again.notes == ["2 samples on no list of data.split left out"]


def test_a_run_is_trained_and_evaluated_on_the_rest(folder, tmp_path):
    from kerascnn.engine.evaluate import evaluate
    from kerascnn.engine.train import train

    run = train(make_spec(folder, data=ALLOWED), tmp_path / "runs")
    facts = json.loads((run.path / "data.json").read_text("utf-8"))
    assert (facts["samples"], facts["quarantined"]) == (34, 2)
    assert sum(facts["sizes"].values()) == 32
    assert [line["split"] for line in run.manifest()].count("quarantine") == 2
    assert evaluate(run, "test")["samples"] == facts["sizes"]["test"]


def test_a_run_that_is_refused_says_why_in_its_state(folder, tmp_path):
    from kerascnn.engine.train import train
    from kerascnn.runs.folder import RunFolder

    with pytest.raises(DataError):
        train(make_spec(folder), tmp_path / "runs")
    (path,) = (path for path in (tmp_path / "runs").iterdir() if path.is_dir())
    state = RunFolder(path).state
    assert (state.state, state.exit_code) == ("failed", 3)
    assert "text.jpg: is not a picture of a known format" in state.reason


def test_a_split_that_leaves_all_out_is_not_passed_over(tmp_path):
    make_folder(tmp_path / "data", {"cat": 4, "dog": 4})
    (tmp_path / "none.txt").write_text("\n")
    with pytest.raises(DataError, match="the source holds no sample"):
        load(tmp_path / "data", split={"lists": {"train": str(tmp_path / "none.txt")}})


def test_the_check_knows_the_size_that_pictures_are_brought_to(tmp_path):
    folder = make_folder(tmp_path / "data", {"cat": 10, "dog": 10}, size=(10, 40))
    make_folder(folder, {"bird": 10}, size=(40, 40))
    found = load(folder, image_size=[100, 100], resize="stretch")
    said = {finding.id: finding for finding in found.findings}
    assert said["mixed-aspect-ratio"].severity == "warning"
    assert len(said["tiny-picture"].samples) == 20
