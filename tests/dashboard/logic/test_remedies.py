"""How a training ended, in a sentence, and which changes of its spec help."""

from __future__ import annotations

import pytest

from kerascnn.errors import SpecError
from kerascnn.jobs.queue import Job
from kerascnn.spec.load import parse_spec
from kerascnn_dashboard.logic.drafts import with_changes
from kerascnn_dashboard.logic.remedies import explain, kind_of, remedies
from kerascnn_dashboard.logic.training import Live
from tests.dashboard.made_runs import SPEC, make_run

TEXT = SPEC.format(name="digits")


def _live(home, reason="", code=None, state="failed", **more):
    project = home.create("P", "image_classification")
    run = make_run(project, state="done" if state == "lost" else state, reason=reason, exit_code=code, **more)
    return Live(run.id, "digits", state, None, run, reason=reason)


def test_out_of_memory_halves_the_batch(home):
    live = _live(home, "out of memory; lower train.batch_size, the size of the pictures, or the size of the network", 5)
    assert explain(live) == "The computer ran out of memory."
    first = remedies(live, TEXT)[0]
    assert first.changes == {"train.batch_size": 16}
    assert "16 in the place of 32" in first.why


def test_the_batch_that_counts_stays_where_the_spec_accumulates(home):
    live = _live(home, "out of memory", 5)
    text = with_changes(TEXT, {"train.stages.0.accumulate": 2, "train.stages.0.batch_size": 8})
    changes = remedies(live, text)[0].changes
    assert changes == {
        "train.batch_size": 16, "train.stages.0.batch_size": 4, "train.stages.0.accumulate": 4,
    }  # fmt: skip


def test_a_batch_that_the_machine_chose_is_halved_from_what_was_used(home):
    live = _live(home, "out of memory", 5)
    assert remedies(live, with_changes(TEXT, {"train.batch_size": "auto"}))[0].changes == {"train.batch_size": 16}


def test_a_batch_of_one_is_not_halved_but_pictures_get_smaller(home):
    live = _live(home, "out of memory", 5)
    text = with_changes(TEXT, {"train.batch_size": 1, "data.image_size": [128, 128]})
    assert [one.changes for one in remedies(live, text)] == [{"data.image_size": [96, 96]}]


def test_out_of_memory_is_known_from_the_log_too(home):
    live = _live(home, "it ended with exit code 1", 1)
    assert kind_of(live, "... RESOURCE_EXHAUSTED: Out of memory while trying to allocate") == "memory"


def test_diverged_training_gets_a_third_of_the_rate_and_a_limit(home):
    live = _live(home, "training diverged in epoch 2", 4, "diverged")
    first, second = remedies(live, TEXT)
    assert first.changes == {"train.stages.0.learning_rate": 0.001, "train.stages.0.optimizer.clipnorm": 1.0}
    assert second.changes == {"train.stages.0.learning_rate": 0.001}
    assert parse_spec(with_changes(TEXT, first.changes)).train.stages[0].optimizer.clipnorm == 1.0
    assert "too large" in explain(live)


def test_a_limit_that_is_there_is_halved_and_one_of_another_kind_left(home):
    live = _live(home, "diverged", 4, "diverged")
    text = with_changes(TEXT, {"train.stages.0.optimizer.clipnorm": 2.0})
    assert remedies(live, text)[0].changes["train.stages.0.optimizer.clipnorm"] == 1.0
    clipped = with_changes(TEXT, {"train.stages.0.optimizer.clipvalue": 0.5})
    assert [list(one.changes) for one in remedies(live, clipped)] == [["train.stages.0.learning_rate"]]


def test_an_optimizer_that_is_left_out_is_written_with_the_limit(home):
    live = _live(home, "diverged", 4, "diverged")
    text = TEXT.replace(", optimizer: {type: adam}", "")
    assert remedies(live, text)[0].changes["train.stages.0.optimizer"] == {"type": "adam", "clipnorm": 1.0}


def test_a_data_error_names_the_files_and_offers_to_leave_them_out(home):
    reason = (
        "2 files cannot be read; repair or remove them, or leave them out with data.allow: [unreadable]\n"
        "  a/1.png: is no picture\n  b/2.png: ends early"
    )
    live = _live(home, reason, 3)
    first, second = remedies(live, TEXT)
    assert "a/1.png: is no picture; b/2.png: ends early" in first.why
    assert not first.changes
    assert second.changes == {"data.allow": ["unreadable"]}
    assert "cannot be used" in explain(live)


def test_a_finding_that_stops_a_training_can_be_let_stand(home):
    live = _live(home, "1 error: duplicate-across-splits; mend it, or data.allow: [duplicate-across-splits]", 3)
    assert remedies(live, TEXT)[0].changes == {"data.allow": ["duplicate-across-splits"]}


def test_a_data_error_without_files_leads_to_the_page_check(home):
    assert [one.title for one in remedies(_live(home, "there is 1 class; two are the least", 3), TEXT)] == [
        "Look at the data on the page Check"
    ]


def test_a_full_disk_is_told_from_too_little_memory(home):
    live = _live(home, "cannot write /x/model.keras: No space left on device", 5)
    assert [one.title for one in remedies(live, TEXT)] == ["Make room on the disk"]
    assert "disk is full" in explain(live)


def test_a_lost_training_goes_on_from_its_checkpoint_or_with_less_memory(home):
    live = _live(home, "the process 1 is gone", None, "lost")
    assert [one.title for one in remedies(live, TEXT)] == ["Halve the batch to 16"]
    (live.run.path / "ckpt").mkdir()
    assert [one.title for one in remedies(live, TEXT)] == ["Go on from the last checkpoint", "Halve the batch to 16"]
    assert "without a word" in explain(live)


def test_a_job_without_a_run_tells_by_its_own_exit_code():
    job = Job("j", "b", "n", 1.0, "failed", 0, 0.0, 1, "", 3, "no such folder", 0.0, 0.0)
    live = Live("j", "n", "failed", job, None, reason="no such folder")
    assert kind_of(live) == "data"
    assert explain(live) == "The data cannot be used: no such folder"


@pytest.mark.parametrize("state", ["done", "running", "stopped", "waiting", "cancelled"])
def test_what_did_not_end_badly_needs_no_remedy(state):
    live = Live("x", "n", state)
    assert (explain(live), remedies(live, TEXT)) == ("", [])


@pytest.mark.parametrize(("code", "kind"), [(2, "spec"), (6, "busy"), (7, "untrusted"), (1, "other"), (5, "other")])
def test_each_exit_code_has_its_sentence(home, code, kind):
    live = _live(home, "something was wrong", code)
    assert kind_of(live) == kind
    assert explain(live)


def test_a_text_that_is_no_spec_is_an_error(home):
    with pytest.raises(SpecError):
        remedies(_live(home, "out of memory", 5), "kerascnn: 2")
