from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy.exc import StatementError

from bot.domain.subscriptions import (
    DailyTime,
    Preferences,
    Subscription,
    SubscriptionState,
    Suspension,
    SuspensionCause,
)
from bot.storage.database import Database
from bot.storage.errors import AlreadySubscribed, SubscriptionNotFound
from tests.storage.samples import CHANNEL, GUILD, NOON, daily, subscribe

CHOSEN = Preferences(
    daily=DailyTime(at=time(21, 45), zone=ZoneInfo("America/St_Johns")),
    language="ko",
    limit=7,
    role_id=2**63 - 1,
    announce_quiet_days=False,
)


async def stored(database: Database, subscription_id: int) -> Subscription:
    async with database.reading() as stores:
        found = await stores.subscriptions.get(subscription_id)
    assert found is not None
    return found


async def test_a_subscription_comes_back_as_it_was_made(database: Database) -> None:
    async with database.transaction() as stores:
        made = await stores.subscriptions.add(
            guild_id=GUILD, channel_id=2**63 - 1, preferences=CHOSEN, created_at=NOON
        )

    assert made == Subscription(
        id=made.id, guild_id=GUILD, channel_id=2**63 - 1, preferences=CHOSEN, created_at=NOON
    )
    assert await stored(database, made.id) == made
    async with database.reading() as stores:
        assert await stores.subscriptions.of_channel(2**63 - 1) == made


async def test_a_channel_without_a_subscription_has_none(database: Database) -> None:
    async with database.reading() as stores:
        assert await stores.subscriptions.of_channel(CHANNEL) is None
        assert await stores.subscriptions.get(1) is None


async def test_a_second_subscription_of_a_channel_is_refused_and_the_first_kept(
    database: Database,
) -> None:
    first = await subscribe(database)

    with pytest.raises(AlreadySubscribed) as caught:
        await subscribe(database, at=daily(20))

    assert caught.value.reply.values == {"channel": f"<#{CHANNEL}>"}
    assert await stored(database, first.id) == first


async def test_a_server_sees_its_own_subscriptions_oldest_first(database: Database) -> None:
    second = await subscribe(database, 12)
    first = await subscribe(database, 11)
    await subscribe(database, 13, guild_id=5)

    async with database.reading() as stores:
        assert await stores.subscriptions.in_guild(GUILD) == (second, first)


async def test_only_active_subscriptions_have_slots(database: Database) -> None:
    seoul = await subscribe(database, 1)
    paused = await subscribe(database, 2)
    suspended = await subscribe(database, 3, at=daily(10))
    berlin = await subscribe(database, 4, at=daily(9, zone="Europe/Berlin"))
    later = await subscribe(database, 5, at=daily(9, 30))
    also_seoul = await subscribe(database, 6)
    async with database.transaction() as stores:
        await stores.subscriptions.pause(paused.id)
        await stores.subscriptions.suspend(suspended.id, SuspensionCause.REFUSED, "why", at=NOON)

    async with database.reading() as stores:
        assert await stores.subscriptions.at(daily()) == (seoul, also_seoul)
        assert await stores.subscriptions.at(daily(10)) == ()
        assert await stores.subscriptions.slots() == {
            daily(),
            daily(9, 30),
            daily(9, zone="Europe/Berlin"),
        }
        active = await stores.subscriptions.all(SubscriptionState.ACTIVE)
        assert active == (seoul, berlin, later, also_seoul)
        assert len(await stores.subscriptions.all()) == 6


async def test_a_state_is_kept_with_its_reason_until_the_next(database: Database) -> None:
    made = await subscribe(database)
    async with database.transaction() as stores:
        await stores.subscriptions.suspend(
            made.id, SuspensionCause.REFUSED, "no permission", at=NOON
        )
    suspended = await stored(database, made.id)
    async with database.transaction() as stores:
        await stores.subscriptions.resume(made.id, at=NOON)
    active = await stored(database, made.id)

    assert suspended.state is SubscriptionState.SUSPENDED
    assert suspended.suspension == Suspension(
        cause=SuspensionCause.REFUSED, reason="no permission", since=NOON
    )
    assert active == made


async def test_a_slot_without_a_delivery_is_missed(database: Database) -> None:
    made = await subscribe(database, created_at=NOON)  # 21:00 in Seoul
    slot = datetime(2024, 6, 5, 0, tzinfo=UTC)

    async with database.reading() as stores:
        assert await stores.subscriptions.missed(slot - timedelta(minutes=1)) == ()
        assert await stores.subscriptions.missed(slot) == (made,)
    async with database.transaction() as stores:
        delivery = await stores.deliveries.open(made, slot)
        assert delivery is not None
        await stores.deliveries.plan(delivery.id, [], quiet=None, quiet_until=None)
    async with database.reading() as stores:
        assert await stores.subscriptions.missed(slot + timedelta(hours=23)) == ()


