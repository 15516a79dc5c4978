"""Two runs side by side: planted differences, probabilities counted by hand."""

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score, f1_score

from kerascnn.errors import UsageError
from kerascnn.runs.atomic import write_json
from kerascnn.runs.compare import compare, say_p
from kerascnn.runs.each import KeptFigures, write_figures
from kerascnn.runs.folder import RunFolder
from kerascnn.runs.paired import macro_f1, mcnemar, paired_bootstrap
from tests.runs.made import make_run, spec_tree, sure_of


def pair(tmp_path, fixed, broke, n=40, **second):
    """Return two runs of which the second is right on `fixed` more samples and wrong on `broke` others."""
    truth = np.arange(n) % 2
    a, b = truth.copy(), truth.copy()
    a[:fixed] ^= 1
    b[fixed : fixed + broke] ^= 1
    return (
        make_run(tmp_path, truth, sure_of(a, 2), metrics={"accuracy": 1 - fixed / n, "loss": 0.5}),
        make_run(tmp_path, truth, sure_of(b, 2), metrics={"accuracy": 1 - broke / n, "auc": 0.9}, **second),
    )


@pytest.mark.parametrize(
    ("fixed", "broke", "p"),
    # Twice the tail of the binomial distribution: 2 x (C(9, 0) + C(9, 1)) / 2^9, and so on.
    [(8, 1, 20 / 512), (1, 8, 20 / 512), (3, 1, 10 / 16), (6, 0, 2 / 64), (2, 2, 1.0), (0, 0, 1.0)],
)
def test_mcnemar_is_exact(fixed, broke, p):
    assert mcnemar(fixed, broke) == pytest.approx(p)


def test_the_samples_that_were_fixed_and_broken_are_named(tmp_path):
    found = compare(*pair(tmp_path, 8, 1))
    assert found["fixed"] == [f"{i}.png" for i in range(8)]
    assert found["broke"] == ["8.png"]
    test = found["tests"][0]
    assert (test["metric"], test["test"], test["fixed"], test["broke"]) == ("accuracy", "exact McNemar", 8, 1)
    assert test["p"] == pytest.approx(20 / 512)
    assert (test["a"], test["b"], test["difference"]) == pytest.approx((0.8, 0.975, 0.175))
    assert found["verdict"] == (
        "B is right on 39 of 40 test samples, A on 32: 8 fixed, 1 broke (exact McNemar p = 0.039). Chance in the "
        "choice of samples would seldom make so large a difference; these are two trainings, and other seeds may say "
        "otherwise."
    )


def test_a_difference_that_may_be_chance_is_none(tmp_path):
    found = compare(*pair(tmp_path, 3, 1))
    assert found["verdict"].endswith(
        "3 fixed, 1 broke (exact McNemar p = 0.62). On these 40 samples they cannot be told apart."
    )


def test_figures_stand_side_by_side_with_none_for_what_one_lacks(tmp_path):
    rows = {row["metric"]: row for row in compare(*pair(tmp_path, 8, 1))["metrics"]}
    assert rows["accuracy"] == {"metric": "accuracy", "a": 0.8, "b": 0.975, "difference": pytest.approx(0.175)}
    assert rows["loss"] == {"metric": "loss", "a": 0.5, "b": None, "difference": None}
    assert rows["auc"] == {"metric": "auc", "a": None, "b": 0.9, "difference": None}


def test_samples_are_paired_by_name_in_whatever_order(tmp_path):
    truth = np.array([0, 1, 1, 0])
    a = make_run(tmp_path, truth, sure_of([0, 1, 0, 0], 2))
    b = make_run(tmp_path, truth[::-1], sure_of([1, 1, 1, 0], 2), ids=["3.png", "2.png", "1.png", "0.png"])
    found = compare(a, b)
    assert (found["fixed"], found["broke"]) == (["2.png"], ["3.png"])


