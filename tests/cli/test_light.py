"""`--help`, `validate` and the like answer without keras."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from kerascnn.templates_list import find_template

HEAVY = ("keras", "tensorflow", "jax", "torch", "numpy", "pandas", "sklearn", "PIL")
PROBE = """
import json, sys
from kerascnn.cli.main import run
code = run(sys.argv[1:])
sys.stderr.write(json.dumps([code, [name for name in {heavy} if name in sys.modules]]))
"""


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["train", "--help"],
        ["validate", str(find_template("lenet5"))],
        ["validate", str(find_template("layers_residual")), "--json"],
        ["templates"],
        ["schema"],
        ["runs", "list", "--runs", "no-such-folder"],
    ],
    ids=" ".join,
)
def test_a_light_command_imports_nothing_heavy(arguments: list[str], tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROBE.format(heavy=HEAVY), *arguments],
        capture_output=True, text=True, cwd=tmp_path, check=True,
    )  # fmt: skip
    assert json.loads(done.stderr.splitlines()[-1]) == [0, []]
    assert done.stdout


def test_importing_kerascnn_imports_nothing_heavy_and_all_names_are_there() -> None:
    probe = (
        "import sys, kerascnn; assert not [n for n in ('keras', 'pydantic', 'numpy') if n in sys.modules];"
        "kerascnn.load_spec, kerascnn.train, kerascnn.Run, kerascnn.build_model;"
        f"assert not [n for n in {HEAVY} if n in sys.modules]"
    )
    subprocess.run([sys.executable, "-c", probe], check=True)


def test_the_public_names_are_these() -> None:
    import kerascnn

    for name in kerascnn.__all__:
        assert getattr(kerascnn, name).__name__ == name
    assert set(kerascnn.__all__) <= set(dir(kerascnn))
    with pytest.raises(AttributeError, match="no attribute 'trian'"):
        kerascnn.trian  # noqa: B018
