import hashlib

import numpy as np
import pytest

from kerascnn.engine.media import Raw, form_of
from kerascnn.engine.media.text import TextForm, Texts, cut
from kerascnn.engine.progress import Progress
from kerascnn.spec import DataInfo, Sample
from tests.engine.made_sequences import sequence_spec

SOURCE = {"type": "text_lines", "path": "texts"}


def read(texts, train=None, **data):
    """Return texts as a training reads them, those of these numbers (or all) being the training split."""
    samples = [Sample(str(i), text, "a") for i, text in enumerate(texts)]
    found = Texts.read(samples, sequence_spec("text_classification", SOURCE, data=data), Progress())
    found.learn(np.arange(len(texts)) if train is None else np.array(train))
    return found


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("What's new?", ["What's", "new", "?"]),
        ("  a\tb\n\nc ", ["a", "b", "c"]),
        ("3.14 (pi)", ["3", ".", "14", "(", "pi", ")"]),
        ("Straße, día, 日本", ["Straße", ",", "día", ",", "日本"]),
        ("it’s 'quoted'", ["it’s", "'", "quoted", "'"]),
        ("", []),
    ],
)
def test_words_and_punctuation_marks_are_tokens(text, tokens):
    assert cut(text, "word", lower=False) == tokens


def test_texts_are_cut_into_characters_or_bytes():
    assert cut("Añ ", "character", lower=False) == ["A", "ñ", " "]
    assert cut("Añ", "byte", lower=False) == ["41", "c3", "b1"]


def test_capitals_are_made_small_first_where_the_spec_says_so():
    assert cut("Añ THE", "word", lower=True) == ["añ", "the"]
    assert read(["The the"]).form.vocabulary == ("", "[UNK]", "the")
    assert read(["The the"], text={"lower": False}).form.vocabulary == ("", "[UNK]", "The", "the")


def test_tokens_are_numbered_by_frequency_and_equals_by_the_alphabet():
    found = read(["b a c", "c b", "c d"])
    assert found.form.vocabulary == ("", "[UNK]", "c", "b", "a", "d")
    assert found.take(np.array([0, 2])).tolist() == [[3, 4, 2], [2, 5, 0]]
    assert found.take(np.array([0])).dtype == np.int32


def test_the_vocabulary_and_the_length_are_those_of_the_training_split():
    found = read(["a b", "b", "c c c c"], train=[0, 1])
    assert found.form.vocabulary == ("", "[UNK]", "b", "a")
    assert found.shape == (2,)
    # The third text is cut, and its words are unknown.
    assert found.take(np.array([2])).tolist() == [[1, 1]]


def test_the_order_of_the_texts_does_not_change_the_vocabulary():
    texts = ["b a c", "c b", "c d"]
    assert read(texts).form == read(texts[::-1]).form


def test_the_most_frequent_tokens_fill_the_vocabulary():
    assert read(["a a a b b c"], text={"vocabulary_size": 4}).form.vocabulary == ("", "[UNK]", "a", "b")


def test_rare_tokens_are_unknown():
    found = read(["a a b"], text={"min_count": 2})
    assert found.form.vocabulary == ("", "[UNK]", "a")
    assert found.take(np.array([0])).tolist() == [[2, 2, 1]]


def test_the_spec_can_settle_the_length():
    assert read(["a b c"], length=2).take(np.array([0])).tolist() == [[2, 3]]
    assert read(["a b c"], length=5).take(np.array([0])).tolist() == [[2, 3, 4, 0, 0]]


def test_the_length_is_at_most_4096_unless_the_spec_says_more():
    assert read(["a " * 5000]).shape == (4096,)
    assert read(["a " * 5000], length=4500).shape == (4500,)


def test_an_empty_text_is_padding_alone():
    assert read(["a b", ""]).take(np.array([1])).tolist() == [[0, 0]]
    assert read([""]).shape == (1,)


def test_the_manifest_says_how_long_a_text_is_and_what_is_in_it():
    (facts,) = read(["día x"]).facts
    assert facts.pop("alike") == read(["DÍA  x "]).facts[0]["alike"]
    assert facts == {"sha256": hashlib.sha256("día x".encode()).hexdigest(), "tokens": 2}


def test_the_model_learns_the_size_of_the_vocabulary():
    assert read(["a b"]).describe(DataInfo((2,), ("x", "y"))).vocabulary == 4


def test_a_form_comes_back_from_plain_data_and_reads_as_training_did():
    found = read(["b a c", "c b", "C d !?"])
    form = form_of({"shape": [4], **found.form.spell()})
    assert form == found.form
    assert isinstance(form, TextForm)
    raw = form.read(["c b", "e B b b b b"])
    assert [one.array.tolist() for one in raw if isinstance(one, Raw)] == [[2, 3, 0, 0], [1, 3, 3, 3]]
    assert isinstance(raw[0], Raw)
    assert raw[0].sha256 == found.facts[1]["sha256"]


def test_what_is_no_text_is_an_error_in_its_place():
    wrong, right = read(["a"]).form.read([5, "a"])
    assert str(wrong) == "is int; a text is wanted"
    assert isinstance(right, Raw)
