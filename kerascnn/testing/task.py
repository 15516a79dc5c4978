"""What holds for tasks."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from kerascnn.spec import DataInfo, Task
from kerascnn.testing.facts import doing, hold, title

_SAMPLES, _CLASSES, _SIDE = 12, 3, 16
_SHAPES = {"image": (_SIDE, _SIDE, 3), "text": (20,), "series": (24, 2), "audio": (400, 1)}


@dataclass(frozen=True)
class Answered:
    """Samples of a task: what they are to be answered with, and what networks answer."""

    truth: Any
    """What `Task.targets` gets."""
    chance: Any
    """What a network answers that knows nothing."""
    right: Any = None
    """What one answers that is always right; None where that is not known."""


def check_task(task: Task, answered: Answered | None = None, info: DataInfo | None = None) -> dict[str, Any]:
    """Check a task on made-up samples with three classes or numbers, and return its report on answers of chance.

    A task whose `target` is none of the core's needs samples of its own, and `info` with their labels. Targets are an
    array with a row for each sample; the loss is a finite number; there is a Keras metric for each of `metrics`; the
    report is plain data, with what every report has, and better for answers that are right; what an answer means is
    said. Nothing is changed that is given, and the same gives the same. Raises AssertionError.
    """
    hold(isinstance(task, Task), f"{task!r} is no task; derive its class from kerascnn.spec.Task")
    name = title(task)
    hold(
        task.reads in _SHAPES,
        f"{name} reads {getattr(task, 'reads', None)!r}; it reads one of {', '.join(_SHAPES)}",
    )
    hold(isinstance(getattr(task, "output", None), str), f"{name} does not say what heads answer with: set `output`")
    info = info or made_up_info(task)
    with doing(f"{name}: outputs()"):
        outputs = task.outputs(info)
    hold(type(outputs) is int and outputs > 0, f"{name}: outputs() gives {outputs!r}; give a whole number above 0")
    answered = answered or samples_of(task, info, name)
    targets = _targets(name, task, answered.truth, info)
    _check_loss(name, task, answered, targets, info)
    _check_metrics(name, task, answered, targets)
    report = _report(name, task, answered.truth, answered.chance, info)
    if answered.right is not None:
        _check_better(name, task, report, _report(name, task, answered.truth, answered.right, info))
    _check_each(name, task, answered, info)
    _check_said(name, task, answered.chance, info)
    return report


def made_up_info(task: Task) -> DataInfo:
    """Return the info of made-up samples with three classes, or numbers."""
    return DataInfo(
        _SHAPES[task.reads],
        tuple("abc"),
        {"train": dict.fromkeys("abc", _SAMPLES)},
        sizes={"train": _CLASSES * _SAMPLES},
    )


def samples_of(task: Task, info: DataInfo, name: str) -> Answered:
    """Return made-up samples of a task, for what a message calls `name`."""
    hold(task.target in _MADE, f"{name} has the target '{task.target}', for which no samples are known: give them")
    return _MADE[task.target](task.outputs(info))


def _targets(name: str, task: Task, truth: Any, info: DataInfo) -> Any:
    import numpy as np

    before = copied(truth)
    with doing(f"{name}: targets()"):
        targets, again = task.targets(truth, info), task.targets(truth, info)
    hold(same(truth, before), f"{name}: targets() writes to the answers that it is given; change a copy")
    hold(
        isinstance(targets, np.ndarray) and len(targets) == len(truth),
        f"{name}: targets() gives {_form(targets)} for {len(truth)} samples; give an array with a row for each",
    )
    hold(np.array_equal(targets, again), f"{name}: targets() gives something else the second time")
    return targets


def _check_loss(name: str, task: Task, answered: Answered, targets: Any, info: DataInfo) -> None:
    import keras
    import numpy as np

    def of(answers: Any) -> float:
        with doing(f"{name}: loss()"):
            loss = task.loss(info)
            hold(callable(loss), f"{name}: loss() gives {loss!r}; give a keras.losses.Loss, or a function")
            found = keras.ops.convert_to_numpy(loss(targets, np.asarray(answers, "float32")))
        hold(np.isfinite(found).all(), f"{name}: its loss is not finite")
        hold(
            not isinstance(loss, keras.losses.Loss) or found.shape == (),
            f"{name}: its loss of a batch has the shape {found.shape}; it is a single number",
        )
        return float(np.mean(found))

    chance = of(answered.chance)
    if answered.right is not None:
        right = of(answered.right)
        hold(right < chance, f"{name}: its loss is {right:g} for right answers, and {chance:g} for those of chance")


def _check_metrics(name: str, task: Task, answered: Answered, targets: Any) -> None:
    import numpy as np

    wrong = {one: better for one, better in task.metrics.items() if better not in ("max", "min")}
    hold(not wrong, f"{name}: its `metrics` say {wrong}; the better direction is 'max' or 'min'")
    with doing(f"{name}: compiled_metrics()"):
        made, others = task.compiled_metrics(), task.compiled_metrics()
    names = [metric.name for metric in made]
    hold(
        sorted(names) == sorted(task.metrics),
        f"{name}: compiled_metrics() gives {names}, and its `metrics` are {list(task.metrics)}; give one for each, "
        "under its name",
    )
    hold(
        not {id(metric) for metric in made} & {id(metric) for metric in others},
        f"{name}: compiled_metrics() gives the same metrics twice; each model needs its own",
    )
    for metric in made:
        with doing(f"{name}: its metric '{metric.name}'"):
            metric.update_state(targets, np.asarray(answered.chance, "float32"))
            figure = float(metric.result())
        hold(math.isfinite(figure), f"{name}: its metric '{metric.name}' is {figure}")


def _report(name: str, task: Task, truth: Any, answers: Any, info: DataInfo) -> dict[str, Any]:
    before = copied(truth), copied(answers)
    with doing(f"{name}: report()"):
        report, again = task.report(truth, answers, info), task.report(truth, answers, info)
    hold(
        same(truth, before[0]) and same(answers, before[1]),
        f"{name}: report() writes to what it is given; change a copy",
    )
    hold(isinstance(report, dict), f"{name}: report() gives {type(report).__qualname__}; give a dict")
    missing = {"metrics", "labels", "per_class"} - set(report)
    hold(not missing, f"{name}: report() lacks {', '.join(sorted(missing))}")
    with doing(f"{name}: writing report() as JSON"):
        texts = [json.dumps(one, allow_nan=False) for one in (report, again)]
    hold(texts[0] == texts[1], f"{name}: report() says something else the second time; seed what is random")
    figures = report["metrics"]
    hold(
        isinstance(figures, dict) and figures and all(_is_figure(figure) for figure in figures.values()),
        f"{name}: report()['metrics'] is {figures!r}; give finite numbers by name, None where there is none",
    )
    hold(list(report["labels"]) == list(info.labels), f"{name}: report()['labels'] are {report['labels']!r}")
    return report


def _check_better(name: str, task: Task, chance: Mapping[str, Any], right: Mapping[str, Any]) -> None:
    for figure, better in {**task.metrics, "loss": "min"}.items():
        one, other = right["metrics"].get(figure), chance["metrics"].get(figure)
        if one is None or other is None:
            continue
        hold(
            one > other if better == "max" else one < other,
            f"{name}: {figure} is {one:g} for right answers and {other:g} for those of chance, and '{better}' is said "
            "to be better",
        )


def _check_each(name: str, task: Task, answered: Answered, info: DataInfo) -> None:
    import numpy as np

    each = getattr(task, "each", None)
    if each is None:
        return
    with doing(f"{name}: each()"):
        figure, better, values = each(answered.truth, answered.chance, info)
    hold(
        isinstance(figure, str) and better in ("max", "min"),
        f"{name}: each() gives the name {figure!r} and the better direction {better!r}, which is 'max' or 'min'",
    )
    hold(
        isinstance(values, np.ndarray) and values.shape == (len(answered.truth),),
        f"{name}: each() gives {_form(values)} for {len(answered.truth)} samples; give a number for each",
    )


def _check_said(name: str, task: Task, answers: Any, info: DataInfo) -> None:
    for answer in answers:
        before = copied(answer)
        with doing(f"{name}: say()"):
            said = task.say(answer, info.labels)
        hold(same(answer, before), f"{name}: say() writes to the answer that it is given; change a copy")
        hold(
            isinstance(said, dict) and isinstance(said.get("label"), str) and "confidence" in said,
            f"{name}: say() gives {said!r}; give 'label', a text, and 'confidence', a number or None",
        )
        sure = said["confidence"]
        hold(
            sure is None or (_is_figure(sure) and 0 <= sure <= 1 + 1e-6),
            f"{name}: say() gives the confidence {sure!r}; it is from 0 to 1, or None",
        )
        named = said.get("probabilities", said.get("values"))
        hold(
            isinstance(named, dict) and all(map(_is_figure, named.values())),
            f"{name}: say() gives {named!r}; give 'probabilities' or 'values', numbers by name",
        )
        hold(
            not task.alone or list(named or ()) == list(info.labels),
            f"{name}: say() gives {named!r}; give 'probabilities' or 'values', a number for each of {info.labels}",
        )
        with doing(f"{name}: writing say() as JSON"):
            json.dumps(said, allow_nan=False)


# Samples.


def _classes(outputs: int) -> Answered:
    import numpy as np

    truth = np.arange(_SAMPLES) % _CLASSES
    return Answered(truth, _shares(_SAMPLES, outputs), _sure(truth, outputs))


def _several(outputs: int) -> Answered:
    import numpy as np

    rng = np.random.default_rng(1)
    truth = rng.integers(0, 2, (_SAMPLES, outputs)).astype("uint8")
    return Answered(
        truth, rng.uniform(0.1, 0.9, truth.shape).astype("float32"), (0.02 + 0.96 * truth).astype("float32")
    )


def _values(outputs: int, times: int = 1) -> Answered:
    import numpy as np

    rng = np.random.default_rng(2)
    truth = rng.normal(0, 3, (_SAMPLES, outputs)).astype("float32")
    chance = rng.normal(0, 3, truth.shape).astype("float32")
    more = [truth + 1, np.full_like(truth, 2)] if times == 3 else []  # the naive forecast, and its scale
    return Answered(np.concatenate([truth, *more], axis=1), chance, truth.copy())


def _masks(outputs: int) -> Answered:
    import numpy as np

    truth = np.random.default_rng(3).integers(0, _CLASSES, (4, _SIDE, _SIDE)).astype("uint8")
    return Answered(truth, _shares(4, _SIDE, _SIDE, outputs), _sure(truth, outputs))


def _boxes(outputs: int) -> Answered:
    import numpy as np

    rng = np.random.default_rng(4)
    truth = [np.array([[i % _CLASSES, 2, 2, 9, 11], [0, 8, 4, 15, 13]][:i], "float32").reshape(-1, 5) for i in range(3)]
    return Answered(truth, rng.uniform(0.05, 0.95, (3, _SIDE // 4, _SIDE // 4, outputs)).astype("float32"))


_MADE: dict[str, Callable[[int], Answered]] = {
    "class": _classes,
    "classes": _several,
    "values": _values,
    "forecast": lambda outputs: _values(outputs, 3),
    "mask": _masks,
    "boxes": _boxes,
}


def _shares(*shape: int) -> Any:
    import numpy as np

    return np.random.default_rng(0).dirichlet([1.0] * shape[-1], shape[:-1]).astype("float32")


def _sure(truth: Any, outputs: int) -> Any:
    """Return answers that are nearly sure of what is true."""
    import numpy as np

    return (0.97 * np.eye(outputs)[truth] + 0.03 / outputs).astype("float32")


def _is_figure(value: Any) -> bool:
    return value is None or (isinstance(value, int | float) and math.isfinite(value))


def copied(value: Any) -> Any:
    """Return a copy of samples, an array or a list of arrays."""
    return [one.copy() for one in value] if isinstance(value, list) else value.copy()


def same(one: Any, other: Any) -> bool:
    """Return whether samples are the same, arrays or lists of arrays."""
    import numpy as np

    pairs = zip(one, other, strict=True) if isinstance(one, list) else [(one, other)]
    return all(np.array_equal(a, b) for a, b in pairs)


def _form(value: Any) -> str:
    shape = getattr(value, "shape", None)
    return f"{type(value).__qualname__}" + (f" of the shape {shape}" if shape is not None else "")
