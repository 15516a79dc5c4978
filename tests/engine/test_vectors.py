"""Vectors of words: the files that are read, what is refused, and how they begin a training."""

import numpy as np
import pytest

from kerascnn.engine import train as train_module
from kerascnn.engine.build import build
from kerascnn.engine.data import load_data
from kerascnn.engine.predict import Predictor
from kerascnn.engine.train import resume, train
from kerascnn.engine.vectors import begin_with_vectors, read_vectors, vectors_of_run
from kerascnn.errors import BuildError, DataError, StoppedError
from kerascnn.spec import DataInfo
from tests.engine.made_sequences import sequence_spec, write_texts
from tests.helpers import numpy

VOCABULARY = ("", "[UNK]", "good", "bad", "día", "lost")
ROWS = {"bad": [1.0, -2.5, 0.25], "the": [9.0, 9.0, 9.0], "día": [0.5, 0.0, 4.0], "good": [-1.0, 3.0, 1e-3]}


def text(rows=ROWS, head="", end="\n"):
    return (head + "".join(f"{word} {' '.join(map(repr, row))}{end}" for word, row in rows.items())).encode()


def binary(rows=ROWS, end=b"\n", count=None):
    size = len(next(iter(rows.values())))
    body = b"".join(word.encode() + b" " + np.array(row, "<f4").tobytes() + end for word, row in rows.items())
    return f"{count or len(rows)} {size}\n".encode() + body


FORMS = {
    "glove.txt": text(),
    "word2vec.txt": text(head="4 3\n", end=" \n"),
    "fasttext.vec": text(head="4 3\n", end="\r\n"),
    "tabs": text().replace(b" ", b"\t"),
    "word2vec.bin": binary(),
    "gensim.bin": binary(end=b""),
}


def read(folder, name, content, size=3, vocabulary=VOCABULARY, **others):
    (folder / name).write_bytes(content)
    return read_vectors(folder / name, vocabulary, size, **others)


@pytest.mark.parametrize("name", FORMS)
def test_every_form_gives_the_same_vectors(name, tmp_path):
    vectors = read(tmp_path, name, FORMS[name])
    assert (vectors.found, vectors.wanted) == (3, 4)
    assert vectors.table.dtype == np.float32
    wanted = np.array([ROWS["good"], ROWS["bad"], ROWS["día"]], "float32")
    np.testing.assert_array_equal(vectors.table[2:5], wanted)
    assert (vectors.table[0] == 0).all()


def test_tokens_that_are_missing_get_numbers_of_the_variance_of_the_others(tmp_path):
    rng = np.random.default_rng(0)
    rows = {f"w{i}": rng.normal(0, 0.3, 40).tolist() for i in range(100)}
    vocabulary = ("", "[UNK]", *(f"w{i}" for i in range(200)))
    vectors = read(tmp_path, "a.txt", text(rows), 40, vocabulary)
    there, missing = vectors.table[2:102], vectors.table[[1, *range(102, 202)]]
    assert missing.var() == pytest.approx(there.var(), rel=0.05)
    assert np.abs(missing).max() <= (3 * there.var()) ** 0.5 * 1.001
    again, other = (read(tmp_path, "a.txt", text(rows), 40, vocabulary, seed=seed).table for seed in (0, 1))
    np.testing.assert_array_equal(vectors.table, again)
    assert (vectors.table != other).any()


def test_a_token_with_spaces_and_one_that_stands_twice_are_no_error(tmp_path):
    content = text() + b". . . 1 2 3\ngood 7 7 7\n\n"
    assert read(tmp_path, "a.txt", content).table[2].tolist() == pytest.approx(ROWS["good"])


def test_a_space_can_be_a_token_of_characters(tmp_path):
    found = read(tmp_path, "a.txt", b"a 1 2 3\n  4 5 6\n", vocabulary=("", "[UNK]", " ", "a"))
    assert found.table[2:].tolist() == [[4, 5, 6], [1, 2, 3]]


def test_rows_are_read_across_the_edges_of_blocks(tmp_path):
    rows = {f"w{i}": [float(i)] * 300 for i in range(3000)}
    vocabulary = ("", "[UNK]", *rows)
    for end in (b"\n", b""):
        found = read(tmp_path, "large.bin", binary(rows, end), 300, vocabulary)
        assert found.found == 3000
        np.testing.assert_array_equal(found.table[2:, 0], np.arange(3000))


