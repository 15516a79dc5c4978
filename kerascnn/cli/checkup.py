"""What `kerascnn doctor` looks at.

Keras is tried in a process of its own, so that a broken backend is only a finding.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Any

_PROBE = """
import json, keras
devices = keras.distribution.list_devices()
print(json.dumps({"backend": keras.backend.backend(), "devices": devices}))
"""


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    name: str
    ok: bool
    text: str

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as plain data."""
        return asdict(self)


def checkup() -> list[Finding]:
    """Return what was found of this machine, in the order of looking."""
    return [*_python(), *_packages(), _keras(), *_machine(), *_plugins()]


def _python() -> Iterator[Finding]:
    ok = (3, 11) <= sys.version_info < (3, 14)
    hint = "" if ok else "; Keras 3.15 with TensorFlow 2.21 runs on Python 3.11 to 3.13"
    yield Finding("python", ok, f"{sys.version.split()[0]} ({sys.executable}){hint}")


def _packages() -> Iterator[Finding]:
    import re

    names = []
    for line in requires("kerascnn") or []:
        match = re.match(r"[A-Za-z0-9_.-]+", line)
        if match and "extra ==" not in line:
            names.append(match.group())
    backend = os.environ.get("KERAS_BACKEND", "tensorflow")
    for name in ["kerascnn", *names]:
        try:
            yield Finding(name, True, version(name))
        except PackageNotFoundError:
            # Without tensorflow everything but tensorflow itself works on another backend.
            ok = name == "tensorflow" and backend != "tensorflow"
            yield Finding(name, ok, "is not installed" + ("" if ok else f"; pip install {name}"))


def _keras() -> Finding:
    import json

    started = time.monotonic()
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    try:
        done = subprocess.run(
            [sys.executable, "-c", _PROBE],
            capture_output=True,
            text=True,
            timeout=300,
            env=environment,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Finding("keras", False, "did not import within 300 seconds")
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["it ended without a word"])[-1]
        return Finding("keras", False, f"cannot be imported: {last}")
    facts = json.loads(done.stdout.strip().splitlines()[-1])
    seconds = time.monotonic() - started
    return Finding(
        "keras",
        True,
        f"imports in {seconds:.1f} s on {facts['backend']}; devices: {', '.join(facts['devices'])}",
    )


def _machine() -> Iterator[Finding]:
    import psutil

    memory = psutil.virtual_memory()
    yield Finding(
        "memory",
        memory.available > 1 << 30,
        f"{memory.available / 2**30:.1f} of {memory.total / 2**30:.1f} GiB free",
    )
    disk = shutil.disk_usage(Path.cwd())
    yield Finding("disk", disk.free > 1 << 30, f"{disk.free / 2**30:.1f} GiB free in {Path.cwd()}")
    writable = os.access(Path.cwd(), os.W_OK)
    yield Finding("folder", writable, f"{Path.cwd()} can {'' if writable else 'not '}be written; runs go to ./runs")


def _plugins() -> Iterator[Finding]:
    from kerascnn.spec import plugins

    found = plugins.installed()
    for name in found:
        plugins.load_plugin(name)
    for name, plugin in found.items():
        reason = plugins.broken().get(name)
        yield Finding(
            f"plugin {name}",
            reason is None,
            f"{plugin.distribution} {plugin.version}" + (f": {reason}" if reason else ""),
        )
