"""Event files for TensorBoard: read back by TensorFlow's own reader, by TensorBoard where it is installed."""

import struct

import numpy as np
import pytest

from kerascnn.callbacks import events
from kerascnn.testing import check_callback
from tests.callbacks.told import follow, line, tell, weights
from tests.helpers import make


def read(folder):
    """Return (step, tag) -> value, as TensorFlow reads the one event file of a folder, and the number of events."""
    from tensorflow.core.util.event_pb2 import Event
    from tensorflow.python.lib.io.tf_record import tf_record_iterator

    [file] = folder.iterdir()
    found, count = {}, 0
    for data in tf_record_iterator(str(file)):
        event = Event.FromString(data)
        if event.file_version:
            assert event.file_version == "brain.Event:2"
            continue
        count += 1
        for value in event.summary.value:
            assert (event.step, value.tag) not in found
            found[event.step, value.tag] = value.histo if value.HasField("histo") else value.simple_value
    return found, count


def test_the_checksum_is_that_of_the_standard():
    # RFC 3720, appendix B.4
    assert events.crc32c(bytes(32)) == 0x8A9136AA
    assert events.crc32c(b"\xff" * 32) == 0x62A8AB43
    assert events.crc32c(bytes(range(32))) == 0x46DD794E


def test_it_conforms(tmp_path):
    files = check_callback(make("callback", "tensorboard", histograms=1), tmp_path)
    assert len([file for file in files if file.parent.parent == tmp_path / "tensorboard"]) == 2


def test_tensorflow_reads_what_was_written(tmp_path):
    tell(follow(tmp_path, "tensorboard"), [line(1, accuracy=0.25), line(300, 0.5)])
    train, count = read(tmp_path / "tensorboard" / "train")
    assert train == {
        (1, "loss"): 1.0,
        (1, "accuracy"): 0.25,
        (1, "learning_rate"): pytest.approx(0.1),
        (300, "loss"): 0.5,
        (300, "learning_rate"): pytest.approx(0.1),
    }
    assert count == 2
    held, _ = read(tmp_path / "tensorboard" / "validation")
    assert held == {(1, "loss"): 2.0, (300, "loss"): 1.0}


def test_a_histogram_by_hand(tmp_path):
    tell(follow(tmp_path, "tensorboard", histograms=2), [line(1), line(2), line(3)])
    train, _ = read(tmp_path / "tensorboard" / "train")
    assert [key for key in train if key[1].startswith("dense")] == [(1, "dense/kernel"), (3, "dense/kernel")]
    found = train[3, "dense/kernel"]
    kernel = weights(3)["dense/kernel"]
    assert (found.min, found.max, found.num, found.sum) == (0, 15, 6, kernel.sum())
    assert found.sum_squares == np.square(kernel).sum()
    assert len(found.bucket) == len(found.bucket_limit) == 30
    assert sum(found.bucket) == 6
    assert found.bucket_limit[-1] == 15


def test_a_figure_that_is_not_finite_is_left_out(tmp_path):
    tell(follow(tmp_path, "tensorboard"), [{"epoch": 1, "loss": None, "val_loss": None}])
    assert read(tmp_path / "tensorboard" / "train") == ({}, 0)


def test_resumed_it_has_each_epoch_once_in_one_file(tmp_path):
    lines = [line(epoch) for epoch in range(1, 6)]
    tell(follow(tmp_path, "tensorboard", histograms=1), lines[:4])
    [file] = (tmp_path / "tensorboard" / "train").iterdir()
    file.write_bytes(file.read_bytes()[:-5])  # torn
    tell(follow(tmp_path, "tensorboard", histograms=1), lines[2:], behind=lines[:2])
    train, count = read(tmp_path / "tensorboard" / "train")
    assert count == 5
    assert [train[epoch, "loss"] for epoch in range(1, 6)] == pytest.approx([1 / n for n in range(1, 6)])
    assert all((epoch, "dense/kernel") in train for epoch in range(1, 6))
    [after] = (tmp_path / "tensorboard" / "train").iterdir()
    assert after.name > file.name


def test_an_epoch_that_a_killed_process_left_out_comes_from_its_line(tmp_path):
    lines = [line(1), line(2), line(3)]
    tell(follow(tmp_path, "tensorboard"), lines[:1])
    tell(follow(tmp_path, "tensorboard"), lines[2:], behind=lines[:2])
    train, _ = read(tmp_path / "tensorboard" / "train")
    assert [step for step, tag in train if tag == "loss"] == [1, 2, 3]


def test_going_back_gives_the_later_figures(tmp_path):
    follower = tell(follow(tmp_path, "tensorboard"), [line(1), line(2), line(3)])
    tell(follower, [line(2, 9.0)], behind=[line(1)])
    train, _ = read(tmp_path / "tensorboard" / "train")
    assert {step: value for (step, tag), value in train.items() if tag == "loss"} == {1: 1.0, 2: 9.0}


def test_of_two_files_that_a_kill_left_the_later_one_counts(tmp_path):
    folder = tmp_path / "tensorboard" / "train"
    folder.mkdir(parents=True)
    for stamp, value in ((5, 1.0), (7, 2.0)):
        file = events.EventFile(folder / f"events.out.tfevents.{stamp:010d}.kerascnn", 0.0)
        file.add(0.0, 1, [events.scalar("loss", value)])
    follow(tmp_path, "tensorboard").begin([line(1)])
    assert read(folder)[0] == {(1, "loss"): 2.0}


def test_damage_ends_what_is_read(tmp_path):
    file = events.EventFile(tmp_path / "x", 0.0)
    for step in (1, 200, 70_000):
        file.add(0.0, step, [events.scalar("a", step)])
    assert [step for step, _ in events.read_events(file.path)] == [1, 200, 70_000]
    whole = file.path.read_bytes()
    at = whole.index(struct.pack("<f", 200.0))
    file.path.write_bytes(whole[:at] + b"\xff" + whole[at + 1 :])
    assert [step for step, _ in events.read_events(file.path)] == [1]


def test_tensorboard_itself_shows_the_curves(tmp_path):
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    tell(follow(tmp_path, "tensorboard", histograms=1), [line(1), line(2)])
    shown = accumulator.EventAccumulator(str(tmp_path / "tensorboard" / "train"))
    shown.Reload()
    assert [(each.step, each.value) for each in shown.Scalars("loss")] == [(1, 1.0), (2, 0.5)]
