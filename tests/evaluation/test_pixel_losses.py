import numpy as np
import pytest

from kerascnn.evaluation.pixel_losses import PixelLosses
from kerascnn.nn.segmentation_loss import _TERMS, SegmentationLoss

IGNORE = 255


def drawn(n=6, classes=4, seed=0):
    """Return masks in which one class is rare, and answers that are right more often than not."""
    rng = np.random.default_rng(seed)
    truth = rng.choice([*range(classes), IGNORE], (n, 5, 6), p=[0.4, 0.3, 0.2, 0.02, 0.08]).astype("uint8")
    raw = rng.random((n, 5, 6, classes)) + np.eye(classes)[truth % classes]
    answers = (raw / raw.sum(-1, keepdims=True)).astype("float32")
    answers[0, 0, :2] = [[1, 0, 0, 0], [0, 1, 0, 0]]  # as sure as can be, rightly and wrongly
    return truth, answers


@pytest.mark.parametrize("kind", list(_TERMS))
@pytest.mark.parametrize("how", [{}, {"balanced": True}, {"weights": [1.0, 2.5, 1.0, 7.0]}])
def test_the_loss_of_any_pictures_is_that_of_training(kind, how):
    truth, answers = drawn()
    loss = SegmentationLoss(kind, IGNORE, gamma=1.5, alpha=0.2, beta=0.9, **how)
    found = PixelLosses(truth, answers, loss)
    counts = np.random.default_rng(1).multinomial(len(truth), np.full(len(truth), 1 / len(truth)), size=4)
    wanted = [float(loss(np.repeat(truth, row, 0), np.repeat(answers, row, 0))) for row in counts]
    assert found.figures(counts)["loss"] == pytest.approx(wanted, rel=1e-4)
    low, high = found.intervals()["loss"]
    assert low < float(loss(truth, answers)) < high


def test_pictures_of_which_no_pixel_counts_have_no_loss():
    truth, answers = drawn(2)
    truth[1] = IGNORE
    found = PixelLosses(truth, answers, SegmentationLoss("dice", IGNORE))
    assert np.isnan(found.figures(np.array([[0, 2]]))["loss"]).all()
    assert np.isfinite(found.figures(np.array([[1, 1]]))["loss"]).all()
