"""AdaBN, the curriculum and the perceptual loss: conformance, numbers that are known, and one training."""

import json

import keras
import numpy as np
import pytest
from kerascnn_adapt import Adabn, Curriculum, adapt
from kerascnn_adapt.__main__ import main
from kerascnn_adapt.nn import Paced, PerceptualLoss, easiest, hardness
from kerascnn_adapt.statistics import Norms

import kerascnn
from kerascnn import SpecError, load_spec
from kerascnn.errors import DataError, UsageError
from kerascnn.spec import find
from kerascnn.templates_list import find_template
from kerascnn.testing import check_component, check_light_import, check_method, check_plain_keras
from kerascnn.testing.method import made_up


def number(tensor):
    return keras.ops.convert_to_numpy(tensor)


def write_pictures(folder, arrays):
    from PIL import Image

    folder.mkdir(parents=True, exist_ok=True)
    for i, array in enumerate(arrays):
        Image.fromarray(array).save(folder / f"{i:04d}.png")
    return folder


def digits():
    from sklearn.datasets import load_digits

    return np.rint(load_digits().images * (255 / 16)).astype("uint8")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    faster = ["train.stages.0.epochs=5"]
    spec = find_template("adapt.curriculum_digits")
    return kerascnn.train(spec, tmp_path_factory.mktemp("runs"), overrides=faster)


def test_they_are_installed_under_their_names():
    assert find("method", "adapt.adabn") is Adabn
    assert find("method", "adapt.curriculum") is Curriculum
    check_component(Curriculum(run="x", pacing="root"))
    check_light_import("kerascnn_adapt")


# The curriculum.


@pytest.mark.parametrize(
    ("share", "wanted"),
    [
        (0.5, [2, 0, 0, 2]),
        (0.25, [4, 0, 0, 0]),
        (1.0, [1, 1, 1, 1]),
        (0.01, [4, 0, 0, 0]),
        (0.6, [4 / 3, 0, 4 / 3, 4 / 3]),
    ],
)
def test_the_easiest_share_counts_and_the_mean_weight_is_one(share, wanted):
    assert number(easiest(np.array([0.1, 9, 0.4, 0.2], "float32"), share)) == pytest.approx(np.array(wanted))


def test_samples_that_are_as_hard_as_the_last_that_counts_count_too():
    assert number(easiest(np.array([1, 1, 2, 3], "float32"), 0.25)).tolist() == [2, 2, 0, 0]


def test_how_hard_a_sample_is_is_its_own_loss():
    targets, answers = np.array([[0, 1], [1, 0]], "float32"), np.array([[0.75, 0.25], [0.5, 0.5]], "float32")
    assert hardness(np, "classes", targets, answers) == pytest.approx(-np.log([0.25, 0.5]), rel=1e-5)
    assert hardness(np, "values", targets, answers) == pytest.approx([0.5625, 0.25])
    assert hardness(np, "each_class", targets, answers) == pytest.approx(-np.log([0.25, 0.5]), rel=1e-5)
    assert number(hardness(keras.ops, "classes", targets, answers)) == pytest.approx(-np.log([0.25, 0.5]), rel=1e-5)


def test_the_loss_of_training_is_the_mean_over_the_easiest_and_that_of_validation_over_all():
    inputs = keras.Input((1,))
    model = Paced(inputs, keras.layers.Identity()(inputs))
    share = keras.Variable(0.5, trainable=False)
    model.pace_by(share, "values")
    model.compile(loss="mean_squared_error", optimizer="sgd")
    x, y = np.array([[1], [2], [3], [4]], "float32"), np.zeros((4, 1), "float32")
    assert float(number(model.compute_loss(x, y, x))) == pytest.approx((1 + 4) / 2)
    assert float(number(model.compute_loss(x, y, x, training=False))) == pytest.approx((1 + 4 + 9 + 16) / 4)
    share.assign(1.0)
    assert float(number(model.compute_loss(x, y, x))) == pytest.approx((1 + 4 + 9 + 16) / 4)
    assert share in model.variables


