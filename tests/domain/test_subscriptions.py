"""Days have one delivery time each, in any zone, on any day of the year."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.subscriptions import DailyTime, SubscriptionState, shard_of
from bot.domain.typed import zone_names
from tests.builders import a_daily_time, a_subscription, some_preferences, utc


def test_the_same_wall_clock_time_all_year() -> None:
    daily = a_daily_time("09:00", "Europe/Berlin")
    assert daily.on(date(2024, 1, 15)) == utc(2024, 1, 15, 8)
    assert daily.on(date(2024, 7, 15)) == utc(2024, 7, 15, 7)


def test_the_night_that_clocks_go_forward_skips_no_day() -> None:
    """In Berlin 02:30 does not exist on 31 March 2024; the post comes when it would have been."""
    daily = a_daily_time("02:30", "Europe/Berlin")
    assert daily.on(date(2024, 3, 31)) == utc(2024, 3, 31, 1, 30)
    assert daily.next_after(utc(2024, 3, 30, 12)) == utc(2024, 3, 31, 1, 30)
    assert daily.next_after(utc(2024, 3, 31, 1, 30)) == utc(2024, 4, 1, 0, 30)


def test_the_night_that_clocks_go_back_repeats_no_day() -> None:
    """In Berlin 02:30 comes twice on 27 October 2024; the post comes the first time only."""
    daily = a_daily_time("02:30", "Europe/Berlin")
    first = daily.next_after(utc(2024, 10, 26, 12))
    assert first == utc(2024, 10, 27, 0, 30)
    assert daily.next_after(first) == utc(2024, 10, 28, 1, 30)


@pytest.mark.parametrize(
    ("zone", "slot"),
    [
        ("Pacific/Kiritimati", utc(2024, 6, 3, 19)),  # UTC+14
        ("Asia/Seoul", utc(2024, 6, 4, 0)),
        ("Asia/Kathmandu", utc(2024, 6, 4, 3, 15)),
        ("UTC", utc(2024, 6, 4, 9)),
        ("America/Los_Angeles", utc(2024, 6, 4, 16)),
        ("Pacific/Pago_Pago", utc(2024, 6, 4, 20)),  # UTC-11
    ],
)
def test_zones_east_and_west(zone: str, slot: datetime) -> None:
    daily = a_daily_time("09:00", zone)
    assert daily.on(date(2024, 6, 4)) == slot
    assert daily.day_of(slot) == date(2024, 6, 4)


def test_a_day_that_a_zone_skipped_is_skipped_with_it() -> None:
    """Samoa had no 30 December 2011: it moved over the date line."""
    daily = a_daily_time("09:00", "Pacific/Apia")
    slots = [daily.on(date(2011, 12, day)) for day in (29, 30, 31)]
    following = daily.next_after(slots[0])
    assert following > slots[0]
    assert daily.next_after(following) > following


@given(
    at=st.times().map(lambda t: t.replace(second=0, microsecond=0)),
    zone=st.sampled_from(zone_names()),
    start=st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2037, 1, 1)),  # noqa: DTZ001 - hypothesis wants naive bounds
)
def test_slots_follow_each_other_about_a_day_apart(at: time, zone: str, start: datetime) -> None:
    daily = DailyTime(at=at, zone=ZoneInfo(zone))
    slots = [daily.next_after(start.replace(tzinfo=UTC))]
    for _ in range(5):
        slots.append(daily.next_after(slots[-1]))
    assert slots[0] > start.replace(tzinfo=UTC)
    for earlier, later in pairwise(slots):
        assert timedelta(0) < later - earlier < timedelta(hours=50)
        assert daily.last_until(later - timedelta(microseconds=1)) == earlier
        assert daily.last_until(later) == later


def test_a_daily_time_is_a_bare_wall_clock_time() -> None:
    for wrong in (time(9, tzinfo=UTC), time(9, 0, 1)):
        with pytest.raises(ValueError, match="daily time"):
            DailyTime(at=wrong, zone=ZoneInfo("UTC"))
    assert str(a_daily_time()) == "09:00 Asia/Seoul"


def test_a_limit_is_sensible() -> None:
    with pytest.raises(ValueError, match="between 1 and 100"):
        some_preferences(limit=0)


def test_downtime_owes_one_slot_the_latest() -> None:
    subscription = a_subscription(last_slot_at=utc(2024, 6, 1))
    assert subscription.missed_slot(utc(2024, 6, 4, 10)) == utc(2024, 6, 4)


def test_a_slot_is_owed_once() -> None:
    subscription = a_subscription(last_slot_at=utc(2024, 6, 4))
    assert subscription.missed_slot(utc(2024, 6, 4, 10)) is None


def test_slots_before_the_subscription_are_not_owed() -> None:
    subscription = a_subscription(created_at=utc(2024, 6, 4, 5), last_slot_at=None)
    assert subscription.is_first
    assert subscription.missed_slot(utc(2024, 6, 4, 10)) is None
    assert subscription.missed_slot(utc(2024, 6, 5)) == utc(2024, 6, 5)


def test_a_server_is_on_the_shard_that_discord_says() -> None:
    """The formula's own example: https://discord.com/developers/docs/events/gateway#sharding."""
    assert shard_of(197038439483310086, 1) == 0
    assert shard_of(1 << 22, 4) == 1
    assert shard_of((5 << 22) + 77, 4) == 1


def test_a_time_that_is_moved_to_later_today_first_counts_tomorrow_if_today_had_its_delivery() -> (
    None
):
    subscription = a_subscription(
        preferences=some_preferences(daily=a_daily_time("17:00")),
        last_slot_at=utc(2024, 6, 4),
        counts_from=utc(2024, 6, 4, 1),
    )
    now = utc(2024, 6, 4, 1)
    assert not subscription.owes(utc(2024, 6, 4, 8))
    assert subscription.next_slot(now) == utc(2024, 6, 5, 8)
    assert subscription.owes(utc(2024, 6, 5, 8))


def test_only_its_own_slots_are_owed() -> None:
    assert not a_subscription().owes(utc(2024, 6, 5, 1))
    assert not a_subscription(state=SubscriptionState.PAUSED).owes(utc(2024, 6, 5))


@pytest.mark.parametrize(
    ("ahead", "owed"),
    [
        (timedelta(0), False),  # it had this very slot
        (timedelta(days=1), False),  # the clock was a day ahead: this day was had
        (timedelta(days=40), True),
    ],
)
def test_a_clock_that_ran_far_ahead_does_not_silence_a_channel_until_its_day_comes(
    ahead: timedelta, owed: bool
) -> None:
    slot = utc(2024, 6, 5)
    subscription = a_subscription(last_slot_at=slot + ahead)
    assert subscription.owes(slot) is owed
    assert (subscription.missed_slot(slot) == slot) is owed
