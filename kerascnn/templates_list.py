"""The templates: specs that are documentation and tests at once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from kerascnn.errors import UsageError
from kerascnn.spec import plugins
from kerascnn.spec.section import nearest


@dataclass(frozen=True)
class Template:
    """One spec to copy."""

    name: str
    task: str
    about: str
    """The first line of its header."""
    path: Path


def list_templates() -> list[Template]:
    """Return the templates by task and name; those of a plugin carry its name, and lie in its package's `templates`."""
    here = Path(__file__).parent
    # In an installed package they lie inside it; in a checkout, beside it.
    root = next((folder for folder in (here / "templates", here.parent / "templates") if folder.is_dir()), None)
    if root is None:
        raise UsageError("this installation has no templates; install kerascnn again")
    found = _templates(root)
    for plugin in plugins.installed().values():
        if folder := plugins.folder_of(plugin):
            found += _templates(folder / "templates", f"{plugin.name}.")
    return found


def _templates(root: Path, prefix: str = "") -> list[Template]:
    found = []
    for path in sorted(root.glob("*/*.yaml")):
        first = path.read_text("utf-8").split("\n", 1)[0].lstrip("# ").strip()
        found.append(Template(prefix + path.stem, path.parent.name, first, path))
    return found


def find_template(name: str) -> Path:
    """Return the file of a template by its name or `task/name`. Raises UsageError with the nearest name."""
    found = list_templates()
    for template in found:
        if name in (template.name, f"{template.task}/{template.name}"):
            return template.path
    near = nearest(name, [template.name for template in found])
    hint = f"; did you mean '{near}'?" if near else f"; there are {', '.join(t.name for t in found)}"
    raise UsageError(f"no template is named '{name}'{hint}")
