"""Tasks that judge classes which training lacks: whole ones may be held back, and no answer means something alone."""

from types import SimpleNamespace

import pytest

from kerascnn.engine.split import split_samples
from kerascnn.errors import DataError, UsageError
from kerascnn.spec import Sample, load_spec, register
from kerascnn.spec.spec import Split

SPEC = """
kerascnn: 1
name: open
task: {type: TASK}
data:
  source: {type: image_folder, path: 'PATH'}
  split: {validation: 0.25, test: 0.25, group_by: '^[^/]+'}
model:
  backbone: {type: simple_cnn}
  head: {type: classifier}
"""


def people(*counts):
    return [Sample(f"p{i}/{k}.png", None, f"p{i}") for i, count in enumerate(counts) for k in range(count)]


def parts_of(samples, whole_classes=True, **split):
    division = split_samples(
        samples, Split(**{"validation": 0.25, "test": 0.25, "group_by": "^[^/]+", **split}), 0,
        whole_classes=whole_classes,
    )  # fmt: skip
    found: dict[str, set[str]] = {}
    for sample, part in zip(samples, division.parts, strict=True):
        found.setdefault(part, set()).add(sample.label)
    return found


def test_classes_that_are_one_group_each_are_divided_whole():
    found = parts_of(people(*[5] * 8))
    assert [len(found[part]) for part in ("train", "validation", "test")] == [4, 2, 2]
    assert len(set().union(*found.values())) == 8


def test_without_a_task_for_it_a_class_does_not_leave_training():
    with pytest.raises(DataError, match="no class has enough groups"):
        parts_of(people(*[5] * 8), whole_classes=False)


def test_without_groups_classes_are_divided_as_ever():
    found = parts_of(people(*[8] * 3), group_by=None)
    assert found["train"] == found["validation"] == found["test"] == {"p0", "p1", "p2"}


def test_classes_of_several_groups_are_divided_by_these_beside_those_of_one():
    samples = people(4, 4, 4, 4) + [Sample(f"q{k}/{i}.png", None, "q") for k in range(8) for i in range(2)]
    found = parts_of(samples)
    assert all("q" in labels for labels in found.values())
    assert all(len(labels - {"q"}) >= 1 for labels in found.values())


def test_folds_take_whole_classes_and_so_does_validation_within_them():
    found = parts_of(people(*[5] * 8), test=0.0, folds=4, fold=1)
    assert [len(found[part]) for part in ("train", "validation", "test")] == [4, 2, 2]
    assert len(set().union(*found.values())) == 8


def test_data_of_such_a_task_may_lack_classes_in_training(registry, tmp_path):
    import numpy as np
    from PIL import Image

    from kerascnn.engine.data import load_data
    from kerascnn.tasks.image_classification import ImageClassification

    @register("open_classification")
    class Open(ImageClassification):
        """Classification that is judged on any classes."""

        open_set = True

    rng = np.random.default_rng(0)
    for i in range(4):
        (tmp_path / f"p{i}").mkdir()
        for k in range(3):
            Image.fromarray(rng.integers(0, 256, (8, 8)).astype("uint8")).save(tmp_path / f"p{i}" / f"{k}.png")

    def data_of(task):
        (tmp_path / "spec.yaml").write_text(SPEC.replace("TASK", task).replace("PATH", str(tmp_path)), "utf-8")
        return load_data(load_spec(tmp_path / "spec.yaml"))

    data = data_of("open_classification")
    assert sorted(data.info.counts["train"].values()) == [0, 0, 3, 3]
    with pytest.raises(DataError, match="no class has enough groups"):
        data_of("image_classification")


def test_answers_that_mean_nothing_alone_have_no_mean_over_networks():
    from kerascnn.engine.ensemble import check_alike

    task = SimpleNamespace(type_name="acme.vectors", alone=False)
    source = SimpleNamespace(target="class")
    spec = SimpleNamespace(data=SimpleNamespace(source=source))
    one = SimpleNamespace(task=task, labels=["a"], spec=spec, run=SimpleNamespace(id="1"))
    with pytest.raises(UsageError, match="those of several have no mean"):
        check_alike(one, one, "test")


def test_answers_that_mean_nothing_alone_are_not_kept_as_right_or_wrong(monkeypatch, tmp_path):
    import numpy as np

    from kerascnn.engine import evaluate

    monkeypatch.setattr(evaluate, "judge", lambda *_: {"metrics": {}})
    for alone in (True, False):
        (folder := tmp_path / str(alone)).mkdir()
        predictor = SimpleNamespace(
            run=SimpleNamespace(path=folder),
            task=SimpleNamespace(alone=alone),
            spec=SimpleNamespace(data=SimpleNamespace(source=SimpleNamespace(target="class"))),
        )
        evaluate.kept(predictor, "test", ["a"], np.zeros(1, int), np.zeros((1, 2), "float32"), 1.0)
        assert (folder / "evaluation" / "test.json").is_file()
        assert (folder / "evaluation" / "test.npz").is_file() is alone
