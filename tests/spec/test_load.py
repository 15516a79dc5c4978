"""From a file to a Spec: errors of files, and every mistake of a text at once."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from kerascnn.errors import SpecError
from kerascnn.spec import Spec, load_spec, spec_from_dict
from kerascnn.spec.load import parse_spec
from kerascnn.spec.yaml_text import write_yaml
from tests.spec.texts import FIELDS, SPEC, TEMPLATE, mistakes, plain, spec, swap


def refused(path: Path | str, content: bytes | None = None) -> str:
    """Return what is said of a file, with its folder left out."""
    if content is not None:
        Path(path).write_bytes(content)
    with pytest.raises(SpecError) as caught:
        load_spec(path)
    return str(caught.value).replace(f"{Path(path).parent}{os.sep}", "")


def test_a_file_is_loaded(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text(SPEC, encoding="utf-8")
    assert load_spec(tmp_path / "s.yaml") == load_spec(str(tmp_path / "s.yaml")) == spec()


def test_the_ending_tells_json_from_yaml(tmp_path: Path) -> None:
    (tmp_path / "s.JSON").write_text(json.dumps(plain()), encoding="utf-8")
    (tmp_path / "s.txt").write_text(SPEC, encoding="utf-8")
    assert load_spec(tmp_path / "s.JSON") == load_spec(tmp_path / "s.txt") == spec()
    assert refused(tmp_path / "t.json", SPEC.encode()).startswith("t.json:1:1: should be a value; a text stands in")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert refused(tmp_path / "no.yaml") == "no.yaml: there is no such file"


def test_a_folder_is_no_spec(tmp_path: Path) -> None:
    (tmp_path / "d.yaml").mkdir()
    assert refused(tmp_path / "d.yaml") == "d.yaml: is a folder; name the spec file in it"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "p.yaml")
    assert refused(tmp_path / "p.yaml") == "p.yaml: is not a regular file"


def test_a_path_with_a_nul_is_no_file() -> None:
    assert refused("a\0b.yaml") == "a\0b.yaml: there is no such file"


def test_a_name_that_is_too_long_is_no_file() -> None:
    with pytest.raises(SpecError, match="File name too long"):
        load_spec("x" * 5000)


def test_a_file_that_cannot_be_read_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def deny(self: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    (tmp_path / "s.yaml").write_text(SPEC, encoding="utf-8")
    monkeypatch.setattr(Path, "read_bytes", deny)
    assert refused(tmp_path / "s.yaml") == "s.yaml: cannot be read: Permission denied"


def test_a_file_of_more_than_a_mebibyte_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "big.yaml").open("wb") as file:
        file.truncate((1 << 20) + 1)
    assert refused(tmp_path / "big.yaml") == "big.yaml: is larger than 1048576 bytes, the limit for a spec"


@pytest.mark.parametrize("content", [b"", b"\n\n", b"# nothing\n", b"---", b"null", b"\xef\xbb\xbf"])
def test_an_empty_file_is_named(tmp_path: Path, content: bytes) -> None:
    line = "s.yaml:1:1: the file is empty; a spec is a mapping with the key 'kerascnn'"
    assert refused(tmp_path / "s.yaml", content) == line


def test_an_empty_json_file_is_named(tmp_path: Path) -> None:
    message = "the file is empty; a spec is a mapping with the key 'kerascnn'"
    assert refused(tmp_path / "s.json", b"") == f"s.json:1:1: {message}"
    assert refused(tmp_path / "s.json", b"null") == f"s.json:1:1: {message}"


@pytest.mark.parametrize(("encoding", "name"), [("utf-16", "UTF-16"), ("utf-32", "UTF-32")])
def test_another_unicode_encoding_is_named_by_its_mark(tmp_path: Path, encoding: str, name: str) -> None:
    for order in ("le", "be"):
        content = f"\ufeff{SPEC}".encode(f"{encoding}-{order}")
        assert refused(tmp_path / "s.yaml", content) == f"s.yaml:1:1: is {name}; save it as UTF-8"


def test_utf_16_without_a_mark_is_guessed(tmp_path: Path) -> None:
    said = refused(tmp_path / "s.yaml", SPEC.encode("utf-16-le"))
    assert said.startswith(
        "s.yaml:1:2: the character U+0000 may not stand in a YAML text; remove it; if the file is UTF"
    )


@pytest.mark.parametrize(
    ("content", "place", "byte"),
    [
        (b"kerascnn: 1\nname: caf\xe9\n", "2:10", "e9"),
        (b"\xff", "1:1", "ff"),
        ("a: é\r\nb: 😀".encode() + b"\xc3(", "2:5", "c3"),
        (b"\xef\xbb\xbfa: \x80", "1:4", "80"),
        (b"a: \xed\xa0\x80", "1:4", "ed"),
    ],
)
def test_a_byte_that_is_not_utf_8_is_named_with_line_and_column(
    tmp_path: Path, content: bytes, place: str, byte: str
) -> None:
    assert refused(tmp_path / "s.yaml", content) == f"s.yaml:{place}: is not UTF-8 (byte 0x{byte}); save it as UTF-8"


@pytest.mark.parametrize("name", ["s.yaml", "s.json"])
def test_a_byte_order_mark_is_left_out(tmp_path: Path, name: str) -> None:
    text = SPEC if name.endswith("yaml") else json.dumps(plain())
    (tmp_path / name).write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert load_spec(tmp_path / name) == spec()
    assert refused(tmp_path / name, b"\xef\xbb\xbf[1]").startswith(f"{name}:1:1: ")


@pytest.mark.parametrize(
    ("text", "kind"),
    [("- a\n- b\n", "a list"), ("[]", "a list"), ("word", "the single value 'word'"), ("3", "the single value 3")],
)
def test_what_is_no_mapping_is_no_spec(tmp_path: Path, text: str, kind: str) -> None:
    message = f"s.yaml:1:1: a spec is a mapping with the key 'kerascnn', not {kind}"
    assert refused(tmp_path / "s.yaml", text.encode()) == message


def test_a_single_value_that_cannot_be_read_is_named_once() -> None:
    assert mistakes(".nan") == ["t.yaml:1:1: should be a finite number (got .nan)"]
    assert mistakes("[.nan, 1]") == [
        "t.yaml:1:1: a spec is a mapping with the key 'kerascnn', not a list",
        "t.yaml:1:2: 0: should be a finite number (got .nan)",
    ]


def test_json_and_yaml_of_one_spec_are_equal() -> None:
    as_json = parse_spec(json.dumps(plain()), "s.json")
    assert as_json == parse_spec(json.dumps(plain(), indent=2), "s.yaml") == parse_spec(SPEC, "s.yaml")
    assert as_json.spell() == spec().spell()


@pytest.mark.parametrize("text", [SPEC, TEMPLATE.read_text(encoding="utf-8")], ids=["spec", "template"])
def test_a_spec_that_is_spelled_out_is_a_fixed_point(text: str) -> None:
    first = parse_spec(text)
    again = spec_from_dict(first.spell())
    assert again == first
    assert again.spell() == first.spell()
    assert parse_spec(write_yaml(first.spell()), "s.yaml") == first
    assert parse_spec(json.dumps(first.spell()), "s.json") == first


def test_a_spec_that_is_spelled_out_has_every_default() -> None:
    spelled = spec().spell()
    assert spelled["train"]["batch_size"] == 32
    assert spelled["train"]["stages"][0]["schedule"] == {"type": "constant", "warmup": 0.0}
    assert spelled["model"]["backbone"]["layers"][1]["shortcut"] == []
    assert spelled["augment"][0] == {"type": "random_flip", "mode": "horizontal", "probability": 0.5}


def test_a_spec_of_plain_data_names_paths_without_lines() -> None:
    data = plain()
    data["train"]["sede"] = data["train"].pop("seed")
    data["model"]["head"]["dropout"] = 1
    with pytest.raises(SpecError) as caught:
        spec_from_dict(data)
    assert [str(issue) for issue in caught.value.issues] == [
        "spec: model.head.dropout: should be less than 1 (got 1)",
        "spec: train.sede: no field is named 'sede'; did you mean 'seed'?",
    ]
    assert [issue.frame() for issue in caught.value.issues] == ["", ""]


@pytest.mark.parametrize(("data", "kind"), [([], "a list"), ("x", "the single value 'x'"), (3, "the single value 3")])
def test_data_that_is_no_mapping_is_no_spec(data: Any, kind: str) -> None:
    with pytest.raises(SpecError) as caught:
        spec_from_dict(data)
    assert str(caught.value) == f"spec: a spec is a mapping with the key 'kerascnn', not {kind}"


def test_the_data_that_a_spec_is_made_of_is_left_as_it_was() -> None:
    data = plain()
    spec_from_dict(data)
    assert data == plain()


BROKEN = """\
kerascnn: 2
name: my run
task: {type: image_clasification}
data:
  source: {type: digits, path: x}
  split: {validation: 0.9}
