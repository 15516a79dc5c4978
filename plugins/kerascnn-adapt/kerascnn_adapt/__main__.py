"""`python -m kerascnn_adapt`: give a trained run's model the statistics of another domain."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from kerascnn import Run
from kerascnn.cli.output import complain, document, note, result
from kerascnn.errors import KerasCnnError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    asked = _parser().parse_args(arguments)
    try:
        from kerascnn_adapt.adapted import adapt

        found = adapt(Run.find(asked.run, asked.runs), asked.source, asked.to, most=asked.most, force=asked.force)
    except KerasCnnError as error:
        complain(error)
        return error.exit_code
    if asked.json:
        document(found)
    else:
        result(
            f"{found['model']}: {found['batch_norms']} layers of batch normalisation have the statistics of "
            f"{found['elements']} elements; {found['changed']:.1%} of these have another answer than before"
        )
        note("the run itself is as it was; open the file with keras.saving.load_model")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m kerascnn_adapt", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    about = (
        "Estimate the statistics of batch normalisation anew, on elements of another domain without answers (AdaBN)."
    )
    adabn = commands.add_parser("adabn", help=about, description=about)
    adabn.add_argument("run", metavar="RUN", help="its folder, its id, the beginning of one, or latest")
    adabn.add_argument("--source", required=True, metavar="DIR", help="the folder of the other domain's elements")
    adabn.add_argument("--to", required=True, type=Path, metavar="MODEL.keras", help="the file to write")
    adabn.add_argument(
        "--most", type=_above_zero, default=10_000, metavar="N", help="elements to read (default: 10000)"
    )
    adabn.add_argument("--runs", default="runs", metavar="DIR", help="where runs are (default: runs)")
    adabn.add_argument("--force", action="store_true", help="replace the file where there is one")
    adabn.add_argument("--json", action="store_true", help="print JSON")
    return parser


def _above_zero(text: str) -> int:
    if (number := int(text)) < 1:
        raise ValueError
    return number


if __name__ == "__main__":
    sys.exit(main())
