"""What a channel should get: decided from values alone."""

from collections.abc import Collection
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.deliveries import (
    LINKS_PER_CLOSING,
    WAIT_FOR_SOURCE,
    Decision,
    Message,
    MessageKind,
    MessageState,
    Post,
    Quiet,
    QuietReason,
    Wait,
    days_to_read,
    decide,
    edition,
    for_reader,
    in_order,
    is_as_listed,
    is_closed,
    lists_for,
    lists_for_first,
    must_look_back,
    next_expected_slot,
    nonce,
    plan,
    plan_notice,
)
from bot.domain.digests import Digest
from bot.domain.papers import PaperId
from bot.domain.subscriptions import Scope
from tests.builders import (
    CHANNEL,
    a_daily_time,
    a_digest,
    a_paper,
    a_subscription,
    some_preferences,
    utc,
)

MON, TUE, WED = date(2024, 6, 3), date(2024, 6, 4), date(2024, 6, 5)
FRI = date(2024, 6, 7)
WEDNESDAY_MORNING = utc(2024, 6, 5)
"""09:00 in Seoul, when Tuesday's list is the newest that is open."""


def ids(*numbers: int) -> set[PaperId]:
    return {a_paper(n).id for n in numbers}


def numbers(items: Collection[Any]) -> list[int]:
    return [int(item.paper_id.value[-5:]) for item in items]


# --- which papers ---


def test_newest_list_first_best_first() -> None:
    found = edition(
        [a_digest(MON, [1, 2]), a_digest(TUE, [3, 4])], had=(), delivered_days=(), first=False
    )
    assert numbers(found.items) == [3, 4, 1, 2]
    assert [(item.day, item.rank) for item in found.items] == [
        (TUE, 1),
        (TUE, 2),
        (MON, 1),
        (MON, 2),
    ]


def test_a_paper_the_channel_has_had_never_comes_again() -> None:
    found = edition(
        [a_digest(MON, [1, 2]), a_digest(TUE, [2, 3])],
        had=ids(3),
        delivered_days=(),
        first=False,
    )
    assert numbers(found.items) == [2, 1]
    assert found.items[0].day == TUE, "listed on two days: the newest counts"


def test_a_paper_that_came_to_a_list_after_the_post_is_late() -> None:
    found = edition(
        [a_digest(MON, [1, 2]), a_digest(TUE, [3])], had=ids(1), delivered_days={MON}, first=False
    )
    assert [(n, item.late) for n, item in zip(numbers(found.items), found.items, strict=True)] == [
        (3, False),
        (2, True),
    ]
    assert found.items[1].rank == 2, "its rank is its place on the list, not among the new"


def test_the_first_delivery_brings_the_newest_list_only() -> None:
    found = edition(
        [a_digest(MON, [1]), a_digest(TUE, [2]), a_digest(WED, [])],
        had=(),
        delivered_days=(),
        first=True,
    )
    assert numbers(found.items) == [2]


def test_a_person_gets_what_they_follow_first_or_that_alone() -> None:
    found = edition([a_digest(TUE, [1, 2, 3, 4])], had=(), delivered_days=(), first=False)

    first = for_reader(found, ids(4, 2, 9), Scope.LISTS)
    alone = for_reader(found, ids(4, 2, 9), Scope.FOLLOWED)

    assert numbers(first.items) == [2, 4, 1, 3]
    assert [item.rank for item in first.items] == [2, 4, 1, 3], "places are those of the list"
    assert numbers(alone.items) == [2, 4]
    assert not for_reader(found, (), Scope.FOLLOWED)
    assert for_reader(found, (), Scope.LISTS) == found


def test_a_delivery_draws_on_three_days_dated_in_utc() -> None:
    nine_in_seoul = a_daily_time("08:00", "Asia/Seoul").on(WED)
    assert lists_for(nine_in_seoul) == (TUE, MON, date(2024, 6, 2))


def test_a_first_delivery_may_look_back_over_a_holiday() -> None:
    assert lists_for_first(utc(2024, 6, 10))[-1] == date(2024, 6, 1)


# --- or why none ---


def decided(*digests: Digest, slot_at: datetime = WEDNESDAY_MORNING, **given: Any) -> Decision:
    subscription = given.pop("subscription", a_subscription())
    return decide(
        subscription,
        **{
            "slot_at": slot_at,
            "now": slot_at,
            "digests": digests,
            "had": set(),
            "delivered_days": set(),
            "down_since": None,
            **given,
        },
    )


