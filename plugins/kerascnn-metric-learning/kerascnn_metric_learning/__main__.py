"""`python -m kerascnn_metric_learning`: search a folder, compare two pictures, judge vectors, with a trained run."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any

from kerascnn import Run
from kerascnn.cli.output import complain, document, note, result, table
from kerascnn.errors import KerasCnnError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    asked = _parser().parse_args(arguments)
    try:
        from kerascnn_metric_learning.gallery import Vectors

        asked.work(asked, Vectors(Run.find(asked.run, asked.runs)))
    except KerasCnnError as error:
        complain(error)
        return error.exit_code
    return 0


def _search(asked: argparse.Namespace, vectors: Any) -> None:
    from kerascnn_metric_learning.gallery import Gallery

    found = Gallery(vectors, asked.gallery).search(asked.picture, asked.most)
    if asked.json:
        document([{"path": path, "likeness": value} for path, value in found])
    else:
        result(table(["picture", "likeness"], [[path, f"{value:.4f}"] for path, value in found]))


def _verify(asked: argparse.Namespace, vectors: Any) -> None:
    from kerascnn_metric_learning.gallery import likeness

    threshold = vectors.threshold() if asked.threshold is None else asked.threshold
    value = likeness(vectors, asked.a, asked.b)
    if asked.json:
        document({"same": value >= threshold, "likeness": value, "threshold": threshold})
    else:
        result(f"{'the same' if value >= threshold else 'different'}: likeness {value:.4f}, threshold {threshold:.4f}")


def _judge(asked: argparse.Namespace, vectors: Any) -> None:
    from kerascnn_metric_learning.gallery import judge_folder
    from kerascnn_metric_learning.report import judged

    if asked.pictures:
        truth, rows, labels = judge_folder(vectors, asked.pictures)
    else:
        truth, rows = vectors.of_split(asked.split)
        labels = vectors.predictor.labels
    found = judged(truth, rows, labels)
    if asked.json:
        document({key: value for key, value in found.items() if key != "sections"})
        return
    floor = found["floor"]
    shown = [[name, f"{value:.4f}", f"{floor[name]:.4f}"] for name, value in found["metrics"].items()]
    result(table(["figure", "value", "guessing"], shown))
    for line in found["notes"]:
        note(line)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m kerascnn_metric_learning", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, work: Any, about: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=about, description=about)
        added.add_argument("run", metavar="RUN", help="its folder, its id, the beginning of one, or latest")
        added.add_argument("--runs", default="runs", metavar="DIR", help="where runs are (default: runs)")
        added.add_argument("--json", action="store_true", help="print JSON")
        added.set_defaults(work=work)
        return added

    search = command("search", _search, "Find the pictures of a folder that are most like one.")
    search.add_argument("picture", metavar="PICTURE")
    search.add_argument("--gallery", required=True, metavar="DIR", help="the folder, with those in it")
    search.add_argument("--most", type=_above_zero, default=5, metavar="N", help="how many to show (default: 5)")
    verify = command("verify", _verify, "Say whether two pictures show the same.")
    verify.add_argument("a", metavar="A")
    verify.add_argument("b", metavar="B")
    verify.add_argument("--threshold", type=float, help="likeness from which on (default: the run's)")
    judge = command("judge", _judge, "Judge the vectors of a split, or of pictures in a folder for each class.")
    judge.add_argument("--split", default="test", choices=["train", "validation", "test"], help="(default: test)")
    judge.add_argument("--pictures", metavar="DIR", help="a folder with one for each class, which may be new ones")
    return parser


def _above_zero(text: str) -> int:
    if (number := int(text)) < 1:
        raise ValueError
    return number


if __name__ == "__main__":
    sys.exit(main())
