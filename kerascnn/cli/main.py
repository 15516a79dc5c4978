"""The command line: commands parse, call one function, and print. Errors become sentences and exit codes here."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from kerascnn.cli import (
    batch,
    data,
    data_free,
    ensemble,
    explain,
    export,
    failures,
    plugins,
    reporting,
    robustness,
    runs,
    sweep,
    training,
    ui,
)
from kerascnn.cli.plugin_files import use_plugin_files
from kerascnn.cli.plugin_help import with_names
from kerascnn.errors import KerasCnnError
from kerascnn.spec.plugins import FILES, blamed

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
export.add_to(app)
failures.add_to(app)
robustness.add_to(app)
reporting.add_to(app)
runs.add_to(app)
ensemble.add_to(app)
batch.add_to(app)
sweep.add_to(app)
plugins.add_to(app)
ui.add_to(app)


@app.callback()
def common(
    plugin: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="Use the components of a Python file as a plugin's, named after the file. Repeatable; also behind the "
            "command.",
        ),
    ] = None,
) -> None:
    """Convolutional networks from one spec: check it, train it, evaluate it, use it."""


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code; nothing that a user did leads to a traceback."""
    before = os.environ.get(FILES)
    try:
        rest = use_plugin_files(arguments)
        code = with_names(app, rest)(rest, standalone_mode=False)
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
        from kerascnn.cli.output import complain, usage_error, write_bug_report

        if usage_error(error):
            return 2
        if (plugins_own := blamed(error)) is not None:
            complain(plugins_own)
            return plugins_own.exit_code
        write_bug_report(error)
        return 70
    finally:
        if before is None:
            os.environ.pop(FILES, None)
        else:
            os.environ[FILES] = before
