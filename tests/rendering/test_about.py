"""What the bot says of itself."""

from datetime import date, timedelta

import pytest

from bot.domain.lookups import About, SourceState
from bot.rendering.about import about_card
from bot.rendering.message import Link, Rendered
from tests.builders import utc
from tests.rendering.discord_rules import check

INVITE = Link("Add me to a server", "https://discord.com/oauth2/authorize?client_id=1")


def an_about(*sources: SourceState, papers: int = 20_488, days: int = 584) -> About:
    return About(
        papers=papers,
        days=days,
        first_day=date(2024, 5, 1),
        last_day=date(2026, 8, 1),
        sources=sources,
    )


def a_card(about: About, language: str = "en") -> Rendered:
    return about_card(about, version="1.2.3", links=[INVITE], language=language)


def the_field(card: Rendered, name: str) -> str:
    [value] = [field.value for field in card.embeds[0].fields if field.name == name]
    return str(value)


def test_it_says_its_version_what_it_holds_and_how_to_invite_it() -> None:
    card = a_card(an_about())
    assert card.embeds[0].title == "Daily Papers 1.2.3"
    assert (
        the_field(card, "Archive") == "20,488 papers of 584 days, from 1 May 2024 to 1 August 2026"
    )
    assert card.links == (INVITE,)
    check(card)


def test_one_is_one() -> None:
    assert the_field(a_card(an_about(papers=1, days=1)), "Archive").startswith("1 paper of 1 day,")


def test_an_empty_archive_says_so() -> None:
    empty = About(papers=0, days=0, first_day=None, last_day=None, sources=())
    card = a_card(empty)
    assert the_field(card, "Archive") == "Empty as yet: the first list is on its way."
    assert [field.name for field in card.embeds[0].fields] == ["Archive", "Privacy"]


def test_each_source_says_when_it_was_last_read() -> None:
    read_at, since = utc(2024, 6, 4, 12), utc(2024, 6, 4, 6)
    card = a_card(
        an_about(
            SourceState(name="huggingface", last_success_at=read_at, down_since=None),
            SourceState(name="markdown:/srv/digests", last_success_at=read_at, down_since=since),
            SourceState(name="other", last_success_at=None, down_since=None),
        )
    )
    assert the_field(card, "Sources").splitlines() == [
        f"- Hugging Face: last read <t:{read_at.timestamp():.0f}:R>",
        f"- the digest: out of reach since <t:{since.timestamp():.0f}:F>",
        "- other: not read yet",
    ]


def test_several_digests_are_one_line_with_what_is_known_of_the_worst() -> None:
    read_at = utc(2024, 6, 4, 12)
    lately = SourceState(name="markdown:/srv/en", last_success_at=read_at, down_since=None)
    before = SourceState(
        name="markdown:/srv/ko", last_success_at=read_at - timedelta(hours=1), down_since=None
    )
    down = SourceState(name="markdown:/srv/fr", last_success_at=read_at, down_since=read_at)
    since = f"<t:{read_at.timestamp():.0f}:F>"
    earlier = f"<t:{read_at.timestamp() - 3600:.0f}:R>"
    two = a_card(an_about(lately, before))
    three = a_card(an_about(lately, before, down))
    assert the_field(two, "Sources") == f"- the digest: last read {earlier}"
    assert the_field(three, "Sources") == f"- the digest: out of reach since {since}"


def test_what_is_kept_of_people_is_said() -> None:
    assert "without who asked" in the_field(a_card(an_about()), "Privacy")


@pytest.mark.parametrize("language", ["en", "ko", "ar", "tlh"])
def test_many_sources_with_odd_names_find_room(language: str) -> None:
    odd = SourceState(name="@everyone" + "*" * 300, last_success_at=None, down_since=None)
    check(a_card(an_about(*[odd] * 30), language))