def test_only_the_keys_that_differ_are_shown(tmp_path):
    tree = spec_tree(train__seed=1, augment=[], data__image_size=[16, 16])
    environment = {"backend": "jax", "versions": {"keras": "4"}, "command": ["x"]}
    found = compare(*pair(tmp_path, 1, 1, tree=tree, environment=environment))
    spec = {row["path"]: (row["a"], row["b"]) for row in found["spec"]}
    assert spec["train.seed"] == (0, 1)
    assert spec["data.image_size"] == (None, [16, 16])
    assert spec["augment.0.type"] == ("random_crop", None)
    assert {path.split(".")[0] for path in spec} == {"train", "data", "augment"}
    assert {row["path"] for row in found["environment"]} == {"backend", "versions.keras"}


def test_equal_runs_differ_in_nothing(tmp_path):
    found = compare(*pair(tmp_path, 0, 0))
    assert (found["spec"], found["environment"], found["fixed"], found["broke"]) == ([], [], [], [])
    assert [test["p"] for test in found["tests"]] == [1.0, 1.0]


def test_macro_f1_is_that_of_scikit_learn():
    rng = np.random.default_rng(0)
    truth, said = rng.integers(4, size=60), rng.integers(4, size=60)
    every = np.arange(6)  # two classes that are neither there nor said
    score = macro_f1(truth[:, None] == every, said[:, None] == every)
    counts = rng.multinomial(60, np.full(60, 1 / 60), size=3)
    wanted = [f1_score(np.repeat(truth, row), np.repeat(said, row), average="macro") for row in counts]
    np.testing.assert_allclose(score(counts.astype(float)), wanted)


def test_the_bootstrap_is_paired_and_the_same_each_time():
    # B's error is 1 less on every sample: however they are drawn, so is its mean.
    errors = np.random.default_rng(0).random(50) * 100
    found = paired_bootstrap(lambda w: w @ errors / 50, lambda w: w @ (errors - 1) / 50, 50, times=499)
    assert found["difference"] == pytest.approx(-1)
    assert (found["low"], found["high"]) == pytest.approx((-1, -1))
    assert found["p"] == pytest.approx(2 / 500)
    again = paired_bootstrap(lambda w: w @ errors / 50, lambda w: w @ (errors - 1) / 50, 50, times=499)
    assert again == found


def test_the_interval_of_a_mean_is_about_that_of_its_standard_error():
    gain = np.random.default_rng(1).normal(0, 1, 400)
    found = paired_bootstrap(lambda w: 0 * w[:, 0], lambda w: w @ gain / 400, 400)
    half = 1.96 * gain.std() / 20
    assert (found["low"], found["high"]) == pytest.approx((gain.mean() - half, gain.mean() + half), abs=0.02)


def test_regressions_are_compared_by_the_paired_bootstrap(tmp_path):
    rng = np.random.default_rng(0)
    truth = rng.normal(size=(80, 2)).astype("float32")
    a = make_run(tmp_path, truth, truth + 0.5, ("x", "y"))
    b = make_run(tmp_path, truth, truth - 0.25, ("x", "y"))
    found = compare(a, b)
    tests = {test["metric"]: test for test in found["tests"]}
    assert tests["mae"]["a"] == pytest.approx(0.5, abs=1e-6)
    assert tests["rmse"]["difference"] == pytest.approx(-0.25, abs=1e-6)
    assert tests["mae"]["p"] < 0.05
    assert found["fixed"] is None
    assert found["verdict"].startswith("MAE is 0.25 for B and 0.5 for A on 80 test samples (95 % interval of the diff")


def test_samples_of_several_classes_are_right_as_a_whole(tmp_path):
    truth = np.array([[1, 0], [1, 1], [0, 0]], "uint8")
    a = make_run(tmp_path, truth, [[0.9, 0.6], [0.9, 0.9], [0.1, 0.1]])
    b = make_run(tmp_path, truth, [[0.9, 0.1], [0.9, 0.1], [0.1, 0.1]])
    found = compare(a, b)
    assert found["tests"][0]["metric"] == "exact_match"
    assert (found["fixed"], found["broke"]) == (["0.png"], ["1.png"])


