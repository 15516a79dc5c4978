"""What holds for metrics."""

from __future__ import annotations

import math
from typing import Any

from kerascnn.spec import DataInfo, Metric, Task
from kerascnn.testing.facts import doing, hold, title
from kerascnn.testing.loss import hold_outputs, task_for
from kerascnn.testing.task import Answered, copied, made_up_info, same, samples_of


def check_metric(metric: Metric, task: Task | None = None, answered: Answered | None = None) -> None:
    """Check a metric on made-up samples of a task that it is for: by itself the first of the core's with such answers.

    It is one number, finite for all samples, a number or NaN for one of them; better for right answers than for those
    of chance; the same in any order of the samples and each time; and nothing that is given is changed. A metric for
    answers that no task of the core has needs a task, one whose target is none of the core's needs samples of its own.
    Raises AssertionError.
    """
    hold(isinstance(metric, Metric), f"{metric!r} is no metric; derive its class from kerascnn.spec.Metric")
    name = title(metric)
    hold_outputs(name, metric)
    better = getattr(metric, "better", None)
    hold(better in ("max", "min"), f"{name}: the better direction is {better!r}; it is 'max' or 'min'")
    task = task or task_for(name, metric.outputs)
    info = made_up_info(task)
    answered = answered or samples_of(task, info, name)
    chance = _checked(name, metric, info, answered.truth, answered.chance)
    if answered.right is not None:
        right = _checked(name, metric, info, answered.truth, answered.right)
        hold(
            right > chance if better == "max" else right < chance,
            f"{name}: it is {right:g} for right answers and {chance:g} for those of chance, and '{better}' is said to "
            "be better",
        )


def _checked(name: str, metric: Metric, info: DataInfo, truth: Any, answers: Any) -> float:
    before = copied(truth), copied(answers)
    value, again = (_of(name, metric, info, truth, answers) for _ in range(2))
    hold(same(truth, before[0]) and same(answers, before[1]), f"{name}: measure() writes to what it is given")
    hold(math.isfinite(value), f"{name}: measure() gives {value:g} for samples of every class; give a finite number")
    hold(value == again, f"{name}: measure() gives {value:g}, and {again:g} the second time; seed what is random")
    turned = _of(name, metric, info, truth[::-1], answers[::-1])
    hold(
        math.isclose(value, turned, rel_tol=1e-6, abs_tol=1e-9),
        f"{name}: measure() gives {value:g}, and {turned:g} for the same samples in another order",
    )
    _of(name, metric, info, truth[:1], answers[:1])
    return value


def _of(name: str, metric: Metric, info: DataInfo, truth: Any, answers: Any) -> float:
    with doing(f"{name}: measure() of {len(answers)} samples"):
        found = metric.measure(truth, answers, info)
    # NumPy's float64 is a float, too.
    hold(
        isinstance(found, int | float) and not isinstance(found, bool),
        f"{name}: measure() gives {type(found).__qualname__}; give a float",
    )
    return float(found)