def test_another_model_ranks_where_targets_come_with_how_hard_they_are():
    inputs = keras.Input((1,))
    model = Paced(inputs, keras.layers.Identity()(inputs))
    model.pace_by(keras.Variable(0.5, trainable=False), "values")
    model.compile(loss="mean_squared_error", optimizer="sgd", metrics=["mae"])
    x, y = np.array([[1], [2], [3], [4]], "float32"), np.zeros((4, 1), "float32")
    hard = np.array([4, 3, 2, 1], "float32")
    assert float(number(model.compute_loss(x, (y, hard), x))) == pytest.approx((9 + 16) / 2)
    assert float(number(model.compute_metrics(x, (y, hard), x)["mae"])) == pytest.approx(2.5)


@pytest.mark.slow
def test_a_curriculum_conforms_and_says_its_shares():
    facts = check_method(Curriculum(begin=0.5, until=0.5))
    assert facts["by"] == "the network itself"
    assert facts["shares"] == pytest.approx([0.5, 2 / 3, 5 / 6, 1, 1, 1], abs=1e-5)


def test_another_run_can_say_how_hard_samples_are(tmp_path):
    spec = made_up(tmp_path, epochs=2)
    first = kerascnn.train(spec, tmp_path / "runs")
    tree = spec.spell()
    tree["train"]["stages"][0]["methods"] = [{"type": "adapt.curriculum", "run": str(first.path), "begin": 0.25}]
    second = kerascnn.train(kerascnn.spec_from_dict(tree), tmp_path / "runs")
    [stage] = second.effective["stages"]
    assert stage["methods"]["adapt.curriculum"]["by"] == str(first.path)
    assert [line["loss"] for line in second.history] != [line["loss"] for line in first.history]
    tree["train"]["stages"][0]["methods"][0]["run"] = str(tmp_path)
    with pytest.raises(DataError, match=r"train.stages.0.methods.0.run: .* is no folder of a run"):
        kerascnn.train(kerascnn.spec_from_dict(tree), tmp_path / "runs")


def test_a_share_of_nothing_is_refused_at_its_place(tmp_path):
    text = find_template("adapt.curriculum_digits").read_text("utf-8")
    (tmp_path / "spec.yaml").write_text(text.replace("begin: 0.5", "begin: 0"), "utf-8")
    with pytest.raises(SpecError, match=r"spec.yaml:\d+:\d+: .*begin: should be greater than 0"):
        load_spec(tmp_path / "spec.yaml")


def test_digits_are_learnt_with_a_curriculum_and_the_page_is_written(run):
    report = run.evaluate("validation")
    assert report["floor"]["accuracy"] < 0.12
    assert report["metrics"]["accuracy"] > 0.6
    assert "adapt.curriculum" in (run.path / "report.html").read_text("utf-8")
    assert len(run.predict([digits()[0][..., None]])) == 1


# AdaBN.


def test_the_statistics_are_those_of_all_elements_whatever_the_batches_and_without_dropout():
    inputs = keras.Input((2,))
    norm = keras.layers.BatchNormalization(momentum=0.9)
    model = keras.Model(inputs, norm(keras.layers.Dropout(0.5)(inputs)))
    norms = Norms(model)
    x = np.random.default_rng(0).normal([1, -2], [3, 0.5], (90, 2)).astype("float32")
    [(mean, variance)] = norms.measured(np.split(x, [10, 50]))
    assert mean == pytest.approx(x.mean(0), abs=1e-4)
    assert variance == pytest.approx(x.var(0), rel=1e-4)
    assert [value.tolist() for value in norms.now()[0]] == [[0, 0], [1, 1]]
    assert model.layers[1].rate == 0.5


def test_adapted_models_are_right_more_often_on_pictures_of_another_contrast(run, tmp_path):
    from sklearn.datasets import load_digits

    other = (40 + digits()[-400:] * 0.2).astype("uint8")
    labels = load_digits().target[-400:]
    folder = write_pictures(tmp_path / "other", other)
    before = run.model.get_weights()
    found = adapt(run, folder, tmp_path / "other.keras")
    assert (found["batch_norms"], found["elements"]) == (2, 400)
    model = keras.saving.load_model(tmp_path / "other.keras", compile=False)

    def right(network):
        return (network.predict(other[..., None], verbose=0).argmax(1) == labels).mean()

    assert right(model) > right(run.model) + 0.3
    assert all(np.array_equal(one, two) for one, two in zip(before, run.model.get_weights(), strict=True))


@pytest.mark.slow
def test_saved_models_open_with_keras_alone(run, tmp_path):
    adapt(run, write_pictures(tmp_path / "other", digits()[:20]), tmp_path / "other.keras")
    model = keras.saving.load_model(tmp_path / "other.keras", compile=False)
    check_plain_keras({"adapted": model, "run": run.model}, without=["kerascnn", "kerascnn_adapt"])


