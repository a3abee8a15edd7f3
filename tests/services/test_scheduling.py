"""Timers: one a slot, at the right instants, following the store."""

from datetime import datetime, timedelta

import pytest

from bot.services.clock import utc_now
from bot.services.collecting import Collecting
from bot.services.delivering import Delivering
from bot.services.scheduling import DailyTrigger, Scheduling
from bot.services.subscribing import Subscribing
from bot.services.suspending import Suspending
from bot.storage.database import Database
from tests.builders import CHANNEL, GUILD, a_daily_time, a_digest, some_preferences, utc
from tests.services.conftest import Channels, Clock, ScriptedSource, store, subscribe


@pytest.fixture
def scheduling(
    database: Database,
    collecting: Collecting,
    delivering: Delivering,
    suspending: Suspending,
    clock: Clock,
) -> Scheduling:
    return Scheduling(
        database=database,
        collecting=collecting,
        delivering=delivering,
        suspending=suspending,
        now=clock,
        collect_every=timedelta(minutes=15),
    )


@pytest.mark.parametrize(
    ("previous", "now", "fires"),
    [
        (None, utc(2024, 10, 26, 12), utc(2024, 10, 27, 0, 30)),
        (utc(2024, 10, 27, 0, 30), utc(2024, 10, 27, 0, 30), utc(2024, 10, 28, 1, 30)),
        (utc(2024, 3, 30, 1, 30), utc(2024, 3, 30, 1, 30), utc(2024, 3, 31, 1, 30)),
    ],
)
def test_the_trigger_fires_once_a_day_also_when_clocks_change(
    previous: datetime | None, now: datetime, fires: datetime
) -> None:
    trigger = DailyTrigger(a_daily_time("02:30", "Europe/Berlin"))
    assert trigger.get_next_fire_time(previous, now) == fires
    assert "02:30 Europe/Berlin" in str(trigger)


def test_the_trigger_can_live_on_another_day_than_the_machine() -> None:
    shift = timedelta(days=-900)
    trigger = DailyTrigger(a_daily_time("09:00", "UTC"), shift=shift)
    assert trigger.get_next_fire_time(None, utc(2024, 6, 4, 8) - shift) == (
        utc(2024, 6, 4, 9) - shift
    )


async def test_a_slot_delivers_to_all_who_chose_it_and_to_nobody_else(
    database: Database, scheduling: Scheduling, channels: Channels
) -> None:
    await store(database, a_digest())
    for n in range(3):
        await subscribe(database, CHANNEL + n)
    await subscribe(database, CHANNEL + 3, daily=a_daily_time("10:00"))
    await subscribe(database, CHANNEL + 4, daily=a_daily_time("09:00", "Asia/Tokyo"))

    await scheduling.fire(a_daily_time("09:00", "Asia/Seoul"))

    assert sorted(channels.posted) == [CHANNEL, CHANNEL + 1, CHANNEL + 2]


async def test_a_paused_subscription_gets_nothing(
    database: Database, scheduling: Scheduling, channels: Channels
) -> None:
    await store(database, a_digest())
    subscription = await subscribe(database)
    async with database.transaction() as stores:
        await stores.subscriptions.pause(subscription.id)
    await scheduling.fire(a_daily_time())
    await scheduling.sweep()
    assert channels.titles() == []


async def test_a_delivery_brings_the_votes_of_the_last_minutes(
    database: Database, scheduling: Scheduling, source: ScriptedSource, channels: Channels
) -> None:
    await store(database, a_digest())
    source.put(a_digest(numbers=[3, 1, 2]))
    await subscribe(database)
    await scheduling.fire(a_daily_time())
    assert channels.titles() == ["Paper 3", "Paper 1", "Paper 2"]


async def test_after_downtime_a_channel_gets_one_delivery(
    database: Database, scheduling: Scheduling, channels: Channels, clock: Clock
) -> None:
    for day in (3, 4, 5, 6):
        await store(database, a_digest(utc(2024, 6, day).date(), [day]))
    await subscribe(database)
    clock.instant = utc(2024, 6, 7, 5)

    await scheduling.sweep()
    await scheduling.sweep()

    assert channels.titles() == ["Paper 6", "Paper 5"], "the lists of three days, once"


