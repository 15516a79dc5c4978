"""`kerascnn plugins check NAME`: a plugin through the conformance kit, on every backend that is installed."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from typing import Annotated, Any

import typer

from kerascnn.cli.options import AsJson
from kerascnn.cli.output import document, note, result, table
from kerascnn.errors import PluginError, UsageError

BACKENDS = ("tensorflow", "jax", "torch")


def check(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A plugin, as `kerascnn plugins list` names it.")],
    backend: Annotated[
        list[str] | None, typer.Option(help="Only on this backend: tensorflow, jax or torch. Repeatable.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Put every component of a plugin through the conformance kit, on every backend that is installed.

    Light import, documented parameters that refuse what they do not take, the way into a spec and back, shapes, any
    size of a batch, finite training steps that move every weight, 16 bits, XLA, the same with the same seed, a model
    that plain Keras opens, masks and boxes of augmentations. Exit code 0 where nothing failed, else 2.
    """
    from kerascnn.spec.plugins import broken, installed, load_plugin

    wrong = [one for one in backend or [] if one not in BACKENDS]
    if wrong:
        raise UsageError(f"no backend is named '{wrong[0]}'; there are {', '.join(BACKENDS)}")
    if name not in installed():
        raise UsageError(f"no plugin is named '{name}'; there are {', '.join(installed()) or 'none'}")
    load_plugin(name)
    if name in broken():
        raise PluginError(f"the plugin {installed()[name]} cannot be used: {broken()[name]}")
    there = [one for one in BACKENDS if importlib.util.find_spec(one) is not None]
    if missing := [one for one in backend or [] if one not in there]:
        raise UsageError(f"{missing[0]} is not installed here")
    rows: list[dict[str, Any]] = []
    for one in backend or there:
        note(f"on {one} ...")
        rows += [{"backend": one, **row} for row in _on(one, name)]
    failed = [row for row in rows if row["state"] == "failed"]
    if as_json:
        document({"plugin": name, "passed": not failed, "checks": rows})
    else:
        result(table(["backend", "what", "check", "result"], [_row(row) for row in rows]))
        for row in failed:
            note(f"{row['name']} ({row['check']}, {row['backend']}): {row['reason']}")
        note(f"{len(rows) - len(failed)} of {len(rows)} checks did not fail")
    if failed:
        raise typer.Exit(PluginError.exit_code)


def _row(row: dict[str, Any]) -> list[str]:
    reason = f": {row['reason']}" if row["state"] == "skipped" else ""
    return [row["backend"], row["name"], row["check"], row["state"] + reason]


def _on(backend: str, name: str) -> list[dict[str, Any]]:
    """Return what the checks came to in a process with this backend: Keras has one for each process."""
    code = "import sys; from kerascnn.testing.plugin import main; main(sys.argv[1])"
    around = {**os.environ, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [sys.executable, "-c", code, name]
    done = subprocess.run(command, env=around, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["nothing"])[-1]
        raise PluginError(f"the checks of '{name}' ended the process on {backend}, exit code {done.returncode}: {last}")
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"name"')]
