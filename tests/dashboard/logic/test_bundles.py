"""A model as one file: what it holds, and all that is refused when one is brought in."""

from __future__ import annotations

import json
import shutil
import struct
import zipfile
from io import BytesIO

import h5py
import pytest

from kerascnn.errors import UntrustedFileError, UsageError
from kerascnn.runs.folder import RunFolder
from kerascnn_dashboard import bundling
from kerascnn_dashboard.logic.bundles import NEEDED, Bundle, check_bundle, take_bundle, write_bundle
from kerascnn_dashboard.logic.model_config import check_model
from tests.dashboard.made_runs import CONFIG, LAYER, make_run, model_bytes


@pytest.fixture
def project(home):
    return home.create("P", "image_classification")


@pytest.fixture
def run(project):
    return make_run(project, model=_model())


def _model(config=CONFIG, fill=None):
    """Return a `.keras` file whose weights are a real HDF5 file."""
    weights = BytesIO()
    with h5py.File(weights, "w") as file:
        (fill or (lambda one: one.create_dataset("layers/dense/vars/0", data=[1.0])))(file)
    written = BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        archive.writestr("metadata.json", "{}")
        archive.writestr("config.json", json.dumps(config))
        archive.writestr("model.weights.h5", weights.getvalue())
    return written.getvalue()


def _changed(run, tmp_path, **changes):
    """Return a bundle with some members changed (by their stems), or left out where they are None."""
    file = write_bundle(run, tmp_path / "good.zip")
    target = tmp_path / "bad.zip"
    with zipfile.ZipFile(file) as source, zipfile.ZipFile(target, "w") as into:
        for name in source.namelist():
            content = changes.pop(name.replace(".", "_"), source.read(name))
            if content is not None:
                into.writestr(name, content if isinstance(content, bytes | str) else json.dumps(content))
        for name, content in changes.items():
            into.writestr(name, content)
    return target


def test_a_bundle_holds_the_model_and_what_it_needs_to_answer(run, tmp_path):
    (run.path / "calibration.json").write_text("{}")
    file = write_bundle(run, tmp_path / "out" / "m.zip")
    assert check_bundle(file) == Bundle(run.id, "digits-quick", "image_classification", ("a", "b"), "0.1.0")
    with zipfile.ZipFile(file) as archive:
        assert set(NEEDED) | {"calibration.json", "spec.yaml"} <= set(archive.namelist())
        assert archive.read("model.keras") == (run.path / "model.keras").read_bytes()
    assert [one.name for one in (tmp_path / "out").iterdir()] == ["m.zip"]


def test_a_run_without_a_model_has_no_bundle(run, tmp_path):
    (run.path / "model.keras").unlink()
    with pytest.raises(UsageError, match=r"has no model\.keras"):
        write_bundle(run, tmp_path / "m.zip")


