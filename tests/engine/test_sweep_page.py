"""The page of a sweep: everything of the trials in one file, and no request to anywhere."""

import json
import math
import re
from pathlib import Path

import pytest

from kerascnn.engine.sweep_page import _Axis, said, sweep_page
from kerascnn.spec.search import Parameter
from kerascnn.spec.sweep import Sweep
from tests.browser import needs_chromium, opened, width_of

RATE, BODY = "train.stages.0.learning_rate", "model.backbone.layers.1.body"
CONV, BLOCK = [{"type": "conv2d", "filters": 16}], [{"type": "basic_block"}]
SWEEP = Sweep.model_validate(
    {
        "kerascnn_sweep": 1,
        "name": "s",
        "spec": "<b>.yaml",
        "parameters": {RATE: {"low": 0.001, "high": 0.1, "log": True}, BODY: {"values": [CONV, BLOCK]}},
    }
)


def row(trial: int, state: str, loss: float | None, rate: float, body: list = CONV) -> dict:
    return {"trial": trial, "state": state, "val_loss": loss, "values": {RATE: rate, BODY: body}, "job": f"j{trial}"}


ROWS = [
    row(2, "complete", 0.2, 0.01, BLOCK),
    row(0, "complete", 0.4, 0.001),
    row(1, "pruned", 0.6, 0.1),
    row(3, "fail", None, 0.05),
]


def page(rows=ROWS, importances=None, sweep=SWEEP, *, upwards: bool = False) -> str:
    return sweep_page(sweep, rows, importances or {}, "val_loss", upwards=upwards)


def test_it_says_what_was_tried_and_what_is_best() -> None:
    text = page()
    assert (
        "Trials of &lt;b&gt;.yaml: 2 done, 1 ended early, 1 failed. Sampler tpe, pruner none, seed 0. "
        "The best is trial 3 with val_loss 0.2: train.stages.0.learning_rate 0.01, model.backbone.layers.1.body "
        "basic_block."
    ) in text
    assert "less is better" in text
    assert "more is better" in page(upwards=True)


def test_each_trial_with_a_figure_is_a_line_with_its_values_as_a_title() -> None:
    text = page()
    titles = re.findall(r"<g class='trial'><title>([^<]*)</title>", text)
    assert len(titles) == 3
    # The best one is drawn last, above the others.
    assert titles[-1] == "trial 3, done: val_loss 0.2; train.stages.0.learning_rate 0.01, " + f"{BODY} basic_block"
    lines = re.findall(r"<g class='trial'>.*?</g>", text)
    assert "var(--second)" in lines[-1]
    assert "stroke-dasharray" in lines[0]
    # Half-way on the logarithm, in the second of two halves, and at the lowest loss: of 16 to 544 pixels.
    assert "M280.0 34L412.0 108L16.0 182" in lines[-1]


def test_the_best_figure_so_far_falls_in_steps_of_trials_that_are_done() -> None:
    # Trial 1 at 0.4 and trial 3 at 0.2, of 70 to 544 pixels; the one that was ended early has a hollow dot.
    assert "<path d='M70.0 110.0H544.0V200.0H544'" in page()
    assert page().count("<circle") == 3
    assert page().count("fill='none' stroke='var(--mark)'><title>") == 1
    rising = [row(0, "complete", 0.2, 0.01), row(1, "complete", 0.4, 0.01)]
    assert "<path d='M70.0 200.0H544.0V20.0H544'" in page(rising[::-1], upwards=True)


def test_axes_have_their_ends_and_names() -> None:
    log = _Axis(Parameter(low=0.001, high=0.1, log=True))
    assert [log.at(value) for value in (0.001, 0.01, 0.1)] == pytest.approx([0, 0.5, 1])
    assert [name for _, name in log.ticks()] == ["0.001", "0.01", "0.1"]
    assert [name for _, name in _Axis(Parameter(low=1, high=4)).ticks()] == ["1", "2", "4"]
    assert _Axis(Parameter(low=0.0, high=1.0)).ticks()[1] == (0.5, "0.5")
    mixed = _Axis(Parameter(values=[1, True, "1", CONV]))
    assert [mixed.at(value) for value in (1, True, "1", CONV)] == [0.125, 0.375, 0.625, 0.875]
    assert len(_Axis(Parameter(values=list(range(100)))).ticks()) <= 6


def test_values_are_said_in_few_characters() -> None:
    assert said(True) == "true"
    assert said(None) == "null"
    assert said([]) == "[]"
    assert said([*CONV, *BLOCK]) == "conv2d filters 16, basic_block"


def test_what_mattered_is_a_bar_for_each_path() -> None:
    text = page(importances={BODY: 0.25, RATE: 0.75})
    widths = [float(width) for width in re.findall(r"<rect [^>]*width='([0-9.]+)'", text)]
    assert widths == pytest.approx([528 * 0.75, 528 * 0.25])
    assert "What mattered" not in page()


def test_a_sweep_without_a_figure_has_a_page_too() -> None:
    assert "none yet. Sampler" in page([])
    text = page([row(0, "fail", None, 0.01)])
    assert "No trial is done." in text
    assert "<svg" not in text
    same = page([row(0, "complete", 0.3, 0.01)])
    assert "nan" not in same.lower().replace("nand", "")


def test_numbers_stay_finite_where_all_are_alike() -> None:
    text = page([row(i, "complete", 0.3, 0.01) for i in range(3)])
    places = re.findall(r"[ML ]([0-9.]+)", "".join(re.findall(r" d='([^']*)'", text)))
    assert all(math.isfinite(float(place)) for place in places)


@needs_chromium
@pytest.mark.slow
def test_it_asks_for_nothing_and_fits_a_narrow_window(tmp_path: Path) -> None:
    file = tmp_path / "sweep.html"
    rows = [row(i, "complete", i / 30, 0.001 * 1.1**i, (CONV, BLOCK)[i % 2]) for i in range(30)]
    file.write_text(page(rows, {RATE: 0.9, BODY: 0.1}), "utf-8")
    dom, asked = opened(file, tmp_path / "a")
    assert asked == []
    assert dom.count('class="trial"') == 30
    assert width_of(file, tmp_path / "b", 390) <= 390
    assert json.dumps(BODY)[1:-1] in dom
