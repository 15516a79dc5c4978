"""A training that is made up, for tests of what follows one."""

import numpy as np

from kerascnn.spec import Training
from tests.helpers import make


def line(epoch, loss=None, **more):
    """Return what `metrics.jsonl` has of an epoch."""
    loss = 1 / epoch if loss is None else loss
    return {"epoch": epoch, "stage": 0, "loss": loss, "val_loss": 2 * loss, **more, "learning_rate": 0.1, "kept": True}


def weights(epoch=1):
    """Return a network's weights: 0, 1, 2, ... times the epoch."""
    return {"dense/kernel": np.arange(6, dtype="float32").reshape(2, 3) * epoch, "dense/bias": np.zeros(0, "float32")}


def follow(folder, name, run="20261121-080000-abcdef", spec=None, **parameters):
    """Return a follower of a training in this folder."""
    folder.mkdir(exist_ok=True, parents=True)
    return make("callback", name, **parameters).follow(Training(folder, run, "small", spec or {}))


def tell(follower, lines, behind=()):
    """Let a follower begin behind some epochs and tell it of more."""
    follower.begin(list(behind))
    for each in lines:
        follower.end_epoch(each, lambda number=each["epoch"]: weights(number))
    return follower
