"""What is shown while a training goes on."""

from __future__ import annotations

import io
import re

import pytest
from rich.console import Console

from kerascnn.cli import progress
from kerascnn.engine.progress import Progress


def play(shown: Progress) -> None:
    """Go through a training of two epochs of three steps."""
    with shown.count("reading pictures", 2) as seen:
        seen()
        seen()
    shown.stage(1, 2, 2, 3)
    for epoch in (1, 2):
        for step in (1, 2, 3):
            shown.step(epoch, step, {"loss": 1 / step, "accuracy": 0.5})
        shown.epoch(epoch, {"accuracy": 0.5, "loss": 0.25, "val_loss": 0.3}, kept=epoch == 1)
    shown.note("a class [bold]name[/bold] is shown as it is")
    shown.note("a file\x1b[2J.png")
    shown.close()


def test_without_a_terminal_there_is_a_line_for_each_event(capsys: pytest.CaptureFixture[str]) -> None:
    play(progress.Lines())
    out, err = capsys.readouterr()
    assert out == ""
    lines = [re.sub(r"\d+:\d\d left", "T left", line) for line in err.splitlines()]
    assert lines == [
        "reading pictures (2) ...",
        "stage 1 of 2: 2 epochs of 3 steps; compiling the training step ...",
        "epoch 1/2  loss 0.2500  accuracy 0.5000  val_loss 0.3000  best  T left",
        "epoch 2/2  loss 0.2500  accuracy 0.5000  val_loss 0.3000",
        "a class [bold]name[/bold] is shown as it is",
        "a file\\x1b[2J.png",
    ]


def test_on_a_terminal_there_is_a_bar_with_epoch_figures_and_time_left(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.StringIO()
    monkeypatch.setattr("rich.console.Console", lambda **_: Console(file=screen, force_terminal=True, width=100))
    monkeypatch.setenv("TERM", "xterm")
    play(progress.Bars())
    seen = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", screen.getvalue())
    assert "stage 1/2 compiling" in seen
    assert "epoch 2/2 " in seen
    assert re.search(r"6/6 \d:\d\d:\d\d loss 0.3333", seen)
    assert "epoch 1/2  loss 0.2500  accuracy 0.5000  val_loss 0.3000  best" in seen
    assert "a class [bold]name[/bold] is shown as it is" in seen
    assert "a file\\x1b[2J.png" in seen


def test_quiet_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    play(progress.make_progress(quiet=True))
    assert capsys.readouterr() == ("", "")


def test_bars_are_for_terminals_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: False, raising=False)
    assert isinstance(progress.make_progress(), progress.Lines)
