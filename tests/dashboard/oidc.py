"""A provider of logins for tests, as OpenID Connect describes one: it asks who comes, and signs what it says."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

CLIENT, SECRET = "kerascnn", "a secret of the client"


class Provider:
    """Its keys, what it has given out, and what it was asked for."""

    def __init__(self) -> None:
        from joserfc.jwk import RSAKey

        self.key = RSAKey.generate_key(2048, {"kid": "one"})
        self.signs_with = self.key
        self.codes: dict[str, dict[str, str]] = {}
        self.paths: list[str] = []
        self.url = ""

    def forge(self) -> None:
        """Sign with a key from now on that nobody published."""
        from joserfc.jwk import RSAKey

        self.signs_with = RSAKey.generate_key(2048, {"kid": "one"})

    def about(self) -> dict[str, Any]:
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
            "end_session_endpoint": f"{self.url}/end",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
        }

    def give(self, asked: dict[str, str]) -> str:
        """Return the address to which somebody goes who has said who they are."""
        code = secrets.token_urlsafe(16)
        self.codes[code] = asked
        return f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}"

    def token(self, form: dict[str, str]) -> dict[str, Any]:
        """Return what a code is good for, once. Raises KeyError and ValueError for one that is none."""
        from joserfc import jwt

        asked = self.codes.pop(form["code"])
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        if "code_challenge" in asked and _text(digest) != asked["code_challenge"]:
            raise ValueError("this code is for another")
        if form["redirect_uri"] != asked["redirect_uri"]:
            raise ValueError("this code is for another address")
        now = int(time.time())
        claims = {
            "iss": self.url, "aud": CLIENT, "sub": "ada", "email": "ada@example.org", "name": "Ada", "iat": now,
            "exp": now + 600, "nonce": asked.get("nonce", ""),
        }  # fmt: skip
        signed = jwt.encode({"alg": "RS256", "kid": "one"}, claims, self.signs_with)
        return {"access_token": secrets.token_urlsafe(8), "token_type": "Bearer", "expires_in": 600, "id_token": signed}


def _text(digest: bytes) -> str:
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def _handler(provider: Provider) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            at = urlsplit(self.path)
            asked = {name: values[0] for name, values in parse_qs(at.query).items()}
            provider.paths.append(at.path)
            if at.path == "/.well-known/openid-configuration":
                self._send(provider.about())
            elif at.path == "/keys":
                self._send({"keys": [provider.key.as_dict(private=False)]})
            elif at.path == "/authorize" and asked.get("client_id") == CLIENT:
                self._page(f"<h1>Who are you?</h1><a href='{escape(provider.give(asked))}'>I am Ada</a>")
            elif at.path == "/end":
                back = asked.get("post_logout_redirect_uri", "")
                self._page(f"<h1>You are logged out</h1><a href='{escape(back)}'>Back</a>")
            else:
                self._send({"error": "not_found"}, 404)

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            form = {name: values[0] for name, values in parse_qs(raw).items()}
            said = self.headers.get("Authorization", "")
            right = base64.b64encode(f"{CLIENT}:{SECRET.replace(' ', '+')}".encode()).decode()
            plain = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
            provider.paths.append(self.path)
            if said not in (f"Basic {right}", f"Basic {plain}") and form.get("client_secret") != SECRET:
                self._send({"error": "invalid_client"}, 401)
                return
            try:
                self._send(provider.token(form))
            except (KeyError, ValueError) as error:
                self._send({"error": "invalid_grant", "error_description": str(error)}, 400)

        def _send(self, content: dict[str, Any], status: int = 200) -> None:
            self._bytes(json.dumps(content).encode(), "application/json", status)

        def _page(self, html: str) -> None:
            self._bytes(f"<!doctype html><title>Provider</title>{html}".encode(), "text/html; charset=utf-8")

        def _bytes(self, content: bytes, kind: str, status: int = 200) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args: Any) -> None:
            """Say nothing."""

    return Handler


@contextmanager
def provider() -> Iterator[Provider]:
    """Let a provider answer on a port of this computer."""
    made = Provider()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(made))
    made.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
