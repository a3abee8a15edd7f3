"""Suspended subscriptions: told once, resumed by themselves, forgotten after a month."""

import asyncio
from collections.abc import Collection, Sequence
from datetime import timedelta

import pytest

from bot.domain.deliveries import NotSent, Outcome, Refused, Sent, Unknown
from bot.domain.subscriptions import Subscription, SubscriptionState, Suspension, SuspensionCause
from bot.domain.suspensions import KEPT_FOR, Access, Standing
from bot.services.delivering import Delivering
from bot.services.suspending import Suspending
from bot.services.timing import DEFAULT_TIMING
from bot.storage.database import Database
from tests.builders import CHANNEL, GUILD, a_digest, utc
from tests.services.conftest import Channels, Clock, Listeners, store, subscribe

OPEN, ABSENT = Standing(Access.OPEN), Standing(Access.ABSENT)
SHUT = Standing(Access.SHUT, ("Send Messages",))
SLOT = utc(2024, 6, 5)


@pytest.fixture
async def suspended(database: Database, clock: Clock) -> Subscription:
    """A subscription whose channel Discord has just refused."""
    return await suspend(database, clock)


async def suspend(
    database: Database, clock: Clock, cause: SuspensionCause = SuspensionCause.REFUSED
) -> Subscription:
    subscription = await subscribe(database)
    async with database.transaction() as stores:
        assert await stores.subscriptions.suspend(subscription.id, cause, "403", at=clock())
    return subscription


async def suspension(database: Database) -> Suspension | None:
    async with database.reading() as stores:
        found = await stores.subscriptions.of_channel(CHANNEL)
    assert found is not None
    return found.suspension


@pytest.mark.parametrize("outcome", [Sent(5), Refused("nobody can be reached")])
async def test_its_people_are_told_once(
    database: Database,
    suspending: Suspending,
    people: Listeners,
    clock: Clock,
    suspended: Subscription,
    outcome: Outcome,
) -> None:
    people.answer = outcome
    for _ in range(3):
        await suspending.sweep()
        clock.advance(minutes=1)
    assert [told.id for told in people.told] == [suspended.id]
    known = await suspension(database)
    assert known is not None
    assert known.told_at == SLOT


async def test_a_server_that_shuts_many_channels_gets_one_message(
    database: Database, suspending: Suspending, people: Listeners, clock: Clock
) -> None:
    for n in range(5):
        subscription = await subscribe(database, CHANNEL + n)
        cause = SuspensionCause.GONE if n == 4 else SuspensionCause.LACKING
        async with database.transaction() as stores:
            await stores.subscriptions.suspend(subscription.id, cause, cause.value, at=clock())
    await suspending.sweep()
    await suspending.sweep()
    assert [told.channel_id - CHANNEL for told in people.told] == [0, 1, 2, 3, 4]
    assert len(people.nonces) == 2, "one for each reason"


async def test_they_are_told_again_of_another_suspension(
    database: Database, suspending: Suspending, people: Listeners, clock: Clock
) -> None:
    """But of a channel that is shut and opened all day they hear once."""
    subscription = await suspend(database, clock)
    await suspending.sweep()
    for hours, told in ((1, 1), (22, 1), (2, 2)):
        clock.advance(hours=hours)
        async with database.transaction() as stores:
            await stores.subscriptions.resume(subscription.id, at=clock())
            await stores.subscriptions.suspend(
                subscription.id, SuspensionCause.REFUSED, "403", at=clock()
            )
        await suspending.sweep()
        assert len(set(people.nonces)) == len(people.told) == told


async def test_a_note_that_did_not_go_out_is_tried_again(
    suspending: Suspending, people: Listeners, clock: Clock, suspended: Subscription
) -> None:
    people.answer = NotSent("not connected")
    await suspending.sweep()
    clock.advance(hours=2)
    people.answer = Sent(1)
    await suspending.sweep()
    await suspending.sweep()
    assert [told.id for told in people.told] == [suspended.id] * 2


async def test_a_note_whose_answer_was_lost_is_repeated_while_discord_knows_its_nonce(
    suspending: Suspending, people: Listeners, clock: Clock, suspended: Subscription
) -> None:
    people.answer = Unknown("cut")
    await suspending.sweep()
    clock.advance(minutes=1)
    await suspending.sweep()
    assert len(people.told) == 2
    assert len(set(people.nonces)) == 1

    clock.instant += DEFAULT_TIMING.nonce_remembered
    for _ in range(2):
        await suspending.sweep()
    assert len(people.told) == 2, "saying it a second time would be nagging"


