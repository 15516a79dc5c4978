"""TensorFlow's SavedModel."""

import numpy as np
import pytest

from kerascnn.engine.media.text import TextForm
from kerascnn.errors import ExportError
from kerascnn.spec import Exporting
from tests.exporters.made import elements, exporter, model, wanted, written


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return written(exporter("saved_model"), tmp_path_factory.mktemp("saved_model"))


def test_it_answers_as_the_model_does_for_batches_of_any_size(made):
    _, answer = made
    for count in (1, 5, 3):
        assert answer(elements(count)) == pytest.approx(wanted(count), abs=1e-6)


def test_it_never_answers_as_in_training(made):
    _, answer = made
    weights = [weight.copy() for weight in model().get_weights()]
    assert np.array_equal(answer(elements()), answer(elements()))
    assert all(np.array_equal(a, b) for a, b in zip(weights, model().get_weights(), strict=True))


def test_its_signature_has_names(made):
    import tensorflow as tf

    file, _ = made
    serve = tf.saved_model.load(str(file)).signatures["serving_default"]
    assert list(serve.structured_input_signature[1]) == ["image"]
    assert list(serve.structured_outputs) == ["answer"]


TEXTS = ["It's good, very good!", "no, BAD", "", "good"]


def text_model(form):
    import keras
    from keras import layers

    keras.utils.set_random_seed(0)
    given = keras.Input((form.length,), dtype="int32", name="text")
    x = layers.GlobalAveragePooling1D()(layers.Embedding(len(form.vocabulary), 4)(given))
    return keras.Model(given, layers.Dense(2, activation="softmax")(x))


def text_form(*more):
    return TextForm("word", True, 4, ("", "[UNK]", "good", "it's", "very", "!", *more))


def test_a_model_of_texts_takes_them_as_strings_too(tmp_path):
    import tensorflow as tf

    form = text_form()
    network = text_model(form)
    exporter("saved_model").write(network, tmp_path / "made", Exporting({"input": form.spell()}, np.zeros(0)))
    loaded = tf.saved_model.load(str(tmp_path / "made"))
    found = loaded.signatures["texts"](texts=tf.constant(TEXTS))["answer"].numpy()
    numbers = np.stack([raw.array for raw in form.read(TEXTS)])
    assert found == pytest.approx(np.asarray(network.predict_on_batch(numbers)), abs=1e-6)
    assert np.unique(found[:, 0]).size == len(TEXTS)
    assert exporter("saved_model").open(tmp_path / "made", 1)(numbers) == pytest.approx(found, abs=1e-6)


def test_tokens_that_tensorflow_reads_otherwise_are_said(tmp_path):
    form = text_form("𐖗", "Bad")
    with pytest.raises(ExportError, match=r"^TensorFlow reads 1 of the 6 tokens otherwise than .* such as 'Bad'$"):
        exporter("saved_model").write(
            text_model(form), tmp_path / "made", Exporting({"input": form.spell()}, np.zeros(0))
        )
