"""Lists of papers as people read them: within Discord's limits, whatever the papers are called."""

import re
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.domain.interests import Verdict
from bot.domain.lookups import (
    PAGE,
    Answer,
    Author,
    Best,
    ByAuthor,
    Candidates,
    Entry,
    ForYou,
    LikedHere,
    Named,
    OnDay,
    Period,
    Question,
    Reason,
    SaidHere,
    Saved,
    Search,
    Similar,
    Snippet,
)
from bot.domain.papers import PaperId
from bot.rendering import answers
from bot.rendering.message import Rendered
from tests.builders import DAY
from tests.rendering.discord_rules import as_read, check, length
from tests.rendering.papers import ID, languages, texts

ADA = Author(id=1, name="Ada Lovelace", papers=12)


def an_entry(number: int = 1, **fields: Any) -> Entry:
    given = {
        "id": PaperId(f"2406.{number:05d}"),
        "title": f"Paper {number}",
        "day": DAY,
        "upvotes": 10 + number,
    }
    return Entry(**{**given, **fields})


def an_answer(question: Question, *entries: Entry, **fields: Any) -> Answer:
    return Answer(**{"question": question, "entries": entries, "total": len(entries), **fields})


def described(message: Rendered) -> str:
    [embed] = message.embeds
    return str(embed.description)


def titled(message: Rendered) -> str:
    [embed] = message.embeds
    return str(embed.title)


def footer(message: Rendered) -> str:
    [embed] = message.embeds
    return str(embed.footer.text)


def test_a_days_list_is_numbered_linked_and_has_votes_but_repeats_no_day() -> None:
    shown = answers.page(
        an_answer(OnDay(DAY), an_entry(1), an_entry(2, upvotes=None)), language="en"
    )
    assert titled(shown) == "Papers of 4 June 2024"
    assert described(shown).splitlines() == [
        "**1.** [Paper 1](https://arxiv.org/abs/2406.00001) · ▲\xa011",
        "**2.** [Paper 2](https://arxiv.org/abs/2406.00002) · ▲\xa0—",
    ]
    assert footer(shown) == "2 papers"


def test_an_answer_is_never_taken_for_a_post() -> None:
    """Posts are found again by the address of their embed."""
    assert answers.page(an_answer(OnDay(DAY), an_entry()), language="en").embeds[0].url is None


def test_papers_of_several_days_say_which() -> None:
    entries = [an_entry(1), an_entry(2, day=date(2024, 5, 31)), an_entry(3, day=None)]
    shown = answers.page(an_answer(ByAuthor(1), *entries, author=ADA), language="en")
    first, second, third = described(shown).splitlines()
    assert titled(shown) == "Papers by Ada Lovelace"
    assert first.endswith("▲\xa011 · 4\xa0June\xa02024")
    assert second.endswith("▲\xa012 · 31\xa0May\xa02024")
    assert third.endswith("▲\xa013")


def test_later_pages_count_on() -> None:
    entries = [an_entry(number) for number in range(11, 14)]
    shown = answers.page(an_answer(OnDay(DAY), *entries, page=1, total=13), language="en")
    assert described(shown).startswith("**11.** [Paper 11]")
    assert footer(shown) == "Page 2 of 2 · 13 papers"


def test_an_answer_that_was_cut_says_so() -> None:
    entries = [an_entry(number) for number in range(10)]
    answer = an_answer(
        Search(query="attention"),
        *entries,
        total=1200,
        is_capped=True,
        searched_since=date(2020, 1, 1),
    )
    assert footer(answers.page(answer, language="en")) == (
        "Page 1 of 120 · more than 1,200 papers · searched the lists since 1 January 2020"
    )


def test_the_match_of_a_search_is_bold() -> None:
    pieces = (
        ("a ", False),
        ("video", True),
        (" ", False),
        ("diffusion", True),
        (" *prior*", False),
    )
    shown = answers.page(
        an_answer(Search(query="video diffusion"), an_entry(snippet=Snippet(pieces))), language="en"
    )
    assert titled(shown) == "Search: video diffusion"
    assert described(shown).splitlines()[1] == "> a **video** **diffusion** \\*prior\\*"