async def test_a_server_that_removed_the_bot_is_not_written_to_and_forgotten_after_a_month(
    database: Database,
    suspending: Suspending,
    channels: Channels,
    people: Listeners,
    clock: Clock,
) -> None:
    await subscribe(database)
    channels.standings[CHANNEL] = ABSENT
    await suspending.removed(GUILD)
    await suspending.sweep()
    assert people.told == []
    known = await suspension(database)
    assert known is not None
    assert known.cause is SuspensionCause.REMOVED

    clock.instant += KEPT_FOR
    await suspending.sweep()
    assert await suspension(database) is not None
    clock.advance(seconds=1)
    await suspending.sweep()
    async with database.reading() as stores:
        assert await stores.subscriptions.of_channel(CHANNEL) is None


async def test_a_server_that_takes_the_bot_back_finds_everything_as_it_was(
    database: Database,
    suspending: Suspending,
    delivering: Delivering,
    channels: Channels,
    clock: Clock,
) -> None:
    await store(database, a_digest())
    subscription = await subscribe(database)
    channels.standings[CHANNEL] = ABSENT
    await suspending.removed(GUILD)
    await delivering.deliver(subscription, SLOT)
    clock.advance(days=3)
    channels.standings[CHANNEL] = OPEN
    await suspending.look_again(GUILD)

    async with database.reading() as stores:
        assert await stores.subscriptions.of_channel(CHANNEL) == subscription


async def test_servers_that_left_while_the_bot_was_away_are_noticed_when_it_connects(
    database: Database, suspending: Suspending, channels: Channels
) -> None:
    await subscribe(database)
    await suspending.compare({GUILD})
    assert await suspension(database) is None
    await suspending.compare(set())
    assert await suspension(database) is None, "not seen is not gone"

    channels.standings[CHANNEL] = ABSENT
    await suspending.compare(set())
    assert await suspension(database) is not None


async def test_a_permission_that_returns_brings_the_rest_of_the_delivery(
    database: Database,
    suspending: Suspending,
    delivering: Delivering,
    channels: Channels,
    clock: Clock,
) -> None:
    await store(database, a_digest())
    subscription = await subscribe(database)
    channels.on_send = lambda _: channels.standings.update({CHANNEL: SHUT})
    await delivering.deliver(subscription, SLOT)
    assert channels.titles() == ["Paper 1"]

    channels.on_send = lambda _: None
    clock.advance(hours=5)
    await suspending.sweep()
    assert channels.titles() == ["Paper 1"]
    channels.standings[CHANNEL] = OPEN
    await suspending.sweep()
    assert channels.titles() == ["Paper 1", "Paper 2", "Paper 3"]
    assert len(channels.asked) == 3


async def test_what_discord_refused_for_no_visible_reason_is_tried_when_something_changed(
    database: Database,
    suspending: Suspending,
    channels: Channels,
    suspended: Subscription,
) -> None:
    channels.standings[CHANNEL] = OPEN
    await suspending.sweep()
    assert await suspension(database) is not None
    await suspending.look_again(GUILD)
    assert await suspension(database) is None


async def test_a_refusal_that_proves_to_be_a_lack_comes_back_by_itself(
    database: Database,
    suspending: Suspending,
    channels: Channels,
    suspended: Subscription,
) -> None:
    channels.standings[CHANNEL] = SHUT
    await suspending.sweep()
    known = await suspension(database)
    assert known is not None
    assert (known.cause, known.reason) == (SuspensionCause.LACKING, "I lack Send Messages")
    channels.standings[CHANNEL] = OPEN
    await suspending.sweep()
    assert await suspension(database) is None


async def test_a_removed_server_whose_channel_was_shut_before_is_known_as_removed(
    database: Database, suspending: Suspending, channels: Channels, suspended: Subscription
) -> None:
    channels.standings[CHANNEL] = ABSENT
    await suspending.removed(GUILD)
    known = await suspension(database)
    assert known is not None
    assert known.cause is SuspensionCause.REMOVED


async def test_a_paused_subscription_stays_paused_whatever_its_server_does(
    database: Database, suspending: Suspending, channels: Channels, clock: Clock
) -> None:
    subscription = await subscribe(database)
    async with database.transaction() as stores:
        await stores.subscriptions.pause(subscription.id)
    channels.standings[CHANNEL] = ABSENT
    await suspending.removed(GUILD)
    channels.standings[CHANNEL] = OPEN
    await suspending.look_again(GUILD)
    async with database.reading() as stores:
        [kept] = await stores.subscriptions.in_guild(GUILD)
    assert kept.state is SubscriptionState.PAUSED