augment:
  - {type: random_flp}
  - random_crop
model:
  preprocess: {resize: 28, normalise: unit}
  backbone:
    type: layers
    layers:
      - {type: conv2d, filters: -3, kernel_size: .nan}
      - {type: acme.coord_attention}
  head: {type: classifier, hidden: 16}
trian:
  epochs: 3
"""


def test_all_mistakes_of_a_file_come_at_once_in_the_order_of_the_file() -> None:
    assert mistakes(BROKEN, "bad.yaml") == [
        "bad.yaml:1:11: kerascnn: should be 1 (got 2)",
        "bad.yaml:2:7: name: should match ^[A-Za-z0-9][A-Za-z0-9_.\\-]{0,63}$ (got 'my run'); write 'my-run'",
        "bad.yaml:3:14: task.type: no task is named 'image_clasification'; did you mean 'image_classification'?",
        "bad.yaml:5:26: data.source.path: no field is named 'path'; it has no fields",
        "bad.yaml:6:10: data.split: nothing is left to train on: validation and test together should be less than 1 "
        "(got validation 0.9, test 0.15)",
        "bad.yaml:8:12: augment.0.type: no augmentation is named 'random_flp'; did you mean 'random_flip'?",
        "bad.yaml:9:5: augment.1: should be a mapping with the key 'type', such as {type: random_crop} "
        "(got 'random_crop')",
        "bad.yaml:11:24: model.preprocess.resize: should be two whole numbers from 1 to 8192: [height, width] in "
        "pixels (got 28)",
        "bad.yaml:11:28: model.preprocess.normalise: no field is named 'normalise'; did you mean 'normalize'?",
        "bad.yaml:15:33: model.backbone.layers.0.filters: should be greater than 0 (got -3)",
        "bad.yaml:15:50: model.backbone.layers.0.kernel_size: should be a finite number (got .nan)",
        "bad.yaml:16:16: model.backbone.layers.1.type: no layer is named 'acme.coord_attention'; is the plugin 'acme' "
        "installed? see `kerascnn plugins`",
        "bad.yaml:17:36: model.head.hidden: should be a list (got 16); write [16]",
        "bad.yaml:18:1: trian: no field is named 'trian'; did you mean 'train'?",
    ]


def test_an_issue_carries_value_suggestion_and_line() -> None:
    with pytest.raises(SpecError) as caught:
        parse_spec(BROKEN, "bad.yaml")
    issue = caught.value.issues[5]
    assert (issue.file, issue.line, issue.column, issue.path) == ("bad.yaml", 8, 12, "augment.0.type")
    assert (issue.value, issue.suggestion) == ("random_flp", "random_flip")
    assert issue.frame() == "    8 |   - {type: random_flp}\n      |            ^"


def test_a_misspelt_key_is_one_mistake_not_also_a_missing_one() -> None:
    assert mistakes(swap("model:", "modle:")) == [
        "t.yaml:10:1: modle: no field is named 'modle'; did you mean 'model'?"
    ]
    assert mistakes(swap("filters: 8, kernel_size", "filtres: 8, kernel_size")) == [
        "t.yaml:15:24: model.backbone.layers.0.filtres: no field is named 'filtres'; did you mean 'filters'?"
    ]


def test_a_key_that_resembles_nothing_leaves_the_missing_one_to_be_named_too() -> None:
    assert mistakes(swap("model:", "zzz:")) == [
        "t.yaml:1:1: model: is missing; it has no default",
        f"t.yaml:10:1: zzz: no field is named 'zzz'; the fields are {FIELDS}",
    ]


def test_a_value_that_could_not_be_read_is_named_once() -> None:
    assert mistakes(swap("resize: [28, 28]", "resize: [28, .inf]", swap("name: digits", "name: 1e999"))) == [
        "t.yaml:2:7: name: is too large for a number (got 1e999)",
        "t.yaml:11:29: model.preprocess.resize.1: should be a finite number (got .inf)",
    ]


def test_a_mistake_of_yaml_hides_no_mistake_of_the_value() -> None:
    assert mistakes(swap("seed: 1", "seed: &x -1\n  seed: 2")) == [
        "t.yaml:23:9: train.seed: anchors are not part of a spec (got &x); remove it",
        "t.yaml:23:9: train.seed: should be 0 or more (got -1)",
        "t.yaml:24:3: train.seed: the key 'seed' stands here twice; the first is on line 23",
    ]


def test_a_spec_with_nothing_but_a_mistake_of_yaml_is_refused() -> None:
    assert mistakes(swap("seed: 1", "seed: &x 1")) == [
        "t.yaml:23:9: train.seed: anchors are not part of a spec (got &x); remove it"
    ]


def test_more_mistakes_than_a_hundred_are_cut_and_that_is_said() -> None:
    lines = mistakes(SPEC + "".join(f"k{i}: 1\n" for i in range(300)))
    assert len(lines) == 101
    assert lines[-1].endswith(": there are more mistakes than these")
    assert sum("there are more" in line for line in lines) == 1


def test_places_are_right_behind_emoji_and_windows_line_ends() -> None:
    text = swap("name: digits", "name: digits # 😀").replace("seed: 1", "seed: -1").replace("\n", "\r\n")
    text = text.replace("- {type: random_flip}", "- {type: random_flip, '😀': 1, mdoe: 2}")
    assert mistakes(text) == [
        "t.yaml:8:25: augment.0.😀: no field is named '😀'; the fields are mode, probability",
        "t.yaml:8:33: augment.0.mdoe: no field is named 'mdoe'; did you mean 'mode'?",
        "t.yaml:23:9: train.seed: should be 0 or more (got -1)",
    ]


def test_overrides_are_put_in_before_the_spec_is_checked(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text(swap("seed: 1", "seed: -1"), encoding="utf-8")
    loaded = load_spec(tmp_path / "s.yaml", ["train.seed=5", "augment=[]"])
    assert isinstance(loaded, Spec)
    assert (loaded.train.seed, loaded.augment) == (5, [])
