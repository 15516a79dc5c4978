"""Plugins that are installed, broken, for another version, or files; each looked at in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

LAYER = '''
from kerascnn.spec import Layer, register

@register("twice")
class Twice(Layer):
    """Double the numbers."""

    def apply(self, x):
        return x + x
'''
PARTS = """
import json
from kerascnn.spec.component import components
from kerascnn.spec.kinds import KINDS
from kerascnn.spec.plugins import broken, load_all
from kerascnn.spec.lint_rule import RULES
load_all()
found = {"layers": [n for n in components("layer") if "." in n], "broken": broken()}
found |= {"kinds": [n for n in KINDS if "." in n], "rules": [n for n in RULES if "." in n]}
"""


def install(site: Path, name: str, code: str, *, requires: str = "", distribution: str = "") -> None:
    """Lay an installed plugin into a folder for `sys.path`."""
    distribution = distribution or f"acme-{name}"
    module = distribution.replace("-", "_")
    (site / f"{module}.py").write_text(code, "utf-8")
    info = site / f"{module}-1.2.dist-info"
    info.mkdir()
    needed = f"Requires-Dist: {requires}\n" if requires else ""
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.2\n{needed}", "utf-8")
    (info / "entry_points.txt").write_text(f"[kerascnn.plugins]\n{name} = {module}\n", "utf-8")


def told(site: Path, code: str = "", *, first: str = "", files: str = "") -> dict[str, Any]:
    """Return what a process finds that has the folder on its path."""
    program = f"{first}\n{PARTS}\n{code}\nprint(json.dumps(found))"
    around = {**os.environ, "PYTHONPATH": os.pathsep.join([str(site), os.getcwd()]), "KERASCNN_PLUGIN_FILES": files}
    done = subprocess.run([sys.executable, "-c", program], env=around, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("bounds", ["kerascnn", "kerascnn>=0.1,<9", "kerascnn!=0.0.1; python_version>'3'", "numpy<1"])
def test_a_plugin_for_this_version_works(tmp_path: Path, bounds: str) -> None:
    install(tmp_path, "acme", LAYER, requires=bounds)
    assert told(tmp_path) == {"layers": ["acme.twice"], "broken": {}, "kinds": [], "rules": []}


def test_a_plugin_for_another_version_is_set_aside_before_it_is_imported(tmp_path: Path) -> None:
    install(tmp_path, "acme", "raise SystemExit('imported')", requires="kerascnn>=7,<8")
    reason = told(tmp_path)["broken"]["acme"]
    assert reason.startswith("it is for kerascnn ")
    assert ">=7" in reason
    assert "imported" not in reason


def test_of_a_plugin_that_fails_halfway_nothing_is_left(tmp_path: Path) -> None:
    rule = "\nfrom kerascnn.spec import rule\n@rule('house')\ndef house(spec, known):\n    yield\n"
    kind = (
        "\nfrom kerascnn.spec import Component, register_kind\n@register_kind\nclass Part(Component):\n    kind = 'a'\n"
    )
    install(tmp_path, "acme", LAYER + rule + kind + "\nboom = 1 / 0\n")
    found = told(tmp_path)
    assert (found["layers"], found["rules"], found["kinds"]) == ([], [], [])
    line = (LAYER + rule + kind).count("\n") + 2
    assert found["broken"]["acme"].startswith("ZeroDivisionError: division by zero (")
    assert found["broken"]["acme"].endswith(f"acme_acme.py:{line})")


def test_a_heavy_import_at_the_top_is_found(tmp_path: Path) -> None:
    install(tmp_path, "acme", "import numpy\n" + LAYER)
    found = told(tmp_path)
    assert found["layers"] == []
    assert "imports numpy" in found["broken"]["acme"]
    assert told(tmp_path, first="import numpy")["layers"] == ["acme.twice"]


def test_two_distributions_of_one_name_are_both_named(tmp_path: Path) -> None:
    install(tmp_path, "acme", LAYER, distribution="first")
    install(tmp_path, "acme", LAYER, distribution="second")
    reason = told(tmp_path)["broken"]["acme"]
    assert "first" in reason
    assert "second" in reason


def test_a_name_that_no_spec_can_say_is_refused(tmp_path: Path) -> None:
    install(tmp_path, "my-layers", LAYER, distribution="mine")
    assert "use letters, digits and _" in told(tmp_path)["broken"]["my-layers"]


def test_it_does_not_matter_who_imports_a_plugin_first(tmp_path: Path) -> None:
    install(tmp_path, "acme", LAYER)
    install(tmp_path, "other", "import acme_acme\n" + LAYER.replace("twice", "thrice"))
    assert told(tmp_path, first="import acme_acme")["layers"] == ["acme.twice", "other.thrice"]
    assert told(tmp_path, first="import acme_other")["layers"] == ["acme.twice", "other.thrice"]


def test_a_core_file_that_a_plugin_imports_first_keeps_its_name(tmp_path: Path) -> None:
    install(tmp_path, "acme", "import kerascnn.layers.cbam\n" + LAYER)
    assert told(tmp_path)["layers"] == ["acme.twice"]


def test_a_plugin_may_bring_a_kind_and_rules_of_its_own(tmp_path: Path) -> None:
    code = """
