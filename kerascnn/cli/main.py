"""The command line: commands parse, call one function, and print. Errors become sentences and exit codes here."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import typer

from kerascnn.cli import data, data_free, explain, failures, plugins, reporting, robustness, runs, training
from kerascnn.errors import KerasCnnError

app = typer.Typer(
    name="kerascnn",
    help="Convolutional networks from one spec: check it, train it, evaluate it, use it.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
data_free.add_to(app)
data.add_to(app)
training.add_to(app)
explain.add_to(app)
failures.add_to(app)
robustness.add_to(app)
reporting.add_to(app)
runs.add_to(app)
plugins.add_to(app)


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code; nothing that a user did leads to a traceback."""
    try:
        code = app(list(arguments), standalone_mode=False)
        return code if isinstance(code, int) else 0
    except KerasCnnError as error:
        from kerascnn.cli.output import complain

        complain(error)
        return error.exit_code
    except typer.Exit as end:
        return end.exit_code
    except (KeyboardInterrupt, typer.Abort):
        print("interrupted", file=sys.stderr)  # noqa: T201 - nothing more may be imported now
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:  # noqa: BLE001 - the last net: a bug of ours
        from kerascnn.cli.output import usage_error, write_bug_report

        if usage_error(error):
            return 2
        write_bug_report(error)
        return 70
