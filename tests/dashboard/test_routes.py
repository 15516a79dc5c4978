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


@pytest.mark.parametrize("login", ["oidc", "header:X-Forwarded-User"])
def test_a_signed_address_is_no_use_to_whom_the_login_does_not_know(client, tmp_path, monkeypatch, login):
    file = tmp_path / "report.html"
    file.write_text("good", "utf-8")
    address = file_address(file)
    assert client.get(address).status_code == 200
    monkeypatch.setenv("KERASCNN_LOGIN", login)
    assert client.get(address).status_code == 401
    assert client.get(address, headers={"Cookie": "_streamlit_user=forged"}).status_code == 401
    for ask in (client.get, client.put, client.delete):
        assert ask("/api/upload/p/one").status_code == 401
    assert client.get("/healthz").status_code == 200
    named = client.get(address, headers={"X-Forwarded-User": "ada"})
    assert named.status_code == (200 if login.startswith("header") else 401)