BROKEN = {
    "no number": ("a.txt", text() + b"bad2 1 2 x\nlost 1 2 x\n", r"a\.txt:6: could not convert .*'x'"),
    "infinite": ("a.txt", b"good 1 2 3\nlost 1 inf 3\n", r"a\.txt:2: has a number that is infinite or NaN"),
    "short line": ("a.txt", text() + b"lost 1 2\n", r"a\.txt:5: has 2 numbers behind its token; 3 are wanted"),
    "other size": ("a.txt", b"good 1 2\n", r"holds vectors of 2 numbers; model.preprocess.embedding.size is 3"),
    "announced size": ("a.txt", b"7 50\n", r"holds vectors of 50 numbers"),
    "announced count": ("a.txt", text(head="9 3\n"), r"announces 9 vectors on its first line and has 4"),
    "long line": ("a", b"good 1 2 3\n" + b"x" * (1 << 20), r"a:2: is longer than 1048576 bytes"),
    "none": ("a.txt", b"GOOD 1 2 3\n", r"none of the 4 tokens of the vocabulary \('good', 'bad', 'día', \.\.\.\)"),
    "empty": ("a.txt", b"", r"is empty"),
    "gzip": ("a.bin", b"\x1f\x8b\x08", r"is compressed \(gzip\); unpack it first"),
    "fasttext": ("a.bin", b"\xba\x16\x4f\x2f" * 40, r"does not begin with the number of vectors"),
    "binary size": ("a.bin", binary({"good": [1.0, 2.0]}), r"holds vectors of 2 numbers"),
    "cut off": ("a.bin", binary()[:-20], r"announces 4 vectors of 3 numbers, which are 56 bytes .* cut off"),
    "huge count": ("a.bin", binary(count=99_999_999_999), r"announces 99999999999 vectors"),
    "no space": ("a.bin", b"1 3\n" + b"x" * 9000, r"vector 1 of 1 has no end of its token"),
    "NaN": ("a.bin", binary({"good": [1.0, np.nan, 2.0]}), r"vector 1 of 1 has a number that is infinite or NaN"),
    "too long": ("a.bin", binary(count=3), r"has 17 bytes behind the last of its 3 vectors"),
    "one short": ("a.bin", binary({"longer" * 9: [1.0] * 3}, count=2), r"vector 2 of 2 is cut off"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_file_is_an_error_that_says_where(case, tmp_path):
    name, content, message = BROKEN[case]
    with pytest.raises(DataError, match=message):
        read(tmp_path, name, content)


@pytest.mark.parametrize("name", ["missing.txt", "."])
def test_what_cannot_be_opened_is_an_error(name, tmp_path):
    with pytest.raises(DataError, match="cannot be read: "):
        read_vectors(tmp_path / name, VOCABULARY, 3)


# In a network.


@pytest.fixture
def texts(tmp_path):
    return {"type": "text_lines", "path": str(write_texts(tmp_path / "texts.txt"))}


@pytest.fixture
def file(tmp_path):
    (tmp_path / "vectors.txt").write_bytes(text())
    return tmp_path / "vectors.txt"


def spec_of(texts, file, how, **others):
    embedding = {"size": 3, "path": str(file), "train": how}
    backbone = {"type": "text_cnn", "filters": 4, "kernel_sizes": [2]}
    return sequence_spec("text_classification", texts, layers=backbone, preprocess={"embedding": embedding}, **others)


@pytest.mark.parametrize("how", ["static", "non_static", "two_channel"])
def test_a_network_begins_with_the_vectors_of_the_file(how, texts, file):
    spec = spec_of(texts, file, how)
    data = load_data(spec)
    built = build(spec, data.info)
    said = begin_with_vectors(spec, data, built)
    vocabulary = data.elements.form.vocabulary
    assert f"2 of {len(vocabulary) - 2} tokens of the vocabulary found" in said
    names = ["embedding", "embedding_static"] if how == "two_channel" else ["embedding"]
    for name in names:
        table = numpy(built.model.get_layer(name).weights[0])
        np.testing.assert_array_equal(table[vocabulary.index("bad")], np.array(ROWS["bad"], "float32"))
    trained = {weight.path.split("/")[0] for weight in built.model.trainable_weights}
    assert ("embedding" in trained, "embedding_static" in trained) == (how != "static", False)


def test_a_network_without_a_file_begins_as_it_is(texts):
    spec = sequence_spec("text_classification", texts, preprocess={"embedding": 3})
    data = load_data(spec)
    assert begin_with_vectors(spec, data, build(spec, data.info)) is None


def test_vectors_are_for_texts_alone():
    source = {"type": "ts_file", "path": "x"}
    spec = sequence_spec("series_classification", source, preprocess={"embedding": {"path": "x"}})
    with pytest.raises(BuildError, match="is for texts, not for series data"):
        build(spec, DataInfo.of((9, 2), 2))


# Whole trainings.

hooked = pytest.mark.skipif(
    not hasattr(train_module, "begin_with_vectors"), reason="engine/train.py does not begin with vectors yet"
)


def table_of(run, vocabulary, word, name="embedding"):
    return numpy(Predictor(run).model.get_layer(name).weights[0])[vocabulary.index(word)]


@hooked
def test_static_vectors_are_those_of_the_file_in_the_saved_model(texts, file, tmp_path):
    run = train(spec_of(texts, file, "static"), tmp_path)
    vocabulary = run.read("input.json")["vocabulary"]
    file.unlink()  # the model has them inside
    np.testing.assert_array_equal(table_of(run, vocabulary, "bad"), np.array(ROWS["bad"], "float32"))
    (found,), _ = Predictor(run).predict(["a good word5"], ["x"])
    assert found.label in run.read("labels.json")
    assert "2 of " in (run.path / "logs" / "run.log").read_text("utf-8")


@hooked
def test_the_vectors_of_a_run_are_taken_token_by_token(texts, tmp_path):
    run = train(sequence_spec("text_classification", texts, preprocess={"embedding": 3}), tmp_path / "first")
    own = run.read("input.json")["vocabulary"]
    other = ("", "[UNK]", "nowhere", *reversed(own[2:]))
    vectors = vectors_of_run(run.path, other, 3)
    assert (vectors.found, vectors.wanted) == (len(own) - 2, len(own) - 1)
    for word in own[2:]:
        np.testing.assert_array_equal(vectors.table[other.index(word)], table_of(run, own, word))
    assert (vectors.table[0] == 0).all()
    assert vectors.table[2].any()
    for size, words, folder, said in (
        (4, own, run.path, "holds vectors of 3 numbers"),
        (3, ["", "[UNK]", "nowhere"], run.path, "has none of the 1 tokens"),
        (3, own, tmp_path, "is no folder of a run"),
    ):
        with pytest.raises(DataError, match=said):
            vectors_of_run(folder, words, size)
    (run.path / "model.keras").write_bytes(b"no model")
    with pytest.raises(DataError, match=r"^model\.preprocess\.embedding\.path: .* cannot be read as weights"):
        vectors_of_run(run.path, own, 3)
    (run.path / "model.keras").unlink()
    with pytest.raises(DataError, match="kept no model; its state is 'done'"):
        vectors_of_run(run.path, own, 3)
    (run.path / "input.json").write_text('{"medium": "image"}')
    with pytest.raises(DataError, match="did not learn from texts"):
        vectors_of_run(run.path, own, 3)


@hooked
@pytest.mark.slow
def test_a_training_begins_with_all_that_a_run_on_texts_learnt(texts, tmp_path):
    backbone = {"type": "text_cnn", "filters": 4, "kernel_sizes": [2]}
    own = {"layers": backbone, "preprocess": {"embedding": 3}}
    run = train(sequence_spec("text_classification", texts, **own), tmp_path / "first")
    begun = {
        "layers": backbone | {"weights": str(run.path)},
        "preprocess": {"embedding": {"size": 3, "path": str(run.path), "train": "static"}},
    }
    again = train(sequence_spec("text_classification", texts, **begun), tmp_path / "second")
    words = run.read("input.json")["vocabulary"]
    np.testing.assert_array_equal(table_of(again, words, "bad"), table_of(run, words, "bad"))
    told = again.read("effective.json")["weights"]
    assert told["origin"] == f"run {run.id}"
    assert told["missing"] == []


@hooked
def test_of_two_channels_one_learns_and_one_stays(texts, file, tmp_path):
    run = train(spec_of(texts, file, "two_channel"), tmp_path)
    vocabulary = run.read("input.json")["vocabulary"]
    bad = np.array(ROWS["bad"], "float32")
    np.testing.assert_array_equal(table_of(run, vocabulary, "bad", "embedding_static"), bad)
    assert (table_of(run, vocabulary, "bad") != bad).any()


@hooked
@pytest.mark.slow
def test_a_training_that_goes_on_needs_no_file_and_ends_on_the_same_bits(texts, file, tmp_path):
    spec = spec_of(texts, file, "non_static", data={"split": {"validation": 0.25, "test": 0.25}})
    whole = train(spec, tmp_path / "whole")
    asked = []

    def stop():
        asked.append(None)
        return 130 if len(asked) == 4 else None

    with pytest.raises(StoppedError):
        train(spec, tmp_path / "torn", stop=stop)
    file.unlink()
    (folder,) = (tmp_path / "torn").iterdir()
    torn = resume(type(whole)(folder))
    for one, other in zip(*(Predictor(run).model.get_weights() for run in (whole, torn)), strict=True):
        np.testing.assert_array_equal(one, other)


@hooked
def test_a_missing_file_stops_a_training_before_it_begins(texts, tmp_path):
    with pytest.raises(DataError, match=r"missing\.txt cannot be read"):
        train(spec_of(texts, tmp_path / "missing.txt", "static"), tmp_path / "runs")
