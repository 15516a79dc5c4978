"""The phases of a training, one after another, from any place where an earlier process left off."""

from __future__ import annotations

import gc
import math
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import keras
import numpy as np

from kerascnn.engine import processes
from kerascnn.engine.batch_size import divided, in_parts, parts_in, undividable
from kerascnn.engine.callbacks import Callbacks
from kerascnn.engine.distribute import feeding, synchronize_norms
from kerascnn.engine.faults import device_is_full
from kerascnn.engine.features import with_features
from kerascnn.engine.feed import fed, fed_held
from kerascnn.engine.keeper import Keeper, synchronize
from kerascnn.engine.optimize import current_rate, loss_of, make_optimizer, multiply_rates
from kerascnn.engine.phase import Phase, Phases
from kerascnn.engine.position import Position, put_arrays, variables_of
from kerascnn.engine.post_mortem import first_after
from kerascnn.engine.probe import Pacer
from kerascnn.engine.profile import Profile
from kerascnn.engine.progress import Progress
from kerascnn.engine.stream import Prefetch
from kerascnn.engine.watch import DivergingError, Watch
from kerascnn.errors import DivergedError, KerasCnnError, StoppedError
from kerascnn.runs.checkpoints import Checkpoint
from kerascnn.runs.folder import RunFolder
from kerascnn.spec import Spec

BUDGET = "the budget is used up"
_HALF = 0.5
"""What the rate is multiplied with after training has diverged."""


