"""What holds for schedules of the learning rate."""

from __future__ import annotations

import math
from typing import Any

from kerascnn.spec import Schedule
from kerascnn.testing.facts import doing, hold, title

_RATE = 0.5
_LENGTHS = (1, 2, 7, 12)


def check_schedule(schedule: Schedule) -> None:
    """Check a schedule over stages of several lengths, of one step among them.

    Its rates are finite, never below 0 nor above the stage's, above 0 somewhere, also behind the last step; they are
    the same each time, and twice as high for a stage of twice the rate, as parts of a network may have rates of their
    own. Only one that gives a number answers to epochs without an improvement. Raises AssertionError.
    """
    hold(isinstance(schedule, Schedule), f"{schedule!r} is no schedule; derive its class from kerascnn.spec.Schedule")
    name = title(schedule)
    for steps in _LENGTHS:
        rates = _rates(name, schedule, _RATE, steps)
        where = f"over {steps} steps"
        hold(all(math.isfinite(rate) for rate in rates), f"{name} gives rates that are not finite {where}")
        hold(min(rates) >= 0, f"{name} gives the rate {min(rates):g} {where}; a rate is never below 0")
        hold(
            max(rates) <= _RATE * (1 + 1e-5),
            f"{name} gives the rate {max(rates):g} {where} in a stage of {_RATE:g}, which is the highest that it may",
        )
        hold(max(rates[:steps]) > 0, f"{name} gives no rate but 0 {where}, so that nothing is learnt")
        hold(
            rates == _rates(name, schedule, _RATE, steps),
            f"{name} gives other rates the second time {where}; keep nothing between two calls of make()",
        )
        double = _rates(name, schedule, 2 * _RATE, steps)
        hold(
            all(math.isclose(2 * a, b, rel_tol=1e-4, abs_tol=1e-7) for a, b in zip(rates, double, strict=True)),
            f"{name} does not give twice the rates to a stage of twice the rate {where}; multiply with `learning_rate`",
        )
    _check_optimizer(name, schedule)
    _check_reactions(name, schedule)


def _made(name: str, schedule: Schedule, rate: float, steps: int) -> Any:
    from keras.optimizers.schedules import LearningRateSchedule

    with doing(f"{name}: make() for {steps} steps"):
        made = schedule.make(rate, steps)
    hold(
        isinstance(made, LearningRateSchedule | int | float) and not isinstance(made, bool),
        f"{name}: make() gives {type(made).__qualname__}; give a number, or a "
        "keras.optimizers.schedules.LearningRateSchedule",
    )
    return made


def _rates(name: str, schedule: Schedule, rate: float, steps: int) -> list[float]:
    """Return the rate of each step, and of three behind the last one."""
    import keras

    made = _made(name, schedule, rate, steps)
    if isinstance(made, int | float):
        return [float(made)] * (steps + 3)
    with doing(f"{name}: asking it for the rates of {steps} steps"):
        return [
            float(keras.ops.convert_to_numpy(made(keras.ops.convert_to_tensor(step, "int32"))))
            for step in range(steps + 3)
        ]


def _check_optimizer(name: str, schedule: Schedule) -> None:
    """Check that an optimizer can be asked for its settings with it, which tells schedules from numbers."""
    import keras

    made = _made(name, schedule, _RATE, _LENGTHS[-1])
    with doing(f"{name}: get_config() of an optimizer with it"):
        given = keras.optimizers.SGD(made).get_config()["learning_rate"]
    hold(
        isinstance(given, dict) is not isinstance(made, int | float),
        f"{name}: Keras does not see a schedule in what make() gives; it needs a get_config()",
    )


def _check_reactions(name: str, schedule: Schedule) -> None:
    moves = not isinstance(_made(name, schedule, _RATE, _LENGTHS[-1]), int | float)
    for left in (1.0, 0.01):
        for waited in range(40):
            with doing(f"{name}: react({waited}, {left})"):
                factor, again = schedule.react(waited, left), schedule.react(waited, left)
            hold(
                isinstance(factor, int | float) and math.isfinite(factor) and factor > 0,
                f"{name}: react({waited}, {left}) gives {factor!r}; give a factor above 0",
            )
            hold(factor == again, f"{name}: react({waited}, {left}) gives another factor the second time")
            hold(
                waited or factor == 1,
                f"{name}: react(0, {left}) gives {factor}; after an epoch that is better the rate stays: give 1",
            )
            hold(
                not moves or factor == 1,
                f"{name}: react({waited}, {left}) gives {factor}, and make() a schedule; only where make() gives a "
                "number can the rate be changed by epochs, so give 1",
            )
