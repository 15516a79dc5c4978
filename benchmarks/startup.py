"""Measure what the light commands cost: CPU time and peak memory beside `import keras`, in paired runs.

Run: python benchmarks/startup.py [--runs N]. Each round runs every command once, so that a change of the machine's
speed touches all alike; the medians and the ratios to `import keras` are printed. Targets: 0.35 s CPU and 60 MiB.

2026-11-21, Intel Xeon 2.1 GHz, 2 cores, load 0.9, Python 3.11.7, 5 rounds:

    command                CPU s    MiB  of import keras
    import keras           4.563  745.8  1.000
    import kerascnn        0.194   27.5  0.042
    kerascnn --help        0.093   16.7  0.020
    kerascnn validate      0.277   34.5  0.060
    kerascnn runs list     0.208   31.8  0.045
    kerascnn schema        0.522   39.7  0.114
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
from pathlib import Path

TEMPLATE = Path(__file__).parent.parent / "templates" / "image_classification" / "lenet5.yaml"
COMMANDS = {
    "import keras": ["-c", "import keras"],
    "python -c pass": ["-c", "pass"],
    "import kerascnn": ["-c", "import kerascnn; kerascnn.load_spec"],
    "kerascnn --help": ["-m", "kerascnn", "--help"],
    "kerascnn validate": ["-m", "kerascnn", "validate", str(TEMPLATE)],
    "kerascnn runs list": ["-m", "kerascnn", "runs", "list", "--runs", "no-such-folder"],
    "kerascnn schema": ["-m", "kerascnn", "schema"],
}


def measure(arguments: list[str]) -> tuple[float, float]:
    """Return the CPU seconds and the peak MiB of one Python process."""
    pid = os.posix_spawn(
        sys.executable,
        [sys.executable, *arguments],
        {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        file_actions=[(os.POSIX_SPAWN_OPEN, fd, os.devnull, os.O_WRONLY, 0) for fd in (1, 2)],
    )
    _, status, usage = os.wait4(pid, 0)
    if status != 0:
        raise SystemExit(f"{' '.join(arguments)} failed; run it by hand")
    scale = 1 if sys.platform == "darwin" else 1024
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss * scale / 2**20


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=7)
    rounds = parser.parse_args().runs
    figures: dict[str, list[tuple[float, float]]] = {name: [] for name in COMMANDS}
    for number in range(rounds + 1):
        for name, arguments in COMMANDS.items():
            figure = measure(arguments)
            if number:  # the first round warms the file cache and writes the bytecode
                figures[name].append(figure)
    keras_cpu = [cpu for cpu, _ in figures["import keras"]]
    print(f"{rounds} paired runs, load average {os.getloadavg()[0]:.1f}, Python {sys.version.split()[0]}")
    print(f"{'command':<20} {'CPU s':>7} {'MiB':>6}  of import keras")
    for name, found in figures.items():
        ratio = statistics.median(cpu / base for (cpu, _), base in zip(found, keras_cpu, strict=True))
        cpu = statistics.median(cpu for cpu, _ in found)
        mib = statistics.median(mib for _, mib in found)
        print(f"{name:<20} {cpu:7.3f} {mib:6.1f}  {ratio:.3f}")


if __name__ == "__main__":
    main()
