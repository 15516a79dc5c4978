import unicodedata

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kerascnn.engine.media.text import TextForm, cut
from kerascnn.exporters.text_input import numbering

SAID = [
    "It's here, isn’t it?  a_b 3rd 1/2 ½ x² Ⅳ",
    "Größe ΣΟΦΟΣ İstanbul naïve e\u0301",
    "tabs\tlines\r\nand\u2028odd\u00a0spaces\x85\x1cend\u3000.",
    "雨が降る, 한국어 'quoted' ''' ’’",
    "",
    "   ",
    "emoji 👩‍👩‍👧 and 🙂.",
]


def form_of(tokens, lower=True, length=12, texts=SAID):
    found = sorted({token for text in texts[::2] for token in cut(text, tokens, lower=lower)})
    return TextForm(tokens, lower, length, ("", "[UNK]", *found))


def both(form, texts):
    """Return what TensorFlow and what Python make of texts."""
    number, _ = numbering(form.spell())
    return number(np.array([text.encode("utf-8") for text in texts], object)).numpy(), [
        raw.array for raw in form.read(texts)
    ]


@pytest.mark.parametrize("lower", [True, False])
@pytest.mark.parametrize("tokens", ["word", "character", "byte"])
def test_texts_are_numbered_as_in_python(tokens, lower):
    found, expected = both(form_of(tokens, lower), SAID)
    assert found.dtype == np.int32
    np.testing.assert_array_equal(found, expected)
    assert (found == 1).any(), "no token is unknown"


# TensorFlow's Unicode is older than Python's: letters that came late have no small form in it.
OLD = st.characters(exclude_categories=["Cs", "Cn", "Co"]).filter(lambda c: unicodedata.ucd_3_2_0.category(c) != "Cn")


@settings(max_examples=30, deadline=None)
@given(st.lists(st.text(OLD, max_size=30), min_size=1, max_size=20))
def test_any_text_is_numbered_as_in_python(texts):
    for tokens in ("word", "character", "byte"):
        form = form_of(tokens, texts=texts)
        found, expected = both(form, texts)
        np.testing.assert_array_equal(found, expected)


def test_a_token_is_not_taken_for_the_name_of_the_unknown():
    found, expected = both(TextForm("word", True, 4, ("", "[UNK]", "unk")), ["[UNK] unk"])
    np.testing.assert_array_equal(found, expected)
    assert found.tolist() == [[1, 2, 1, 2]]
