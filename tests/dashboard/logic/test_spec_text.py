import re
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from kerascnn.errors import SpecError, UsageError
from kerascnn.spec.load import parse_spec
from kerascnn_dashboard.logic.spec_text import SpecText, difference
from kerascnn_dashboard.logic.yaml_edit import same
from kerascnn_dashboard.logic.yaml_nodes import flow, outline

TEMPLATES = sorted((Path(__file__).parents[3] / "templates").glob("*/*.yaml"))
SPEC = """\
# what it is for
kerascnn: 1
name: 'flowers'   # in single quotes
task: {type: image_classification}
data:
  source: {type: image_folder, path: data/pictures}
  image_size: [96, 96]     # height, width
augment:
  # mirrored
  - {type: random_flip, mode: horizontal}  # no signs
  - {type: random_crop, padding: 8}

model:
  backbone: {type: simple_cnn, filters: [32, 64]}
  head: {type: classifier}
train:
  stages:
    - epochs: 5  # short
      learning_rate: 1e-3
"""


def changed(path, value, text=SPEC):
    spec = SpecText(text)
    spec.set(path, value)
    return spec.text


def removed(path, text=SPEC):
    spec = SpecText(text)
    spec.remove(path)
    return spec.text


@pytest.mark.parametrize("file", TEMPLATES, ids=lambda file: file.stem)
def test_a_template_stays_as_it_is_to_the_byte(file):
    text = file.read_bytes().decode()
    spec = SpecText(text)
    assert spec.text == text
    # The keys of a sweep are paths themselves: there is none to them.
    for path, value in leaves({name: value for name, value in spec.data.items() if name != "sweep"}):
        spec.set(path, value)
    assert spec.text == text


def test_a_value_is_read_by_the_path_of_set():
    spec = SpecText(SPEC)
    assert spec.get("train.stages.0.learning_rate") == 1e-3
    assert spec.get("augment.1.padding") == 8
    assert spec.get("train.seed") is None
    assert spec.get("train.seed", 7) == 7
    assert spec.has("data.image_size")
    assert not spec.has("data.cache")


def test_only_the_line_of_the_value_changes():
    assert changed("train.stages.0.epochs", 40) == SPEC.replace("epochs: 5 ", "epochs: 40 ")
    assert changed("augment.0.mode", "both") == SPEC.replace("horizontal", "both")
    assert changed("data.image_size", [128, 64]) == SPEC.replace("[96, 96]", "[128, 64]")


def test_quotes_stay_the_ones_that_were_there():
    assert changed("name", "weeds") == SPEC.replace("'flowers'", "'weeds'")
    assert 'name: "x"' in changed("name", "x", SPEC.replace("'", '"'))


def test_the_same_value_keeps_its_spelling():
    assert changed("train.stages.0.learning_rate", 0.001) == SPEC


def test_a_new_field_goes_into_the_brackets_of_its_component():
    text = changed("model.backbone.dropout", 0.1)
    assert "backbone: {type: simple_cnn, filters: [32, 64], dropout: 0.1}" in text


def test_a_new_field_of_a_section_gets_a_line_behind_the_others():
    assert "  image_size: [96, 96]     # height, width\n  cache: ram\naugment:" in changed("data.cache", "ram")
    assert changed("evaluate.metrics", [{"type": "matthews"}]).endswith(
        "evaluate:\n  metrics:\n    - {type: matthews}\n"
    )


def test_sections_on_the_way_are_made():
    assert changed("model.preprocess.resize", [28, 28]).count("preprocess: {resize: [28, 28]}") == 1
    assert SpecText(changed("lint.ignore.0", "small-data")).get("lint") == {"ignore": ["small-data"]}


def test_another_component_keeps_the_brackets_and_the_comment_behind_them():
    text = changed("model.backbone", {"type": "resnet", "depth": 18}, SPEC.replace("[32, 64]}", "[32, 64]}  # plain"))
    assert "  backbone: {type: resnet, depth: 18}  # plain\n" in text


def test_an_item_is_added_in_the_style_of_the_others():
    text = changed("augment.2", {"type": "random_hue"})
    assert "  - {type: random_crop, padding: 8}\n  - {type: random_hue}\n\nmodel:" in text
    long = changed("train.stages.1", {"epochs": 3, "methods": [{"type": "swa"}]})
    assert long.endswith("    - epochs: 3\n      methods:\n        - {type: swa}\n")


