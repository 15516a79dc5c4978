"""Runs that were never trained: folders with the answers that a test wants."""

import json

import numpy as np

from kerascnn.runs.answers import KeptAnswers, write_answers
from kerascnn.runs.atomic import write_json, write_json_lines
from kerascnn.runs.folder import RunFolder
from kerascnn.spec.load import load_spec
from kerascnn.templates_list import find_template


def spec_tree(**changes):
    """Return the resolved spec of the digits template, with values in other places: `data__fixes="a.csv"`."""
    tree = load_spec(find_template("lenet5")).spell()
    for path, value in changes.items():
        *parts, last = path.split("__")
        inner = tree
        for part in parts:
            inner = inner[int(part)] if part.isdecimal() else inner[part]
        inner[last] = value
    return tree


def make_run(
    root, truth, answers, labels=("a", "b"), *, split="test", ids=None, metrics=None, tree=None, environment=None,
    manifest=None,
):  # fmt: skip
    """Return a run with these answers kept; sample i is called `i.png` and holds what its name says."""
    truth, answers = np.asarray(truth), np.asarray(answers, "float32")
    ids = list(ids or [f"{i}.png" for i in range(len(truth))])
    about = {"name": "made", "version": "1", "environment": environment or {"backend": "tensorflow"}}
    run = RunFolder.create(root, given=b"", ending=".yaml", resolved=tree or spec_tree(), about=about)
    write_json(run.path / "labels.json", list(labels))
    lines = manifest or [
        {"id": name, "sha256": f"hash of {name}", "label": json.dumps(answer.tolist()), "split": split}
        for name, answer in zip(ids, truth, strict=True)
    ]
    write_json_lines(run.path / "data.manifest.jsonl", lines)
    (run.path / "evaluation").mkdir()
    report = {"samples": len(ids), "split": split, "metrics": metrics or {}}
    write_json(run.path / "evaluation" / f"{split}.json", report)
    write_answers(run, split, KeptAnswers(ids, truth, answers))
    return run


def sure_of(classes, many, p=0.9):
    """Return probabilities `(n, many)`: p for the class that is said of each sample, the rest shared."""
    found = np.full((len(classes), many), (1 - p) / (many - 1), "float32")
    found[np.arange(len(classes)), classes] = p
    return found
