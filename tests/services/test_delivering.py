"""Each paper once, in order, whatever becomes of a message."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.deliveries import (
    DeliveryState,
    MessageState,
    NotSent,
    Refused,
    Rejected,
    Sent,
    Unknown,
)
from bot.domain.subscriptions import Suspension, SuspensionCause
from bot.domain.suspensions import Access, Standing
from bot.services.delivering import TRIES, Delivering
from bot.services.measures import Measures
from bot.services.timing import DEFAULT_TIMING
from bot.storage.database import Database, Stores
from bot.storage.errors import DatabaseUnavailable
from tests.builders import CHANNEL, a_daily_time, a_digest, some_preferences, utc
from tests.services.conftest import Channels, Clock, store, subscribe
from tests.services.scrape import Scraped

SLOT = utc(2024, 6, 5)
PAPERS = ["Paper 1", "Paper 2", "Paper 3"]


async def delivery_state(database: Database) -> tuple[DeliveryState, list[MessageState]]:
    """Of the newest delivery."""
    async with database.reading() as stores:
        delivery = await stores.deliveries.get(2)
    return delivery.state, [message.state for message in delivery.messages]


async def test_a_days_papers_come_in_order_under_one_heading(
    database: Database, delivering: Delivering, channels: Channels
) -> None:
    await store(database, a_digest())
    subscription = await subscribe(database, role_id=42)

    await delivering.deliver(subscription, SLOT)

    assert channels.titles() == PAPERS
    first, *rest = [posted.message for posted in channels.posted[CHANNEL]]
    assert "3 papers" in str(first.content)
    assert "Hugging Face" in str(first.content)
    assert first.role_id == 42
    assert all(message.content is None and message.role_id is None for message in rest)
    assert await delivery_state(database) == (DeliveryState.DONE, [MessageState.POSTED] * 3)


async def test_the_heading_names_the_sources_in_the_order_of_the_settings(
    database: Database, channels: Channels, clock: Clock
) -> None:
    async with database.transaction() as stores:
        for source in ("markdown:./digests", "huggingface"):
            await stores.lists.save(a_digest(), source=source, read_at=SLOT, closed=False)
    delivering = Delivering(
        database, channels, channels, sources=["huggingface", "markdown:./digests"], now=clock
    )
    await delivering.deliver(await subscribe(database), SLOT)
    line = str(channels.posted[CHANNEL][0].message.content)
    assert 0 < line.index("Hugging Face") < line.index("digest")


async def test_a_second_firing_posts_nothing(
    database: Database, delivering: Delivering, channels: Channels
) -> None:
    await store(database, a_digest())
    subscription = await subscribe(database)

    await asyncio.gather(*(delivering.deliver(subscription, SLOT) for _ in range(5)))
    await delivering.resume()

    assert channels.titles() == PAPERS
    assert len(channels.asked) == 3


async def test_the_next_day_brings_only_what_is_new(
    database: Database, delivering: Delivering, channels: Channels, clock: Clock
) -> None:
    await store(database, a_digest())
    subscription = await subscribe(database)
    await delivering.deliver(subscription, SLOT)

    await store(database, a_digest(numbers=(1, 2, 3, 4)), a_digest(utc(2024, 6, 5).date(), [5]))
    clock.advance(days=1)
    await delivering.deliver(subscription, SLOT + timedelta(days=1))

    assert channels.titles() == [*PAPERS, "Paper 5", "Paper 4"]
    late = channels.posted[CHANNEL][-1].message.embeds[0]
    assert "late" in str(late.footer.text)


async def test_the_papers_beyond_the_limit_follow_as_links(
    database: Database, delivering: Delivering, channels: Channels
) -> None:
    await store(database, a_digest(numbers=range(1, 6)))
    await delivering.deliver(await subscribe(database, limit=2), SLOT)

    *cards, closing = [posted.message for posted in channels.posted[CHANNEL]]
    assert len(cards) == 2
    assert all(f"2406.0000{n}" in str(closing.embeds[0].to_dict()) for n in (3, 4, 5))


async def test_one_channels_trouble_is_its_own(
    database: Database, delivering: Delivering, channels: Channels
) -> None:
    await store(database, a_digest())
    dead, failing, well = [await subscribe(database, CHANNEL + n) for n in range(3)]
    channels.always[dead.channel_id] = Refused("403 (error 50013): Missing Permissions")
    channels.always[failing.channel_id] = Unknown("no answer")

    await delivering.deliver_all([(s, SLOT) for s in (dead, failing, well)])

    assert channels.titles(well.channel_id) == PAPERS
    assert channels.titles(dead.channel_id) == []
    assert len([1 for channel_id, _ in channels.asked if channel_id == dead.channel_id]) == 1


@pytest.mark.parametrize("posted", [0, 1])
async def test_a_refusal_suspends_the_subscription_and_keeps_its_delivery_as_far_as_it_came(
    database: Database,
    delivering: Delivering,
    channels: Channels,
    clock: Clock,
    posted: int,
) -> None:
    await store(database, a_digest())
    subscription = await subscribe(database)
    channels.always[CHANNEL] = Refused("Missing Permissions (403)")
    channels.then[CHANNEL] = [Sent(n) for n in range(1, posted + 1)]
    await delivering.deliver(subscription, SLOT)
    for _ in range(3):
        await delivering.resume()
    assert len(channels.asked) == posted + 1, "asked once, and not again"

    async with database.transaction() as stores:
        suspended = await stores.subscriptions.of_channel(CHANNEL)
        assert suspended is not None
        assert suspended.suspension == Suspension(
            cause=SuspensionCause.REFUSED, reason="Missing Permissions (403)", since=clock()
        )
        clock.advance(hours=1)
        await stores.subscriptions.resume(subscription.id, at=clock())
    del channels.always[CHANNEL]
    await delivering.resume()
    assert channels.titles() == PAPERS[posted:] if not posted else PAPERS


async def test_after_a_day_of_suspension_one_delivery_brings_what_the_last_days_listed(
    database: Database, delivering: Delivering, channels: Channels, clock: Clock
) -> None:
    await store(database, a_digest(), a_digest(utc(2024, 6, 3).date(), [7, 8]))
    subscription = await subscribe(database)
    channels.then[CHANNEL] = [Unknown("cut"), Refused("Missing Permissions (403)")]
    await delivering.deliver(subscription, SLOT)
    assert channels.titles() == []

    clock.advance(days=1)
    async with database.transaction() as stores:
        await stores.lists.save(
            a_digest(utc(2024, 6, 5).date(), [5]), source="huggingface", read_at=SLOT, closed=False
        )
        again = await stores.subscriptions.resume(subscription.id, at=clock())
    assert again is not None
    slot = again.missed_slot(clock())
    assert slot == SLOT + timedelta(days=1)
    await delivering.deliver(again, slot)
    await delivering.resume()
    assert sorted(channels.titles()) == [f"Paper {n}" for n in (1, 2, 3, 5)]


@pytest.mark.parametrize(
    ("standing", "cause", "reason"),
    [
        (
            Standing(Access.SHUT, ("View Channel", "Embed Links")),
            SuspensionCause.LACKING,
            "I lack View Channel, Embed Links",
        ),
        (Standing(Access.ABSENT), SuspensionCause.REMOVED, "the server has removed me"),
    ],
)
async def test_a_channel_that_is_seen_to_be_shut_is_not_even_asked(
    database: Database,
    delivering: Delivering,
    channels: Channels,
    standing: Standing,
    cause: SuspensionCause,
    reason: str,
) -> None:
    await store(database, a_digest())
    subscription = await subscribe(database)
    channels.standings[CHANNEL] = standing
    await delivering.deliver(subscription, SLOT)
    assert channels.asked == []
    async with database.reading() as stores:
        suspended = await stores.subscriptions.of_channel(CHANNEL)
    assert suspended is not None
    assert suspended.suspension is not None
    assert (suspended.suspension.cause, suspended.suspension.reason) == (cause, reason)


async def test_an_answer_that_was_lost_is_asked_for_again_under_the_same_nonce(
    database: Database, delivering: Delivering, channels: Channels
) -> None:
    await store(database, a_digest())
    channels.then[CHANNEL] = [Channels.STORED_BUT_LOST]

    await delivering.deliver(await subscribe(database), SLOT)

    assert channels.titles() == PAPERS
    nonces = [nonce for _, nonce in channels.asked]
    assert nonces[0] == nonces[1]
    assert len(nonces) == 4
    assert channels.searched == []


@pytest.mark.parametrize("stored", [True, False])
async def test_long_after_a_lost_answer_the_channel_is_searched_before_sending(
    database: Database,
    delivering: Delivering,
    channels: Channels,
    clock: Clock,
    stored: bool,
) -> None:
    """A worker dies after sending; another takes over when Discord has forgotten the nonce."""
    await store(database, a_digest())
    lost = Channels.STORED_BUT_LOST if stored else Unknown("cut before it was stored")
    channels.then[CHANNEL] = [lost]
    channels.on_send = lambda _: delivering._stopping.set()  # the worker's last act
    await delivering.deliver(await subscribe(database), SLOT)
    assert (await delivery_state(database))[1][0] is MessageState.UNKNOWN

    channels.on_send = lambda _: None
    clock.advance(minutes=10)
    successor = Delivering(database, channels, channels, sources=["huggingface"], now=clock)
    await successor.resume()

    assert channels.titles() == PAPERS
    assert channels.searched == [CHANNEL]
    assert await delivery_state(database) == (DeliveryState.DONE, [MessageState.POSTED] * 3)


async def test_a_living_workers_claim_is_not_taken_over_before_its_lease_runs_out(
    database: Database, delivering: Delivering, channels: Channels, clock: Clock
) -> None:
    await store(database, a_digest())
    channels.then[CHANNEL] = [Unknown("no answer")]
    channels.on_send = lambda _: delivering._stopping.set()
    await delivering.deliver(await subscribe(database), SLOT)
    channels.on_send = lambda _: None

    other = Delivering(database, channels, channels, sources=["huggingface"], now=clock)
    await other.resume()
    assert channels.titles() == []

    clock.advance(seconds=DEFAULT_TIMING.lease.total_seconds() + 1)
    await other.resume()
    assert channels.titles() == PAPERS


async def test_what_surely_did_not_arrive_is_sent_again(
    database: Database, delivering: Delivering, channels: Channels
) -> None:
    await store(database, a_digest())
    channels.then[CHANNEL] = [NotSent("no connection"), NotSent("no connection")]
    await delivering.deliver(await subscribe(database), SLOT)
    assert channels.titles() == PAPERS


async def test_a_channel_that_never_answers_is_left_to_the_next_sweep_and_nothing_is_lost(
    database: Database, delivering: Delivering, channels: Channels
) -> None:
    await store(database, a_digest())
    channels.always[CHANNEL] = NotSent("no connection")
    await delivering.deliver(await subscribe(database), SLOT)
    assert len(channels.asked) == TRIES
    assert (await delivery_state(database))[0] is DeliveryState.OPEN

    del channels.always[CHANNEL]
    await delivering.resume()
    assert channels.titles() == PAPERS


async def test_a_card_that_discord_rejects_is_tried_plain(
    database: Database, delivering: Delivering, channels: Channels
) -> None:
    await store(database, a_digest())
    channels.then[CHANNEL] = [Rejected("400 (error 50035): not a well formed URL")]
    await delivering.deliver(await subscribe(database), SLOT)

    assert channels.titles() == PAPERS
    plain = channels.posted[CHANNEL][0].message
    assert plain.links == ()
    assert plain.embeds[0].thumbnail.url is None
    assert "3 papers" in str(plain.content)


async def test_a_card_that_is_rejected_for_good_holds_up_no_other_and_loses_no_heading(
    database: Database, delivering: Delivering, channels: Channels
) -> None:
    await store(database, a_digest())
    channels.then[CHANNEL] = [Rejected("400"), Rejected("400")]
    await delivering.deliver(await subscribe(database), SLOT)

    assert channels.titles() == PAPERS[1:]
    assert "3 papers" in str(channels.posted[CHANNEL][0].message.content)
    assert await delivery_state(database) == (
        DeliveryState.DONE,
        [MessageState.REJECTED, MessageState.POSTED, MessageState.POSTED],
    )


async def test_stopping_finishes_the_message_under_way_and_begins_no_other(
    database: Database, delivering: Delivering, channels: Channels, clock: Clock
) -> None:
    await store(database, a_digest())
    subscription = await subscribe(database)
    under_way = asyncio.Event()
    channels.on_send = lambda _: under_way.set()
    delivery = asyncio.create_task(delivering.deliver_all([(subscription, SLOT)]))
    await under_way.wait()

    await delivering.close()
    await delivery

    assert channels.titles() == PAPERS[:1]
    assert (await delivery_state(database))[1] == [
        MessageState.POSTED,
        MessageState.PLANNED,
        MessageState.PLANNED,
    ]
    await Delivering(database, channels, channels, sources=[], now=clock).resume()
    assert channels.titles() == PAPERS
    assert [posted.message.content is None for posted in channels.posted[CHANNEL]] == [
        False,
        True,
        True,
    ]


async def test_pausing_in_the_middle_stops_the_delivery_and_keeps_the_rest_for_later(
    database: Database, delivering: Delivering, channels: Channels, clock: Clock
) -> None:
    await store(database, a_digest())
    subscription = await subscribe(database)
    channels.then[CHANNEL] = [Channels.STORED_BUT_LOST]
    channels.on_send = lambda _: delivering._stopping.set()
    await delivering.deliver(subscription, SLOT)
    async with database.transaction() as stores:
        await stores.subscriptions.pause(subscription.id)
    clock.advance(hours=1)
    successor = Delivering(database, channels, channels, sources=["huggingface"], now=clock)
    await successor.resume()
    assert channels.titles() == PAPERS[:1]

    async with database.transaction() as stores:
        await stores.subscriptions.resume(subscription.id, at=clock())
    clock.advance(days=1)
    await successor.deliver(subscription, SLOT + timedelta(days=1))
    assert channels.titles() == PAPERS


async def test_a_message_in_doubt_is_looked_for_when_a_paused_subscription_goes_on(
    database: Database, delivering: Delivering, channels: Channels, clock: Clock
) -> None:
    await store(database, a_digest())
    subscription = await subscribe(database)
    channels.then[CHANNEL] = [Unknown("cut before it was stored")]
    channels.on_send = lambda _: delivering._stopping.set()
    await delivering.deliver(subscription, SLOT)
    channels.on_send = lambda _: None
    async with database.transaction() as stores:
        await stores.subscriptions.pause(subscription.id)
        await stores.subscriptions.resume(subscription.id, at=clock())

    clock.advance(minutes=10)
    successor = Delivering(database, channels, channels, sources=["huggingface"], now=clock)
    await successor.resume()
    clock.advance(days=1)
    await successor.deliver(subscription, SLOT + timedelta(days=1))
    assert channels.titles() == PAPERS
    assert channels.searched == [CHANNEL]


async def test_what_was_changed_while_a_delivery_waited_its_turn_counts(
    database: Database, delivering: Delivering, channels: Channels
) -> None:
    await store(database, a_digest())
    paused, ended, moved = [await subscribe(database, CHANNEL + n) for n in range(3)]
    async with database.transaction() as stores:
        await stores.subscriptions.pause(paused.id)
        await stores.subscriptions.remove(ended.id)
        await stores.subscriptions.change(
            moved.id, some_preferences(daily=a_daily_time("17:00")), at=SLOT
        )
    await delivering.deliver_all([(s, SLOT) for s in (paused, ended, moved)])
    assert dict(channels.posted) == {}
    async with database.reading() as stores:
        assert await stores.deliveries.unfinished() == ()


async def test_links_that_discord_rejects_come_by_their_ids(
    database: Database, delivering: Delivering, channels: Channels
) -> None:
    await store(database, a_digest())
    subscription = await subscribe(database, limit=1)
    channels.then[CHANNEL] = [Sent(1), Rejected("400 (error 50035)")]
    await delivering.deliver(subscription, SLOT)
    closing = str(channels.posted[CHANNEL][-1].message.embeds[0].description)
    assert "[2406.00002](https://arxiv.org/abs/2406.00002)" in closing
    assert "Paper" not in closing


async def test_the_second_delivery_goes_back_no_further_than_the_first(
    database: Database, delivering: Delivering, channels: Channels, clock: Clock
) -> None:
    days = [utc(2024, 6, day).date() for day in (3, 4, 5)]
    await store(database, a_digest(days[0], [9]), a_digest(days[1], [1, 2]))
    subscription = await subscribe(database, had_one=False)
    await delivering.deliver(subscription, SLOT)
    await store(database, a_digest(days[1], [1, 2, 3]), a_digest(days[2], [4]))
    clock.advance(days=1)
    await delivering.deliver(subscription, SLOT + timedelta(days=1))
    assert channels.titles() == ["Paper 1", "Paper 2", "Paper 4", "Paper 3"]


async def test_a_fault_of_our_own_in_one_channel_is_logged_and_keeps_no_other_from_its_papers(
    database: Database,
    delivering: Delivering,
    channels: Channels,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await store(database, a_digest())
    broken, well = [await subscribe(database, CHANNEL + n) for n in range(2)]

    def fail(channel_id: int) -> None:
        if channel_id == broken.channel_id:
            raise ValueError("a fault of our own")

    channels.on_send = fail
    await delivering.deliver_all([(s, SLOT) for s in (broken, well)])
    assert channels.titles(well.channel_id) == PAPERS
    assert "a delivery failed" in caplog.text


async def test_a_send_that_never_ends_is_broken_off_when_patience_is_over(
    database: Database, delivering: Delivering, channels: Channels, clock: Clock
) -> None:
    await store(database, a_digest())
    subscription = await subscribe(database)
    channels.hangs = asyncio.Event()
    delivery = asyncio.create_task(delivering.deliver_all([(subscription, SLOT)]))
    await channels.hangs.wait()
    await delivering.close(patience=timedelta(0))
    await delivery

    channels.hangs = None
    clock.advance(minutes=5)
    await Delivering(database, channels, channels, sources=["huggingface"], now=clock).resume()
    assert channels.titles() == PAPERS


async def test_the_first_delivery_of_a_subscription_brings_the_newest_list_only(
    database: Database, delivering: Delivering, channels: Channels
) -> None:
    await store(database, a_digest(), a_digest(utc(2024, 6, 3).date(), [8, 9]))
    await delivering.deliver(await subscribe(database, had_one=False), SLOT)
    assert channels.titles() == PAPERS


async def test_a_subscription_made_after_a_long_weekend_is_greeted_with_the_last_list(
    database: Database, delivering: Delivering, channels: Channels, clock: Clock
) -> None:
    await store(database, a_digest())
    clock.advance(days=6)
    await delivering.deliver(await subscribe(database, had_one=False), SLOT + timedelta(days=6))
    assert channels.titles() == PAPERS


async def test_subscribing_again_repeats_nothing(
    database: Database, delivering: Delivering, channels: Channels, clock: Clock
) -> None:
    await store(database, a_digest())
    subscription = await subscribe(database)
    await delivering.deliver(subscription, SLOT)
    async with database.transaction() as stores:
        await stores.subscriptions.remove(subscription.id)
    again = await subscribe(database, had_one=False)

    await store(database, a_digest(numbers=(1, 2, 3, 4)))
    clock.advance(days=1)
    await delivering.deliver(again, SLOT + timedelta(days=1))
    assert channels.titles() == [*PAPERS, "Paper 4"]


async def test_a_source_that_is_down_makes_the_delivery_wait_until_the_list_is_there(
    database: Database, delivering: Delivering, channels: Channels, clock: Clock
) -> None:
    async with database.transaction() as stores:
        await stores.lists.note_failure("huggingface", SLOT - timedelta(hours=1), "no answer")
    await delivering.deliver(await subscribe(database), SLOT)
    await delivering.resume()
    assert channels.titles() == []

    clock.advance(hours=2)
    await store(database, a_digest())
    await delivering.resume()
    assert channels.titles() == PAPERS


async def test_a_source_that_stays_down_is_said_once_and_the_papers_come_the_next_day(
    database: Database, delivering: Delivering, channels: Channels, clock: Clock
) -> None:
    subscription = await subscribe(database)
    async with database.transaction() as stores:
        await stores.lists.note_failure("huggingface", SLOT - timedelta(hours=1), "no answer")
    await delivering.deliver(subscription, SLOT)
    clock.advance(hours=7)
    await delivering.resume()
    await delivering.resume()

    [line] = channels.posted[CHANNEL]
    assert line.message.silent
    assert f"<t:{int((SLOT - timedelta(hours=1)).timestamp())}" in str(line.message.content)
    assert f"<t:{int((SLOT + timedelta(days=1)).timestamp())}" in str(line.message.content)

    await store(database, a_digest())
    async with database.transaction() as stores:
        await stores.lists.note_success("huggingface", clock())
    await delivering.deliver(subscription, SLOT + timedelta(days=1))
    assert channels.titles()[1:] == PAPERS


async def test_a_waiting_delivery_of_a_subscription_that_ended_is_given_up(
    database: Database, delivering: Delivering, channels: Channels, clock: Clock
) -> None:
    subscription = await subscribe(database)
    async with database.transaction() as stores:
        await stores.lists.note_failure("huggingface", SLOT, "no answer")
    await delivering.deliver(subscription, SLOT)
    async with database.transaction() as stores:
        await stores.subscriptions.pause(subscription.id)
    clock.advance(hours=7)
    await delivering.resume()
    assert channels.titles() == []
    assert (await delivery_state(database))[0] is DeliveryState.ABANDONED


async def test_the_weekend_is_announced_on_saturday_and_then_passes_in_silence(
    database: Database, delivering: Delivering, channels: Channels, clock: Clock
) -> None:
    """In Seoul Friday's list comes on Saturday morning and Monday's on Tuesday."""
    friday = utc(2024, 6, 7).date()
    await store(database, a_digest(friday))
    subscription = await subscribe(database)
    for day in (8, 9, 10):
        clock.instant = utc(2024, 6, day)
        await delivering.deliver(subscription, clock())
        async with database.reading() as stores:
            stored = await stores.subscriptions.get(subscription.id)
            assert stored is not None
            subscription = stored

    *cards, note = [posted.message for posted in channels.posted[CHANNEL]]
    assert len(cards) == 3
    tuesday = int(utc(2024, 6, 11).timestamp())
    assert f"<t:{tuesday}" in f"{note.content} {[e.to_dict() for e in note.embeds]}"


async def test_a_delivery_waits_for_what_an_older_one_left_in_doubt(
    database: Database, delivering: Delivering, channels: Channels, clock: Clock
) -> None:
    """Sent before it, it would stand where the search for the older one no longer looks."""
    await store(database, a_digest(numbers=[1, 2]))
    subscription = await subscribe(database)
    channels.then[CHANNEL] = [Sent(1), Channels.STORED_BUT_LOST]
    channels.on_send = lambda _: delivering._stopping.set() if len(channels.asked) == 2 else None
    await delivering.deliver(subscription, SLOT)
    channels.on_send = lambda _: None
    assert channels.titles() == ["Paper 1", "Paper 2"]

    clock.instant = SLOT + timedelta(days=1)
    await store(database, a_digest(clock().date(), [4]))
    successor = Delivering(
        database,
        channels,
        channels,
        sources=["huggingface"],
        now=clock,
        timing=replace(DEFAULT_TIMING, first_retry=timedelta(milliseconds=1)),
    )
    channels.blind = True
    await successor.deliver(subscription, clock())
    assert channels.titles() == ["Paper 1", "Paper 2"]
    channels.blind = False
    await successor.resume()
    await successor.resume()
    assert channels.titles() == ["Paper 1", "Paper 2", "Paper 4"]


async def test_nothing_is_counted_that_was_not_written_down(
    database: Database, channels: Channels, clock: Clock
) -> None:
    measures = Measures()
    await store(database, a_digest())
    subscription = await subscribe(database)
    delivering = Delivering(
        _Full(database), channels, channels, sources=[], now=clock, measures=measures
    )
    await delivering.deliver_all([(subscription, SLOT)])
    assert Scraped(measures.text())["deliveries_planned_total"] == 0


class _Full(Database):
    """A database whose disk is full when a transaction is to be kept."""

    def __init__(self, database: Database) -> None:
        self.__dict__.update(database.__dict__)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Stores]:
        async with super().transaction() as stores:
            yield stores
            raise DatabaseUnavailable("no space is left")
