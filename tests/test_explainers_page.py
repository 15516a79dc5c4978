"""The table of explanations by backend, without asking any backend; and one method on the backends that are here."""

import json
import os
import subprocess
import sys
from importlib.util import find_spec

import numpy as np
import pytest

from kerascnn.spec.component import components
from kerascnn.spec.kinds import Explainer
from kerascnn.templates_list import list_templates
from tests.test_benchmarks import ROOT, loaded


@pytest.fixture(scope="module")
def explainers():
    return loaded("explainers")


def told(explainers, **changed):
    methods = {
        method: dict.fromkeys(explainers.ONLY.get(method, tuple(explainers.CASES)), "") for method in explainers.METHODS
    }
    for method, wrong in changed.items():
        methods[method] |= wrong
    return {"methods": methods}


def write(explainers, folder, backend, scale=1.0):
    for method in explainers.METHODS:
        for name in explainers.ONLY.get(method, tuple(explainers.CASES)):
            np.save(folder / f"{explainers.file_of(name, method)}.{backend}.npy", scale * np.array([1.0, -2.0]))


def test_every_explainer_and_every_medium_is_in_the_table(explainers):
    assert set(components(Explainer.kind)) <= set(explainers.METHODS)
    templates = {template.name: template.task for template in list_templates()}
    assert {name for name, _, _ in explainers.CASES.values()} <= set(templates)
    assert {"text_classification", "series_classification", "image_classification", "audio_classification"} <= {
        templates[name] for name, _, _ in explainers.CASES.values()
    }


def test_maps_are_compared_with_those_of_the_first_backend(explainers, tmp_path):
    write(explainers, tmp_path, "tensorflow")
    write(explainers, tmp_path, "jax", 1.0005)
    write(explainers, tmp_path, "torch", 1.01)
    all_of_them = {one: told(explainers) for one in ("tensorflow", "jax", "torch")}
    cells = [explainers.cell("saliency", one, "tensorflow", all_of_them, tmp_path) for one in all_of_them]
    many = len(explainers.CASES)
    assert cells == [f"yes, {many} of {many}", f"yes, {many} of {many} (5e-04)", f"differs, 0 of {many} (1e-02)"]


def test_failures_and_backends_that_are_not_there_are_said(explainers, tmp_path):
    write(explainers, tmp_path, "tensorflow")
    broken = told(explainers, occlusion={"series, fcn": "ValueError: a|b"})
    every = {"tensorflow": broken, "torch": {"skipped": "not installed"}}
    text = explainers.section(every, list(explainers.METHODS), tmp_path, "2026-11-21")
    assert "- torch: skipped, not installed" in text
    assert "fails on 1 of 9 (series, fcn: ValueError: a\\|b)" in text
    assert "| attention_rollout | yes, 1 of 1 | skipped |" in text


def test_the_written_page_has_a_row_for_every_method(explainers):
    text = (ROOT / "docs" / "backends.md").read_text("utf-8").partition(f"\n{explainers.HEADING}")[2]
    rows = [line.split(" | ")[0].removeprefix("| ") for line in text.splitlines() if line.startswith("| ")][1:]
    assert rows == list(explainers.METHODS)


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_another_backend_gives_the_maps_of_tensorflow(explainers, backend, tmp_path, monkeypatch):
    if find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    name, methods = "pictures, lenet", ["grad_cam", "saliency"]
    script = (
        "import sys; sys.path.insert(0, sys.argv[1]); import explainers, json; from pathlib import Path\n"
        f"explainers.CASES = {{{name!r}: explainers.CASES[{name!r}]}}\n"
        f"print(json.dumps(explainers.work_all(Path(sys.argv[2]), {methods})))"
    )
    for one in ("tensorflow", backend):
        command = [sys.executable, "-c", script, str(ROOT / "benchmarks"), str(tmp_path)]
        environment = {**os.environ, "KERAS_BACKEND": one, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
        found = json.loads(done.stdout.splitlines()[-1])["methods"]
        assert all(reason == "" for rows in found.values() for reason in rows.values())
    for method in methods:
        assert explainers.difference(method, name, "tensorflow", backend, tmp_path) < explainers.ALIKE
