"""Why a paper was posted in a channel or not: the first reason that holds, in sentences."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from bot.domain.deliveries import MessageKind
from bot.domain.interests import Place
from bot.domain.lookups import Appearance
from bot.domain.reasons import Circumstances, PostOf, Why, why
from bot.domain.subscriptions import (
    NO_GUILD,
    Scope,
    Subscription,
    SubscriptionState,
    Suspension,
    SuspensionCause,
)
from bot.rendering.reasons import reasons
from tests.builders import CHANNEL, GUILD, a_paper, a_subscription, some_preferences, utc

NOW = utc(2024, 6, 5, 12)
HERE = Place(GUILD, CHANNEL)
SUBSCRIBED = a_subscription(last_slot_at=utc(2024, 6, 5))
SUSPENDED = replace(
    SUBSCRIBED,
    state=SubscriptionState.SUSPENDED,
    suspension=Suspension(
        cause=SuspensionCause.REFUSED, reason="Missing Access", since=utc(2024, 6, 1)
    ),
)
FOLLOWER = a_subscription(
    guild_id=NO_GUILD,
    reader_id=7,
    scope=Scope.FOLLOWED,
    preferences=some_preferences(announce_quiet_days=False),
    last_slot_at=utc(2024, 6, 5),
)
POSTED = PostOf(
    slot_at=utc(2024, 6, 5),
    kind=MessageKind.PAPER,
    message_id=99,
    day=date(2024, 6, 4),
    late=False,
)


def known(
    *days: date, subscription: Subscription | None = SUBSCRIBED, **more: Any
) -> Circumstances:
    given = {
        "at": NOW,
        "appearances": [Appearance(day=day, rank=3, upvotes=1) for day in days],
        "post": None,
        "subscription": subscription,
        "first_day": None,
        "waits_until": None,
    }
    return Circumstances(**{**given, **more})


TODAY = date(2024, 6, 5)
OLD = TODAY - timedelta(days=9)

CASES = [
    (known(TODAY, post=POSTED), Why.CARD, f"channels/{GUILD}/{CHANNEL}/99"),
    (
        known(TODAY, post=replace(POSTED, kind=MessageKind.CLOSING, late=True)),
        Why.LINK,
        "filled the limit of cards.\nIt came to the list of 4 June 2024 after",
    ),
    (known(TODAY, post=POSTED, subscription=None), Why.CARD, "/99"),
    (
        known(TODAY, post=replace(POSTED, kind=MessageKind.CLOSING), subscription=FOLLOWER),
        Why.LINK,
        "You follow it.",
    ),
    (known(TODAY, post=replace(POSTED, message_id=None)), Why.ON_ITS_WAY, "on its way"),
    (known(), Why.NOT_LISTED, "on no list that I have read.\nSo it could not"),
    (known(TODAY, subscription=None), Why.NOT_SUBSCRIBED, "`/subscribe`"),
    (
        known(TODAY, subscription=replace(SUBSCRIBED, state=SubscriptionState.PAUSED)),
        Why.PAUSED,
        "are paused",
    ),
    (
        known(TODAY, subscription=SUSPENDED),
        Why.SUSPENDED,
        "since <t:1717200000:F>: Missing Access.",
    ),
    (
        known(TODAY, subscription=SUSPENDED, post=replace(POSTED, message_id=None)),
        Why.SUSPENDED,
        "suspended since",
    ),
    (known(TODAY, subscription=FOLLOWER), Why.NOT_FOLLOWED, "`/me digest`"),
    (known(TODAY, subscription=FOLLOWER, is_followed=True), Why.NEXT, "next post: <t:"),
    (
        known(OLD, first_day=date(2024, 6, 1)),
        Why.BEFORE_FIRST,
        "the list of 1 June 2024, and none",
    ),
    (
        known(TODAY, waits_until=utc(2024, 6, 5, 15)),
        Why.WAITS,
        "waits for the source, until <t:1717599600:F>",
    ),
    (known(OLD, first_day=OLD), Why.TOO_OLD, "the lists of 3 days"),
    (known(OLD, TODAY), Why.NEXT, "5 June 2024 (#3)"),
    (
        known(TODAY - timedelta(days=8), subscription=a_subscription(last_slot_at=None)),
        Why.NEXT,
        "next post",
    ),
]


@pytest.mark.parametrize(("circumstances", "expected", "says"), CASES)
def test_the_first_reason_that_holds_is_said(
    circumstances: Circumstances, expected: Why, says: str
) -> None:
    found = why(circumstances)

    assert found is expected
    text = reasons(a_paper(title="On *stars*"), circumstances, found, place=HERE, language="en")
    assert text.startswith("**On \\*stars\\***\n")
    assert says in text
    assert reasons(a_paper(), circumstances, found, place=HERE, language="ko") != text


def test_every_reason_is_among_them() -> None:
    assert {expected for _, expected, _ in CASES} == set(Why)


def test_a_post_in_direct_messages_has_an_address_too() -> None:
    text = reasons(
        a_paper(), known(TODAY, post=POSTED), Why.CARD, place=Place(0, CHANNEL), language="en"
    )

    assert f"https://discord.com/channels/@me/{CHANNEL}/99" in text