async def test_a_paused_subscription_misses_nothing(database: Database) -> None:
    made = await subscribe(database)
    async with database.transaction() as stores:
        await stores.subscriptions.pause(made.id)

    async with database.reading() as stores:
        assert await stores.subscriptions.missed(NOON + timedelta(days=9)) == ()


async def test_a_subscription_that_is_resumed_owes_no_slot_of_the_pause(
    database: Database,
) -> None:
    made = await subscribe(database)
    resumed_at = NOON + timedelta(days=3)
    async with database.transaction() as stores:
        await stores.subscriptions.pause(made.id)
        await stores.subscriptions.resume(made.id, at=resumed_at)

    async with database.reading() as stores:
        assert await stores.subscriptions.missed(resumed_at) == ()
        assert len(await stores.subscriptions.missed(resumed_at + timedelta(days=1))) == 1


async def test_a_change_keeps_everything_that_was_not_chosen(database: Database) -> None:
    made = await subscribe(database)
    async with database.transaction() as stores:
        changed = await stores.subscriptions.change(made.id, CHOSEN)

    assert changed == replace(made, preferences=CHOSEN)
    assert await stored(database, made.id) == changed


async def test_a_new_time_that_has_passed_today_is_not_owed(database: Database) -> None:
    made = await subscribe(database)  # 09:00 in Seoul
    now = NOON + timedelta(hours=2)
    async with database.transaction() as stores:
        changed = await stores.subscriptions.change(
            made.id, Preferences(daily=daily(22, 30)), at=now
        )

    async with database.reading() as stores:
        assert await stores.subscriptions.missed(now) == ()
    assert changed.missed_slot(now) is None
    assert await stored(database, made.id) == changed


async def test_a_new_language_leaves_a_missed_slot_owed(database: Database) -> None:
    made = await subscribe(database)
    now = NOON + timedelta(days=1)
    async with database.transaction() as stores:
        changed = await stores.subscriptions.change(
            made.id, replace(made.preferences, language="ko"), at=now
        )

    assert changed.missed_slot(now) is not None


async def test_a_subscription_that_has_ended_cannot_be_changed(database: Database) -> None:
    made = await subscribe(database)
    async with database.transaction() as stores:
        await stores.subscriptions.remove(made.id)
        await stores.subscriptions.remove(made.id)
        await stores.subscriptions.pause(made.id)
        with pytest.raises(SubscriptionNotFound):
            await stores.subscriptions.change(made.id, CHOSEN)

    async with database.reading() as stores:
        assert await stores.subscriptions.all() == ()


async def test_a_new_subscription_never_gets_the_id_of_an_ended_one(database: Database) -> None:
    ended = await subscribe(database)
    async with database.transaction() as stores:
        await stores.subscriptions.remove(ended.id)

    assert (await subscribe(database)).id != ended.id


async def test_an_instant_without_a_zone_is_refused(database: Database) -> None:
    with pytest.raises(StatementError, match="has a time zone"):
        await subscribe(database, created_at=datetime(2024, 6, 4, 12))  # noqa: DTZ001 - the test


async def test_an_instant_of_any_zone_comes_back_as_the_same_instant_in_utc(
    database: Database,
) -> None:
    moment = datetime(2024, 6, 4, 21, 0, 0, 123456, tzinfo=ZoneInfo("Asia/Seoul"))
    made = await subscribe(database, created_at=moment)

    assert made.created_at == moment
    assert made.created_at.tzinfo is UTC


# --- suspended ---

SLOT_OF_TODAY = datetime(2024, 6, 5, 0, tzinfo=UTC)  # 09:00 in Seoul


async def suspend(database: Database, subscription: Subscription, at: datetime = NOON) -> None:
    async with database.transaction() as stores:
        assert await stores.subscriptions.suspend(
            subscription.id, SuspensionCause.LACKING, "I lack Embed Links", at=at
        )


async def test_a_suspension_keeps_its_first_cause_until_a_better_one_is_known(
    database: Database,
) -> None:
    made = await subscribe(database)
    await suspend(database, made)
    async with database.transaction() as stores:
        again = await stores.subscriptions.suspend(
            made.id, SuspensionCause.REFUSED, "403", at=NOON + timedelta(hours=1)
        )
    assert not again
    kept = (await stored(database, made.id)).suspension
    assert kept == Suspension(
        cause=SuspensionCause.LACKING, reason="I lack Embed Links", since=NOON
    )

    async with database.transaction() as stores:
        for hours in (1, 2):
            await stores.subscriptions.recognise(
                made.id, SuspensionCause.REMOVED, "put out", at=NOON + timedelta(hours=hours)
            )
    assert (await stored(database, made.id)).suspension == replace(
        kept,
        cause=SuspensionCause.REMOVED,
        reason="put out",
        since=NOON + timedelta(hours=1),
    )


