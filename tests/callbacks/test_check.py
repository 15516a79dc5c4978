"""`check_callback` catches what it is there to catch: each check against a callback with one fault."""

import pytest

from kerascnn.spec import Callback, Follower
from kerascnn.testing import check_callback


class Faulty(Callback):
    """Have the fault that it is given."""

    fault: str = ""

    def follow(self, training):
        """Return a follower with that fault."""
        return None if self.fault == "none" else Following(self.fault)


class Following(Follower):
    def __init__(self, fault):
        self.fault, self.begun = fault, 0

    def begin(self, lines):
        self.begun += 1
        if self.fault == "begin" and self.begun == 2:
            raise RuntimeError("has begun already")

    def end_epoch(self, line, weights):
        if self.fault == "figure":
            sum(value for value in line.values())
        if self.fault == "line":
            del line["kept"]
        if self.fault == "weights":
            weights()["dense/kernel"][...] = 0

    def end(self, state):
        if self.fault == "end" and state == "stopped":
            raise KeyError(state)


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("none", r"follow\(\) gives NoneType; give a kerascnn.spec.Follower"),
        ("begin", r"begin\(\) again, as after going back fails with RuntimeError: has begun already"),
        ("figure", r"end_epoch\(\) of epoch 2 fails with TypeError"),
        ("line", r"end_epoch\(\) changes the line that it is given"),
        ("weights", r"end_epoch\(\) of epoch 1 fails with ValueError: assignment destination is read-only"),
        ("end", r"end\('stopped'\) before the first epoch fails with KeyError"),
    ],
)
def test_a_fault_is_named(tmp_path, fault, message):
    with pytest.raises(AssertionError, match=message):
        check_callback(Faulty(fault=fault), tmp_path)


def test_one_without_a_fault_passes(tmp_path):
    assert check_callback(Faulty(), tmp_path) == []


def test_what_is_no_callback_is_refused(tmp_path):
    with pytest.raises(AssertionError, match="is no callback"):
        check_callback(Following(""), tmp_path)
