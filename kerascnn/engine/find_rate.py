"""The learning-rate finder (Smith 2015, arXiv:1506.01186): a few steps of training at rising rates, thrown away."""

from __future__ import annotations

import math
from collections.abc import Callable

import keras
import numpy as np

from kerascnn.engine.batch_size import settle
from kerascnn.engine.build import build, precision_policy
from kerascnn.engine.data import load_data
from kerascnn.engine.devices import backend, choose_precision, choose_xla
from kerascnn.engine.distribute import check_devices, choose_devices, distributed
from kerascnn.engine.faults import explain
from kerascnn.engine.optimize import loss_of, make_optimizer, multiply_rates
from kerascnn.engine.phase import Phase, Phases
from kerascnn.engine.processes import refuse_several
from kerascnn.engine.progress import Progress
from kerascnn.engine.rate_curve import FoundRate, judge, too_high
from kerascnn.engine.stream import Prefetch
from kerascnn.engine.vectors import begin_with_vectors
from kerascnn.engine.weights import fetch_weights
from kerascnn.errors import StoppedError, UsageError
from kerascnn.spec import Spec
from kerascnn.spec.training import Stage


def find_rate(
    spec: Spec,
    *,
    stage: int = 0,
    low: float = 1e-7,
    high: float = 1.0,
    steps: int = 120,
    progress: Progress | None = None,
    stop: Callable[[], int | None] = lambda: None,
) -> FoundRate:
    """Train for some steps at rates that rise evenly in powers of ten, and return what their losses suggest.

    Data, network, optimizer, frozen parts, augmentation and batches are those of the stage; its network begins with the
    weights that the spec begins with. It ends early where the loss is 4 times the best, or not finite. Nothing is kept:
    what a training begins with is as it was. Python's, NumPy's and Keras's global random generators are seeded. Several
    devices share the batches with JAX; with TensorFlow one does it, as several come to the same.

    Raises KerasCnnError as a training does; UsageError for a stage that there is not, rates that do not rise, steps
    other than 2 to 1000, or several processes.
    """
    if not 0 <= stage < len(spec.train.stages):
        raise UsageError(f"there is no stage {stage}; the spec has {len(spec.train.stages)}, counted from 0")
    if not 0 < low < high < math.inf or not 2 <= steps <= 1000:
        raise UsageError(f"cannot try {steps} rates from {low:g} to {high:g}; give 2 to 1000, the lower one first")
    if spec.data.split.folds is not None and spec.data.split.fold is None:
        raise UsageError(
            "data.split.folds asks for several trainings: say with data.split.fold which one the rate is for, "
            "such as --set data.split.fold=0"
        )
    refuse_several("the search for a learning rate")
    progress = progress or Progress()
    if backend() != "jax" and spec.train.devices != 1:
        # Keras lets each device of TensorFlow take the whole of a single batch.
        progress.note(f"learning rates are tried on one device with {backend()}, whatever train.devices says")
        spec = spec.model_copy(update={"train": spec.train.model_copy(update={"devices": 1})})
    rates = np.geomspace(low, high, steps)
    try:
        return judge(rates.tolist(), _losses(spec, stage, rates, progress, stop), stage)
    except Exception as error:
        explained = explain(error)
        if explained is error:
            raise
        raise explained from error


def _losses(
    spec: Spec, number: int, rates: np.ndarray, progress: Progress, stop: Callable[[], int | None]
) -> list[float]:
    """Return the loss at each rate, up to the one that is too high."""
    check_devices(spec)
    weights = fetch_weights(spec)
    keras.utils.set_random_seed(spec.train.seed)
    data = load_data(spec, progress)
    data.refuse_errors(spec.data.allow)
    spec, devices = choose_devices(spec, len(data.indices("train")), len(data.indices("validation")))
    spec, _ = settle(spec, data.info, len(data.indices("train")))
    with distributed(devices["used"]), precision_policy(choose_precision(spec)["used"]):
        built = build(spec, data.info, weights)
        begin_with_vectors(spec, data, built)
        phase = Phases(spec, data, built, lambda resized: build(resized, data.info, weights)).enter(number)
        model = phase.outer()
        model.compile(
            optimizer=_optimizer(phase, rates[0]),
            loss=loss_of(spec, data.info),
            jit_compile=choose_xla(spec)["used"],
        )
        batches = Prefetch(phase.stream, 0)
        try:
            with progress.count("trying learning rates", len(rates)) as done:
                return _train(model, batches, rates, phase.stage.accumulate, done, stop)
        finally:
            batches.close()


def _optimizer(phase: Phase, rate: float) -> keras.optimizers.Optimizer:
    """Return the optimizer of the stage at this rate, whatever its schedule is."""
    stage = phase.stage.model_copy(update={"schedule": Stage().schedule, "learning_rate": float(rate)})
    return make_optimizer(stage, 1, 1.0, phase.factors)


def _train(
    model: keras.Model,
    batches: Prefetch,
    rates: np.ndarray,
    accumulate: int,
    done: Callable[[], None],
    stop: Callable[[], int | None],
) -> list[float]:
    """Take a step of the weights at each rate and return the losses before each."""
    losses: list[float] = []
    feed = iter(batches)
    for i in range(len(rates)):
        if i:
            multiply_rates(model.optimizer, float(rates[i] / rates[i - 1]))
        model.reset_metrics()  # Keras's figure is the mean since then
        for _ in range(accumulate):
            loss = model.train_on_batch(*next(feed))
            code = stop()
            if code is not None:
                raise StoppedError("stopped on request while learning rates were tried; nothing is kept", code)
        losses.append(float(np.ravel(loss)[0]))
        done()
        if too_high(losses):
            break
    return losses
