"""Who may come in: by a provider (OpenID Connect), or by the header of a proxy."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request

import pytest

from kerascnn_dashboard.logic.home import Home
from kerascnn_dashboard.logic.reports import bundle_file
from tests.browser import needs_chromium
from tests.dashboard.browsing import Tab, browsing, serving
from tests.dashboard.made_evaluation import shapes_project, shapes_run
from tests.dashboard.oidc import CLIENT, SECRET, provider

pytestmark = [needs_chromium, pytest.mark.slow]


def secrets_in(folder, address, issuer):
    """Write what `st.login` reads: the section [auth] beside the server."""
    (folder / ".streamlit").mkdir()
    lines = {
        "redirect_uri": f"{address}/oauth2callback",
        "cookie_secret": "a secret of the server",
        "client_id": CLIENT,
        "client_secret": SECRET,
        "server_metadata_url": f"{issuer}/.well-known/openid-configuration",
    }
    text = "[auth]\n" + "".join(f"{name} = {json.dumps(value)}\n" for name, value in lines.items())
    (folder / ".streamlit" / "secrets.toml").write_text(text, "utf-8")


@pytest.fixture
def home(tmp_path):
    """Return a home with a project whose model can be downloaded."""
    home = Home(tmp_path / "home")
    project = shapes_project(home, "Secret shapes")
    file = bundle_file(project, shapes_run(project))
    file.parent.mkdir(parents=True)
    file.write_bytes(b"the model")
    return home


def opened(tab, path):
    """Open a page that may lead elsewhere."""
    tab.page.goto(f"{tab.server.url}{path}")
    return tab.settle()


def test_whom_the_provider_does_not_know_sees_nothing_and_who_logs_out_holds_nothing(home, tmp_path):
    pytest.importorskip("authlib", reason='the extra "login" is not installed')
    with (
        provider() as asked,
        browsing() as browser,
        serving(
            home.folder, login="oidc", prepare=lambda server: secrets_in(tmp_path, server.url, asked.url)
        ) as server,
    ):
        tab = Tab(browser, server, tmp_path / "shots")
        puts = []
        tab.page.on("request", lambda one: puts.append(one) if one.method == "PUT" else None)

        for path in ("/", "/report?project=secret-shapes", "/settings"):
            opened(tab, path)
            assert tab.sees("Log in"), path
            assert "ecret shapes" not in tab.page.content()
        tab.shot("login")

        # Keyboard alone.
        button = tab.page.get_by_role("button", name="Log in")
        button.focus()
        tab.page.keyboard.press("Enter")
        tab.page.get_by_role("link", name="I am Ada").click()
        assert tab.sees("Logged in as ada@example.org")
        assert tab.sees("Secret shapes")
        tab.shot("login-done")
        tab.page.reload()
        assert tab.sees("Logged in as ada@example.org")
        assert asked.paths.count("/token") == 1

        opened(tab, "/report?project=secret-shapes")
        link = tab.page.get_by_role("link", name="Download model")
        link.wait_for()
        model = f"{server.url}{link.get_attribute('href')}"
        assert tab.page.request.get(model).body() == b"the model"
        opened(tab, "/data?project=secret-shapes")
        tab.page.get_by_role("radio", name="Upload a file").click()
        tab.settle()
        file = {"name": "x.csv", "mimeType": "text/csv", "buffer": b"path,label\n"}
        tab.page.get_by_label("Choose an archive or a table").set_input_files(file)
        until = time.monotonic() + 30
        while not puts and time.monotonic() < until:
            tab.page.wait_for_timeout(100)
        upload, token = puts[0].url, puts[0].headers["x-kerascnn-upload"]

        # What was signed for her is no use to whom the server does not know, though the signature is right.
        stranger = Tab(browser, server, tmp_path / "shots")
        said = {"X-Kerascnn-Upload": token}
        assert stranger.page.request.get(model).status == 401
        assert stranger.page.request.get(upload, headers=said).status == 401
        assert stranger.page.request.put(upload, headers=said, data=b"x").status == 401
        assert tab.page.request.get(upload, headers=said).status == 200
        stranger.page.close()

        opened(tab, "/")
        tab.page.get_by_role("button", name="Log out").click()  # what comes next is the provider's page
        tab.page.get_by_role("heading", name="You are logged out").wait_for()
        tab.page.get_by_role("link", name="Back").click()
        assert tab.sees("Log in")
        assert "Secret shapes" not in tab.page.content()
        assert tab.page.request.get(model).status == 401
        assert tab.page.request.get(upload, headers=said).status == 401

        # An answer that the provider's keys did not sign lets nobody in.
        asked.forge()
        tab.page.get_by_role("button", name="Log in").click()  # what comes next is the provider's page
        tab.page.get_by_role("link", name="I am Ada").click()
        tab.settle()
        assert asked.paths.count("/token") == 2
        opened(tab, "/")
        assert tab.sees("Log in")
        assert "Secret shapes" not in tab.page.content()
        assert {url for url in tab.outside() if not url.startswith(asked.url)} == set()


def test_a_proxy_names_who_comes_and_without_it_nothing_is_open(home, tmp_path):
    with browsing() as browser, serving(home.folder, login="header:X-Forwarded-User") as server:
        tab = Tab(browser, server, tmp_path / "shots").open("/report?project=secret-shapes")
        assert tab.sees("names nobody in the header")
        assert "ecret shapes" not in tab.page.content()
        tab.page.set_extra_http_headers({"X-Forwarded-User": "ada"})
        opened(tab, "/report?project=secret-shapes")
        assert tab.sees("Logged in as ada")
        link = tab.page.get_by_role("link", name="Download model")
        link.wait_for()
        model = f"{server.url}{link.get_attribute('href')}"
        assert tab.page.request.get(model, headers={"X-Forwarded-User": "ada"}).body() == b"the model"
        assert urllib.request.urlopen(f"{server.url}/healthz").status == 200
        with pytest.raises(urllib.error.HTTPError, match="401"):
            urllib.request.urlopen(model)
        assert tab.outside() == []
