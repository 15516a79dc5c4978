import os
from urllib.parse import parse_qs

import pytest

from kerascnn_dashboard.logic.signed import HOURS, is_signed, sign


@pytest.fixture(autouse=True)
def token(monkeypatch):
    monkeypatch.setenv("KERASCNN_TOKEN", "secret")


def signed(made_for: str, path: str, **parts):
    query = {key: values[0] for key, values in parse_qs(sign(made_for, path, now=1000.0)).items()} | parts
    return is_signed(
        parts.get("purpose", made_for), query["value"], query["until"], query["signature"], now=parts.get("now", 1001.0)
    )


def test_what_the_server_signed_is_known_again():
    assert signed("save", "/home/me/ü file.html")


@pytest.mark.parametrize(
    "changed", [{"value": "/etc/passwd"}, {"until": "99999999999"}, {"signature": "0" * 64}, {"purpose": "show"},
                {"signature": ""}, {"signature": "é"}, {"now": 1001.0 + 3600 * HOURS}],
)  # fmt: skip
def test_what_was_changed_or_is_too_old_is_not(changed):
    assert not signed("save", "/home/me/file", **changed)


def test_another_server_knows_it_not(monkeypatch):
    query = {key: values[0] for key, values in parse_qs(sign("save", "x")).items()}
    monkeypatch.setitem(os.environ, "KERASCNN_TOKEN", "another")
    assert not is_signed("save", **query)
