"""What sources of text share: from bytes to text, and what is odd about texts."""

from __future__ import annotations

import codecs
import re
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from kerascnn.errors import counted
from kerascnn.spec import Finding, Sample

MAX_BYTES = 1 << 30
"""Files that are larger are refused: their text would have to fit into memory several times."""
_UTF_16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_NO_TEXT = re.compile("[\0\ud800-\udfff]")
"""Characters that no text holds: zero bytes, and halves of characters."""
_CONTROLS = re.compile("[\x01-\x08\x0e-\x1f\x7f]")


class TextError(Exception):
    """A file cannot be read as text; the text is the reason, without the file's name."""


def _known(name: str) -> str:
    try:
        if name != "auto":
            "a".encode(name).decode(name)
    except (LookupError, ValueError):
        raise PydanticCustomError(
            "encoding", "should be auto or the name of an encoding, such as utf-8, latin-1 or cp1252"
        ) from None
    return name


Encoding = Annotated[str, Field(min_length=1, max_length=40), AfterValidator(_known)]
"""The name of an encoding that Python knows, or "auto"."""


def read_text(file: Path, encoding: str) -> tuple[str, bool]:
    """Return the text of a file, and whether it had to be taken for latin-1 for want of anything better.

    "auto" takes UTF-16 where the file begins with its mark, else UTF-8, else latin-1. Raises TextError.
    """
    data = _read_file(file)
    guessed = False
    try:
        if encoding != "auto":
            text = data.decode(encoding)
        elif data.startswith(_UTF_16_MARKS):
            encoding = "utf-16"
            text = data.decode("utf-16")
        else:
            try:
                text = data.decode("utf-8")
            except UnicodeDecodeError:
                text, guessed = data.decode("latin-1"), True
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise TextError(f"is not {encoding} (line {line}); name its encoding in data.source.encoding") from None
    except ValueError:
        raise TextError(f"is not {encoding}; name its encoding in data.source.encoding") from None
    text = text.removeprefix("\ufeff")
    reason = no_text(text)
    if reason:
        raise TextError(reason)
    return text, guessed


def no_text(text: str) -> str:
    """Return why characters are no text, or an empty text where they are one."""
    found = _NO_TEXT.search(text)
    if found:
        line = text.count("\n", 0, found.start()) + 1
        what = "zero bytes" if found[0] == "\0" else "halves of characters"
        hint = "; text in UTF-16 without its mark needs data.source.encoding" if found[0] == "\0" else ""
        return f"holds {what} (line {line}), which no text does{hint}"
    controls = len(_CONTROLS.findall(text))
    if controls > 2 + len(text) // 100:
        return f"holds {controls} control characters in {len(text)}; it seems to be no text"
    return ""


def text_findings(samples: Sequence[Sample], guessed: Sequence[str]) -> list[Finding]:
    """Return what is odd about texts; `guessed` are the files that were taken for latin-1."""
    findings = []
    if guessed:
        findings.append(
            Finding(
                "text-encoding",
                "note",
                f"{counted(len(guessed), 'file is', 'files are')} not UTF-8 and taken for latin-1; if letters look "
                "wrong, name the encoding in data.source.encoding",
                tuple(guessed),
            )
        )
    empty = tuple(sample.id for sample in samples if not sample.payload.strip())
    if empty:
        findings.append(
            Finding(
                "empty-text",
                "warning",
                f"{counted(len(empty), 'text is', 'texts are')} empty: nothing can be learned from them",
                empty,
            )
        )
    return findings


def _read_file(file: Path) -> bytes:
    try:
        info = file.stat()
        if not stat.S_ISREG(info.st_mode):
            raise TextError("is not a regular file")
        if info.st_size > MAX_BYTES:
            raise TextError(f"is larger than {MAX_BYTES} bytes")
        return file.read_bytes()
    except (OSError, ValueError) as error:
        raise TextError(f"cannot be read: {getattr(error, 'strerror', None) or error}") from None
