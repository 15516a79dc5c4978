"""Snapshots: when networks are kept, and what cannot stand beside it."""

import pytest

from kerascnn.errors import DataError, SpecError
from kerascnn.spec import JoinedStage, spec_from_dict
from tests.helpers import make


def stage(epochs):
    return JoinedStage(0, epochs, "classes", (), {}, lambda path: None, place="train.stages.0.methods.0")


@pytest.mark.parametrize(
    ("cycles", "epochs", "ends"),
    [(5, 20, [3, 7, 11, 15, 19]), (2, 2, [0, 1]), (2, 5, [1, 4]), (3, 10, [2, 5, 9])],
)
def test_the_last_epoch_of_each_cycle_is_kept(cycles, epochs, ends):
    companion = make("method", "snapshots", cycles=cycles).join(stage(epochs))
    assert [epoch for epoch in range(epochs) if companion.keeps(epoch)] == ends


def test_the_facts_name_the_epochs_so_far():
    companion = make("method", "snapshots", cycles=2).join(stage(4))
    said = []
    for epoch in range(4):
        companion.end_epoch(epoch)
        said.append(companion.facts(0)["snapshots"])
    assert said == [[], [2], [2], [2, 4]]


def test_a_cycle_has_an_epoch_at_the_least():
    with pytest.raises(DataError, match=r"^train.stages.0.methods.0.cycles: 5 cycles in 4 epochs"):
        make("method", "snapshots").check(stage(4))


def spec(**stage):
    return spec_from_dict(
        {
            "kerascnn": 1,
            "name": "s",
            "task": {"type": "image_classification"},
            "data": {"source": {"type": "digits"}},
            "model": {"backbone": {"type": "simple_cnn"}, "head": {"type": "classifier"}},
            "train": {"stages": [{"epochs": 4, **stage}]},
        }
    )


def test_the_stage_has_no_schedule_of_its_own():
    methods = [{"type": "snapshots", "cycles": 2}]
    with pytest.raises(SpecError, match="'snapshots' moves the learning rate itself; leave out the stage's `schedule`"):
        spec(methods=methods, schedule={"type": "cosine"})
    spec_from_dict(spec(methods=methods).spell())  # as a run keeps it


@pytest.mark.parametrize("other", ["swa", "pruning"])
def test_it_does_not_stand_beside_what_changes_the_network_that_is_kept(other):
    with pytest.raises(SpecError, match="cannot stand in one stage"):
        spec(methods=[{"type": other}, {"type": "snapshots", "cycles": 2}])