def test_the_command_says_what_it_did_and_does_not_replace_a_file(run, tmp_path, capsys):
    folder = write_pictures(tmp_path / "other", digits()[:20])
    to = tmp_path / "other.keras"
    given = ["adabn", str(run.path), "--source", str(folder), "--to", str(to), "--json"]
    assert main(given) == 0
    assert json.loads(capsys.readouterr().out)["elements"] == 20
    assert main(given) == 2
    assert "is there already" in capsys.readouterr().err
    (folder / "broken.png").write_text("no picture", "utf-8")
    assert main([*given, "--force"]) == 3
    assert "broken.png" in capsys.readouterr().err


def test_a_run_without_batch_normalisation_is_refused(run, tmp_path, monkeypatch):
    from kerascnn.engine.predict import Predictor

    inputs = keras.Input((8, 8, 1))
    plain = keras.Model(inputs, keras.layers.Dense(10, activation="softmax")(keras.layers.Flatten()(inputs)))
    monkeypatch.setattr(Predictor, "model", plain)
    with pytest.raises(UsageError, match="has no batch normalisation"):
        adapt(run, write_pictures(tmp_path / "other", digits()[:3]), tmp_path / "x.keras")


@pytest.mark.slow
def test_as_a_method_adabn_conforms(tmp_path):
    pictures = np.random.default_rng(1).integers(0, 60, (12, 4, 4)).astype("uint8")
    folder = write_pictures(tmp_path / "other", pictures)
    assert check_method(Adabn(source=str(folder))) == {"elements": 12, "batch_norms": 1}


def test_a_folder_that_is_not_there_stops_before_training(tmp_path):
    tree = made_up(tmp_path).spell()
    tree["train"]["stages"][0]["methods"] = [{"type": "adapt.adabn", "source": str(tmp_path / "nothing")}]
    with pytest.raises(DataError, match=r"train.stages.0.methods.0.source: there is no .*nothing"):
        kerascnn.train(kerascnn.spec_from_dict(tree), tmp_path / "runs")


# The perceptual loss.


def test_the_perceptual_loss_is_the_mean_squared_difference_of_features():
    loss = PerceptualLoss("block1_conv1_relu", weights="none", seed=3)
    one, other = np.random.default_rng(0).random((2, 2, 6, 6, 3)).astype("float32")
    kernel = np.random.default_rng(3).normal(0, (2 / 27) ** 0.5, (3, 3, 3, 64)).astype("float32")

    def features(x):
        x = 255 * x[..., ::-1] - np.array([103.939, 116.779, 123.68], "float32")
        x = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
        windows = np.lib.stride_tricks.sliding_window_view(x, (3, 3), axis=(1, 2))
        return np.maximum(np.einsum("nhwcij,ijco->nhwo", windows, kernel), 0)

    wanted = ((features(one) - features(other)) ** 2).mean((1, 2, 3))
    assert number(loss.call(one, other)) == pytest.approx(wanted, rel=1e-3)
    assert float(number(loss(one, one))) == 0


@pytest.mark.slow
def test_the_perceptual_loss_leads_a_picture_to_the_one_that_is_wanted():
    loss = PerceptualLoss("block2_conv2_relu", weights="none")
    wanted = np.random.default_rng(0).random((1, 8, 8, 1)).astype("float32")
    inputs = keras.Input((1,))
    drawn = keras.layers.Reshape((8, 8, 1))(keras.layers.Dense(64, activation="sigmoid")(inputs))
    model = keras.Model(inputs, drawn)
    model.compile(
        optimizer=keras.optimizers.Adam(0.05),
        loss=keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(loss)),
    )
    history = model.fit(np.ones((1, 1)), wanted, epochs=25, verbose=0).history["loss"]
    assert history[-1] < 0.3 * history[0]
    assert not any("block" in variable.path for variable in model.variables)


def test_layers_and_weights_that_are_not_there_are_refused(tmp_path):
    with pytest.raises(UsageError, match="has no layer 'relu9'"):
        PerceptualLoss("relu9", weights="none")
    with pytest.raises(DataError, match="cannot be had"):
        PerceptualLoss(weights=str(tmp_path / "nothing.h5"))
