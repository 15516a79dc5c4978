"""The conformance kit catches what it is there to catch: each check against a component with one fault."""

import random
import threading
from typing import Any, ClassVar

import keras
import numpy as np
import pytest
from pydantic import ConfigDict, Field

import kerascnn.testing
from kerascnn.spec import (
    Augmentation,
    Backbone,
    Head,
    Layer,
    Loss,
    Metric,
    Optimizer,
    Sample,
    Scan,
    Schedule,
    Source,
    find,
    register,
)
from kerascnn.spec.kinds import KINDS
from kerascnn.testing import (
    check_augmentation,
    check_backbone,
    check_callback,
    check_component,
    check_explainer,
    check_exporter,
    check_head,
    check_layer,
    check_light_import,
    check_loss,
    check_method,
    check_metric,
    check_optimizer,
    check_plain_keras,
    check_schedule,
    check_source,
    check_task,
    network,
)
from kerascnn.testing.method import made_up
from tests import faulty_methods
from tests.helpers import make, model_of, pictures

SHAPE = (8, 8, 4)


class Same(Layer):
    """Leave all as it is."""

    def apply(self, x):
        return x


# Components of any kind


class Bare(Layer):
    def apply(self, x):
        return x


class Mute(Same):
    """Have a field that nothing explains."""

    strength: float = 1.0


class Greedy(Same):
    """Take any parameter."""

    model_config = ConfigDict(extra="ignore")


class Soft(Same):
    """Can be changed."""

    model_config = ConfigDict(frozen=False)

    strength: float = 1.0
    """How strong."""


class Forgetful(Same):
    """Spell out less than there is."""

    strength: float = 1.0
    """How strong."""

    def spell(self):
        return {"type": self.type_name}


class Unspeakable(Same):
    """Spell out what JSON cannot hold."""

    strength: Any = 1.0
    """How strong."""

    def spell(self):
        return {"type": self.type_name, "strength": {self.strength}}


class Nameless(Same):
    """Spell out no type."""

    def spell(self):
        return {}


class Lax(Same):
    """Have a default that a spec could not give."""

    rate: float = Field(2.0, le=1)
    """A fraction."""


