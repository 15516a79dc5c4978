"""What holds for optimizers."""

from __future__ import annotations

from typing import Any

from kerascnn.spec import Optimizer
from kerascnn.testing.facts import doing, hold, title

_RATE = 0.05
_SHAPES = {"conv/kernel": (3, 3, 2, 4), "fc/kernel": (6, 5), "fc/bias": (5,)}
_STEPS = 6


def check_optimizer(optimizer: Optimizer) -> None:
    """Check an optimizer on weights of several shapes.

    Each call makes a new Keras optimizer, with the rate or the schedule that it is given. Its steps move every weight,
    to finite values; with `accumulate` only every so many, and only those are counted. All that it knows stands in its
    `variables`: one that is made anew and given those goes on to the same bits, as a resume does. Raises
    AssertionError.
    """
    import keras
    import numpy as np

    hold(
        isinstance(optimizer, Optimizer),
        f"{optimizer!r} is no optimizer; derive its class from kerascnn.spec.Optimizer",
    )
    name = title(optimizer)
    one, other = _made(name, optimizer, _RATE), _made(name, optimizer, _RATE)
    hold(one is not other, f"{name}: make() gives the same optimizer twice; each stage and each part needs its own")
    rate = float(keras.ops.convert_to_numpy(one.learning_rate))
    hold(abs(rate - _RATE) < 1e-6, f"{name}: make({_RATE}) gives an optimizer whose rate is {rate:g}")
    begun = _Weights()
    _steps(name, one, begun, range(_STEPS))
    for path, before, now in zip(_SHAPES, _Weights().values(), begun.values(), strict=True):
        hold(np.isfinite(now).all(), f"{name}: its steps make '{path}' infinite or NaN")
        hold(not np.array_equal(before, now), f"{name}: its steps do not move '{path}'")
    hold(
        int(keras.ops.convert_to_numpy(one.iterations)) == _STEPS,
        f"{name}: after {_STEPS} steps its `iterations` are {keras.ops.convert_to_numpy(one.iterations)}",
    )
    _check_schedule(name, optimizer)
    _check_accumulation(name, optimizer)
    _check_state(name, optimizer, begun)


class _Weights:
    """Weights of several shapes, the same each time, and gradients for them."""

    def __init__(self) -> None:
        import keras
        import numpy as np

        rng = np.random.default_rng(0)
        self.variables = []
        for path, shape in _SHAPES.items():
            scope, own = path.split("/")
            with keras.name_scope(scope):
                value = rng.standard_normal(shape).astype("float32")
                self.variables.append(keras.Variable(value, name=own))

    def values(self) -> list[Any]:
        import keras
        import numpy as np

        return [np.array(keras.ops.convert_to_numpy(variable)) for variable in self.variables]


def _made(name: str, optimizer: Optimizer, rate: Any, accumulate: int = 1) -> Any:
    import keras

    with doing(f"{name}: make()"):
        made = optimizer.make(rate, accumulate=accumulate)
    hold(
        isinstance(made, keras.optimizers.Optimizer),
        f"{name}: make() gives {type(made).__qualname__}; give a keras.optimizers.Optimizer",
    )
    return made


def _steps(name: str, made: Any, weights: _Weights, numbers: range) -> None:
    import keras
    import numpy as np

    for number in numbers:
        rng = np.random.default_rng(100 + number)
        gradients = [
            keras.ops.convert_to_tensor(rng.standard_normal(variable.shape).astype("float32"))
            for variable in weights.variables
        ]
        with doing(f"{name}: step {number + 1}"):
            made.apply(gradients, weights.variables)


def _check_schedule(name: str, optimizer: Optimizer) -> None:
    """Check that the rate moves with the steps of the weights, and with the batches of none."""
    import keras

    for accumulate in (1, 2):
        falling = keras.optimizers.schedules.PolynomialDecay(_RATE, 10, 0.0)
        made, weights = _made(name, optimizer, falling, accumulate), _Weights()
        _steps(name, made, weights, range(4))
        rate = float(keras.ops.convert_to_numpy(made.learning_rate))
        wanted = _RATE * (1 - 4 / accumulate / 10)
        hold(
            abs(rate - wanted) < 1e-5,
            f"{name}: with a schedule and accumulate={accumulate} its rate is {rate:g} after 4 batches, and that of "
            f"step {4 // accumulate} is {wanted:g}; ask the schedule with the steps of the weights",
        )


def _check_accumulation(name: str, optimizer: Optimizer) -> None:
    import keras
    import numpy as np

    made, weights = _made(name, optimizer, _RATE, 2), _Weights()
    _steps(name, made, weights, range(1))
    still = all(np.array_equal(a, b) for a, b in zip(weights.values(), _Weights().values(), strict=True))
    hold(still, f"{name}: with accumulate=2 it moves weights after one batch")
    _steps(name, made, weights, range(1, 2))
    moved = all(not np.array_equal(a, b) for a, b in zip(weights.values(), _Weights().values(), strict=True))
    hold(moved, f"{name}: with accumulate=2 it does not move the weights after two batches")
    count = int(keras.ops.convert_to_numpy(made.iterations))
    hold(
        count == 1, f"{name}: with accumulate=2 its `iterations` are {count} after two batches; count steps of weights"
    )


def _check_state(name: str, optimizer: Optimizer, whole: _Weights) -> None:
    """Check that one which is given what another knew goes on as that one did."""
    import keras
    import numpy as np

    first, weights, half = _made(name, optimizer, _RATE), _Weights(), _STEPS // 2
    _steps(name, first, weights, range(half))
    second, others = _made(name, optimizer, _RATE), _Weights()
    with doing(f"{name}: build()"):
        second.build(others.variables)
    hold(
        len(first.variables) == len(second.variables),
        f"{name}: it has {len(first.variables)} variables after {half} steps, and {len(second.variables)} when it is "
        "built; make all of them in build()",
    )
    for old, new in zip((*first.variables, *weights.variables), (*second.variables, *others.variables), strict=True):
        new.assign(np.array(keras.ops.convert_to_numpy(old)))
    _steps(name, second, others, range(half, _STEPS))
    same = all(np.array_equal(a, b) for a, b in zip(others.values(), whole.values(), strict=True))
    hold(
        same,
        f"{name}: made anew and given its variables it goes on to other bits, as it would after a resume; keep what it "
        "knows in variables alone",
    )