def test_a_bundle_is_brought_in_as_a_run_that_is_done(run, tmp_path):
    file = write_bundle(run, tmp_path / "m.zip")
    found = take_bundle(file, tmp_path / "runs", "m.zip")
    taken = RunFolder(tmp_path / "runs" / found.run)
    assert taken.state.state == "done"
    assert taken.about()["name"] == "digits-quick"
    assert (taken.path / "model.keras").read_bytes() == (run.path / "model.keras").read_bytes()
    assert "brought in from m.zip" in (taken.path / "logs" / "run.log").read_text()
    with pytest.raises(UsageError, match=r"has the run .* already"):
        take_bundle(file, tmp_path / "runs")
    assert len(list((tmp_path / "runs").iterdir())) == 1


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("../evil", "holds no '../evil'"),
        ("/etc/passwd", "holds no '/etc/passwd'"),
        ("state.json", "holds no 'state.json'"),
        ("ckpt/x", "holds no 'ckpt/x'"),
        ("a\x1b[2J", "holds no"),
    ],
)
def test_files_that_no_bundle_has_are_refused_by_name(run, tmp_path, name, reason):
    with pytest.raises(UntrustedFileError, match=reason) as found:
        check_bundle(_changed(run, tmp_path, **{name: "x"}))
    assert "\x1b" not in str(found.value)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"labels_json": None}, "it lacks labels.json"),
        ({"RUN_json": {}}, "names no format"),
        ({"RUN_json": {"format": 99}}, "a later kerascnn wrote it"),
        ({"RUN_json": {"format": 1, "run": "../../x"}}, "names no run"),
        ({"RUN_json": "{"}, "RUN.json cannot be read"),
        ({"labels_json": {"a": 1}}, "no list of names"),
        ({"input_json": "nonsense"}, "input.json cannot be read"),
        ({"spec_resolved_json": {"kerascnn": 1}}, "its spec is not right here"),
        ({"spec_resolved_json": [1]}, "its spec is not right here"),
        ({"model_keras": b"no zip"}, "no model that Keras saved"),
    ],
)
def test_what_is_not_as_we_write_it_is_refused_in_a_sentence(run, tmp_path, changes, reason):
    with pytest.raises(UntrustedFileError, match=reason):
        check_bundle(_changed(run, tmp_path, **changes))


@pytest.mark.parametrize("content", [b"", b"PK", b"\x00" * 100])
def test_what_is_no_zip_is_refused(tmp_path, content):
    (tmp_path / "x.zip").write_bytes(content)
    with pytest.raises(UntrustedFileError, match="no zip that can be read"):
        check_bundle(tmp_path / "x.zip", "x.zip")


def test_a_name_twice_is_refused(run, tmp_path):
    file = write_bundle(run, tmp_path / "m.zip")
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(file, "a") as archive:
        archive.writestr("labels.json", "[]")
    with pytest.raises(UntrustedFileError, match="a name twice"):
        check_bundle(file)


def test_an_encrypted_entry_is_refused(run, tmp_path):
    file = write_bundle(run, tmp_path / "m.zip")
    content = bytearray(file.read_bytes())
    place = content.rfind(b"PK\x01\x02")
    flags = struct.unpack_from("<H", content, place + 8)[0]
    struct.pack_into("<H", content, place + 8, flags | 1)
    file.write_bytes(content)
    with pytest.raises(UntrustedFileError, match="is encrypted"):
        check_bundle(file)


def _with(**layer):
    return {**CONFIG, "config": {"layers": [LAYER, layer]}}


@pytest.mark.parametrize(
    "layer",
    [
        {"module": "keras.layers", "class_name": "Lambda", "config": {"function": "x"}},
        {"module": "builtins", "class_name": "function", "config": "eval"},
        {"module": "os", "class_name": "system", "config": "true"},
        {"module": "keras.utils", "class_name": "get_file", "config": {}},
        {"module": "keras.config", "class_name": "enable_unsafe_deserialization", "config": {}},
        {"module": "keras.layers", "class_name": "TFSMLayer", "config": {"filepath": "/x"}},
        {"module": "keras.layers", "class_name": "TorchModuleWrapper", "config": {}},
        {"module": "keras.layers", "class_name": "StringLookup", "config": {"vocabulary": "/etc/passwd"}},
        {"module": "keras.layers", "class_name": "Dense", "registered_name": "evil>Dense"},
        {"module": "kerascnn.nn.kernels", "class_name": "Masked", "registered_name": "other>Masked"},
        {"module": "kerascnn_evil", "class_name": "X", "registered_name": "kerascnn>X"},
        {"module": None, "class_name": "__lambda__", "config": {"value": "x"}},
        {"module": None, "class_name": "Dense", "config": {}},
        {"module": ["os"], "class_name": "Dense"},
        {"module": "keras.layers", "class_name": 3},
        {"module": "keras.layers"},
        {"module": "keras.src.ops.core", "class_name": "WhileLoop"},
    ],
)
def test_classes_that_may_run_code_or_read_files_are_refused_wherever_they_stand(layer):
    hidden = {**CONFIG, "config": {"layers": [{**LAYER, "config": {"kernel_initializer": [{"inside": layer}]}}]}}
    for config in (_with(**layer), hidden):
        with pytest.raises(UntrustedFileError, match="it names 1 class"):
            check_model(BytesIO(model_bytes(config)), "model.keras")


