"""What holds for methods of training."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from kerascnn.spec import DataInfo, Method, Spec, spec_from_dict
from kerascnn.testing.component import check_component, check_light_import
from kerascnn.testing.facts import doing, hold, title

if TYPE_CHECKING:
    from kerascnn.runs.folder import RunFolder

_EPOCHS = 6
_SHAPE = (4, 4, 1)


def made_up(folder: Path, *, epochs: int = _EPOCHS) -> Spec:
    """Return the spec of a small training on pictures that are written into a folder: two classes, 2 steps an epoch.

    What `check_method` trains; a method that needs another run can be given one of this spec.
    """
    import numpy as np

    file = folder / "pictures.npz"
    if not file.exists():
        rng = np.random.default_rng(0)
        labels = np.arange(24) % 2
        images = np.clip(rng.normal(80 + 90 * labels[:, None, None], 50, (24, *_SHAPE[:2])), 0, 255)
        np.savez(file, images=images.astype("uint8"), labels=labels)
    layers = [
        {"type": "conv2d", "filters": 3},
        {"type": "batch_norm", "momentum": 0.5},
        {"type": "activation"},
    ]
    return spec_from_dict(
        {
            "kerascnn": 1,
            "name": "checked",
            "task": {"type": "image_classification"},
            "data": {"source": {"type": "arrays", "path": str(file)}, "split": {"validation": 1 / 3, "test": 0.0}},
            "model": {
                "backbone": {"type": "layers", "layers": layers},
                "head": {
                    "type": "classifier",
                },
            },
            "train": {
                "batch_size": 8,
                "xla": "off",
                "precision": "float32",
                "stages": [{"epochs": epochs, "optimizer": {"type": "sgd", "momentum": 0.9}, "learning_rate": 0.05}],
            },
        }
    )


def check_method(method: Method, spec: Spec | None = None) -> dict[str, Any]:
    """Check a method in a small training, and return what it says of it in `effective.json`.

    Beside what `check_component` and `check_light_import` check of it: the network that is kept has the weights, the
    input and the answer that it would have without it, and Keras's own layers. A training that is stopped within an
    epoch, twice, and resumed ends on the bits and the figures of one that was not: what the method knows is a function
    of the stage and the epoch, or stands in variables of the optimizer.

    Without a spec two classes of made-up pictures are trained (`made_up`); one whose `outputs` are others needs one, of
    a single stage and without methods. It takes seconds, as four trainings begin. Raises AssertionError.
    """
    hold(isinstance(method, Method), f"{method!r} is no method; derive its class from kerascnn.spec.Method")
    name = title(method)
    check_component(method)
    check_light_import(type(method).__module__)
    hold(
        spec is not None or not method.outputs or "classes" in method.outputs,
        f"{name} is for answers of {', '.join(sorted(method.outputs))}; give the spec of a small training of those",
    )
    with TemporaryDirectory() as place:
        folder = Path(place)
        plain = spec or made_up(folder)
        given = plain.spell()
        [stage] = given["train"]["stages"]
        stage["methods"] = [method.spell()]
        with doing(f"{name}: a spec with it"):
            taught = spec_from_dict(given)
        whole = _trained(name, taught, folder / "whole")
        _check_network(name, plain, whole)
        [facts] = whole.read("effective.json")["stages"]
        stops = _stops(facts["steps_per_epoch"], stage["epochs"])
        hold(stops, f"{name}: the training has a single step, and cannot be stopped; give a spec with more")
        _check_same(name, whole, _stopped(name, taught, folder / "stopped", stops), stops)
    return dict(facts["methods"][type(method).type_name])


def _stops(steps: int, epochs: int) -> list[int]:
    """Return the steps after which a training is stopped: before the last one of an epoch in the middle, and of all.

    >>> _stops(2, 6), _stops(2, 2)
    ([7, 11], [3])
    """
    return sorted({steps * (1 + epochs // 2) - 1, steps * epochs - 1} - {0})


def _trained(name: str, spec: Spec, folder: Path) -> RunFolder:
    from kerascnn.engine.train import train

    with doing(f"{name}: a training with it"):
        return train(spec, folder)


def _stopped(name: str, spec: Spec, folder: Path, stops: Sequence[int]) -> RunFolder:
    """Return a run that was stopped after each of these steps and resumed."""
    from kerascnn.engine.train import resume, train
    from kerascnn.errors import StoppedError
    from kerascnn.runs.folder import list_runs

    done = 0
    for step in stops:
        with doing(f"{name}: a training with it that is to be stopped after step {step}"), suppress(StoppedError):
            if done:
                resume(list_runs(folder)[0], stop=_stop_after(step - done))
            else:
                train(spec, folder, stop=_stop_after(step))
        done = step
    [run] = list_runs(folder)
    with doing(f"{name}: resuming a training with it that was stopped after step {done}"):
        return resume(run)


def _stop_after(number: int) -> Callable[[], int | None]:
    asked = iter(range(1, 1_000_000))
    return lambda: 75 if next(asked) == number else None


def _check_network(name: str, plain: Spec, run: RunFolder) -> None:
    from kerascnn.engine.build import build_model

    shape, labels = run.read("input.json")["shape"], run.read("labels.json")
    wanted, found = build_model(plain, DataInfo(tuple(shape), tuple(labels))), _model(name, run)
    weights = [[tuple(weight.shape) for weight in model.weights] for model in (wanted, found)]
    hold(
        weights[0] == weights[1],
        f"{name}: with it the network has other weights, {len(weights[1])} instead of {len(weights[0])} or of other "
        "shapes; give what it adds to the optimizer, in equip()",
    )
    for what in ("input_shape", "output_shape"):
        one, other = getattr(wanted, what), getattr(found, what)
        hold(one == other, f"{name}: with it the network has the {what} {other} instead of {one}")
    strange = sorted({module for module in _modules(found.get_config()) if module.partition(".")[0] != "keras"})
    hold(not strange, f"{name}: with it the network needs {', '.join(strange)}, which plain Keras does not know")


def _modules(config: Any) -> Iterator[str]:
    """Yield the modules of all that a network is made of."""
    if isinstance(config, dict):
        if isinstance(config.get("module"), str):
            yield config["module"]
        for value in config.values():
            yield from _modules(value)
    elif isinstance(config, list | tuple):
        for value in config:
            yield from _modules(value)


def _check_same(name: str, whole: RunFolder, resumed: RunFolder, stops: Sequence[int]) -> None:
    import numpy as np

    remedy = (
        "what it knows has to be a function of the stage and the epoch, or stand in variables that it adds to the "
        "optimizer in equip()"
    )
    for one, other in zip(_figures(whole), _figures(resumed), strict=True):
        hold(
            one == other,
            f"{name}: a training that is stopped after {' and '.join(map(str, stops))} steps and resumed has "
            f"other figures in epoch {one['epoch']}; {remedy}",
        )
    pairs = zip(_model(name, whole).get_weights(), _model(name, resumed).get_weights(), strict=True)
    hold(
        all(np.array_equal(a, b) for a, b in pairs),
        f"{name}: a training that is stopped and resumed ends on other weights than one that is not; {remedy}",
    )
    facts = [run.read("effective.json")["stages"] for run in (whole, resumed)]
    hold(facts[0] == facts[1], f"{name}: facts() says something else of a training that was resumed; {remedy}")


def _figures(run: RunFolder) -> list[Mapping[str, Any]]:
    return [{key: value for key, value in line.items() if key != "seconds"} for line in run.metrics()]


def _model(name: str, run: RunFolder) -> Any:
    import keras

    with doing(f"{name}: loading the model that is kept"):
        return keras.saving.load_model(run.path / "model.keras", compile=False)
