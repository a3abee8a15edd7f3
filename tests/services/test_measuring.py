"""A missed or late delivery, and why, can be told from metrics alone."""

import sqlite3
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain.deliveries import Refused, Unknown
from bot.domain.subscriptions import SubscriptionState
from bot.services.collecting import Collecting
from bot.services.delivering import Delivering
from bot.services.measures import Measures, ShardHealth
from bot.services.measuring import Measuring
from bot.services.timing import DEFAULT_TIMING
from bot.storage.database import Database
from tests.builders import CHANNEL, a_digest, utc
from tests.services.conftest import Channels, Clock, ScriptedSource, store, subscribe
from tests.services.scrape import Scraped

SLOT = utc(2024, 6, 5)


class Watcher:
    """Somebody who sees nothing of the bot but its metrics."""

    def __init__(self, measuring: Measuring) -> None:
        self.measuring = measuring

    async def look(self) -> Scraped:
        return Scraped(await self.measuring.text())


@pytest.fixture
def measures() -> Measures:
    return Measures()


@pytest.fixture
def delivering(
    database: Database, channels: Channels, clock: Clock, measures: Measures
) -> Delivering:
    return Delivering(
        database,
        channels,
        channels,
        sources=["huggingface"],
        now=clock,
        timing=replace(DEFAULT_TIMING, first_retry=timedelta(milliseconds=1)),
        measures=measures,
    )


@pytest.fixture
async def watcher(database: Database, measures: Measures, clock: Clock) -> AsyncGenerator[Watcher]:
    measuring = Measuring(
        database, measures, sources=["huggingface"], now=clock, kept_for=timedelta(0)
    )
    yield Watcher(measuring)
    await measuring.close()


# --- deliveries ---------------------------------------------------------------------------


async def test_a_delivery_on_time(
    database: Database, delivering: Delivering, watcher: Watcher, clock: Clock
) -> None:
    await store(database, a_digest())
    subscription = await subscribe(database)
    clock.instant = SLOT + timedelta(seconds=3)
    await delivering.deliver(subscription, SLOT)

    seen = await watcher.look()
    assert seen["deliveries_planned_total"] == 1
    assert seen["messages_total", "sent"] == 3
    assert seen["delivery_lateness_seconds_bucket", "5.0"] == 1
    assert seen.all("deliveries_unfinished") == {("open",): 0, ("waiting",): 0}
    assert seen["oldest_unfinished_delivery_age_seconds"] == 0
    assert seen["subscriptions_overdue"] == 0
    assert seen["messages_in_doubt"] == 0


async def test_a_delivery_that_came_late(
    database: Database, delivering: Delivering, watcher: Watcher, clock: Clock
) -> None:
    await store(database, a_digest())
    subscription = await subscribe(database)
    clock.instant = SLOT + timedelta(minutes=20)
    await delivering.deliver(subscription, SLOT)

    seen = await watcher.look()
    assert seen["delivery_lateness_seconds_bucket", "900.0"] == 0
    assert seen["delivery_lateness_seconds_bucket", "3600.0"] == 1


async def test_a_delivery_that_waits_for_its_source_and_comes_when_that_is_back(
    database: Database,
    delivering: Delivering,
    watcher: Watcher,
    clock: Clock,
    source: ScriptedSource,
    measures: Measures,
) -> None:
    collecting = Collecting(database, [source], now=clock, measures=measures)
    await collecting.refresh()
    source.down = True
    clock.instant = SLOT
    await collecting.refresh()
    await delivering.deliver(await subscribe(database), SLOT)
    clock.advance(minutes=30)

    seen = await watcher.look()
    assert seen["deliveries_unfinished", "waiting"] == 1
    assert seen["oldest_unfinished_delivery_age_seconds"] == 30 * 60
    assert seen["source_up", "huggingface"] == 0
    assert seen["source_last_success_age_seconds", "huggingface"] == 30 * 60
    assert seen["source_read_seconds_count", "huggingface", "false"] == 1
    assert seen["deliveries_planned_total"] == 0
    assert seen["subscriptions_overdue"] == 0, "it was not forgotten"

    source.down = False
    source.put(a_digest())
    await collecting.refresh()
    await delivering.resume()
    seen = await watcher.look()
    assert seen["deliveries_unfinished", "waiting"] == 0
    assert seen["source_up", "huggingface"] == 1
    assert seen["source_last_success_age_seconds", "huggingface"] == 0
    assert seen["delivery_lateness_seconds_bucket", "3600.0"] == 1


