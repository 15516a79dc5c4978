"""init, templates, validate, schema, summary, doctor."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from kerascnn.cli.main import run
from kerascnn.templates_list import find_template

LENET = str(find_template("lenet5"))


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_init_writes_a_valid_spec_with_the_schema_for_editors(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["init", "simple_cnn", "-o", "mine.yaml"]) == 0
    assert capsys.readouterr().out == "mine.yaml\n"
    text = Path("mine.yaml").read_text("utf-8")
    assert text.startswith("# yaml-language-server: $schema=kerascnn.schema.json\n")
    jsonschema.Draft202012Validator.check_schema(json.loads(Path("kerascnn.schema.json").read_text("utf-8")))
    assert run(["validate", "mine.yaml"]) == 0


def test_init_keeps_a_file_that_is_there(capsys: pytest.CaptureFixture[str]) -> None:
    Path("spec.yaml").write_text("precious", "utf-8")
    assert run(["init"]) == 2
    assert "spec.yaml is there already" in capsys.readouterr().err
    assert Path("spec.yaml").read_text("utf-8") == "precious"
    assert run(["init", "--force"]) == 0
    assert Path("spec.yaml").read_text("utf-8") != "precious"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["init", "lenet55"], "no template is named 'lenet55'; did you mean 'lenet5'?"),
        (["init", "-o", "no/such/folder/x.yaml"], "there is no folder no/such/folder"),
    ],
)
def test_init_says_what_is_wrong(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(arguments) == 2
    assert said in capsys.readouterr().err


def test_templates_are_listed_with_their_first_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["templates", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {"name", "task", "about", "path"} == set(found[0])
    assert run(["templates"]) == 0
    assert "lenet5" in capsys.readouterr().out


def test_validate_reports_every_mistake_of_every_file(capsys: pytest.CaptureFixture[str]) -> None:
    Path("bad.yaml").write_text(
        Path(LENET).read_text("utf-8").replace("lenet, ", "lente, ").replace("3e-3", "-3"), "utf-8"
    )
    assert run(["validate", LENET, "bad.yaml"]) == 2
    out, err = capsys.readouterr()
    assert out.startswith(f"{LENET}: valid")
    places = [line.split(": ")[1] for line in err.splitlines() if line.startswith("bad.yaml:")]
    assert places == ["model.backbone.type", "train.stages.0.learning_rate"]
    assert "did you mean 'lenet'?" in err
    assert "2 mistakes" in err

    assert run(["validate", LENET, "bad.yaml", "--json"]) == 2
    good, bad = json.loads(capsys.readouterr().out)
    assert good == {"file": LENET, "valid": True, "errors": [], "advice": []}
    assert bad["errors"][0] == {
        "file": "bad.yaml",
        "line": bad["errors"][0]["line"],
        "column": bad["errors"][0]["column"],
        "path": "model.backbone.type",
        "message": "no backbone is named 'lente'; did you mean 'lenet'?",
        "suggestion": "lenet",
    }


def test_validate_puts_settings_through_the_same_checks(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["validate", LENET, "--set", "train.seed=7", "--set", "train.batch_size=0"]) == 2
    assert "--set:2:18: train.batch_size: should be 1 or more (got 0)" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["validate"], "Missing argument"),
        (["frobnicate"], "No such command 'frobnicate'"),
        (["validate", LENET, "--jsno"], "--jsno"),
        (["validate", "nowhere.yaml"], "nowhere.yaml: there is no such file"),
        (["summary", LENET, "--classes", "1"], "--classes"),
        (["summary", LENET, "--input", "28", "--classes", "3"], "--input should be height,width,channels"),
    ],
)
def test_wrong_usage_is_a_sentence_and_exit_code_2(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == 2
    out, err = capsys.readouterr()
    assert said in err
    assert "Traceback" not in err
    assert out == ""


def summary(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert run(["summary", *arguments, "--json"]) == 0
    facts: dict[str, Any] = json.loads(capsys.readouterr().out)
    return facts


def test_summary_counts_lenet_as_the_paper_does(capsys: pytest.CaptureFixture[str]) -> None:
    facts = summary(capsys, LENET, "--classes", "10", "--input", "28,28,1")
    assert set(facts) == {
        "name", "parameters", "trainable_parameters", "flops", "memory_bytes", "memory", "input_shape", "output_shape",
        "layers", "depth", "dense_parameters", "receptive_field", "stride",
    }  # fmt: skip
    assert facts["parameters"] == facts["trainable_parameters"] == 61_706
    assert (facts["input_shape"], facts["output_shape"]) == ([28, 28, 1], [10])
    # By hand: two for each multiply-add of C1, C3, C5, F6 and the output.
    multiply_adds = 28 * 28 * 6 * 25 + 10 * 10 * 16 * 25 * 6 + 400 * 120 + 120 * 84 + 84 * 10
    assert facts["flops"] == 2 * multiply_adds
    rows = {row["name"]: row for row in facts["layers"]}
    assert {name: rows[name]["receptive_field"] for name in ("c1", "s2", "c3", "s4")} == {
        "c1": 5,
        "s2": 6,
        "c3": 14,
        "s4": 16,
    }
    expected = {
        "name": "c3", "type": "Conv2D", "spec_path": "model.backbone", "output_shape": [10, 10, 16],
        "parameters": 16 * (6 * 25 + 1), "flops": 2 * 10 * 10 * 16 * 25 * 6, "receptive_field": 14,
        "stride": 2, "activation_bytes": 4 * 10 * 10 * 16,
    }  # fmt: skip
    assert expected.items() <= rows["c3"].items()


def test_summary_reads_classes_and_shape_from_the_data_where_it_is_there(
    capsys: pytest.CaptureFixture[str],
) -> None:
    facts = summary(capsys, LENET)
    assert (facts["input_shape"], facts["output_shape"]) == ([8, 8, 1], [10])


def test_summary_gives_each_layer_its_path_in_the_spec(capsys: pytest.CaptureFixture[str]) -> None:
    facts = summary(capsys, str(find_template("layers_residual")))
    paths = [row["spec_path"] for row in facts["layers"]]
    assert "model.backbone.layers.3.body.0.body.5" in paths  # squeeze_excite inside residual inside repeat
    assert "model.backbone.layers.4.shortcut.0" in paths
    adds = [row for row in facts["layers"] if row["type"] == "Add"]
    assert [row["spec_path"] for row in adds] == ["model.backbone.layers.3.body.0"] * 2 + ["model.backbone.layers.4"]


def test_summary_of_a_huge_network_takes_no_memory(capsys: pytest.CaptureFixture[str]) -> None:
    import psutil

    before = psutil.Process().memory_info().rss
    facts = summary(capsys, LENET, "--classes", "1000", "--input", "224,224,3", "--set", "model.preprocess.resize=null",
                    "--set", "model.head.hidden=[60000, 60000]")  # fmt: skip
    assert facts["parameters"] > 3.6e9
    assert psutil.Process().memory_info().rss - before < 500 * 2**20
    # Keras makes weights that were put off when it next builds a layer; ours are forgotten by then.
    import keras

    keras.layers.Lambda(lambda x: 2 * x)(keras.Input((3,)))
    assert psutil.Process().memory_info().rss - before < 500 * 2**20


def test_summary_without_data_says_how_to_go_on(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["summary", str(find_template("simple_cnn"))]) == 3
    assert "--classes N --input H,W,C" in capsys.readouterr().err


def test_a_shape_that_does_not_fit_is_named_at_its_place(capsys: pytest.CaptureFixture[str]) -> None:
    path = str(find_template("layers_residual"))
    assert run(["summary", path, "--set", "model.backbone.layers.4.shortcut=[]"]) == 2
    err = capsys.readouterr().err
    line = next(line for line in err.splitlines() if ": model.backbone.layers.4: " in line)
    assert line.startswith(f"{path}:")
    assert "(8, 8, 32)" in line
    assert "(16, 16, 16)" in line
    assert "Traceback" not in err


def test_the_schema_is_printed_or_written(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["schema"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert run(["schema", "-o", "schema.json"]) == 0
    assert json.loads(Path("schema.json").read_text("utf-8")) == printed


def test_doctor_looks_at_python_packages_keras_and_the_machine(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["doctor", "--json"]) == 0
    found = {finding["name"]: finding for finding in json.loads(capsys.readouterr().out)}
    assert {"python", "keras", "pydantic", "memory", "disk", "folder"} <= set(found)
    assert all(finding["ok"] for finding in found.values())


def test_doctor_says_what_a_broken_backend_lacks(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "no_such_backend")
    assert run(["doctor"]) == 1
    failed = [line for line in capsys.readouterr().out.splitlines() if line.startswith("FAIL")]
    assert any("keras: cannot be imported" in line and "no_such_backend" in line for line in failed)
