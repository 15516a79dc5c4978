"""What a sweep's file may say, and what is said of one that is wrong."""

from pathlib import Path

import pytest

from kerascnn.errors import SpecError
from kerascnn.spec.sweep import load_sweep

HEAD = "kerascnn_sweep: 1\nname: s\nspec: a.yaml\n"


def sweep(tmp_path: Path, text: str):
    (tmp_path / "s.yaml").write_text(HEAD + text, "utf-8")
    return load_sweep(tmp_path / "s.yaml")


def test_lists_and_ranges_are_read(tmp_path: Path) -> None:
    found = sweep(
        tmp_path,
        "parameters:\n  a.b: {values: [1, x, {type: sgd}]}\n  c: {low: 1, high: 5}\n"
        "  d: {low: 0.1, high: 1, log: true}\n",
    )
    assert found.parameters["a.b"].values == [1, "x", {"type": "sgd"}]
    assert found.parameters["c"].whole
    assert not found.parameters["d"].whole
    assert (found.sampler, found.pruner, found.trials) == ("tpe", "none", 20)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("parameters: {}\n", "s.yaml:4:13: parameters: "),
        ("parameters: {a: {low: 1}}\n", "parameters.a: needs either 'values', or 'low' and 'high'"),
        ("parameters: {a: {values: [1], low: 1}}\n", "has 'values'; leave out 'low'"),
        ("parameters: {a: {low: 2, high: 2}}\n", "needs a 'low' below 'high'"),
        ("parameters: {a: {low: 0, high: 2, log: true}}\n", "needs a 'low' above 0 where 'log' is true"),
        ("parameters: {a: {low: 1, high: 4, log: true, step: 1}}\n", "cannot have both 'log' and 'step'"),
        ("parameters: {a: {low: 0.5, high: 2}}\nsampler: grid\n", "sampler 'grid' needs 'values', a 'step' or whole"),
        ("parameters: {a: {values: [1]}}\nsampler: bayes\n", "s.yaml:5:10: sampler: should be 'tpe', 'random' or"),
        ("parameters: {a: {values: [1]}}\ntrails: 3\n", "did you mean 'trials'?"),
    ],
)
def test_mistakes_stand_at_their_place(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(SpecError) as caught:
        sweep(tmp_path, text)
    assert said in str(caught.value)


def test_an_empty_file_says_what_a_sweep_is(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text("", "utf-8")
    with pytest.raises(SpecError, match="a sweep is a mapping with the key 'kerascnn_sweep'"):
        load_sweep(tmp_path / "s.yaml")
