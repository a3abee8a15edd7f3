"""Our own messages are found again, and nothing else is taken for them."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import discord
import pytest

from bot.domain.deliveries import EditionItem, Quiet, QuietReason
from bot.domain.papers import Bullet, PaperId, Summary, SummaryOrigin
from bot.rendering.cards import paper_card
from bot.rendering.editions import closing, notice
from bot.rendering.message import Rendered
from bot.rendering.recognition import shows
from tests.rendering.papers import ID, a_paper

DAY = date(2024, 6, 4)
MONDAY = datetime(2024, 6, 10, 7, tzinfo=UTC)


def stored(rendered: Rendered, **more: Any) -> discord.Message:
    """`rendered` as Discord gives it back in a channel's history."""
    client = discord.Client(intents=discord.Intents.none())
    data: dict[str, Any] = {
        "id": "1",
        "channel_id": "2",
        "author": {"id": "3", "username": "us", "discriminator": "0", "avatar": None, "bot": True},
        "content": (rendered.content or "").strip(),
        "timestamp": "2024-06-04T09:00:00+00:00",
        "edited_timestamp": None,
        "tts": False,
        "mention_everyone": False,
        "mentions": [],
        "mention_roles": [],
        "attachments": [],
        "embeds": [embed.to_dict() for embed in rendered.embeds],
        "pinned": False,
        "type": 0,
        **more,
    }
    channel: Any = client.get_partial_messageable(2)
    return discord.Message(state=client._connection, channel=channel, data=data)  # type: ignore[arg-type]


def a_card(**changes: Any) -> Rendered:
    arguments: dict[str, Any] = {"day": DAY, "rank": 1, "upvotes": 28, "language": "en"}
    return paper_card(a_paper(), **(arguments | changes))


def a_closing(number: int = 0, day: date = DAY) -> Rendered:
    item = EditionItem(paper_id=ID, day=day, rank=26)
    return closing([(item, a_paper(), 1)], day=day, language="en", quiet_until=None, number=number)


def a_notice(hour: int = 7, language: str = "en") -> Rendered:
    next_at = MONDAY.replace(hour=hour)
    quiet = Quiet(reason=QuietReason.WEEKEND, next_at=next_at, spoken=True)
    return notice(quiet, language=language)


QUIET_AHEAD = closing([], day=DAY, language="en", quiet_until=MONDAY)


@pytest.mark.parametrize(
    "wanted", [a_card(), a_card(heading="Today"), a_closing(), a_notice(), QUIET_AHEAD]
)
def test_a_message_is_recognised(wanted: Rendered) -> None:
    assert shows(stored(wanted), wanted)


def test_a_card_with_other_votes_or_without_its_picture_is_the_same() -> None:
    assert shows(stored(a_card(upvotes=1, heading="Today")), a_card(upvotes=99, plain=True))


def test_a_card_that_got_better_bullets_is_the_same() -> None:
    """So it is not sent a second time after its answer was lost."""
    edited = paper_card(
        replace(
            a_paper(),
            summaries=(
                Summary(language="en", bullets=(Bullet("Better."),), origin=SummaryOrigin.MODEL),
            ),
        ),
        day=DAY,
        rank=1,
        upvotes=30,
        language="en",
    )

    assert shows(stored(edited, edited_timestamp="2024-06-04T09:30:00+00:00"), a_card())
    assert shows(stored(a_card()), edited)


@pytest.mark.parametrize("languages", [("en", "ko"), ("ko", "en"), ("ko", "de"), ("de", "ko")])
def test_a_line_is_recognised_whatever_language_the_channel_has_now(
    languages: tuple[str, str],
) -> None:
    before, now = languages

    assert shows(stored(a_notice(language=before)), a_notice(language=now))
    assert not shows(stored(a_notice(7, language=before)), a_notice(8, language=now))


@pytest.mark.parametrize(
    ("other", "wanted"),
    [
        (
            paper_card(
                a_paper(id=PaperId("2406.00153")), day=DAY, rank=1, upvotes=1, language="en"
            ),
            a_card(),
        ),
        (a_closing(), a_card()),
        (a_closing(0), a_closing(1)),
        (a_closing(day=date(2024, 6, 3)), a_closing()),
        (a_notice(7), a_notice(8)),
        (QUIET_AHEAD, a_notice()),
        (a_card(), a_notice()),
        (a_notice(), a_card()),
    ],
)
def test_another_message_is_not(other: Rendered, wanted: Rendered) -> None:
    assert not shows(stored(other), wanted)


def test_an_answer_to_a_command_is_never_a_post() -> None:
    asked = {
        "id": "9",
        "type": 2,
        "user": {"id": "4", "username": "someone", "discriminator": "0", "avatar": None},
        "authorizing_integration_owners": {},
    }

    assert not shows(stored(a_card(test=True), interaction_metadata=asked), a_card())
