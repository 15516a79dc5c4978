"""train, evaluate, predict and runs, end to end on real scans."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import IO, Any

import numpy as np
import pytest
from PIL import Image

from kerascnn.cli.main import run
from kerascnn.runs.checkpoints import Checkpoints
from kerascnn.templates_list import find_template

LENET = str(find_template("lenet5"))
SHORT = ["--set", "train.stages.0.epochs=2"]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Train for two epochs through the command line and return its document, with the folder of runs."""
    root = tmp_path_factory.mktemp("cli")
    out = root / "out.json"
    command = [
        sys.executable,
        "-m",
        "kerascnn",
        "train",
        LENET,
        *SHORT,
        "--runs",
        str(root / "runs"),
        "--json",
    ]
    with out.open("w") as stream:
        done = subprocess.run(command, stdout=stream, stderr=subprocess.PIPE, text=True, check=True)
    return {**json.loads(out.read_text("utf-8")), "runs": str(root / "runs"), "stderr": done.stderr}


def ask(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    assert run([*arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_train_answers_with_one_document_and_tells_its_progress_on_stderr(trained: dict[str, Any]) -> None:
    assert set(trained) - {"runs", "stderr"} == {"run", "path", "state", "epochs", "metrics", "seconds"}
    assert trained["state"] == "done"
    assert trained["epochs"] == 2
    assert set(trained["metrics"]) == {"loss", "accuracy", "val_loss", "val_accuracy"}
    assert Path(trained["path"]).is_dir()
    said = trained["stderr"].splitlines()
    assert "loading TensorFlow ..." in said
    assert any("compiling the training step" in line for line in said)
    assert any(line.startswith("epoch 1/2  loss ") and " left" in line for line in said)
    assert any(line.startswith("epoch 2/2  loss ") for line in said)
    assert "\x1b" not in trained["stderr"], "bars and colours are for terminals"


def test_evaluate_answers_with_the_figures_that_scripts_rely_on(
    trained: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    report = ask(capsys, "evaluate", trained["path"], "--split", "test")
    m = report["metrics"]
    assert {"accuracy", "accuracy_low", "accuracy_high", "loss", "macro_f1"} <= set(m)
    assert 0 < m["accuracy_low"] < m["accuracy"] < m["accuracy_high"] < 1
    matrix = np.array(report["confusion_matrix"])
    assert matrix.sum() == report["samples"]
    assert matrix.trace() / matrix.sum() == pytest.approx(m["accuracy"])
    assert report["labels"] == [str(i) for i in range(10)]
    assert [row["support"] for row in report["per_class"]] == matrix.sum(axis=1).tolist()
    assert json.loads((Path(trained["path"]) / "evaluation" / "test.json").read_text("utf-8")) == report


def test_evaluate_prints_the_interval_the_classes_and_where_things_lie(
    trained: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["evaluate", "latest", "--runs", trained["runs"]]) == 0
    out = capsys.readouterr().out
    assert "95 % interval" in out
    assert trained["path"] in out
    assert f"{trained['path']}/report.html" in out
    rows = [line.split() for line in out.splitlines()]
    assert [row[0] for row in rows if len(row) == 5 and row[-1].isdigit()] == [str(i) for i in range(10)]


def test_validation_figures_of_the_saved_model_are_those_of_its_training(
    trained: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    report = ask(capsys, "evaluate", trained["path"], "--split", "validation")
    assert report["metrics"]["accuracy"] == pytest.approx(trained["metrics"]["val_accuracy"], abs=1e-6)
    assert report["metrics"]["loss"] == pytest.approx(trained["metrics"]["val_loss"], rel=1e-4)


def test_predict_answers_for_files_and_folders(
    trained: dict[str, Any],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    digit: Callable[[int], np.ndarray],
) -> None:
    for i in range(3):
        Image.fromarray(digit(i)).save(tmp_path / f"{i}.png")
    found = ask(capsys, "predict", trained["path"], str(tmp_path), str(tmp_path / "1.png"))
    assert [Path(item["path"]).name for item in found] == ["0.png", "1.png", "2.png", "1.png"]
    assert found[1] == found[3]
    for item in found:
        assert set(item) == {"path", "label", "confidence", "probabilities", "values", "boxes"}
        assert sum(item["probabilities"].values()) == pytest.approx(1, abs=1e-5)
        assert item["confidence"] == item["probabilities"][item["label"]] == max(item["probabilities"].values())


def test_predict_listens_and_answers_line_by_line(
    trained: dict[str, Any],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    digit: Callable[[int], np.ndarray],
) -> None:
    Image.fromarray(digit(0)).save(tmp_path / "0.png")
    (tmp_path / "bad.png").write_bytes(b"no picture")
    questions = [
        json.dumps({"paths": [str(tmp_path)], "overlays": str(tmp_path)}), "", "{", json.dumps({"paths": []}),
        json.dumps({"paths": [str(tmp_path / "0.png")]}),
    ]  # fmt: skip
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO("\n".join(questions).encode())))
    assert run(["predict", trained["path"], "--listen"]) == 0
    ready, first, odd, none, last = map(json.loads, capsys.readouterr().out.splitlines())
    assert ready == {
        "ready": True, "run": trained["run"], "task": "image_classification", "reads": "image",
        "labels": [str(i) for i in range(10)], "calibrated": False,
    }  # fmt: skip
    assert first["errors"] == [{"path": str(tmp_path / "bad.png"), "reason": "is not a picture of a known format"}]
    assert (
        last["predictions"] == first["predictions"] == ask(capsys, "predict", trained["path"], str(tmp_path / "0.png"))
    )
    assert (odd["exit_code"], none["exit_code"]) == (2, 2)
    assert "paths" in none["error"]


def test_predict_takes_paths_or_listens(trained: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["predict", trained["path"]]) == 2
    assert "or say --listen" in capsys.readouterr().err
    assert run(["predict", trained["path"], "x.png", "--listen"]) == 2
    assert "leave them out" in capsys.readouterr().err


def test_the_saved_model_gives_the_same_probabilities_in_plain_keras(
    trained: dict[str, Any],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    digit: Callable[[int], np.ndarray],
) -> None:
    pictures = np.stack([digit(i) for i in range(8)])[..., None]
    np.save(tmp_path / "pictures.npy", pictures)
    names = [tmp_path / f"{i}.png" for i in range(8)]
    for name, picture in zip(names, pictures, strict=True):
        Image.fromarray(picture[..., 0]).save(name)
    ours = ask(capsys, "predict", trained["path"], *map(str, names))
    script = f"""
import sys
sys.modules["kerascnn"] = None                       # as if it were not installed
import keras, numpy as np
model = keras.saving.load_model({trained["path"] + "/model.keras"!r})
pictures = np.load({str(tmp_path / "pictures.npy")!r})
assert model.input_shape == (None, 8, 8, 1) and model.inputs[0].dtype == "uint8"
np.save({str(tmp_path / "plain.npy")!r}, model.predict(pictures, verbose=0))
np.save({str(tmp_path / "called.npy")!r}, keras.ops.convert_to_numpy(model(pictures)))
"""
    subprocess.run([sys.executable, "-c", script], check=True, env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"})
    wanted = np.array([list(item["probabilities"].values()) for item in ours])
    np.testing.assert_allclose(np.load(tmp_path / "plain.npy"), wanted, atol=1e-6)
    np.testing.assert_allclose(np.load(tmp_path / "called.npy"), wanted, atol=1e-6)


def test_predict_names_every_unreadable_picture_and_answers_for_the_others(
    trained: dict[str, Any],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    digit: Callable[[int], np.ndarray],
) -> None:
    Image.fromarray(digit(3)).save(tmp_path / "good.png")
    (tmp_path / "text.jpg").write_text("no picture", "utf-8")
    (tmp_path / "empty.png").write_bytes(b"")
    arguments = ["predict", trained["path"], str(tmp_path), str(tmp_path / "gone.png"), "--json"]
    assert run(arguments) == 3
    out, err = capsys.readouterr()
    assert [Path(item["path"]).name for item in json.loads(out)] == ["good.png"]
    assert "3 of 4 files cannot be read" in err
    for name in ("text.jpg", "empty.png", "gone.png"):
        assert name in err


def test_runs_are_listed_and_shown(trained: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    (row,) = ask(capsys, "runs", "list", "--runs", trained["runs"])
    assert row["run"] == trained["run"]
    assert row["state"] == "done"
    assert row["metrics"] == trained["metrics"]
    shown = ask(capsys, "runs", "show", trained["run"][:18], "--runs", trained["runs"])
    assert shown["effective"]["xla"]["why"]
    assert len(shown["history"]) == 2
    assert run(["runs", "list", "--runs", trained["runs"]]) == 0
    assert trained["run"] in capsys.readouterr().out
    assert run(["runs", "show", "latest", "--runs", trained["runs"]]) == 0
    assert "done" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["evaluate", "{run}", "--split", "tset"], "there is no split 'tset'"),
        (["evaluate", "nothing", "--runs", "{runs}"], "no run 'nothing'"),
        (["predict", "{run}", "{runs}/nowhere.png"], "is not there"),
        (["runs", "show", "nothing", "--runs", "nowhere"], "there are none"),
    ],
)
def test_wrong_names_are_sentences(
    trained: dict[str, Any], arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    filled = [argument.format(run=trained["path"], runs=trained["runs"]) for argument in arguments]
    assert run(filled) in (2, 3)
    err = capsys.readouterr().err
    assert said in err
    assert "Traceback" not in err


def test_bad_data_ends_with_exit_code_3_and_a_failed_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for label in ("cat", "dog"):
        (tmp_path / "data" / label).mkdir(parents=True)
        for i in range(4):
            Image.fromarray(np.full((8, 8, 3), 60 * i, dtype="uint8")).save(tmp_path / "data" / label / f"{i}.png")
    (tmp_path / "data" / "cat" / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no more")
    (tmp_path / "data" / "dog" / "empty.png").write_bytes(b"")
    arguments = ["train", LENET, "--set", f"data.source={{type: image_folder, path: {tmp_path / 'data'}}}"]
    assert run([*arguments, "--runs", str(tmp_path / "runs")]) == 3
    err = capsys.readouterr().err
    assert "broken.jpg" in err
    assert "empty.png" in err
    (row,) = ask(capsys, "runs", "list", "--runs", str(tmp_path / "runs"))
    assert row["state"] == "failed"
    assert "broken.jpg" in row["reason"]
    assert not list((tmp_path / "runs").rglob("*.tmp*"))
    assert not (Path(row["path"]) / "model.keras").exists()


def test_a_spec_error_makes_no_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["train", LENET, "--set", "train.epochs=3", "--runs", str(tmp_path / "runs")]) == 2
    assert "did you mean 'stages.0.epochs'?" in capsys.readouterr().err
    assert not (tmp_path / "runs").exists()


def test_a_folder_of_runs_that_cannot_be_made_is_exit_code_5(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("x", "utf-8")
    assert run(["train", LENET, "--runs", str(tmp_path / "file" / "runs")]) == 5
    assert "cannot make a run" in capsys.readouterr().err


@contextmanager
def endless_training(runs: Path) -> Iterator[tuple[subprocess.Popen[str], IO[str]]]:
    """Enter a training in a process of its own that has done its first epochs; give the process and its stderr."""
    command = [sys.executable, "-m", "kerascnn", "train", LENET, "--set", "train.stages.0.epochs=10000"]
    command += ["--set", "train.batch_size=256", "--set", "train.xla=off"]  # XLA would be measured first
    process = subprocess.Popen([*command, "--runs", str(runs)], stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    try:
        for line in process.stderr:
            if line.startswith("epoch 2/"):
                break
        yield process, process.stderr
    finally:
        process.kill()
        process.wait()
        process.stderr.close()


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGTERM, 75), pytest.param(signal.SIGINT, 130, marks=pytest.mark.slow)],
    ids=["SIGTERM", "SIGINT"],
)
def test_a_signal_ends_a_training_in_order(
    number: int, code: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with endless_training(tmp_path) as (process, stderr):
        process.send_signal(number)
        began = time.monotonic()
        rest = stderr.read()
        assert process.wait(30) == code
        assert time.monotonic() - began < 20
    assert "stopped on request" in rest
    assert "Traceback" not in rest
    (row,) = ask(capsys, "runs", "list", "--runs", str(tmp_path))
    assert row["state"] == "stopped"
    assert (Path(row["path"]) / "model.keras").is_file()
    found, refused = Checkpoints(Path(row["path"])).load()
    assert found is not None
    assert not refused
    assert found.state["epoch"] >= 1


def test_a_killed_training_shows_as_lost_and_keeps_its_best_model(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with endless_training(tmp_path) as (process, _):
        process.kill()
    (row,) = ask(capsys, "runs", "list", "--runs", str(tmp_path))
    assert row["state"] == "lost"
    assert row["epochs"] >= 2
    report = ask(capsys, "evaluate", row["path"], "--split", "validation")
    assert report["metrics"]["accuracy"] == pytest.approx(row["metrics"]["val_accuracy"], abs=1e-6)


def test_a_training_that_was_stopped_is_resumed_by_its_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from kerascnn.cli.signals import Stopper

    asked = iter(range(1, 1000))
    monkeypatch.setattr(Stopper, "__call__", lambda self: 75 if next(asked) == 3 else None)
    assert run(["train", LENET, *SHORT, "--set", "train.batch_size=512", "--runs", str(tmp_path), "--quiet"]) == 75
    assert "`kerascnn runs resume " in capsys.readouterr().err
    found = ask(capsys, "runs", "resume", "latest", "--runs", str(tmp_path), "--quiet")
    assert set(found) == {"run", "path", "state", "epochs", "metrics"}
    assert (found["state"], found["epochs"]) == ("done", 2)
    assert run(["runs", "resume", "latest", "--runs", str(tmp_path)]) == 2
    assert "cannot be resumed: its state is 'done'" in capsys.readouterr().err
