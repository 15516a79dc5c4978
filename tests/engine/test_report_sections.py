"""Parts of a report that a task has of its own."""

import base64

from kerascnn.engine.report_sections import sections_of

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\nrest").decode()


def shown(**section):
    return sections_of({"sections": [{"title": "Pairs", **section}]})


def test_a_report_without_sections_has_none():
    assert sections_of({}) == ""


def test_texts_and_tables_are_escaped():
    page = shown(text="a < b", table={"head": ["<i>"], "rows": [["<script>"], [0.123456], [None]]})
    assert "<p>a &lt; b</p>" in page
    assert "<th>&lt;i&gt;</th>" in page
    assert [cell in page for cell in ("<td>&lt;script&gt;</td>", "<td>0.1235</td>", "<td>-</td>")] == [True] * 3


def test_a_png_is_shown_and_nothing_else_is():
    assert f"src='data:image/png;base64,{PNG}'" in shown(pictures=[{"png": PNG, "caption": "one's"}])
    assert "alt='one&#x27;s'" in shown(pictures=[{"png": PNG, "caption": "one's"}])
    for no_png in ("x' onerror='alert(1)", base64.b64encode(b"<svg/>").decode(), ""):
        page = shown(pictures=[{"png": no_png}])
        assert "<img" not in page
        assert "left out" in page


def test_lines_go_from_the_lower_left_to_the_upper_right():
    page = shown(lines={"x_name": "rate", "x": [0, 1, 2], "y": {"a": [1, None, 3], "b": [1, 2, float("nan")]}})
    assert "points='50.0,216.0 470.0,16.0'" in page
    assert "points='50.0,216.0 260.0,116.0'" in page
    assert ">rate</text>" in page


def test_lines_of_nothing_and_of_one_height_are_no_error():
    assert "nothing to draw" in shown(lines={"x": [], "y": {}})
    assert "nothing to draw" in shown(lines={"x": [1], "y": {"a": [None]}})
    assert "points='50.0,216.0'" in shown(lines={"x": [4], "y": {"a": [4]}})
