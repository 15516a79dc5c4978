"""New plugins: their names, how they are written, and that each is a valid package with a valid template."""

from __future__ import annotations

import ast
import importlib.util
import json
import os
import re
import shutil
import stat
import subprocess
import sys
import tomllib
from pathlib import Path
from zipfile import ZipFile

import pytest

from kerascnn.errors import ResourceError, UsageError
from kerascnn.spec import skeletons
from kerascnn.spec.kinds import KINDS
from kerascnn.spec.plugins import Plugin
from kerascnn.spec.skeletons import check_name, package_files, skeleton_kinds, version_bounds, write_plugin

ROOT = Path(skeletons.__file__).parent.parent.parent
CHECKED = """
import json, sys
from kerascnn.testing.plugin import check_plugin
rows = [one.as_dict() for name in sys.argv[1:] for one in check_plugin(name)]
print(json.dumps(rows))
"""
LISTED = """
import json
from kerascnn.spec.plugins_brought import listed
parts = {row.plugin.name: [f"{part.kind} {part.name}" for part in row.parts] for row in listed()}
print(json.dumps({row.plugin.name: [row.reason, *parts[row.plugin.name]] for row in listed()}))
"""


def write_all(into: Path, name: str = "my_{}") -> list[Path]:
    """Write a plugin of each kind."""
    return [write_plugin(name.format(kind), kind, into) for kind in skeleton_kinds()]


def test_there_is_a_skeleton_of_each_kind_and_of_a_rule() -> None:
    assert skeleton_kinds() == sorted([*(kind for kind in KINDS if "." not in kind), "rule"])


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("My", "use lower-case letters, digits and _"),
        ("my-layers", "such as 'my_layers'"),
        ("", "cannot be the name"),
        ("1st", "a letter first"),
        ("_mine", "a letter first"),
        ("mine_", "no _ last"),
        ("mine\n", "cannot be the name"),
        ("é", "cannot be the name"),
        ("../mine", "cannot be the name"),
        ("a" * 41, "at most 40 characters"),
        ("class", "a word of Python's own"),
        ("match", "a word of Python's own"),
        ("random", "a word of Python's own"),
        ("keras", "means something else"),
        ("layer", "means something else"),
        ("rule", "means something else"),
        ("null", "means something else"),
        ("kerascnn", "means something else"),
    ],
)
def test_a_name_that_cannot_be_is_refused(tmp_path: Path, name: str, said: str) -> None:
    with pytest.raises(UsageError, match=re.escape(said)):
        write_plugin(name, "layer", tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["a", "my_layers", "x2", "a" * 40])
def test_a_name_that_specs_can_say_is_taken(name: str) -> None:
    check_name(name)


def test_the_name_of_a_plugin_that_is_there_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    there = Plugin("acme", "acme_layers", "acme-layers", "1.2")
    monkeypatch.setattr(skeletons, "installed", lambda: {"acme": there})
    with pytest.raises(UsageError, match=re.escape("there is a plugin 'acme' (acme-layers 1.2) already")):
        check_name("acme")
    (tmp_path / "kerascnn_other").mkdir()
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(UsageError, match="a package kerascnn_other is there already"):
        check_name("other")


def test_an_unknown_kind_is_refused_with_the_nearest() -> None:
    with pytest.raises(UsageError, match="no kind of plugin is named 'layers'; did you mean 'layer'"):
        package_files("mine", "layers")
    with pytest.raises(UsageError, match="there are augmentation, backbone"):
        package_files("mine", "common")


@pytest.mark.parametrize("there", ["file", "folder", "link"])
def test_what_is_there_is_left_as_it_is(tmp_path: Path, there: str) -> None:
    place = tmp_path / "kerascnn-mine"
    {
        "file": lambda: place.write_text("mine", "utf-8"),
        "folder": place.mkdir,
        "link": lambda: place.symlink_to(tmp_path / "nowhere"),
    }[there]()
    with pytest.raises(UsageError, match="is there already and is left as it is"):
        write_plugin("mine", "layer", tmp_path)
    assert [path.name for path in tmp_path.rglob("*")] == ["kerascnn-mine"]


def test_the_folder_is_made_and_what_is_none_is_refused(tmp_path: Path) -> None:
    assert write_plugin("mine", "rule", tmp_path / "one" / "two") == tmp_path / "one" / "two" / "kerascnn-mine"
    (tmp_path / "file").write_text("", "utf-8")
    with pytest.raises(UsageError, match="file is no folder"):
        write_plugin("mine", "rule", tmp_path / "file")


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
@pytest.mark.parametrize("step", ["write_text", "rename"])
def test_nothing_is_left_of_what_cannot_be_written_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException, step: str
) -> None:
    done = getattr(Path, step)

    def fails(path: Path, *arguments: str) -> None:
        if step == "rename" or path.name == "README.md":
            raise error
        done(path, *arguments)

    monkeypatch.setattr(Path, step, fails)
    with pytest.raises((ResourceError, KeyboardInterrupt)) as raised:
        write_plugin("mine", "layer", tmp_path)
    assert list(tmp_path.iterdir()) == []
    if isinstance(error, OSError):
        assert "kerascnn-mine cannot be written: No space left on device" in str(raised.value)


def test_a_folder_that_appears_meanwhile_is_left_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done = Path.write_text

    def and_another_is_faster(path: Path, *arguments: str) -> None:
        (tmp_path / "kerascnn-mine").mkdir(exist_ok=True)
        done(path, *arguments)

    monkeypatch.setattr(Path, "write_text", and_another_is_faster)
    with pytest.raises(UsageError, match="is left as it is"):
        write_plugin("mine", "layer", tmp_path)
    assert [path.name for path in tmp_path.rglob("*")] == ["kerascnn-mine"]


