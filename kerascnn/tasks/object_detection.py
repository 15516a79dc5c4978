"""Things in pictures, and where they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from kerascnn.errors import DataError, counted
from kerascnn.spec import DataInfo, Task, register

if TYPE_CHECKING:
    import numpy as np

    from kerascnn.evaluation.found_boxes import ClassBoxes

_LEAST = 0.01
"""Score from which on a box counts for average precision."""
_CHUNK = 16
_NO_INTERVALS = (
    "Average precisions have no intervals: there are too many pictures and found boxes to draw them again often enough."
)


@register("object_detection")
class ObjectDetection(Task):
    """Find the things in a picture: what each is, and the box about it.

    Things are found as points on a grid (Zhou et al. 2019, arXiv:1904.07850); the loss is that of their centres and
    boxes. Shapes: targets `(n, most_boxes, 5)`, answers `(n, h, w, classes + 4)`.
    """

    reads: ClassVar[str] = "image"
    target: ClassVar[str] = "boxes"
    output: ClassVar[str] = "boxes"
    metrics: ClassVar[Mapping[str, str]] = {}
    presets: ClassVar[Mapping[str, str]] = {
        "quick": "centernet_small",
        "balanced": "centernet_small",
        "thorough": "centernet_coco",
    }

    most_boxes: int = Field(100, ge=1, le=10_000)
    """Most boxes of a picture, in the data and found. Memory and time of training grow with it."""
    threshold: float = Field(0.3, gt=0, lt=1)
    """Score from which on something counts as found, in predictions and for precision and recall."""

    def outputs(self, info: DataInfo) -> int:
        """Return how many numbers each cell of the grid has: one for each class, and 4 for the box."""
        return len(info.labels) + 4

    def targets(self, answers: Sequence[np.ndarray], info: DataInfo) -> np.ndarray:
        """Return a row for each box, the smallest first: class number, and fractions of width and height; -1 for none.

        Raises DataError where a picture has more than `most_boxes`.
        """
        import numpy as np

        height, width = info.shape[:2]
        most = max(map(len, answers), default=0)
        if most > self.most_boxes:
            over = sum(len(rows) > self.most_boxes for rows in answers)
            raise DataError(
                f"{counted(over, 'picture has', 'pictures have')} more boxes than task.most_boxes, which is "
                f"{self.most_boxes}; set it to {most} or more"
            )
        targets = np.full((len(answers), self.most_boxes, 5), (-1, 0, 0, 0, 0), "float32")
        for i, rows in enumerate(answers):
            areas = (rows[:, 3] - rows[:, 1]) * (rows[:, 4] - rows[:, 2])
            targets[i, : len(rows)] = rows[np.argsort(areas, kind="stable")] / (1, width, height, width, height)
        return targets

    def loss(self, info: DataInfo) -> Any:
        """Return the loss of centres and boxes."""
        from kerascnn.nn.center_loss import CenterLoss

        return CenterLoss()

    def compiled_metrics(self) -> list[Any]:
        """Return none: what counts is measured on found boxes, after training."""
        return []

    def report(self, truth: Sequence[np.ndarray], answers: np.ndarray, info: DataInfo) -> dict[str, Any]:
        """Return mean average precision at an IoU of 0.5 and over 0.5 to 0.95, the loss, and a row for each class.

        "intervals" are those of the bootstrap over pictures, 95 %.
        """
        import numpy as np

        from kerascnn.evaluation.bootstrap import intervals
        from kerascnn.evaluation.found_boxes import BoxScores
        from kerascnn.tasks.boxes import decode

        size = info.shape[:2]
        found = [decode(answer, size, threshold=_LEAST, most=self.most_boxes) for answer in answers]
        boxes = [_of_class(number, found, truth) for number in range(len(info.labels))]
        rows, strict = [], []
        for label, one in zip(info.labels, boxes, strict=True):
            row, over_limits = self._class_row(one)
            rows.append({"label": label, **row})
            strict.append(over_limits)
        known = [i for i, row in enumerate(rows) if row["average_precision"] is not None]
        bounds, losses = BoxScores(boxes).intervals(), self._losses(truth, answers, info)
        return {
            "metrics": {
                "map50": float(np.mean([rows[i]["average_precision"] for i in known])) if known else 0.0,
                "map50_95": float(np.mean([strict[i] for i in known])) if known else 0.0,
                "loss": float(losses.mean()),
            },
            "intervals": {**bounds, **intervals(lambda counts: {"loss": counts @ losses / len(losses)}, len(losses))},
            **({"notes": [_NO_INTERVALS]} if known and not bounds else {}),
            "floor": {"map50": 0.0},
            "per_class": rows,
            "support_is": "boxes",
            "labels": list(info.labels),
        }

    def each(self, truth: Sequence[np.ndarray], answers: np.ndarray, info: DataInfo) -> tuple[str, str, np.ndarray]:
        """Return the name and better direction of a figure of pictures, and what each has.

        It is F1 of the boxes that are found from the task's threshold on, right at an IoU of 0.5; 1 for a picture that
        has no box, and in which none is found.
        """
        import numpy as np

        from kerascnn.evaluation.found_boxes import box_f1
        from kerascnn.tasks.boxes import matched

        counts = np.zeros((3, len(truth)))
        for i, (answer, true) in enumerate(zip(answers, truth, strict=True)):
            rows = self.boxes(answer, info.shape[:2])
            right = [
                matched(rows[rows[:, 0] == number, 1:5], true[true[:, 0] == number, 1:], np.array([0.5])).sum()
                for number in np.unique(true[:, 0])
            ]
            counts[:, i] = sum(right), len(rows), len(true)
        return "box_f1", "max", box_f1(*counts)

    def say(self, answer: np.ndarray, labels: Sequence[str]) -> dict[str, Any]:
        """Return how many of each class there are; there is no confidence."""
        # In cells, for want of the picture's size: counts are the same.
        numbers = self.boxes(answer, answer.shape[:2])[:, 0]
        counts = {label: float((numbers == i).sum()) for i, label in enumerate(labels)}
        said = ", ".join(f"{label} {count:.0f}" for label, count in counts.items() if count)
        return {"label": said, "confidence": None, "values": counts}

    def boxes(self, answer: np.ndarray, size: Sequence[int]) -> np.ndarray:
        """Return what is found in a picture of this size (height, width), the most certain first: float32 `(k, 6)`.

        A row is the class number; left, top, right and bottom in pixels; and the score.
        """
        from kerascnn.tasks.boxes import decode

        return decode(answer, size, threshold=self.threshold, most=self.most_boxes)

    def _class_row(self, boxes: ClassBoxes) -> tuple[dict[str, Any], float]:
        """Return the figures of a class, and its average precision as COCO has it: the mean over ten limits of IoU.

        Those of a class without boxes say nothing and are None.
        """
        import numpy as np

        from kerascnn.tasks.boxes import average_precision

        score, hit, support = boxes.scores, boxes.right, int(boxes.support.sum())
        hits, count = np.cumsum(hit[0]), np.arange(1, len(score) + 1)
        shown = int((score >= self.threshold).sum())
        best = int(np.argmax(2 * hits / (count + support))) if len(score) and support else None
        row = {
            "average_precision": average_precision(hit[0], support) if support else None,
            "precision": float(hits[shown - 1] / shown) if shown else 0.0,
            "recall": (float(hits[shown - 1] / support) if shown else 0.0) if support else None,
            "best_threshold": None if best is None else float(score[best]),
            "support": support,
        }
        return row, float(np.mean([average_precision(one, support, 101) for one in hit])) if support else 0.0

    def _losses(self, truth: Sequence[np.ndarray], answers: np.ndarray, info: DataInfo) -> np.ndarray:
        """Return the loss of each picture, float64 `(n,)`."""
        import numpy as np
        from keras import ops

        loss, parts = self.loss(info), []
        for start in range(0, len(truth), _CHUNK):
            wanted = self.targets(truth[start : start + _CHUNK], info)
            found = answers[start : start + _CHUNK].astype("float32")
            # Its `call` is before the mean over the pictures.
            each = loss.call(ops.convert_to_tensor(wanted), ops.convert_to_tensor(found))
            parts.append(np.asarray(ops.convert_to_numpy(each), "float64"))
        return np.concatenate(parts)


def _of_class(number: int, found: Sequence[np.ndarray], wanted: Sequence[np.ndarray]) -> ClassBoxes:
    """Return the boxes of a class, matched with the true ones at the ten limits of COCO."""
    import numpy as np

    from kerascnn.evaluation.found_boxes import ClassBoxes
    from kerascnn.tasks.boxes import matched

    limits = np.arange(50, 100, 5) / 100
    scores, right = [np.zeros(0, "float32")], [np.zeros((len(limits), 0), bool)]
    many, support = np.zeros(len(wanted), int), np.zeros(len(wanted), int)
    for i, (rows, true) in enumerate(zip(found, wanted, strict=True)):
        mine, theirs = rows[rows[:, 0] == number], true[true[:, 0] == number]
        scores.append(mine[:, 5])
        right.append(matched(mine[:, 1:5], theirs[:, 1:], limits))
        many[i], support[i] = len(mine), len(theirs)
    order = np.argsort(-np.concatenate(scores), kind="stable")
    pictures = np.repeat(np.arange(len(wanted)), many)
    return ClassBoxes(np.concatenate(scores)[order], np.concatenate(right, axis=1)[:, order], pictures[order], support)
