"""Text is cut visibly, at a word, within the limit."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.rendering.limits import fit, is_web_url, units
from bot.rendering.markup import literal
from tests.rendering.discord_rules import as_read, length


def test_text_that_fits_stays_as_it_is() -> None:
    assert fit("five words are not cut", 22) == "five words are not cut"


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        ("five words are cut here", 16, "five words are…"),
        ("five words are cut here", 15, "five words are…"),
        ("five words, are", 13, "five words…"),
        ("네 단어로 된 문장입니다", 8, "네 단어로 된…"),
        ("一" * 40, 10, "一" * 9 + "…"),
        ("x" * 100, 10, "x" * 9 + "…"),
        ("a " + "x" * 100, 60, "a " + "x" * 57 + "…"),
        ("cafe\u0301s" * 3, 5, "caf…"),
        ("👩‍👩‍👧‍👦", 6, "…"),
        ("👍🏽👍🏽", 6, "👍🏽…"),
        ("😀😀😀", 5, "😀😀…"),
        ("word", 1, "…"),
    ],
)
def test_a_cut_is_made_at_a_word_or_between_letters(text: str, limit: int, expected: str) -> None:
    assert fit(text, limit) == expected


def test_an_emoji_counts_twice() -> None:
    assert units("😀a") == 3


def test_nothing_fits_in_no_room() -> None:
    with pytest.raises(ValueError, match="nothing fits"):
        fit("word", 0)


@settings(deadline=None)
@given(text=st.text(alphabet="ab *_[]\\:/@😀\u0301", max_size=80), limit=st.integers(1, 60))
def test_an_escape_is_never_cut_in_half(text: str, limit: int) -> None:
    shown = fit(text, limit, shown_as=literal)

    assert length(shown) <= limit
    read = as_read(shown)
    assert read == text or text.startswith(read.removesuffix("…").rstrip())


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com/a/b",
        "http://a-b.example.co.uk:8080/x?y=(1)&z=%20#w",
        "https://x.io",
        "https://x.io?q",
    ],
)
def test_a_web_address_is_one(url: str) -> None:
    assert is_web_url(url)


@pytest.mark.parametrize(
    "url",
    [
        *("", "github.com/a", "ftp://a.bc", "https://", "https://localhost/", "https://a..bc/"),
        *("https://-a.bc", "https://a.b c", "https://u:p@a.bc", "https://a.bc:0/", "https://é.fr"),
        *("https://a.bc/ü", "https://a.bc/<x>", "https://a.bc\n", "https://1.2.3.4/", "//a.bc"),
        "https://a.bc/" + "x" * 2048,
    ],
)
def test_anything_else_is_not(url: str) -> None:
    assert not is_web_url(url)
