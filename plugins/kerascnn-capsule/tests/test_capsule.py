"""Capsules: the routing against the paper's procedure, the loss by hand, what is said of lengths, and a training."""

import numpy as np
import pytest
from kerascnn_capsule import CapsuleClassification, DigitCapsules, PrimaryCapsules
from kerascnn_capsule.squash import lengths, squash

import kerascnn
from kerascnn import BuildError, SpecError, UsageError, load_spec
from kerascnn.spec import DataInfo, find
from kerascnn.templates_list import find_template
from kerascnn.testing import check_component, check_head, check_layer, check_light_import, check_plain_keras, check_task

INFO = DataInfo((8, 8, 1), ("a", "b", "c"))
TASK = CapsuleClassification()


def changed(tmp_path, old, new):
    """Return a spec file: the template with something else in a place."""
    path = tmp_path / "spec.yaml"
    path.write_text(find_template("capsule.digits").read_text("utf-8").replace(old, new, 1), "utf-8")
    return path


def head_model(head, below, outputs):
    """Return a Keras model of the head on capsules of this shape."""
    import keras

    inputs = keras.Input(below, name="out")
    return keras.Model(inputs, head.apply({"out": inputs}, outputs))


def test_the_plugin_is_installed_under_its_name():
    assert find("layer", "capsule.primary") is PrimaryCapsules
    assert find("head", "capsule.digits") is DigitCapsules
    assert find("task", "capsule.classification") is CapsuleClassification


@pytest.mark.parametrize("component", [PrimaryCapsules(), DigitCapsules(), TASK], ids=lambda one: one.type_name)
def test_each_component_conforms(component):
    check_component(component)


def test_it_is_light_to_import():
    check_light_import("kerascnn_capsule")


def test_the_parts_of_the_network_conform():
    layer = PrimaryCapsules(capsules=3, size=4, kernel_size=3)
    # Maps of 8 x 8 become 3 x 3 places of 3 capsules each.
    assert check_layer(layer, (8, 8, 2), plain_keras=False).output_shape == (None, 27, 4)
    check_head(DigitCapsules(size=5), {"out": (6, 4)}, 3, plain_keras=False)


def test_the_task_conforms():
    assert check_task(TASK)["metrics"]["accuracy"] >= 0


def test_squashing_keeps_the_direction_and_ends_below_a_length_of_1():
    found = np.asarray(squash(np.array([[3, 4], [0.3, 0.4], [0, 0]], "float32")))
    assert found == pytest.approx(
        np.array([[0.6, 0.8], [0.6, 0.8], [0, 0]]) * [[25 / 26], [0.25 / 1.25], [0]], abs=1e-6
    )
    assert np.asarray(lengths(found)) == pytest.approx([25 / 26, 0.2, 0], abs=1e-4)


def by_the_paper(capsules, weights, iterations):
    """Return the lengths of procedure 1 of the paper, one capsule after another."""
    below, classes = weights.shape[0], weights.shape[2]
    predicted = np.array([[capsules[i] @ weights[i, :, j] for j in range(classes)] for i in range(below)])
    logits = np.zeros((below, classes))
    for _ in range(iterations):
        vectors = []
        for j in range(classes):
            shares = np.exp(logits)[:, j] / np.exp(logits).sum(1)
            total = sum(shares[i] * predicted[i, j] for i in range(below))
            square = total @ total
            vectors.append(square / (1 + square) * total / np.sqrt(square))
        logits = logits + np.array([[predicted[i, j] @ vectors[j] for j in range(classes)] for i in range(below)])
    return [float(np.linalg.norm(vector)) for vector in vectors]


@pytest.mark.parametrize("iterations", [1, 2, 3])
def test_the_routing_is_that_of_the_paper(iterations):
    rng = np.random.default_rng(4)
    model = head_model(DigitCapsules(size=2, iterations=iterations), (5, 3), 4)
    weights, capsules = rng.normal(size=(5, 3, 4, 2)), rng.normal(size=(2, 5, 3)).astype("float32")
    model.set_weights([weights])
    found = model.predict_on_batch(capsules)
    assert found == pytest.approx(np.array([by_the_paper(one, weights, iterations) for one in capsules]), rel=1e-4)


def test_a_class_that_capsules_agree_on_gets_more_from_them():
    # Both predict the same of the first class, and opposite things of the second.
    weights = np.array([[[[1, 0], [1, 0]]], [[[1, 0], [-1, 0]]]], "float32")
    found = []
    for iterations in (1, 3):
        model = head_model(DigitCapsules(size=2, iterations=iterations), (2, 1), 2)
        model.set_weights([weights])
        found.append(model.predict_on_batch(np.ones((1, 2, 1), "float32"))[0])
    assert found[0] == pytest.approx([0.5, 0], abs=1e-4)  # half of each: a vector of length 1
    assert found[1][0] > 0.6
    assert found[1][1] < 1e-3


