import builtins
import socket

import pytest

from kerascnn.cli.main import run
from kerascnn_dashboard import server


@pytest.fixture
def served(monkeypatch):
    found = []
    monkeypatch.setattr(server, "serve", lambda home, **options: found.append((home, options)))
    return found


def test_it_is_served_to_this_computer_alone(served, tmp_path, capsys):
    assert run(["ui", "--home", str(tmp_path), "--no-browser"]) == 0
    home, options = served[0]
    assert home == tmp_path
    assert options == {"address": "127.0.0.1", "port": 8501, "login": "none", "open_browser": False}
    assert "can read and change" not in capsys.readouterr().err


def test_another_address_without_a_login_is_said_to_be_open(served, tmp_path, capsys):
    assert run(["ui", "--home", str(tmp_path), "--address", "0.0.0.0"]) == 0
    assert "anybody who reaches 0.0.0.0:8501 can read and change every project" in capsys.readouterr().err


def test_without_the_extra_it_says_what_to_install(monkeypatch, capsys):
    real = builtins.__import__

    def without(name, *rest, **options):
        if name.split(".")[0] == "streamlit":
            raise ImportError("No module named 'streamlit'")
        return real(name, *rest, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    assert run(["ui"]) == 2
    assert 'pip install "kerascnn[ui]"' in capsys.readouterr().err


def test_a_port_that_is_taken_is_said_before_anything_is_served(tmp_path, capsys):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert run(["ui", "--home", str(tmp_path), "--port", str(port)]) == 5
    assert f"port {port} of 127.0.0.1 is taken" in capsys.readouterr().err


def test_a_login_that_is_not_known_is_refused(tmp_path, capsys):
    assert run(["ui", "--home", str(tmp_path), "--login", "password"]) == 2
    assert "should be none, oidc or header:NAME" in capsys.readouterr().err


def test_a_home_that_cannot_be_made_is_said(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert run(["ui", "--home", str(tmp_path / "file" / "home")]) == 5
    assert "cannot make" in capsys.readouterr().err


def test_a_login_by_oidc_without_its_settings_says_where_they_go(tmp_path, monkeypatch, capsys):
    import importlib.util

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "me"))
    assert run(["ui", "--home", str(tmp_path / "home"), "--login", "oidc"]) == 2
    said = capsys.readouterr().err
    if importlib.util.find_spec("authlib") is None:
        assert 'pip install "kerascnn[login]"' in said
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name)
    assert run(["ui", "--home", str(tmp_path / "home"), "--login", "oidc"]) == 2
    assert "needs a section [auth]" in capsys.readouterr().err
    (tmp_path / ".streamlit").mkdir()
    (tmp_path / ".streamlit" / "secrets.toml").write_text("[auth", "utf-8")
    assert run(["ui", "--home", str(tmp_path / "home"), "--login", "oidc"]) == 2
    assert "secrets.toml cannot be read" in capsys.readouterr().err
