"""Redo the accuracy table: shipped templates on public sets, beside what papers report of them.

Run: python benchmarks/papers.py DATA [--only NAME...] [--seeds N] [--output FILE] [--runs DIR] [--set PATH=VALUE...]
DATA is the folder that holds the sets, `text`, `series`, `mnist` and `trashnet150`; left out, KERASCNN_DATA names it.
Sets that are not there are passed over. All rows take hours on 2 cores.

Templates are trained as they are shipped: only the places of the data are set, and what the row says besides. Nothing
is chosen on the test split. A row is added to FILE (JSON) as soon as it is done; beside it, with the ending .md, stands
the same as a table. Rows that FILE has are not done again, nor trainings that DIR has: what was interrupted goes on
when the same command is given again. Minutes are those of training alone, on a machine that may have been busy.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import platform
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

IDX = 'data.source={type: idx, path: "DATA/mnist"}'
TWICE = "data.allow=[duplicate-across-splits]"


@dataclass(frozen=True)
class Case:
    """A row: a template on a set, by a protocol."""

    name: str
    template: str
    needs: tuple[str, ...]
    """Files or folders below the folder of data."""
    settings: tuple[str, ...]
    """Where the data is; DATA stands for the folder of data, WORK for that of the runs."""
    protocol: str
    bar: float
    """The figure to reach."""
    bar_of: str
    more: tuple[str, ...] = ()
    """Settings that are not places of data."""
    seeds: int = 1
    metric: str = "accuracy"

    @property
    def smaller_is_better(self) -> bool:
        """Whether the figure is an error."""
        return self.metric != "accuracy"


def archive(name: str, bar: float, bar_of: str, *, template: str = "inception_time", **more: Any) -> Case:
    """Return the row of a set of the UCR and UEA archives, in its own two files."""
    files = {key: f"series/{name}/{name}_{part}.ts" for key, part in (("path", "TRAIN"), ("test_path", "TEST"))}
    return Case(
        name,
        template,
        tuple(files.values()),
        tuple(f'data.source.{key}="DATA/{file}"' for key, file in files.items()),
        more.pop("protocol", "the archive's files; no validation split, lowest training loss"),
        bar,
        bar_of,
        **more,
    )


INCEPTION = "InceptionTime (5 networks, 1,500 epochs)"
CASES = [
    Case(
        "MR",
        "textcnn_opinions",
        ("text/rt-polarity.all", "text/rt-polarity.all.folds10.txt"),
        (
            'data.source.path="DATA/text/rt-polarity.all"',
            "data.split.folds=10",
            'data.split.file="WORK/mr_folds.csv"',
            TWICE,
        ),
        "10 folds of the set's own list, 10 % of the rest for validation",
        0.776,
        "TF-IDF and a linear model; Kim 2014 CNN-rand has .761",
    ),
    Case(
        "TREC",
        "textcnn",
        ("text/TREC.train.all", "text/TREC.test.all"),
        ('data.source.path="DATA/text/TREC.train.all"', 'data.source.test_path="DATA/text/TREC.test.all"', TWICE),
        "the set's own test file, 10 % of the rest for validation",
        0.912,
        "Kim 2014 CNN-rand",
    ),
    Case(
        "SST-2",
        "textcnn_opinions",
        ("text/stsa.binary.train", "text/stsa.binary.dev", "text/stsa.binary.test"),
        (
            'data.source.path="DATA/text/stsa.binary.train"',
            'data.source.validation_path="DATA/text/stsa.binary.dev"',
            'data.source.test_path="DATA/text/stsa.binary.test"',
            TWICE,
        ),
        "the set's own three files, sentences only (the paper also trains on phrases)",
        0.810,
        "TF-IDF and a linear model; Kim 2014 CNN-rand has .827 with phrases",
    ),
    archive("GunPoint", 0.998, INCEPTION),
    archive("Coffee", 1.0, INCEPTION),
    archive("ItalyPowerDemand", 0.967, INCEPTION),
    archive("ECG200", 0.912, INCEPTION),
    archive("ArrowHead", 0.846, INCEPTION, seeds=3),
    archive("BasicMotions", 1.0, "InceptionTime (tsml-eval, default split)"),
    archive("JapaneseVowels", 0.992, "ResNet (mean of 10)", more=("model.preprocess.normalize=none",)),
    archive(
        "Covid3Month",
        0.0447,
        "always giving the mean; FCN has .0436",
        template="fcn_regression",
        protocol="the archive's files, 20 % of the training part for validation",
        more=(TWICE,),
        metric="rmse",
    ),
    Case(
        "MNIST-LeNet",
        "lenet5",
        ("mnist",),
        (IDX,),
        "60,000 / 10,000, 15 % of the training part for validation",
        0.991,
        "LeNet-class networks",
    ),
    Case(
        "MNIST-CNN",
        "mnist_cnn",
        ("mnist",),
        ('data.source.path="DATA/mnist"',),
        "60,000 / 10,000, 10 % of the training part for validation",
        0.991,
        "LeNet-class networks",
    ),
    Case(
        "MNIST-ResNet",
        "mnist_resnet",
        ("mnist",),
        ('data.source.path="DATA/mnist"',),
        "60,000 / 10,000, 10 % of the training part for validation",
        0.995,
        "small residual networks",
    ),
    Case(
        "trashnet150",
        "simple_cnn",
        ("trashnet150/images", "trashnet150/splits"),
        (
            'data.source.path="DATA/trashnet150/images"',
            'data.split.lists={train: "DATA/trashnet150/splits/train.txt", '
            'validation: "DATA/trashnet150/splits/val.txt", test: "DATA/trashnet150/splits/test.txt"}',
            TWICE,
        ),
        "the official lists, 70 / 13 / 17",
        0.80,
        "from scratch, on pictures of this size; a random forest on 24 x 24 has .715",
    ),
]


def absent(case: Case, data: Path) -> list[str]:
    """Return what a row needs and the folder of data does not hold."""
    return [name for name in case.needs if not (data / name).exists()]


def spec_of(case: Case, data: Path, work: Path, settings: Sequence[str] = ()) -> Any:
    """Return the spec of a row."""
    from kerascnn.spec.load import load_spec
    from kerascnn.templates_list import find_template

    places = {"DATA": data.resolve().as_posix(), "WORK": work.resolve().as_posix()}
    own = [re.sub("DATA|WORK", lambda found: places[found.group()], setting) for setting in case.settings]
    return load_spec(find_template(case.template), [*own, *case.more, *settings])


def write_folds(list_of_folds: Path, file: Path) -> None:
    """Write a list with the fold of each line of a set as `data.split.file` wants it."""
    folds = list_of_folds.read_text("utf-8").split()
    with file.open("w", newline="", encoding="utf-8") as stream:
        table = csv.writer(stream)
        table.writerows([["id", "fold"], *([f"{i:06d}", fold] for i, fold in enumerate(folds, 1))])


def run_row(case: Case, data: Path, work: Path, seeds: int | None = None, settings: Sequence[str] = ()) -> dict:
    """Train and evaluate what a row asks for, and return the row."""
    from kerascnn.cli.progress import make_progress
    from kerascnn.engine.folds import is_folded
    from kerascnn.runs.folder import RunFolder

    work.mkdir(parents=True, exist_ok=True)
    if case.name == "MR":
        write_folds(data / case.needs[1], work / "mr_folds.csv")
    spec, seeds = spec_of(case, data, work, settings), seeds or case.seeds
    found = figures(spec, work / case.name, seeds, make_progress())
    runs = [RunFolder(row["path"]) for row in found["runs"]]
    values = [row["metrics"][case.metric] for row in found["runs"]]
    many = found.get("metrics", {}).get(case.metric)  # a single run has no spread
    figure = many["mean"] if many else values[0]
    together = (found.get("ensemble") or {}).get("metrics", {}).get(case.metric)
    return {
        "set": case.name,
        "template": case.template,
        "settings": [*case.more, *settings],
        "protocol": case.protocol,
        "seeds": [spec.train.seed + i for i in range(seeds)],
        "folds": spec.data.split.folds if is_folded(spec) else None,
        "metric": case.metric,
        "figure": figure,
        "sd": many["sd"] if many else None,
        "values": values,
        "together": together,
        "bar": case.bar,
        "bar_of": case.bar_of,
        "reached": figure <= case.bar if case.smaller_is_better else figure >= case.bar,
        "minutes": sum(run.read("effective.json")["seconds"] for run in runs) / 60,
        "machine": machine(runs[0].about()["environment"]),
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "runs": [run.id for run in runs],
    }


def figures(spec: Any, work: Path, seeds: int, progress: Any) -> dict[str, Any]:
    """Return what the trainings of a row came to on the test split."""
    from kerascnn.engine.folds import cross_validate, is_folded
    from kerascnn.engine.seeds import train_seeds
    from kerascnn.engine.several import Planned, evaluated, train_all

    if seeds > 1:
        return train_seeds(spec, seeds, work, split="test", progress=progress)
    if is_folded(spec):
        return cross_validate(spec, work, progress=progress)
    planned = [Planned({"seed": spec.train.seed}, spec)]
    return {"runs": evaluated(planned, train_all(planned, work, progress=progress), "test")}


def machine(environment: dict[str, Any]) -> str:
    """Return what trained, in a few words: processor, cores, GPUs, backend."""
    name = platform.processor() or environment["machine"]
    facts = Path("/proc/cpuinfo")
    if facts.is_file():
        models = [line.split(":", 1)[1].strip() for line in facts.read_text().splitlines() if "model name" in line]
        name = models[0] if models else name
    version = environment["versions"].get(environment["backend"], "")
    gpus = environment["gpus"]
    return ", ".join(
        [name, f"{environment['threads']} threads", *map(str, gpus), f"{environment['backend']} {version}"]
    )


def as_table(rows: Sequence[dict[str, Any]]) -> str:
    """Return the rows as a table in Markdown."""
    head = ["set", "template", "protocol", "seeds", "figure", "bar", "minutes", "machine", "date"]
    lines = [head, ["---"] * len(head)]
    for row in rows:
        template = " ".join([f"`{row['template']}`", *(f"`{setting}`" for setting in row["settings"])])
        figure = f"{row['metric']} {row['figure']:.4f}"
        if row["sd"] is not None:
            figure += f" (sd {row['sd']:.4f} of {'folds' if row['folds'] and len(row['seeds']) == 1 else 'seeds'})"
        if row["together"] is not None:
            figure += f", together {row['together']:.4f}"
        lines.append(
            [
                row["set"],
                template,
                row["protocol"],
                ", ".join(map(str, row["seeds"])),
                figure,
                f"{row['bar']:.4g} {'reached' if row['reached'] else 'missed'} ({row['bar_of']})",
                f"{row['minutes']:.1f}",
                row["machine"],
                row["date"],
            ]
        )
    return "".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |\n" for line in lines)


def read_rows(output: Path) -> list[dict[str, Any]]:
    """Return the rows that a file has, none where it is not there."""
    return json.loads(output.read_text("utf-8")) if output.is_file() else []


def add_row(output: Path, row: dict[str, Any]) -> None:
    """Add a row to the file, and write the table beside it anew."""
    from kerascnn.runs.atomic import write_json, write_text

    rows = [*read_rows(output), row]
    write_json(output, rows)
    write_text(output.with_suffix(".md"), as_table(rows))


def is_there(case: Case, seeds: int, settings: Sequence[str], rows: Sequence[dict[str, Any]]) -> bool:
    """Return whether the file has this very row."""
    wanted = (case.name, case.template, [*case.more, *settings], seeds)
    return any((row["set"], row["template"], row["settings"], len(row["seeds"])) == wanted for row in rows)


def main(arguments: Sequence[str] | None = None) -> None:
    """Do the rows that are asked for, one after another."""
    names = [case.name for case in CASES]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, nargs="?", default=os.environ.get("KERASCNN_DATA"), metavar="DATA")
    parser.add_argument("--only", nargs="+", choices=names, default=names, metavar="NAME", help=", ".join(names))
    parser.add_argument("--seeds", type=int, help="from train.seed on; left out: 1, for ArrowHead 3")
    parser.add_argument("--output", type=Path, default=Path("papers.json"))
    parser.add_argument("--runs", type=Path, default=Path("runs/papers"))
    parser.add_argument("--set", action="append", default=[], dest="settings", metavar="PATH=VALUE")
    asked = parser.parse_args(arguments)
    if asked.data is None:
        parser.error("name the folder that holds the sets, or say it in KERASCNN_DATA")
    if asked.seeds is not None and asked.seeds < 1:
        parser.error(f"--seeds should be 1 or more (got {asked.seeds})")
    if asked.output.suffix != ".json":
        parser.error(f"--output should end in .json, as the table beside it ends in .md (got {asked.output})")
    data = Path(asked.data)
    for case in (case for case in CASES if case.name in asked.only):
        missing = absent(case, data)
        if missing:
            print(f"{case.name}: passed over, {data} has no {', '.join(missing)}", flush=True)
        elif is_there(case, asked.seeds or case.seeds, asked.settings, read_rows(asked.output)):
            print(f"{case.name}: {asked.output} has this row already", flush=True)
        else:
            add_row(asked.output, run_row(case, data, asked.runs, asked.seeds, asked.settings))
            print(as_table(read_rows(asked.output)[-1:]).splitlines()[-1], flush=True)


if __name__ == "__main__":
    main()
