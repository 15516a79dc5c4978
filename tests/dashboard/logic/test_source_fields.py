"""The fields of a source in a form, and the browser of folders."""

import pytest

from kerascnn.errors import UsageError
from kerascnn.spec.component import components, parse_component
from kerascnn.spec.kinds import Source
from kerascnn_dashboard.logic.browse import inside
from kerascnn_dashboard.logic.source_fields import entered, fields

TABLE = {"type": "manifest", "path": "/t.csv", "path_column": "file", "label_column": "kind"}


def of(source, names=()):
    return {one.name: one for one in fields(source, names)}


def test_columns_are_chosen_from_those_that_are_there():
    shown = of(TABLE, ["file", "kind", "who"])
    assert (shown["label_column"].kind, shown["label_column"].value, shown["label_column"].optional) == (
        "column",
        "kind",
        True,
    )
    assert shown["path_column"].options == ["file", "kind", "who"]
    assert (shown["target_columns"].kind, shown["root"].kind) == ("columns", "path")
    assert "path" not in shown
    assert shown["split_column"].help.startswith("Column that says train")


def test_other_fields_are_shown_by_their_type():
    shown = of({"type": "series_windows", "path": "/t.csv"})
    assert {shown[name].kind for name in ("window", "horizon")} == {"whole"}
    assert (shown["test"].kind, shown["encoding"].kind) == ("number", "text")
    shown = of({"type": "series_table", "path": "/t.csv"})
    assert (shown["layout"].kind, list(shown["layout"].options), shown["header"].kind) == (
        "choice",
        ["wide", "long"],
        "switch",
    )


@pytest.mark.parametrize("name", [name for name, cls in components("source").items() if "." not in name])
def test_what_is_proposed_and_not_touched_stays_the_same_source(name):
    cls = components("source")[name]
    if not cls.paths:
        return
    required = {field: "/x" for field, info in cls.model_fields.items() if info.is_required()}
    source = {"type": name, **required}
    untouched = {one.name: one.value for one in fields(source, ())}
    assert parse_component(Source, entered(source, untouched)) == parse_component(Source, source)


def test_what_is_entered_becomes_the_source():
    made = entered(TABLE, {"label_column": "who", "split_column": None, "root": " /pictures ", "metadata_columns": []})
    assert (made["label_column"], made["root"], made.get("split_column")) == ("who", "/pictures", None)
    masks = {"type": "image_masks", "images": "/i", "masks": "/m", "values": [0, 255]}
    assert entered(masks, {"values": "0, 1,2", "class_names": "a, b, c"})["values"] == [0, 1, 2]
    with pytest.raises(UsageError, match="give whole numbers"):
        entered(masks, {"values": "0, one"})


def test_a_source_that_is_not_there_is_said():
    with pytest.raises(UsageError, match="there is no source 'x'"):
        fields({"type": "x"}, ())


def test_folders_can_be_looked_into_within_the_roots(home, tmp_path):
    for name in ("b", "A", ".hidden"):
        (tmp_path / "root" / name).mkdir(parents=True)
    (tmp_path / "root/1.jpg").touch()
    (tmp_path / "root/away").symlink_to("/etc")
    home.set_roots([str(tmp_path / "root")])
    found = inside(home, str(tmp_path / "root"))
    assert (found.folders, found.files, found.up) == (["A", "b"], 2, None)
    assert inside(home, str(tmp_path / "root/A")).up == tmp_path / "root"
    for path in ("/etc", str(tmp_path / "root/away"), str(tmp_path / "root/1.jpg"), "relative"):
        with pytest.raises(UsageError):
            inside(home, path)