async def test_a_slot_that_passes_while_the_bot_starts_is_delivered(
    database: Database, scheduling: Scheduling, source: ScriptedSource, channels: Channels
) -> None:
    source.put(a_digest())
    await subscribe(database)
    await scheduling.start()
    try:
        await channels.have(3)
    finally:
        await scheduling.stop()


async def test_a_timer_fires_at_its_instant_and_the_papers_come(
    database: Database,
    collecting: Collecting,
    channels: Channels,
    source: ScriptedSource,
    suspending: Suspending,
) -> None:
    """On the machine's own clock, shifted to a moment before 09:00 in Seoul."""
    shift = utc(2024, 6, 4, 23, 59, 59) - utc_now()

    def now() -> datetime:
        return utc_now() + shift

    source.put(a_digest())
    async with database.transaction() as stores:
        await stores.subscriptions.add(
            guild_id=GUILD, channel_id=CHANNEL, preferences=some_preferences(), created_at=now()
        )
    scheduling = Scheduling(
        database=database,
        collecting=collecting,
        delivering=Delivering(database, channels, channels, sources=["huggingface"], now=now),
        suspending=suspending,
        now=now,
        collect_every=timedelta(minutes=15),
        shift=shift,
    )
    await scheduling.start()
    try:
        await channels.have(3)
    finally:
        await scheduling.stop()
    async with database.reading() as stores:
        [delivery] = await stores.deliveries.unfinished() or [await stores.deliveries.get(1)]
    assert delivery.slot_at == utc(2024, 6, 5)


async def test_timers_follow_the_subscriptions(
    database: Database, scheduling: Scheduling, clock: Clock
) -> None:
    subscribing = Subscribing(database, now=clock, on_change=scheduling.track)
    await scheduling.start()
    try:
        for n in range(3):
            await subscribing.subscribe(
                guild_id=GUILD, channel_id=CHANNEL + n, preferences=some_preferences(), user_id=1
            )
        assert set(scheduling.slots) == {a_daily_time()}, "one timer for three subscriptions"

        changed = await subscribing.of_channel(CHANNEL)
        await subscribing.change(changed, some_preferences(daily=a_daily_time("10:00")))
        assert set(scheduling.slots) == {a_daily_time(), a_daily_time("10:00")}

        await subscribing.pause(CHANNEL)
        assert set(scheduling.slots) == {a_daily_time()}
        for n in (1, 2):
            await subscribing.unsubscribe(CHANNEL + n)
        assert set(scheduling.slots) == set()
    finally:
        await scheduling.stop()


async def test_a_process_delivers_the_servers_of_its_own_shards_only(
    database: Database,
    collecting: Collecting,
    delivering: Delivering,
    suspending: Suspending,
    channels: Channels,
    clock: Clock,
) -> None:
    await store(database, a_digest())
    await subscribe(database)
    scheduling = Scheduling(
        database=database,
        collecting=collecting,
        delivering=delivering,
        suspending=suspending,
        now=clock,
        collect_every=timedelta(minutes=15),
        owns=lambda guild_id: guild_id != GUILD,
    )
    await scheduling.fire(a_daily_time())
    await scheduling.sweep()
    assert channels.titles() == []


async def test_stopping_breaks_off_a_source_that_hangs_without_a_word_of_error(
    scheduling: Scheduling, source: ScriptedSource, caplog: pytest.LogCaptureFixture
) -> None:
    source.hangs = True
    await scheduling.start()
    await source.asked.wait()
    await scheduling.stop(patience=timedelta(0))
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


async def test_a_source_that_hangs_at_the_hour_makes_the_delivery_wait_for_its_list(
    database: Database,
    scheduling: Scheduling,
    source: ScriptedSource,
    channels: Channels,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("bot.services.scheduling.PATIENCE", timedelta(seconds=0.05))
    await subscribe(database)
    source.hangs = True
    await scheduling.fire(a_daily_time())
    assert channels.titles() == []

    source.hangs = False
    source.put(a_digest())
    await scheduling.collect()
    assert channels.titles() == ["Paper 1", "Paper 2", "Paper 3"]
