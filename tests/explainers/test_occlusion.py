import numpy as np

from kerascnn.testing.explainer import MadeUp
from tests.helpers import make, normal


def test_a_place_gets_the_fall_of_the_score_under_its_cover():
    x = np.array([[[4], [0], [2], [2]]], "float32")  # mean 2
    made = MadeUp(x, np.array([[1], [1], [10], [100]], "float32"))
    found = make("explainer", "occlusion", size=0.5, overlap=0).explain(made)
    assert found.tolist() == [[0, 0, 0, 0]]  # 4 + 0 is covered with 2 + 2
    found = make("explainer", "occlusion", size=0.25, overlap=0).explain(made)
    assert found.tolist() == [[2, -2, 0, 0]]


def test_places_under_several_covers_get_the_mean():
    made = MadeUp(np.array([[[3], [0], [0]]], "float32"), np.ones((3, 1), "float32"))
    found = make("explainer", "occlusion", size=0.67, overlap=0.5).explain(made)  # places 0 and 1, then 1 and 2
    assert np.allclose(found, [[1, (1 - 2) / 2, -2]])


def test_covers_of_any_size_lie_on_every_place():
    for size in (0.01, 0.3, 0.5, 1.0):
        for overlap in (0.0, 0.5, 0.9):
            method = make("explainer", "occlusion", size=size, overlap=overlap)
            covered = np.zeros((7, 10), int)
            for cover in method._covers((7, 10)):
                covered[cover] += 1
            assert covered.min() >= 1


def test_many_covers_are_scored_in_parts(monkeypatch):
    made = MadeUp(normal(2, 5, 6, 2), normal(5, 6, 2, seed=1))
    method = make("explainer", "occlusion", size=0.2)
    whole = method.explain(made)
    monkeypatch.setattr("kerascnn.explainers.occlusion._NUMBERS", 60 * 3)
    sizes = []
    kept = made.scores
    made.scores = lambda inputs, rows: sizes.append(len(inputs)) or kept(inputs, rows)
    assert np.allclose(method.explain(made), whole)
    assert max(sizes) == 3
