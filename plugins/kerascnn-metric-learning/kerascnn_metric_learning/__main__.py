"""`python -m kerascnn_metric_learning`: search pictures, say whom one shows, compare two, judge, with a trained run."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kerascnn import Run
from kerascnn.cli.loading import announce_keras
from kerascnn.cli.output import complain, document, note, result, table
from kerascnn.errors import KerasCnnError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    asked = _parser().parse_args(arguments)
    try:
        announce_keras()
        from kerascnn_metric_learning.gallery import Vectors

        asked.work(asked, Vectors(Run.find(asked.run, asked.runs)))
    except KerasCnnError as error:
        complain(error)
        return error.exit_code
    return 0


def _index(asked: argparse.Namespace, vectors: Any) -> None:
    from kerascnn_metric_learning.gallery import index_of_folder, index_of_split

    made = index_of_folder(vectors, asked.gallery) if asked.gallery else index_of_split(vectors, asked.split)
    file = Path(asked.out).absolute()
    made.save(file)
    if asked.json:
        document({"index": str(file), "pictures": len(made)})
    else:
        result(f"{file}: {len(made)} pictures of {len(set(made.labels))} classes")


def _search(asked: argparse.Namespace, vectors: Any) -> None:
    found = _gallery(asked, vectors).search(asked.picture, asked.most)
    if asked.json:
        document([{"path": path, "likeness": value} for path, value in found])
    else:
        result(table(["picture", "likeness"], [[path, f"{value:.4f}"] for path, value in found]))


def _identify(asked: argparse.Namespace, vectors: Any) -> None:
    from kerascnn_metric_learning.index import kept_threshold

    gallery = _gallery(asked, vectors)
    threshold = kept_threshold(vectors.run.path) if asked.threshold is None else asked.threshold
    found = gallery.identify(asked.picture, asked.most, -1.0 if threshold is None else threshold)
    near = [
        {"place": i, "name": gallery.index.names[i], "class": gallery.index.labels[i], "likeness": value}
        for i, value in found.near
    ]
    if asked.json:
        document({"class": found.label or None, "votes": found.votes, "threshold": threshold, "near": near})
        return
    said = f"'{found.label}', as {found.votes} of the {len(near)} nearest" if found.label else "unknown: none is near"
    result(said + (f" (threshold {threshold:.4f})" if threshold is not None else ""))
    result(table(["picture", "class", "likeness"], [[n["name"], n["class"], f"{n['likeness']:.4f}"] for n in near]))
    if threshold is None:
        note("the run keeps no threshold, so nobody is unknown; evaluate it on its validation split, or --threshold")


def _gallery(asked: argparse.Namespace, vectors: Any) -> Any:
    from kerascnn_metric_learning.gallery import Gallery
    from kerascnn_metric_learning.index import Index

    if asked.index:
        return Gallery(vectors, index=Index.load(asked.index, vectors.run.id))
    return Gallery(vectors, asked.gallery)


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

    search = command("search", _search, "Find the pictures that are most like one.")
    identify = command("identify", _identify, "Say whom a picture shows, by the class of its nearest neighbours.")
    for each in (search, identify):
        each.add_argument("picture", metavar="PICTURE")
        among = each.add_mutually_exclusive_group(required=True)
        among.add_argument("--gallery", metavar="DIR", help="look in this folder, and those in it")
        among.add_argument("--index", metavar="FILE", help="look in what `index` wrote")
        each.add_argument("--most", type=_above_zero, default=5, metavar="N", help="how many neighbours (default: 5)")
    identify.add_argument("--threshold", type=float, help="likeness that a neighbour has to reach (default: the run's)")
    index = command("index", _index, "Keep the vectors of a folder or a split in a file, to be searched often.")
    among = index.add_mutually_exclusive_group(required=True)
    among.add_argument("--gallery", metavar="DIR", help="of a folder; folders in it are classes")
    among.add_argument("--split", choices=["train", "validation", "test"], help="of a split of the run")
    index.add_argument("--out", required=True, metavar="FILE", help="the .npz file to write")
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
