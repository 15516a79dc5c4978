"""Which files a spec of the dashboard may name: what lies in the home folder, or in folders that Settings allows."""

from __future__ import annotations

from pathlib import Path

from kerascnn.errors import Issue, SpecError, UsageError
from kerascnn.spec import Spec
from kerascnn.spec.load import parse_spec
from kerascnn.spec.paths import paths_of
from kerascnn_dashboard.logic.home import Home
from kerascnn_dashboard.logic.project import Project

_FILE = "spec.yaml"


def own_spec(project: Project, text: str) -> Spec:
    """Return the spec of a text. Raises SpecError with its mistakes, and where it names a file that may not be read.

    Whoever writes a spec on a page could otherwise read every file that the server can. Relative paths start from the
    project's folder, as in its trainings.
    """
    spec = parse_spec(text, _FILE)
    home = Home(project.device_lock.parent)
    issues = []
    for where, section, field in paths_of(spec, spec.spell()):
        try:
            home.inside(project.folder / Path(section[field]).expanduser())
        except UsageError as error:
            issues.append(Issue(_FILE, 0, 0, where, str(error)))
    if issues:
        raise SpecError(issues)
    return spec
