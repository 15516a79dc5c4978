"""What holds for the parts of networks: layers, backbones and heads."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Mapping
from typing import Any

from kerascnn.spec import Backbone, Component, Head, Layer
from kerascnn.testing.facts import doing, hold, title
from kerascnn.testing.plain_keras import check_plain_keras

_FEATURE = re.compile(r"P(0|[1-9][0-9]?)|out")
_STEPS = 5


def check_layer(layer: Layer, input_shape: tuple[int, ...], *, plain_keras: bool = True) -> Any:
    """Check a layer on inputs of this shape, the batch left out, and return a model of it.

    It builds, answers for any batch size, trains every weight, repeats itself with a seed, computes in 16
    bits, and opens in plain Keras (which takes seconds; see `check_plain_keras`). Raises AssertionError.
    """
    hold(isinstance(layer, Layer), f"{layer!r} is no layer; derive its class from kerascnn.spec.Layer")

    def build() -> Any:
        import keras

        x = keras.Input(input_shape, name="input")
        return keras.Model({"input": x}, layer.apply(x))

    return _check(layer, build, plain_keras=plain_keras)


def check_backbone(
    backbone: Backbone, input_shape: tuple[int, ...], *, slack: int = 1, plain_keras: bool = True
) -> Any:
    """Check a backbone on elements of this shape, the batch left out, and return a model of it.

    Beside what `check_layer` checks: its features are named `P1`, `P2`, ... or `out`, the deepest one last,
    and a map `P<level>` of a picture has 1 / 2**level of its height and width, give or take `slack` pixels
    (more where convolutions do not pad). Raises AssertionError.
    """
    hold(
        isinstance(backbone, Backbone),
        f"{backbone!r} is no backbone; derive its class from kerascnn.spec.Backbone",
    )

    def build() -> Any:
        import keras

        x = keras.Input(input_shape, name="input")
        features = backbone.apply(x)
        _check_features(title(backbone), features, input_shape, slack)
        return keras.Model({"input": x}, features)

    return _check(backbone, build, plain_keras=plain_keras)


def check_head(head: Head, features: Mapping[str, tuple[int, ...]], outputs: int, *, plain_keras: bool = True) -> Any:
    """Check a head on features of these shapes by name, the batch left out, and return a model of it.

    Beside what `check_layer` checks: its last axis has `outputs` numbers, in float32 even where the rest
    computes in 16 bits. Raises AssertionError.
    """
    hold(isinstance(head, Head), f"{head!r} is no head; derive its class from kerascnn.spec.Head")

    def build() -> Any:
        import keras

        dtype = keras.config.dtype_policy().compute_dtype
        feeds = {name: keras.Input(shape, name=name, dtype=dtype) for name, shape in features.items()}
        answer = head.apply(feeds, outputs)
        hold(
            answer.shape[-1] == outputs,
            f"{title(head)} gives {tuple(answer.shape)} where {outputs} outputs are asked for; the last axis "
            "holds them",
        )
        hold(
            answer.dtype == "float32",
            f"{title(head)} answers in {answer.dtype} under the policy {keras.config.dtype_policy().name}; "
            "make its last layers with dtype='float32'",
        )
        used = {id(tensor) for tensor in keras.utils.get_source_inputs(answer)}
        return keras.Model({name: x for name, x in feeds.items() if id(x) in used}, answer)

    return _check(head, build, plain_keras=plain_keras)


def numbers_for(tensor: Any, count: int, seed: int = 0) -> Any:
    """Return an array that fits a symbolic input: normal numbers, or 0 to 255 where it takes whole ones."""
    import numpy as np

    rng = np.random.default_rng(seed)
    shape = (count, *tensor.shape[1:])
    if "int" in str(tensor.dtype):
        return rng.integers(0, 256, shape).astype(tensor.dtype)
    return rng.standard_normal(shape).astype("float32")


def _check(component: Component, build: Callable[[], Any], *, plain_keras: bool) -> Any:
    from kerascnn.engine.build import precision_policy

    name = title(component)
    with precision_policy("float32"):
        model = _seeded(name, build)
        _check_answers(name, model)
        again = _seeded(name, build)
        _check_seed(name, model, again)
        _check_training(name, again)
    with precision_policy("mixed_bfloat16"):
        with doing(f"{name}: building under the policy mixed_bfloat16"):
            half = build()
        _check_finite(name, _answers(name, half, _inputs(half, 3)), " under the policy mixed_bfloat16")
    if plain_keras:
        check_plain_keras({name: model}, without=["kerascnn", type(component).__module__.partition(".")[0]])
    return model


def _seeded(name: str, build: Callable[[], Any]) -> Any:
    import keras

    keras.utils.set_random_seed(1)
    with doing(f"{name}: apply()"):
        return build()


def _check_features(name: str, features: Any, input_shape: tuple[int, ...], slack: int) -> None:
    hold(
        isinstance(features, dict) and features,
        f"{name}: apply() gives {features!r}; give a dict of features by name, such as {{'out': x}}",
    )
    levels = []
    for key, y in features.items():
        match = _FEATURE.fullmatch(str(key))
        hold(match, f"{name} names a feature '{key}'; call it 'P<level>' at a stride of 2**level, or 'out'")
        level = int(match[1]) if match and match[1] else None
        levels.append(100 if level is None else level)
        if level is not None and len(y.shape) == 4:
            wanted = [size / 2**level for size in input_shape[:2]]
            hold(
                all(abs(size - want) <= slack for size, want in zip(y.shape[1:3], wanted, strict=True)),
                f"{name}: '{key}' of a picture of {input_shape} has the shape {tuple(y.shape[1:])}, but its "
                f"height and width should be within {slack} of {wanted}; name it after its stride, or check "
                "with a larger slack",
            )
    hold(levels == sorted(levels), f"{name} gives the features {', '.join(features)}; put the deepest one last")


def _check_answers(name: str, model: Any) -> None:
    """Check shapes, batch sizes, and that inference is just that."""
    import keras
    import numpy as np

    for y in keras.tree.flatten(model.output):
        hold(
            y.shape[0] is None and all(isinstance(size, int) and size > 0 for size in y.shape[1:]),
            f"{name} gives the symbolic shape {tuple(y.shape)}; the batch is None and every other size is known",
        )
    before = _weights(model)
    three = _inputs(model, 3)
    one = {key: array[:1] for key, array in three.items()}
    many, single = _answers(name, model, three), _answers(name, model, one)
    for count, arrays in ((3, many), (1, single)):
        shapes = [array.shape for array in arrays]
        wanted = [(count, *y.shape[1:]) for y in keras.tree.flatten(model.output)]
        hold(
            shapes == wanted,
            f"{name} gives the shapes {shapes} for a batch of {count}; it announced {wanted}",
        )
    _check_finite(name, many)
    hold(
        all(np.allclose(a[:1], b, rtol=1e-3, atol=1e-4) for a, b in zip(many, single, strict=True)),
        f"{name}: what it answers for an element depends on chance or on the rest of the batch; outside of "
        "training it should not",
    )
    # Some Keras layers tell all those after them that they are being trained, unless they are called with
    # training=.
    plain = [_array(y) for y in keras.tree.flatten(model(three))]
    hold(
        all(np.allclose(a, b, rtol=1e-3, atol=1e-4) for a, b in zip(many, plain, strict=True)),
        f"{name}: called without training= it answers as in training; call Keras's preprocessing layers with "
        "training=False inside apply()",
    )
    hold(
        all(np.array_equal(a, b) for a, b in zip(before, _weights(model), strict=True)),
        f"{name}: to call it changes its weights outside of training",
    )


def _check_seed(name: str, model: Any, again: Any) -> None:
    import numpy as np

    first, second = _weights(model), _weights(again)
    hold(
        len(first) == len(second) and all(np.array_equal(a, b) for a, b in zip(first, second, strict=True)),
        f"{name}: built twice with the same seed it has different weights; take no chance from anywhere but "
        "Keras's initializers",
    )


def _check_training(name: str, model: Any) -> None:
    """Check that training steps move every trainable weight to finite values."""
    import keras
    import numpy as np

    weights = model.trainable_weights
    if not weights:
        return
    outputs = keras.tree.flatten(model.output)
    trained = keras.Model(model.input, outputs)
    trained.compile(optimizer=keras.optimizers.SGD(0.1), loss=["mean_squared_error"] * len(outputs), run_eagerly=True)
    still = {weight.path: _array(weight) for weight in weights}
    # Several steps: a branch that begins at zero passes no gradient on in the first one, nor does a ReLU
    # below zero.
    for step in range(_STEPS):
        targets = [numbers_for(y, 4, seed=step + 100) for y in outputs]
        with doing(f"{name}: a training step"), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Keras warns of what is found below
            trained.train_on_batch(_inputs(model, 4, seed=step + 1), targets)
        wrong = [weight.path for weight in weights if not np.isfinite(_array(weight)).all()]
        hold(not wrong, f"{name}: a training step makes these weights infinite or NaN: {', '.join(wrong)}")
        now = {weight.path: _array(weight) for weight in weights}
        still = {path: value for path, value in still.items() if np.array_equal(value, now[path])}
        if not still:
            return
    raise AssertionError(
        f"{name}: training does not move these weights: {', '.join(still)}; lead each into what apply() "
        "returns, and leave no gradient out on the way"
    )


def _inputs(model: Any, count: int, seed: int = 0) -> dict[str, Any]:
    return {name: numbers_for(tensor, count, seed) for name, tensor in model.input.items()}


def _answers(name: str, model: Any, inputs: dict[str, Any]) -> list[Any]:
    import keras

    count = len(next(iter(inputs.values())))
    with doing(f"{name}: answering a batch of {count}"):
        return [_array(y) for y in keras.tree.flatten(model(inputs, training=False))]


def _check_finite(name: str, arrays: list[Any], where: str = "") -> None:
    import numpy as np

    hold(all(np.isfinite(array).all() for array in arrays), f"{name} gives infinite numbers or NaN{where}")


def _weights(model: Any) -> list[Any]:
    """Return the weights but for the states of random generators, which move with use."""
    return [_array(weight) for weight in model.weights if "seed_generator" not in weight.path]


def _array(value: Any) -> Any:
    import keras

    return keras.ops.convert_to_numpy(keras.ops.cast(value, "float32"))