@pytest.mark.parametrize(
    ("cls", "parameters", "words"),
    [
        (Bare, {}, "has no docstring"),
        (Mute, {}, "nothing says what 'strength' mean"),
        (Greedy, {}, "takes parameters that it does not know"),
        (Soft, {}, "can be changed after it was made"),
        (Forgetful, {"strength": 2.0}, "parses to"),
        (Unspeakable, {}, "writing spell\\(\\) as JSON fails"),
        (Nameless, {}, "it is a mapping whose 'type' is 'broken'"),
        (Lax, {"rate": 0.5}, "parsing what spell\\(\\) gives.*less than or equal to 1"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_component_with_one_fault_is_caught(registry, cls, parameters, words):
    with pytest.raises(AssertionError, match=words):
        check_component(register("broken")(cls)(**parameters))


def test_a_component_without_fault_passes(registry):
    check_component(register("same")(Same)())


def test_a_component_that_is_not_registered_is_caught():
    class Stray(Same):
        """Never registered."""

    with pytest.raises(AssertionError, match="is not registered; put @register"):
        check_component(Stray())


def test_a_component_whose_name_leads_to_another_is_caught():
    class Cuckoo(Same):
        """Carry a name that is taken."""

        type_name: ClassVar[str] = "conv2d"

    with pytest.raises(AssertionError, match=r"a spec that says 'type: conv2d' gets .*Conv2D"):
        check_component(Cuckoo())


def test_what_is_no_component_is_caught():
    with pytest.raises(AssertionError, match="pass an instance"):
        check_component(Same)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("import numpy", "importing heavy_plugin imports numpy; import it inside the method"),
        ("from xml import nothing", "heavy_plugin cannot be imported in a fresh process: ImportError"),
        ("raise SystemExit(3)", "heavy_plugin cannot be imported in a fresh process: SystemExit: 3"),
        ("import os; os._exit(3)", "ends the process"),
    ],
)
def test_a_module_that_is_heavy_or_broken_is_caught(tmp_path, monkeypatch, text, words):
    (tmp_path / "heavy_plugin.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(AssertionError, match=words):
        check_light_import("kerascnn.spec", "heavy_plugin")


# Layers


class Failing(Layer):
    def apply(self, x):
        raise KeyError("no such thing")


class FixedBatch(Layer):
    def apply(self, x):
        return keras.ops.reshape(x, (3, -1))


class NotANumber(Layer):
    def apply(self, x):
        return keras.ops.log(-1 - keras.ops.abs(x))


class LooksAround(Layer):
    def apply(self, x):
        return x - keras.ops.mean(x, axis=0, keepdims=True)


class LeaksTraining(Layer):
    def apply(self, x):
        return keras.layers.BatchNormalization()(keras.layers.CenterCrop(8, 8)(x))


class OwnChance(Layer):
    def apply(self, x):
        start = np.random.default_rng().random()
        return keras.layers.Dense(3, kernel_initializer=keras.initializers.Constant(start))(x)


class CutOff(Layer):
    def apply(self, x):
        return keras.layers.Dense(4)(x) + keras.ops.stop_gradient(keras.layers.Dense(4, name="idle")(x))


class SteepAtZero(Layer):
    def apply(self, x):
        return keras.ops.sqrt(0 * keras.layers.Dense(4)(x))


class OnlyFloat32(Layer):
    def apply(self, x):
        if keras.config.dtype_policy().compute_dtype != "float32":
            raise ValueError("only float32")
        return x


@keras.saving.register_keras_serializable("broken")
class Counting(keras.layers.Layer):
    """Count the calls in a weight."""

    def build(self, shape):
        self.calls = self.add_weight(name="calls", initializer="zeros", trainable=False)

    def call(self, x):
        self.calls.assign(self.calls + 1)
        return x + 0


class Counts(Layer):
    def apply(self, x):
        return Counting()(x)


class HasALayerOfItsOwn(Layer):
    def apply(self, x):
        return Counting(name="counting")(x)


@pytest.mark.parametrize(
    ("cls", "words"),
    [
        (Failing, "apply\\(\\) fails with KeyError: 'no such thing'"),
        (FixedBatch, "the batch is None and every other size is known"),
        (NotANumber, "gives infinite numbers or NaN"),
        (LooksAround, "depends on chance or on the rest of the batch"),
        (LeaksTraining, "called without training= it answers as in training"),
        (OwnChance, "built twice with the same seed it has different weights"),
        (CutOff, "training does not move these weights: idle/kernel, idle/bias"),
        (SteepAtZero, "makes these weights infinite or NaN: dense.*/kernel"),
        (OnlyFloat32, "under the policy mixed_bfloat16 fails with ValueError: only float32"),
        (Counts, "to call it changes its weights outside of training"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_layer_with_one_fault_is_caught(cls, words):
    with pytest.raises(AssertionError, match=words):
        check_layer(cls(), SHAPE, plain_keras=False)


def test_the_policy_comes_back_after_a_fault():
    with pytest.raises(AssertionError, match="only float32"):
        check_layer(OnlyFloat32(), SHAPE, plain_keras=False)
    assert keras.config.dtype_policy().name == "float32"


class BeginsAtZero(Layer):
    def apply(self, x):
        y = keras.layers.Dense(4)(x)
        return x + keras.layers.Dense(4, kernel_initializer="zeros")(y)


def test_a_branch_that_begins_at_zero_is_no_fault():
    model = check_layer(BeginsAtZero(), SHAPE, plain_keras=False)
    assert len(model.weights) == 4


def test_what_is_no_layer_is_caught():
    with pytest.raises(AssertionError, match="is no layer"):
        check_layer(Whole(), SHAPE)


@pytest.mark.slow
def test_models_that_need_more_than_keras_are_caught_and_the_others_not():
    models = {
        "composed": model_of(BeginsAtZero(), SHAPE),
        "of its own": model_of(HasALayerOfItsOwn(), SHAPE),
    }
    with pytest.raises(AssertionError, match="1 of 2 saved models do not open with plain Keras") as caught:
        check_plain_keras(models, without=["tests"])
    assert "of its own: cannot be loaded" in str(caught.value)
    assert "composed:" not in str(caught.value)


def test_a_check_by_itself_opens_the_saved_model_without_the_package_of_the_component(monkeypatch):
    opened = []
    monkeypatch.setattr(network, "check_plain_keras", lambda models, without: opened.append((models, without)))
    model = check_layer(BeginsAtZero(), SHAPE)
    assert opened == [({"layer 'BeginsAtZero'": model}, ["kerascnn", "tests"])]


# Backbones and heads


class Whole(Backbone):
    def apply(self, x):
        return {"out": x}


class OneTensor(Backbone):
    def apply(self, x):
        return x


class Nothing(Backbone):
    def apply(self, x):
        return {}


class OddName(Backbone):
    def apply(self, x):
        return {"C2": x}


class WrongStride(Backbone):
    def apply(self, x):
        return {"P2": keras.layers.MaxPooling2D(2)(x)}


class Shuffled(Backbone):
    def apply(self, x):
        y = keras.layers.MaxPooling2D(2)(x)
        return {"P2": keras.layers.MaxPooling2D(2)(y), "P1": y}


class OutFirst(Backbone):
    def apply(self, x):
        return {"out": keras.layers.Flatten()(x), "P1": keras.layers.MaxPooling2D(2)(x)}


@pytest.mark.parametrize(
    ("cls", "words"),
    [
        (OneTensor, "give a dict of features by name"),
        (Nothing, "give a dict of features by name"),
        (OddName, "names a feature 'C2'; call it 'P<level>'"),
        (WrongStride, "'P2' of a picture of \\(16, 16, 3\\) has the shape \\(8, 8, 3\\)"),
        (Shuffled, "gives the features P2, P1; put the deepest one last"),
        (OutFirst, "gives the features out, P1; put the deepest one last"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_backbone_with_one_fault_is_caught(cls, words):
    with pytest.raises(AssertionError, match=words):
        check_backbone(cls(), (16, 16, 3), plain_keras=False)


def test_slack_allows_for_maps_that_are_smaller():
    check_backbone(WrongStride(), (8, 8, 3), slack=2, plain_keras=False)
    with pytest.raises(AssertionError, match="is no backbone"):
        check_backbone(Same(), (8, 8, 3))


class OneTooMany(Head):
    output = "classes"

    def apply(self, features, outputs):
        return keras.layers.Dense(outputs + 1, dtype="float32")(features["out"])


class HalfPrecision(Head):
    output = "classes"

    def apply(self, features, outputs):
        return keras.layers.Dense(outputs)(features["out"])


@pytest.mark.parametrize(
    ("cls", "words"),
    [
        (OneTooMany, "gives \\(None, 4\\) where 3 outputs are asked for"),
        (HalfPrecision, "answers in bfloat16 under the policy mixed_bfloat16"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_head_with_one_fault_is_caught(cls, words):
    with pytest.raises(AssertionError, match=words):
        check_head(cls(), {"out": (6,)}, 3, plain_keras=False)


def test_what_is_no_head_is_caught():
    with pytest.raises(AssertionError, match="is no head"):
        check_head(Same(), {"out": (6,)}, 3)


# Augmentations


class Darker(Augmentation):
    """Subtract a random number: right in itself."""

    def apply(self, images, rng):
        dark = rng.integers(0, 50, size=(len(images), 1, 1, 1))
        return np.maximum(images.astype(int) - dark, 0).astype("uint8")


class MakesFloats(Darker):
    def apply(self, images, rng):
        return images * rng.random()


class Cuts(Darker):
    def apply(self, images, rng):
        return images[:, 1:]


class WritesToItsInput(Darker):
    def apply(self, images, rng):
        images[:, 0] = rng.integers(0, 256)
        return images


class RollsItsOwnDice(Darker):
    def apply(self, images, rng):
        return np.roll(images, random.randint(0, 10_000), axis=1) ^ np.uint8(random.randint(1, 255))


class LeavesNothingToChance(Darker):
    def apply(self, images, rng):
        return 255 - images


class NeedsColour(Darker):
    def apply(self, images, rng):
        return super().apply(images[..., [0, 1, 2]], rng)


class NeedsTheMainThread(Darker):
    def apply(self, images, rng):
        if threading.current_thread() is not threading.main_thread():
            raise RuntimeError("signal only works in main thread")
        return super().apply(images, rng)


class MakesLists(Darker):
    def apply(self, images, rng):
        return list(images)


@pytest.mark.parametrize(
    ("cls", "words"),
    [
        (MakesFloats, "gives float64 of uint8"),
        (Cuts, "gives the shape \\(8, 31, 32, 3\\) of \\(8, 32, 32, 3\\)"),
        (WritesToItsInput, "writes to its input; change a copy"),
        (RollsItsOwnDice, "the same generator gives different batches"),
        (LeavesNothingToChance, "does the same to a batch with 16 different seeds"),
        (NeedsColour, "on a batch of \\(8, 32, 32, 1\\) in a thread fails with IndexError"),
        (NeedsTheMainThread, "in a thread fails with RuntimeError: signal only works in main thread"),
        (MakesLists, "gives builtins.list; give a NumPy array"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_an_augmentation_with_one_fault_is_caught(cls, words):
    random.seed(0)
    with pytest.raises(AssertionError, match=words):
        check_augmentation(cls())


def test_an_augmentation_without_fault_passes():
    check_augmentation(Darker())
    check_augmentation(Darker(), (2, 5, 7, 1))


def test_what_is_no_augmentation_is_caught():
    with pytest.raises(AssertionError, match="is no augmentation"):
        check_augmentation(Same())


# Sources


class Given(Source):
    """Give what a test hands over."""

    scans: Any = ()
    """The scans, one after another."""

    def scan(self):
        return self.scans.pop(0)


def sample(**changes):
    return Sample(**{"id": "1", "payload": pictures(4, 4, 1), "label": "cat", **changes})


def given(*samples, labels=("cat", "dog"), notes=()):
    scan = Scan(samples, labels, notes)
    return Given(scans=[scan, scan])


def test_a_source_without_fault_passes(tmp_path):
    file = tmp_path / "2.jpg"
    file.touch()
    scan = check_source(given(sample(), sample(id="2", payload=file, label="dog", split="test"), notes=["1 left out"]))
    assert len(scan.samples) == 2


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (given(), "finds no sample"),
        (given(sample(), sample(label="dog")), "gives several samples the id \\['1'\\]"),
        (given(sample(id="")), "has the id ''; give it a text"),
        (given(sample(id=1)), "has the id 1; give it a text"),
        (given(sample(label="owl")), "samples have the labels \\['owl'\\], which are not among Scan.labels"),
        (given(sample(label=1), labels=["1"]), "samples have the labels \\['1'\\]"),
        (given(sample(), labels=["cat", "cat"]), "none empty, none twice"),
        (given(sample(), labels=["cat", ""]), "none empty, none twice"),
        (given(sample(split="val")), "is in the split 'val'; it is None or one of train, validation, test"),
        (given(sample(payload="a.jpg")), "the payload of the sample '1' is str; give a pathlib.Path"),
        (given(sample(payload=np.zeros((4, 4)))), "is ndarray of float64 with the shape \\(4, 4\\)"),
        (given(sample(payload=np.zeros(4, "uint8"))), "is ndarray of uint8 with the shape \\(4,\\)"),
        (given(sample(), notes="left out: 1"), "give a list of sentences"),
        (Given(scans=[[sample()], []]), "scan\\(\\) gives list; give a kerascnn.spec.Scan"),
        (Given(scans=[]), "scan\\(\\) fails with IndexError"),
    ],
    ids=range(15),
)
def test_a_source_with_one_fault_is_caught(source, words):
    with pytest.raises(AssertionError, match=words):
        check_source(source)


def test_a_source_of_files_that_are_not_there_is_caught(tmp_path):
    with pytest.raises(AssertionError, match="where there is no file"):
        check_source(given(sample(payload=tmp_path / "gone.jpg")))


def test_a_source_in_another_order_each_time_is_caught():
    one, two = sample(), sample(id="2")
    labels = ("cat",)
    with pytest.raises(AssertionError, match="another order, when it scans again"):
        check_source(Given(scans=[Scan([one, two], labels), Scan([two, one], labels)]))


def test_a_source_whose_elements_change_is_caught():
    first, second = sample(), sample(payload=pictures(4, 4, 1, seed=1))
    with pytest.raises(AssertionError, match="finds something else"):
        check_source(Given(scans=[Scan([first], ["cat"]), Scan([second], ["cat"])]))


def test_paths_that_are_no_fields_are_caught():
    class Lost(Given):
        paths: ClassVar[tuple[str, ...]] = ("folder",)

    with pytest.raises(AssertionError, match="its `paths` name 'folder'"):
        check_source(Lost())


def test_what_is_no_source_is_caught():
    with pytest.raises(AssertionError, match="is no source"):
        check_source(Same())


# Schedules


class Still(Schedule):
    """Keep the rate: right in itself."""

    rate: Any = None
    """Gives the rate or the schedule."""
    factor: Any = None
    """Gives what `react` returns."""

    def make(self, learning_rate, steps):
        return self.rate(learning_rate, steps) if self.rate else learning_rate

    def react(self, waited, left=1.0):
        return self.factor(waited) if self.factor else 1.0


class Curve(keras.optimizers.schedules.LearningRateSchedule):
    """Rates by a function of the step."""

    def __init__(self, of):
        self.of = of

    def __call__(self, step):
        return self.of(keras.ops.cast(step, "float32"))

    def get_config(self):
        return {}


@pytest.mark.parametrize(
    ("schedule", "words"),
    [
        (Still(rate=lambda rate, steps: [rate] * steps), "make\\(\\) gives list; give a number, or a keras"),
        (Still(rate=lambda rate, steps: rate / (steps - 1)), "make\\(\\) for 1 steps fails with ZeroDivisionError"),
        (Still(rate=lambda rate, steps: Curve(lambda s: rate - s)), "gives the rate -2.5 over 1 steps"),
        (Still(rate=lambda rate, steps: Curve(lambda s: rate * (1 + s))), "gives the rate 2 over 1 steps in a stage"),
        (Still(rate=lambda rate, steps: Curve(lambda s: rate / (1 - s))), "not finite over 1 steps"),
        (Still(rate=lambda rate, steps: Curve(lambda s: rate * 0.0 * s)), "no rate but 0 over 1 steps"),
        (Still(rate=lambda rate, steps: Curve(lambda s: 0.1 + 0 * s)), "twice the rate over 1 steps; multiply with"),
        (Still(rate=lambda rate, steps: rate * random.random()), "gives other rates the second time"),
        (Still(factor=lambda waited: 0.0), "react\\(0, 1.0\\) gives 0.0; give a factor above 0"),
        (Still(factor=lambda waited: 0.5), "react\\(0, 1.0\\) gives 0.5; after an epoch that is better"),
        (
            Still(rate=lambda rate, steps: Curve(lambda s: rate + 0 * s), factor=lambda waited: 0.5 if waited else 1),
            "react\\(1, 1.0\\) gives 0.5, and make\\(\\) a schedule",
        ),
    ],
    ids=range(11),
)
def test_a_schedule_with_one_fault_is_caught(schedule, words):
    with pytest.raises(AssertionError, match=words):
        check_schedule(schedule)


def test_a_schedule_without_fault_passes():
    check_schedule(Still(factor=lambda waited: 0.5 if waited == 3 else 1.0))


# Optimizers


class Plain(Optimizer):
    """Keras's own: right in itself."""

    made: Any = None
    """Changes what is made."""

    def make(self, learning_rate, *, accumulate=1):
        one = make("optimizer", "sgd", momentum=0.9).make(learning_rate, accumulate=accumulate)
        return self.made(one, learning_rate) if self.made else one


class Remembers(keras.optimizers.SGD):
    """Count steps where no checkpoint looks."""

    steps = 0

    def apply(self, grads, trainable_variables=None):
        self.steps += 1
        return super().apply([g / self.steps for g in grads], trainable_variables)


class Forgets(keras.optimizers.SGD):
    """Leave out vectors."""

    def update_step(self, gradient, variable, learning_rate):
        if len(variable.shape) > 1:
            super().update_step(gradient, variable, learning_rate)


class Waits(Plain):
    """Take no heed of `accumulate`."""

    def make(self, learning_rate, *, accumulate=1):
        return keras.optimizers.SGD(learning_rate)


class Remembering(Plain):
    """Keep the number of steps in Python, where a step is one batch."""

    def make(self, learning_rate, *, accumulate=1):
        if accumulate > 1:
            return super().make(learning_rate, accumulate=accumulate)
        return Remembers(learning_rate)


ONE = keras.optimizers.SGD(0.05)


@pytest.mark.parametrize(
    ("optimizer", "words"),
    [
        (Plain(made=lambda one, rate: "sgd"), "make\\(\\) gives str; give a keras.optimizers.Optimizer"),
        (Plain(made=lambda one, rate: ONE), "gives the same optimizer twice"),
        (Plain(made=lambda one, rate: keras.optimizers.SGD(0.3)), "gives an optimizer whose rate is 0.3"),
        (Plain(made=lambda one, rate: Forgets(rate)), "its steps do not move 'fc/bias'"),
        (Waits(), "with a schedule and accumulate=2 its rate is 0.03 after 4 batches, and that of step 2 is 0.04"),
        (Remembering(), "given its variables it goes on to other bits"),
    ],
    ids=range(6),
)
def test_an_optimizer_with_one_fault_is_caught(optimizer, words):
    with pytest.raises(AssertionError, match=words):
        check_optimizer(optimizer)


def test_an_optimizer_without_fault_passes():
    check_optimizer(Plain())


# Tasks


class Faulty(find("task", "image_classification")):
    """Classify, with the fault that a test says."""

    fault: str = ""
    """What is wrong."""

    def outputs(self, info):
        return 0 if self.fault == "outputs" else super().outputs(info)

    def targets(self, answers, info):
        if self.fault == "targets":
            return super().targets(answers, info)[1:]
        if self.fault == "writes":
            answers[0] = 2
        return super().targets(answers, info)

    def loss(self, info):
        return keras.losses.CosineSimilarity(axis=0, reduction=None) if self.fault == "loss" else super().loss(info)

    def compiled_metrics(self):
        if self.fault == "metrics":
            return [keras.metrics.CategoricalAccuracy(name="right")]
        return super().compiled_metrics()

    def report(self, truth, answers, info):
        found = super().report(truth, answers, info)
        if self.fault == "json":
            found["metrics"]["accuracy"] = np.float32(1)
        if self.fault == "lacks":
            del found["per_class"]
        if self.fault == "chance":
            found["metrics"]["log_loss"] = random.random()
        if self.fault == "direction":
            found["metrics"]["accuracy"] = 1 - found["metrics"]["accuracy"]
        return found

    def each(self, truth, answers, info):
        return ("accuracy", "max", np.ones(3)) if self.fault == "each" else super().each(truth, answers, info)

    def say(self, answer, labels):
        found = super().say(answer, labels)
        if self.fault == "confidence":
            found["confidence"] = 97.5
        if self.fault == "label":
            found["label"] = 3
        if self.fault == "values":
            found["probabilities"].popitem()
        return found


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("outputs", "outputs\\(\\) gives 0; give a whole number above 0"),
        ("targets", "targets\\(\\) gives ndarray of the shape \\(11, 3\\) for 12 samples"),
        ("writes", "targets\\(\\) writes to the answers that it is given"),
        ("loss", "its loss of a batch has the shape \\(3,\\); it is a single number"),
        ("metrics", "compiled_metrics\\(\\) gives \\['right'\\], and its `metrics` are \\['accuracy'\\]"),
        ("json", "writing report\\(\\) as JSON fails with TypeError"),
        ("lacks", "report\\(\\) lacks per_class"),
        ("chance", "report\\(\\) says something else the second time"),
        ("direction", "accuracy is 0 for right answers and .*'max' is said to be better"),
        ("each", "each\\(\\) gives ndarray of the shape \\(3,\\) for 12 samples"),
        ("confidence", "gives the confidence 97.5; it is from 0 to 1"),
        ("label", "give 'label', a text"),
        ("values", "give 'probabilities' or 'values', a number for each of"),
    ],
)
def test_a_task_with_one_fault_is_caught(fault, words):
    with pytest.raises(AssertionError, match=words):
        check_task(Faulty(fault=fault))


# Losses and metrics


class OneLoss(Loss):
    """Minimise what a test hands over."""

    outputs: ClassVar[frozenset[str]] = frozenset({"classes"})

    of: Any = None
    """The loss of a batch."""

    def make(self, info):
        return self.of


def entropy(y, p):
    return keras.ops.mean(-keras.ops.sum(y * keras.ops.log(p), -1))


def writes(y, p):
    y[0] = 0
    return entropy(y, p)


class ForNothing(OneLoss):
    outputs: ClassVar[frozenset[str]] = frozenset({"smells"})


class ForText(OneLoss):
    outputs: ClassVar[frozenset[str]] = "classes"


@pytest.mark.parametrize(
    ("loss", "words"),
    [
        (OneLoss(of="mse"), "make\\(\\) gives 'mse'; give a keras.losses.Loss"),
        (OneLoss(of=lambda y, p: 1 / 0), "calling what make\\(\\) gives fails with ZeroDivisionError"),
        (OneLoss(of=keras.losses.CategoricalCrossentropy(reduction=None)), "it has the shape \\(12,\\)"),
        (OneLoss(of=lambda y, p: keras.ops.log(-keras.ops.sum(p))), "it is nan; it is finite"),
        (OneLoss(of=lambda y, p: entropy(y, p) * random.random()), "the second time"),
        (OneLoss(of=writes), "it writes to what it is given"),
        (OneLoss(of=lambda y, p: len(y) * entropy(y, p)), "of its samples by themselves .* in the mean"),
        (OneLoss(of=lambda y, p: -entropy(y, p)), "for right answers, and .* for those of chance"),
        (OneLoss(of=entropy), "its gradient of answers that are sure is not finite"),
        (ForNothing(), "is for smells, which no task of the core answers with"),
        (ForText(), "its `outputs` are 'classes'; give a frozenset"),
    ],
    ids=range(11),
)
def test_a_loss_with_one_fault_is_caught(loss, words):
    random.seed(0)
    with pytest.raises(AssertionError, match=words):
        check_loss(loss)


def test_a_loss_for_any_answers_passes():
    class ForAll(OneLoss):
        outputs: ClassVar[frozenset[str]] = frozenset()

    check_loss(ForAll(of=keras.losses.MeanSquaredError()))
    check_loss(ForAll(of=keras.losses.MeanSquaredError()), make("task", "series_forecast"))


class Accuracy(Metric):
    """Measure as a test says."""

    outputs: ClassVar[frozenset[str]] = frozenset({"classes"})
    better: ClassVar[str] = "max"

    of: Any = None
    """The figure, given whether each answer is right."""

    def measure(self, truth, answers, info):
        right = answers.argmax(1) == truth
        return self.of(truth, right) if self.of else right.mean()


class Turned(Accuracy):
    better: ClassVar[str] = "min"


class Aimless(Accuracy):
    better: ClassVar[str] = "up"


def overwrites(truth, right):
    truth[:] = 0
    return 1.0


@pytest.mark.parametrize(
    ("metric", "words"),
    [
        (Aimless(), "the better direction is 'up'; it is 'max' or 'min'"),
        (Turned(), "it is 1 for right answers and .* for those of chance, and 'min' is said to be better"),
        (Accuracy(of=lambda truth, right: right), "measure\\(\\) gives ndarray; give a float"),
        (Accuracy(of=lambda truth, right: float("nan")), "gives nan for samples of every class"),
        (Accuracy(of=lambda truth, right: random.random()), "the second time; seed what is random"),
        (Accuracy(of=lambda truth, right: float(truth[0])), "for the same samples in another order"),
        (Accuracy(of=overwrites), "measure\\(\\) writes to what it is given"),
        (Accuracy(of=lambda truth, right: right[5] / 1.0), "measure\\(\\) of 1 samples fails with IndexError"),
    ],
    ids=range(8),
)
def test_a_metric_with_one_fault_is_caught(metric, words):
    random.seed(0)
    with pytest.raises(AssertionError, match=words):
        check_metric(metric)


def test_a_metric_without_fault_passes():
    check_metric(Accuracy())


# Methods


@pytest.fixture(scope="module")
def short(tmp_path_factory):
    return made_up(tmp_path_factory.mktemp("method"), epochs=2)


@pytest.mark.parametrize(
    ("cls", "words"),
    [
        (faulty_methods.Refuses, "a training with it fails with DataError: .*not today"),
        (faulty_methods.Counts, "a training that is stopped .* and resumed .*variables that it adds to the optimizer"),
        (
            faulty_methods.Lingers,
            "loading the model that is kept fails with TypeError: .*Could not locate function 'smooth'",
        ),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_method_with_one_fault_is_caught(registry, short, cls, words):
    with pytest.raises(AssertionError, match=words):
        check_method(register("broken")(cls)(), short)


# Of all kinds


def test_every_kind_has_a_check():
    ours = [kind for kind, cls in KINDS.items() if cls.__module__.startswith("kerascnn.")]
    assert len(ours) == 15
    for kind in ours:
        assert callable(getattr(kerascnn.testing, f"check_{kind}")), kind
        assert f"check_{kind}" in kerascnn.testing.__all__


@pytest.mark.parametrize(
    "check",
    [
        check_callback,
        check_explainer,
        check_exporter,
        check_loss,
        check_method,
        check_metric,
        check_optimizer,
        check_schedule,
        check_task,
    ],
)
def test_what_is_of_another_kind_is_caught(check, tmp_path):
    with pytest.raises(AssertionError, match="is no "):
        check(Same(), *([tmp_path] if check in (check_callback, check_exporter) else []))
