"""The shortcut gives what the long way gives."""

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.text import clean, fold
from bot.sources.cleaning import distinct


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
