"""Projects, runs and answers as the commands would have written them."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

from PIL import Image

from kerascnn.runs.atomic import write_json
from kerascnn.runs.state import write_state

LABELS = ["cat", "dog"]


def picture_folder(root: Path, each: int = 3) -> Path:
    """Draw pictures of two classes, each a folder."""
    for number, label in enumerate(LABELS):
        (root / label).mkdir(parents=True)
        for i in range(each):
            Image.new("RGB", (40, 30), (80 * number, 20 * i, 200)).save(root / label / f"{i}.png")
    return root


def picture_project(home, *, each: int = 3, title: str = "Animals"):
    """Make a project whose first version is a folder of pictures of its own."""
    project = home.create(title, "image_classification")
    root = picture_folder(project.folder / "data" / "files", each)
    project.add_version(
        {"source": {"type": "image_folder", "path": str(root)}}, "archive", "pictures", facts={"samples": 2 * each}
    )
    return project


def finished_run(project, name: str = "first", *, medium: str = "image", number: int = 0, target: str = "") -> Path:
    """Write what a run that is done leaves, as far as pages read it."""
    folder = project.runs / f"20260101-00000{number}-abcdef"
    folder.mkdir()
    task = target or f"{medium}_classification"
    write_json(folder / "RUN.json", {"format": 1, "run": folder.name, "created": 1e9 + number, "name": name})
    write_json(folder / "input.json", {"medium": medium, "shape": [30, 40, 3]})
    write_json(folder / "labels.json", LABELS)
    write_json(folder / "spec.resolved.json", {"task": {"type": task}, "data": {}})
    write_state(folder, "new")
    (folder / "model.keras").write_bytes(b"model")
    return folder


class FakePredictors:
    """Answers as `kerascnn predict --listen` does, at once or when it is told to."""

    def __init__(self) -> None:
        self.asked: list[tuple[Path, list[str]]] = []
        self.go = threading.Event()
        self.go.set()
        self.entered = threading.Event()
        self.reason = ""
        self.ready = "ready"
        self.draws = False

    def state(self, run: Path) -> str:
        """Say whether the model is loaded."""
        return self.ready

    def ask(self, run: Path, paths: list[str], overlays: str = "") -> dict[str, Any]:
        """Answer cat for all but what is called bad, and unsure for what is called odd."""
        from kerascnn.errors import UsageError

        self.entered.set()
        self.go.wait(10)
        self.asked.append((run, list(paths)))
        if self.reason:
            raise UsageError(self.reason)
        said, bad = [], []
        for path in paths:
            if "bad" in Path(path).name:
                bad.append({"path": path, "reason": "is not a picture of a known format"})
                continue
            odd = "odd" in Path(path).name
            if self.draws:
                Image.new("RGB", (8, 8)).save(Path(overlays) / f"{len(said)}.png")
            said.append({
                "path": path, "label": "dog" if odd else "cat", "confidence": 0.55 if odd else 0.9,
                "probabilities": {"cat": 0.45 if odd else 0.9, "dog": 0.55 if odd else 0.1}, "values": {}, "boxes": [],
                "unsure": odd, "set": ["dog", "cat"] if odd else ["cat"],
            })  # fmt: skip
        return {"predictions": said, "errors": bad}


def checked(job, output: Any, code: int) -> None:
    """Write into the folder of a job what `kerascnn data check` would have left there."""
    (job.folder / "output.json").write_text(json.dumps(output) if output is not None else "", "utf-8")
    write_json(job.folder / "state.json", {"pid": 1, "process_started": 1.0, "exit_code": code, "stopped": False})


def check_output(*findings: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return what `kerascnn data check --json` prints of six pictures."""
    return {
        "samples": 6, "quarantined": 0, "shape": [30, 40, 3], "sizes": {"train": 4, "validation": 1, "test": 1},
        "elements": {"height": [30.0] * 3, "width": [40.0] * 3, "aspect_ratio": [1.33] * 3, "formats": {"PNG": 6}},
        "counts": {"train": {"cat": 2, "dog": 2}, "validation": {"cat": 1, "dog": 0}, "test": {"cat": 0, "dog": 1}},
        "fingerprint": "f", "notes": [], "findings": list(findings), **more,
    }  # fmt: skip


UNREADABLE = {
    "id": "unreadable", "severity": "error", "message": "1 sample cannot be read", "samples": ["cat/1.png"],
}  # fmt: skip
ALIKE = {
    "id": "duplicate-label", "severity": "warning", "message": "2 samples have the same content",
    "samples": ["cat/0.png", "dog/0.png"],
}  # fmt: skip
NOTE = {"id": "mixed-sizes", "severity": "note", "message": "pictures have 2 sizes", "samples": []}
