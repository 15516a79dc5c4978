"""Read YAML 1.2 (core schema) with the place of every value.

PyYAML's parser gives the events; its constructor, which follows YAML 1.1, is not used: there `1e-3` is a
text, `no` is a truth value and the last of two equal keys wins. Anchors, aliases, tags, merge keys and
several documents are refused.
"""

from __future__ import annotations

import re
from typing import Any, NoReturn

import yaml

from kerascnn.spec.tree import LINE_BREAK, Tree, TreeBuilder, clip, read_number

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INT = re.compile(r"[-+]?[0-9]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_BASED = re.compile(r"0x[0-9a-fA-F]+|0o[0-7]+")
_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
}
# Control characters, halves of characters, and line breaks that YAML 1.2 dropped but libyaml still follows.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_TAG_DIRECTIVE = re.compile("^%TAG", re.MULTILINE)


def read_yaml(text: str, file: str) -> Tree:
    """Return the tree of a YAML document, with its mistakes. Raises SpecError where it cannot be read on."""
    builder = TreeBuilder(file, text)
    _refuse_characters(text, builder)
    documents = 0
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    builder.fail(*_mark(event.start_mark), "a spec is one YAML document; a second one starts here", ())
            _take(event, builder)
    except (yaml.YAMLError, ValueError, OverflowError) as error:  # the last two where PyYAML lacks libyaml
        _syntax(error, builder)
    return builder.tree


def is_text(word: str) -> bool:
    """Return whether a word without quotes reads as a text, not as a number, a truth value or nothing."""
    patterns = (_INT, _FLOAT, _NOT_FINITE, _BASED)
    return word not in _WORDS and not any(pattern.fullmatch(word) for pattern in patterns)


def _refuse_characters(text: str, builder: TreeBuilder) -> None:
    bad = _FORBIDDEN.search(text)
    if bad:
        utf16 = "; if the file is UTF-16, save it as UTF-8" if bad.group() == "\0" else ""
        message = f"the character U+{ord(bad.group()):04X} may not stand in a YAML text; remove it{utf16}"
        builder.fail(*_position(text, bad.start()), message, ())
    tag = _TAG_DIRECTIVE.search(text)
    if tag:  # thousands of them would also take libyaml quadratic time
        builder.fail(*_position(text, tag.start()), "tags are not part of a spec; remove this line", ())


def _position(text: str, offset: int) -> tuple[int, int]:
    """Return the line and column of an offset."""
    lines = LINE_BREAK.split(text[:offset])
    return len(lines), len(lines[-1]) + 1


def _take(event: Any, builder: TreeBuilder) -> None:
    if not isinstance(event, yaml.NodeEvent | yaml.CollectionEndEvent):
        return
    line, column = _mark(event.start_mark)
    if isinstance(event, yaml.CollectionEndEvent):
        builder.close()
        return
    if isinstance(event, yaml.AliasEvent):
        _alias(event, builder, line, column)
        return
    if event.anchor is not None:
        builder.remark(line, column, f"anchors are not part of a spec (got &{clip(event.anchor)}); remove it")
    tag = getattr(event, "tag", None)
    if tag is not None:
        tag = tag.replace("tag:yaml.org,2002:", "!!", 1)
        builder.remark(line, column, f"tags are not part of a spec (got {clip(tag)}); remove it")
    if isinstance(event, yaml.MappingStartEvent):
        builder.open({}, line, column)
    elif isinstance(event, yaml.SequenceStartEvent):
        builder.open([], line, column)
    elif builder.wants_key:
        _key(event, builder, line, column)
    else:
        builder.scalar(_resolve(event, builder, line, column), line, column)


def _alias(event: Any, builder: TreeBuilder, line: int, column: int) -> None:
    message = f"aliases are not part of a spec (got *{clip(event.anchor)}); write the value out"
    if builder.wants_key:
        builder.refuse_key(line, column, message)
    else:
        builder.reject(line, column, message)
        builder.scalar(None, line, column)


def _key(event: Any, builder: TreeBuilder, line: int, column: int) -> None:
    name: str = event.value
    plain = event.implicit[0]
    if plain and name == "<<":
        builder.tree.lost.add((*builder.loc(), "<<"))
        builder.refuse_key(line, column, "merge keys (<<) are not part of a spec; write the values out")
    elif plain and not is_text(name):
        message = f'a key should be text; write "{clip(name)}" in quotes if it is meant as a name'
        builder.refuse_key(line, column, message)
    else:
        builder.key(name, line, column)


