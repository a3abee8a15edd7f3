"""The line before the cards, the links after them, and the line of a quiet day."""

import re
from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.deliveries import LINKS_PER_CLOSING, EditionItem, Quiet, QuietReason
from bot.domain.follows import Follow, FollowKind
from bot.domain.papers import Paper, PaperId
from bot.rendering.editions import (
    BY_READERS_TASTE,
    Listed,
    closing,
    following,
    heading,
    notice,
    reason,
)
from bot.rendering.message import Rendered
from tests.rendering.discord_rules import check
from tests.rendering.papers import ID, a_paper, any_papers, languages, texts

DAY = date(2024, 6, 4)
MONDAY = datetime(2024, 6, 10, 7, tzinfo=UTC)


def an_item(*, day: date = DAY, rank: int = 1, late: bool = False) -> EditionItem:
    return EditionItem(paper_id=ID, day=day, rank=rank, late=late)


def listed(paper: Paper, upvotes: int | None = 3) -> Listed:
    return an_item(), paper, upvotes


def the_links(message: Rendered) -> list[tuple[str, str]]:
    embed = message.embeds[0]
    texts = [embed.description or "", *(field.value or "" for field in embed.fields)]
    return re.findall(r"^- \[(.*)\]\((https://arxiv\.org/abs/\S+)\) ▲ \S+$", "\n".join(texts), re.M)


def test_the_heading_says_what_comes_and_where_from() -> None:
    items = [an_item(), an_item(rank=2), an_item(day=date(2024, 6, 3), late=True)]

    line = heading(items, sources=["huggingface", "markdown:/srv/digests"], language="en")

    assert line == (
        "**Daily papers · 4 June 2024 and 3 June 2024** · 3 papers · 1 of them late"
        " · from Hugging Face and the digest"
    )


def test_the_heading_has_no_word_about_what_is_not() -> None:
    assert heading([an_item()], sources=[], language="ko") == (
        "**오늘의 논문 · 2024년 6월 4일** · 논문 1편"
    )


def test_the_heading_names_an_order_that_is_not_the_lists() -> None:
    items = [an_item(day=date(2024, 6, 3)), an_item()]

    line = heading(items, sources=[], language="en", order=BY_READERS_TASTE)

    assert line == "**Daily papers · 4 June 2024 and 3 June 2024** · 2 papers · by your taste"


def test_several_folders_of_digests_are_named_once_and_strange_sources_defused() -> None:
    sources = ["markdown:a", "markdown:b", "@everyone_x:y", "\u3164"]

    line = heading([an_item()], sources=sources, language="en")

    assert line.endswith(" · from the digest, @\u200beveryone\\_x and another source")


@settings(deadline=None)
@given(names=st.lists(texts, max_size=30), language=languages)
def test_any_heading_leaves_room_for_a_role(names: list[str], language: str) -> None:
    line = heading([an_item()], sources=names, language=language)

    check(Rendered(content=f"<@&{2**63}> {line}", role_id=2**63))


def test_papers_beyond_the_limit_follow_as_links() -> None:
    message = closing(
        [listed(a_paper(title="[One] *two*")), listed(a_paper(title="\u3164"), None)],
        day=DAY,
        language="en",
        quiet_until=None,
    )

    assert message.embeds[0].title == "Also on the list"
    assert message.embeds[0].url == "https://huggingface.co/papers/date/2024-06-04#1"
    assert (message.embeds[0].description or "").split("\n") == [
        r"- [(One) \*two\*](https://arxiv.org/abs/2406.01574) ▲ 3",
        "- [2406.01574](https://arxiv.org/abs/2406.01574) ▲ —",
    ]
    assert message.embeds[0].footer.text == "4 June 2024 · 2 papers"
    assert message.silent
    check(message)


