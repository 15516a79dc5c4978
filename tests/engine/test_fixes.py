"""Judgements on single samples, laid over a source."""

import csv

import pytest

from kerascnn.engine.data import anchor, load_data, scan_info, write_split
from kerascnn.engine.fixes import Fixes, judged_in, write_fixes
from kerascnn.engine.held import HeldSplit
from kerascnn.errors import DataError, UsageError
from kerascnn.runs.failures import failures
from kerascnn.spec import Sample, Scan, spec_from_dict
from tests.engine.made import make_folder, make_spec
from tests.runs.made import make_run, spec_tree


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    return make_folder(tmp_path_factory.mktemp("data") / "pictures", {"dark": 12, "light": 12}, seed=3)


def load(pictures, fixes=None, **data):
    return load_data(make_spec(pictures, data={"fixes": None if fixes is None else str(fixes), **data}), keep=False)


def write(path, *lines, head="id,action,label,by,why"):
    path.write_text("\n".join([head, *lines]) + "\n", "utf-8")
    return path


def lines_of(data):
    return {line["id"]: line for line in data.manifest}


@pytest.fixture(scope="module")
def plain(pictures):
    return load(pictures)


@pytest.fixture(scope="module")
def names(plain):
    """The samples in the order of the manifest; the first 12 are dark."""
    found = [line["id"] for line in plain.manifest]
    assert [name.split("/")[0] for name in found] == ["dark"] * 12 + ["light"] * 12
    return found


def test_the_new_version_has_the_right_labels_and_lacks_what_is_left_out(pictures, plain, names, tmp_path):
    file = write(
        tmp_path / "fixes.csv",
        f"{names[0]},relabel,light,ann,a lamp",
        f"{names[1]},leave_out,,ann,",
        f"{names[2]},keep,light,bob,",
    )
    data = load(pictures, file)
    lines, before = lines_of(data), lines_of(plain)
    assert lines[names[0]]["label"] == "light"
    assert names[1] not in lines
    assert lines[names[2]]["label"] == "dark"
    assert len(lines) == len(before) - 1
    assert data.fingerprint != plain.fingerprint
    assert sum(data.info.counts[split]["light"] for split in data.sizes) == 13
    assert "data.fixes: 1 sample relabelled, 1 left out, 1 kept as they are" in data.notes
    assert data.samples[0].origin == f"{file}:2"


def test_no_other_sample_moves_to_another_split(pictures, plain, names, tmp_path):
    before = lines_of(plain)
    moved = [f"{name},{'relabel' if i % 2 else 'leave_out'},light,," for i, name in enumerate(names[:6])]
    after = lines_of(load(pictures, write(tmp_path / "fixes.csv", *moved)))
    assert {name: line["split"] for name, line in after.items()} == {name: before[name]["split"] for name in after}


def test_only_kept_samples_leave_the_version_as_it_is(pictures, plain, names, tmp_path):
    data = load(pictures, write(tmp_path / "fixes.csv", f"{names[0]},keep,,,"))
    assert data.fingerprint == plain.fingerprint


def test_yaml_says_the_same(pictures, names, tmp_path):
    table = write(tmp_path / "fixes.csv", f"{names[0]},relabel,light,ann,", f"{names[1]},leave_out,,,")
    text = f"- {{id: {names[0]}, action: relabel, label: light, by: ann}}\n- id: {names[1]}\n  action: leave_out\n"
    (tmp_path / "fixes.yaml").write_text(text)
    assert load(pictures, tmp_path / "fixes.yaml").fingerprint == load(pictures, table).fingerprint


def test_every_line_that_is_wrong_is_named(pictures, names, tmp_path):
    file = write(
        tmp_path / "fixes.csv",
        f"{names[0]}x,keep,,,",
        f"{names[1]},relabel,lihgt,,",
        f"{names[2]},relabel,,,",
        f"{names[3]},keep,,,",
    )
    with pytest.raises(DataError) as caught:
        load(pictures, file)
    assert str(caught.value).splitlines()[0] == "3 lines of data.fixes cannot be used"
    assert caught.value.files == (
        (f"{file}:2", f"names {names[0]}x, which is no sample of the source; did you mean {names[0]}?"),
        (f"{file}:3", "has the label 'lihgt', which is no class; did you mean 'light'?"),
        (f"{file}:4", "has no label (there are: dark, light)"),
    )


