"""What tests of pages ask of them."""

from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Button


def button(page: AppTest, label: str) -> Button:
    """Return the button with this label."""
    return next(one for one in page.button if one.label == label)