def test_other_samples_are_refused_with_their_number(tmp_path):
    a = make_run(tmp_path, [0, 1, 0], sure_of([0, 1, 0], 2))
    b = make_run(tmp_path, [1, 1], sure_of([1, 1], 2), ids=["1.png", "9.png"])
    with pytest.raises(UsageError) as caught:
        compare(a, b)
    assert f"2 of 3 are in run {a.id} alone; 1 of 2 are in run {b.id} alone. Train both with" in str(caught.value)
    c = make_run(tmp_path, [1, 1, 0], sure_of([1, 1, 0], 2))
    with pytest.raises(UsageError, match=r"not the same samples: 1 has another right answer\. Train both"):
        compare(a, c)


def test_a_run_that_was_not_evaluated_says_what_to_do(tmp_path):
    a, b = pair(tmp_path, 1, 1)
    with pytest.raises(UsageError, match=f"run {a.id} was not evaluated on its validation split; `kerascnn evaluate"):
        compare(a, b, "validation")
    with pytest.raises(UsageError, match="there is no split 'all'"):
        compare(a, b, "all")
    with pytest.raises(UsageError, match="is named twice"):
        compare(a, RunFolder(a.path / "." / ""))


def test_runs_of_other_classes_are_refused(tmp_path):
    a = make_run(tmp_path, [0, 1], sure_of([0, 1], 2))
    b = make_run(tmp_path, [0, 1], sure_of([0, 1], 2), ("a", "c"))
    with pytest.raises(UsageError, match=f"run {a.id} answers a, b; run {b.id} answers a, c"):
        compare(a, b)


def test_without_answers_figures_stand_alone(tmp_path):
    a, b = pair(tmp_path, 8, 1)
    (b.path / "evaluation" / "test.npz").unlink()
    found = compare(a, b)
    assert (found["tests"], found["fixed"]) == ([], None)
    assert found["verdict"].startswith("Whether the difference is more than chance cannot be told: no answers are kept")


def test_small_probabilities_are_not_said_too_exactly():
    assert [say_p(p) for p in (0.04999, 1e-12, 1.0)] == ["p = 0.05", "p < 0.0001", "p = 1"]


def measured(tmp_path, truth, answers, metrics):
    """Return a run whose spec names further metrics."""
    run = make_run(tmp_path, truth, answers, tree=spec_tree(evaluate__metrics=metrics))
    write_json(run.path / "input.json", {"shape": [8, 8, 1]})
    write_json(run.path / "data.json", {"counts": {}, "sizes": {}})
    return run


def test_metrics_that_a_spec_names_are_tested_too(tmp_path):
    rng = np.random.default_rng(0)
    truth = rng.integers(2, size=200)
    bad = np.where(rng.random(200) < 0.4, 1 - truth, truth)
    a = measured(tmp_path, truth, sure_of(bad, 2), [{"type": "cohen_kappa"}, {"type": "matthews"}])
    b = measured(tmp_path, truth, sure_of(truth, 2), [{"type": "cohen_kappa"}])
    found = compare(a, b)
    tests = {test["metric"]: test for test in found["tests"]}
    assert list(tests) == ["accuracy", "macro_f1", "cohen_kappa", "matthews"]
    kappa = tests["cohen_kappa"]
    assert (kappa["a"], kappa["b"]) == pytest.approx((cohen_kappa_score(truth, bad), 1))
    assert kappa["low"] < kappa["difference"] < kappa["high"]
    assert (kappa["test"], kappa["p"]) == ("paired bootstrap", pytest.approx(2 / 201))
    assert found["notes"] == []
    again = compare(a, b)
    assert again["tests"] == found["tests"]


