import keras
import numpy as np
import pytest

from kerascnn.engine.build import precision_policy
from kerascnn.engine.preprocess import Scaling, preprocess, raw_input, used_scale
from kerascnn.errors import BuildError
from kerascnn.spec import DataInfo
from tests.engine.made import make_spec
from tests.engine.made_sequences import sequence_spec
from tests.helpers import normal, numpy

NAN = np.nan
SOURCES = {
    "text": ("text_classification", {"type": "text_lines", "path": "texts"}),
    "series": ("series_classification", {"type": "ts_file", "path": "series.ts"}),
    "audio": ("audio_classification", {"type": "audio_folder", "path": "sounds"}),
}


def model_of(medium, shape, how=None, **facts):
    """Return the model of the preprocessing alone."""
    spec = sequence_spec(*SOURCES[medium], preprocess=how)
    info = DataInfo(shape, ("a", "b"), **facts)
    x = raw_input(spec, info)
    return keras.Model(x, preprocess(x, spec, info))


def computed(medium, x, how=None, **facts):
    x = np.asarray(x)
    return numpy(model_of(medium, x.shape[1:], how, **facts)(x, training=False))


def test_raw_inputs_have_the_type_of_their_medium():
    types = {medium: model_of(medium, shape).input.dtype for medium, shape in (("text", (5,)), ("series", (9, 2)))}
    assert types == {"text": "int32", "series": "float32"}
    assert model_of("audio", (50, 1)).input.dtype == "float32"


def test_what_auto_stands_for_is_told_by_its_name():
    told = {medium: used_scale(sequence_spec(*source)) for medium, source in SOURCES.items()}
    assert told == {"text": "none", "series": "each", "audio": "none"}
    assert used_scale(sequence_spec(*SOURCES["audio"], preprocess={"spectrogram": {}})) == "each"
    pictures = {"type": "digits"}
    assert used_scale(make_spec(pictures)) == "unit"
    assert used_scale(make_spec(pictures, preprocess={"normalize": "torch"})) == "torch"
    assert used_scale(make_spec(pictures), "caffe") == "caffe"
    assert used_scale(make_spec(pictures), Scaling((0.5,), (1.0,))) == "weights"


def test_each_channel_of_each_series_gets_mean_0_and_variance_1():
    x = normal(3, 40, 2) * np.array([1.0, 50.0], "float32") + np.array([3.0, -700.0], "float32")
    wanted = (x - x.mean(1, keepdims=True)) / x.std(1, keepdims=True)
    np.testing.assert_allclose(computed("series", x), wanted, atol=1e-3)


def test_what_is_missing_counts_for_nothing_and_becomes_0():
    x = np.array([[1.0, NAN, 3.0, 1.0, 3.0, NAN]], "float32")[..., None]
    assert computed("series", x)[0, :, 0].tolist() == pytest.approx([-1, 0, 1, -1, 1, 0])


def test_padding_does_not_change_what_a_series_becomes():
    x = normal(2, 30, 3)
    padded = np.concatenate([x, np.full((2, 11, 3), NAN, "float32")], axis=1)
    found = computed("series", padded)
    np.testing.assert_allclose(found[:, :30], computed("series", x), atol=1e-5)
    assert (found[:, 30:] == 0).all()


@pytest.mark.parametrize("value", [0.0, 5.0, 1234.567, -1e6, 1e-7])
def test_a_constant_series_becomes_zeros(value):
    x = np.full((1, 1000, 1), value, "float32")
    x[:, 700:] = NAN
    assert (computed("series", x) == 0).all()


def test_a_series_with_nothing_in_it_becomes_zeros():
    assert (computed("series", np.full((1, 5, 2), NAN, "float32")) == 0).all()


@pytest.mark.parametrize("unit", [1e-12, 1e-5, 1e12])
def test_the_unit_of_a_series_does_not_matter(unit):
    x = normal(2, 50, 1)
    np.testing.assert_allclose(computed("series", (x * unit).astype("float32")), computed("series", x), atol=1e-4)


def test_none_leaves_series_as_they_are_but_for_what_is_missing():
    x = np.array([[5.0, NAN, -2.0]], "float32")[..., None]
    assert computed("series", x, {"normalize": "none"})[0, :, 0].tolist() == [5, 0, -2]


def test_tokens_become_rows_of_the_embedding():
    model = model_of("text", (4,), {"embedding": 3}, vocabulary=6)
    table = normal(6, 3)
    model.get_layer("embedding").set_weights([table])
    x = np.array([[2, 5, 1, 3]], "int32")
    np.testing.assert_array_equal(numpy(model(x))[0], table[[2, 5, 1, 3]])


def test_padding_becomes_zeros_whatever_its_row_is():
    model = model_of("text", (4,), {"embedding": 3}, vocabulary=6)
    model.get_layer("embedding").set_weights([normal(6, 3)])
    found = numpy(model(np.array([[2, 0, 1, 0]], "int32")))[0]
    assert (found[[1, 3]] == 0).all()
    assert (found[[0, 2]] != 0).all()


