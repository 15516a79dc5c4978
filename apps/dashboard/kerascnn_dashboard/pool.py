"""Does what waits in the queue of one project: `python -m kerascnn_dashboard.pool RUNS LOCK`. One at a time a project.

A training whose process dies is not begun again by itself: the page shows that it was lost, and offers to go on.
"""

from __future__ import annotations

import fcntl
import sys
from pathlib import Path

from kerascnn.cli.main import run
from kerascnn.jobs.queue import Queue


def main(runs: Path, lock: Path) -> int:
    """Work until nothing waits; return the exit code. Ends at once where another one works on the project."""
    queue = Queue(runs)
    with (queue.folder / "pool.lock").open("ab") as file:
        code = 0
        while any(job.state == "waiting" for job in queue.jobs()):
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return code
            code = run(["worker", "--runs", str(runs), "--lock", str(lock), "--attempts", "1", "--quiet"])
            fcntl.flock(file, fcntl.LOCK_UN)
            # What came while this one was about to end saw the file held: hence the loop.
            if code not in (0, 1, 2, 3, 4, 5):
                break
    return code


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
