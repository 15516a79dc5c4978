"""What Keras tells while it trains, passed on to the trainer."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING

import keras
import numpy as np

from kerascnn.engine.keeper import synchronize
from kerascnn.engine.optimize import keeps_averages
from kerascnn.engine.phase import Phase

if TYPE_CHECKING:
    from kerascnn.engine.stages import Trainer


class DivergingError(Exception):
    """A figure or a weight is not finite: the trainer goes back, or gives up."""

    def __init__(self, wrong: Sequence[str], rate: float, *, at_end: bool = False):
        super().__init__(f"not finite: {', '.join(wrong)}")
        self.rate, self.at_end = rate, at_end


class Watch(keras.callbacks.Callback):
    """The callback of one stage."""

    def __init__(self, trainer: Trainer, phase: Phase, trained: keras.Model):
        super().__init__()
        self.trainer, self.phase, self.trained = trainer, phase, trained
        self.ended = ""
        """Why the stage ended; empty while it goes on."""
        self._before = 0
        self._began = time.monotonic()
        self._averages = keeps_averages(trained.optimizer)
        self._own: list[np.ndarray] = []
        self._judged = ExitStack()
        self._to_end = True
        """Whether the companions of the stage have yet to hear that the epoch is over."""

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Begin an epoch, or what is left of one."""
        self._began, self._to_end = time.monotonic(), True
        self._before = self.trainer.position.steps
        self.trainer.begin_epoch(self.phase, self.trained)
        if self._before == 0:
            self.phase.companions.begin_epoch(self.trainer.position.epochs)

    def on_train_batch_end(self, batch: int, logs: Mapping[str, float] | None = None) -> None:
        """Pass on what a step came to."""
        self.trainer.end_step(self.phase, self.trained, self._before + batch + 1, logs or {})
        if self.trainer.out_of_time():
            self.trained.stop_training = True

    def on_test_begin(self, logs: Mapping[str, float] | None = None) -> None:
        """Let the model be judged that is to be kept, such as averages of the weights."""
        self._end_training()
        if self._averages or self.phase.companions:
            self._judged.enter_context(self.phase.companions.judged(self.trained, self.phase.stream))

    def on_test_end(self, logs: Mapping[str, float] | None = None) -> None:
        """Go on with the weights themselves."""
        self._judged.close()

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Pass on what an epoch came to."""
        synchronize(self.trained)
        self._end_training()
        figures = {name: float(value) for name, value in (logs or {}).items()}
        seconds = time.monotonic() - self._began
        self.ended = self.trainer.end_epoch(self.phase, self.trained, figures, seconds)
        if self.ended:
            self.trained.stop_training = True
        if self._averages:
            self._own = [keras.ops.convert_to_numpy(weight) for weight in self.trained.trainable_weights]

    def _end_training(self) -> None:
        """Let the companions of the stage know that the epoch's last step is done."""
        if self._to_end and self.phase.companions:
            synchronize(self.trained)
            self.phase.companions.end_epoch(self.trainer.position.epochs)
        self._to_end = False

    def after_fit(self) -> None:
        """Undo what Keras does when it thinks that training is over: it puts the averages in the weights' place."""
        for weight, own in zip(self.trained.trainable_weights, self._own, strict=False):
            weight.assign(own)