def test_a_field_is_taken_out_and_its_comment_stays():
    assert removed("data.image_size") == SPEC.replace("  image_size: [96, 96]     # height", "  # height")
    assert "{type: random_crop}" in removed("augment.1.padding")
    assert removed("train.stages.0.epochs").endswith("    # short\n    - learning_rate: 1e-3\n")
    assert removed("train.seed") == SPEC


def test_the_last_field_of_a_section_leaves_empty_brackets():
    assert "data: {}" in removed("data.x", "kerascnn: 1\ndata:\n  x: 1\n")
    assert "- {}" in removed("train.stages.0.learning_rate", removed("train.stages.0.epochs"))
    assert removed("augment.0", "augment:\n  - 1  # one\n") == "augment: []  # one\n"


def test_an_item_moves_with_the_comments_above_it():
    text = "a:\n  # one\n  - 1  # first\n  # two\n  - {b: 2}\n  # three\n  - 3\n"
    spec = SpecText(text)
    spec.move("a.2", 0)
    assert spec.text == "a:\n  # three\n  - 3\n  # one\n  - 1  # first\n  # two\n  - {b: 2}\n"
    spec.move("a.0", 2)
    assert spec.text == text
    flowing = SpecText("a: [1, {b: 2}, 3]  # all\n")
    flowing.move("a.0", 2)
    assert flowing.text == "a: [{b: 2}, 3, 1]  # all\n"


@pytest.mark.parametrize("word", ["no", "1e-3", "C:\\data", "a: b", "# x", "", "é ", "'", '"', "line\nbreak", "\x7f"])
def test_a_text_is_quoted_where_it_would_be_read_as_something_else(word):
    for text in ("a: x\n", "a: {b: [x]}\n", "a: 'x'\n", 'a: "x"\n'):
        path = "a.b.0" if "b" in text else "a"
        assert SpecText(changed(path, word, text)).get(path) == word


@pytest.mark.parametrize(
    ("value", "written"), [(1e-5, "1e-5"), (0.001, "0.001"), (True, "true"), (None, "null"), (3e20, "3e+20"), (2, "2")]
)
def test_numbers_are_written_as_people_write_them(value, written):
    assert flow(value) == written


def test_line_ends_of_windows_and_a_mark_at_the_start_stay():
    text = "\ufeffa: 1\r\nb:\r\n  c: 2\r\n"
    assert changed("b.d", 3, text) == text + "  d: 3\r\n"
    assert SpecText(text).text == text


def test_a_text_that_cannot_be_read_says_its_line_and_column():
    with pytest.raises(SpecError) as error:
        SpecText("kerascnn: 1\ntask: {type: x\n")
    issue = error.value.issues[0]
    assert (issue.file, issue.line, issue.column) == ("spec.yaml", 2, 7)
    with pytest.raises(SpecError, match="stands here twice"):
        SpecText("a: 1\na: 2\n")


def test_a_path_through_a_single_value_is_refused_and_nothing_changes():
    spec = SpecText(SPEC)
    for path in ("kerascnn.x", "augment.9", "", "a..b", "augment.first"):
        with pytest.raises(UsageError):
            spec.set(path, 1)
    with pytest.raises(UsageError, match="no place"):
        spec.move("augment.0", 2)
    assert spec.text == SPEC


@pytest.mark.parametrize("value", [float("inf"), float("nan"), "\ud800", 10**20])
def test_what_no_spec_can_hold_is_refused(value):
    with pytest.raises(SpecError):
        SpecText(SPEC).set("train.seed", value)


def test_a_hash_in_a_text_is_no_comment():
    found = outline("a: 'x # y'  # z\nb: x#y\nc: |  # bar\n  # text\n")
    assert len(found.comments) == 2


