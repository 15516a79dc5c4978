"""`python -m kerascnn_generative`: pictures that a trained run makes."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from kerascnn import Run
from kerascnn.cli.loading import announce_keras
from kerascnn.cli.output import complain, result
from kerascnn.errors import KerasCnnError, counted

_MOST = 4096


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    asked = _parser().parse_args(arguments)
    announce_keras()
    try:
        from kerascnn.runs.atomic import write_bytes
        from kerascnn_generative.grid import png
        from kerascnn_generative.made import Maker

        maker = Maker(Run.find(asked.run, asked.runs).path)
        write_bytes(Path(asked.to), png(maker.make(asked.count, asked.seed)))
        result(f"{counted(asked.count, 'picture', 'pictures')} in {Path(asked.to).resolve()}")
    except KerasCnnError as error:
        complain(error)
        return error.exit_code
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m kerascnn_generative", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    sample = commands.add_parser("sample", help="Make pictures and write them as one PNG.")
    sample.add_argument("run", metavar="RUN", help="its folder, its id, the beginning of one, or latest")
    sample.add_argument("--runs", default="runs", metavar="DIR", help="where runs are (default: runs)")
    sample.add_argument("--count", type=_count, default=64, metavar="N", help="how many (default: 64)")
    sample.add_argument("--seed", type=_seed, default=0, metavar="N", help="which ones (default: 0)")
    sample.add_argument("--to", default="samples.png", metavar="FILE", help="the PNG (default: samples.png)")
    return parser


def _count(text: str) -> int:
    if not 1 <= (number := int(text)) <= _MOST:
        raise argparse.ArgumentTypeError(f"{text} should be from 1 to {_MOST}")
    return number


def _seed(text: str) -> int:
    if (number := int(text)) < 0:
        raise argparse.ArgumentTypeError(f"{text} should be 0 or more")
    return number


if __name__ == "__main__":
    sys.exit(main())