def test_neighbouring_matches_are_one() -> None:
    pieces = (("확산", True), (" 모델", True), ("을", False))
    shown = answers.page(
        an_answer(Search(query="확산"), an_entry(snippet=Snippet(pieces))), language="ko"
    )
    assert described(shown).splitlines()[1] == "> **확산 모델**을"


def test_a_search_says_what_it_was_narrowed_to() -> None:
    asked = Search(
        query="depth", author_id=1, since=date(2024, 1, 1), until=date(2024, 6, 1), min_votes=1000
    )
    opening, _ = described(
        answers.page(an_answer(asked, an_entry(), author=ADA), language="en")
    ).splitlines()
    assert opening == (
        "*by Ada Lovelace · since 1 January 2024 · until 1 June 2024 · ▲ 1,000 and more*"
    )


def test_those_met_most_often_stand_below_an_authors_papers() -> None:
    coauthors = (Author(id=2, name="Bo_Berg", papers=7), Author(id=3, name="Ann Ahn", papers=1))
    [embed] = answers.page(
        an_answer(ByAuthor(1), an_entry(), author=ADA, coauthors=coauthors), language="en"
    ).embeds
    assert [(field.name, field.value) for field in embed.fields] == [
        ("Most often with", "Bo\\_Berg (7) · Ann Ahn (1)")
    ]


@pytest.mark.parametrize(
    ("period", "title"),
    [
        (Period.DAY, "Best of 4 June 2024"),
        (Period.WEEK, "Best of the week until 4 June 2024"),
        (Period.MONTH, "Best of the month until 4 June 2024"),
        (Period.YEAR, "Best of the year until 4 June 2024"),
        (Period.ALL, "Best of all time"),
    ],
)
def test_the_best_are_of_a_period(period: Period, title: str) -> None:
    shown = answers.page(an_answer(Best(period, DAY), an_entry()), language="en")
    assert titled(shown) == title


def test_papers_like_one_are_headed_by_its_title_or_by_its_id() -> None:
    entries = [an_entry(1), an_entry(2)]
    shown = answers.page(an_answer(Similar(ID), *entries, title="*The* one"), language="en")
    assert titled(shown) == r"Like \*The\* one"
    assert described(shown).startswith("**1.** [Paper 1]")
    for unseen in (None, "\u3164"):
        shown = answers.page(an_answer(Similar(ID), *entries, title=unseen), language="en")
        assert titled(shown) == "Like 2406.01574"


@pytest.mark.parametrize(
    ("archive", "title"),
    [(False, "For you, from the last days"), (True, "For you, from the archive")],
)
def test_papers_that_fit_say_from_where(archive: bool, title: str) -> None:
    assert titled(answers.page(an_answer(ForYou(archive), an_entry()), language="en")) == title


@pytest.mark.parametrize(
    ("reason", "english", "korean"),
    [
        (
            Reason(title="[One] *two*", said=Verdict.SAVED),
            r"> because you saved *\[One\] \*two\**",
            r"> 저장한 논문과 비슷해요: *\[One\] \*two\**",
        ),
        (
            Reason(title="One", said=Verdict.LIKED, liked_here=2),
            "> because you liked *One* · 2 others here liked it",
            "> 좋아한 논문과 비슷해요: *One* · 여기서 다른 2명이 좋아했어요",
        ),
        (
            Reason(title="One", said=Verdict.SAVED, is_close=False),
            "> a little like *One*, which you saved",
            "> 저장한 논문과 조금 비슷해요: *One*",
        ),
        (Reason(liked_here=1), "> 1 other here liked it", "> 여기서 다른 1명이 좋아했어요"),
    ],
)
def test_a_paper_that_fits_says_why(reason: Reason, english: str, korean: str) -> None:
    for language, line in (("en", english), ("ko", korean)):
        shown = answers.page(
            an_answer(ForYou(archive=False), an_entry(reason=reason)), language=language
        )
        assert described(shown).splitlines()[1] == line


def test_what_has_nothing_in_common_with_one_paper_fits_the_taste_all_the_same() -> None:
    shown = answers.page(an_answer(ForYou(archive=False), an_entry(reason=Reason())), language="en")
    assert described(shown).splitlines()[1:] == ["> fits your taste"]


