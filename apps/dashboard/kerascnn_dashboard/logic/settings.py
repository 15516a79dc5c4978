"""Words for the page Settings: the login, the computer, and what `kerascnn doctor` found."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from kerascnn.errors import UsageError

LOGIN = "KERASCNN_LOGIN"


def login_words(user: str) -> str:
    """Return who may come in, and who is in."""
    login = os.environ.get(LOGIN, "none")
    if login == "none":
        return (
            "There is no login: whoever reaches this address may do everything. By itself the server is reached from "
            "this computer alone."
        )
    how = (
        "by OpenID Connect"
        if login == "oidc"
        else f"by the proxy in front, which names people in the header {login.partition(':')[2]}"
    )
    return f"People log in {how}. You are {user or 'not named'}."


def machine_words() -> str:
    """Return what the computer has, as far as that is known without loading TensorFlow."""
    import psutil

    cores = os.cpu_count() or 1
    memory = psutil.virtual_memory()
    words = [f"{cores} processor core{'s' if cores != 1 else ''}"]
    words.append(f"{memory.total / 2**30:.0f} GB of memory, of which {memory.available / 2**30:.1f} GB are free")
    return f"{', '.join(words)}. Which devices train stands in what is found below."


def doctor_rows(found: Any) -> list[dict[str, str]]:
    """Return the findings of `kerascnn doctor --json` as rows, what is wrong first. Raises UsageError."""
    rows = sorted(_findings(found), key=lambda one: one["ok"])
    return [
        {"State": "in order" if one["ok"] else "wrong", "What": str(one["name"]), "Found": str(one["text"])}
        for one in rows
    ]


def doctor_text(found: Any) -> str:
    """Return the findings as a text to be copied."""
    return "\n".join(f"{'ok  ' if one['ok'] else 'FAIL'}  {one['name']}: {one['text']}" for one in _findings(found))


def _findings(found: Any) -> Sequence[Any]:
    rows = found.get("findings", found.get("result")) if isinstance(found, dict) else found
    if not isinstance(rows, list) or not all(
        isinstance(one, dict) and {"name", "ok", "text"} <= set(one) for one in rows
    ):
        raise UsageError("what `kerascnn doctor --json` printed is not what was expected")
    return rows
