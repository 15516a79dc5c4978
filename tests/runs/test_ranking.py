"""Runs by a figure of their best epoch, repeats together, and what tells their specs apart; none was trained."""

import statistics

import pytest

from kerascnn.errors import UsageError
from kerascnn.runs.atomic import append_json_line
from kerascnn.runs.folder import RunFolder
from kerascnn.runs.ranking import differing, grouped, is_upwards, ranked, rows_of
from kerascnn.runs.state import write_state
from tests.runs.made import spec_tree


def run(root, accuracy, *, state="done", name="made", figures=None, **changes):
    """Return a run whose best epoch came to this accuracy; changes are those of its spec."""
    made = RunFolder.create(root, given=b"", ending=".yaml", resolved=spec_tree(**changes), about={"name": name})
    write_state(made.path, "running")
    if accuracy is not None:
        found = {"val_accuracy": accuracy, "val_loss": 1 - accuracy} if figures is None else figures
        append_json_line(made.path / "metrics.jsonl", {"epoch": 1, **found, "kept": True})
    if state == "done":
        write_state(made.path, "finalizing")
    if state != "running":
        write_state(made.path, state)
    return made


def test_the_task_says_which_way_is_better(tmp_path):
    runs = [run(tmp_path, value) for value in (0.5, 0.9, None, 0.7)]
    rows = rows_of(runs)
    best_first = [runs[i].id for i in (1, 3, 0, 2)]
    assert is_upwards(rows, "val_accuracy")
    assert not is_upwards(rows, "val_loss")
    assert [row["run"] for row in ranked(rows, "val_accuracy")] == best_first
    assert [row["run"] for row in ranked(rows, "val_loss")] == best_first


def test_equal_figures_keep_their_order(tmp_path):
    runs = [run(tmp_path, 0.5) for _ in range(3)]
    assert [row["run"] for row in ranked(rows_of(runs), "val_accuracy")] == [one.id for one in runs]


def test_a_figure_that_no_run_has_is_refused_with_the_nearest(tmp_path):
    rows = rows_of([run(tmp_path, 0.5)])
    with pytest.raises(UsageError, match=r"no run has a figure 'val_acuracy' .* did you mean 'val_accuracy'"):
        ranked(rows, "val_acuracy")
    with pytest.raises(UsageError, match="there are none"):
        ranked([], "val_loss")


def test_a_figure_that_the_task_does_not_know_is_refused(tmp_path):
    rows = rows_of([run(tmp_path, 0.5, figures={"val_sharpness": 1.0})])
    with pytest.raises(UsageError, match="the task 'image_classification' does not say"):
        ranked(rows, "val_sharpness")
    strange = rows_of([run(tmp_path, 0.5, task={"type": "acme.guess"})])
    with pytest.raises(UsageError, match=r"whether more of val_accuracy is better cannot be told: .*acme"):
        ranked(strange, "val_accuracy")
    assert [row["run"] for row in ranked(strange, "val_loss")] == [strange[0]["run"]]


def test_repeats_that_differ_in_the_seed_are_one_group_with_mean_and_spread(tmp_path):
    wide = [run(tmp_path, value, train__seed=seed) for seed, value in enumerate((0.8, 0.9, 0.7))]
    other = run(tmp_path, 0.85, train__batch_size=7)
    found = grouped(rows_of([*wide, other]), "val_accuracy")
    assert [row["runs"] for row in found] == [[other.id], [one.id for one in wide]]
    one, three = found
    assert (one["mean"], one["sd"]) == (0.85, None)
    assert three["mean"] == pytest.approx(0.8)
    assert three["sd"] == pytest.approx(statistics.stdev([0.8, 0.9, 0.7]))
    assert (three["low"], three["high"], three["best"]) == (0.7, 0.9, wide[1].id)
    assert three["seeds"] == [0, 1, 2]
    assert [row["best"] for row in grouped(rows_of(wide), "val_loss")] == [wide[1].id]


def test_of_a_group_those_count_that_are_done(tmp_path):
    runs = [run(tmp_path, 0.5), run(tmp_path, 0.9, state="running"), run(tmp_path, 0.1, state="failed")]
    (group,) = grouped(rows_of(runs), "val_accuracy")
    assert (group["mean"], group["runs"]) == (0.5, [runs[0].id])
    assert group["others"] == [runs[1].id, runs[2].id]
    (none,) = grouped(rows_of(runs[1:]), "val_accuracy")
    assert (none["mean"], none["best"], none["runs"]) == (None, None, [])


def test_only_the_keys_that_are_not_the_same_in_all_differ(tmp_path):
    specs = [spec_tree(), spec_tree(train__seed=3), spec_tree(train__seed=3, data__fixes="a.csv")]
    assert differing(specs) == {"data.fixes": [None, None, "a.csv"], "train.seed": [0, 3, 3]}
    assert list(differing(specs, seed=False)) == ["data.fixes"]
    assert differing(specs[:1]) == {}
