"""The robustness card of a small run, and its figures by hand."""

import json
from xml.etree import ElementTree

import numpy as np
import pytest

from kerascnn.api import Run
from kerascnn.engine import robustness as module
from kerascnn.engine.corruptions import CORRUPTIONS, SEVERITIES, WAYS
from kerascnn.engine.evaluate import answered
from kerascnn.engine.held import HeldSplit
from kerascnn.engine.predict import Predictor
from kerascnn.engine.robustness import card_of, robustness, shifts_for
from kerascnn.engine.robustness_parts import robustness_parts, severity_rows
from kerascnn.engine.train import train
from kerascnn.errors import UsageError
from tests.engine.made import make_spec

SAMPLES = 60


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Return a run on digits and its card."""
    spec = make_spec({"type": "digits"}, stages=[{"epochs": 1, "learning_rate": 0.01}])
    run = train(spec, tmp_path_factory.mktemp("runs"))
    return run, robustness(run, samples=SAMPLES, seed=3)


def made(clean=0.8, n=10, size=(32, 32), **shares):
    """Return what samples are right where the first ones are; `noise=0.5` for half of them."""
    right = {("clean",): np.arange(n) < clean * n}
    for name in CORRUPTIONS:
        for severity in SEVERITIES:
            right["corruption", name, severity] = np.arange(n) < shares.get(name, clean) * n
    for name in ("fgsm", "pgd"):
        for strength in module.STRENGTHS:
            right["attack", name, strength] = np.arange(n) < shares.get(name, 0.3) * n
    for pixels in shifts_for(size):
        for i, way in enumerate(WAYS):
            right["shift", way, pixels] = np.arange(n) != i
    return card_of(right, size, "validation")


def test_every_condition_has_a_figure_with_its_interval(trained):
    _, found = trained
    assert len(found["corruptions"]) == 7 * 5
    assert [(row["attack"], row["levels"]) for row in found["attacks"]] == [
        ("fgsm", 2), ("pgd", 2), ("fgsm", 8), ("pgd", 8),
    ]  # fmt: skip
    # 8 of 8 pixels would leave nothing.
    assert [row["pixels"] for row in found["stability"]] == [1, 2, 4]
    assert any("8 pixels would leave nothing" in note for note in found["notes"])
    rows = [found["clean"], found["mean"], *found["corruptions"], *found["attacks"], *found["by_corruption"]]
    assert all(0 <= row["low"] <= row["accuracy"] <= row["high"] <= 1 for row in rows)
    assert all(row["accuracy"] <= found["clean"]["accuracy"] for row in found["attacks"])
    for row in found["stability"]:
        assert row["same"] <= min(way["same"] for way in row["ways"].values())


def test_the_card_is_kept_in_the_run_as_it_was_returned(trained):
    run, found = trained
    assert json.loads((run.path / "robustness.json").read_text()) == found
    assert (found["run"], found["samples"], found["seed"]) == (run.id, SAMPLES, 3)
    assert found["of"] == sum(line["split"] == "validation" for line in run.manifest())


def test_only_drawn_samples_of_the_named_split_are_read(trained, monkeypatch):
    run, found = trained
    read = []

    class Watched(HeldSplit):
        def batches(self):
            read.append(set(self.wanted))
            return super().batches()

    monkeypatch.setattr(module, "HeldSplit", Watched)
    again = robustness(run, samples=SAMPLES, seed=3)
    other = robustness(run, samples=SAMPLES, seed=4)
    split = {line["id"]: line["split"] for line in run.manifest()}
    assert {split[name] for names in read for name in names} == {"validation"}
    assert [len(names) for names in read] == [SAMPLES, SAMPLES]
    assert read[0] != read[1]
    assert {**again, "measured": 0} == {**found, "measured": 0}
    assert other["clean"] != found["clean"] or other["corruptions"] != found["corruptions"]


@pytest.mark.slow
def test_it_is_a_method_of_runs_and_takes_the_whole_split_where_it_is_small(trained):
    run, _ = trained
    found = Run(run).robustness("test", samples=100_000)
    assert found["split"] == "test"
    assert found["samples"] == found["of"] > 256
    _, truth, answers = answered(Predictor(run), "test")
    assert found["clean"]["accuracy"] == (answers.argmax(1) == truth).mean()


def test_wishes_that_mean_nothing_are_refused(trained):
    run, _ = trained
    with pytest.raises(UsageError, match="there is no split 'tests'"):
        robustness(run, "tests")
    with pytest.raises(UsageError, match=r"at least one sample \(got 0\)"):
        robustness(run, samples=0)


def test_single_figures_have_wilsons_interval():
    # Wilson of 8 in 10 at 95 %: (0.8 + z2/20 -+ z sqrt(0.016 + z2/400)) / (1 + z2/10) with z2 = 3.8415.
    clean = made()["clean"]
    assert clean["accuracy"] == 0.8
    assert [clean["low"], clean["high"]] == pytest.approx([0.4902, 0.9433], abs=1e-4)


def test_the_mean_and_the_worst_corruption_are_those_of_the_severities():
    found = made(noise=0.5, blur=0.1)
    assert found["mean"]["accuracy"] == pytest.approx((0.5 + 0.1 + 5 * 0.8) / 7)
    assert found["mean"]["low"] < found["mean"]["accuracy"] < found["mean"]["high"]
    assert found["worst"]["corruption"] == "blur"
    assert found["worst"]["sentence"] == (
        "The worst corruption is blur: 10.0% are right on average over its severities, 10.0% at the highest (blurred "
        "with a standard deviation of 1 pixel), 80.0% without it."
    )
    assert found["verdict"].startswith("Of 10 validation samples 80.0% are right as they are (95 % interval 49.0% to")


def test_where_nothing_costs_accuracy_no_corruption_is_blamed():
    assert made()["worst"]["sentence"] == "No corruption costs accuracy on average over its severities."


def test_answers_that_change_in_one_way_are_not_stable_in_all():
    row = made()["stability"][0]
    assert [way["same"] for way in row["ways"].values()] == [0.9] * 4
    assert row["same"] == 0.6


def test_gradients_that_mislead_are_told():
    assert not any("mislead" in note for note in made()["notes"])
    (note,) = [note for note in made(fgsm=0.2, pgd=0.5)["notes"] if "mislead" in note]
    assert note.startswith("At 2 and 8 levels PGD does less than the single step of FGSM")


def test_the_severities_of_small_and_of_large_pictures_are_named():
    assert "CIFAR-10-C" in made(size=(32, 32))["notes"][0]
    assert "ImageNet-C" in made(size=(64, 80))["notes"][0]


def test_the_page_holds_every_figure_and_is_well_formed(trained):
    _, found = trained
    html = robustness_parts({**found, "notes": [*found["notes"], "No <b>."]})
    tree = ElementTree.fromstring(f"<body>{html}</body>")
    assert len(tree.findall(".//svg")) == len(CORRUPTIONS)
    text = " ".join(tree.itertext())
    assert found["verdict"] in text
    assert f"{SAMPLES} of {found['of']} validation samples, drawn with seed 3." in text
    assert "No <b>." in text
    for row in severity_rows(found)[1]:
        assert all(cell in text for cell in row)
    for word in ("FGSM", "PGD", "All ways", "moved by 1 pixel"):
        assert word in text
    assert "http" not in html
