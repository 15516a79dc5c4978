"""Runs of Weights & Biases: a stand-in records the calls of its API, and wandb itself takes them where it is there."""

import os
import sys
import types

import pytest

from kerascnn.testing import check_callback
from tests.callbacks.told import follow, line, tell
from tests.helpers import make


class Run:
    def __init__(self, how):
        self.how, self.logged, self.steps, self.summary, self.code = how, [], {}, {}, None

    def define_metric(self, name, step_metric=None):
        self.steps[name] = step_metric

    def log(self, figures):
        assert self.code is None
        self.logged.append(figures)

    def finish(self, exit_code=None):
        self.code = exit_code


@pytest.fixture(autouse=True)
def runs(monkeypatch):
    """Return the runs that were begun, in their order."""
    begun = []

    def init(**how):
        begun.append(Run(how))
        return begun[-1]

    module = types.ModuleType("wandb")
    module.init, module.Settings = init, dict
    monkeypatch.setitem(sys.modules, "wandb", module)
    monkeypatch.setenv("WANDB_ERROR_REPORTING", "")
    monkeypatch.delenv("WANDB_ERROR_REPORTING")
    return begun


def test_it_conforms(tmp_path, runs):
    check_callback(make("callback", "wandb"), tmp_path)
    assert [run.code for run in runs] == [None, 0, 0, 1, 1]


def test_figures_are_logged_over_epochs(tmp_path, runs):
    tell(follow(tmp_path, "wandb"), [line(1), {**line(7), "val_loss": None}]).end("done")
    [run] = runs
    assert run.logged == [
        {"loss": 1.0, "val_loss": 2.0, "learning_rate": 0.1, "epoch": 1},
        {"loss": 1 / 7, "learning_rate": 0.1, "epoch": 7},
    ]
    assert run.steps == {"epoch": None, "*": "epoch"}
    assert (run.summary, run.code) == ({"state": "done"}, 0)


def test_it_is_offline_and_in_the_run_folder_unless_the_spec_says_otherwise(tmp_path, runs, monkeypatch):
    monkeypatch.setenv("WANDB_MODE", "online")
    tell(follow(tmp_path, "wandb", spec={"name": "x"}), [])
    how = runs[0].how
    assert (how["mode"], how["dir"], how["config"]) == ("offline", str(tmp_path), {"name": "x"})
    assert how["settings"] == {"console": "off", "silent": True, "init_timeout": 30}
    assert os.environ["WANDB_ERROR_REPORTING"] == "false"
    tell(follow(tmp_path, "wandb", mode="online", project="cells", entity="lab"), [])
    assert [runs[1].how[key] for key in ("mode", "project", "entity")] == ["online", "cells", "lab"]


def test_a_resumed_training_is_the_same_run_with_all_epochs(tmp_path, runs):
    lines = [line(epoch) for epoch in range(1, 5)]
    tell(follow(tmp_path, "wandb"), lines[:3]).end("stopped")
    tell(follow(tmp_path, "wandb"), lines[2:], behind=lines[:2]).end("done")
    assert {run.how["id"] for run in runs} == {"20261121-080000-abcdef"}
    assert {run.how["resume"] for run in runs} == {"allow"}
    assert [figures["epoch"] for figures in runs[1].logged] == [1, 2, 3, 4]


def test_going_back_begins_no_other_run(tmp_path, runs):
    follower = tell(follow(tmp_path, "wandb"), [line(1), line(2)])
    tell(follower, [line(2, 9.0)], behind=[line(1)])
    [run] = runs
    assert [(figures["epoch"], figures["loss"]) for figures in run.logged] == [(1, 1.0), (2, 0.5), (2, 9.0)]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_wandb_itself_takes_it(tmp_path, monkeypatch):
    monkeypatch.delitem(sys.modules, "wandb")
    pytest.importorskip("wandb")
    tell(follow(tmp_path, "wandb"), [line(1), line(2)]).end("done")
    tell(follow(tmp_path, "wandb"), [line(3)], behind=[line(1), line(2)]).end("stopped")
    kept = list((tmp_path / "wandb").glob("offline-run-*/run-20261121-080000-abcdef.wandb"))
    assert kept
    assert all(file.stat().st_size > 0 for file in kept)
