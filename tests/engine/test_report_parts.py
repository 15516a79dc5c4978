from xml.etree import ElementTree

import numpy as np
import pytest

from kerascnn.engine.report_parts import parts_of, residual_plot
from kerascnn.runs.answers import FOLDER, KeptAnswers, write_answers
from kerascnn.runs.folder import RunFolder

REPORT = {
    "metrics": {"accuracy": 0.75, "accuracy_low": 0.6, "accuracy_high": 0.9, "macro_f1": 0.7, "loss": 0.5},
    "intervals": {"accuracy": [0.61, 0.89], "macro_f1": [0.55, 0.8]},
    "floor": {"accuracy": 0.4},
    "notes": ["No sample is <b>."],
    "slices": [
        {"column": "site", "value": "<b>", "samples": 20, "accuracy": 0.5, "low": 0.3, "high": 0.7, "gap": 0.4},
    ],
    "temperature": 1.5,
    "calibration": {
        "ece": 0.1, "mce": 0.2, "brier": 0.3, "nll": 0.4,
        "bins": [{"low": 0.5, "high": 0.6, "samples": 4, "confidence": 0.55, "right": 0.5}],
    },
    "coverage": {
        "curve": [
            {"threshold": 0.9, "coverage": 0.5, "error": 0.1},
            {"threshold": 0.4, "coverage": 1.0, "error": 0.25},
        ]
    },
    "unsure": {"threshold": 0.9, "coverage": 0.5, "error": 0.1},
    "sets": {"wished_coverage": 0.9, "coverage": 0.92, "mean_size": 1.4},
    "labels": ["a", "b"],
}  # fmt: skip


def well_formed(html):
    """Return the parts as a tree; they are XML, but for what no browser minds."""
    return ElementTree.fromstring(f"<body>{html}</body>")


def test_every_part_stands_in_the_page_and_names_are_escaped(tmp_path):
    html = parts_of(RunFolder(tmp_path), "test", REPORT)
    tree = well_formed(html)
    assert [head.text for head in tree.iter("h3")] == ["Slices", "Calibration", "Where it may be unsure"]
    assert "<b>" not in html
    cells = [[cell.text for cell in row] for row in tree.find("div/table").iter("tr")]
    assert cells[1:] == [
        ["accuracy", "0.7500", "0.6000 to 0.9000", "0.4000"],
        ["macro F1", "0.7000", "0.5500 to 0.8000", None],
        ["loss", "0.5000", None, None],
    ]
    assert "at temperature 1.5" in html
    assert "asked for: 90.0%" in html


def test_a_report_of_boxes_has_its_figures_alone(tmp_path):
    html = parts_of(RunFolder(tmp_path), "test", {"metrics": {"map50": 0.3}, "labels": ["a"]})
    assert [child.tag for child in well_formed(html)] == ["div"]


def test_residuals_are_drawn_from_the_kept_answers(tmp_path):
    run = RunFolder(tmp_path)
    report = {"metrics": {"mae": 1.0}, "labels": ["age & height"]}
    assert "Residuals" not in parts_of(run, "test", report)
    (tmp_path / FOLDER).mkdir()
    write_answers(run, "test", KeptAnswers(["x", "y"], np.array([[1.0], [3.0]]), np.array([[2.0], [1.0]], "float32")))
    tree = well_formed(parts_of(run, "test", report))
    dots = [(float(dot.get("cx")), float(dot.get("cy"))) for dot in tree.iter("circle")]
    # Errors of 1 and -2, from -2 to 2 on a field of 240 that starts at 60 and 28.
    assert dots == [(60.0, 88.0), (300.0, 268.0)]


def test_of_many_samples_a_thousand_are_drawn():
    html = residual_plot("age", np.arange(5000.0), np.arange(5000.0))
    assert html.count("<circle") == 1000


@pytest.mark.parametrize("values", [np.zeros(3), np.full(3, 1e-300)])
def test_numbers_that_are_all_the_same_are_drawn_too(values):
    assert "nan" not in residual_plot("age", values, values)
