"""What `kerascnn summary` prints: one network, several, and diagrams."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from kerascnn.cli import summary as printed
from kerascnn.cli.main import run
from kerascnn.templates_list import find_template

LENET, CNN = str(find_template("lenet5")), str(find_template("simple_cnn"))
GIVEN = ("--classes", "10", "--input", "28,28,1")


def facts(*layers: dict[str, Any], name: str = "net") -> dict[str, Any]:
    memory = {"batch_size": 8, "stage": 0} | dict.fromkeys(
        ("weights", "gradients", "optimizer", "activations", "program"), 2**20
    )
    return {
        "name": name, "parameters": 1234, "trainable_parameters": 1200, "flops": 7_715_946_496, "depth": 5,
        "receptive_field": 483, "stride": 32, "memory_bytes": 5 * 2**20, "memory": memory,
        "dense_parameters": 2.25e12, "input_shape": [8, 8, 1], "output_shape": [10], "layers": list(layers),
    }  # fmt: skip


def layer(name: str) -> dict[str, Any]:
    return {
        "name": name, "type": "BatchNormalization", "output_shape": [112, 112, 64], "parameters": 2_359_296,
        "flops": 231_211_008, "activation_bytes": 401_408, "receptive_field": 483, "stride": 32,
        "spec_path": "model.backbone",
    }  # fmt: skip


def table_of(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().out.split("\n\n")[0].splitlines()


def test_a_wide_terminal_shows_every_column(capsys: pytest.CaptureFixture[str]) -> None:
    printed.show_one(facts(layer("stage3_block2_short_norm")), 200)
    head, _, row = table_of(capsys)
    columns = ["layer", "type", "output", "parameters", "operations", "memory", "sees", "stride", "in", "the", "spec"]
    assert head.split() == columns
    assert row.split() == ["stage3_block2_short_norm", "BatchNormalization", "112x112x64", "2,359,296", "231", "M",
                           "392", "KiB", "483", "32", "model.backbone"]  # fmt: skip


@pytest.mark.parametrize("width", [80, 90, 100])
def test_a_narrow_terminal_gets_fewer_columns_and_no_broken_line(
    capsys: pytest.CaptureFixture[str], width: int
) -> None:
    printed.show_one(facts(layer("stage3_block12_squeeze_excite_short_norm"), layer("c1")), width)
    lines = table_of(capsys)
    assert max(map(len, lines)) <= width
    for column in ("layer", "output", "parameters", "operations", "memory", "sees", "stride"):
        assert column in lines[0]
    assert lines[2].startswith("stage3_")
    assert "_short_norm" in lines[2]


def test_what_the_layers_come_to_stands_below(capsys: pytest.CaptureFixture[str]) -> None:
    printed.show_one(facts(layer("c1")), 200)
    assert capsys.readouterr().out.split("\n\n")[1].splitlines() == [
        "net: 8 x 8 x 1 -> 10",
        "parameters             1,234 (1,200 trainable)",
        "operations an element  7,715,946,496 (a multiply-add is two)",
        "depth                  5 layers with a kernel",
        "receptive field        483, stride 32",
        "memory to train        5.0 MiB at batch size 8",
        "                       weights 1.0 MiB, gradients 1.0 MiB, optimizer 1.0 MiB, activations 1.0 MiB, "
        "program 1.0 MiB",
        "as dense layers        2.25 T parameters",
    ]


def test_several_networks_stand_side_by_side(capsys: pytest.CaptureFixture[str]) -> None:
    printed.show_several(["a", "b"], [facts(), facts()], {"train.batch_size": [8, None]})
    out = capsys.readouterr().out
    assert [line.split("  ")[0] for line in out.splitlines()[2:12]] == [
        "parameters", "operations an element", "memory to train", "batch size", "depth", "receptive field", "stride",
        "as dense layers", "input", "output",
    ]  # fmt: skip
    assert out.splitlines()[-1].split() == ["train.batch_size", "8", "-"]


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0"), (999, "999"), (1000, "1 k"), (999_600, "1 M"), (7_715_946_496, "7.72 G"), (5e18, "5 E")],
)
def test_numbers_are_shortened_to_three_digits(count: float, text: str) -> None:
    assert printed._short(count) == text


def test_specs_are_compared_in_one_document(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["summary", LENET, CNN, *GIVEN, "--json"]) == 0
    both = json.loads(capsys.readouterr().out)
    assert [one["name"] for one in both["networks"]] == ["lenet5-digits", "simple-cnn"]
    differences = both["differences"]
    assert differences["spec"]["model.backbone.type"] == ["lenet", "simple_cnn"]
    assert differences["figures"]["parameters"][0] == 61_706
    assert "output_shape" not in differences["figures"]
    assert run(["summary", LENET, CNN, *GIVEN]) == 0
    assert "61,706" in capsys.readouterr().out


def test_a_diagram_is_written_beside_the_table_or_printed_alone(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert run(["summary", LENET, *GIVEN, "--diagram", str(tmp_path / "net.svg")]) == 0
    out, err = capsys.readouterr()
    assert "61,706" in out
    assert f"wrote {tmp_path / 'net.svg'}" in err
    assert (tmp_path / "net.svg").read_text("utf-8").startswith("<svg")
    assert run(["summary", LENET, *GIVEN, "--diagram", "-"]) == 0
    assert capsys.readouterr().out.startswith("---\ntitle: lenet5-digits\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([LENET, CNN, "--diagram", "x.svg"], "--diagram draws one network (got 2 specs)"),
        ([LENET, "--diagram", "-", "--json"], "--diagram - and --json both print on stdout"),
        ([LENET, *GIVEN, "--diagram", "x.png"], "--diagram should end in .mmd, .md, .svg"),
    ],
)
def test_wrong_diagrams_are_refused(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["summary", *arguments]) == 2
    out, err = capsys.readouterr()
    assert said in err
    assert out == ""