@pytest.mark.parametrize(("train", "trained"), [("non_static", 18), ("static", 0), ("two_channel", 18)])
def test_vectors_of_a_file_are_learnt_further_or_stay(train, trained):
    model = model_of("text", (4,), {"embedding": {"size": 3, "path": "x", "train": train}}, vocabulary=6)
    assert sum(int(np.prod(weight.shape)) for weight in model.trainable_weights) == trained
    assert model.output_shape == (None, 4, 6 if train == "two_channel" else 3)


def test_two_channels_stand_side_by_side():
    model = model_of("text", (2,), {"embedding": {"size": 3, "path": "x", "train": "two_channel"}}, vocabulary=6)
    first, second = normal(6, 3), normal(6, 3, seed=1)
    model.get_layer("embedding").set_weights([first])
    model.get_layer("embedding_static").set_weights([second])
    found = numpy(model(np.array([[4, 0]], "int32")))[0]
    np.testing.assert_array_equal(found, [np.concatenate([first[4], second[4]]), np.zeros(6)])


def test_sounds_stay_as_they_are():
    x = np.clip(normal(2, 60, 1), -1, 1)
    np.testing.assert_array_equal(computed("audio", x), x)


def tone(hertz, rate=8000, seconds=1.0, loudness=0.5):
    time = np.arange(round(rate * seconds)) / rate
    return (loudness * np.sin(2 * np.pi * hertz * time)).astype("float32")[None, :, None]


def mel(hertz):
    return 2595 * np.log10(1 + hertz / 700)


DECIBELS = {"normalize": "none", "spectrogram": {"mel_bins": 40, "window": 0.032, "hop": 0.01}}


@pytest.mark.parametrize("hertz", [300, 1000, 3000])
def test_a_tone_is_loudest_in_the_band_of_its_frequency(hertz):
    found = computed("audio", tone(hertz), DECIBELS, sample_rate=8000)
    assert found.shape == (1, 101, 40, 1)
    band = found[0, 10:-10, :, 0].mean(0).argmax()
    # The centres of the bands are evenly spaced in mel from 20 Hz to half the rate.
    centres = np.linspace(mel(20), mel(4000), 42)[1:-1]
    assert abs(centres[band] - mel(hertz)) <= 1.01 * (centres[1] - centres[0])


def test_ten_times_the_loudness_is_20_decibels_more():
    loud, low = (computed("audio", tone(1000, loudness=much), DECIBELS, sample_rate=8000) for much in (0.5, 0.05))
    middle = slice(10, -10)
    band = loud[0, middle, :, 0].mean(0).argmax()
    np.testing.assert_allclose(loud[0, middle, band, 0] - low[0, middle, band, 0], 20, atol=0.01)


def test_a_spectrogram_does_not_depend_on_the_other_sounds_of_the_batch():
    quiet, loud = tone(500, loudness=1e-4), tone(500, loudness=1.0)
    together = computed("audio", np.concatenate([quiet, loud]), DECIBELS, sample_rate=8000)
    np.testing.assert_allclose(together[:1], computed("audio", quiet, DECIBELS, sample_rate=8000), atol=1e-3)


def test_spectrograms_have_mean_0_and_variance_1_unless_the_spec_says_otherwise():
    found = computed("audio", tone(500), {"spectrogram": {}}, sample_rate=8000)
    assert abs(found.mean()) < 1e-4
    assert abs(found.std() - 1) < 1e-4


