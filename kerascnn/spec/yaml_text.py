"""Read YAML 1.2 (core schema) with the place of every value.

PyYAML's parser gives the events; its constructor, which follows YAML 1.1, is not used: there `1e-3` is a text, `no` is a
truth value and the last of two equal keys wins. Anchors, aliases, tags, merge keys and several documents are refused.
"""

from __future__ import annotations

import re
from typing import Any

import yaml

from kerascnn.spec.tree import MAX_DIGITS, Tree, TreeBuilder, whole_number

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INT = re.compile(r"[-+]?[0-9]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
}


def read_yaml(text: str, file: str) -> Tree:
    """Return the tree of one YAML document. Raises SpecError where it cannot be read on; other mistakes stand in it."""
    builder = TreeBuilder(file, text)
    documents = 0
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    _, line, column = _mark(event)
                    builder.fail(line, column, "a spec is one YAML document; a second one starts here")
            _take(event, builder)
    except yaml.YAMLError as error:
        _syntax(error, builder)
    return builder.tree


def _take(event: Any, builder: TreeBuilder) -> None:
    if not isinstance(event, yaml.NodeEvent | yaml.CollectionEndEvent):
        return
    _, line, column = _mark(event)
    if isinstance(event, yaml.CollectionEndEvent):
        builder.close()
        return
    if isinstance(event, yaml.AliasEvent):
        builder.fail(line, column, f"aliases are not part of a spec (got *{event.anchor}); write the value out")
    if event.anchor is not None:
        builder.reject(line, column, f"anchors are not part of a spec (got &{event.anchor}); remove it")
    if event.tag is not None:
        builder.reject(line, column, f"tags are not part of a spec (got {event.tag}); remove it")
    if isinstance(event, yaml.MappingStartEvent):
        builder.open({}, line, column)
    elif isinstance(event, yaml.SequenceStartEvent):
        builder.open([], line, column)
    elif builder.wants_key:
        builder.key(_resolve(event, builder, line, column), line, column)
    else:
        builder.scalar(_resolve(event, builder, line, column), line, column)


def _resolve(event: Any, builder: TreeBuilder, line: int, column: int) -> Any:
    text: str = event.value
    if not event.implicit[0]:
        return text  # quoted, or a block of text
    if text in _WORDS:
        return _WORDS[text]
    if _INT.fullmatch(text):
        number = whole_number(text)
        if number is None:
            builder.reject(line, column, f"a whole number has at most {MAX_DIGITS} digits (got {text[:40]})")
            return 0
        return number
    if text[:2] in ("0x", "0o") and re.fullmatch(r"0x[0-9a-fA-F]{1,15}|0o[0-7]{1,20}", text):
        return int(text, 0)
    if _NOT_FINITE.fullmatch(text):
        builder.reject(line, column, f"should be a finite number (got {text})")
        return 0.0
    if len(text) < 400 and _FLOAT.fullmatch(text):
        decimal = float(text)
        if decimal in (float("inf"), float("-inf")):
            builder.reject(line, column, f"is too large for a number (got {text[:40]})")
            return 0.0
        return decimal
    return text


def _mark(event: Any) -> tuple[int, int, int]:
    mark = event.start_mark
    return mark.index, mark.line + 1, mark.column + 1


def _syntax(error: yaml.YAMLError, builder: TreeBuilder) -> None:
    if isinstance(error, yaml.reader.ReaderError):
        position = error.position if isinstance(error.position, int) else 0
        before = "\n".join(builder.tree.lines.values())[:position]
        line, column = before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
        builder.fail(line, column, f"the character {error.character!r} may not stand in a YAML text; remove it")
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    problem = getattr(error, "problem", None) or str(error)
    around = builder.tree.lines.get((builder.file, line), "")
    if "\t" in around[: max(column, 1)] or "'\\t'" in problem or "tab" in problem:
        builder.fail(line, column, "a tab stands where YAML wants spaces; indent with spaces")
    context = getattr(error, "context", None)
    said = f"{context}, {problem}" if context else problem
    builder.fail(line, column, f"is not well-formed YAML: {said}{_remedy(problem)}")


def _remedy(problem: str) -> str:
    remedies = {
        "mapping values are not allowed": "; put a text that holds ': ' in quotes, or check the indentation of this line",
        "could not find expected ':'": "; a key is followed by ': ' and its value",
        "did not find expected key": "; check the indentation of this line and the brackets before it",
        "did not find expected '-' indicator": "; the items of a list stand in one column, each after '- '",
        "did not find expected ',' or": "; a bracket is not closed",
        "unexpected end of stream": "; a quote is not closed",
        "cannot start any token": "; put a text with this character in quotes",
    }
    return next((remedy for part, remedy in remedies.items() if part in problem), "")


def write_yaml(value: Any) -> str:
    """Return plain data as YAML that reads back as the same data.

    >>> write_yaml({"learning_rate": 1e-05, "word": "no"})
    'learning_rate: 1.0e-05\\nword: "no"\\n'
    """
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)


class _Dumper(yaml.SafeDumper):
    """Writes lists and mappings without anchors, and quotes each text that would read as something else."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _write_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    plain = not (text in _WORDS or _INT.fullmatch(text) or _FLOAT.fullmatch(text) or _NOT_FINITE.fullmatch(text))
    style = None if plain and not text.startswith(("0x", "0o")) and text.lower() not in _OLD_WORDS else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_OLD_WORDS = frozenset({"yes", "no", "on", "off", "y", "n"})
_Dumper.add_representer(str, _write_text)
