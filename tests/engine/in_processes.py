"""One of the processes that train together in test_distribute.py: `python -m tests.engine.in_processes FOLDER HOW`.

HOW is `whole`, `stopped` (the last process is asked to stop), or a run to resume. It prints the run and its state.
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


def work(folder, how):
    keeper._COST = 0
    index = os.environ.get("KERAS_DISTRIBUTION_PROCESS_ID", "0")
    head = {"type": "classifier", "hidden": [6], "dropout": 0.4}
    spec = make_spec(
        folder / "pictures", head=head, augment=[{"type": "random_flip"}], seed=3, batch_size=8, stages=STAGES
    )
    asked = 75 if how == "stopped" and index == "1" else None
    try:
        if how in ("whole", "stopped"):
            run = train(spec, folder / "runs", stop=lambda: asked)
        else:
            run = resume(RunFolder(how))
    except StoppedError:
        print(json.dumps({"state": "stopped"}))
        return
    print(json.dumps({"state": run.state.state, "path": str(run.path), "figures": run.metrics()}))


if __name__ == "__main__":
    work(Path(sys.argv[1]), sys.argv[2])
