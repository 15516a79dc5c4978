"""Questions that come line by line to a model that stays loaded."""

import json
import re
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from kerascnn.engine.listen import MAX_LINE, listen
from kerascnn.engine.media import Raw
from kerascnn.engine.predict import Prediction
from kerascnn.errors import DataError


class Made:
    """What is asked of a Predictor, without a model."""

    def __init__(self, target="class"):
        self.run = SimpleNamespace(id="run")
        self.task = SimpleNamespace(type_name="some_task", target=target, boxes=self.boxes)
        self.form = SimpleNamespace(medium="image")
        self.labels = ["none", "cell"]
        self.calibration = None
        self.shape = (6, 8, 1)
        self.model = SimpleNamespace(inputs=[SimpleNamespace(dtype="uint8")])
        self.warmed = []

    def answers(self, elements):
        self.warmed.append((elements.shape, str(elements.dtype)))

    @staticmethod
    def boxes(answer, size):
        return np.array([[1, 1, 1, 5, 4, 0.9]], "float32")

    def predict_files(self, paths, seen=None):
        if paths == ["empty"]:
            raise DataError("empty holds no picture")
        bad = [(path, "is not there") for path in paths if path.startswith("gone")]
        good = [path for path in paths if not path.startswith("gone")]
        for _ in good:
            mask = np.zeros((6, 8, 2), "float32")
            mask[:, 4:, 1] = 1
            seen(Raw(np.full((6, 8, 1), 90, "uint8"), "", (6, 8)), mask)
        return [Prediction(path, "cell", None) for path in good], bad, len(paths)


def ask(made, *questions):
    lines = [question if isinstance(question, bytes) else json.dumps(question).encode() for question in questions]
    return list(listen(made, lines))


def test_the_model_has_answered_for_nothing_before_it_is_ready():
    made = Made()
    (ready,) = ask(made)
    assert ready["ready"] is True
    assert made.warmed == [((1, 6, 8, 1), "uint8"), ((2, 6, 8, 1), "uint8")]


def test_what_cannot_be_read_stands_beside_the_answers():
    _, said = ask(Made(), {"paths": ["a.png", "gone.png"]})
    assert [row["path"] for row in said["predictions"]] == ["a.png"]
    assert said["errors"] == [{"path": "gone.png", "reason": "is not there"}]


def test_an_error_is_an_answer_and_the_next_question_has_its_own():
    _, bad, good = ask(Made(), {"paths": ["empty"]}, {"paths": ["a.png"]})
    assert bad == {"error": "empty holds no picture", "exit_code": 3}
    assert len(good["predictions"]) == 1


@pytest.mark.parametrize(
    ("question", "said"),
    [
        (b"{", "one JSON document"),
        (b"\xff\xfe", "one JSON document"),
        (b"[" * 100_000, "one JSON document"),
        (b"[]", '"paths"'),
        ({"path": "a"}, "nothing is named 'path'"),
        ({"paths": "a.png"}, "list of the names"),
        ({"paths": [1]}, "list of the names"),
        ({"paths": [""]}, "list of the names"),
        ({"paths": ["a\0b"]}, "U\\+0000"),
        ({"paths": ["a"], "overlays": "/no/such/folder"}, "a folder that is there"),
        (b" " * MAX_LINE + b"1", "more than"),
    ],
)
def test_a_question_that_is_none_is_answered_with_what_is_wrong(question, said):
    _, answer = ask(Made(), question)
    assert answer["exit_code"] == 2
    assert re.search(said, answer["error"])


@pytest.mark.parametrize("target", ["mask", "boxes"])
def test_masks_and_boxes_are_drawn_by_the_number_of_their_answer(tmp_path, target):
    ask(Made(target), {"paths": ["gone.png", "a.png", "b.png"], "overlays": str(tmp_path)})
    assert sorted(file.name for file in tmp_path.iterdir()) == ["0.png", "1.png"]
    with Image.open(tmp_path / "1.png") as drawn:
        assert (drawn.size, drawn.mode) == ((8, 6), "RGB")
        assert len(drawn.getcolors()) > 1


def test_answers_without_places_are_not_drawn(tmp_path):
    ask(Made("class"), {"paths": ["a.png"], "overlays": str(tmp_path)})
    assert not list(tmp_path.iterdir())