async def test_a_channel_that_refuses(
    database: Database,
    delivering: Delivering,
    watcher: Watcher,
    channels: Channels,
    clock: Clock,
) -> None:
    await store(database, a_digest())
    subscription = await subscribe(database)
    channels.always[CHANNEL] = Refused("403 (error 50013): Missing Permissions")
    clock.instant = SLOT
    await delivering.deliver(subscription, SLOT)
    clock.advance(days=1, hours=1)

    seen = await watcher.look()
    assert seen["messages_total", "refused"] == 1
    assert seen["suspensions_total", "refused"] == 1
    assert seen["subscriptions", "suspended"] == 1
    assert seen["subscriptions", "active"] == 0
    assert seen["deliveries_unfinished", "open"] == 0, "it waits for its channel"
    assert seen["subscriptions_overdue"] == 0
    assert seen["delivery_lateness_seconds_count"] == 0


async def test_messages_of_which_nobody_knows_whether_they_stand(
    database: Database,
    delivering: Delivering,
    watcher: Watcher,
    channels: Channels,
    clock: Clock,
) -> None:
    await store(database, a_digest())
    subscription = await subscribe(database)
    channels.always[CHANNEL] = Unknown("no answer")
    clock.instant = SLOT
    await delivering.deliver(subscription, SLOT)

    seen = await watcher.look()
    assert seen["messages_total", "unknown"] > 1
    assert seen["deliveries_unfinished", "open"] == 1
    assert seen["messages_in_doubt"] == 0, "the worker still holds its lease"

    clock.advance(minutes=15)
    seen = await watcher.look()
    assert seen["messages_in_doubt"] == 1
    assert seen["oldest_unfinished_delivery_age_seconds"] == 15 * 60

    del channels.always[CHANNEL]
    await delivering.resume()
    seen = await watcher.look()
    assert seen["messages_in_doubt"] == 0
    assert seen["delivery_lateness_seconds_bucket", "900.0"] == 1


async def test_a_slot_at_which_no_process_ran(
    database: Database, delivering: Delivering, watcher: Watcher, clock: Clock
) -> None:
    """What counted nothing, because it was down, shows in the store."""
    await store(database, a_digest())
    subscription = await subscribe(database)
    clock.instant = SLOT + timedelta(minutes=9)
    assert (await watcher.look())["subscriptions_overdue"] == 0, "it may be about to come"
    clock.instant = SLOT + timedelta(minutes=11)
    assert (await watcher.look())["subscriptions_overdue"] == 1
    clock.instant = SLOT + timedelta(days=2, minutes=11)
    assert (await watcher.look())["subscriptions_overdue"] == 1

    await delivering.deliver(subscription, SLOT + timedelta(days=2))
    assert (await watcher.look())["subscriptions_overdue"] == 0


async def test_who_paused_is_owed_nothing(
    database: Database, watcher: Watcher, clock: Clock
) -> None:
    subscription = await subscribe(database)
    async with database.transaction() as stores:
        await stores.subscriptions.pause(subscription.id)
    clock.instant = SLOT + timedelta(days=1, hours=1)
    seen = await watcher.look()
    assert seen["subscriptions_overdue"] == 0
    assert seen.all("subscriptions") == {
        (state.value,): float(state is SubscriptionState.PAUSED) for state in SubscriptionState
    }