def test_each_closing_of_a_day_has_its_own_address() -> None:
    second = closing([listed(a_paper())], day=DAY, language="en", quiet_until=None, number=1)

    assert second.embeds[0].url == "https://huggingface.co/papers/date/2024-06-04#2"
    assert second.embeds[0].title == "Also on the list, 2"


@pytest.mark.parametrize("title", ["a_b " * 80, "😀" * 300, "*" * 300, "Short", "긴 제목 " * 60])
def test_sixty_links_fit_however_long_their_titles(title: str) -> None:
    papers = [a_paper(id=PaperId(f"2406.{n:05}"), title=title) for n in range(LINKS_PER_CLOSING)]

    message = closing(
        [listed(paper, 10**15) for paper in papers], day=DAY, language="en", quiet_until=MONDAY
    )

    assert [url for _, url in the_links(message)] == [paper.arxiv_url for paper in papers]
    check(message)


def test_long_titles_are_cut_only_as_far_as_it_takes() -> None:
    long, short = a_paper(title="word " * 40), a_paper(title="Short")

    message = closing([listed(long), listed(short)] * 30, day=DAY, language="en", quiet_until=None)

    lengths = [len(title) for title, _ in the_links(message)]
    assert all(length >= 80 for length in lengths[::2])
    assert lengths[1::2] == [5] * 30
    few = closing([listed(long)] * 5, day=DAY, language="en", quiet_until=None)
    assert {title for title, _ in the_links(few)} == {"word " * 39 + "word"}


@settings(deadline=None)
@given(
    papers=st.lists(any_papers, min_size=1, max_size=3),
    copies=st.integers(1, 20),
    upvotes=st.none() | st.integers(0),
    language=languages,
    quiet_until=st.none() | st.just(MONDAY),
)
def test_any_closing_is_a_message_that_discord_accepts(
    papers: list[Paper],
    copies: int,
    upvotes: int | None,
    language: str,
    quiet_until: datetime | None,
) -> None:
    listings = [listed(paper, upvotes) for paper in papers] * copies

    message = closing(listings, day=DAY, language=language, quiet_until=quiet_until)

    check(message)
    embed = message.embeds[0]
    texts = [embed.description or "", *(field.value or "" for field in embed.fields)]
    assert "\n".join(texts).count("](https://arxiv.org/abs/") == len(listings)


def test_quiet_days_ahead_are_announced_after_the_links() -> None:
    message = closing([listed(a_paper())], day=DAY, language="en", quiet_until=MONDAY)

    last = message.embeds[0].fields[-1]
    assert last.name == "Quiet days ahead"
    assert last.value == (
        "No new lists are expected before then: the next papers come"
        " <t:1718002800:F> (<t:1718002800:R>)."
    )


def test_without_links_a_closing_is_that_note_alone() -> None:
    message = closing([], day=DAY, language="en", quiet_until=MONDAY)

    assert message.embeds == ()
    assert "<t:1718002800:F>" in (message.content or "")
    assert message.silent
    check(message)


def test_a_closing_says_something_and_not_too_much() -> None:
    with pytest.raises(ValueError, match="links or quiet days"):
        closing([], day=DAY, language="en", quiet_until=None)
    with pytest.raises(ValueError, match="61 links"):
        closing([listed(a_paper())] * 61, day=DAY, language="en", quiet_until=None)


@pytest.mark.parametrize(
    ("reason", "since", "why"),
    [
        (QuietReason.WEEKEND, None, "there are no lists at the weekend"),
        (QuietReason.NO_LIST, None, "no list has been published"),
        (QuietReason.NOTHING_NEW, None, "this channel has had everything on the list"),
        (QuietReason.SOURCE_DOWN, None, "the source cannot be reached"),
        (
            QuietReason.SOURCE_DOWN,
            MONDAY,
            "the source has been out of reach since <t:1718002800:R>",
        ),
    ],
)
def test_a_quiet_day_is_explained_in_one_silent_line(
    reason: QuietReason, since: datetime | None, why: str
) -> None:
    message = notice(Quiet(reason=reason, next_at=MONDAY, spoken=True, since=since), language="en")

    assert message.content == (
        f"No papers today: {why}. Next post: <t:1718002800:F> (<t:1718002800:R>)."
    )
    assert message.silent
    check(message)