def test_a_difference_names_what_the_resolved_specs_have_otherwise():
    parse_spec(SPEC)
    new = SpecText(SPEC)
    new.set("train.seed", 3)
    new.set("train.stages.0.epochs", 6)
    new.set("augment.2", {"type": "random_hue"})
    found = {path: (one, two) for path, one, two in difference(SPEC, new.text)}
    assert found["train.seed"] == (0, 3)
    assert found["train.stages.0.epochs"] == (5, 6)
    assert found["augment.2"][0] is None
    assert found["augment.2"][1]["type"] == "random_hue"
    assert len(found) == 3
    assert difference(SPEC, SPEC.replace("1e-3", "0.001")) == []


# Any change to any text: what was set is there, nothing else has changed, and no comment is lost.

WORDS = st.sampled_from(["a", "b", "no", "1", "x y", "é", "it's", "a:b", "#h", "", "two\nlines", "1e-3", "C:\\x"])
KEYS = st.sampled_from(["a", "b", "c d", "no", "é", "it's", "1"])
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-9, 9), st.sampled_from([0.5, 1e-5, 3e20]), WORDS)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)
DOCUMENTS = st.dictionaries(KEYS, VALUES, min_size=2, max_size=4)


@settings(max_examples=150, deadline=None)
@given(DOCUMENTS, VALUES, st.randoms(use_true_random=False))
def test_what_is_set_is_there_and_comments_survive(document, value, chance):
    text = written(document, chance)
    spec = SpecText(text)
    assert same(spec.data, document)
    assert spec.text == text
    for _ in range(4):
        places = paths(spec.data)
        assume(len(places) > 1)
        path, before = chance.choice(places), spec.text
        if chance.random() < 0.7:
            spec.set(path, value)
            assert same(spec.get(path), value)
        elif len(spec.data) > 1:
            spec.remove(path)
        assert not comments(before) - comments(spec.text)


def leaves(value, path=""):
    if isinstance(value, dict | list):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(item, f"{path}.{key}" if path else str(key))
    elif path:
        yield path, value


def paths(value, path=""):
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    inner = [one for key, item in items for one in paths(item, f"{path}.{key}" if path else str(key))]
    return [path, *inner] if path else inner


def comments(text):
    return Counter(re.findall(r"# c\d+", text))


def written(document, chance):
    """Return a document in any style: blocks, brackets on one line or several, comments everywhere."""
    count = iter(range(10_000))
    lines: list[str] = []

    def remark():
        return f"  # c{next(count)} it's {{'" if chance.random() < 0.3 else ""

    def write(head, value, indent, lines):
        pad = " " * indent
        if chance.random() < 0.15:
            lines.append(f"{pad}# c{next(count)}")
        inside = value if isinstance(value, list) else ()
        items = value.items() if isinstance(value, dict) else [("-", item) for item in inside]
        if isinstance(value, dict | list) and value and chance.random() < 0.65:
            deeper = indent + 2 if head == "-" or isinstance(value, dict) else indent + chance.choice([0, 2, 4])
            inner: list[str] = []
            for key, item in items:
                write("-" if isinstance(value, list) else f"{flow(key)}:", item, deeper, inner)
            if head == "-" and not inner[0].lstrip().startswith("#"):
                lines += [f"{pad}- {inner[0].lstrip()}", *inner[1:]]
            else:
                lines += [f"{pad}{head}{remark()}", *inner]
        elif isinstance(value, dict | list) and value and chance.random() < 0.3:
            parts = [flow(item) if isinstance(value, list) else f"{flow(key)}: {flow(item)}" for key, item in items]
            opened, closed = "[]" if isinstance(value, list) else "{}"
            rows = [f"{pad}    {part}{',' if i + 1 < len(parts) else ''}{remark()}" for i, part in enumerate(parts)]
            lines += [f"{pad}{head} {opened}{remark()}", *rows, f"{pad}  {closed}{remark()}"]
        elif isinstance(value, str) and "\n" in value and chance.random() < 0.5:
            lines += [f"{pad}{head} |-{remark()}", *(f"{pad}   {line}" for line in value.split("\n"))]
        elif value is None and chance.random() < 0.5:
            lines.append(f"{pad}{head}{remark()}")
        else:
            quote = chance.choice(["", "'", '"']) if isinstance(value, str) else ""
            lines.append(f"{pad}{head} {flow(value, quote if value else '')}{remark()}")

    for key, value in document.items():
        write(f"{flow(key)}:", value, 0, lines)
    return "\n".join(lines) + "\n"
