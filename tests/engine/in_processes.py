"""One of the processes that train together in test_distribute.py: `python -m tests.engine.in_processes FOLDER HOW`.

HOW is `whole`, `stopped` (the last process is asked to stop), `methods` (those of stages, and a batch that is chosen;
a third word is the teacher's run), or a run to resume. It prints the run and its state.
"""

import json
import os
import sys
from pathlib import Path

from kerascnn.engine import keeper
from kerascnn.engine.train import resume, train
from kerascnn.errors import StoppedError
from kerascnn.runs.folder import RunFolder
from tests.engine.made import make_spec

STAGES = [
    {"epochs": 2, "learning_rate": 0.02, "accumulate": 2, "optimizer": {"type": "adam", "ema": 0.9}},
    {"epochs": 3, "freeze": ["backbone"], "learning_rate": 0.01},
]


def with_methods(teacher):
    """Return stages with every method."""
    return [
        {"epochs": 3, "learning_rate": 0.02, "methods": [{"type": "distillation", "run": teacher}, {"type": "swa"}]},
        {"epochs": 2, "learning_rate": 0.01, "methods": [{"type": "snapshots", "cycles": 2}]},
        {"epochs": 2, "learning_rate": 0.01, "methods": [{"type": "pruning", "sparsity": 0.5}]},
    ]


def work(folder, how, teacher=""):
    keeper._COST = 0
    index = os.environ.get("KERAS_DISTRIBUTION_PROCESS_ID", "0")
    head = {"type": "classifier", "hidden": [6], "dropout": 0.4}
    more = {"batch_size": "auto", "stages": with_methods(teacher)} if teacher else {"batch_size": 8, "stages": STAGES}
    spec = make_spec(folder / "pictures", head=head, augment=[{"type": "random_flip"}], seed=3, **more)
    asked = 75 if how == "stopped" and index == "1" else None
    try:
        if how in ("whole", "stopped", "methods"):
            run = train(spec, folder / "runs", stop=lambda: asked)
        else:
            run = resume(RunFolder(how))
    except StoppedError:
        print(json.dumps({"state": "stopped"}))
        return
    found = {"state": run.state.state, "path": str(run.path), "figures": run.metrics()}
    print(json.dumps(found | {"effective": run.read("effective.json")}))


if __name__ == "__main__":
    work(Path(sys.argv[1]), *sys.argv[2:])