def _resolve(event: Any, builder: TreeBuilder, line: int, column: int) -> Any:
    text: str = event.value
    if not event.implicit[0] or is_text(text):
        return text  # quoted, a block of text, or a word
    if text in _WORDS:
        return _WORDS[text]
    if _NOT_FINITE.fullmatch(text):
        number, mistake = None, "should be a finite number"
    elif _BASED.fullmatch(text):
        number, mistake = read_number(str(int(text[:40], 0)))
    else:
        number, mistake = read_number(text)
    if mistake:
        builder.reject(line, column, f"{mistake} (got {clip(text)})")
    return number


def _mark(mark: Any) -> tuple[int, int]:
    return mark.line + 1, mark.column + 1


def _syntax(error: Exception, builder: TreeBuilder) -> NoReturn:
    """Raise SpecError for what libyaml cannot parse, at the place where a person would look for it."""
    problem, context = str(getattr(error, "problem", None) or error), getattr(error, "context", None) or ""
    line, column = _mark(mark) if (mark := getattr(error, "problem_mark", None)) else (1, 1)
    start = _mark(mark) if (mark := getattr(error, "context_mark", None)) else (line, column)
    lines = builder.tree.lines[builder.file]
    here = lines[line - 1] if line <= len(lines) else ""
    indent = here[: len(here) - len(here.lstrip())]
    if "tab character" in problem or ("\t" in indent and column <= len(indent) + 1):
        column = indent.index("\t") + 1 if "\t" in indent else column
        builder.fail(line, column, "a tab stands where YAML wants spaces; indent with spaces", ())
    if "quoted scalar" in context and ("unexpected end of stream" in problem or "document indicator" in problem):
        builder.fail(*start, "the quote that opens here is not closed", ())
    if "flow" in context:
        _bracket(builder, start, (line, column), problem)
    if "simple key" in context and "could not find expected ':'" in problem:
        builder.fail(*start, "a key should be followed by ': ' and its value", ())
    for part, message in _SYNTAX.items():
        if part in problem:
            builder.fail(line, column, message.replace("CHARACTER", here[column - 1 : column]), ())
    said = f"{context}, {problem}" if context else problem
    builder.fail(line, column, f"is not well-formed YAML: {said}", ())


def _bracket(builder: TreeBuilder, start: tuple[int, int], at: tuple[int, int], problem: str) -> None:
    """Raise SpecError where the cause is a bracket that is not closed, or a comma that is missing."""
    lines = builder.tree.lines[builder.file]
    loc = builder.around()
    place = builder.tree.place(loc)
    opened = start if "expected ',' or" in problem or place is None else (place.line, place.column)
    bracket = lines[opened[0] - 1][opened[1] - 1 : opened[1]]
    if bracket not in ("[", "{"):
        return
    rest = [lines[at[0] - 1][at[1] - 1 :], *lines[at[0] :]] if at[0] <= len(lines) else []
    if not any(line.strip() for line in rest):
        builder.fail(*opened, f"the bracket '{bracket}' that opens here is not closed", loc)
    if "expected ',' or" in problem:
        closer = "]" if bracket == "[" else "}"
        where = f"line {opened[0]}, column {opened[1]}"
        builder.fail(*at, f"should be ',' or '{closer}' before this: the '{bracket}' of {where} is still open", ())


_SYNTAX = {
    "mapping values are not allowed": "': ' may not stand here; put a text that holds it in quotes, or check "
    "the indentation of this line and whether the line above lacks its ':'",
    "did not find expected key": "should be a key in the column of the keys above; check the indentation of "
    "this line, and the quotes and brackets before this place",
    "did not find expected '-' indicator": "should be an item of the list above, which begins with '- '; "
    "check the indentation of this line",
    "block sequence entries are not allowed": "'- ' may not stand here; begin a list on a line of its own",
    "cannot start any token": "a text may not begin with 'CHARACTER'; put it in quotes",
    "unknown escape character": "in double quotes a backslash begins an escape, and this is none; write it "
    "as '\\\\', or use single quotes",
    "expected <document start>": "the spec ends above this line; check the indentation of this line",
    "did not find expected node content": "a value should stand here",
}
"""What is said in place of libyaml's words, by a part of these."""


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
    plain = is_text(text) and text.lower() not in _OLD_WORDS and not _FORBIDDEN.search(text)
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if plain else '"')


_OLD_WORDS = frozenset({"yes", "no", "on", "off", "y", "n"})
_Dumper.add_representer(str, _write_text)
