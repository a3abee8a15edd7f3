"""The shortcuts give what the long way gives."""

from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.domain.text import clean, fold
from bot.sources.cleaning import distinct, tidy


@settings(deadline=None)
@given(st.text(max_size=40))
@example(" a\u00a0b ")
@example("a\u200bb")
@example("\ud800")
@example("a\u3000 b")
def test_tidying_is_cleaning(text: str) -> None:
    assert tidy(text) == clean(text)


@settings(deadline=None)
@given(st.lists(st.text(max_size=6)))
def test_distinct_names_differ_when_folded(names: list[str]) -> None:
    found = distinct(names)

    assert len({fold(name) or name for name in found}) == len(found)
    assert {fold(clean(name)) for name in names if clean(name)} == {fold(name) for name in found}


def test_names_keep_their_order_and_first_spelling() -> None:
    assert distinct(
        ["Benjamin Thérien", " Ada  Lovelace", "benjamin therien", "", "ADA LOVELACE"]
    ) == (
        "Benjamin Thérien",
        "Ada Lovelace",
    )
