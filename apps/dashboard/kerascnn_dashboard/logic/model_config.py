"""What a saved model is made of, read from its description alone: nothing of it is built or run.

A `.keras` file names classes that loading it makes. Those of Keras's layers and operations compute; others can run
code that the file brings, or read and write files. Only the former are let in, by name.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from typing import IO, Any

from kerascnn.errors import UntrustedFileError, counted, printable

MEMBERS = frozenset({"metadata.json", "config.json", "model.weights.h5"})
_MODULES = ("keras", "keras.layers", "keras.models", "keras.initializers", "keras.regularizers", "keras.constraints",
            "keras.dtype_policies", "keras.src.models.functional", "keras.src.models.sequential",
            "keras.src.models.model")  # fmt: skip
_FAMILIES = ("keras.src.ops.", "kerascnn.nn.")
_OWN = "kerascnn>"
_PLAIN = frozenset({"__keras_tensor__", "__tuple__", "__slice__", "__ellipsis__"})
"""What Keras writes for values that have no class of their own."""
_REFUSED = frozenset({
    "Lambda", "TorchModuleWrapper", "TFSMLayer", "JaxLayer", "FlaxLayer", "StringLookup", "IntegerLookup",
    "TextVectorization", "Map", "Scan", "AssociativeScan", "WhileLoop", "ForiLoop", "Cond", "Switch", "VectorizedMap",
    "CustomGradient",
})  # fmt: skip
"""Classes of Keras that run code of the file, or read other files."""
_LARGEST = 1 << 26
"""Bytes of a description."""
_RATIO = 100
_DEEPEST = 200
_NAMED = 3


def check_model(file: IO[bytes], name: str) -> None:
    """Raise UntrustedFileError where a `.keras` file is none, or names classes that are not let in."""
    try:
        with zipfile.ZipFile(file) as archive:
            _check_members(archive, name)
            config = json.loads(archive.read("config.json"))
    except (zipfile.BadZipFile, ValueError, OSError, RuntimeError, NotImplementedError, EOFError) as error:
        raise UntrustedFileError(f"{name} is refused: it is no model that Keras saved ({error})") from None
    except RecursionError:
        raise UntrustedFileError(f"{name} is refused: its description is nested too deeply") from None
    strangers = sorted(set(_strangers(config, 0, name)))
    if strangers:
        shown = ", ".join(strangers[:_NAMED]) + (", ..." if len(strangers) > _NAMED else "")
        raise UntrustedFileError(
            f"{name} is refused: it names {counted(len(strangers), 'class', 'classes')} that may run code or read "
            f"files, or that kerascnn does not know: {shown}"
        )


def _check_members(archive: zipfile.ZipFile, name: str) -> None:
    members = archive.infolist()
    names = [member.filename for member in members]
    if sorted(names) != sorted(MEMBERS):
        other = sorted(set(names) ^ MEMBERS) or ["a name twice"]
        raise UntrustedFileError(
            f"{name} is refused: a model holds {', '.join(sorted(MEMBERS))}; here it is otherwise: "
            f"{', '.join(printable(one)[:80] for one in other[:_NAMED])}"
        )
    for member in members:
        if member.flag_bits & 1:
            raise UntrustedFileError(f"{name} is refused: {member.filename} is encrypted")
        if member.file_size > _RATIO * max(member.compress_size, 1):
            raise UntrustedFileError(f"{name} is refused: {member.filename} would grow {_RATIO} times and more")
        if member.filename != "model.weights.h5" and member.file_size > _LARGEST:
            raise UntrustedFileError(f"{name} is refused: {member.filename} is larger than {_LARGEST >> 20} MiB")


def _strangers(value: Any, depth: int, name: str) -> Iterator[str]:
    """Yield the classes of a description that are not let in."""
    if depth > _DEEPEST:
        raise UntrustedFileError(f"{name} is refused: its description is nested too deeply")
    if isinstance(value, dict):
        if ("class_name" in value or "module" in value) and not _is_known(value):
            yield printable(f"{value.get('module') or '?'}.{value.get('class_name') or '?'}")[:80]
        for one in value.values():
            yield from _strangers(one, depth + 1, name)
    elif isinstance(value, list):
        for one in value:
            yield from _strangers(one, depth + 1, name)


def _is_known(spelled: dict[str, Any]) -> bool:
    cls, module, registered = (spelled.get(key) for key in ("class_name", "module", "registered_name"))
    if not isinstance(cls, str) or not isinstance(module, str | None) or not isinstance(registered, str | None):
        return False
    if module is None:
        return cls in _PLAIN and registered is None
    if cls in _REFUSED or not cls.isidentifier():
        return False
    if module.startswith(_FAMILIES[1]):
        return registered == f"{_OWN}{cls}"
    return (module in _MODULES or module.startswith(_FAMILIES[0])) and registered in (None, cls)


def check_weights(file: IO[bytes], name: str) -> None:
    """Raise UntrustedFileError where the weights of a `.keras` file lead to other files. It is for a job, with h5py."""
    import shutil
    import tempfile

    import h5py

    with zipfile.ZipFile(file) as archive, archive.open("model.weights.h5") as packed, tempfile.TemporaryFile() as copy:
        shutil.copyfileobj(packed, copy, 1 << 20)
        try:
            with h5py.File(copy, "r") as found:
                _check_group(found, name)
        except (OSError, ValueError, KeyError, RuntimeError) as error:
            raise UntrustedFileError(f"{name} is refused: its weights cannot be read ({error})") from None


def _check_group(group: Any, name: str) -> None:
    import h5py

    for key in group:
        if not isinstance(group.get(key, getlink=True), h5py.HardLink):
            raise UntrustedFileError(f"{name} is refused: {printable(f'{group.name}/{key}')[:80]} is a link")
        found = group[key]
        if isinstance(found, h5py.Group):
            _check_group(found, name)
        elif found.external or found.is_virtual:
            raise UntrustedFileError(f"{name} is refused: {printable(found.name)[:80]} stands in another file")
