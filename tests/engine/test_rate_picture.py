import re
from xml.etree import ElementTree

import numpy as np
import pytest

from kerascnn.engine.rate_curve import judge
from kerascnn.engine.rate_picture import _nice, draw

RATES = np.geomspace(1e-6, 1e-1, 101)
LOSSES = np.concatenate([np.full(40, 2.0), np.linspace(2.0, 1.0, 40), np.geomspace(1.0, 1e30, 21)])
DRAWN = draw(judge(RATES, LOSSES), "digits <b> & co")


def texts(drawn):
    return [element.text for element in ElementTree.fromstring(drawn).iter("{http://www.w3.org/2000/svg}text")]


def test_it_is_one_document_that_loads_nothing():
    ElementTree.fromstring(DRAWN)
    assert "href" not in DRAWN
    assert DRAWN.count("http") == 1  # the name space


def test_the_name_of_a_spec_is_text():
    assert texts(DRAWN)[0] == "digits <b> & co: loss over the learning rate"


def test_powers_of_ten_and_the_suggestion_are_written():
    found = judge(RATES, LOSSES)
    assert {"1e-06", "1e-05", "1e-04", "1e-03", "1e-02", "1e-01"} <= set(texts(DRAWN))
    assert f"{found.suggestion:g}" in texts(DRAWN)
    assert any(f"steepest descent at {found.steepest:g}" in text for text in texts(DRAWN))


def test_the_suggestion_is_drawn_at_its_place():
    found = judge(RATES, LOSSES)
    line = re.search(r'<path d="M([\d.]+) 90V450" stroke="#c2571a"', DRAWN)
    assert float(line[1]) == pytest.approx(80 + 750 * (np.log10(found.suggestion) + 6) / 5, abs=0.1)


def test_losses_that_explode_leave_the_fall_to_be_seen():
    numbers = [float(y) for y in re.findall(r'cy="(-?[\d.]+)"', DRAWN)]
    assert max(numbers) - numbers[0] > 100  # the fall from 2 to 1, in pixels
    assert min(numbers) > -4000


@pytest.mark.parametrize("losses", [[], [2.0], [2.0, 2.0], [0.0] * 30, [np.nan], [2.0 + i % 3 for i in range(40)]])
def test_without_a_suggestion_it_says_so(losses):
    drawn = draw(judge(RATES[: max(1, len(losses))], losses), "x")
    assert "#c2571a" not in drawn
    assert texts(drawn)[1]


def test_steps_of_an_axis_are_round():
    assert [_nice(width) for width in (0.9, 1.3, 2.2, 4.0, 8.0)] == [1, 1, 2, 5, 10]
    assert _nice(0.037) == pytest.approx(0.05)
