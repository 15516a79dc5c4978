"""Texts as strings into a graph of TensorFlow: cut and numbered there as `TextForm` does in Python."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from kerascnn.errors import ExportError

_FIRST = 2
"""The number of the first token: 0 pads, 1 is what is not in the vocabulary."""
# What `\w` and `\s` of Python's `re` mean, for RE2, where both know ASCII alone.
_WORD = r"[\p{L}\p{N}_]"
_SPACE = r"\t\n\v\f\r\x1c-\x1f\x{85}\p{Z}"
_TOKEN = rf"({_WORD}+(?:['’]{_WORD}+)*|[^\p{{L}}\p{{N}}_{_SPACE}])"


def numbering(form: Mapping[str, Any]) -> tuple[Callable[[Any], Any], Any]:
    """Return a function from texts `(n,)` in UTF-8 to int32 `(n, length)`, and the table that it looks tokens up in.

    `form` is the `TextForm` of a run as JSON. Whoever saves the function has to keep the table.
    """
    import numpy as np
    import tensorflow as tf

    # Of another type than `object`, arrays of bytes lose the NULs at their ends.
    keys = np.array([_key(token, form["tokens"]) for token in form["vocabulary"]], dtype=object)
    entries = tf.lookup.KeyValueTensorInitializer(keys, np.arange(len(keys)), tf.string, tf.int32)
    table = tf.lookup.StaticHashTable(entries, default_value=1)

    def number(texts: Any) -> Any:
        if form["lower"]:
            texts = _lower(texts)
        found = tf.ragged.map_flat_values(table.lookup, _cut(texts, form["tokens"]))
        return found.to_tensor(default_value=0, shape=(None, form["length"]))

    return number, table


def check(number: Callable[[Any], Any], form: Mapping[str, Any]) -> None:
    """Raise ExportError where a token of the vocabulary, as a text of its own, does not get its own number."""
    import numpy as np

    keys = [_key(token, form["tokens"]) for token in form["vocabulary"]][_FIRST:]
    found = number(np.array(keys, dtype=object)).numpy()[:, 0] if keys else np.zeros(0)
    strange = [form["vocabulary"][_FIRST + i] for i in np.flatnonzero(found != np.arange(_FIRST, _FIRST + len(keys)))]
    if strange:
        raise ExportError(
            f"TensorFlow reads {len(strange)} of the {len(keys)} tokens otherwise than the training did, such as "
            f"{strange[0]!r}"
        )


def _key(token: str, tokens: str) -> bytes:
    return bytes.fromhex(token) if tokens == "byte" and len(token) == 2 else token.encode("utf-8")


def _lower(texts: Any) -> Any:
    """Return texts in small letters. TensorFlow stops at a NUL, for which a code point that no text has steps in."""
    import tensorflow as tf

    texts = tf.strings.regex_replace(texts, r"\x00", "\U0010ffff")
    return tf.strings.regex_replace(tf.strings.lower(texts, encoding="utf-8"), r"\x{10ffff}", "\x00")


def _cut(texts: Any, tokens: str) -> Any:
    """Return the tokens of texts as ragged strings."""
    import tensorflow as tf

    if tokens == "byte":
        return tf.strings.bytes_split(texts)
    if tokens == "character":
        return tf.strings.unicode_split(texts, "UTF-8")
    # A space behind each token, and one for whatever is between them; no token holds white space.
    texts = tf.strings.regex_replace(texts, _TOKEN, r"\1 ")
    return tf.strings.split(tf.strings.regex_replace(texts, f"[{_SPACE}]", " "))