@pytest.mark.parametrize("samples", [999, 1000, 1001, 1006])
@pytest.mark.parametrize("hop", [0.001, 0.007, 0.01])
def test_a_spectrogram_has_as_many_frames_as_it_announces(samples, hop):
    model = model_of("audio", (samples, 1), {"spectrogram": {"hop": hop}}, sample_rate=1000)
    found = numpy(model(np.zeros((2, samples, 1), "float32")))
    assert found.shape[1:] == model.output_shape[1:] == (1 + samples // round(1000 * hop), 64, 1)


def test_silence_makes_a_spectrogram_of_zeros():
    assert (computed("audio", np.zeros((1, 4000, 1), "float32"), {"spectrogram": {}}, sample_rate=8000) == 0).all()


def test_preprocessing_is_done_in_32_bits():
    with precision_policy("mixed_bfloat16"):
        model = model_of("series", (50, 1))
        sounds = model_of("audio", (4000, 1), {"spectrogram": {}}, sample_rate=8000)
    x = normal(2, 50, 1)
    np.testing.assert_allclose(numpy(model(x)), computed("series", x), atol=1e-6)
    assert sounds.output.dtype == "float32"


@pytest.mark.parametrize(
    ("medium", "how", "place"),
    [
        ("series", {"normalize": "unit"}, "normalize: unit is not for series data; choose auto or each or none"),
        ("text", {"normalize": "each"}, "normalize: each is not for text data; choose auto or none"),
        ("audio", {"normalize": "standardize"}, "normalize: standardize is not for audio"),
        ("series", {"resize": [8, 8]}, "resize: is for pictures"),
        ("text", {"spectrogram": {}}, "spectrogram: is for sounds"),
        (
            "audio",
            {"spectrogram": {"high": 501}},
            "spectrogram.high: 501 Hz is more than half of data.audio.sample_rate",
        ),
        (
            "audio",
            {"spectrogram": {"low": 500}},
            "spectrogram.low: 500 Hz should be lower than the highest frequency, 500 Hz",
        ),
        (
            "audio",
            {"spectrogram": {"window": 1.5}},
            "spectrogram.window: 1.5 seconds are too long for sounds of 1 seconds",
        ),
    ],
    ids=str,
)
def test_what_is_for_other_data_is_refused(medium, how, place):
    shape = {"text": (9,), "series": (9, 1), "audio": (1000, 1)}[medium]
    with pytest.raises(BuildError, match=f"^model.preprocess.{place}"):
        model_of(medium, shape, how, sample_rate=1000)


def test_pictures_can_be_normalised_each_by_itself():
    spec = make_spec({"type": "digits"}, preprocess={"normalize": "each"})
    info = DataInfo((6, 5, 2), ("a", "b"))
    x = raw_input(spec, info)
    pixels = np.random.default_rng(0).integers(0, 256, (3, 6, 5, 2)).astype("uint8")
    found = numpy(keras.Model(x, preprocess(x, spec, info))(pixels))
    np.testing.assert_allclose(found.mean((1, 2)), 0, atol=1e-5)
    np.testing.assert_allclose(found.std((1, 2)), 1, atol=1e-4)


# The scales of published weights.

PIXELS = np.random.default_rng(3).integers(0, 256, (2, 4, 5, 3)).astype("uint8")


def scaled(pixels, how, **facts):
    """Return what a picture becomes, as a saved model does it."""
    spec = make_spec({"type": "digits"}, preprocess={"normalize": how})
    info = DataInfo(pixels.shape[1:], ("a", "b"), **facts)
    x = raw_input(spec, info)
    return numpy(keras.Model(x, preprocess(x, spec, info))(pixels))


@pytest.mark.parametrize(("how", "mode"), [("torch", "torch"), ("caffe", "caffe"), ("symmetric", "tf")])
def test_the_scales_of_published_weights_are_those_of_keras(how, mode):
    expected = keras.applications.imagenet_utils.preprocess_input(PIXELS.astype("float32"), mode=mode)
    np.testing.assert_allclose(scaled(PIXELS, how), expected, atol=1e-4)


def test_symmetric_128_is_from_minus_1_to_just_below_1():
    assert scaled(np.array([0, 128, 255], "uint8").reshape(1, 1, 3, 1), "symmetric_128").ravel().tolist() == [
        -1,
        0,
        pytest.approx(127 / 128),
    ]


def test_caffe_puts_blue_first():
    red = np.array([255, 0, 0], "uint8").reshape(1, 1, 1, 3)
    assert scaled(red, "caffe").ravel() == pytest.approx([-103.939, -116.779, 255 - 123.68], abs=1e-4)


@pytest.mark.parametrize("channels", [1, 4])
def test_other_channels_are_scaled_by_the_means_of_the_constants(channels):
    pixels = np.full((1, 2, 2, channels), 200, "uint8")
    assert scaled(pixels, "caffe").ravel() == pytest.approx(200 - 114.799333, abs=1e-3)
    mean, deviation = (0.485 + 0.456 + 0.406) / 3, (0.229 + 0.224 + 0.225) / 3
    assert scaled(pixels, "torch").ravel() == pytest.approx((200 / 255 - mean) / deviation, abs=1e-4)


@pytest.mark.parametrize(
    ("backbone", "how"),
    [
        ({"type": "resnet"}, "caffe"),
        ({"type": "densenet"}, "torch"),
        ({"type": "mobilenet"}, "symmetric"),
    ],
)
def test_auto_is_the_scale_of_the_published_weights(backbone, how):
    spec = make_spec({"type": "digits"}, backbone={**backbone, "weights": "imagenet"})
    info = DataInfo(PIXELS.shape[1:], ("a", "b"))
    x = raw_input(spec, info)
    np.testing.assert_array_equal(numpy(keras.Model(x, preprocess(x, spec, info))(PIXELS)), scaled(PIXELS, how))


def test_auto_is_what_the_weights_say_where_a_file_says_it():
    spec = make_spec({"type": "digits"})
    info = DataInfo((1, 1, 2), ("a", "b"))
    x = raw_input(spec, info)
    found = keras.Model(x, preprocess(x, spec, info, Scaling((0.5, 2.0), (1.0, -1.0))))
    assert numpy(found(np.array([[[[10, 20]]]], "uint8"))).ravel().tolist() == [6, 39]


def test_a_model_that_puts_blue_first_can_be_saved_and_opened(tmp_path):
    spec = make_spec({"type": "digits"}, preprocess={"normalize": "caffe"})
    info = DataInfo(PIXELS.shape[1:], ("a", "b"))
    x = raw_input(spec, info)
    keras.Model(x, preprocess(x, spec, info)).save(tmp_path / "a.keras")
    opened = keras.saving.load_model(tmp_path / "a.keras", safe_mode=True)
    np.testing.assert_array_equal(numpy(opened(PIXELS)), scaled(PIXELS, "caffe"))