async def test_a_process_looks_after_its_own_servers_only(
    database: Database, channels: Channels, people: Listeners, clock: Clock
) -> None:
    await suspend(database, clock)
    channels.standings[CHANNEL] = ABSENT
    elsewhere = Suspending(
        database,
        channels,
        people,
        now=clock,
        on_resume=_never,
        owns=lambda guild_id: guild_id != GUILD,
    )
    clock.advance(days=31)
    await elsewhere.sweep()
    await elsewhere.compare(set())
    assert people.told == []
    known = await suspension(database)
    assert known is not None
    assert known.since == clock() - timedelta(days=31)


async def _never() -> None:
    raise AssertionError("nothing was resumed")


async def test_what_a_person_did_meanwhile_is_not_undone(
    database: Database,
    suspending: Suspending,
    channels: Channels,
    suspended: Subscription,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Paused between the sweep's look at the store and its step."""
    step = suspending._step

    async def late(subscriptions: Collection[Subscription], *, changed: bool) -> list[Subscription]:
        async with database.transaction() as stores:
            await stores.subscriptions.pause(suspended.id)
        return await step(subscriptions, changed=changed)

    monkeypatch.setattr(suspending, "_step", late)
    channels.standings[CHANNEL] = OPEN
    await suspending.look_again(GUILD)
    async with database.reading() as stores:
        [found] = await stores.subscriptions.in_guild(GUILD)
    assert found.state is SubscriptionState.PAUSED


async def test_a_channel_that_discord_does_not_know_is_not_asked_for_again_and_again(
    database: Database, suspending: Suspending, channels: Channels, clock: Clock
) -> None:
    await suspend(database, clock, SuspensionCause.GONE)
    channels.standings[CHANNEL] = OPEN
    for _ in range(3):
        await suspending.sweep()
    assert await suspension(database) is not None
    await suspending.look_again(GUILD, [CHANNEL + 1])
    assert await suspension(database) is not None
    await suspending.look_again(GUILD, [CHANNEL])
    assert await suspension(database) is None


async def test_a_server_that_removes_the_bot_after_a_long_suspension_has_its_month_too(
    database: Database, suspending: Suspending, channels: Channels, clock: Clock
) -> None:
    await suspend(database, clock, SuspensionCause.LACKING)
    clock.advance(days=40)
    channels.standings[CHANNEL] = ABSENT
    for _ in range(2):
        await suspending.removed(GUILD)
        await suspending.compare(set())
        await suspending.sweep()
        clock.advance(days=29)
    known = await suspension(database)
    assert known is not None
    assert known.since == clock() - timedelta(days=58)
    clock.advance(days=2)
    channels.standings[CHANNEL] = Standing(Access.UNSEEN)
    await suspending.sweep()
    assert await suspension(database) is not None, "back in the server, in an archived thread"
    await suspending.look_again(GUILD)
    assert await suspension(database) is None


async def test_one_server_that_cannot_be_told_keeps_no_other_from_it(
    database: Database,
    suspending: Suspending,
    people: Listeners,
    clock: Clock,
    suspended: Subscription,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with database.transaction() as stores:
        other = await stores.subscriptions.add(
            guild_id=GUILD + 1,
            channel_id=CHANNEL + 1,
            preferences=suspended.preferences,
            created_at=clock(),
        )
        await stores.subscriptions.suspend(
            other.id, SuspensionCause.LACKING, "I lack it", at=clock()
        )
    tell, tries = people.tell, []

    async def tell_but_one(subscriptions: Sequence[Subscription], *, nonce: str) -> Outcome:
        if subscriptions[0].guild_id == GUILD:
            tries.append(clock())
            raise RuntimeError("the unforeseen")
        return await tell(subscriptions, nonce=nonce)

    monkeypatch.setattr(people, "tell", tell_but_one)
    for _ in range(5):
        await suspending.sweep()
        clock.advance(minutes=1)
    assert [told.id for told in people.told] == [other.id]
    assert len(tries) == 1, "and is not tried every minute"


async def test_telling_that_hangs_keeps_nobody_suspended(
    database: Database,
    suspending: Suspending,
    people: Listeners,
    channels: Channels,
    suspended: Subscription,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked, answer = asyncio.Event(), asyncio.Event()

    async def slowly(_subscriptions: Sequence[Subscription], *, nonce: str) -> Outcome:
        people.nonces.append(nonce)
        asked.set()
        await answer.wait()
        return Sent(1)

    monkeypatch.setattr(people, "tell", slowly)
    telling = asyncio.create_task(suspending.sweep())
    await asked.wait()
    channels.standings[CHANNEL] = OPEN
    await suspending.sweep()
    await suspending.look_again(GUILD)
    assert await suspension(database) is None
    answer.set()
    await telling
    assert len(people.nonces) == 1
