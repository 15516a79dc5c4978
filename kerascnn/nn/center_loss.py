"""The loss of networks that find things as points (Zhou et al. 2019, arXiv:1904.07850)."""

from __future__ import annotations

from typing import Any

from keras import losses, ops

_SPREAD = 0.54 / 6
"""Standard deviation of a bell, as a share of its box (Liu et al. 2019, arXiv:1909.00700)."""
_BOX_WEIGHT = 5.0
"""Weight of the boxes beside the centres, of the same paper."""
_EPSILON = 1e-7


class CenterLoss(losses.Loss):
    """The penalty-reduced focal loss of the centres, and 5 times the generalised IoU loss of the boxes.

    `y_true` is `(n, k, 5)`: the class number and the box (left, top, right, bottom) as fractions of the picture, -1 as
    the class where a row is none. `y_pred` is `(n, h, w, classes + 4)`: for each cell of a grid the probability that
    something of a class has its centre there, then the offset of the box's centre from the cell's (right, down) and the
    box's width and height, in cells. Of two boxes that are as near to a cell, the first is learnt there.

    Each box makes a bell of its size about the cell of its centre. Centres are compared as Zhou et al. do (there is
    where a bell is 1, and near it less is lost), boxes in all cells under their bell (Liu et al. 2019,
    arXiv:1909.00700) by the generalised IoU (Rezatofighi et al. 2019, arXiv:1902.09630). Both are sums over a picture
    divided by its boxes, so that the loss of a picture is the same in any batch.
    """

    def __init__(self, name: str = "center_loss", **keywords: Any):
        super().__init__(name=name, **keywords)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the loss of each picture `(n,)`."""
        height, width, channels = y_pred.shape[1:]
        classes = channels - 4
        real = ops.cast(y_true[..., 0] >= 0, y_pred.dtype)
        boxes = y_true[..., 1:] * ops.convert_to_tensor([width, height, width, height], y_pred.dtype)
        bells = bells_of(boxes, height, width) * real[..., None, None]
        count = ops.maximum(ops.sum(real, 1), 1.0)
        centres = ops.sum(focal(_by_class(bells, y_true[..., 0], classes), y_pred[..., :classes]), (1, 2, 3))
        # Each cell goes to the box whose bell is highest there, and every box counts 1, however many cells it has.
        shares = 1 / ops.maximum(ops.sum(bells, (2, 3)), _EPSILON)
        rows = _rows(ops.concatenate([boxes, shares[..., None]], -1), ops.argmax(bells, 1))
        alike = generalised_iou(rows[..., :4], boxes_of(y_pred[..., classes:]))
        apart = ops.sum(ops.max(bells, 1) * rows[..., 4] * (1 - alike), (1, 2))
        return (centres + _BOX_WEIGHT * apart) / count


def bells_of(boxes: Any, height: int, width: int) -> Any:
    """Return the bell of each box `(n, k, 4)` in cells on a grid: `(n, k, height, width)`, 1 in its centre's cell."""
    along = []
    for axis, size in ((0, width), (1, height)):
        low, high = boxes[..., axis], boxes[..., axis + 2]
        centre = ops.clip(ops.floor((low + high) / 2), 0, size - 1)
        # A thing smaller than a cell has its one cell.
        spread = ops.maximum(_SPREAD * (high - low), 0.01)
        cells = ops.arange(size, dtype=boxes.dtype)
        along.append(ops.exp(-0.5 * ops.square((cells - centre[..., None]) / spread[..., None])))
    return along[1][..., :, None] * along[0][..., None, :]


def boxes_of(numbers: Any) -> Any:
    """Return left, top, right and bottom in cells, from offset and size in each cell: `(n, h, w, 4)` both."""
    height, width = numbers.shape[1:3]
    x = ops.arange(width, dtype=numbers.dtype) + 0.5 + numbers[..., 0]
    y = ops.arange(height, dtype=numbers.dtype)[:, None] + 0.5 + numbers[..., 1]
    across, down = numbers[..., 2] / 2, numbers[..., 3] / 2
    return ops.stack([x - across, y - down, x + across, y + down], -1)


def focal(wanted: Any, found: Any) -> Any:
    """Return what each cell loses: wanted 1 is a centre, less than 1 the less wrong the nearer one is."""
    found = ops.clip(found, _EPSILON, 1 - _EPSILON)
    there = ops.square(1 - found) * ops.log(found)
    elsewhere = (1 - wanted) ** 4 * ops.square(found) * ops.log(1 - found)
    return -ops.where(wanted >= 1, there, elsewhere)


def generalised_iou(one: Any, other: Any) -> Any:
    """Return the generalised IoU of boxes `(..., 4)`: 1 for the same, down to -1 for those far apart."""
    low, high = ops.maximum(one[..., :2], other[..., :2]), ops.minimum(one[..., 2:], other[..., 2:])
    both = ops.prod(ops.maximum(high - low, 0.0), -1)
    areas = ops.prod(one[..., 2:] - one[..., :2], -1) + ops.prod(other[..., 2:] - other[..., :2], -1)
    union = areas - both + _EPSILON
    hull = ops.maximum(one[..., 2:], other[..., 2:]) - ops.minimum(one[..., :2], other[..., :2])
    around = ops.prod(hull, -1) + _EPSILON
    return both / union - (around - union) / around


def _by_class(bells: Any, labels: Any, classes: int) -> Any:
    """Return for each cell and class the highest bell: `(n, h, w, classes)`."""
    height, width = bells.shape[2:]
    n, k = ops.shape(bells)[0], ops.shape(bells)[1]
    # Rows that are none are zeros, in whichever class.
    numbers = ops.maximum(ops.cast(labels, "int32"), 0) + classes * ops.arange(n, dtype="int32")[:, None]
    flat = ops.reshape(bells, (n * k, height * width))
    highest = ops.segment_max(flat, ops.reshape(numbers, (n * k,)), num_segments=n * classes)
    # A class without a row has no largest number.
    highest = ops.maximum(highest, 0.0)
    return ops.transpose(ops.reshape(highest, (n, classes, height, width)), (0, 2, 3, 1))


def _rows(rows: Any, index: Any) -> Any:
    """Return of rows `(n, k, c)` the one at each cell's index `(n, h, w)`: `(n, h, w, c)`."""
    height, width = index.shape[1:]
    size = rows.shape[-1]
    flat = ops.repeat(ops.reshape(index, (-1, height * width, 1)), size, -1)
    return ops.reshape(ops.take_along_axis(rows, flat, axis=1), (-1, height, width, size))