async def test_a_paused_subscription_is_not_suspended_and_a_suspended_one_can_be_paused(
    database: Database,
) -> None:
    paused, suspended = await subscribe(database, 1), await subscribe(database, 2)
    async with database.transaction() as stores:
        await stores.subscriptions.pause(paused.id)
        assert not await stores.subscriptions.suspend(
            paused.id, SuspensionCause.REFUSED, "403", at=NOON
        )
        await stores.subscriptions.recognise(paused.id, SuspensionCause.REFUSED, "403", at=NOON)
    await suspend(database, suspended)
    async with database.transaction() as stores:
        await stores.subscriptions.pause(suspended.id)

    for subscription in (paused, suspended):
        found = await stored(database, subscription.id)
        assert (found.state, found.suspension) == (SubscriptionState.PAUSED, None)


async def test_that_people_are_told_is_noted_once_and_anew_for_each_suspension(
    database: Database,
) -> None:
    made = await subscribe(database)
    await suspend(database, made)
    later = NOON + timedelta(minutes=1)
    async with database.transaction() as stores:
        assert await stores.subscriptions.begin_telling(made.id, NOON) is None
        assert await stores.subscriptions.begin_telling(made.id, later) == NOON
        await stores.subscriptions.told(made.id, None)
        assert await stores.subscriptions.begin_telling(made.id, later) is None
        await stores.subscriptions.told(made.id, later)
    known = (await stored(database, made.id)).suspension
    assert known is not None
    assert known.told_at == later

    async with database.transaction() as stores:
        await stores.subscriptions.resume(made.id, at=later)
    await suspend(database, made, later)
    known = (await stored(database, made.id)).suspension
    assert known is not None
    assert known.told_at == later, "told just now of another counts"

    async with database.transaction() as stores:
        await stores.subscriptions.resume(made.id, at=later)
    await suspend(database, made, later + timedelta(days=1))
    async with database.transaction() as stores:
        assert await stores.subscriptions.begin_telling(made.id, later) is None


async def test_a_suspension_owes_its_last_slot_and_a_pause_does_not(database: Database) -> None:
    suspended, paused = await subscribe(database, 1), await subscribe(database, 2)
    await suspend(database, suspended)
    days_later = SLOT_OF_TODAY + timedelta(days=3, hours=2)
    async with database.transaction() as stores:
        await stores.subscriptions.pause(paused.id)
        for subscription in (suspended, paused):
            await stores.subscriptions.resume(subscription.id, at=days_later)
        missed = await stores.subscriptions.missed(days_later)
    assert [subscription.id for subscription in missed] == [suspended.id]


async def test_resuming_what_is_active_changes_nothing(database: Database) -> None:
    """Two processes see the same event, or somebody says it just after the slot."""
    made = await subscribe(database)
    later = SLOT_OF_TODAY + timedelta(seconds=10)
    async with database.transaction() as stores:
        assert await stores.subscriptions.resume(made.id, at=later) == made
        assert await stores.subscriptions.missed(later) == (made,)


async def test_a_subscription_that_has_ended_cannot_be_resumed(database: Database) -> None:
    made = await subscribe(database)
    async with database.transaction() as stores:
        await stores.subscriptions.remove(made.id)
        assert await stores.subscriptions.resume(made.id, at=NOON) is None
        assert not await stores.subscriptions.suspend(
            made.id, SuspensionCause.GONE, "gone", at=NOON
        )


@pytest.mark.parametrize("hours_ago", [1, 22, 23, 24, 26, 48])
@pytest.mark.parametrize("changed", [False, True])
async def test_looking_for_missed_slots_finds_what_looking_at_each_would(
    database: Database, hours_ago: int, changed: bool
) -> None:
    """Also where the time was moved since, and on the days that clocks change."""
    changed_at = datetime(2024, 10, 26, 9, tzinfo=UTC)
    for channel, zone in enumerate(("Europe/Berlin", "Asia/Seoul", "America/St_Johns")):
        made = await subscribe(database, channel + 1, at=daily(9, zone=zone))
        slot = made.preferences.daily.last_until(changed_at)
        async with database.transaction() as stores:
            delivery = await stores.deliveries.open(made, slot)
            assert delivery is not None
            await stores.deliveries.plan(delivery.id, [], quiet=None, quiet_until=None)
            if changed:
                await stores.subscriptions.change(
                    made.id, Preferences(daily=daily(1, 30, zone=zone)), at=changed_at
                )
    now = changed_at + timedelta(hours=hours_ago)
    async with database.reading() as stores:
        everyone = await stores.subscriptions.all(SubscriptionState.ACTIVE)
        missed = await stores.subscriptions.missed(now)
    assert missed == tuple(s for s in everyone if s.missed_slot(now) is not None)
