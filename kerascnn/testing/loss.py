"""What holds for losses."""

from __future__ import annotations

from typing import Any

from kerascnn.spec import DataInfo, Loss, Task, components
from kerascnn.testing.facts import doing, hold, title
from kerascnn.testing.task import Answered, made_up_info, samples_of

_LITTLE = 1e-5


def check_loss(loss: Loss, task: Task | None = None, answered: Answered | None = None) -> None:
    """Check a loss on made-up samples of a task that it is for: by itself the first of the core's with such answers.

    Of a batch it is one finite number, the mean of what it is of each sample by itself; it is smaller for right answers
    than for those of chance; its gradients are finite, for sure answers, too; the same gives the same, and nothing that
    is given is changed. A loss for answers that no task of the core has needs a task, one whose target is none of the
    core's needs samples of its own. Raises AssertionError.
    """
    hold(isinstance(loss, Loss), f"{loss!r} is no loss; derive its class from kerascnn.spec.Loss")
    name = title(loss)
    hold_outputs(name, loss)
    task = task or task_for(name, loss.outputs)
    info = made_up_info(task)
    answered = answered or samples_of(task, info, name)
    targets = task.targets(answered.truth, info)
    chance = _checked(name, loss, info, targets, answered.chance)
    if answered.right is not None:
        right = _checked(name, loss, info, targets, answered.right)
        hold(right < chance, f"{name}: it is {right:g} for right answers, and {chance:g} for those of chance")
    _check_gradients(name, loss, info, targets, answered)


def hold_outputs(name: str, component: Any) -> None:
    """Check that a component says which answers it is for in the way that a spec's check reads."""
    outputs = type(component).outputs
    hold(
        isinstance(outputs, frozenset) and all(isinstance(each, str) for each in outputs),
        f"{name}: its `outputs` are {outputs!r}; give a frozenset of what tasks answer with, such as "
        "frozenset({'classes'})",
    )


def task_for(name: str, outputs: frozenset[str]) -> Task:
    """Return a task of the core with one of these answers, with classes where any will do."""
    wanted = outputs or {"classes"}
    for full, cls in components("task").items():
        if "." not in full and cls.output in wanted:  # type: ignore[attr-defined]
            return cls()  # type: ignore[return-value]
    raise AssertionError(f"{name} is for {', '.join(sorted(wanted))}, which no task of the core answers with: give one")


def _checked(name: str, loss: Loss, info: DataInfo, targets: Any, answers: Any) -> float:
    """Check the loss of a batch and of its samples, and return that of the batch."""
    import numpy as np

    answers = np.asarray(answers, "float32")
    before = targets.copy(), answers.copy()
    whole, again = (_of(name, loss, info, targets, answers) for _ in range(2))
    hold(whole == again, f"{name}: it is {whole:g}, and {again:g} the second time")
    hold(
        np.array_equal(targets, before[0]) and np.array_equal(answers, before[1]),
        f"{name}: it writes to what it is given; change a copy",
    )
    each = [_of(name, loss, info, targets[i : i + 1], answers[i : i + 1]) for i in range(len(answers))]
    mean = float(np.mean(each))
    hold(
        abs(whole - mean) <= _LITTLE * (1 + abs(mean)),
        f"{name}: of a batch it is {whole:g}, and of its samples by themselves {mean:g} in the mean; a batch that is "
        "divided would be another one: let call() give a number for each sample, and Keras take the mean",
    )
    return whole


def _of(name: str, loss: Loss, info: DataInfo, targets: Any, answers: Any) -> float:
    import keras

    with doing(f"{name}: make()"):
        made = loss.make(info)
    hold(callable(made), f"{name}: make() gives {made!r}; give a keras.losses.Loss")
    with doing(f"{name}: calling what make() gives"):
        found = keras.ops.convert_to_numpy(made(targets, answers))
    hold(found.shape == (), f"{name}: of a batch it has the shape {found.shape}; it is a single number")
    hold(bool(abs(found) < float("inf")), f"{name}: it is {found}; it is finite")
    return float(found)


def _check_gradients(name: str, loss: Loss, info: DataInfo, targets: Any, answered: Answered) -> None:
    """Check a step of training from answers of chance, and from those that are sure."""
    import keras
    import numpy as np

    chance = np.asarray(answered.chance, "float32")
    starts = {"of chance": chance}
    if np.allclose(chance.sum(-1), 1):
        starts["that are sure"] = np.eye(chance.shape[-1], dtype="float32")[chance.argmax(-1)]
    if answered.right is not None:
        starts["that are right"] = np.asarray(answered.right, "float32")
    for what, start in starts.items():
        inputs = keras.Input(start.shape[1:])
        shift = keras.layers.Dense(start.shape[-1], kernel_initializer="identity", use_bias=False)
        model = keras.Model(inputs, shift(inputs))
        with doing(f"{name}: a step of training"):
            model.compile(optimizer=keras.optimizers.SGD(1e-3), loss=loss.make(info), jit_compile=False)
            model.train_on_batch(start, targets)
        hold(
            np.isfinite(model.get_weights()[0]).all(),
            f"{name}: its gradient of answers {what} is not finite; keep away from the logarithm of 0 and the like",
        )