def test_others_may_read_what_is_written(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        folder = write_plugin("mine", "layer", tmp_path)
    finally:
        os.umask(before)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o755


def test_it_is_for_the_versions_before_the_next_minor_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kerascnn.__version__", "1.9.3.dev4")
    assert version_bounds() == ">=1.9,<1.10"


@pytest.mark.parametrize("kind", skeleton_kinds())
def test_the_files_are_those_of_a_package(kind: str) -> None:
    files = package_files("mine", kind)
    project = tomllib.loads(files["pyproject.toml"])
    assert project["project"]["name"] == "kerascnn-mine"
    assert project["project"]["dependencies"] == [f"kerascnn{version_bounds()}"]
    assert project["project"]["entry-points"] == {"kerascnn.plugins": {"mine": "kerascnn_mine"}}
    assert project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"] == ["kerascnn_mine"]
    assert {path for path in files if path.endswith(".py")} == {"kerascnn_mine/__init__.py", "tests/test_mine.py"}
    assert "kerascnn_mine/templates/image_classification/mine.yaml" in files
    for path, text in files.items():
        assert "$" not in text, path
        assert text.endswith("\n")
        assert not text.endswith("\n\n")
        if path.endswith(".py"):
            ast.parse(text)


def test_each_plugin_works_and_its_template_is_valid_without_advice(tmp_path: Path) -> None:
    folders = write_all(tmp_path)
    paths = []
    for kind, folder in zip(skeleton_kinds(), folders, strict=True):
        info = folder / f"kerascnn_my_{kind}-0.1.0.dist-info"
        info.mkdir()
        project = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))["project"]
        needed = "".join(f"Requires-Dist: {one}\n" for one in project["dependencies"])
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: 0.1.0\n{needed}", "utf-8"
        )
        [(name, module)] = project["entry-points"]["kerascnn.plugins"].items()
        (info / "entry_points.txt").write_text(f"[kerascnn.plugins]\n{name} = {module}\n", "utf-8")
        paths.append(str(folder))
    around = {**os.environ, "PYTHONPATH": os.pathsep.join([*paths, str(ROOT)])}
    done = subprocess.run([sys.executable, "-c", LISTED], env=around, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    wanted = {}
    for kind in skeleton_kinds():
        name, skeleton = f"my_{kind}", skeletons.find_skeleton(kind)
        wanted[name] = ["", f"{kind} {name}.{skeleton.component}", f"template {name}.{name}"]
    found = {name: parts for name, parts in json.loads(done.stdout).items() if name in wanted}
    assert found == wanted
    templates = [str(file) for folder in folders for file in folder.glob("*/templates/*/*.yaml")]
    command = [sys.executable, "-m", "kerascnn", "validate", *templates]
    done = subprocess.run(command, env=around, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count(": valid (") == len(folders)


@pytest.mark.skipif(importlib.util.find_spec("ruff") is None, reason="ruff is not installed")
@pytest.mark.parametrize("name", ["{0[0]}{0[1]}{0[3]}", "my_{}", "{:z<40}"])
def test_ruff_finds_nothing_in_them(tmp_path: Path, name: str) -> None:
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    write_all(tmp_path / "plugins", name)
    for command in (["check"], ["format", "--check"]):
        ruff = [sys.executable, "-m", "ruff", *command, "--no-cache", str(tmp_path)]
        done = subprocess.run(ruff, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_each_plugin_passes_its_own_tests_where_it_is_installed(tmp_path: Path) -> None:
    folders = write_all(tmp_path / "new")
    site = tmp_path / "site"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    pip += ["--no-build-isolation", "--target", str(site), *map(str, folders)]
    subprocess.run(pip, check=True, capture_output=True)
    around = {**os.environ, "PYTHONPATH": os.pathsep.join([str(site), str(ROOT)])}
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "--rootdir",
        str(tmp_path),
        "-W",
        "error",
    ]
    command += ["-W", "ignore:__array__ implementation:DeprecationWarning", *(str(one / "tests") for one in folders)]
    done = subprocess.run(command, cwd=tmp_path, env=around, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-5000:]
    passed = re.search(r"(\d+) passed in ", done.stdout)
    assert passed, done.stdout[-500:]
    assert int(passed[1]) >= 4 * len(folders)


@pytest.mark.slow
def test_each_plugin_passes_the_conformance_kit_as_it_is_written(tmp_path: Path) -> None:
    write_all(tmp_path / "new")
    files = sorted((tmp_path / "new").glob("*/kerascnn_*/__init__.py"))
    for file in files:
        shutil.copy(file, tmp_path / f"{file.parent.name.removeprefix('kerascnn_')}.py")
    names = sorted(file.stem for file in tmp_path.glob("my_*.py"))
    assert names == [f"my_{kind}" for kind in skeleton_kinds()]
    around = {**os.environ, "KERASCNN_PLUGIN_FILES": os.pathsep.join(str(tmp_path / f"{name}.py") for name in names)}
    command = [sys.executable, "-c", CHECKED, *names]
    done = subprocess.run(command, cwd=ROOT, env=around, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    rows = json.loads(done.stdout.splitlines()[-1])
    assert [(row["name"], row["check"], row["reason"]) for row in rows if row["state"] != "passed"] == []
    worked = {row["name"].partition(" ")[0] for row in rows if row["check"] == "work"}
    assert worked == set(skeleton_kinds())


@pytest.mark.slow
def test_the_texts_are_in_the_wheel(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    [wheel] = tmp_path.glob("*.whl")
    with ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if name.startswith("kerascnn/skeletons/")}
    assert packed == {file.relative_to(ROOT).as_posix() for file in ROOT.glob("kerascnn/skeletons/*/*.txt")}
