"""A real server and a real browser."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.browser import CHROMIUM

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]
SHOTS = os.environ.get("KERASCNN_SCREENSHOTS", "")
"""Where pictures of the pages go; left out: into the test's own folder."""


class Server:
    """`kerascnn ui` on a port of its own."""

    def __init__(self, home: Path, *, login: str = "none", prepare: Callable[[Server], None] | None = None):
        self.home, self.login = home, login
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        if prepare is not None:
            prepare(self)
        self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        command = ["-m", "kerascnn", "ui", "--home", str(self.home), "--port", str(self.port), "--no-browser"]
        command += ["--login", self.login]
        around = {key: value for key, value in os.environ.items() if not key.startswith("KERASCNN_")}
        self.log = (self.home.parent / "server.log").open("ab")
        self.process = subprocess.Popen(
            [sys.executable, *command], stdout=self.log, stderr=self.log, env=around, start_new_session=True,
            cwd=self.home.parent,
        )  # fmt: skip
        until = time.monotonic() + 180
        while True:
            try:
                with urllib.request.urlopen(f"{self.url}/healthz", timeout=2):
                    return
            except OSError:
                assert self.process.poll() is None, (self.home.parent / "server.log").read_text()
                assert time.monotonic() < until, "the server does not answer"
                time.sleep(0.2)

    def memory(self) -> float:
        """Return how much memory it has, in MiB."""
        return psutil.Process(self.process.pid).memory_info().rss / 2**20

    def libraries(self) -> str:
        """Return the files that are mapped into it."""
        return Path(f"/proc/{self.process.pid}/maps").read_text()

    def kill(self) -> None:
        """End it as a crash would: the whole group of processes, without a word."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.log.close()

    def stop(self) -> int:
        self.process.terminate()
        try:
            code = self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.kill()
            raise
        self.log.close()
        return code


@contextmanager
def serving(home: Path, **more: Any) -> Iterator[Server]:
    server = Server(home, **more)
    try:
        yield server
    finally:
        if server.process.poll() is None:
            server.stop()
        for process in psutil.process_iter(["cmdline"]):
            # What was started here outlives the server on purpose, but not the test.
            if any(str(home) in word for word in process.info["cmdline"] or []):
                process.kill()


@contextmanager
def browsing(*flags: str):
    """Open a browser, with more flags of Chromium's where they are given."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as player:
        browser = player.chromium.launch(executable_path=CHROMIUM, headless=True, args=[*FLAGS, *flags])
        try:
            yield browser
        finally:
            browser.close()


class Tab:
    """One page of the dashboard as a person has it open."""

    def __init__(self, browser, server: Server, shots: Path, width: int = 1366, height: int = 860):
        self.server, self.shots = server, Path(SHOTS) if SHOTS else shots
        self.shots.mkdir(parents=True, exist_ok=True)
        self.asked: list[str] = []
        self.page = browser.new_page(viewport={"width": width, "height": height})
        self.page.set_default_timeout(30_000)
        self.page.on("request", lambda request: self.asked.append(request.url))

    def open(self, path: str = "/") -> Tab:
        self.page.goto(f"{self.server.url}{path}")
        return self.settle()

    def settle(self) -> Tab:
        """Wait until Streamlit has drawn the page."""
        self.page.wait_for_selector("[data-testid=stApp]")
        self.page.wait_for_function(
            "document.querySelector('[data-testid=stApp]')?.dataset.testScriptState === 'notRunning'"
        )
        self.page.wait_for_timeout(150)
        return self

    def click(self, name: str, *, role: str = "button", exact: bool = True) -> Tab:
        self.page.get_by_role(role, name=name, exact=exact).first.click()
        return self.settle()

    def choose(self, box, number: int) -> Tab:
        """Choose an option of a select box by its number, from 0 on."""
        for _ in range(5):
            box.locator("input").click()
            option = self.page.get_by_role("option").nth(number)
            try:
                option.click(timeout=3000)
            except Exception as error:
                if type(error).__name__ != "TimeoutError":
                    raise
                continue  # the page was drawn anew meanwhile, and the list closed
            return self.settle()
        raise AssertionError("the list does not open")

    def sees(self, text: str, seconds: float = 30) -> bool:
        """Wait until a text stands on the page; say whether it came."""
        try:
            self.page.get_by_text(text).first.wait_for(timeout=seconds * 1000)
        except Exception as error:
            if type(error).__name__ != "TimeoutError":
                raise
            return False
        return True

    def text(self) -> str:
        return self.page.locator("[data-testid=stMain]").inner_text()

    def shot(self, name: str) -> None:
        """Keep a picture of the page, wide and as a telephone shows it."""
        size = self.page.viewport_size
        for width in (1366, 390):
            self.page.set_viewport_size({"width": width, "height": 1500})
            self.page.wait_for_timeout(400)
            self.page.screenshot(path=self.shots / f"{name}-{width}.png", full_page=True)
            wide = self.page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth")
            assert wide <= width, f"{name} is {wide} pixels wide on a screen of {width}"
        self.page.set_viewport_size(size)

    def outside(self) -> list[str]:
        """Return the addresses outside of the server that the page asked for."""
        own = (self.server.url, f"ws://127.0.0.1:{self.server.port}", "data:", "blob:", "about:")
        return sorted({url for url in self.asked if not url.startswith(own)})
