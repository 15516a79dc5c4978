"""What the tests of known networks share: counts without memory, and outputs beside Keras's own."""

import keras
import numpy as np

from kerascnn.engine.summary import summarize
from kerascnn.spec import DataInfo
from tests.engine.made import make_spec
from tests.helpers import make


def parameters(backbone, head=None, *, all_weights=False, shape=(224, 224, 3), classes=1000):
    """Return the number of weights in the form that was trained on ImageNet: those that are trained, or all."""
    spec = make_spec({"type": "digits"}, backbone=backbone, head=head)
    found = summarize(spec, DataInfo.of(shape, classes))
    return found["parameters" if all_weights else "trainable_parameters"]


def chance_weights(model, seed=0):
    """Give a model weights of chance that keep what it sees about as large from layer to layer.

    Variances and scales are positive, kernels as wide as those of He et al. 2015 (arXiv:1502.01852): with narrower ones
    a deep network says the same of all pictures.
    """
    rng = np.random.default_rng(seed)
    model.set_weights([
        rng.uniform(0.5, 1.5, v.shape) if "var" in v.path or "gamma" in v.path else rng.normal(0, _width(v), v.shape)
        for v in model.weights
    ])  # fmt: skip


def _width(weight):
    """Return the standard deviation of a kernel, or of a bias."""
    shape = weight.shape
    if len(shape) < 2:
        return 0.05
    depthwise = len(shape) == 4 and shape[-1] == 1
    return (2 / np.prod(shape[:2] if depthwise else shape[:-1])) ** 0.5


def assert_same_outputs(theirs, backbone, shape=(64, 64, 3), last="P5"):
    """Copy the weights of one of Keras's networks in order, and compare what both make of pictures of chance."""
    chance_weights(theirs)
    x = keras.Input(shape)
    model = keras.Model(x, make("backbone", backbone.pop("type"), **backbone).apply(x)[last])
    model.set_weights(theirs.get_weights())
    pictures = np.random.default_rng(1).uniform(-1, 1, (2, *shape)).astype("float32")
    expected = keras.ops.convert_to_numpy(theirs(pictures, training=False))
    found = keras.ops.convert_to_numpy(model(pictures, training=False))
    largest = np.abs(expected).max()
    assert np.abs(expected[0] - expected[1]).max() > 1e-2 * largest, "the weights hide the pictures"
    assert np.abs(found - expected).max() <= 1e-4 * largest


def assert_fits_its_builder(backbone, shape=(224, 224, 3)):
    """Assert that the builder of the published weights has the backbone's shapes in its order. No memory is taken."""
    made = make("backbone", backbone.pop("type"), **backbone)
    published = made.pretrained()
    with keras.StatelessScope(initialize_variables=False):
        builder = getattr(keras.applications, published.builder)
        theirs = builder(weights=None, include_top=False, input_shape=shape, **published.arguments)
        x = keras.Input(shape)
        ours = keras.Model(x, made.apply(x))
    assert [tuple(w.shape) for w in ours.weights] == [tuple(w.shape) for w in theirs.weights]


def strides_of(backbone, shape=(64, 96, 3)):
    """Return height and width of each feature as fractions of the input's."""
    x = keras.Input(shape)
    features = make("backbone", backbone.pop("type"), **backbone).apply(x)
    return {name: (shape[0] / y.shape[1], shape[1] / y.shape[2]) for name, y in features.items()}
