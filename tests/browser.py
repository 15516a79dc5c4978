"""Pages in headless Chromium: what they ask for, and how wide they are."""

import json
import shutil
import subprocess
from collections.abc import Sequence
from html import escape
from pathlib import Path

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--virtual-time-budget=3000",
]

needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")


def opened(page: Path, work: Path) -> tuple[str, list[str]]:
    """Return a page from the disk as it stands after its scripts ran, and the addresses that it asked for.

    What the browser asks for on its own account is not among them.
    """
    assert CHROMIUM is not None
    work.mkdir(parents=True, exist_ok=True)
    log = work / "net.json"
    command = [CHROMIUM, *FLAGS, f"--user-data-dir={work / 'profile'}", f"--log-net-log={log}"]
    done = subprocess.run(
        [*command, "--dump-dom", page.absolute().as_uri()],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    events = json.loads(log.read_text("utf-8"))["events"]
    return done.stdout, asked(events)


def asked(events: Sequence[dict]) -> list[str]:
    """Return the addresses that a page from the disk asked for, of the events of a network log."""
    parameters = [event.get("params") or {} for event in events]
    return sorted({p["url"] for p in parameters if p.get("network_isolation_key", "").startswith("file://")})


def width_of(page: Path, work: Path, width: int) -> int:
    """Return how many pixels wide the content of a page is where it has this width."""
    work.mkdir(parents=True, exist_ok=True)
    # A window of Chromium is no narrower than 500 pixels; a frame is.
    frame = work / "framed.html"
    inside = escape(page.read_text("utf-8"))
    frame.write_text(
        f"<!doctype html><iframe style='border: 0' width='{width}' height='900' srcdoc='{inside}' "
        "onload='document.title = `width ${this.contentDocument.documentElement.scrollWidth}`'></iframe>",
        "utf-8",
    )
    text, _ = opened(frame, work)
    return int(text.split("<title>width ")[1].split("<")[0])
