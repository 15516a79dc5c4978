"""What is known of samples besides their answers, from a table of its own, over any source."""

import numpy as np
import pytest

from kerascnn.engine.data import load_data
from kerascnn.errors import DataError
from kerascnn.spec import spec_from_dict
from tests.engine.made import make_folder, make_spec
from tests.engine.test_train_segmentation import make_masks


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    return make_folder(tmp_path_factory.mktemp("data") / "pictures", {"dark": 12, "light": 12}, seed=3)


def load(pictures, table):
    return load_data(make_spec(pictures, data={"metadata": str(table)}), keep=False)


def write(path, *lines, head="id,site,age"):
    path.write_text("\n".join([head, *lines]) + "\n", "utf-8")
    return path


def test_the_manifest_tells_what_the_table_tells(pictures, tmp_path):
    table = write(tmp_path / "facts.csv", "dark/000.png, north ,7", "light/001.png,south,", "gone.png,south,1")
    data = load(pictures, table)
    told = {line["id"]: line["metadata"] for line in data.manifest}
    assert len(told) == 24
    assert told["dark/000.png"] == {"site": "north", "age": "7"}
    assert told["light/001.png"] == {"site": "south", "age": ""}
    assert told["dark/001.png"] == {"site": "", "age": ""}
    assert data.notes[-2:] == [
        "data.metadata: 1 line names no sample of this data (gone.png)",
        "data.metadata: it tells nothing of 22 samples",
    ]


def test_pictures_with_masks_have_columns_too(tmp_path):
    root = make_masks(tmp_path / "discs", 8)
    table = write(tmp_path / "facts.tsv", *(f"{i:02d}.png\tm{i % 2}" for i in range(8)), head="id\tmicroscope")
    spec = spec_from_dict(
        {
            "kerascnn": 1,
            "name": "discs",
            "task": {"type": "image_segmentation"},
            "data": {
                "source": {"type": "image_masks", "images": str(root / "images"), "masks": str(root / "masks")},
                "metadata": str(table),
            },
            "model": {"backbone": {"type": "unet_encoder", "filters": [4, 8]}, "head": {"type": "segmenter"}},
            "train": {"stages": [{"epochs": 1}]},
        }
    )
    told = [line["metadata"]["microscope"] for line in load_data(spec, keep=False).manifest]
    assert told == ["m0", "m1"] * 4


def test_the_split_stays_what_it_was_without_the_table(pictures, tmp_path):
    table = write(tmp_path / "facts.csv", "dark/000.png,north,7")
    with_it, without = load(pictures, table), load_data(make_spec(pictures), keep=False)
    assert with_it.parts == without.parts
    assert np.array_equal(with_it.answers.all, without.answers.all)


@pytest.mark.parametrize(
    ("head", "lines", "said"),
    [
        ("name,site", ["dark/000.png,x"], "facts.csv:1: there is no column 'id', which names the samples as"),
        ("ID,site", ["dark/000.png,x"], "did you mean 'ID'?"),
        ("id,a,a", ["dark/000.png,x,y"], "facts.csv:1: two columns are named 'a'"),
        ("id,", ["dark/000.png,x"], "facts.csv:1: column 2 has no name"),
        ("id", ["dark/000.png"], "facts.csv:1: there is no column but 'id'; add what is known"),
        ("id,site", [], "facts.csv: has no rows below its header"),
        ("id,site", ["dark/000.png,x,y"], "facts.csv:2: has 3 values; the header names 2 columns"),
        ("id,site", ["a,x", "a,y"], "facts.csv:3: names a a second time; the first is on line 2"),
        ("id,site", ["dark/00.png,x"],
         "names no sample of the source: dark/00.png is none; they are named like dark/000.png"),
        ("id,site", ["\"dark"], "is not well-formed CSV"),
    ],
)  # fmt: skip
def test_a_table_that_cannot_be_used_is_refused_with_the_place(pictures, tmp_path, head, lines, said):
    with pytest.raises(DataError) as caught:
        load(pictures, write(tmp_path / "facts.csv", *lines, head=head))
    assert said in str(caught.value)


def test_a_table_that_is_not_there_is_refused(pictures, tmp_path):
    with pytest.raises(DataError, match=r"data\.metadata"):
        load(pictures, tmp_path / "none.csv")


def test_a_column_that_the_source_gives_itself_is_refused(pictures, tmp_path):
    (tmp_path / "labels.csv").write_text(
        "path,label,site\n" + "".join(f"{c}/{i:03d}.png,{c},x\n" for c in ("dark", "light") for i in range(12))
    )
    source = {"type": "manifest", "path": str(tmp_path / "labels.csv"), "root": str(pictures)}
    source["metadata_columns"] = ["site"]
    table = write(tmp_path / "facts.csv", "dark/000.png,south", head="id,site")
    with pytest.raises(DataError, match=r"facts\.csv:1: the source itself has a column 'site'; give this one another"):
        load_data(make_spec(source, data={"metadata": str(table)}), keep=False)