def test_the_margin_loss_by_hand():
    import keras

    loss = TASK.loss(INFO)
    wanted, said = np.eye(3, dtype="float32"), np.array([[0.8, 0.3, 0.05], [0.1, 0.95, 0.1], [0, 0, 0]], "float32")
    each = [0.1**2 + 0.5 * 0.2**2, 0, 0.9**2]
    assert float(loss(wanted, said)) == pytest.approx(np.mean(each), rel=1e-5)
    again = keras.losses.deserialize(keras.losses.serialize(CapsuleClassification(present=0.7).loss(INFO)))
    assert float(again(wanted[2:], said[2:])) == pytest.approx(0.49, rel=1e-5)


def test_the_report_says_how_long_capsules_are_and_calls_none_a_probability():
    answers = np.array([[0.9, 0.1, 0.2], [0.6, 0.8, 0.1], [0.1, 0.3, 0.2], [0.2, 0.6, 0.1]], "float32")
    report = TASK.report(np.array([0, 1, 1, 0]), answers, INFO)
    assert report["metrics"]["accuracy"] == 0.75
    assert report["floor"]["accuracy"] == 0.5
    assert not [name for part in ("metrics", "floor", "intervals") for name in report[part] if "log_loss" in name]
    (section,) = report["sections"]
    assert section["text"].startswith(
        "50.0% of the pictures have one capsule longer than 0.5, 25.0% several, 25.0% none"
    )
    rows = {label: numbers for label, *numbers in section["table"]["rows"]}
    assert rows["a"] == pytest.approx([0.55, 0.35])
    assert rows["b"] == pytest.approx([0.55, 0.35])
    assert rows["c"][0] is None


def test_a_length_is_no_confidence():
    said = TASK.say(np.array([0.25, 0.75, 0.5], "float32"), INFO.labels)
    assert said == {"label": "b", "confidence": None, "values": {"a": 0.25, "b": 0.75, "c": 0.5}}


def test_maps_in_the_place_of_capsules_are_refused():
    spec = load_spec(find_template("capsule.digits"))
    backbone = spec.model.backbone.model_copy(update={"layers": spec.model.backbone.layers[:1]})
    spec = spec.model_copy(update={"model": spec.model.model_copy(update={"backbone": backbone})})
    with pytest.raises(BuildError, match=r"model.head: .*capsule.primary"):
        kerascnn.build_model(spec, INFO)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("capsule.classification", "image_classification", "'capsule.digits' serves capsule.classification"),
        ("type: capsule.digits", "type: classifier", "not 'capsule.classification', which takes capsule.digits"),
        (
            "capsule.classification",
            "capsule.classification\n  present: 0.1",
            r"absent \(0.1\) should be less than pres",
        ),
        ("capsules: 8", "capsules: 0", "capsules: should be 1 or more"),
    ],
)
def test_parts_that_do_not_go_together_are_refused(tmp_path, old, new, said):
    with pytest.raises(SpecError, match=said):
        load_spec(changed(tmp_path, old, new))


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    faster = ["train.stages.0.epochs=3", "train.stages.0.learning_rate=0.004", "model.backbone.layers.1.capsules=4"]
    return kerascnn.train(find_template("capsule.digits"), folder, overrides=faster)


def test_its_template_learns_digits(run):
    report = run.evaluate("validation")
    assert report["floor"]["accuracy"] < 0.12
    assert report["metrics"]["accuracy"] > 0.6


def test_the_page_of_the_run_has_the_lengths(run):
    run.evaluate("validation")
    assert "Lengths of the capsules" in (run.path / "report.html").read_text("utf-8")


def test_a_run_gives_lengths_and_cannot_be_calibrated(run):
    from sklearn.datasets import load_digits

    pictures = np.rint(load_digits().images[:5] * (255 / 16)).astype("uint8")[..., None]
    said = run.predict(list(pictures))
    assert all(one.confidence is None and min(one.values.values()) >= 0 for one in said)
    assert [max(one.values, key=one.values.get) for one in said] == [one.label for one in said]
    with pytest.raises(UsageError, match="gives no probabilities"):
        run.calibrate()


def test_the_vectors_of_a_saved_model_have_the_lengths_that_it_answers_with(run):
    import keras

    head = run.model.get_layer("head")
    both = keras.Model(head.input, [head.get_layer("capsules").output, head.output])
    below = {name: np.random.default_rng(0).normal(size=(2, *x.shape[1:])) for name, x in head.input.items()}
    vectors, answers = both.predict_on_batch(below)
    assert vectors.shape == (2, 10, 16)
    assert np.linalg.norm(vectors, axis=-1) == pytest.approx(answers, abs=1e-4)


def test_a_saved_run_opens_with_keras_alone(run):
    check_plain_keras({"run": run.model}, without=["kerascnn", "kerascnn_capsule"])
