"""New plugins: complete packages with one working component, which `kerascnn plugins new` writes.

Their texts lie in `kerascnn/skeletons`, a folder for each kind and one, `common`, for what all have; what stands behind
`$` in them is filled in. `about.txt` says the component's name and, in a line, what the package is for.
"""

from __future__ import annotations

import importlib.util
import keyword
import re
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template

from kerascnn.errors import ResourceError, UsageError
from kerascnn.spec.kinds import KINDS
from kerascnn.spec.plugins import HEAVY, installed
from kerascnn.spec.section import nearest

_FOLDER = Path(__file__).parent.parent / "skeletons"
_COMMON = "common"
_NAME = re.compile(r"[a-z](?:[a-z0-9_]*[a-z0-9])?")
_LONGEST = 40
_YAML_WORDS = ("true", "false", "yes", "no", "on", "off", "null", "none")
_OWN_WORDS = ("kerascnn", "kind", "rule", "template")


@dataclass(frozen=True)
class Skeleton:
    """What one kind of plugin is made of."""

    kind: str
    component: str
    """The name of its component, without the plugin's before it."""
    about: str
    """What it is for, in a line."""
    task: str
    """The folder that its template lies in."""


def skeleton_kinds() -> list[str]:
    """Return the kinds of plugin that can be written, sorted by name."""
    return sorted(folder.name for folder in _FOLDER.iterdir() if folder.is_dir() and folder.name != _COMMON)


def find_skeleton(kind: str) -> Skeleton:
    """Return the skeleton of a kind. Raises UsageError with the nearest one."""
    kinds = skeleton_kinds()
    if kind not in kinds:
        near = nearest(kind, kinds)
        hint = f"did you mean '{near}'?" if near else f"there are {', '.join(kinds)}"
        raise UsageError(f"no kind of plugin is named '{kind}'; {hint}")
    component, about = _text(kind, "about").splitlines()
    [template] = (_FOLDER / kind).glob("template.*.txt")
    return Skeleton(kind, component, about, template.name.split(".")[1])


def check_name(name: str) -> None:
    """Look whether a new plugin can have this name. Raises UsageError."""
    if not _NAME.fullmatch(name) or len(name) > _LONGEST:
        raise UsageError(
            f"'{name}' cannot be the name of a plugin; use lower-case letters, digits and _, a letter first and no _ "
            f"last, at most {_LONGEST} characters, such as 'my_layers'"
        )
    if keyword.iskeyword(name) or keyword.issoftkeyword(name) or name in sys.stdlib_module_names:
        raise UsageError(f"'{name}' is a word of Python's own; choose another name for the plugin")
    if name in (*HEAVY, *KINDS, *_YAML_WORDS, *_OWN_WORDS):
        raise UsageError(f"'{name}' means something else already; choose another name for the plugin")
    if name in installed():
        raise UsageError(f"there is a plugin {installed()[name]} already; choose another name")
    if importlib.util.find_spec(_package(name)) is not None:
        raise UsageError(f"a package {_package(name)} is there already; choose another name for the plugin")


def package_files(name: str, kind: str) -> dict[str, str]:
    """Return the files of a new plugin by their paths in its folder. Raises UsageError."""
    skeleton, package = find_skeleton(kind), _package(name)
    words = {
        "name": name,
        "package": package,
        "distribution": distribution(name),
        "bounds": version_bounds(),
        "about": skeleton.about,
    }
    words["usage"] = _filled(_text(kind, "usage"), words).rstrip()
    texts = {
        "pyproject.toml": _text(_COMMON, "pyproject"),
        "README.md": _text(_COMMON, "readme"),
        f"{package}/__init__.py": _text(kind, "component"),
        f"{package}/templates/{skeleton.task}/{name}.yaml": _text(kind, f"template.{skeleton.task}"),
        f"tests/test_{name}.py": _text(kind, "test"),
    }
    return {path: _filled(text, words) for path, text in texts.items()}


def write_plugin(name: str, kind: str, into: Path) -> Path:
    """Write a new plugin into a folder, which is made where it is not there, and return the plugin's own folder.

    It is there whole or not at all, and nothing is written into one that is there. Raises UsageError for a name or a
    place that is taken, ResourceError where nothing can be written.
    """
    check_name(name)
    files, target = package_files(name, kind), into / distribution(name)
    _must_be_free(target)
    if into.exists() and not into.is_dir():
        raise UsageError(f"{into} is no folder; name one with --into")
    try:
        into.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{target.name}-", dir=into) as aside:
            # A folder within: the one that is made for us can be opened by nobody else.
            whole = Path(aside) / target.name
            for path, text in files.items():
                (whole / path).parent.mkdir(parents=True, exist_ok=True)
                (whole / path).write_text(text, "utf-8")
            _must_be_free(target)
            whole.rename(target)
    except OSError as error:
        raise ResourceError(f"{target} cannot be written: {error.strerror or error}") from error
    return target


def distribution(name: str) -> str:
    """Return the name of a plugin's distribution, which is that of its folder, too."""
    return f"kerascnn-{name}"


def version_bounds() -> str:
    """Return the versions of kerascnn that a plugin written now is for: those before the next minor one."""
    from kerascnn import __version__

    major, minor = (int(part) for part in __version__.split(".")[:2])
    return f">={major}.{minor},<{major}.{minor + 1}"


def _package(name: str) -> str:
    return f"kerascnn_{name}"


def _must_be_free(target: Path) -> None:
    # A link that leads nowhere is there, too.
    if target.exists() or target.is_symlink():
        raise UsageError(
            f"{target} is there already and is left as it is; choose another name, or a folder with --into"
        )


def _text(folder: str, name: str) -> str:
    return (_FOLDER / folder / f"{name}.txt").read_text("utf-8")


def _filled(text: str, words: Mapping[str, str]) -> str:
    return Template(text).substitute(words)