class Trainer:
    """Runs the stages of a spec, and keeps the best of all their epochs and the way back in the run folder."""

    def __init__(
        self,
        spec: Spec,
        phases: Phases,
        run: RunFolder,
        progress: Progress,
        stop: Callable[[], int | None],
        *,
        xla: bool,
        pacer: Pacer | None = None,
        after_stage: Callable[[list[dict[str, Any]]], None] = lambda stages: None,
    ):
        self.spec, self.phases, self.run, self.progress, self.stop = spec, phases, run, progress, stop
        self.xla, self.pacer, self.after_stage = xla, pacer, after_stage
        self.position = Position()
        self.keeper = Keeper(run, spec)
        self.callbacks: Callbacks | None = None
        self.profile: Profile | None = None
        self._began = time.monotonic()
        self._arrays: Mapping[str, np.ndarray] | None = None
        """What variables are given as soon as there is a model to give it to."""
        self._went_back = False
        self._divided = 1
        """How many times as many steps there are than when `_arrays` was written."""
        self._asked: int | None = None
        """The exit code of a stop that was asked for."""

    @property
    def seconds(self) -> float:
        """Seconds of training, those before a resume counted."""
        return self.position.seconds + time.monotonic() - self._began

    def train(self, checkpoint: Checkpoint | None = None) -> None:
        """Train all stages that are left, and end on the best weights. Raises DivergedError, StoppedError."""
        if checkpoint is not None:
            self._go_to(checkpoint)
        else:
            self.keeper.begin()
            self._begin_callbacks()
        while self.position.stage < len(self.spec.train.stages):
            phase = with_features(self.phases.enter(self.position.stage), self.spec, self.progress)
            try:
                ended = self._run_phase(phase)
            finally:
                phase.companions.leave()
            self.keeper.put_best(phase.built)
            self.position.next_stage(self._facts(phase, ended))
            self.after_stage(self.position.stages)
            if ended == BUDGET:
                return

    def _run_phase(self, whole: Phase) -> str:
        """Train one stage and return why it ended."""
        self.progress.stage(whole.number + 1, len(self.spec.train.stages), whole.stage.epochs, whole.steps)
        while True:
            phase = in_parts(whole, self.position.split)
            model: keras.Model | None = None
            try:
                model = self._compile(phase)
                self._stop_if_asked(model)
                return self._fit(phase, model)
            except DivergingError as found:
                self._go_back(phase, found)
            except Exception as error:
                if not device_is_full(error) or not self._go_smaller(whole):
                    raise
            del model
            gc.collect()  # what the model held is free before the next one asks for it

    def _compile(self, phase: Phase) -> keras.Model:
        """Return a model of a stage that stands where the training does, and is made as the steps are to be done."""
        if self.pacer is None:
            self.position.pace = {}  # those of an earlier session on one device
        pace = self.position.pace
        together = pace["steps_per_execution"]["used"] if pace else 1
        if (phase.steps - self.position.steps) % together or phase.steps % together:
            together = 1
        model = self._made(phase, bool(pace["xla"]["used"]) if pace else self.xla, together)
        begins = self._arrays is None
        if self._arrays is None:
            if not self.keeper.put_beside(model, phase.built):
                self._say("what is trained beside the network has another form in this stage, and begins anew")
        elif self._divided > 1:
            batches = (self.position.epochs * phase.steps + self.position.steps) // self._divided
            self._arrays, fits = divided(self._arrays, model.optimizer, self._divided, batches)
            if not fits:
                self._say("the optimizer's moments do not fit divided batches and begin anew; its schedule goes on")
        if not begins and self.position.steps == 0:
            self._put(phase, model)
        if self.pacer is not None and not pace and self.position.steps == 0 and self._asked is None:
            make = partial(self._made, phase)
            model, self.position.pace, self._asked = self.pacer.choose(phase, make, model)
        if begins:
            self.keeper.checkpoint(self.position, self.seconds, model)
        return model

    def _made(self, phase: Phase, xla: bool, together: int) -> keras.Model:
        """Return a new outer model for a stage: compiling one again keeps traces and metrics of the old."""
        stage = phase.stage
        updates = max(1, phase.steps * stage.epochs // stage.accumulate)
        model = phase.outer()
        synchronize_norms(model)
        model.compile(
            optimizer=make_optimizer(stage, updates, self.position.slower, phase.factors),
            loss=loss_of(self.spec, self.phases.data.info),
            metrics=self.spec.task.compiled_metrics(),
            jit_compile=xla,
            steps_per_execution=together,
        )
        model.optimizer.build(model.trainable_variables)
        phase.companions.equip(model.optimizer)
        return model

    def _put(self, phase: Phase, model: keras.Model) -> None:
        """Give the model what a checkpoint holds, at the beginning of an epoch or in the midst of one."""
        assert self._arrays is not None
        if self.position.steps:  # Keras makes the variables of metrics when they are used first
            elements, targets = phase.stream.batch(0)
            model.compute_metrics(elements, targets, model(elements, training=False))
        groups = variables_of(model)
        if self.position.steps == 0:
            del groups["metrics"]
        put_arrays(groups, self._arrays)
        self._arrays = None
        if self._went_back:
            # A rate that no schedule moves is a variable, which has just got its old value.
            multiply_rates(model.optimizer, _HALF)
        if self._went_back or self._divided > 1:
            self.keeper.checkpoint(self.position, self.seconds, model)
        self._went_back, self._divided = False, 1

    def _fit(self, phase: Phase, model: keras.Model) -> str:
        """Train until the stage ends, and return why. A torn epoch is finished before whole ones go on."""
        watch = Watch(self, phase, model)
        while not watch.ended:
            at, done = self.position, self.position.steps
            batches = Prefetch(phase.stream, at.epochs * phase.steps + done)
            try:
                with feeding() as switches:
                    model.fit(
                        fed(batches if self.profile is None else self.profile.batches(batches), phase.stream),
                        steps_per_epoch=phase.steps - done,
                        epochs=at.epochs + 1 if done else phase.stage.epochs,
                        initial_epoch=at.epochs,
                        validation_data=fed_held(phase.validation),
                        callbacks=[*switches, *([watch] if self.profile is None else self.profile.around(watch))],
                        verbose=0,
                        shuffle=False,
                    )
            except (KerasCnnError, DivergingError):
                raise
            except Exception:
                failure = batches.failure or (phase.validation and phase.validation.failure)
                if failure:
                    raise failure from None
                raise
            finally:
                batches.close()
            watch.after_fit()
        return watch.ended

    def begin_epoch(self, phase: Phase, model: keras.Model) -> None:
        """Put back the running figures of a torn epoch; Keras has just set them to zero."""
        if self._arrays is not None:
            self._put(phase, model)

    def end_epoch(self, phase: Phase, model: keras.Model, figures: Mapping[str, float], seconds: float) -> str:
        """Write down an epoch and keep what it came to; return why the stage ends, "" where it goes on.

        Raises DivergingError where a figure or a weight is not finite.
        """
        at = self.position
        # Machines that train together may differ in the last bits, and have to come to the same end.
        figures = dict(zip(figures, processes.rows(*figures.values())[0].tolist(), strict=True))
        rate = current_rate(model.optimizer)
        wrong = [name for name, value in figures.items() if not math.isfinite(value)]
        kept = self.keeper.end_epoch(at, phase, model, figures, rate=rate, seconds=seconds, finite=not wrong)
        at.epochs, at.epoch, at.steps = at.epochs + 1, at.epoch + 1, 0
        at.rates.append(rate)
        self.progress.epoch(at.epoch, figures, kept=bool(kept))
        if kept is not None and self.callbacks is not None:
            self.callbacks.end_epoch(self.keeper.line, phase.built.model)
        if kept is None:
            raise DivergingError(wrong or ["weights"], rate, at_end=True)
        at.waited = 0 if kept else at.waited + 1
        factor = phase.stage.schedule.react(at.waited, rate / (phase.stage.learning_rate * at.slower))
        if factor != 1:
            multiply_rates(model.optimizer, factor)
        patience = self.spec.train.patience
        ended = ""
        if patience is not None and at.waited >= patience and at.epochs > (phase.companions.begins or 0):
            ended = f"no better for {patience} epochs"
        elif self.out_of_time():
            ended = BUDGET
        elif at.epochs >= phase.stage.epochs:
            ended = "all epochs done"
        if not ended:
            self._stop_if_asked(model)
            self.keeper.checkpoint_if_due(at, self.seconds, model)
        return ended

    def out_of_time(self) -> bool:
        """Return whether the budget is used up."""
        minutes = self.spec.train.budget.minutes
        return minutes is not None and processes.agreed(self.seconds >= 60 * minutes)

    def end_step(self, phase: Phase, model: keras.Model, steps: int, logs: Mapping[str, float]) -> None:
        """Look at what one step, or a few, came to. Raises DivergingError, StoppedError."""
        self.position.steps = steps
        parts = parts_in(phase)
        if steps % parts == 0:
            self.progress.step(self.position.epoch + 1, steps // parts, logs)
        if not math.isfinite(logs.get("loss", 0.0)):
            raise DivergingError(["loss"], current_rate(model.optimizer))
        self._asked = self.stop()
        if steps < phase.steps:  # a whole epoch is judged first
            self._stop_if_asked(model)
            self.keeper.checkpoint_if_long(self.position, self.seconds, model)

    def _stop_if_asked(self, model: keras.Model) -> None:
        """Write a checkpoint and raise StoppedError, where that was asked for."""
        at, code = self.position, self._asked
        if code is None:
            return
        synchronize(model)
        self.keeper.checkpoint(at, self.seconds, model)
        kept = f"the model of epoch {at.best[1]} is kept" if at.best else "no epoch was finished"
        raise StoppedError(
            f"stopped on request in epoch {at.epoch + 1}; {kept}; `kerascnn runs resume {self.run.id}` goes on", code
        )

    def _go_to(self, checkpoint: Checkpoint) -> None:
        self.position = Position.restore(checkpoint.state)
        self._arrays = self.keeper.go_to(self.position, checkpoint)
        self._began = time.monotonic()
        self._begin_callbacks()

    def _begin_callbacks(self) -> None:
        if self.callbacks is not None:  # from here on: at first, and when training has gone back
            self.callbacks.begin()

    def _go_back(self, phase: Phase, found: DivergingError) -> None:
        """Go back to the last checkpoint at half the rate. Raises DivergedError where that was done often enough."""
        times, epoch = self.position.rollbacks, self.position.epoch
        checkpoint = self.keeper.last()
        if times >= self.spec.train.rollbacks or checkpoint is None or checkpoint.state["stage"] != phase.number:
            raise self._diverged(phase, found, checkpoint)
        spent = self.seconds
        self._go_to(checkpoint)
        self.position.rollbacks, self.position.slower = times + 1, self.position.slower * _HALF
        self.position.seconds = spent
        self._went_back = True
        self._say(
            f"training diverged in epoch {epoch + (not found.at_end)} ({found}; learning rate {found.rate:g}); back to "
            f"the last checkpoint, after {self.position.epoch} epochs, at half the rate "
            f"({times + 1} of at most {self.spec.train.rollbacks} times)"
        )

    def _go_smaller(self, whole: Phase) -> bool:
        """Go back to the last checkpoint, or the stage's beginning, with twice as many parts. Return whether it can."""
        epoch, split, spent = self.position.epoch, 2 * self.position.split, self.seconds
        if why := undividable(whole.stream.batch_size, split, int(self.spec.train.devices)):
            self._say(f"out of memory, and smaller steps are no way on: {why}")
            return False
        checkpoint = self.keeper.last()
        if checkpoint is not None and checkpoint.state["stage"] == whole.number:
            self._go_to(checkpoint)
            self._went_back = False
        self._divided = split // self.position.split if self._arrays is not None else 1
        self.position.split, self.position.seconds = split, spent
        self.position.steps *= self._divided
        if self.position.pace:
            one = {"used": 1, "why": "memory ran out, and batches were divided"}
            self.position.pace = {**self.position.pace, "steps_per_execution": one}
        self._say(
            f"out of memory in epoch {epoch + 1} with {-(-whole.stream.batch_size * 2 // split)} samples in a step; "
            f"back to the last checkpoint, after {self.position.epoch} epochs, with each batch in {split} parts whose "
            "gradients are averaged: the weights move by the same samples"
        )
        return True

    def _say(self, text: str) -> None:
        self.progress.note(text)
        self.run.log(text)

    def _diverged(self, phase: Phase, found: DivergingError, checkpoint: Checkpoint | None) -> DivergedError:
        at = self.position
        first = first_after(checkpoint, phase, at, lambda: self._made(phase, xla=False, together=1))
        kept = f"the model of epoch {at.best[1]} is kept" if at.best else "no model was kept"
        return DivergedError(
            f"training diverged in epoch {at.epoch + (not found.at_end)} ({found}; learning rate {found.rate:g}); "
            f"{first + '; ' if first else ''}{kept}. Lower train.stages.{phase.number}.learning_rate, or add a warm-up "
            "to its schedule"
        )

    def _facts(self, phase: Phase, ended: str) -> dict[str, Any]:
        """Return what `effective.json` says of a stage."""
        return {
            **in_parts(phase, self.position.split).facts,
            **phase.companions.facts(self.position),
            **self.position.pace,
            "learning_rates": self.position.rates,
            "epochs": self.position.epochs,
            "ended": ended,
        }
