"""The phases of a training, one after another, on one model."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from kerascnn.engine.build import Built
from kerascnn.engine.data import Dataset
from kerascnn.engine.predict import at_a_time
from kerascnn.engine.progress import Progress
from kerascnn.engine.stream import Prefetch, Stream, Take
from kerascnn.errors import DivergedError, KerasCnnError, StoppedError
from kerascnn.runs.atomic import append_json_line, write_with
from kerascnn.runs.folder import RunFolder
from kerascnn.spec import Spec


@dataclass(frozen=True)
class StageResult:
    """What one stage did."""

    optimizer: dict[str, Any]
    learning_rates: list[float]
    """The rate at the end of each epoch."""
    frozen: str
    trainable_parameters: int
    epochs: int
    """Epochs that were run."""
    ended: str
    """Why it ended: "all epochs done" or "no better for N epochs"."""


class Held(keras.utils.PyDataset):
    """The samples of a split in order, in batches, for figures."""

    def __init__(self, take: Take, targets: Take, indices: np.ndarray, batch_size: int):
        super().__init__(workers=1, use_multiprocessing=False)
        self.take, self.targets, self.indices, self.batch_size = take, targets, indices, batch_size
        self.failure: Exception | None = None
        """Why a batch could not be made, as it was raised: a backend may wrap it on its way."""

    def __len__(self) -> int:
        return -(-len(self.indices) // self.batch_size)

    def __getitem__(self, i: int) -> tuple[np.ndarray, np.ndarray]:
        part = self.indices[i * self.batch_size : (i + 1) * self.batch_size]
        try:
            return self.take(part), self.targets(part)
        except Exception as error:
            self.failure = error
            raise


class Trainer:
    """Runs stages on a model, and keeps the best of all their epochs in the run folder."""

    def __init__(
        self,
        spec: Spec,
        data: Dataset,
        built: Built,
        stream: Stream,
        run: RunFolder,
        progress: Progress,
        stop: Callable[[], int | None],
        *,
        xla: bool,
    ):
        self.spec, self.data, self.built, self.stream = spec, data, built, stream
        self.run, self.progress, self.stop, self.xla = run, progress, stop, xla
        self.step = 0
        self.epoch = 0
        self.best: tuple[float, int] | None = None
        self._best_weights: list[np.ndarray] | None = None
        held = data.indices("validation")
        self.validation = None
        if len(held):
            # As many at a time as a training step takes, or more where they are small.
            many = max(stream.batch_size, at_a_time(data.info.shape))
            self.validation = Held(data.elements.take, stream.targets, held, many)

    def run_stage(self, number: int) -> StageResult:
        """Train one stage from the best weights so far, and end on the best. Raises DivergedError, StoppedError."""
        stage = self.spec.train.stages[number]
        steps = self.stream.steps_per_epoch
        self._freeze(stage.freeze)
        rate = stage.schedule.make(stage.learning_rate, steps * stage.epochs)
        # A new outer model for each stage: compiling one again keeps traces and metrics of the old.
        model = keras.Model(self.built.model.inputs, self.built.model.outputs)
        model.compile(
            optimizer=stage.optimizer.make(rate),
            loss=self.spec.task.loss(),
            metrics=self.spec.task.compiled_metrics(),
            jit_compile=self.xla,
        )
        trainable = int(sum(math.prod(weight.shape) for weight in model.trainable_weights))
        self.progress.stage(number + 1, len(self.spec.train.stages), stage.epochs, steps)
        watch = _Watch(self, number)
        batches = Prefetch(self.stream, self.step)
        try:
            model.fit(
                iter(batches),
                steps_per_epoch=steps,
                epochs=stage.epochs,
                validation_data=self.validation,
                callbacks=[watch],
                verbose=0,
                shuffle=False,
            )
        except KerasCnnError:
            raise
        except Exception:
            failure = batches.failure or (self.validation and self.validation.failure)
            if failure:
                raise failure from None
            raise
        finally:
            batches.close()
        self.step += steps * watch.epochs
        if self._best_weights is not None:
            self.built.model.set_weights(self._best_weights)
        return StageResult(
            optimizer=stage.optimizer.spell(),
            learning_rates=watch.rates,
            frozen=stage.freeze,
            trainable_parameters=trainable,
            epochs=watch.epochs,
            ended=watch.ended,
        )

    def _freeze(self, what: str) -> None:
        backbone = self.built.backbone
        backbone.trainable = what != "backbone"
        if what == "batch_norm":
            for layer in backbone._flatten_layers():
                if isinstance(layer, keras.layers.BatchNormalization):
                    layer.trainable = False

    def end_epoch(self, number: int, rate: float, figures: Mapping[str, float], seconds: float) -> bool:
        """Write down an epoch, keep its model if it is the best; return whether it is. Raises DivergedError."""
        self.epoch += 1
        kept = False
        finite = all(math.isfinite(value) for value in figures.values())
        weights = self.built.model.get_weights() if finite else []
        sound = finite and all(np.isfinite(weight).all() for weight in weights)
        if sound and self._is_better(figures[self.spec.train.monitor]):
            self.best = (figures[self.spec.train.monitor], self.epoch)
            self._best_weights = weights
            write_with(self.run.path / "model.keras", self._save)
            kept = True
        line: dict[str, Any] = {"epoch": self.epoch, "stage": number}
        # JSON has no NaN: a figure that is not finite is null there.
        line |= {name: value if math.isfinite(value) else None for name, value in figures.items()}
        line |= {"learning_rate": rate, "seconds": round(seconds, 3), "kept": kept}
        append_json_line(self.run.path / "metrics.jsonl", line)
        self.progress.epoch(self.epoch, figures, kept=kept)
        if not sound:
            raise self._diverged(figures, rate)
        return kept

    def check_stop(self) -> None:
        """Raise StoppedError where the run was asked to stop."""
        code = self.stop()
        if code is not None:
            kept = f"the model of epoch {self.best[1]} is kept" if self.best else "no epoch was finished"
            raise StoppedError(f"stopped on request in epoch {self.epoch + 1}; {kept}", code)

    def _save(self, path: Any) -> None:
        keras.saving.save_model(self.built.model, path)

    def _is_better(self, value: float) -> bool:
        name = self.spec.train.monitor.removeprefix("val_")
        upwards = self.spec.task.metrics.get(name, "min") == "max"
        return self.best is None or (value > self.best[0] if upwards else value < self.best[0])

    def _diverged(self, figures: Mapping[str, float], rate: float) -> DivergedError:
        wrong = [name for name, value in figures.items() if not math.isfinite(value)]
        what = f"not finite: {', '.join(wrong) or 'weights'}"
        kept = f"the model of epoch {self.best[1]} is kept" if self.best else "no model was kept"
        return DivergedError(
            f"training diverged in epoch {self.epoch} ({what}; learning rate {rate:g}); {kept}. "
            "Lower train.stages.*.learning_rate, or add a warm-up to the schedule"
        )


class _Watch(keras.callbacks.Callback):
    """Passes Keras's events on to the trainer."""

    def __init__(self, trainer: Trainer, number: int):
        super().__init__()
        self.trainer, self.number = trainer, number
        self.epochs = 0
        self.rates: list[float] = []
        self.ended = "all epochs done"
        self._waited = 0
        self._began = time.monotonic()

    def on_train_batch_end(self, batch: int, logs: Mapping[str, float] | None = None) -> None:
        self.trainer.progress.step(self.trainer.epoch + 1, batch + 1, logs or {})
        self.trainer.check_stop()

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        self._began = time.monotonic()

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        self.epochs += 1
        rate = float(keras.ops.convert_to_numpy(self.model.optimizer.learning_rate))
        self.rates.append(rate)
        figures = {name: float(value) for name, value in (logs or {}).items()}
        better = self.trainer.end_epoch(self.number, rate, figures, time.monotonic() - self._began)
        self._waited = 0 if better else self._waited + 1
        patience = self.trainer.spec.train.patience
        if patience is not None and self._waited >= patience:
            self.ended = f"no better for {patience} epochs"
            self.model.stop_training = True
