"""To validate a spec imports nothing heavy."""

from __future__ import annotations

import json
import subprocess
import sys

from tests.spec.texts import TEMPLATE

HEAVY = ("keras", "tensorflow", "jax", "torch", "numpy", "pandas", "sklearn", "scipy", "PIL", "streamlit")


def python(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run code in a Python of its own."""
    return subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, timeout=60)


def test_a_template_is_validated_without_heavy_modules() -> None:
    code = (
        "import json, sys\n"
        "from kerascnn import load_spec\n"
        "spec = load_spec(sys.argv[1])\n"
        "print(json.dumps([spec.name, sorted(set(sys.argv[2:]) & set(sys.modules))]))\n"
    )
    done = python(code, str(TEMPLATE), *HEAVY)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == ["lenet5-digits", []]


def test_a_broken_spec_is_refused_without_heavy_modules() -> None:
    code = (
        "import json, sys\n"
        "from kerascnn.errors import SpecError\n"
        "from kerascnn.spec import components, kinds, spec_from_dict\n"
        "try:\n"
        "    spec_from_dict({'task': {'type': 'x'}, 'augment': [{'type': 'x'}]})\n"
        "except SpecError as error:\n"
        "    refused = len(error.issues)\n"
        "count = sum(len(components(kind)) for kind in kinds.KINDS)\n"
        "print(json.dumps([refused > 3, count > 20, sorted(set(sys.argv[1:]) & set(sys.modules))]))\n"
    )
    done = python(code, *HEAVY)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [True, True, []]
