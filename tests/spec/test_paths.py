from kerascnn.spec.component import components
from kerascnn.spec.kinds import Backbone, Method, Source
from kerascnn.spec.load import parse_spec
from kerascnn.spec.paths import paths_of
from kerascnn.templates_list import find_template


def test_every_place_in_which_a_spec_names_a_file_is_found(tmp_path):
    weights = tmp_path / "w.h5"
    weights.write_bytes(b"")
    spec = parse_spec(
        find_template("simple_cnn").read_text("utf-8"),
        overrides=[
            "data.source.path=a",
            "data.fixes=b.csv",
            "data.metadata=c.csv",
            "data.split={lists: {train: t.txt, test: u.txt}}",
            f"model.backbone.weights={weights}",
            "train.stages.0.methods=[{type: distillation, run: there}]",
        ],
    )
    tree = spec.spell()
    found = {where: section[field] for where, section, field in paths_of(spec, tree)}
    assert found == {
        "data.source.path": "a",
        "data.fixes": "b.csv",
        "data.metadata": "c.csv",
        "data.split.lists.train": "t.txt",
        "data.split.lists.test": "u.txt",
        "model.backbone.weights": str(weights),
        "train.stages.0.methods.0.run": "there",
    }


def test_what_is_left_out_and_words_are_not_among_them():
    spec = parse_spec(find_template("lenet5").read_text("utf-8"))
    assert list(paths_of(spec, spec.spell())) == []


def test_every_component_that_says_it_has_paths_has_these_fields():
    for kind in (Source, Backbone, Method):
        for name, cls in components(kind.kind).items():
            assert set(cls.paths) <= set(cls.model_fields), name
