"""Real architectures, small pictures: every format answers as Keras does."""

import numpy as np
import pytest

from kerascnn.spec import DataInfo, Exporting, spec_from_dict
from tests.exporters.made import exporter

ZOO = {
    "vgg": {"type": "vgg", "depth": 16},
    "resnet": {"type": "resnet", "depth": 18},
    "resnext": {"type": "resnet", "depth": 50, "groups": 32, "group_width": 4},
    "mobilenet_v3": {"type": "mobilenet_v3", "size": "large"},
    "efficientnet_b0": {"type": "efficientnet", "variant": "b0"},
    "convnext_tiny": {"type": "convnext", "size": "tiny"},
}
SIZE = 64
TOLERANCE = 1e-4


def built(backbone):
    """Return the model of a spec with statistics of batch norm as after some training, and pictures."""
    from kerascnn.engine.build import build_model

    spec = spec_from_dict(
        {
            "kerascnn": 1,
            "name": "zoo",
            "task": {"type": "image_classification"},
            "data": {"source": {"type": "digits"}},
            "model": {"backbone": backbone, "head": {"type": "classifier"}},
            "train": {"stages": [{"epochs": 1}]},
        }
    )
    model = build_model(spec, DataInfo((SIZE, SIZE, 3), ("a", "b", "c"), {"train": 9}))
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 256, (8, SIZE, SIZE, 3)).astype("uint8")
    for weight in model.weights:
        if weight.path.endswith("moving_mean"):
            weight.assign(0.1 * rng.standard_normal(weight.shape))
        elif weight.path.endswith("moving_variance"):
            weight.assign(rng.uniform(0.5, 1.5, weight.shape))
    return model, pictures


@pytest.mark.slow
@pytest.mark.parametrize("name", ZOO)
def test_every_format_answers_as_keras_does(name, tmp_path):
    model, pictures = built(ZOO[name])
    wanted = np.asarray(model.predict_on_batch(pictures))
    for to in ("keras", "saved_model", "onnx", "litert"):
        one, folder = exporter(to), tmp_path / to
        folder.mkdir()
        one.write(model, folder / one.file, Exporting({"name": name}, pictures[:0]))
        got = one.open(folder / one.file, 2)(pictures)
        assert np.abs(got - wanted).max() <= TOLERANCE, to
        assert (got.argmax(-1) == wanted.argmax(-1)).all(), to