def test_a_sample_stands_there_once_and_an_action_is_known(pictures, names, tmp_path):
    file = write(tmp_path / "fixes.csv", f"{names[0]},keep,,,", f"{names[1]},leaveout,,,", f"{names[0]},relabel,dark,,")
    with pytest.raises(DataError) as caught:
        load(pictures, file)
    assert caught.value.files == (
        (f"{file}:3", "has the action 'leaveout'; did you mean leave_out?"),
        (f"{file}:4", f"names {names[0]} a second time; the first is on line 2"),
    )


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("a.csv", "", "a.csv:1: lacks id and action; there are id, action, label, by, why"),
        ("a.csv", "id,acton\n", "a.csv:1: nothing is named 'acton'; did you mean 'action'"),
        ("a.csv", "id,action,id\n", "a.csv:1: 'id' stands here twice"),
        ("a.csv", "id,action\nx\n", r"a.csv:2: has 1 value; the header names 2 columns"),
        ("a.yaml", "a: 1\n", r"a.yaml:1: should be a list of \{id"),
        ("a.yaml", "- {id: a}\n", "a.yaml:1: lacks action"),
        ("a.yaml", "- x\n", "a.yaml:1: is no mapping of id, action and label"),
        ("a.yaml", "- {id: a, action: keep}\n- {id: 7, action: keep}\n", "a.yaml:2: has id: 7, which is no text; put"),
        ("a.yaml", "- {id: a\n", "a.yaml:"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_list_of_judgements_says_where(pictures, tmp_path, name, text, reason):
    (tmp_path / name).write_text(text)
    with pytest.raises(DataError, match=reason):
        load(pictures, tmp_path / name)


def test_a_file_that_is_not_there_is_named(pictures, tmp_path):
    with pytest.raises(DataError, match=r"data\.fixes: there is no file .*gone\.csv"):
        load(pictures, tmp_path / "gone.csv")


def test_a_class_of_which_nothing_is_left_is_refused(pictures, names, tmp_path):
    file = write(tmp_path / "fixes.csv", *(f"{name},relabel,light,," for name in names[:12]))
    with pytest.raises(DataError, match="1 class has no sample"):
        load(pictures, file)
    with pytest.raises(DataError, match="1 class has no sample"):
        scan_info(make_spec(pictures, data={"fixes": str(file)}))


def test_a_split_file_may_name_what_is_left_out_or_not(pictures, plain, names, tmp_path):
    file = write(tmp_path / "fixes.csv", f"{names[1]},leave_out,,,", f"{names[0]},relabel,light,,")
    wanted = {name: line["split"] for name, line in lines_of(plain).items() if name != names[1]}
    write_split(tmp_path / "whole.csv", plain)
    write_split(tmp_path / "less.csv", load(pictures, file))
    for split in ("whole.csv", "less.csv"):
        data = load(pictures, file, split={"file": str(tmp_path / split)})
        assert {line["id"]: line["split"] for line in data.manifest} == wanted
        assert not [note for note in data.notes if "no list" in note]
    with pytest.raises(DataError, match=f"{names[1]}: is not in the file"):
        load(pictures, split={"file": str(tmp_path / "less.csv")})


def test_folds_stay_as_they_are(pictures, names, tmp_path):
    folds = {"split": {"folds": 3, "fold": 1}}
    before = lines_of(load(pictures, **folds))
    after = lines_of(load(pictures, write(tmp_path / "fixes.csv", f"{names[4]},leave_out,,,"), **folds))
    assert len(after) == 23
    assert {name: line["fold"] for name, line in after.items()} == {name: before[name]["fold"] for name in after}


def test_a_run_is_evaluated_with_the_right_labels(pictures, plain, tmp_path):
    tested = [line["id"] for line in plain.manifest if line["split"] == "test"]
    spec = make_spec(pictures, data={"fixes": str(write(tmp_path / "fixes.csv", f"{tested[0]},relabel,light,,"))})
    data = load_data(spec)
    held = HeldSplit(spec, data.manifest, data.elements.form, "test")
    _, truth = held.whole()
    assert held.samples[0].id == tested[0]
    assert truth.tolist()[0] == 1
    (tmp_path / "fixes.csv").write_text("id,action\n")
    with pytest.raises(DataError, match="is labelled dark now than when the run was trained"):
        HeldSplit(spec, data.manifest, data.elements.form, "test").whole()


def test_a_run_keeps_the_whole_path(pictures, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert anchor(make_spec(pictures, data={"fixes": "fixes.csv"})).data.fixes == str(tmp_path / "fixes.csv")


SCAN = Scan([Sample("a", None, target=("x",)), Sample("b", None, target=(1.0, 2.0))], ["x", "y"])


def of_target(tmp_path, line, target):
    """Return the fixes of a source with answers of some kind."""
    tree = spec_tree(data__fixes=str(write(tmp_path / "f.csv", line)))

    class Stand:
        data = spec_from_dict(tree).data.model_copy(update={"source": type("S", (), {"target": target})()})

    return Fixes(Stand, SCAN).apply(SCAN.samples)


def test_several_classes_and_numbers_are_divided_by_semicolons(tmp_path):
    assert of_target(tmp_path, "a,relabel,y; x,,", "classes")[0].target == ("y", "x")
    assert of_target(tmp_path, "a,relabel,,,", "classes")[0].target == ()
    assert of_target(tmp_path, "b,relabel,3;4.5,,", "values")[1].target == (3.0, 4.5)
    with pytest.raises(DataError, match="has the label '3'; it should be 2 numbers divided by ;"):
        of_target(tmp_path, "b,relabel,3,,", "values")
    with pytest.raises(DataError, match="whose answer is a mask; keep it, leave it out, or mend its source"):
        of_target(tmp_path, "a,relabel,x,,", "mask")


def wrong_run(root, tree=None):
    truth = [0, 0, 0, 1, 1, 1]
    answers = [[0.9, 0.1], [0.8, 0.2], [0.1, 0.9], [0.3, 0.7], [0.1, 0.9], [0.65, 0.35]]
    return make_run(root, truth, answers, ("cat", "dog"), tree=tree, ids=list("uvwxyz"))


@pytest.mark.parametrize("name", ["new.csv", "new.yaml"])
def test_the_template_lists_the_candidates_as_keep_and_can_be_read(tmp_path, name):
    run = wrong_run(tmp_path)
    assert write_fixes(tmp_path / name, failures(run)) == 2
    read = judged_in(wrong_run(tmp_path, spec_tree(data__fixes=str(tmp_path / name))))
    assert [(fix.id, fix.action, fix.label, fix.by) for fix in read] == [
        ("w", "keep", "dog", ""),
        ("z", "keep", "cat", ""),
    ]
    assert read[0].why == "labelled cat (0.10), seems to be dog (0.90)"


def test_what_was_judged_comes_first_and_is_no_candidate(tmp_path):
    old = write(tmp_path / "old.csv", 'w,keep,,ann,"sure, yes"')
    run = wrong_run(tmp_path, spec_tree(data__fixes=str(old)))
    judged = judged_in(run)
    found = failures(run, judged={fix.id for fix in judged})
    write_fixes(tmp_path / "new.csv", found, judged)
    with (tmp_path / "new.csv").open() as file:
        rows = list(csv.reader(file))
    assert rows[1] == ["w", "keep", "", "ann", "sure, yes"]
    assert [row[0] for row in rows[1:]] == ["w", "z"]


def test_judgements_are_never_overwritten(tmp_path):
    found = failures(wrong_run(tmp_path))
    (tmp_path / "a.csv").write_text("mine")
    with pytest.raises(UsageError, match=r"a\.csv is there already, and may hold judgements; name a new file"):
        write_fixes(tmp_path / "a.csv", found)
    assert (tmp_path / "a.csv").read_text() == "mine"
    with pytest.raises(UsageError, match=r"a\.txt should end in \.csv or \.yaml"):
        write_fixes(tmp_path / "a.txt", found)
    with pytest.raises(UsageError, match="there is no folder"):
        write_fixes(tmp_path / "gone" / "a.csv", found)
    with pytest.raises(UsageError, match=r"there are no candidates for .*: because"):
        write_fixes(tmp_path / "b.csv", {"label_errors": None, "notes": ["because"]})
