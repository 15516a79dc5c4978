import pytest

from kerascnn.errors import SpecError
from kerascnn.spec import spec_from_dict
from tests.engine.made_sequences import sequence_spec


def spec_of(embedding):
    source = {"type": "text_lines", "path": "x"}
    return sequence_spec("text_classification", source, preprocess={"embedding": embedding})


def test_a_number_is_the_size_of_an_embedding_that_is_learnt():
    found = spec_of(300).model.preprocess.embedding
    assert (found.size, found.path, found.train) == (300, None, "non_static")


def test_left_out_it_has_128_numbers():
    source = {"type": "text_lines", "path": "x"}
    spec = sequence_spec("text_classification", source)
    assert spec.spell()["model"]["preprocess"]["embedding"] == 128
    assert spec.model.preprocess.embedding.size == 128


@pytest.mark.parametrize(
    ("given", "spelled"),
    [
        (7, 7),
        ({"size": 7}, 7),
        ({"size": 7, "path": "a"}, {"size": 7, "path": "a", "train": "non_static"}),
        ({"path": "a", "train": "static"}, {"size": 128, "path": "a", "train": "static"}),
    ],
)
def test_it_is_spelled_as_short_as_it_can_be_and_comes_back(given, spelled):
    spec = spec_of(given)
    assert spec.spell()["model"]["preprocess"]["embedding"] == spelled
    assert spec_from_dict(spec.spell()) == spec


@pytest.mark.parametrize("wrong", [0, 8193, True, 1.5, "300", None, [300]])
def test_anything_else_is_an_error_that_names_both_ways(wrong):
    with pytest.raises(SpecError, match="a whole number from 1 to 8192, or a section of size, path and train"):
        spec_of(wrong)


@pytest.mark.parametrize("train", ["static", "two_channel"])
def test_vectors_that_stay_need_a_file(train):
    with pytest.raises(SpecError, match=f"{train} keeps vectors that were learnt elsewhere; name their file"):
        spec_of({"train": train})


def test_mistakes_inside_the_section_are_found_in_their_place():
    with pytest.raises(SpecError, match=r"embedding\.train: should be .* did you mean 'static'"):
        spec_of({"path": "a", "train": "statc"})
    with pytest.raises(SpecError, match=r"embedding\.sise: no field is named 'sise'; did you mean 'size'"):
        spec_of({"sise": 3})