def test_new_papers_are_posted_also_while_the_source_is_down() -> None:
    decision = decided(a_digest(TUE), down_since=utc(2024, 6, 4, 20))
    assert isinstance(decision, Post)
    assert len(decision.edition.items) == 3
    assert decision.quiet_until is None


def test_nothing_new_and_a_source_down_waits_for_hours_and_then_says_so() -> None:
    slot, down = utc(2024, 6, 5), utc(2024, 6, 4, 20)
    assert decided(down_since=down) == Wait(until=slot + WAIT_FOR_SOURCE)
    assert decided(down_since=down, now=slot + WAIT_FOR_SOURCE) == Quiet(
        reason=QuietReason.SOURCE_DOWN, next_at=utc(2024, 6, 6), spoken=True, since=down
    )


def test_everything_posted_already_is_said() -> None:
    assert decided(a_digest(TUE), had=ids(1, 2, 3)) == Quiet(
        reason=QuietReason.NOTHING_NEW, next_at=utc(2024, 6, 6), spoken=True
    )


def test_a_weekday_without_a_list_is_said() -> None:
    decision = decided(a_digest(TUE, []))
    assert isinstance(decision, Quiet)
    assert decision.reason is QuietReason.NO_LIST


def test_a_weekend_is_said_beforehand_and_then_passes_without_a_line() -> None:
    """Seoul's Saturday morning brings Friday's list; the next one is there on Tuesday."""
    saturday, tuesday = utc(2024, 6, 8), utc(2024, 6, 11)
    before = decided(a_digest(FRI), slot_at=saturday)
    assert isinstance(before, Post)
    assert before.quiet_until == tuesday

    told = a_subscription(last_slot_at=saturday, quiet_until=tuesday)
    for slot in (utc(2024, 6, 9), utc(2024, 6, 10)):
        quiet = decided(a_digest(FRI), slot_at=slot, had=ids(1, 2, 3), subscription=told)
        assert quiet == Quiet(reason=QuietReason.WEEKEND, next_at=tuesday, spoken=False)


def test_late_papers_come_on_an_announced_quiet_day_all_the_same() -> None:
    told = a_subscription(quiet_until=utc(2024, 6, 11))
    decision = decided(
        a_digest(FRI, [1, 2]),
        slot_at=utc(2024, 6, 9),
        had=ids(1),
        delivered_days={FRI},
        subscription=told,
    )
    assert isinstance(decision, Post)
    assert [item.late for item in decision.edition.items] == [True]


def test_a_weekend_that_nobody_announced_is_explained() -> None:
    decision = decided(slot_at=utc(2024, 6, 9))
    assert decision == Quiet(reason=QuietReason.WEEKEND, next_at=utc(2024, 6, 11), spoken=True)


def test_a_source_down_on_an_announced_quiet_day_is_said_all_the_same() -> None:
    slot = utc(2024, 6, 9)
    decision = decided(
        slot_at=slot,
        now=slot + WAIT_FOR_SOURCE,
        down_since=utc(2024, 6, 8),
        subscription=a_subscription(quiet_until=utc(2024, 6, 11)),
    )
    assert isinstance(decision, Quiet)
    assert decision.spoken


def test_both_lines_can_be_turned_off() -> None:
    silent = a_subscription(preferences=some_preferences(announce_quiet_days=False))
    post = decided(a_digest(FRI), slot_at=utc(2024, 6, 8), subscription=silent)
    assert isinstance(post, Post)
    assert post.quiet_until is None
    quiet = decided(slot_at=utc(2024, 6, 9), subscription=silent)
    assert isinstance(quiet, Quiet)
    assert not quiet.spoken


@pytest.mark.parametrize(
    ("zone", "at", "slot", "expected"),
    [
        ("Asia/Seoul", "09:00", utc(2024, 6, 5), utc(2024, 6, 6)),
        ("Asia/Seoul", "09:00", utc(2024, 6, 8), utc(2024, 6, 11)),
        ("Asia/Seoul", "18:00", utc(2024, 6, 7, 9), utc(2024, 6, 10, 9)),
        ("America/Los_Angeles", "09:00", utc(2024, 6, 7, 16), utc(2024, 6, 10, 16)),
        ("UTC", "05:00", utc(2024, 6, 8, 5), utc(2024, 6, 11, 5)),
    ],
)
def test_the_next_papers_come_with_the_next_weekday_list(
    zone: str, at: str, slot: datetime, expected: datetime
) -> None:
    assert next_expected_slot(a_daily_time(at, zone), slot) == expected


# --- until when a list is read ---


def test_a_list_closes_in_the_small_hours_of_the_next_day() -> None:
    assert not is_closed(TUE, utc(2024, 6, 5, 2, 59))
    assert is_closed(TUE, utc(2024, 6, 5, 3))


