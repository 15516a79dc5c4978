"""Exports of a run: formats, what they need, the table, downloads."""

from __future__ import annotations

import os
import time
import zipfile

import pytest

from kerascnn.errors import UsageError
from kerascnn.runs.exports import exports_of
from kerascnn_dashboard import exporting
from kerascnn_dashboard.logic import exports
from kerascnn_dashboard.logic.exports import command, downloads, job_command, offers, rows, zip_file
from kerascnn_dashboard.logic.reports import FILES, is_current
from tests.dashboard.made_exports import FAILED, make_export
from tests.dashboard.made_runs import make_run


@pytest.fixture
def project(home):
    return home.create("P", "image_classification")


@pytest.fixture
def run(project):
    return make_run(project)


def test_every_format_is_offered_and_its_smaller_forms_by_themselves():
    found = offers()
    assert {"keras", "saved_model", "onnx", "onnx-int8", "litert", "litert-int8", "litert-float16"} <= set(found)
    assert found["litert-int8"].settings == {"type": "litert", "quantize": "int8"}
    assert found["litert-int8"].title == "LiteRT (TensorFlow Lite), 8 bits"
    assert all(offer.about.endswith((".", ").")) for offer in found.values())
    assert [offer.missing for offer in found.values()] == [""] * len(found)


def test_a_missing_package_is_said_with_what_pip_installs_and_starts_nothing(project, run, monkeypatch):
    real = exports.find_spec
    monkeypatch.setattr(exports, "find_spec", lambda name: None if name == "onnxruntime" else real(name))
    found = offers()
    assert (found["onnx"].missing, found["keras"].missing) == ("kerascnn[onnx]", "")
    with pytest.raises(UsageError, match=r"pip install kerascnn\[onnx\]"):
        job_command(run, project, found["onnx"])


def test_the_command_can_be_copied_and_the_job_packs_what_it_made(project, run):
    offer = offers()["litert-int8"]
    said = command(run, project, offer)
    assert said[:3] == ["kerascnn", "export", run.id]
    assert said[-4:] == ["--to", "litert", "--set", "quantize=int8"]
    module, folder, spelled, file = job_command(run, project, offer)
    assert (module, folder) == ("kerascnn_dashboard.exporting", str(run.path))
    assert spelled == '{"type": "litert", "quantize": "int8"}'
    assert file.endswith(f"{run.id}-litert-int8.zip")


def test_rows_say_difference_size_and_time(run):
    make_export(run)
    make_export(run, "litert-int8", "model.tflite", **FAILED)
    litert, onnx = rows(run)
    assert (onnx.title, onnx.verdict, onnx.size) == ("ONNX", "passed", "2.4 MB")
    assert onnx.difference == "4.2e-07 on 32 validation samples"
    assert onnx.time == "0.50 ms (95 % within 0.75 ms, 1 thread)"
    assert (litert.verdict, litert.difference) == ("failed", "accuracy 0.9500 before, 0.9100 after")


def test_an_export_of_an_earlier_model_is_said(run):
    make_export(run, model="0" * 64)
    assert rows(run)[0].verdict == "passed, of an earlier model"


def test_what_cannot_be_read_is_a_sentence_or_passed_over(run):
    make_export(run, latency={})
    with pytest.raises(UsageError, match="export it again"):
        rows(run)
    (run.path / "exports" / "onnx" / "export.json").write_text("{")
    assert rows(run) == []


def test_the_zip_of_an_export_holds_model_card_and_figures(project, run):
    make_export(run)
    file = zip_file(project, run, "onnx")
    exporting.pack(run, file)
    with zipfile.ZipFile(file) as archive:
        assert sorted(archive.namelist()) == [
            f"{file.stem}/card.json",
            f"{file.stem}/export.json",
            f"{file.stem}/model.onnx",
        ]
    assert [one.name for one in file.parent.iterdir()] == [file.name]


def test_downloads_are_the_zip_or_the_files_themselves(project, run):
    make_export(run)
    [export] = exports_of(run)
    assert {file.name for file in downloads(project, run, export).values()} == {"model.onnx", "card.json"}
    file = zip_file(project, run, "onnx")
    exporting.pack(run, file)
    os.utime(file, (time.time() + 10,) * 2)
    assert downloads(project, run, export) == {"Download all (zip)": file}
    os.utime(file, (1.0, 1.0))  # of an earlier export
    assert file not in downloads(project, run, export).values()


def test_a_file_outside_of_the_export_is_not_offered(project, run):
    make_export(run, file="../../RUN.json")
    [export] = exports_of(run)
    assert list(downloads(project, run, export)) == ["How to use it"]


def test_a_report_is_old_once_the_model_was_exported(run):
    for name in FILES:
        (run.path / name).write_text("x")
    assert is_current(run)
    make_export(run)
    os.utime(run.path / "exports" / "onnx" / "export.json", (time.time() + 60,) * 2)
    assert not is_current(run)