async def test_only_the_sources_of_the_settings_are_told(
    database: Database, watcher: Watcher, clock: Clock
) -> None:
    async with database.transaction() as stores:
        await stores.lists.note_success("huggingface", clock())
        await stores.lists.note_failure("markdown:./given-up", clock(), "no such folder")
    seen = await watcher.look()
    assert seen.all("source_up") == {("huggingface",): 1}


async def test_a_source_that_never_answered_is_not_up(
    database: Database,
    watcher: Watcher,
    clock: Clock,
    source: ScriptedSource,
) -> None:
    assert (await watcher.look()).all("source_up") == {("huggingface",): 0}, "nobody asked it yet"
    source.down = True
    await Collecting(database, [source], now=clock).refresh()
    seen = await watcher.look()
    assert seen.all("source_up") == {("huggingface",): 0}
    assert seen.all("source_last_success_age_seconds") == {}


# --- the reading itself -------------------------------------------------------------------


async def test_scrapes_in_quick_succession_read_the_store_once(
    database: Database, measures: Measures, clock: Clock
) -> None:
    measuring = Measuring(database, measures, sources=[], now=clock)
    assert Scraped(await measuring.text())["subscriptions", "active"] == 0
    await subscribe(database)
    assert Scraped(await measuring.text())["subscriptions", "active"] == 0

    measures.planned(1)
    assert Scraped(await measuring.text())["deliveries_planned_total"] == 1, "counts are live"


async def test_the_gateway_is_asked_at_every_scrape(
    database: Database, measures: Measures, clock: Clock
) -> None:
    shards = [ShardHealth(shard=0, connected=True, latency=0.1)]
    measuring = Measuring(database, measures, sources=[], now=clock, gateway=lambda: shards)
    assert Scraped(await measuring.text())["gateway_connected", "0"] == 1
    shards[0] = ShardHealth(shard=0, connected=False)
    assert Scraped(await measuring.text())["gateway_connected", "0"] == 0


async def test_a_store_that_cannot_be_read_is_told_and_what_it_held_is_not(
    database: Database, watcher: Watcher, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert await watcher.measuring.trouble() is None
    assert (await watcher.look())["store_up"] == 1

    with closing(sqlite3.connect(tmp_path / "papers.db")) as elsewhere:
        elsewhere.execute("ALTER TABLE sources RENAME TO gone")
        seen = await watcher.look()
        assert seen["store_up"] == 0
        assert seen.all("subscriptions") == {}
        assert seen["deliveries_planned_total"] == 0, "the rest is told all the same"
        assert await watcher.measuring.trouble() == "the database cannot be read: see the log"
        assert "no such table" in caplog.text

        elsewhere.execute("ALTER TABLE gone RENAME TO sources")
    assert (await watcher.look())["store_up"] == 1
    assert await watcher.measuring.trouble() is None


async def test_a_damaged_store_is_told_with_the_cure(
    database: Database, watcher: Watcher, tmp_path: Path
) -> None:
    assert (await watcher.look())["subscriptions", "active"] == 0
    await subscribe(database)
    file = tmp_path / "papers.db"
    with closing(sqlite3.connect(file)) as elsewhere:
        elsewhere.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with file.open("r+b") as disk:
        disk.write(b"\xff" * 100)
    seen = await watcher.look()
    assert seen["store_up"] == 0
    assert seen.all("subscriptions") == {}
    assert "put back a backup" in str(await watcher.measuring.trouble())


async def test_a_store_that_does_not_answer_keeps_no_scrape_waiting(
    database: Database, measures: Measures, clock: Clock
) -> None:
    measuring = Measuring(
        database,
        measures,
        sources=[],
        now=clock,
        kept_for=timedelta(minutes=1),
        patience=timedelta(milliseconds=20),
    )
    async with AsyncExitStack() as readers:
        for _ in range(4):  # all that may read at once
            await readers.enter_async_context(database.reading())
        assert Scraped(await measuring.text())["store_up"] == 0
        assert await measuring.trouble() == "the database does not answer"
    await measuring.close()
    assert await measuring.trouble() is None, "the reading came to its end all the same"