def test_open_lists_are_read_newest_first_until_they_are_closed() -> None:
    assert days_to_read(utc(2024, 6, 5, 0, 10), closed={MON}) == (WED, TUE)
    assert days_to_read(utc(2024, 6, 5, 12), closed=()) == (WED, TUE, MON)


# --- in which messages ---


def test_the_best_papers_get_a_card_and_the_rest_follow_as_links() -> None:
    decision = decided(a_digest(TUE, range(1, 8)))
    assert isinstance(decision, Post)
    messages = plan(CHANNEL, utc(2024, 6, 5), 5, decision)
    assert [message.kind for message in messages] == [MessageKind.PAPER] * 5 + [MessageKind.CLOSING]
    assert numbers(messages[-1].items) == [6, 7]


def test_many_links_take_several_closing_messages_and_none_is_dropped() -> None:
    decision = decided(a_digest(TUE, range(1, 3 * LINKS_PER_CLOSING)))
    assert isinstance(decision, Post)
    messages = plan(CHANNEL, utc(2024, 6, 5), 1, decision)
    closing = [message for message in messages if message.kind is MessageKind.CLOSING]
    assert len(closing) == 3
    assert all(len(message.items) <= LINKS_PER_CLOSING for message in closing)
    assert numbers([item for message in messages for item in message.items]) == list(
        range(1, 3 * LINKS_PER_CLOSING)
    )


def test_quiet_days_ahead_are_said_at_the_end_also_without_links() -> None:
    decision = decided(a_digest(FRI), slot_at=utc(2024, 6, 8))
    assert isinstance(decision, Post)
    assert plan(CHANNEL, utc(2024, 6, 8), 25, decision)[-1].kind is MessageKind.CLOSING


@given(count=st.integers(1, 150), limit=st.integers(1, 100))
def test_every_paper_is_in_one_message_and_every_nonce_differs(count: int, limit: int) -> None:
    decision = decided(a_digest(TUE, range(1, count + 1)))
    assert isinstance(decision, Post)
    messages = plan(CHANNEL, utc(2024, 6, 5), limit, decision)
    assert numbers([item for m in messages for item in m.items]) == list(range(1, count + 1))
    assert len({m.nonce for m in messages}) == len(messages)


def test_a_message_has_the_same_nonce_whoever_plans_it_when() -> None:
    assert nonce(CHANNEL, "2406.01574") == nonce(CHANNEL, "2406.01574")
    assert nonce(CHANNEL, "2406.01574") != nonce(CHANNEL + 1, "2406.01574")
    assert len(nonce(CHANNEL, "2406.01574")) == 25, "Discord's limit"
    notice = plan_notice(CHANNEL, utc(2024, 6, 9))
    assert notice.kind is MessageKind.NOTICE
    assert notice != plan_notice(CHANNEL, utc(2024, 6, 10))


# --- and what became of them ---

NONCE_REMEMBERED = timedelta(minutes=2)


@pytest.mark.parametrize(
    ("sent_before", "handed_over", "look"),
    [
        (False, None, False),
        (True, timedelta(seconds=30), False),
        (True, NONCE_REMEMBERED + timedelta(seconds=1), True),
        (True, None, True),
    ],
    ids=["never sent", "nonce remembered", "nonce forgotten", "by another process"],
)
def test_the_history_is_read_unless_discord_surely_remembers_the_nonce(
    sent_before: bool, handed_over: timedelta | None, look: bool
) -> None:
    message = Message(
        id=1,
        delivery_id=1,
        channel_id=CHANNEL,
        position=0,
        kind=MessageKind.PAPER,
        nonce="n",
        state=MessageState.UNKNOWN,
        first_sent_at=utc(2024, 6, 5) if sent_before else None,
    )
    looks = must_look_back(message, handed_over=handed_over, nonce_remembered=NONCE_REMEMBERED)
    assert looks is look


def test_papers_in_another_order_are_the_same_papers_and_it_can_be_told() -> None:
    digests = [a_digest(TUE, [1, 2]), a_digest(MON, [3])]
    found = edition(digests, had=(), delivered_days=(), first=False)

    by_taste = in_order(found, [a_paper(n).id for n in (2, 3, 1)])

    assert is_as_listed(found.items)
    assert numbers(by_taste.items) == [2, 3, 1]
    assert set(by_taste.items) == set(found.items)
    assert not is_as_listed(by_taste.items)
    assert not is_as_listed(in_order(found, [a_paper(n).id for n in (3, 1, 2)]).items)
    assert is_as_listed(())
