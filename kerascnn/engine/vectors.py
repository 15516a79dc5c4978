"""Pretrained vectors of words: read from word2vec's and GloVe's files or a run, and put into a network's embedding."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from kerascnn.engine.build import Built
from kerascnn.engine.data import Dataset
from kerascnn.engine.weight_files import numbers_of, opened
from kerascnn.errors import DataError, UsageError
from kerascnn.runs.folder import RunFolder
from kerascnn.spec import Spec

FIELD = "model.preprocess.embedding.path"
_SPECIAL = 2
"""The padding and the unknown token, which stand first in a vocabulary."""
_LONGEST_LINE = 1 << 20
_LONGEST_WORD = 1 << 12
_CHUNK = 1 << 20
_PACKED = {b"\x1f\x8b": "gzip", b"PK": "zip", b"BZ": "bzip2", b"\xfd7": "xz", b"7z": "7z"}


@dataclass(frozen=True)
class Vectors:
    """The vectors of a vocabulary."""

    table: np.ndarray
    """float32 `(tokens, size)`: zeros for the padding, numbers of chance for tokens that the file does not have."""
    found: int
    """Tokens that the file has, of those after the padding and the unknown token."""

    @property
    def wanted(self) -> int:
        """Tokens that were looked for."""
        return len(self.table) - _SPECIAL


def begin_with_vectors(spec: Spec, data: Dataset, built: Built) -> str | None:
    """Give the embedding of a network the vectors that the spec names; return in a sentence what was found.

    None where it names none. For the beginning of a training: one that goes on has its vectors in the checkpoint, and
    a saved model has them inside. Raises DataError.
    """
    how = spec.model.preprocess.embedding
    if how.path is None:
        return None
    path, vocabulary = Path(how.path).expanduser(), data.elements.form.vocabulary
    read = vectors_of_run if path.is_dir() else read_vectors
    vectors = read(path, vocabulary, how.size, seed=spec.train.seed)
    for name in ("embedding", "embedding_static") if how.train == "two_channel" else ("embedding",):
        built.model.get_layer(name).set_weights([vectors.table])
    share = 100 * vectors.found / vectors.wanted
    return (
        f"vectors of {how.path}: {vectors.found} of {vectors.wanted} tokens of the vocabulary found ({share:.1f} %); "
        "the others begin with numbers of chance of the same variance"
    )


def read_vectors(file: Path, vocabulary: Sequence[str], size: int, *, seed: int = 0) -> Vectors:
    """Return the vectors of a vocabulary, whose first two tokens are the padding and the unknown one.

    A file that ends in `.bin` is word2vec's binary form; any other is text with a token and its numbers on each line,
    with (word2vec, fastText) or without (GloVe) a first line of how many there are. Tokens are compared to the letter;
    of one that stands there twice the first counts. Nothing is kept of a file but the rows that are wanted. Raises
    DataError where it cannot be read, is of another size, or has no token of the vocabulary.
    """
    wanted = {token.encode("utf-8", "surrogateescape"): i for i, token in enumerate(vocabulary) if i >= _SPECIAL}
    table = np.zeros((len(vocabulary), size), "float32")
    there = np.zeros(len(vocabulary), bool)
    try:
        with file.open("rb") as stream:
            _check_packed(stream, file)
            rows = _binary if file.suffix.lower() == ".bin" else _text
            for number, row in rows(stream, file, size, wanted):
                if not there[number]:
                    table[number], there[number] = row, True
    except OSError as error:
        raise DataError(f"{FIELD}: {file} cannot be read: {error.strerror or error}") from error
    return _whole(file, vocabulary, table, there, seed)


def vectors_of_run(folder: Path, vocabulary: Sequence[str], size: int, *, seed: int = 0) -> Vectors:
    """Return the vectors that a run on texts learnt, for the tokens of a vocabulary; its own may be another.

    Raises DataError where it is no such run, kept no model, or has vectors of another size.
    """
    run, own = RunFolder(folder), _vocabulary_of(folder)
    file = run.path / "model.keras"
    if not file.is_file():
        raise DataError(f"{FIELD}: the run in {folder} kept no model; its state is '{run.state.state}'")
    with opened(file, FIELD) as found:
        learnt = numbers_of(found, "embedding")
    if learnt is None or learnt.ndim != 2 or len(learnt) != len(own):
        raise DataError(f"{FIELD}: the model in {folder} has no vectors for the {len(own)} tokens of its vocabulary")
    _check_size(folder, learnt.shape[1], size)
    rows = {token: i for i, token in enumerate(own)}
    table = np.zeros((len(vocabulary), size), "float32")
    there = np.array([i >= _SPECIAL and token in rows for i, token in enumerate(vocabulary)], bool)
    table[there] = learnt[[rows[token] for token, known in zip(vocabulary, there, strict=True) if known]]
    return _whole(folder, vocabulary, table, there, seed)


def _vocabulary_of(folder: Path) -> list[str]:
    if not (folder / "RUN.json").is_file():
        raise DataError(f"{FIELD}: {folder} is no folder of a run; name one, or a file of vectors")
    try:
        own = RunFolder(folder).read("input.json").get("vocabulary")
    except (UsageError, AttributeError) as error:
        raise DataError(f"{FIELD}: {error}") from None
    if not own:
        raise DataError(f"{FIELD}: the run in {folder} did not learn from texts; it has no vocabulary")
    return [str(token) for token in own]


def _whole(file: Path, vocabulary: Sequence[str], table: np.ndarray, there: np.ndarray, seed: int) -> Vectors:
    """Return the vectors with numbers of chance for the tokens that are not there. Raises DataError where none is."""
    if not there.any():
        known = ", ".join(f"'{token}'" for token in vocabulary[_SPECIAL : _SPECIAL + 3])
        raise DataError(
            f"{FIELD}: {file} has none of the {len(vocabulary) - _SPECIAL} tokens of the vocabulary ({known}, ...); is "
            "it of this language, and of the same data.text.tokens and data.text.lower?"
        )
    # Even numbers of the variance that the others have, as Kim 2014 (arXiv:1408.5882) draws them.
    missing = np.flatnonzero(~there)[1:]
    limit = float(np.sqrt(3 * table[there].var(dtype="float64")))
    table[missing] = np.random.default_rng((seed, 0)).uniform(-limit, limit, (len(missing), table.shape[1]))
    return Vectors(table, int(there.sum()))


def _check_packed(stream: BinaryIO, file: Path) -> None:
    head = stream.read(2)
    stream.seek(0)
    if not head:
        raise DataError(f"{FIELD}: {file} is empty")
    if head in _PACKED:
        raise DataError(f"{FIELD}: {file} is compressed ({_PACKED[head]}); unpack it first")


# Text: a token and its numbers on each line.


def _text(stream: BinaryIO, file: Path, size: int, wanted: Mapping[bytes, int]) -> Iterator[tuple[int, np.ndarray]]:
    """Yield the number of each wanted token and its vector."""
    announced, seen = None, 0
    for line_number, line in _lines(stream, file):
        if line_number == 1:
            announced = _header(line)
            _check_size(file, announced[1] if announced else line.count(b" "), size)
            if announced:
                continue
        gaps = line.count(b" ")
        if gaps < size:
            raise DataError(f"{file}:{line_number}: has {gaps} numbers behind its token; {size} are wanted")
        seen += 1
        # A few tokens of GloVe's have spaces in them.
        word = line.split(b" ", 1)[0] if gaps == size else line.rsplit(b" ", size)[0]
        number = wanted.get(word)
        if number is not None:
            yield number, _numbers(line.rsplit(b" ", size)[1:], f"{file}:{line_number}")
    if announced and seen != announced[0]:
        raise DataError(f"{FIELD}: {file} announces {announced[0]} vectors on its first line and has {seen}")


def _lines(stream: BinaryIO, file: Path) -> Iterable[tuple[int, bytes]]:
    number = 0
    while line := stream.readline(_LONGEST_LINE):
        number += 1
        if len(line) == _LONGEST_LINE:
            hint = "" if file.suffix else "; is it word2vec's binary form? Such a file should end in .bin"
            raise DataError(f"{file}:{number}: is longer than {_LONGEST_LINE} bytes; it is no list of vectors{hint}")
        # word2vec ends its lines with a space.
        line = line.rstrip(b"\r\n").rstrip(b" ").replace(b"\t", b" ")
        if line:
            yield number, line


def _header(line: bytes) -> tuple[int, int] | None:
    """Return how many vectors of how many numbers a first line announces, None where it is a vector itself."""
    fields = line.split()
    if len(fields) == 2 and all(field.isdigit() and len(field) < 12 for field in fields):
        return int(fields[0]), int(fields[1])
    return None


def _numbers(fields: Sequence[bytes], where: str) -> np.ndarray:
    try:
        row = np.array([float(field) for field in fields], "float32")
    except ValueError as error:
        raise DataError(f"{where}: {error}; numbers should stand behind the token") from None
    if not np.isfinite(row).all():
        raise DataError(f"{where}: has a number that is infinite or NaN")
    return row


# word2vec's binary form: a line of how many there are, then each token, a space and its numbers.


def _binary(stream: BinaryIO, file: Path, size: int, wanted: Mapping[bytes, int]) -> Iterator[tuple[int, np.ndarray]]:
    """Yield the number of each wanted token and its vector."""
    header = _header(stream.readline(64))
    if header is None:
        raise DataError(
            f"{FIELD}: {file} does not begin with the number of vectors and their size, as word2vec's .bin files do; "
            "of fastText take the .vec file, and let a file of text not end in .bin"
        )
    count, dimensions = header
    _check_size(file, dimensions, size)
    length = 4 * size
    least = count * (length + 2)
    there = os.fstat(stream.fileno()).st_size - stream.tell()
    if there < least:
        raise DataError(
            f"{FIELD}: {file} announces {count} vectors of {size} numbers, which are {least} bytes at the least, and "
            f"has {there}: it is cut off, or of another form"
        )
    buffer, at = b"", 0
    for number in range(1, count + 1):
        if len(buffer) - at < length + _LONGEST_WORD:
            buffer, at = buffer[at:] + stream.read(_CHUNK), 0
        end = buffer.find(b" ", at, at + _LONGEST_WORD)
        if end < 0 or len(buffer) < end + 1 + length:
            why = "is cut off" if len(buffer) - at < _LONGEST_WORD or end >= 0 else "has no end of its token"
            raise DataError(f"{file}: vector {number} of {count} {why}")
        found = wanted.get(buffer[at:end].lstrip(b"\n"))
        if found is not None:
            row = np.frombuffer(buffer, "<f4", size, end + 1)
            if not np.isfinite(row).all():
                raise DataError(f"{file}: vector {number} of {count} has a number that is infinite or NaN")
            yield found, row
        at = end + 1 + length
    rest = len(buffer[at:].strip(b"\n")) + os.fstat(stream.fileno()).st_size - stream.tell()
    if rest:
        raise DataError(f"{FIELD}: {file} has {rest} bytes behind the last of its {count} vectors")


def _check_size(file: Path, found: int, wanted: int) -> None:
    if found != wanted:
        raise DataError(
            f"{FIELD}: {file} holds vectors of {found} numbers; model.preprocess.embedding.size is {wanted}"
        )
