"""The table of backends, without asking any backend."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from kerascnn.templates_list import list_templates

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def backends():
    spec = importlib.util.spec_from_file_location("backends", ROOT / "benchmarks" / "backends.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def told(backends, **changed):
    good = {"loss": 1.0, "finite": True}
    cases = {name: changed.get(name, good) for name in backends.CASES}
    return {"versions": {"keras": "3.15.1"}, "python": "3.11.7", "cases": cases}


def write(folder, name, backend, before, after):
    np.savez(folder / f"{name}.{backend}.npz", before=np.array(before), after=np.array(after))


def test_cases_are_templates_of_every_task(backends):
    templates = {template.name: template.task for template in list_templates()}
    assert set(backends.CASES) <= set(templates)
    assert {templates[name] for name in backends.CASES} == set(templates.values())


def test_a_backend_that_is_not_installed_is_said_to_be_skipped(backends, tmp_path):
    text = backends.page({"tensorflow": told(backends), "torch": {"skipped": "not installed"}}, tmp_path, "2026-11-21")
    assert "- torch: skipped, not installed" in text
    assert "| lenet5 | 28 x 28 x 1 | yes | skipped |" in text


def test_answers_are_compared_with_those_of_the_first_backend(backends, tmp_path):
    both = {"tensorflow": told(backends), "jax": told(backends)}
    write(tmp_path, "lenet5", "tensorflow", [0.5, 4.0], [0.5, 2.0])
    for after, said in [(2.5, "differs (1e-04, 0e+00, 2e-01)"), (2.0, "yes (1e-04, 0e+00, 0e+00)")]:
        write(tmp_path, "lenet5", "jax", [0.5, 4.0004], [0.5, after])
        assert backends.cell("lenet5", "jax", "tensorflow", both, tmp_path) == said
    both["jax"] = told(backends, lenet5={"loss": 1.01, "finite": True})
    assert backends.cell("lenet5", "jax", "tensorflow", both, tmp_path) == "differs (1e-04, 1e-02, 0e+00)"


def test_failures_and_figures_that_are_not_finite_are_said(backends, tmp_path):
    broken = told(backends, lenet5={"fails": "ValueError: no"}, unet={"loss": 1.0, "finite": False})
    assert backends.cell("lenet5", "jax", "jax", {"jax": broken}, tmp_path) == "fails: ValueError: no"
    assert backends.cell("unet", "jax", "jax", {"jax": broken}, tmp_path) == "not finite"


def test_a_process_that_dies_is_told_with_its_last_words(backends, tmp_path):
    script = tmp_path / "python"
    script.write_text("#!/bin/sh\necho 'no such luck' >&2\nexit 3\n", "ascii")
    script.chmod(0o755)
    assert backends.ask("jax", str(script), tmp_path) == {"skipped": "the process ended with 3: no such luck"}


def test_rows_that_nobody_was_asked_about_stay_as_they_were(backends, tmp_path):
    before = backends.page({"jax": told(backends, lenet5={"fails": "ValueError: no"})}, tmp_path, "2026-11-20")
    facts = told(backends)
    facts["cases"] = {"unet": {"loss": 1.0, "finite": False}}
    text = backends.page({"jax": facts}, tmp_path, "2026-11-21", before)
    assert "| lenet5 | 28 x 28 x 1 | fails: ValueError: no |" in text
    assert "| unet | 64 x 64 x 3 | not finite |" in text
    assert backends.others(text, before) == ""
    assert "every row has to be made anew" in backends.others(text.replace("keras 3.15.1", "keras 3.16"), before)


def test_the_written_page_has_every_case_and_no_path_of_a_machine(backends):
    text = (ROOT / "docs" / "backends.md").read_text("utf-8")
    above = text.partition("\n## ")[0]
    rows = [line.split(" | ")[0].removeprefix("| ") for line in above.splitlines() if line.startswith("| ")][1:]
    assert rows == list(backends.CASES)
    for machine in ("/home/", "/root/", "/tmp/", "/work/"):
        assert machine not in text
