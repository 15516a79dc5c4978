"""Networks for each kind of data answer the same in every format, but for what a format has no operation for."""

import numpy as np
import pytest

from kerascnn.engine.build import build_model
from kerascnn.engine.temperature import with_temperature
from kerascnn.errors import ExportError
from kerascnn.spec import DataInfo, Exporting, load_spec
from kerascnn.templates_list import find_template
from tests.exporters.made import exporter

CASES = {
    "logmel_cnn": ((8000, 1), {"sample_rate": 8000}),
    "unet": ((32, 32, 3), {}),
    "tcn_forecast": ((48, 2), {}),
    "centernet_small": ((64, 64, 3), {}),
    "lenet5": ((28, 28, 1), {}),
}
LACKING = {("logmel_cnn", "onnx"): "it has no operation for RFFT"}


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_every_format_answers_as_keras_does(name, tmp_path):
    shape, info = CASES[name]
    model = build_model(load_spec(find_template(name)), DataInfo(shape, ("a", "b", "c"), {"train": 9}, **info))
    if name == "lenet5":
        model = with_temperature(model, 1.7, "softmax")
    rng, dtype = np.random.default_rng(0), model.inputs[0].dtype
    drawn = rng.integers(0, 256, (4, *shape)) if dtype == "uint8" else rng.uniform(-1, 1, (4, *shape))
    elements = drawn.astype(dtype)
    wanted = np.asarray(model.predict_on_batch(elements), "float32")
    for to in ("saved_model", "onnx", "litert"):
        one, folder = exporter(to), tmp_path / to
        folder.mkdir()
        if (name, to) in LACKING:
            with pytest.raises(ExportError, match=LACKING[name, to]):
                one.write(model, folder / one.file, Exporting({}, elements[:0]))
            continue
        one.write(model, folder / one.file, Exporting({}, elements[:0]))
        difference = np.abs(one.open(folder / one.file, 1)(elements) - wanted).max()
        assert difference <= 1e-5 * max(1.0, np.abs(wanted).max()), to
