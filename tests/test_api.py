"""The Python API: Run, train, build_model."""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import kerascnn
from kerascnn import DataError, DataInfo, Run, SpecError, UsageError
from kerascnn.templates_list import find_template

LENET = find_template("lenet5")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return kerascnn.train(LENET, tmp_path_factory.mktemp("api"), overrides=["train.stages.0.epochs=2"])


def test_a_run_says_what_it_is(run: Run) -> None:
    assert run.state == "done"
    assert run.path.name == run.id
    assert [line["epoch"] for line in run.history] == [1, 2]
    assert set(run.metrics) == {"loss", "accuracy", "val_loss", "val_accuracy"}
    assert run.labels == [str(i) for i in range(10)]
    assert run.effective["backend"]
    assert repr(run) == f"Run({str(run.path)!r}, state='done')"


def test_a_run_is_found_by_path_name_and_among_all(run: Run) -> None:
    root = run.path.parent
    assert Run(run.path).id == Run.find(run.id, root).id == Run.find("latest", root).id == run.id
    assert [found.id for found in Run.all(root)] == [run.id]
    with pytest.raises(UsageError, match="no run 'x'"):
        Run.find("x", root)


def test_the_spec_is_kept_as_given_and_as_resolved(run: Run) -> None:
    assert (run.path / "spec.yaml").read_bytes() == LENET.read_bytes()
    resolved = kerascnn.spec_from_dict(run.folder.read("spec.resolved.json"))
    assert resolved == kerascnn.load_spec(LENET, ["train.stages.0.epochs=2"])


def test_arrays_files_folders_and_frames_are_predicted_alike(
    run: Run, tmp_path: Path, digit: Callable[[int], np.ndarray]
) -> None:
    batch = np.stack([digit(i) for i in range(4)])[..., None]
    files = [tmp_path / f"{i}.png" for i in range(4)]
    for file, picture in zip(files, batch, strict=True):
        Image.fromarray(picture[..., 0]).save(file)
    frame = pd.DataFrame({"path": [str(file) for file in files], "ward": list("abcd")}, index=[7, 5, 3, 1])

    from_batch = run.predict(batch)
    assert isinstance(from_batch, list)
    assert [item.path for item in from_batch] == ["0", "1", "2", "3"]
    wanted = [item.probabilities for item in from_batch]
    for items in (files, tmp_path, list(batch), list(batch[..., 0])):
        other = run.predict(items)
        assert isinstance(other, list)
        for got, want in zip([item.probabilities for item in other], wanted, strict=True):
            assert got == pytest.approx(want, abs=1e-6)
    single = run.predict(batch[0])
    assert isinstance(single, list)
    assert single[0].probabilities == pytest.approx(wanted[0], abs=1e-6)

    table = run.predict(frame)
    assert isinstance(table, pd.DataFrame)
    assert list(table.index) == [7, 5, 3, 1]
    assert list(table.columns) == ["path", "ward", "label", "confidence", *(f"p_{i}" for i in range(10))]
    assert table["label"].tolist() == [item.label for item in from_batch]
    np.testing.assert_allclose(table["p_3"], [probabilities["3"] for probabilities in wanted], atol=1e-6)
    assert list(frame.columns) == ["path", "ward"], "the frame that was given stays as it was"


def test_pictures_of_another_size_are_brought_to_the_models(run: Run, digit: Callable[[int], np.ndarray]) -> None:
    large = np.kron(digit(0), np.ones((5, 5), dtype="uint8"))
    (prediction,) = run.predict(large)
    assert prediction.label == "0"


def test_nothing_predicts_nothing(run: Run) -> None:
    assert run.predict([]) == []
    assert len(run.predict(pd.DataFrame({"path": []}))) == 0


def test_what_cannot_be_predicted_is_named(run: Run, tmp_path: Path) -> None:
    (tmp_path / "no.png").write_bytes(b"no picture")
    with pytest.raises(DataError) as caught:
        run.predict([tmp_path / "no.png", tmp_path / "gone.png"])
    assert [Path(name).name for name, _ in caught.value.files] == ["no.png", "gone.png"]
    with pytest.raises(DataError, match="array of float64"):
        run.predict(np.zeros((8, 8)))
    with pytest.raises(DataError, match="no column 'path' \\(there are: file\\)"):
        run.predict(pd.DataFrame({"file": ["x.png"]}))


