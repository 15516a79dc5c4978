"""kerascnn explain, on runs of pictures, texts and series."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kerascnn.api import Run
from kerascnn.cli.main import run
from kerascnn.engine.train import train
from kerascnn.errors import DataError, UsageError
from tests.engine.made import make_folder, make_spec
from tests.engine.made_sequences import sequence_spec, write_texts, write_ts


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return tmp_path_factory.mktemp("explain")


@pytest.fixture(scope="module")
def pictures(root):
    """Return the folder of a run on pictures."""
    return train(make_spec(make_folder(root / "pictures", {"cat": 12, "dog": 12})), root / "runs").path


@pytest.fixture(scope="module")
def texts(root):
    file = write_texts(root / "texts.txt")
    return train(sequence_spec("text_classification", {"type": "text_lines", "path": str(file)}), root / "runs").path


def explained(capsys, *arguments):
    assert run(["explain", *map(str, arguments), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def refused(capsys, *arguments):
    code = run(["explain", *map(str, arguments)])
    lines = [line for line in capsys.readouterr().err.splitlines() if not line.startswith("loading")]
    return code, lines


def test_each_picture_gets_a_png_with_its_map_beside_it(pictures, root, capsys, tmp_path):
    files = [root / "pictures" / "cat" / "000.png", root / "pictures" / "dog" / "003.png"]
    assert run(["explain", str(pictures), *map(str, files), "--output", str(tmp_path / "out")]) == 0
    head, _, *rows = capsys.readouterr().out.splitlines()
    assert head.split() == ["file", "explained", "value", "written"]
    assert [row.split()[0] for row in rows] == [str(file) for file in files]
    found = [Path(row.split()[-1]) for row in rows]
    assert [file.name.partition("-")[0] for file in found] == ["000", "003"]
    with Image.open(found[0]) as image:
        assert image.size[0] == 2 * 256 + 8
        assert image.size[1] > 256


def test_what_is_explained_is_what_predict_says(pictures, root, capsys, tmp_path):
    file = root / "pictures" / "dog" / "000.png"
    assert run(["predict", str(pictures), str(file), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)[0]
    (own,) = explained(capsys, pictures, file, "--output", tmp_path)
    assert (own["label"], own["answer"]) == (answer["label"], answer["label"])
    assert own["value"] == own["confidence"] == answer["confidence"]
    for label in ("cat", "dog"):
        (asked,) = explained(capsys, pictures, file, "--output", tmp_path, "--class", label)
        assert (asked["label"], asked["value"]) == (label, answer["probabilities"][label])
        assert asked["answer"] == answer["label"]


def test_files_stand_in_the_runs_folder_and_are_never_changed(pictures, root, capsys):
    file = root / "pictures" / "cat" / "001.png"
    (first,) = explained(capsys, pictures, file, "--class", "cat")
    path = Path(first["file"])
    assert path == pictures / "explanations" / "001-grad_cam-cat.png"
    (again,) = explained(capsys, pictures, file, "--class", "cat")
    assert again["file"] == first["file"]  # the same is not written twice
    path.write_bytes(b"mine")
    (other,) = explained(capsys, pictures, file, "--class", "cat")
    assert Path(other["file"]).name == "001-grad_cam-cat-2.png"
    assert path.read_bytes() == b"mine"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--class", "cot"], "error: the run has no class 'cot'; did you mean 'cat'?"),
        (["--method", "gradcam"], "error: gradcam: no explainer is named 'gradcam'; did you mean 'grad_cam'?"),
        (["--method", "saliency", "--layer", "out"], "error: saliency, layer: no field is named 'layer'"),
        (["--method", "occlusion", "--set", "size=2"], "error: occlusion, size: should be 1 or less (got 2)"),
        (["--set", "steps"], "error: --set steps: should be NAME=VALUE, such as steps=100"),
        (["--layer", "P9"], "error: the backbone has no feature and no layer named 'P9'; it has out"),
    ],
)
def test_a_wrong_word_is_refused_in_a_line(pictures, root, capsys, arguments, said):
    code, lines = refused(capsys, pictures, root / "pictures" / "cat" / "000.png", *arguments)
    assert code == 2
    assert len(lines) == 1
    assert lines[0].startswith(said)


def test_files_that_cannot_be_read_are_named_and_the_others_explained(pictures, root, capsys, tmp_path):
    (tmp_path / "broken.png").write_bytes(b"no picture")
    good = root / "pictures" / "cat" / "000.png"
    code, lines = refused(capsys, pictures, good, tmp_path / "broken.png", "--output", tmp_path / "out")
    assert code == 3
    assert "1 of 2 files cannot be read" in lines[0]
    assert "broken.png" in " ".join(lines)
    assert len(list((tmp_path / "out").iterdir())) == 1


def test_a_text_gets_a_page_and_the_weight_of_each_token(texts, capsys, tmp_path):
    (tmp_path / "a.txt").write_text("Word3 <b> good!", "utf-8")
    (found,) = explained(capsys, texts, tmp_path / "a.txt", "--method", "saliency", "--output", tmp_path / "out")
    assert [token for token, _ in found["tokens"]] == ["word3", "<", "b", ">", "good", "!"]
    assert all(weight >= 0 for _, weight in found["tokens"])
    page = Path(found["file"]).read_text("utf-8")
    assert Path(found["file"]).suffix == ".html"
    assert "&lt;" in page
    assert "<b>" not in page
    assert page.count("<span") == 6


@pytest.mark.slow
def test_series_are_drawn_as_lines(root, capsys, tmp_path):
    file = write_ts(root / "train.ts")
    spec = sequence_spec("series_classification", {"type": "ts_file", "path": str(file)})
    folder = train(spec, root / "runs").path
    np.save(tmp_path / "a.npy", np.sin(np.arange(15))[:, None] * np.ones(2))
    for method in ("grad_cam", "integrated_gradients", "occlusion"):
        (found,) = explained(capsys, folder, tmp_path / "a.npy", "--method", method)
        with Image.open(found["file"]) as image:
            assert image.size[0] == 900


def test_the_api_gives_maps_as_arrays(pictures, root):
    own = Run(pictures)
    files = sorted((root / "pictures" / "dog").iterdir())[:3]
    found = own.explain(files, {"type": "integrated_gradients", "steps": 3}, label="cat")
    assert [one.map.shape for one in found] == [(8, 8)] * 3
    assert [one.label for one in found] == ["cat"] * 3
    arrays = own.explain([one.element for one in found], {"type": "integrated_gradients", "steps": 3}, label="cat")
    assert all((a.map == b.map).all() for a, b in zip(found, arrays, strict=True))
    with pytest.raises(DataError, match="1 of 1 files cannot be read"):
        own.explain(root / "nowhere.png")
    with pytest.raises(UsageError, match="no explainer is named 'lime'"):
        own.explain(files, "lime")


def test_show_writes_what_is_inside(pictures, root, capsys, tmp_path):
    files = sorted((root / "pictures" / "dog").iterdir())[:4]
    (first,) = explained(capsys, pictures, "--show", "filters", "--output", tmp_path)
    assert first["about"].startswith("conv2d")
    found = explained(capsys, pictures, *files[:2], "--show", "features", "--output", tmp_path)
    assert [one["about"] for one in found] == [str(file) for file in files[:2]]
    for more in ([], ["--class", "dog"], ["--layer", first["about"]]):
        (best,) = explained(capsys, pictures, "--show", "best", "--output", tmp_path, *more)
        assert Path(best["files"][0]).name == f"best-{more[1] if more else 'classes'}.png"
    (points,) = explained(capsys, pictures, *files, "--show", "pca", "--output", tmp_path)
    assert points["about"].startswith("PCA, ")
    assert [Path(file).name for file in points["files"]] == ["pca.svg", "pca.csv"]
    assert len(Path(points["files"][1]).read_text("utf-8").splitlines()) == 5
    assert refused(capsys, pictures, "--show", "atlas")[1] == [
        "error: --show atlas: should be maps, features, filters, best, pca or tsne"
    ]
    assert refused(capsys, pictures, "--show", "pca", "--class", "cat")[1] == ["error: --show pca takes no --class"]
    assert refused(capsys, pictures)[1] == ["error: name at least one picture or folder"]