def test_a_metric_that_the_specs_set_otherwise_or_that_fails_is_said(tmp_path, monkeypatch):
    truth = np.arange(20) % 2
    a = measured(tmp_path, truth, sure_of(truth, 2), [{"type": "cohen_kappa"}, {"type": "matthews"}])
    b = measured(tmp_path, truth, sure_of(truth, 2), [{"type": "cohen_kappa", "weights": "linear"}])

    def fails(self, truth, answers, info):
        raise RuntimeError("no such\nfigure")

    monkeypatch.setattr("kerascnn.metrics.matthews.Matthews.measure", fails)
    found = compare(a, b)
    assert [test["metric"] for test in found["tests"]] == ["accuracy", "macro_f1"]
    assert found["notes"] == [
        "There is no test of matthews: RuntimeError: no such figure.",
        "There is no test of cohen_kappa: the two specs set it otherwise.",
    ]


def test_a_metric_that_takes_long_is_left_out_with_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr("kerascnn.runs.paired.SLOW", 0.0)
    truth = np.arange(20) % 2
    a, b = (measured(tmp_path, truth, sure_of(truth, 2), [{"type": "cohen_kappa"}]) for _ in range(2))
    (note,) = compare(a, b)["notes"]
    assert note.startswith("There is no test of cohen_kappa: two measurements take ")


def of_pictures(tmp_path, values, name="picture_iou", ids=None):
    """Return a run that keeps a figure of each picture, as of masks."""
    run = make_run(tmp_path, np.zeros(len(values), int), sure_of(np.zeros(len(values), int), 2), ids=ids)
    (run.path / "evaluation" / "test.npz").unlink()
    ids = list(ids or [f"{i}.png" for i in range(len(values))])
    write_figures(run, "test", KeptFigures(ids, name, "max", np.asarray(values, "float64")))
    return run


def test_masks_are_compared_picture_by_picture(tmp_path):
    before = np.linspace(0.2, 0.6, 30)
    after = before + 0.2
    after[3], after[7] = 0.1, np.nan
    a, b = of_pictures(tmp_path, before), of_pictures(tmp_path, after)
    found = compare(a, b)
    (test,) = found["tests"]
    known = np.isfinite(after)
    assert (test["metric"], test["test"]) == ("picture_iou", "paired bootstrap")
    assert (test["a"], test["b"]) == pytest.approx((before[known].mean(), after[known].mean()))
    assert test["low"] > 0
    assert test["p"] < 0.01
    assert found["changed"]["worse"] == [{"id": "3.png", "a": pytest.approx(before[3]), "b": 0.1}]
    assert len(found["changed"]["better"]) == 10
    assert (found["fixed"], found["broke"]) == (None, None)
    assert found["verdict"].startswith("Picture IoU is 0.5918 for B and 0.4036 for A on 30 test samples (95 %")


def test_pictures_are_paired_by_name_and_other_figures_are_not_compared(tmp_path):
    a = of_pictures(tmp_path, [0.1, 0.9])
    b = of_pictures(tmp_path, [0.9, 0.4], ids=["1.png", "0.png"])
    assert compare(a, b)["changed"]["better"] == [{"id": "0.png", "a": 0.1, "b": 0.4}]
    found = compare(a, of_pictures(tmp_path, [0.1, 0.9], name="box_f1"))
    assert (found["tests"], found["no_tests"][:3]) == ([], "run")
    assert "has picture IoU of each sample" in found["verdict"]


def test_numbers_that_got_better_and_worse_by_most_are_named(tmp_path):
    truth = np.zeros((4, 1), "float32")
    a = make_run(tmp_path, truth, truth + np.array([[1], [2], [3], [4]]), ("x",))
    b = make_run(tmp_path, truth, truth + np.array([[1], [5], [1], [3]]), ("x",))
    changed = compare(a, b)["changed"]
    assert [row["id"] for row in changed["better"]] == ["2.png", "3.png"]
    assert changed["worse"] == [{"id": "1.png", "a": 2.0, "b": 5.0}]
