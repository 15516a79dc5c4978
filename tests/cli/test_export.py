"""kerascnn export, on runs of pictures, texts and series."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from kerascnn import ExportError, Run
from kerascnn.cli.main import run
from kerascnn.engine import export, export_helper
from kerascnn.engine.export_model import as_float32
from kerascnn.engine.predict import Predictor
from kerascnn.engine.train import train
from kerascnn.exporters.tracing import quiet
from kerascnn.runs.exports import exports_of
from kerascnn.runs.readiness import readiness
from kerascnn.spec import Exporting
from tests.engine.made import make_folder, make_spec
from tests.engine.made_sequences import sequence_spec, write_texts, write_ts


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return tmp_path_factory.mktemp("export")


@pytest.fixture(scope="module")
def pictures(root):
    """Return the folder of a run on pictures."""
    return train(make_spec(make_folder(root / "pictures", {"cat": 20, "dog": 20})), root / "runs").path


class Here:
    """The helper without a process of its own, which takes seconds to start."""

    def __init__(self, exporter, folder, *, backend, threads=None):
        self.exporter, self.threads = exporter, threads

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def write(self, run, card, samples, path):
        with quiet():
            about = Exporting(json.loads(card.read_text("utf-8")), samples)
            self.exporter.write(as_float32(Run(run).model), path, about)

    def open(self, path):
        self.answer = self.exporter.open(path, self.threads)

    def answers(self, elements):
        return self.answer(elements)

    def times(self, elements):
        return {"seconds": [0.001, 0.002, 0.003], "memory": 1 << 21}


@pytest.fixture(scope="module")
def onnx(pictures, root):
    """Return what is said of an export to ONNX, in a folder of its own, made as users make it."""
    return Run(pictures).export("onnx", output=root / "onnx")


@pytest.fixture
def here(monkeypatch):
    monkeypatch.setattr(export, "Helper", Here)


def exported(capsys, *arguments):
    code = run(["export", *map(str, arguments), "--json"])
    return code, json.loads(capsys.readouterr().out)


def refused(capsys, *arguments):
    code = run(["export", *map(str, arguments)])
    lines = [line for line in capsys.readouterr().err.splitlines() if not line.startswith(("loading", "exporting"))]
    return code, lines


def gate(folder, name):
    return next(one for one in readiness(Run(folder).folder) if one.id == name)


def test_an_export_says_that_it_answers_as_before_how_large_and_how_fast_it_is(onnx, pictures):
    assert onnx["passed"]
    assert onnx["parity"] | {"difference": 0, "largest": 0} == {
        "samples": 10,
        "split": "validation",
        "tolerance": 1e-4,
        "exact": True,
        "passed": True,
        "difference": 0,
        "largest": 0,
        "same_top": 10,
        "reason": "",
    }
    assert onnx["parity"]["difference"] < 1e-5
    file = Path(onnx["folder"], "model.onnx")
    assert onnx["bytes"] == file.stat().st_size
    assert 0 < onnx["latency"]["median_ms"] <= onnx["latency"]["p95_ms"]
    assert (onnx["latency"]["threads"], onnx["latency"]["batch"]) == (1, 1)
    assert onnx["memory"] > 1 << 20
    assert json.loads(Path(onnx["folder"], "export.json").read_text("utf-8")) == {
        key: value for key, value in onnx.items() if key != "folder"
    }


def test_with_file_and_card_alone_new_pictures_get_the_runs_answers(onnx, pictures, root):
    import onnxruntime
    from PIL import Image

    card = json.loads(Path(onnx["folder"], "card.json").read_text("utf-8"))
    files = sorted((root / "pictures" / "dog").glob("*.png"))[:3]
    batch = np.stack([np.asarray(Image.open(file)) for file in files])[..., None]
    assert list(batch.shape[1:]) == card["input"]["shape"]
    session = onnxruntime.InferenceSession(str(Path(onnx["folder"], "model.onnx")))
    [answers] = session.run(None, {card["input"]["name"]: batch.astype(card["input"]["dtype"])})
    wanted = Run(pictures).predict(files)
    assert [card["labels"][i] for i in answers.argmax(-1)] == [one.label for one in wanted]
    assert answers.max(-1) == pytest.approx([one.confidence for one in wanted], abs=1e-5)


def test_the_card_holds_what_is_needed_to_use_the_model(onnx, pictures):
    card = json.loads(Path(onnx["folder"], "card.json").read_text("utf-8"))
    assert card["labels"] == ["cat", "dog"]
    assert card["input"]["resize"] == "letterbox"
    assert (card["input"]["size"], card["input"]["channels"], card["input"]["dtype"]) == ([8, 8], 1, "uint8")
    assert card["calibration"] == {
        "temperature": 1.0,
        "temperature_is_inside": True,
        "unsure_below": None,
        "conformal": None,
    }
    assert {"keras", "onnxruntime", "python"} <= set(card["versions"])
    assert len(card["hashes"]["spec.resolved.json"]) == 64


def test_the_command_writes_into_the_run_and_the_gate_passes(pictures, capsys, here):
    assert gate(pictures, "exported").passed is False
    assert "kerascnn export" in gate(pictures, "exported").reason
    assert run(["export", str(pictures), "--to", "keras"]) == 0
    out = capsys.readouterr().out
    assert str(pictures / "exports" / "keras" / "model.keras") in out
    assert "10 of 10" in out
    assert sorted(file.name for file in (pictures / "exports").iterdir()) == ["keras"]
    assert sorted(file.name for file in (pictures / "exports" / "keras").iterdir()) == [
        "card.json",
        "export.json",
        "model.keras",
    ]
    assert gate(pictures, "exported").passed
    assert "ms an element" in gate(pictures, "exported").reason


def test_what_differs_too_much_is_kept_marked_and_the_exit_code_is_1(pictures, root, capsys, here, monkeypatch):
    monkeypatch.setattr(Here, "answers", lambda self, elements: self.answer(elements) + np.float32(0.01))
    target = root / "bad"
    code, found = exported(capsys, pictures, "--to", "keras", "--output", target)
    assert code == 1
    assert found["passed"] is False
    assert "differ by up to 1.0e-02, more than 1e-04" in found["reason"]
    assert (target / "model.keras").is_file()
    assert json.loads((target / "export.json").read_text("utf-8"))["passed"] is False
    with pytest.raises(ExportError, match="does not pass: answers differ") as raised:
        Run(pictures).export("keras", output=target)
    assert raised.value.found["parity"]["passed"] is False
    assert Run(pictures).export({"type": "keras", "tolerance": 0.1}, output=target)["passed"]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda found: found * np.float32(np.nan), "no finite numbers"),
        (lambda found: found[:, :1], "answers of (10, 1) instead of (10, 2)"),
    ],
)
def test_answers_that_are_no_answers_do_not_pass(wrong, said, pictures, root, here, monkeypatch):
    monkeypatch.setattr(Here, "answers", lambda self, elements: wrong(self.answer(elements)))
    with pytest.raises(ExportError) as raised:
        Run(pictures).export("keras", output=root / "none")
    assert raised.value.found["reason"] == said
    assert raised.value.found["parity"]["difference"] is None


def test_int8_is_judged_by_the_validation_split(pictures, root, capsys, here):
    code, found = exported(
        capsys, pictures, "--to", "onnx", "--set", "quantize=int8", "--set", "samples=8", "--set", "largest_drop=1"
    )
    assert code == 0
    assert found["folder"] == str(pictures / "exports" / "onnx-int8")
    worth = found["accuracy"]
    assert (worth["metric"], worth["split"], worth["samples"], worth["limit"]) == ("accuracy", "validation", 10, 1.0)
    assert worth["drop"] == pytest.approx(worth["before"] - worth["after"])
    assert {row["label"]: row["samples"] for row in worth["per_class"]} == {"cat": 5, "dog": 5}
    assert found["parity"]["passed"] is None
    assert gate(pictures, "int8-validated").passed


def test_int8_that_loses_more_than_the_limit_fails(pictures, root, here, monkeypatch):
    # Always "cat", where the run itself is always right.
    always = {"cat": np.float32([1, 0]), "dog": np.float32([0, 1])}
    monkeypatch.setattr(Here, "answers", lambda self, elements: np.tile(always["cat"], (len(elements), 1)))
    right = {True: always["dog"], False: always["cat"]}
    monkeypatch.setattr(
        Predictor, "answers", lambda self, elements: np.stack([right[bool(one.mean() > 128)] for one in elements])
    )
    with pytest.raises(ExportError, match=r"accuracy is worse by 0\.5000, more than 0\.01") as raised:
        Run(pictures).export({"type": "onnx", "quantize": "int8", "samples": 4}, output=root / "lossy")
    worth = raised.value.found["accuracy"]
    assert (worth["before"], worth["after"], worth["drop"], worth["passed"]) == (1.0, 0.5, 0.5, False)
    assert worth["per_class"][0] == {"label": "dog", "samples": 5, "before": 1.0, "after": 0.0}
    assert (root / "lossy" / "model.onnx").is_file()


def test_without_its_data_a_run_is_compared_on_made_up_elements_and_says_so(pictures, root, here):
    copy = root / "moved"
    shutil.copytree(pictures, copy)
    (copy / "data.manifest.jsonl").unlink()
    found = Run(copy).export("keras", output=root / "without")
    assert found["passed"]
    assert found["parity"]["split"] is None
    assert "made up" in found["notes"][0]
    with pytest.raises(ExportError, match="ranges of int8 come from training samples"):
        Run(copy).export({"type": "onnx", "quantize": "int8"})


def test_an_export_of_an_earlier_model_is_not_current(pictures, root, here):
    copy = root / "older"
    shutil.copytree(pictures, copy)
    Run(copy).export("keras")
    assert [one.current for one in exports_of(Run(copy).folder) if one.name == "keras"] == [True]
    with (copy / "model.keras").open("ab") as file:
        file.write(b"\0")
    assert {one.current for one in exports_of(Run(copy).folder)} == {False}
    assert "is of an earlier model" in gate(copy, "exported").reason


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--to", "onxx"], "no exporter is named 'onxx'; did you mean 'onnx'?"),
        (["--to", "onnx", "--set", "opset=3"], "onnx, opset: "),
        (["--to", "onnx", "--set", "quantize=int4"], "onnx, quantize: "),
        (["--to", "onnx", "--set", "opset"], "should be NAME=VALUE, such as quantize=int8"),
        (["--to", "keras", "--threads", "0"], "threads"),
    ],
)
def test_wrong_arguments_are_sentences(arguments, said, pictures, capsys):
    code, lines = refused(capsys, pictures, *arguments)
    assert code == 2
    assert said in lines[0]


def test_a_missing_package_is_named_with_what_to_install(pictures, capsys, monkeypatch):
    real = export.find_spec
    monkeypatch.setattr(export, "find_spec", lambda name: None if name == "tf2onnx" else real(name))
    code, lines = refused(capsys, pictures, "--to", "onnx")
    assert (code, lines) == (
        2,
        ["error: onnx needs tf2onnx, which is not installed: pip install kerascnn[onnx]"],
    )


def test_a_folder_with_something_else_in_it_is_left_alone(pictures, root, capsys):
    target = root / "taken"
    target.mkdir()
    (target / "thesis.txt").write_text("mine", "utf-8")
    code, lines = refused(capsys, pictures, "--to", "keras", "--output", target)
    assert code == 2
    assert "is there already and is no export" in lines[0]
    assert [file.name for file in target.iterdir()] == ["thesis.txt"]


def test_a_process_that_ends_leaves_what_was_there(pictures, root, here, monkeypatch):
    target = root / "kept"
    Run(pictures).export("keras", output=target)
    before = {file.name: file.read_bytes() for file in target.iterdir()}
    monkeypatch.setattr(export, "Helper", export_helper.Helper)
    monkeypatch.setattr(export_helper, "MODULE", "kerascnn.no_such_module")
    with pytest.raises(ExportError, match=r"the process that was to open it ended, exit code 1: .*no_such_module"):
        Run(pictures).export("keras", output=target)
    assert {file.name: file.read_bytes() for file in target.iterdir()} == before
    assert not [file for file in root.iterdir() if file.name.startswith(".kept")]


@pytest.mark.slow
@pytest.mark.parametrize("to", ["saved_model", "onnx", "litert"])
def test_texts_are_exported_from_their_tokens_on_and_the_vocabulary_lies_beside(to, root):
    file = write_texts(root / f"{to}.txt")
    made = train(sequence_spec("text_classification", {"type": "text_lines", "path": str(file)}), root / "texts")
    found = Run(made.path).export(to)
    assert found["parity"]["difference"] < 1e-5
    assert ("not texts" in " ".join(found["notes"])) == (to != "saved_model")
    card = json.loads(Path(found["folder"], "card.json").read_text("utf-8"))["input"]
    assert card["vocabulary"][:2] == ["", "[UNK]"]
    assert (card["dtype"], card["shape"]) == ("int32", [card["length"]])
    assert "not texts" in card["meaning"]
    assert ("takes texts as strings" in card["meaning"]) == (to == "saved_model")


@pytest.mark.slow
@pytest.mark.parametrize("to", ["saved_model", "onnx", "litert"])
def test_series_are_exported_with_what_is_missing_in_them(to, root):
    source = {"type": "ts_file", "path": str(write_ts(root / f"{to}.ts"))}
    found = Run(train(sequence_spec("series_classification", source), root / "series").path).export(to)
    assert found["parity"]["difference"] < 1e-5
    assert found["parity"]["same_top"] == found["parity"]["samples"]


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision_becomes_float32(precision, pictures, root):
    spec = make_spec(root / "pictures", precision=precision)
    found = Run(train(spec, root / "mixed").path).export("onnx")
    assert found["parity"]["difference"] < 1e-5
    assert "in float32" in found["notes"][-1]


@pytest.mark.slow
def test_a_model_of_jax_is_exported_by_tensorflow(pictures, root):
    code = (
        "import json, sys; from kerascnn import Run; "
        "print(json.dumps(Run(sys.argv[1]).export(sys.argv[2], output=sys.argv[3])))"
    )
    for to in ("onnx", "litert", "saved_model", "keras"):
        command = [sys.executable, "-c", code, str(pictures), to, str(root / f"jax-{to}")]
        done = subprocess.run(
            command, env={**os.environ, "KERAS_BACKEND": "jax"}, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout.splitlines()[-1])["parity"]["difference"] < 1e-5


@pytest.mark.slow
def test_an_exporter_of_a_plugin_is_used_by_its_name(pictures, root, tmp_path, capsys):
    from kerascnn.spec.skeletons import package_files

    file = tmp_path / "acme.py"
    file.write_text(package_files("acme", "exporter")["kerascnn_acme/__init__.py"], "utf-8")
    to = ["--to", "acme.arrays", "--output", str(root / "arrays"), "--plugin", str(file)]
    code = run(["export", str(pictures), *to])
    assert code == 0, capsys.readouterr().err
    assert (root / "arrays" / "model.npz").is_file()
