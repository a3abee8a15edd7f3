"""What the store holds, counted: every figure moves with what it counts, and with nothing else."""

from datetime import datetime, timedelta

from bot.domain.deliveries import DeliveryState, Sent, Unknown
from bot.domain.subscriptions import SubscriptionState, SuspensionCause
from bot.storage.database import Database
from bot.storage.figures import Figures, SourceFigures
from tests.storage.samples import (
    CHANNEL,
    LEASE,
    NOON,
    SLOT,
    cards,
    paper,
    planned,
    save,
    subscribe,
)


async def figures(database: Database, now: datetime = SLOT) -> Figures:
    async with database.reading() as stores:
        return await stores.figures.at(now)


async def test_an_empty_store_is_all_noughts(database: Database) -> None:
    assert await figures(database) == Figures(
        subscriptions=dict.fromkeys(SubscriptionState, 0),
        unfinished={DeliveryState.WAITING: 0, DeliveryState.OPEN: 0},
        oldest_unfinished_at=None,
        in_doubt=0,
        sources={},
    )


async def test_subscriptions_are_counted_by_state(database: Database) -> None:
    subscriptions = [await subscribe(database, CHANNEL + n) for n in range(4)]
    async with database.transaction() as stores:
        await stores.subscriptions.pause(subscriptions[0].id)
        await stores.subscriptions.suspend(
            subscriptions[1].id, SuspensionCause.REFUSED, "403", at=NOON
        )
    assert (await figures(database)).subscriptions == {
        SubscriptionState.ACTIVE: 2,
        SubscriptionState.PAUSED: 1,
        SubscriptionState.SUSPENDED: 1,
    }


async def test_a_delivery_counts_until_it_is_done(database: Database) -> None:
    await save(database, paper(1))
    early, late = [await subscribe(database, CHANNEL + n) for n in range(2)]
    async with database.transaction() as stores:
        assert await stores.deliveries.open(early, SLOT - timedelta(hours=1)) is not None
    delivery = await planned(database, late, cards([1], channel_id=late.channel_id))

    counted = await figures(database)
    assert counted.unfinished == {DeliveryState.WAITING: 1, DeliveryState.OPEN: 1}
    assert counted.oldest_unfinished_at == SLOT - timedelta(hours=1)
    async with database.reading() as stores:
        assert await stores.figures.waiting() == {early.id}

    async with database.transaction() as stores:
        message = await stores.deliveries.claim(
            delivery.messages[0].id, owner="me", now=SLOT, lease=LEASE
        )
        assert message is not None
        await stores.deliveries.finish(message, Sent(1), owner="me", now=SLOT)
        await stores.deliveries.close(delivery.id)
    assert (await figures(database)).unfinished[DeliveryState.OPEN] == 0


async def test_a_suspended_subscriptions_delivery_is_not_unfinished_but_waits_for_its_channel(
    database: Database,
) -> None:
    await save(database, paper(1))
    subscription = await subscribe(database)
    delivery = await planned(database, subscription, cards([1]))
    async with database.transaction() as stores:
        claimed = await stores.deliveries.claim(
            delivery.messages[0].id, owner="me", now=SLOT, lease=LEASE
        )
        assert claimed is not None
        await stores.subscriptions.suspend(subscription.id, SuspensionCause.REFUSED, "403", at=SLOT)
    counted = await figures(database, SLOT + timedelta(days=3))
    assert sum(counted.unfinished.values()) == 0
    assert counted.oldest_unfinished_at is None
    assert counted.in_doubt == 0


async def test_a_message_is_in_doubt_once_its_lease_has_run_out(database: Database) -> None:
    """A worker that holds its lease is looking after it, whatever Discord answered."""
    await save(database, paper(1), paper(2))
    subscription = await subscribe(database)
    delivery = await planned(database, subscription, cards([1, 2]))
    async with database.transaction() as stores:
        message = await stores.deliveries.claim(
            delivery.messages[0].id, owner="me", now=SLOT, lease=LEASE
        )
    assert message is not None

    assert (await figures(database, SLOT + LEASE / 2)).in_doubt == 0
    assert (await figures(database, SLOT + LEASE)).in_doubt == 1, "it died while sending"

    async with database.transaction() as stores:
        await stores.deliveries.finish(message, Unknown("no answer"), owner="me", now=SLOT)
    assert (await figures(database, SLOT + LEASE / 2)).in_doubt == 0
    assert (await figures(database, SLOT + LEASE)).in_doubt == 1, "the answer was lost"

    async with database.transaction() as stores:
        await stores.deliveries.finish(message, Sent(1), owner="me", now=SLOT)
    assert (await figures(database, SLOT + LEASE)).in_doubt == 0


async def test_sources_tell_when_they_last_answered_and_since_when_they_do_not(
    database: Database,
) -> None:
    async with database.transaction() as stores:
        await stores.lists.note_success("huggingface", NOON)
        await stores.lists.note_failure("huggingface", SLOT, "no answer")
        await stores.lists.note_failure("markdown:./digests", NOON, "no such folder")
    assert (await figures(database)).sources == {
        "huggingface": SourceFigures(last_success_at=NOON, down_since=SLOT),
        "markdown:./digests": SourceFigures(last_success_at=None, down_since=NOON),
    }