from kerascnn.spec import Component, Layer, OneOf, register, register_kind, rule

@register_kind
class Readout(Component):
    "How it is read out."
    kind = "readout"

@register("mean")
class Mean(Readout):
    "By the mean."

@register("read")
class Read(Layer):
    "Read."
    by: OneOf[Readout] = Mean()
    "How."
    def apply(self, x):
        return x

@rule("house")
def house(spec, known):
    yield ("train",), "Our house asks for more."
"""
    install(tmp_path, "acme", code)
    schema = "from kerascnn.spec.schema import json_schema; d = json_schema()['$defs']; found['defs'] = sorted(d)"
    found = told(tmp_path, schema)
    assert (found["kinds"], found["rules"], found["layers"]) == (["acme.readout"], ["acme.house"], ["acme.read"])
    assert {"acme.readout", "acme.readout.acme.mean", "layer.acme.read"} <= set(found["defs"])
    parsed = """
from kerascnn.spec.component import parse_component
found["read"] = parse_component(KINDS["layer"], {"type": "acme.read", "by": {"type": "acme.mean"}}).spell()
"""
    assert told(tmp_path, parsed)["read"] == {"type": "acme.read", "by": {"type": "acme.mean"}}


def test_a_component_without_a_schema_sets_its_plugin_aside_and_leaves_the_schema_of_the_others(tmp_path: Path) -> None:
    bad = """
    @classmethod
    def model_json_schema(cls, *arguments, **more):
        raise RuntimeError("no schema")
"""
    install(tmp_path, "acme", LAYER + bad)
    install(tmp_path, "good", LAYER)
    code = "from kerascnn.spec.schema import json_schema; found['defs'] = list(json_schema()['$defs'])"
    found = told(tmp_path, f"{code}; found['broken'] = broken()")
    assert [name for name in found["defs"] if "twice" in name] == ["layer.good.twice"]
    assert "no JSON Schema can be made of its layer 'acme.twice': RuntimeError: no schema" in found["broken"]["acme"]


def test_a_file_is_a_plugin_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(LAYER, "utf-8")
    versions = (
        "from kerascnn.spec.plugins import versions; found['versions'] = versions({'a': [{'type': 'mine.twice'}]})"
    )
    found = told(tmp_path / "nothing", versions, files=str(tmp_path / "mine.py"))
    assert found["layers"] == ["mine.twice"]
    assert found["versions"]["mine"].startswith("sha256 ")


def test_a_spec_can_name_no_module_no_file_and_nothing_that_is_not_installed(tmp_path: Path) -> None:
    install(tmp_path, "acme", LAYER)
    (tmp_path / "lying_about.py").write_text(LAYER, "utf-8")  # importable, and no plugin
    names = ["lying_about", "lying_about.twice", "lying_about.py", str(tmp_path / "lying_about.py")]
    names += [
        "../lying_about.py",
        "acme_acme.twice",
        "os.system",
        "kerascnn.layers.cbam",
        "cbam.Cbam",
        "acme.twice.twice",
        "acme.",
        ".",
        "",
    ]
    code = f"""
import sys
from kerascnn.errors import SpecError
from kerascnn.spec import load_spec, spec_from_dict
from kerascnn.templates_list import find_template
spelled = load_spec(find_template("layers_attention")).spell()
before = set(sys.modules)
found["refused"] = []
for name in {names!r}:
    spelled["model"]["backbone"]["layers"][0] = {{"type": name}}
    try:
        spec_from_dict(spelled)
    except SpecError as error:
        found["refused"].append(name)
found["loaded"] = sorted(module for module in set(sys.modules) - before if not module.startswith("kerascnn."))
spelled["model"]["backbone"]["layers"][0] = {{"type": "acme.twice"}}
found["good"] = spec_from_dict(spelled).model.backbone.layers[0].type_name
"""
    found = told(tmp_path, code)
    assert found["refused"] == names
    assert "lying_about" not in found["loaded"]
    assert found["loaded"] == []
    assert found["good"] == "acme.twice"


def test_a_rule_that_fails_is_said_and_stops_nothing(tmp_path: Path) -> None:
    code = "\nfrom kerascnn.spec import rule\n@rule('house')\ndef house(spec, known):\n    yield ('x',), spec.nothing\n"
    install(tmp_path, "acme", code)
    lint = """
from kerascnn.spec import load_spec
from kerascnn.spec.lint import lint
from kerascnn.templates_list import find_template
spec = load_spec(find_template("lenet5"))
found["said"] = [advice.message for advice in lint(spec) if advice.id == "acme.house"]
found["ignored"] = len(lint(spec.model_copy(update={"lint": spec.lint.model_copy(update={"ignore": ["acme.house"]})})))
"""
    found = told(tmp_path, lint)
    assert len(found["said"]) == 1
    assert "AttributeError" in found["said"][0]
    assert found["ignored"] == 0
