"""Addresses that the server itself has made: a page signs what it offers, and a route serves only what is signed."""

from __future__ import annotations

import hashlib
import hmac
import os
import time
from urllib.parse import urlencode

TOKEN = "KERASCNN_TOKEN"
HOURS = 12.0
"""How long an address is good."""


def sign(purpose: str, value: str, *, now: float | None = None) -> str:
    """Return the query of an address for this value, such as a path."""
    until = str(int((time.time() if now is None else now) + 3600 * HOURS))
    return urlencode({"value": value, "until": until, "signature": _of(purpose, value, until)})


def is_signed(purpose: str, value: str, until: str, signature: str, *, now: float | None = None) -> bool:
    """Return whether the server signed this, for this purpose, and it is still good."""
    right = hmac.compare_digest(_of(purpose, value, until).encode(), signature.encode("utf-8", "replace"))
    return right and until.isdecimal() and float(until) >= (time.time() if now is None else now)


def _of(purpose: str, value: str, until: str) -> str:
    key = os.environ[TOKEN].encode()
    return hmac.new(
        key, "\0".join((purpose, value, until)).encode("utf-8", "surrogateescape"), hashlib.sha256
    ).hexdigest()
