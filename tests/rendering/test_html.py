"""Nothing that stands in a page can become a part of it."""

from hypothesis import given
from hypothesis import strategies as st

from bot.rendering.html import Html, element, joined
from tests.rendering.pages import read_html

TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]))


def test_elements_hold_text_and_elements() -> None:
    assert (
        element("p", "a < b, ", element("a", "c & d", href="?x=1&y=2"), None)
        == '<p>a &lt; b, <a href="?x=1&amp;y=2">c &amp; d</a></p>'
    )


def test_attributes_are_written_as_html_has_them() -> None:
    assert (
        element("img", src="a.png", alt="", class_="b", data_c=1, hidden=True, lang=None, dir=False)
        == '<img src="a.png" alt="" class="b" data-c="1" hidden>'
    )


def test_several_children_stand_one_after_the_other() -> None:
    assert joined("<", Html("<b>"), None) == "&lt;<b>"


@given(TEXT, TEXT)
def test_any_text_comes_back_from_a_page_as_it_was(text: str, value: str) -> None:
    paragraph = read_html(element("p", text, title=value)).one("p")

    assert paragraph.text == text
    assert paragraph.attributes == {"title": value}
