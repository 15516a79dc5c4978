import keras
import numpy as np
import pytest

from kerascnn.nn.segmentation_loss import SegmentationLoss
from kerascnn.nn.segmentation_metrics import MaskedAccuracy, MaskedMeanIoU

# Three pixels of class 0, two of class 1, one that counts for nothing; class 2 occurs nowhere.
MASK = np.array([[[0, 0, 0], [1, 1, 255]]], "uint8")
SAID = np.array([[[0, 0, 1], [1, 1, 2]]])
ANSWER = np.eye(3, dtype="float32")[SAID]
METRICS = [MaskedMeanIoU, MaskedAccuracy]


def test_mean_iou_is_over_the_classes_that_occur():
    metric = MaskedMeanIoU()
    metric.update_state(MASK, ANSWER)
    # Class 0: 2 of 3; class 1: 2 of 3.
    assert float(metric.result()) == pytest.approx(2 / 3)


def test_a_class_that_is_said_wrongly_counts_with_0():
    metric = MaskedMeanIoU()
    metric.update_state(np.zeros((1, 1, 2), "uint8"), np.eye(3)[[[[0, 2]]]])
    assert float(metric.result()) == pytest.approx((1 / 2 + 0) / 2)


def test_accuracy_is_the_share_of_the_pixels_that_count():
    metric = MaskedAccuracy()
    metric.update_state(MASK, ANSWER)
    assert float(metric.result()) == pytest.approx(4 / 5)


def test_mean_iou_agrees_with_keras_where_the_number_of_classes_is_known():
    rng = np.random.default_rng(0)
    ours = MaskedMeanIoU()
    theirs = keras.metrics.MeanIoU(4, ignore_class=255, sparse_y_pred=False)
    for _ in range(3):
        mask = rng.choice([0, 1, 2, 3, 255], (2, 7, 5)).astype("uint8")
        answer = rng.random((2, 7, 5, 4)).astype("float32")
        ours.update_state(mask, answer)
        theirs.update_state(mask, answer)
    assert float(ours.result()) == pytest.approx(float(theirs.result()), rel=1e-6)


@pytest.mark.parametrize("cls", METRICS)
def test_batches_add_up(cls):
    whole, parts = cls(), cls()
    rng = np.random.default_rng(1)
    mask, answer = rng.integers(0, 3, (4, 5, 5)).astype("uint8"), rng.random((4, 5, 5, 3)).astype("float32")
    whole.update_state(mask, answer)
    for i in range(4):
        parts.update_state(mask[i : i + 1], answer[i : i + 1])
    assert float(parts.result()) == pytest.approx(float(whole.result()), rel=1e-6)


@pytest.mark.parametrize("cls", METRICS)
def test_it_is_0_before_anything_is_seen_and_after_a_reset(cls):
    metric = cls()
    assert float(metric.result()) == 0
    metric.update_state(MASK, ANSWER)
    metric.reset_state()
    assert float(metric.result()) == 0


@pytest.mark.parametrize("cls", METRICS)
def test_masks_in_which_nothing_counts_change_nothing(cls):
    metric = cls()
    metric.update_state(MASK, ANSWER)
    before = float(metric.result())
    metric.update_state(np.full_like(MASK, 255), ANSWER)
    assert float(metric.result()) == before


@pytest.mark.parametrize("xla", [False, True])
def test_keras_counts_both_with_and_without_xla(xla):
    x = keras.Input((2, 3, 3))
    model = keras.Model(x, keras.layers.Activation("softmax")(x))
    model.compile(loss=SegmentationLoss(), metrics=[MaskedMeanIoU(), MaskedAccuracy()], jit_compile=xla)
    figures = model.evaluate(100 * ANSWER, MASK, verbose=0, return_dict=True)
    assert figures["mean_iou"] == pytest.approx(2 / 3)
    assert figures["pixel_accuracy"] == pytest.approx(4 / 5)


@pytest.mark.parametrize("cls", METRICS)
def test_its_config_makes_an_equal_metric(cls):
    again = keras.metrics.deserialize(keras.metrics.serialize(cls(ignore=7, name="figure")))
    assert (type(again), again.ignore, again.name) == (cls, 7, "figure")