@pytest.mark.parametrize("reason", QuietReason)
@pytest.mark.parametrize("since", [None, MONDAY])
def test_what_stands_around_the_cards_is_in_the_channels_language(
    reason: QuietReason, since: datetime | None
) -> None:
    quiet = Quiet(reason=reason, next_at=MONDAY, spoken=True, since=since)
    listings = [listed(a_paper(title="제목 " * 40))] * LINKS_PER_CLOSING
    said = [
        notice(quiet, language="ko"),
        closing(listings, day=DAY, language="ko", quiet_until=MONDAY, number=1),
        closing([], day=DAY, language="ko", quiet_until=MONDAY),
    ]

    for message in said:
        check(message)
        shown = re.sub(r"\]\([^)]+\)|<[^>]+>", "", "\n".join(the_texts(message)))
        assert re.findall(r"[A-Za-z]+", shown) == []


def the_texts(message: Rendered) -> list[str]:
    """Everything in it that people read."""
    texts = [message.content]
    for embed in message.embeds:
        texts += [embed.title, embed.description, embed.footer.text]
        texts += [text for field in embed.fields for text in (field.name, field.value)]
    return [text for text in texts if text]


# --- what a person follows ----------------------------------------------------------------


def a_follow(said: str, kind: FollowKind = FollowKind.WORDS) -> Follow:
    return Follow(id=1, reader_id=7, kind=kind, said=said)


def test_what_is_followed_comes_as_links_with_the_reason_of_each() -> None:
    other = a_paper(id=PaperId("2406.00002"), title="Other")
    message = following(
        [listed(a_paper(title="One *two*")), listed(other, None)],
        {ID: [a_follow("Yann LeCun", FollowKind.AUTHOR), a_follow("dif*fusion")]},
        day=DAY,
        language="en",
    )

    assert message.embeds[0].title == "New for you"
    assert (message.embeds[0].description or "").split("\n") == [
        r"- [One \*two\*](https://arxiv.org/abs/2406.01574) ▲ 3"
        r" · you follow Yann LeCun and dif\*fusion",
        "- [Other](https://arxiv.org/abs/2406.00002) ▲ —",
    ], "what is no longer followed has no reason"
    assert not message.silent, "it is what one waits for"
    check(message)


def test_only_the_first_message_of_a_day_notifies_and_each_is_known_by_its_address() -> None:
    first, second = (
        following([listed(a_paper())], {}, day=DAY, language="en", number=number)
        for number in (0, 1)
    )

    assert (first.silent, second.silent) == (False, True)
    assert first.embeds[0].url != second.embeds[0].url


def test_a_plain_one_names_papers_by_their_ids() -> None:
    message = following([listed(a_paper())], {}, day=DAY, language="en", plain=True)

    assert the_links(message) == [("2406.01574", "https://arxiv.org/abs/2406.01574")]


def test_a_reason_names_the_first_few_follows_in_the_readers_language() -> None:
    follows = [a_follow(f"word{number}") for number in range(9)]

    assert reason(follows[:1], "en") == "you follow word0"
    assert "word0" in reason(follows, "ko")
    assert "word8" not in reason(follows, "ko")


@settings(deadline=None)
@given(
    papers=st.lists(any_papers, min_size=1, max_size=LINKS_PER_CLOSING),
    said=st.lists(texts, max_size=12),
    language=languages,
)
def test_whatever_is_followed_makes_a_message_that_discord_accepts(
    papers: list[Paper], said: list[str], language: str
) -> None:
    follows = [a_follow(each) for each in said]
    message = following(
        [listed(paper) for paper in papers],
        {paper.id: follows for paper in papers},
        day=DAY,
        language=language,
    )

    check(message)