@pytest.mark.parametrize(
    "layer",
    [
        {"module": "keras.src.ops.numpy", "class_name": "Where", "registered_name": "Where"},
        {"module": "keras.src.models.sequential", "class_name": "Sequential", "registered_name": "Sequential"},
        {"module": "keras.initializers", "class_name": "GlorotUniform", "registered_name": None},
        {"module": "kerascnn.nn.kernels", "class_name": "Masked", "registered_name": "kerascnn>Masked"},
        {"class_name": "__keras_tensor__", "config": {"keras_history": ["x", 0, 0]}},
    ],
)
def test_classes_of_keras_and_of_our_own_are_let_in(layer):
    check_model(BytesIO(model_bytes(_with(**layer))), "model.keras")


def test_a_model_with_further_members_or_deep_nesting_is_refused():
    with pytest.raises(UntrustedFileError, match=r"otherwise: assets\.txt"):
        check_model(BytesIO(model_bytes(assets_txt=b"x")), "model.keras")
    deep: dict = {}
    for _ in range(300):
        deep = {"x": deep}
    with pytest.raises(UntrustedFileError, match="nested too deeply"):
        check_model(BytesIO(model_bytes({**CONFIG, "config": deep})), "model.keras")
    with pytest.raises(UntrustedFileError, match="is refused"):
        check_model(BytesIO(model_bytes().replace(b'{"module"', b'["module"', 1)), "model.keras")


def test_a_member_that_grows_beyond_all_measure_is_refused():
    written = BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("metadata.json", "{}")
        archive.writestr("config.json", json.dumps(CONFIG))
        archive.writestr("model.weights.h5", bytes(1 << 20))
    with pytest.raises(UntrustedFileError, match="would grow 100 times"):
        check_model(BytesIO(written.getvalue()), "model.keras")


@pytest.mark.parametrize(
    ("fill", "reason"),
    [
        (lambda file: file.__setitem__("x", h5py.ExternalLink("/etc/passwd", "/")), "is a link"),
        (lambda file: file.__setitem__("x", h5py.SoftLink("/y")), "is a link"),
        (lambda file: file.create_dataset("x", (4,), "u1", external=[("/etc/passwd", 0, 4)]), "stands in another file"),
    ],
)
def test_weights_that_lead_to_other_files_are_refused_and_leave_nothing(project, tmp_path, fill, reason):
    file = write_bundle(make_run(project, model=_model(fill=fill)), tmp_path / "m.zip")
    with pytest.raises(UntrustedFileError, match=reason):
        take_bundle(file, tmp_path / "runs")
    assert list((tmp_path / "runs").iterdir()) == []


def test_the_job_prints_what_it_did_or_the_error_and_clears_its_upload(run, tmp_path, capsys):
    upload = tmp_path / "given"
    assert bundling.main(["write", str(run.path), str(upload / "m.zip")]) == 0
    assert json.loads(capsys.readouterr().out)["file"] == str(upload / "m.zip")
    shutil.copy(upload / "m.zip", tmp_path / "kept.zip")
    assert bundling.main(["upload", str(upload / "m.zip"), str(tmp_path / "runs"), "mine.zip"]) == 0
    assert json.loads(capsys.readouterr().out)["run"] == run.id
    assert not upload.exists()
    assert bundling.main(["take", str(tmp_path / "kept.zip"), str(tmp_path / "runs")]) == 2
    assert capsys.readouterr().err.startswith("error: this project has the run")
    assert (tmp_path / "kept.zip").exists()
