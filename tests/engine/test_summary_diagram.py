"""Diagrams of summaries, without keras."""

from pathlib import Path
from xml.etree import ElementTree

import pytest

from kerascnn.engine.diagram import Diagram, diagram, mermaid, write_diagram
from kerascnn.errors import UsageError


def row(name, *inputs, kind="Conv2D", part="backbone", shape=(8, 8, 4), path="model.backbone", flops=2):
    return {
        "name": name, "type": kind, "part": part, "output_shape": list(shape), "spec_path": path, "flops": flops,
        "inputs": list(inputs),
    }  # fmt: skip


def summary(*rows, name="net"):
    return {"name": name, "input_shape": [8, 8, 1], "layers": list(rows)}


def residual(stages=4, blocks=3):
    """Return the rows of a network of many blocks, each of two convolutions with a shortcut."""
    rows = [row("stem_conv"), row("stem_norm", 0, kind="BatchNormalization", flops=0)]
    for stage in range(stages):
        for block in range(blocks):
            start, name, shape = len(rows) - 1, f"stage{stage + 2}_block{block + 1}", (8, 8, 4 * 2**stage)
            rows.append(row(f"{name}_conv1", start, shape=shape))
            rows.append(row(f"{name}_conv2", start + 1, shape=shape))
            rows.append(row(f"{name}_short_norm", start, kind="BatchNormalization", shape=shape, flops=0))
            rows.append(row(f"{name}_add", start + 2, start + 3, kind="Add", shape=shape, flops=0))
    rows.append(row("logits", len(rows) - 1, kind="Dense", part="head", shape=(10,), path="model.head"))
    return summary(*rows)


def names(found: Diagram):
    return [block.name for block in found.blocks.values()]


def test_few_layers_are_shown_one_by_one():
    found = diagram(summary(row("c1"), row("c2", 0), row("logits", 1, part="head", kind="Dense", shape=(3,))))
    assert names(found) == ["input", "c1", "c2", "logits"]
    assert [block.lines for block in found.blocks.values()][1:3] == [("Conv2D, 8 x 8 x 4",)] * 2
    assert len(found.edges) == 3


def test_many_layers_become_blocks_and_alike_ones_a_row():
    found = diagram(residual())
    assert names(found)[:3] == ["input", "stem", "stage2_block1 to stage2_block3"]
    block = found.blocks[list(found.blocks)[2]]
    assert (block.times, block.lines) == (3, ("2 Conv2D", "8 x 8 x 4"))
    assert len(found.blocks) == 7


def test_very_many_blocks_become_stages():
    rows = residual(2, 30)
    for number, one in enumerate(rows["layers"]):
        one["output_shape"] = [8, 8, number]  # no two alike
    assert names(diagram(rows)) == ["input", "stem", "stage2", "stage3", "logits"]


def test_layers_of_a_spec_are_grouped_by_their_place():
    rows = [row(f"conv2d_{i}", *([i - 1] if i else []), path=f"model.backbone.layers.{i // 10}.body.{i % 10}", shape=(8, 8, i)) for i in range(30)]  # noqa: E501  # fmt: skip
    assert names(diagram(summary(*rows))) == ["input", "layer 0", "layer 1", "layer 2"]


def test_blocks_that_would_feed_one_another_are_taken_apart():
    rows = [row("a_x"), row("b_y", 0), row("a_z", 1)] + [row(f"tail{i}", i + 2, shape=(i,)) for i in range(30)]
    found = diagram(summary(*rows))
    assert names(found)[1:4] == ["a_x", "b_y", "a_z"]


def test_operations_without_a_name_of_their_own_go_with_what_feeds_them():
    rows = [row("stage1_block1_conv"), row("get_item_3", 0, kind="GetItem"), row("stage1_block1_out", 1)]
    rows += [row(f"tail{i}", i + 2, shape=(i,)) for i in range(30)]
    assert names(diagram(summary(*rows)))[1:3] == ["stage1_block1", "tail0"]


def test_branches_and_skips_are_edges():
    found = diagram(summary(row("a"), row("b", 0), row("c", 0), row("join", 1, 2, 0)))
    keys = {block.name: key for key, block in found.blocks.items()}
    assert set(found.edges) == {
        (keys[a], keys[b])
        for a, b in [("input", "a"), ("a", "b"), ("a", "c"), ("b", "join"), ("c", "join"), ("a", "join")]
    }


def test_mermaid_has_a_frame_for_each_part_and_no_character_of_its_own():
    odd = mermaid(diagram(summary(row('a"<#]'), row("out", 0, part="head"))))
    assert odd.startswith("---\ntitle: net\n---\nflowchart TD\n")
    assert "subgraph backbone" in odd
    assert "subgraph head" in odd
    assert "a&quot;&lt;#35;]" in odd
    assert odd.count("-->") == 2


def test_a_drawing_is_sound_xml_in_which_nothing_overlaps(tmp_path: Path):
    rows = [row("a"), *(row(f"branch {i} <&>", 0) for i in range(4)), row("join", 1, 2, 3, 4, 0)]
    write_diagram(summary(*rows), tmp_path / "net.svg")
    root = ElementTree.parse(tmp_path / "net.svg").getroot()
    rects = list(root.iter("{http://www.w3.org/2000/svg}rect"))[1:]  # the first one is the paper
    boxes = [tuple(float(rect.get(key, "")) for key in ("x", "y", "width", "height")) for rect in rects]
    width, height = (float(value) for value in root.get("viewBox", "").split()[2:])
    assert len(boxes) == 7
    for i, (x, y, w, h) in enumerate(boxes):
        assert 0 <= x < x + w <= width
        assert 0 <= y < y + h <= height
        assert all(x + w <= a or a + c <= x or y + h <= b or b + d <= y for a, b, c, d in boxes[i + 1 :])


@pytest.mark.parametrize(("name", "begins"), [("net.mmd", "---\n"), ("net.md", "```mermaid\n"), ("NET.SVG", "<svg")])
def test_the_ending_says_the_form(tmp_path: Path, name: str, begins: str):
    write_diagram(summary(row("a")), tmp_path / name)
    assert (tmp_path / name).read_text("utf-8").startswith(begins)


@pytest.mark.parametrize(
    ("path", "said"), [("net.png", "should end in .mmd, .md, .svg"), ("no/such/net.svg", "there is no folder no/such")]
)
def test_a_diagram_that_cannot_be_written_is_refused(tmp_path: Path, monkeypatch, path: str, said: str):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=said):
        write_diagram(summary(row("a")), Path(path))