def test_papers_that_were_named_but_are_on_no_list_are_told() -> None:
    asked = Named((PaperId("2406.00001"), PaperId("2406.99999")))
    shown = answers.page(an_answer(asked, an_entry(1)), language="en")
    assert titled(shown) == "Papers in this message"
    assert described(shown).startswith("I have not seen `2406.99999` in any list.\n**1.**")


def test_of_many_named_papers_the_unknown_are_counted() -> None:
    asked = Named(tuple(PaperId(f"2406.{number:05d}") for number in range(15)))
    entries = [an_entry(number) for number in range(10)]
    shown = answers.page(an_answer(asked, *entries, total=12), language="en")
    assert described(shown).startswith("I have not seen 3 of them in any list.\n")
    none = answers.page(an_answer(asked), language="en")
    assert described(none).startswith("I have not seen 15 of them in any list.\n")


def test_papers_that_are_all_known_need_no_note() -> None:
    shown = answers.page(an_answer(Named((PaperId("2406.00001"),)), an_entry(1)), language="en")
    assert described(shown).startswith("**1.**")
    pages = Named(tuple(PaperId(f"2406.{number:05d}") for number in range(12)))
    entries = [an_entry(number) for number in range(10)]
    shown = answers.page(an_answer(pages, *entries, total=12), language="en")
    assert described(shown).startswith("**1.**")


@pytest.mark.parametrize(
    ("question", "says"),
    [
        (Search(query="x"), "Try fewer or shorter words"),
        (Search(query="x", min_votes=3), "leave out an option"),
        (Best(Period.DAY, DAY), "Try a longer period"),
        (Named((ID,)), "`2406.01574`"),
        (ByAuthor(1), "`/papers search`"),
        (OnDay(DAY), "`/papers search`"),
        (Similar(ID), "no paper that is like this one"),
        (ForYou(archive=False), "Like or save papers"),
    ],
)
def test_an_empty_answer_says_what_to_try(question: Question, says: str) -> None:
    shown = answers.page(an_answer(question), language="en")
    assert says in described(shown)
    check(shown)


def test_candidates_are_listed_with_their_papers() -> None:
    found = Candidates("lovelace", (ADA, Author(id=2, name="Bo Lovelace", papers=1)))
    shown = answers.candidates(found, language="en")
    assert titled(shown) == "Who is lovelace?"
    assert described(shown).splitlines() == [
        "- Ada Lovelace · 12 papers",
        "- Bo Lovelace · 1 paper",
    ]
    options = answers.author_options(found.authors, language="en")
    assert [(one.label, one.description, one.value) for one in options] == [
        ("Ada Lovelace", "12 papers", "1"),
        ("Bo Lovelace", "1 paper", "2"),
    ]


def test_the_select_offers_each_paper_of_the_page() -> None:
    options = answers.paper_options([an_entry(11), an_entry(12)], first=11, language="en")
    assert [(one.label, one.description, one.value) for one in options] == [
        ("11. Paper 11", "▲ 21 · 4 June 2024", "2406.00011"),
        ("12. Paper 12", "▲ 22 · 4 June 2024", "2406.00012"),
    ]


def test_korean_is_written_as_korean_does() -> None:
    shown = answers.page(an_answer(ByAuthor(1), an_entry(), author=ADA), language="ko")
    assert "2024년\xa06월\xa04일" in described(shown)


