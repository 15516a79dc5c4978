import pytest

from kerascnn.errors import DataError, UsageError
from kerascnn.runs.failures import failures
from kerascnn_dashboard.logic.cleaning import (
    ConflictError,
    Judgement,
    changes,
    choices_of,
    fixes_of,
    judge,
    judged_in,
    judgements_in,
    save,
    say_changes,
)
from tests.dashboard.made_evaluation import LABELS, PLANTED, evaluated, shapes_project, shapes_run


@pytest.fixture
def project(home):
    return shapes_project(home)


@pytest.fixture
def candidates(project):
    run = shapes_run(project)
    evaluated(run)
    return failures(run, "validation")["label_errors"]


def test_the_planted_labels_are_found_and_their_right_class_is_offered_first(candidates):
    assert {row["id"]: choices_of(row, LABELS)[0] for row in candidates} == PLANTED
    assert choices_of(candidates[0], LABELS)[1:] == [
        label for label in LABELS if label not in (candidates[0]["label"], candidates[0]["suggested"])
    ]


def test_what_is_not_chosen_is_kept(candidates):
    chosen = {"circle/03.png": "cross"}
    found = {one.id: one for one in judge(candidates, chosen, LABELS, "ann")}
    assert (found["circle/03.png"].action, found["circle/03.png"].label) == ("relabel", "cross")
    assert (found["square/07.png"].action, found["square/07.png"].by) == ("keep", "ann")
    assert changes(list(found.values())) == 1
    assert say_changes(list(found.values())) == "1 label changed, 0 left out, 1 kept as they are"


def test_a_class_that_no_form_offers_is_refused(candidates):
    with pytest.raises(UsageError, match="'dog' is no class"):
        judge(candidates, {"circle/03.png": "dog"}, LABELS)


def test_samples_of_several_classes_are_offered_the_suggested_ones_alone():
    row = {"id": "a", "label": ["x"], "suggested": ["x", "y"], "class": "y"}
    assert choices_of(row, ["x", "y", "z"]) == ["x;y"]
    assert judge([row], {"a": "x;y"}, ["x", "y", "z"])[0].label == "x;y"


def test_saving_writes_a_version_whose_fixes_a_training_takes(project, candidates):
    made = save(project, judge(candidates, dict(PLANTED), LABELS, "ann"), after="v1", by="ann")
    assert (made.name, made.way, made.by) == ("v2", "cleaning", "ann")
    assert made.about == "v1 with 2 labels changed, 0 left out, 0 kept as they are"
    assert made.data["source"] == project.version("v1").data["source"]

    from kerascnn.engine.fixes import Fixes
    from kerascnn.spec import spec_from_dict

    tree = shapes_run(project, 2, fixes=made.data["fixes"]).read("spec.resolved.json")
    spec = spec_from_dict(tree)
    scan = spec.data.source.scan()
    labels = {sample.id: sample.label for sample in Fixes(spec, scan).apply(scan.samples)}
    assert {name: labels[name] for name in PLANTED} == PLANTED


def test_earlier_judgements_go_into_the_new_file_and_the_last_word_counts(project, candidates):
    save(project, [Judgement("circle/03.png", "leave_out"), Judgement("cross/01.png", "keep")], after="v1")
    made = save(project, [Judgement("circle/03.png", "relabel", "cross")], after="v2")
    assert [(one.id, one.action, one.label) for one in fixes_of(project, made)] == [
        ("circle/03.png", "relabel", "cross"),
        ("cross/01.png", "keep", ""),
    ]
    assert judged_in(project, made) == {"circle/03.png", "cross/01.png"}
    assert judged_in(project, None) == set()


def test_nothing_changed_is_nothing_to_save(project, candidates):
    with pytest.raises(UsageError, match="nothing to save"):
        save(project, judge(candidates, {}, LABELS), after="v1")
    assert len(project.versions()) == 1


def test_a_newer_version_is_a_conflict_that_holds_both(project):
    save(project, [Judgement("circle/03.png", "leave_out", by="ben")], after="v1", by="ben")
    mine = [Judgement("circle/03.png", "relabel", "cross")]
    with pytest.raises(ConflictError, match="ben made v2") as caught:
        save(project, mine, after="v1")
    assert [one.say() for one in caught.value.theirs] == ["leave out (ben)"]
    assert caught.value.mine == tuple(mine)
    assert len(list((project.folder / "data").glob("fixes-*"))) == 1


def test_mine_can_be_put_on_top_of_theirs(project):
    save(project, [Judgement("circle/03.png", "leave_out"), Judgement("cross/01.png", "leave_out")], after="v1")
    made = save(project, [Judgement("circle/03.png", "relabel", "cross")], after="v1", on_top=True)
    assert made.name == "v3"
    assert {one.id: one.action for one in fixes_of(project, made)} == {
        "circle/03.png": "relabel",
        "cross/01.png": "leave_out",
    }


def test_judgements_do_not_go_on_top_of_other_data(project):
    project.add_version({"source": {"type": "digits"}}, "demo", "others", after="v1")
    with pytest.raises(UsageError, match="from elsewhere"):
        save(project, [Judgement("circle/03.png", "leave_out")], after="v1", on_top=True)


def test_one_who_is_faster_in_the_last_moment_is_a_conflict_and_leaves_no_file(project, monkeypatch):
    def faster(*args, **options):
        monkeypatch.undo()
        project.add_version({**project.version().data}, "folder", "theirs")
        raise UsageError("somebody made v2")

    monkeypatch.setattr(type(project), "add_version", faster)
    with pytest.raises(ConflictError):
        save(project, [Judgement("circle/03.png", "leave_out")], after="v1")
    assert list((project.folder / "data").glob("fixes-*")) == []


def test_a_yaml_file_of_fixes_is_read_too(tmp_path):
    file = tmp_path / "fixes.yaml"
    file.write_text("- {id: a.png, action: relabel, label: cat}\n- {id: b.png, action: keep}\n")
    assert judgements_in(file) == [Judgement("a.png", "relabel", "cat"), Judgement("b.png", "keep")]


@pytest.mark.parametrize("text", ["", "name,label\na,b\n"])
def test_a_file_that_holds_no_fixes_is_named(tmp_path, text):
    file = tmp_path / "fixes.csv"
    file.write_text(text)
    with pytest.raises(DataError, match=r"fixes\.csv"):
        judgements_in(file)


def test_a_name_with_commas_and_quotes_survives(project, tmp_path):
    odd = 'circle/a, "b";c.png'
    made = save(project, [Judgement(odd, "leave_out", why="blurred, dark")], after="v1")
    assert fixes_of(project, made)[0] == Judgement(odd, "leave_out", why="blurred, dark")
