import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from kerascnn_dashboard.routes import file_address, routes


@pytest.fixture
def client(home):
    return TestClient(Starlette(routes=routes()))


def test_the_server_says_that_it_lives(client):
    assert client.get("/healthz").json()["status"] == "ok"


def test_a_file_that_a_page_offers_is_given_and_no_other(client, tmp_path):
    file = tmp_path / "report ü.html"
    file.write_text("<p>good</p>", "utf-8")
    saved = client.get(file_address(file))
    assert saved.text == "<p>good</p>"
    assert saved.headers["content-disposition"].startswith("attachment")
    shown = client.get(file_address(file, show=True))
    assert shown.headers["content-disposition"].startswith("inline")
    assert "default-src 'none'" in shown.headers["content-security-policy"]
    for address in ("/api/file", "/api/file?value=/etc/passwd&until=99999999999&signature=0"):
        assert client.get(address).status_code == 404


def test_a_file_that_is_gone_is_said(client, tmp_path):
    assert client.get(file_address(tmp_path / "gone")).status_code == 404
