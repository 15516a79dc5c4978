"""How long a training takes: from the network's operations and a finished training, or not known."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kerascnn.runs.state import State
from kerascnn_dashboard.logic.data_facts import DataFacts
from kerascnn_dashboard.logic.estimates import (
    UNKNOWN,
    begin_estimate,
    digest,
    estimate_job,
    estimate_of,
    seconds_per_sample,
    speed_of,
)
from kerascnn_dashboard.logic.presets import presets
from kerascnn_dashboard.logic.starts import _known, published_file
from tests.dashboard.made_runs import SPEC, done_job, make_run, write

TEXT = SPEC.format(name="x")
NETWORK = {"name": "x", "parameters": 1_500_000, "flops": 2000, "memory_bytes": 5e8}


@pytest.fixture
def project(home):
    made = home.create("P", "image_classification")
    made.add_version({"source": {"type": "digits"}}, "demo", "")
    return made


def _looked(project, networks, run=""):
    done_job(project.jobs, "summary", networks, specs=[digest(TEXT)], run=run)


def test_before_anything_was_looked_up_nothing_is_said(project):
    assert estimate_of(project, TEXT, DataFacts(samples=100)) == ""


def test_before_the_first_training_the_time_is_not_known(project):
    _looked(project, NETWORK)
    said = estimate_of(project, TEXT, DataFacts(samples=100))
    assert said == f"{UNKNOWN} 1.5 million numbers to learn, about 0.5 GB of memory."


def test_the_time_goes_with_operations_samples_and_rounds(project):
    run = make_run(project)  # 2 s for 100 samples
    _looked(project, {"networks": [NETWORK, {**NETWORK, "flops": 1000}]}, str(run.path))
    # 4 rounds x 700 samples x 0.02 s x twice the operations
    assert estimate_of(project, TEXT, DataFacts(samples=1000)).startswith("At most about 2 minutes. ")
    assert UNKNOWN in estimate_of(project, TEXT, DataFacts())


def test_reading_and_writing_take_their_time_too_but_not_the_night_between(project):
    run = make_run(project, RUN={"format": 1, "created": 1000.0}, state="done")
    write(run.path / "state.json", State("done", time=1246.0).__dict__)  # 6 s of rounds, 240 s of the rest
    _looked(project, {"networks": [NETWORK, {**NETWORK, "flops": 1000}]}, str(run.path))
    assert estimate_of(project, TEXT, DataFacts(samples=1000)).startswith("At most about 6 minutes. ")
    effective = run.read("effective.json")
    write(run.path / "effective.json", {**effective, "resumes": [{}]})
    assert estimate_of(project, TEXT, DataFacts(samples=1000)).startswith("At most about 2 minutes. ")


def test_a_far_larger_network_than_any_before_is_said_to_be_uncertain(project):
    run = make_run(project)
    _looked(project, {"networks": [NETWORK, {**NETWORK, "flops": 100}]}, str(run.path))
    assert "probably much less" in estimate_of(project, TEXT, DataFacts(samples=1000))


def test_the_reference_is_a_finished_training_whose_data_is_there(home, project):
    assert speed_of(project) is None
    make_run(project, 1, state="failed")
    gone = SPEC.format(name="g").replace("{type: digits}", "{type: image_folder, path: /not/there}")
    make_run(project, 2, spec=gone)
    assert speed_of(project) is None
    other = home.create("Other", "image_classification")
    wanted = make_run(other, 3)
    found = speed_of(project)
    assert found is not None
    assert found.run.id == wanted.id
    assert found.seconds_per_sample == 0.02


def test_of_several_trainings_the_largest_network_is_the_reference(project):
    large = {"parameters": 9000, "samples": {"train": 10}, "stages": [{"frozen": []}], "batch_size": 32}
    wanted = make_run(project, 1, effective=large)
    make_run(project, 2)
    assert speed_of(project).run.id == wanted.id


def test_rounds_that_trained_a_part_alone_say_nothing(project):
    frozen = {"parameters": 1, "samples": {"train": 10}, "stages": [{"frozen": ["backbone"]}], "batch_size": 32}
    assert seconds_per_sample(make_run(project, effective=frozen)) == 0.0


def test_the_job_looks_at_the_cards_and_at_the_reference(project, started):
    run = make_run(project)
    texts = [card.text for card in presets(project, project.version())]
    job = begin_estimate(project, texts, id="a-1")
    assert job.command[:2] == ("kerascnn", "summary")
    assert job.command[-1] == "--json"
    assert job.command[-2] == str(run.path / "spec.resolved.json")
    assert [Path(file).read_text("utf-8") for file in job.command[2:5]] == texts
    assert estimate_job(project, texts).id == "a-1"
    assert estimate_job(project, texts[:1]) is None
    assert len(started) == 1


def test_a_damaged_answer_is_no_answer(project):
    _looked(project, {"networks": []})
    assert estimate_of(project, TEXT, DataFacts(samples=1)) == ""


@pytest.mark.slow
def test_published_weights_have_the_names_that_keras_asks_for(tmp_path, monkeypatch):
    import keras

    asked = []

    def no_file(fname, *args, **more):
        asked.append(fname)
        raise FileNotFoundError(fname)

    monkeypatch.setattr("keras.src.utils.file_utils.get_file", no_file)
    for _, published in {str(pair[1]): pair for pair in _known()}.values():
        builder = getattr(keras.applications, published.builder)
        with keras.StatelessScope(initialize_variables=False), pytest.raises(FileNotFoundError):
            builder(weights="imagenet", include_top=False, input_shape=(224, 224, 3), **published.arguments)
        assert asked[-1] == published_file(published)


@pytest.mark.slow
def test_the_real_command_says_what_the_cards_take(project):
    import time

    texts = [card.text for card in presets(project, project.version())]
    job = begin_estimate(project, texts, id="real")
    end = time.time() + 180
    while job.state() == "running" and time.time() < end:
        time.sleep(0.5)
    assert job.state() == "done", job.reason()
    assert len(json.loads((job.folder / "output.json").read_text())["networks"]) == 3
    assert all(UNKNOWN in card.estimate for card in presets(project, project.version()))