_names = texts.filter(bool)
_authors = st.builds(Author, id=st.integers(1, 9), name=_names, papers=st.integers(0, 10**12))
_snippets = st.none() | st.builds(
    Snippet, st.lists(st.tuples(texts, st.booleans()), max_size=8).map(tuple)
)
_days = st.dates(date(2023, 5, 4), date(2031, 1, 1))
_reasons = st.none() | st.builds(
    Reason,
    title=st.none() | texts,
    said=st.sampled_from([None, Verdict.LIKED, Verdict.SAVED]),
    liked_here=st.integers(0, 10**6),
)
_entries = st.builds(
    Entry,
    id=st.sampled_from([ID, PaperId("hep-th/9901001")]),
    title=_names,
    day=st.none() | _days,
    upvotes=st.none() | st.integers(0, 10**12),
    snippet=_snippets,
    reason=_reasons,
    said_here=st.none() | st.builds(SaidHere, st.integers(0, 10**6), st.integers(0, 10**6)),
    is_read=st.none() | st.booleans(),
)
_questions = st.one_of(
    st.builds(OnDay, _days),
    st.builds(ByAuthor, st.integers(1, 9)),
    st.builds(
        Search,
        query=texts,
        author_id=st.none() | st.just(1),
        since=st.none() | _days,
        until=st.none() | _days,
        min_votes=st.none() | st.integers(0, 10**9),
    ),
    st.builds(Best, st.sampled_from(Period), _days),
    st.builds(Named, st.lists(st.sampled_from([ID, PaperId("2406.99999")]), max_size=2).map(tuple)),
    st.builds(Similar, st.just(ID)),
    st.builds(ForYou, st.booleans()),
    st.builds(LikedHere, st.sampled_from(Period), _days),
    st.builds(Saved, words=texts, unread=st.booleans()),
)
_answers = st.builds(
    Answer,
    question=_questions,
    entries=st.lists(_entries, max_size=PAGE).map(tuple),
    page=st.integers(0, 30),
    total=st.integers(0, 10**6),
    is_capped=st.booleans(),
    author=st.none() | _authors,
    coauthors=st.lists(_authors, max_size=10).map(tuple),
    searched_since=st.none() | _days,
    title=st.none() | texts,
)
_LONGEST = an_answer(
    Search(query="𝔸" * 200, author_id=1, since=DAY, until=DAY, min_votes=10**9),
    *[
        an_entry(
            title="*𝔸" * 150,
            id=PaperId("cond-mat.AA/9901001"),
            upvotes=10**12,
            snippet=Snippet((("*𝔸" * 90, False), ("*𝔸" * 90, True))),
        )
    ]
    * PAGE,
    page=99,
    total=10**6,
    is_capped=True,
    author=Author(id=1, name="*𝔸" * 100, papers=1),
    coauthors=(Author(id=2, name="*𝔸" * 100, papers=10**12),) * 20,
    searched_since=DAY,
)


_LONGEST_REASONS = an_answer(
    ForYou(archive=True),
    *[
        an_entry(
            title="*𝔸" * 150,
            id=PaperId("cond-mat.AA/9901001"),
            upvotes=10**12,
            reason=Reason(title="*𝔸" * 150, said=Verdict.SAVED, liked_here=10**6, is_close=False),
            said_here=SaidHere(10**6, 10**6),
            is_read=True,
        )
    ]
    * PAGE,
    page=99,
    total=10**6,
)


@settings(max_examples=150)
@given(answer=_answers, language=languages)
@example(answer=_LONGEST, language="en")
@example(answer=_LONGEST, language="ko")
@example(answer=_LONGEST_REASONS, language="en")
@example(answer=_LONGEST_REASONS, language="ko")
def test_any_page_is_one_that_discord_takes(answer: Answer, language: str) -> None:
    check(answers.page(answer, language=language))
    for option in answers.paper_options(answer.entries, first=1, language=language):
        assert 0 < length(option.label) <= 100
        assert 0 < length(option.description or "") <= 100
        assert 0 < length(option.value) <= 100


@given(typed=texts, authors=st.lists(_authors, max_size=25).map(tuple), language=languages)
def test_any_candidates_are_such_that_discord_takes_them(
    typed: str, authors: tuple[Author, ...], language: str
) -> None:
    found = Candidates(typed, authors)
    if authors:
        check(answers.candidates(found, language=language))
    for option in answers.author_options(authors, language=language):
        assert 0 < length(option.label) <= 100


@settings(max_examples=150)
@given(snippet=_snippets.filter(bool))
def test_a_snippet_shows_its_words_and_does_nothing(snippet: Snippet) -> None:
    message = answers.page(an_answer(Search(query="x"), an_entry(snippet=snippet)), language="en")
    lines = described(message).splitlines()
    assert len(lines) <= 2
    for line in lines[1:]:
        escaped_or_bold = re.compile(r"\\.|\*\*")
        as_read(
            escaped_or_bold.sub(
                lambda found: "" if found[0] == "**" else found[0], line.removeprefix("> ")
            )
        )


def test_a_day_and_the_days_after_it_are_told_apart() -> None:
    later = an_entry(2, day=DAY + timedelta(days=1))
    shown = answers.page(an_answer(Named((ID,)), an_entry(1), later, total=2), language="en")
    assert "4\xa0June\xa02024" in described(shown)
    assert "5\xa0June\xa02024" in described(shown)
