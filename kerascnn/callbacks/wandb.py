"""A training as a run of Weights & Biases."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import Field

from kerascnn.spec import Callback, Follower, Training, Weights, register
from kerascnn.spec.follower import figures_of


@register("wandb")
class WandB(Callback):
    """Log the spec and the figures as a run of Weights & Biases (https://wandb.ai), by default on this machine alone.

    It needs `pip install kerascnn[wandb]`. The run's id is kerascnn's. After a resume offline the newest folder has all
    epochs: `wandb sync RUN/wandb/latest-run` sends it.
    """

    package = "wandb"
    install = "kerascnn[wandb]"

    project: str = Field("kerascnn", min_length=1, max_length=128)
    """The project that the run belongs to."""
    entity: str | None = Field(None, min_length=1)
    """The user or team that the project belongs to; left out: your own."""
    mode: Literal["offline", "online"] = "offline"
    """offline writes into the run folder and sends nothing; online sends to the server that you are logged in to.
    WANDB_MODE is not asked."""

    def follow(self, training: Training) -> Follower:
        """Return a follower that logs to Weights & Biases."""
        return _Tracked(self, training)


class _Tracked(Follower):
    def __init__(self, how: WandB, training: Training):
        self.how, self.training = how, training
        self._run: Any = None

    def begin(self, lines: Sequence[Mapping[str, Any]]) -> None:
        """Begin a run, or one that goes on, and log the epochs so far."""
        if self._run is not None:  # after going back; the epochs that come again are the later ones
            return
        os.environ.setdefault("WANDB_ERROR_REPORTING", "false")
        import wandb

        self._run = wandb.init(
            project=self.how.project,
            entity=self.how.entity,
            id=self.training.run,
            name=self.training.name,
            dir=str(self.training.folder),
            config=dict(self.training.spec),
            mode=self.how.mode,
            resume="allow",
            settings=wandb.Settings(console="off", silent=True, init_timeout=30),
        )
        # The curves are drawn over epochs. Of an epoch that is logged again the last figures count.
        self._run.define_metric("epoch")
        self._run.define_metric("*", step_metric="epoch")
        for line in lines:
            self._log(line)

    def end_epoch(self, line: Mapping[str, Any], weights: Weights) -> None:
        """Log an epoch."""
        self._log(line)

    def end(self, state: str) -> None:
        """Say how the run ended, and let what was logged be written out."""
        self._run.summary["state"] = state
        self._run.finish(exit_code=0 if state in ("done", "stopped") else 1)

    def _log(self, line: Mapping[str, Any]) -> None:
        self._run.log({**figures_of(line), "epoch": line["epoch"]})