def test_evaluate_writes_a_report_that_asks_nobody_for_anything(run: Run) -> None:
    report = run.evaluate("validation")
    assert report["split"] == "validation"
    page = (run.path / "report.html").read_text("utf-8")
    assert page.startswith("<!doctype html>")
    assert f"{report['metrics']['accuracy']:.4f}" in page
    assert references(page), "no sample is shown"
    assert all(reference.startswith("data:") for reference in references(page))


def references(page: str) -> list[str]:
    """Return all that a browser would fetch for a page: the values of attributes that hold addresses, and of styles."""
    found = re.findall(r"@import\s+(\S+)|url\(([^)]*)\)", page)
    addresses = [first or second for first, second in found]

    class Addresses(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            addresses.extend(value or "" for name, value in attrs if name in {"src", "srcset", "href", "action"})

    Addresses().feed(page)
    return addresses


def test_names_of_users_are_escaped_in_the_report(run: Run, tmp_path: Path) -> None:
    for label in ("<script>alert(1)</script>".replace("/", "∕"), "b&b"):
        (tmp_path / "data" / label).mkdir(parents=True)
        for i in range(6):
            picture = np.full((8, 8), 40 * i, dtype="uint8")
            Image.fromarray(picture).save(tmp_path / "data" / label / f"{i}.png")
    spec = kerascnn.load_spec(LENET).spell()
    spec["data"]["source"] = {"type": "image_folder", "path": str(tmp_path / "data")}
    spec["data"]["split"] = {"validation": 0.2, "test": 0.2}
    spec["data"]["allow"] = ["duplicate-across-splits"]
    spec["train"]["stages"] = [{"epochs": 1}]
    other = kerascnn.train(kerascnn.spec_from_dict(spec), tmp_path / "runs")
    other.evaluate("test")
    assert [found["id"] for found in other.folder.read("data.json")["findings"]] == [
        "duplicate-label", "duplicate-across-splits", "duplicate", "small-class", "flat-picture",
    ]  # fmt: skip
    page = (other.path / "report.html").read_text("utf-8")
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "b&amp;b" in page
    assert "warning: 12 samples have the same content as one of another class" in page


def test_a_spec_without_a_file_is_kept_as_yaml(tmp_path: Path) -> None:
    spec = kerascnn.load_spec(LENET, ["train.stages.0.epochs=1"])
    run = kerascnn.train(spec, tmp_path)
    assert kerascnn.load_spec(run.path / "spec.yaml") == spec


def test_a_wrong_spec_file_is_a_spec_error_and_makes_no_run(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="there is no such file"):
        kerascnn.train(tmp_path / "nowhere.yaml", tmp_path / "runs")
    with pytest.raises(ValueError, match="overrides change a spec file"):
        kerascnn.train(kerascnn.load_spec(LENET), tmp_path / "runs", overrides=["train.seed=1"])
    assert not (tmp_path / "runs").exists()


def test_a_model_is_built_for_data_that_is_not_there() -> None:
    model = kerascnn.build_model(kerascnn.load_spec(LENET), DataInfo.of((28, 28, 1), classes=10))
    assert model.count_params() == 61_706
    assert model.input_shape == (None, 28, 28, 1)
    assert [layer.name for layer in model.layers][-2:] == ["backbone", "head"]


def test_a_model_file_that_is_not_the_runs_is_refused(run: Run, tmp_path: Path) -> None:
    import shutil

    copy = tmp_path / run.id
    shutil.copytree(run.path, copy)
    (copy / "model.keras").write_bytes(b"PK\x05\x06" + b"\0" * 18)
    with pytest.raises(kerascnn.UntrustedFileError, match="cannot be loaded"):
        Run(copy).predict(np.zeros((8, 8), dtype="uint8"))
    kerascnn.build_model(kerascnn.load_spec(LENET), DataInfo.of((8, 8, 1), classes=3)).save(copy / "model.keras")
    with pytest.raises(kerascnn.UntrustedFileError, match="is not the model of this run"):
        Run(copy).predict(np.zeros((8, 8), dtype="uint8"))
