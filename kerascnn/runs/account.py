"""What a paper and a reviewer need to know of a run: a methods paragraph, a model card, and how to repeat it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kerascnn.errors import counted
from kerascnn.evaluation.names import interval_of, say_name
from kerascnn.runs.folder import RunFolder
from kerascnn.runs.readiness import readiness

_FIGURES = 4
"""Figures of an evaluation that a paragraph tells."""


def methods_paragraph(run: RunFolder) -> str:
    """Return a paragraph to paste into a paper: data, network, training, and what the test split came to."""
    spec, data, done = (run.read(name) for name in ("spec.resolved.json", "data.json", "effective.json"))
    return " ".join(
        [*_of_data(spec, data, done), *_of_network(run, spec, done), *_of_training(run, spec, done), *_of_figures(run)]
    )


def how_to_repeat(run: RunFolder) -> list[str]:
    """Return what is needed to repeat a run, a line each: versions, data, command."""
    about, data = run.about(), run.read("data.json")
    environment = about["environment"]
    packages = ", ".join(f"{name} {version}" for name, version in sorted(environment["versions"].items()))
    plugins = ", ".join(f"{name} {version}" for name, version in environment.get("plugins", {}).items())
    return [
        *([f"the plugins {plugins}"] if plugins else []),
        f"Python {environment['python']} on {environment['platform']}, {environment['backend']} backend; {packages}",
        f"data with the fingerprint {data['fingerprint']} (data.manifest.jsonl has the hash of every sample)",
        f"kerascnn train {run.path / 'spec.resolved.json'}",
        "on the same machine, with the same versions and number of threads, a CPU gives the same bits",
    ]


def model_card(run: RunFolder) -> str:
    """Return a model card as Markdown (Mitchell et al. 2019, arXiv:1810.03993), of what the run itself knows."""
    about, data, labels = run.about(), run.read("data.json"), run.read("labels.json")
    spec = run.read("spec.resolved.json")
    shown = ", ".join(labels[:20]) + (f" and {len(labels) - 20} more" if len(labels) > 20 else "")
    lines = [
        f"# {about['name']}",
        "",
        f"Task: {spec['task']['type'].replace('_', ' ')}. Answers: {shown or 'numbers'}.",
        f"Run {run.id}, kerascnn {about['version']}. Opens with plain Keras: `keras.saving.load_model('model.keras')`.",
        "",
        "## How it was made",
        "",
        methods_paragraph(run),
        "",
        "## What it was judged by",
        "",
        *(_figures_of(run) or ["It was not judged on a test split."]),
        "",
        "## What to be careful of",
        "",
        *[f"- {finding['message']}" for finding in data["findings"] if finding["severity"] != "note"],
        *[f"- {gate.title}: no. {gate.reason}" for gate in readiness(run) if gate.passed is False],
        "- It knows only what its training data show; who and what they leave out stands in no file here.",
        "",
        "## How to repeat it",
        "",
        *[f"- {line}" for line in how_to_repeat(run)],
        "",
    ]
    return "\n".join(lines)


def _of_data(spec: Mapping[str, Any], data: Mapping[str, Any], done: Mapping[str, Any]) -> list[str]:
    split, sizes = spec["data"]["split"], data["sizes"]
    parts = ", ".join(f"{count} for {name.replace('train', 'training')}" for name, count in sizes.items())
    if split.get("lists") or split.get("file"):
        how = "by given lists"
    elif split.get("order") == "time":
        how = "by time"
    elif split.get("group_by"):
        how = f"at random by groups ({split['group_by']}), seed {spec['train']['seed']}"
    else:
        how = f"at random or as the source gives it, seed {spec['train']['seed']}"
    said = [
        f"The data ({counted(data['samples'], 'sample', 'samples')}, version {data['fingerprint'][:12]}) were divided "
        f"{how}: {parts}."
    ]
    chain = [step["type"].replace("_", " ") for step in done["augmentation"]]
    said.append(f"Training samples were augmented ({', '.join(chain)})." if chain else "Nothing was augmented.")
    return said


def _of_network(run: RunFolder, spec: Mapping[str, Any], done: Mapping[str, Any]) -> list[str]:
    model, shape = spec["model"], " x ".join(map(str, done["preprocessing"]["input_shape"]))
    begun = done["weights"]["origin"] if done["weights"] else "random weights"
    versions = run.about()["environment"]["versions"]
    engine = f"{done['backend']} {versions.get(done['backend'], '')}".strip()
    return [
        f"The network (backbone {model['backbone']['type']}, head {model['head']['type']}, "
        f"{done['parameters']:,} parameters, input {shape}, scale {done['preprocessing']['normalize']}) began from "
        f"{begun} and was trained with kerascnn {versions['kerascnn']}, Keras {versions['keras']} and {engine} in "
        f"{done['precision']['used']}."
    ]


def _of_training(run: RunFolder, spec: Mapping[str, Any], done: Mapping[str, Any]) -> list[str]:
    said = []
    for number, (stage, facts) in enumerate(zip(spec["train"]["stages"], done["stages"], strict=False), 1):
        optimizer, rate = facts["optimizer"]["type"], stage["learning_rate"]
        frozen = f", {', '.join(facts['frozen'])} frozen" if facts["frozen"] else ""
        name = f"Stage {number}" if len(done["stages"]) > 1 else "Training"
        said.append(
            f"{name} took {counted(facts['epochs'], 'epoch', 'epochs')} of {optimizer} (learning rate {rate:g}, "
            f"schedule {stage['schedule']['type']}, batches of {facts['batch_size']}{frozen}; ended: {facts['ended']})."
        )
    best = run.best()
    if best:
        said.append(f"The model of epoch {best['epoch']} was kept, by {spec['train']['monitor']}.")
    if together := done.get("ensemble"):
        count = len(together["members"])
        names = ", ".join(member["run"] for member in together["members"])
        did = f"This is what the first of {count} networks did (runs {names})"
        if epochs := [str(member["epoch"]) for member in together["members"] if "epoch" in member]:
            run_id = together["members"][0]["run"]
            did = f"The networks after the epochs {', '.join(epochs)} of run {run_id} answer together"
        said.append(
            f"{did}; the answers are the mean of their {together['mean']}, and the parameters are those of all."
        )
    return said


def _of_figures(run: RunFolder) -> list[str]:
    found = _figures_of(run)
    return [f"On the test split: {'; '.join(line.removeprefix('- ') for line in found)}."] if found else []


def _figures_of(run: RunFolder) -> list[str]:
    if not (run.path / "evaluation" / "test.json").is_file():
        return []
    report = run.read("evaluation/test.json")
    lines = []
    for name, value in report["metrics"].items():
        if name.endswith(("_low", "_high")):
            continue
        bounds = interval_of(report, name)
        within = f" (95 % interval {bounds[0]:.4f} to {bounds[1]:.4f})" if bounds else ""
        lines.append(f"- {say_name(name)} {value:.4f}{within}")
    return lines[:_FIGURES]
