import asyncio
from collections.abc import Collection
from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from bot.domain.deliveries import (
    Delivery,
    DeliveryState,
    Message,
    MessageKind,
    MessageState,
    NotSent,
    Outcome,
    PlannedMessage,
    Quiet,
    QuietReason,
    Refused,
    Rejected,
    Sent,
    Unknown,
)
from bot.domain.papers import PaperId
from bot.domain.subscriptions import Subscription, SuspensionCause
from bot.storage.database import Database
from bot.storage.errors import DeliveryNotFound
from tests.storage.samples import (
    CHANNEL,
    DAY,
    LEASE,
    NOON,
    SLOT,
    cards,
    items,
    links,
    paper,
    paper_id,
    planned,
    save,
    subscribe,
)

NEXT_SLOT = SLOT + timedelta(days=1)
POSTED_ID = 2**63 - 1


@pytest.fixture(autouse=True)
async def papers(database: Database) -> None:
    """Papers 0 to 9 are on the list."""
    await save(database, *(paper(number) for number in range(10)))


@pytest.fixture
async def subscription(database: Database) -> Subscription:
    return await subscribe(database)


async def get(database: Database, delivery: Delivery) -> Delivery:
    async with database.reading() as stores:
        return await stores.deliveries.get(delivery.id)


async def states(database: Database, delivery: Delivery) -> list[MessageState]:
    return [message.state for message in (await get(database, delivery)).messages]


async def had(database: Database, channel_id: int = CHANNEL) -> Collection[PaperId]:
    async with database.reading() as stores:
        return await stores.deliveries.posted_in(channel_id)


async def claim(
    database: Database, message: Message, *, owner: str = "one", after: timedelta = timedelta(0)
) -> Message | None:
    async with database.transaction() as stores:
        return await stores.deliveries.claim(message.id, owner=owner, now=NOON + after, lease=LEASE)


async def finish(
    database: Database, message: Message | None, outcome: Outcome, *, owner: str = "one"
) -> None:
    assert message is not None
    async with database.transaction() as stores:
        await stores.deliveries.finish(message, outcome, owner=owner, now=NOON)


async def send(database: Database, message: Message, outcome: Outcome) -> None:
    await finish(database, await claim(database, message), outcome)


async def close(database: Database, delivery: Delivery) -> bool:
    async with database.transaction() as stores:
        return await stores.deliveries.close(delivery.id)


async def abandon(database: Database, delivery: Delivery) -> None:
    async with database.transaction() as stores:
        await stores.deliveries.abandon(delivery.id)


# --- opening and planning ---


async def test_a_slot_is_opened_once(
    database: Database, elsewhere: Database, subscription: Subscription
) -> None:
    async with database.transaction() as stores:
        first = await stores.deliveries.open(subscription, SLOT)
    async with elsewhere.transaction() as stores:
        again = await stores.deliveries.open(subscription, SLOT)
        next_day = await stores.deliveries.open(subscription, NEXT_SLOT)

    assert first is not None
    assert first == Delivery(
        id=first.id,
        subscription_id=subscription.id,
        channel_id=CHANNEL,
        slot_at=SLOT,
        state=DeliveryState.WAITING,
    )
    assert again is None
    assert next_day is not None


async def test_a_delivery_that_waits_keeps_until_when(
    database: Database, subscription: Subscription
) -> None:
    async with database.transaction() as stores:
        opened = await stores.deliveries.open(subscription, SLOT)
        assert opened is not None
        await stores.deliveries.wait(opened.id, NEXT_SLOT)

    async with database.reading() as stores:
        (waiting,) = await stores.deliveries.waiting()
        assert await stores.deliveries.unfinished() == ()
    assert (waiting.id, waiting.wait_until) == (opened.id, NEXT_SLOT)


async def test_a_plan_comes_back_with_its_messages_and_papers_in_order(
    database: Database, subscription: Subscription
) -> None:
    messages = [*cards([3, 1, 2]), links([9, 5, 7])]
    delivery = await planned(database, subscription, messages, quiet_until=NEXT_SLOT)

    assert delivery.state is DeliveryState.OPEN
    assert delivery.quiet_until == NEXT_SLOT
    assert [
        PlannedMessage(kind=message.kind, nonce=message.nonce, items=message.items)
        for message in delivery.messages
    ] == messages
    assert {(m.delivery_id, m.channel_id, m.state) for m in delivery.messages} == {
        (delivery.id, CHANNEL, MessageState.PLANNED)
    }
    assert await get(database, delivery) == delivery
    async with database.reading() as stores:
        assert await stores.deliveries.unfinished() == (delivery,)
        assert await stores.deliveries.waiting() == ()


async def test_a_plan_is_what_the_channel_has_had_from_then_on(
    database: Database, subscription: Subscription
) -> None:
    await planned(database, subscription, [*cards([1]), links([2])])

    assert await had(database) == {paper_id(1), paper_id(2)}
    assert await had(database, CHANNEL + 1) == frozenset()
    async with database.reading() as stores:
        asked = [paper_id(number) for number in (2, 3)]
        assert await stores.deliveries.posted_in(CHANNEL, asked) == {paper_id(2)}
        days = [DAY, DAY - timedelta(days=1)]
        assert await stores.deliveries.delivered_days(CHANNEL, days) == {DAY}
        assert await stores.deliveries.delivered_days(CHANNEL, days[1:]) == frozenset()
        assert await stores.deliveries.delivered_days(CHANNEL + 1, days) == frozenset()


async def test_the_subscription_takes_the_slot_and_the_announced_quiet_days(
    database: Database, subscription: Subscription
) -> None:
    await planned(database, subscription, cards([1]), quiet_until=NEXT_SLOT)

    async with database.reading() as stores:
        after = await stores.subscriptions.get(subscription.id)
    assert after is not None
    assert (after.last_slot_at, after.quiet_until) == (SLOT, NEXT_SLOT)


async def test_a_delivery_that_waited_does_not_take_back_a_later_slot(
    database: Database, subscription: Subscription
) -> None:
    async with database.transaction() as stores:
        waited = await stores.deliveries.open(subscription, SLOT)
    await planned(database, subscription, cards([1]), slot_at=NEXT_SLOT)
    assert waited is not None
    async with database.transaction() as stores:
        await stores.deliveries.plan(waited.id, cards([2]), quiet=None, quiet_until=SLOT)

    async with database.reading() as stores:
        after = await stores.subscriptions.get(subscription.id)
    assert after is not None
    assert (after.last_slot_at, after.quiet_until) == (NEXT_SLOT, None)


async def test_a_delivery_is_planned_once_by_however_many_processes(
    database: Database, elsewhere: Database, subscription: Subscription
) -> None:
    async with database.transaction() as stores:
        opened = await stores.deliveries.open(subscription, SLOT)
    assert opened is not None
    delivery_id = opened.id

    async def plan(database: Database) -> Delivery | None:
        async with database.transaction() as stores:
            return await stores.deliveries.plan(
                delivery_id, cards([1, 2]), quiet=None, quiet_until=None
            )

    plans = await asyncio.gather(plan(database), plan(elsewhere), plan(database), plan(elsewhere))

    assert sum(found is not None for found in plans) == 1
    assert len((await get(database, opened)).messages) == 2


async def test_a_paper_that_another_delivery_claimed_is_left_out(
    database: Database, subscription: Subscription
) -> None:
    await planned(database, subscription, [*cards([1]), links([2])])

    delivery = await planned(
        database, subscription, [*cards([1, 3]), links([2, 4])], slot_at=NEXT_SLOT
    )

    assert [item.paper_id for item in delivery.items] == [paper_id(3), paper_id(4)]
    assert [message.kind for message in delivery.messages] == [
        MessageKind.PAPER,
        MessageKind.CLOSING,
    ]


async def test_a_plan_that_repeats_a_paper_brings_it_once(
    database: Database, subscription: Subscription
) -> None:
    delivery = await planned(database, subscription, [*cards([1, 1]), links([1])])

    assert [message.items for message in delivery.messages] == [items([1])]


async def test_a_plan_whose_papers_are_all_claimed_is_done(
    database: Database, subscription: Subscription
) -> None:
    await planned(database, subscription, cards([1, 2]))

    delivery = await planned(database, subscription, [*cards([1]), links([2])], slot_at=NEXT_SLOT)

    assert (delivery.state, delivery.messages) == (DeliveryState.DONE, ())


async def test_a_closing_message_without_papers_still_tells_of_quiet_days(
    database: Database, subscription: Subscription
) -> None:
    await planned(database, subscription, cards([1, 2]))

    delivery = await planned(
        database,
        subscription,
        [*cards([1]), links([2])],
        slot_at=NEXT_SLOT,
        quiet_until=NEXT_SLOT + timedelta(days=2),
    )

    assert [(message.kind, message.items) for message in delivery.messages] == [
        (MessageKind.CLOSING, ())
    ]
    assert delivery.state is DeliveryState.OPEN


async def test_two_channels_get_the_same_paper(
    database: Database, subscription: Subscription
) -> None:
    other = await subscribe(database, CHANNEL + 1)
    await planned(database, subscription, cards([1]))

    delivery = await planned(database, other, cards([1], channel_id=CHANNEL + 1))

    assert delivery.items == items([1])


@pytest.mark.parametrize(
    "quiet",
    [
        Quiet(reason=QuietReason.WEEKEND, next_at=NEXT_SLOT, spoken=True),
        Quiet(reason=QuietReason.SOURCE_DOWN, next_at=NEXT_SLOT, spoken=True, since=NOON),
    ],
)
async def test_a_quiet_day_comes_back_as_it_was_planned(
    database: Database, subscription: Subscription, quiet: Quiet
) -> None:
    notice = PlannedMessage(kind=MessageKind.NOTICE, nonce="notice")
    async with database.transaction() as stores:
        opened = await stores.deliveries.open(subscription, SLOT)
        assert opened is not None
        delivery = await stores.deliveries.plan(
            opened.id, [notice], quiet=quiet, quiet_until=quiet.next_at
        )

    assert delivery is not None
    assert delivery.quiet == quiet
    assert [message.kind for message in delivery.messages] == [MessageKind.NOTICE]


async def test_a_quiet_day_without_a_line_is_done_at_once(
    database: Database, subscription: Subscription
) -> None:
    delivery = await planned(database, subscription, [])

    assert (delivery.state, delivery.messages) == (DeliveryState.DONE, ())


async def test_a_paper_that_is_not_stored_cannot_be_planned(
    database: Database, subscription: Subscription
) -> None:
    with pytest.raises(IntegrityError):
        await planned(database, subscription, cards([4711]))

    async with database.reading() as stores:
        assert await stores.deliveries.waiting() == ()


async def test_a_delivery_that_is_not_stored_is_an_error(database: Database) -> None:
    async with database.reading() as stores:
        with pytest.raises(DeliveryNotFound):
            await stores.deliveries.get(1)


async def test_unfinished_deliveries_come_oldest_slot_first(database: Database) -> None:
    channels = range(CHANNEL, CHANNEL + 4)
    subscriptions = [await subscribe(database, channel_id) for channel_id in channels]
    slots = [NEXT_SLOT, SLOT, NEXT_SLOT, SLOT]
    made = [
        await planned(database, of, cards([number, number + 4]), slot_at=slot)
        for number, (of, slot) in enumerate(zip(subscriptions, slots, strict=True))
    ]

    async with database.reading() as stores:
        found = await stores.deliveries.unfinished()

    assert found == (made[1], made[3], made[0], made[2])


# --- claiming ---


async def test_the_first_claim_tells_that_the_message_was_never_sent(
    database: Database, subscription: Subscription
) -> None:
    delivery = await planned(database, subscription, cards([1]))

    claimed = await claim(database, delivery.messages[0])

    assert claimed is not None
    assert (claimed.state, claimed.first_sent_at) == (MessageState.SENDING, None)
    assert claimed.items == items([1])
    assert (await get(database, delivery)).messages[0].first_sent_at == NOON


async def test_a_claimed_message_is_nobody_elses_until_the_lease_runs_out(
    database: Database, elsewhere: Database, subscription: Subscription
) -> None:
    (message,) = (await planned(database, subscription, cards([1]))).messages
    assert await claim(database, message)

    assert await claim(elsewhere, message, owner="two", after=LEASE / 2) is None
    taken_over = await claim(elsewhere, message, owner="two", after=LEASE)

    assert taken_over is not None
    assert taken_over.first_sent_at == NOON
    assert await claim(database, message, after=LEASE * 1.5) is None


async def test_an_owner_may_claim_its_own_message_again(
    database: Database, subscription: Subscription
) -> None:
    (message,) = (await planned(database, subscription, cards([1]))).messages
    await claim(database, message)

    claims = [await claim(database, message, after=timedelta(seconds=n)) for n in (1, 2)]

    assert [again and again.first_sent_at for again in claims] == [NOON, NOON]


async def test_of_many_processes_that_claim_at_once_exactly_one_wins(
    database: Database, elsewhere: Database
) -> None:
    messages: list[Message] = []
    for number in range(10):
        of = await subscribe(database, CHANNEL + number)
        messages += (await planned(database, of, cards([number]))).messages

    claims = await asyncio.gather(
        *(
            claim(by, message, owner=owner)
            for message in messages
            for by, owner in ((database, "one"), (elsewhere, "two"), (database, "three"))
        )
    )

    won = [claimed.id for claimed in claims if claimed is not None]
    assert sorted(won) == sorted(message.id for message in messages)


async def test_a_message_waits_for_those_before_it(
    database: Database, subscription: Subscription
) -> None:
    delivery = await planned(database, subscription, [*cards([1, 2]), links([3])])
    first, second, third = delivery.messages

    assert await claim(database, second) is None
    await send(database, first, Unknown("no answer"))
    assert await claim(database, second) is None
    await send(database, first, Rejected("malformed"))
    await send(database, second, Sent(POSTED_ID))
    assert await claim(database, third) is not None


async def test_a_message_of_another_delivery_waits_for_none(
    database: Database, subscription: Subscription
) -> None:
    await planned(database, subscription, cards([1]))
    other = await planned(database, subscription, cards([2]), slot_at=NEXT_SLOT)

    assert await claim(database, other.messages[0]) is not None


@pytest.mark.parametrize("outcome", [Sent(POSTED_ID), Rejected("malformed")])
async def test_a_settled_message_cannot_be_claimed_even_when_its_lease_would_be_over(
    database: Database, subscription: Subscription, outcome: Outcome
) -> None:
    (message,) = (await planned(database, subscription, cards([1]))).messages
    await send(database, message, outcome)

    assert await claim(database, message, after=LEASE * 2) is None


async def test_a_message_that_does_not_exist_cannot_be_claimed(database: Database) -> None:
    async with database.transaction() as stores:
        assert await stores.deliveries.claim(9, owner="one", now=NOON, lease=LEASE) is None


# --- what became of it ---


async def test_a_sent_message_keeps_its_id(database: Database, subscription: Subscription) -> None:
    delivery = await planned(database, subscription, cards([1]))
    await send(database, delivery.messages[0], Sent(POSTED_ID))

    (message,) = (await get(database, delivery)).messages

    assert (message.state, message.message_id) == (MessageState.POSTED, POSTED_ID)


@pytest.mark.parametrize("outcome", [NotSent("busy"), Refused("no permission")])
async def test_a_message_that_was_not_sent_is_as_if_it_had_never_been_claimed(
    database: Database, subscription: Subscription, outcome: Outcome
) -> None:
    delivery = await planned(database, subscription, cards([1]))
    await send(database, delivery.messages[0], outcome)

    assert await get(database, delivery) == delivery
    assert await claim(database, delivery.messages[0], owner="two") is not None


async def test_an_unknown_outcome_is_remembered_with_when_it_was_first_sent(
    database: Database, subscription: Subscription
) -> None:
    delivery = await planned(database, subscription, cards([1]))
    (message,) = delivery.messages
    await send(database, message, Unknown("connection lost"))

    assert await states(database, delivery) == [MessageState.UNKNOWN]
    assert await claim(database, message, owner="two", after=LEASE / 2) is None
    again = await claim(database, message, after=LEASE / 2)
    assert again is not None
    assert again.first_sent_at == NOON


async def test_a_fruitless_retry_does_not_forget_that_the_first_try_may_have_arrived(
    database: Database, subscription: Subscription
) -> None:
    delivery = await planned(database, subscription, cards([1]))
    (message,) = delivery.messages
    await send(database, message, Unknown("connection lost"))
    await finish(database, await claim(database, message, after=LEASE), NotSent("busy"))

    again = await claim(database, message, owner="two", after=LEASE)

    assert again is not None
    assert again.first_sent_at == NOON


@pytest.mark.parametrize(
    "late", [NotSent("busy"), Unknown("lost"), Refused("no"), Rejected("malformed")]
)
async def test_a_worker_that_lost_its_claim_changes_nothing(
    database: Database, elsewhere: Database, subscription: Subscription, late: Outcome
) -> None:
    delivery = await planned(database, subscription, cards([1]))
    (message,) = delivery.messages
    slow = await claim(database, message)
    fast = await claim(elsewhere, message, owner="two", after=LEASE)

    await finish(database, slow, late)
    assert await states(database, delivery) == [MessageState.SENDING]
    await finish(elsewhere, fast, Sent(POSTED_ID), owner="two")
    await finish(database, slow, late)

    assert await states(database, delivery) == [MessageState.POSTED]


async def test_a_claim_has_one_outcome_unless_the_message_turns_out_to_have_arrived(
    database: Database, subscription: Subscription
) -> None:
    delivery = await planned(database, subscription, cards([1]))
    claimed = await claim(database, delivery.messages[0])

    for outcome in (Unknown("lost"), NotSent("busy"), Rejected("malformed")):
        await finish(database, claimed, outcome)
    assert await states(database, delivery) == [MessageState.UNKNOWN]
    await finish(database, claimed, Sent(POSTED_ID))
    assert await states(database, delivery) == [MessageState.POSTED]


async def test_a_message_that_arrived_is_recorded_even_after_its_claim_was_lost(
    database: Database, elsewhere: Database, subscription: Subscription
) -> None:
    delivery = await planned(database, subscription, cards([1]))
    (message,) = delivery.messages
    slow = await claim(database, message)
    fast = await claim(elsewhere, message, owner="two", after=LEASE)

    await finish(database, slow, Sent(POSTED_ID))
    await finish(elsewhere, fast, Unknown("lost"), owner="two")
    await finish(elsewhere, fast, Sent(1), owner="two")

    (found,) = (await get(database, delivery)).messages
    assert (found.state, found.message_id) == (MessageState.POSTED, POSTED_ID)


# --- the end of a delivery ---


async def test_a_delivery_is_done_when_each_message_is_posted_or_rejected(
    database: Database, subscription: Subscription
) -> None:
    delivery = await planned(database, subscription, cards([1, 2]))
    first, second = delivery.messages

    assert not await close(database, delivery)
    await send(database, first, Sent(POSTED_ID))
    await send(database, second, Unknown("lost"))
    assert not await close(database, delivery)
    assert (await get(database, delivery)).state is DeliveryState.OPEN
    await send(database, second, Rejected("malformed"))
    assert await close(database, delivery)
    assert await close(database, delivery)
    assert (await get(database, delivery)).state is DeliveryState.DONE


async def test_a_delivery_that_waits_is_not_closed(
    database: Database, subscription: Subscription
) -> None:
    async with database.transaction() as stores:
        opened = await stores.deliveries.open(subscription, SLOT)
        assert opened is not None
        assert not await stores.deliveries.close(opened.id)


async def test_an_abandoned_delivery_frees_only_what_is_surely_not_in_discord(
    database: Database, subscription: Subscription
) -> None:
    delivery = await planned(database, subscription, [*cards([1, 2, 3]), links([4, 5])])
    posted, unknown, *_ = delivery.messages
    await send(database, posted, Sent(POSTED_ID))
    await send(database, unknown, Unknown("lost"))

    await abandon(database, delivery)

    after = await get(database, delivery)
    assert after.state is DeliveryState.ABANDONED
    assert [m.state for m in after.messages] == [MessageState.POSTED, MessageState.UNKNOWN]
    assert await had(database) == {paper_id(1), paper_id(2)}


async def test_a_paper_that_may_have_arrived_before_the_channel_refused_stays_claimed(
    database: Database, subscription: Subscription
) -> None:
    delivery = await planned(database, subscription, cards([1, 2]))
    await send(database, delivery.messages[0], Unknown("lost"))
    await send(database, delivery.messages[0], Refused("no permission"))

    await abandon(database, delivery)

    assert await had(database) == {paper_id(1)}


async def test_a_message_under_way_while_its_delivery_is_abandoned_is_recorded_if_it_arrived(
    database: Database, subscription: Subscription
) -> None:
    delivery = await planned(database, subscription, cards([1, 2]))
    under_way = await claim(database, delivery.messages[0])
    await abandon(database, delivery)

    await finish(database, under_way, Sent(POSTED_ID))

    assert await states(database, delivery) == [MessageState.POSTED]
    assert await had(database) == {paper_id(1)}


async def test_a_message_under_way_while_its_delivery_is_abandoned_is_freed_if_it_did_not_arrive(
    database: Database, subscription: Subscription
) -> None:
    delivery = await planned(database, subscription, cards([1]))
    under_way = await claim(database, delivery.messages[0])
    await abandon(database, delivery)

    await finish(database, under_way, NotSent("busy"))

    assert await had(database) == frozenset()


async def test_nothing_of_an_abandoned_delivery_can_be_claimed(
    database: Database, subscription: Subscription
) -> None:
    delivery = await planned(database, subscription, cards([1]))
    await send(database, delivery.messages[0], Unknown("lost"))
    await abandon(database, delivery)

    assert await claim(database, delivery.messages[0]) is None


async def test_a_delivery_that_is_done_is_not_abandoned(
    database: Database, subscription: Subscription
) -> None:
    delivery = await planned(database, subscription, [])
    await abandon(database, delivery)

    assert (await get(database, delivery)).state is DeliveryState.DONE


# --- leaving and coming back ---


async def test_a_channel_that_subscribes_again_gets_what_it_had_not_and_nothing_twice(
    database: Database, subscription: Subscription
) -> None:
    delivery = await planned(database, subscription, cards([1, 2]))
    await send(database, delivery.messages[0], Sent(POSTED_ID))
    async with database.transaction() as stores:
        waited = await stores.deliveries.open(subscription, NEXT_SLOT)
        await stores.subscriptions.remove(subscription.id)
    assert waited is not None

    again = await subscribe(database)
    second = await planned(database, again, cards([1, 2, 3]), slot_at=NEXT_SLOT + timedelta(days=1))

    assert [item.paper_id for item in second.items] == [paper_id(2), paper_id(3)]
    assert (await get(database, delivery)).state is DeliveryState.ABANDONED
    assert (await get(database, waited)).state is DeliveryState.ABANDONED


async def test_the_end_of_a_subscription_leaves_other_channels_alone(
    database: Database, subscription: Subscription
) -> None:
    other = await subscribe(database, CHANNEL + 1)
    delivery = await planned(database, other, cards([1], channel_id=CHANNEL + 1))
    async with database.transaction() as stores:
        await stores.subscriptions.remove(subscription.id)

    assert await get(database, delivery) == delivery


async def test_a_plan_that_comes_after_the_end_of_its_subscription_is_not_written(
    database: Database, subscription: Subscription
) -> None:
    async with database.transaction() as stores:
        opened = await stores.deliveries.open(subscription, SLOT)
        await stores.subscriptions.remove(subscription.id)
        assert opened is not None
        written = await stores.deliveries.plan(opened.id, cards([1]), quiet=None, quiet_until=None)

    assert written is None
    assert await had(database) == frozenset()


# --- clocks, copies and suspensions ---


@pytest.mark.parametrize(
    ("set_back", "taken"),
    [(timedelta(minutes=4), False), (timedelta(hours=1), True)],
    ids=["another machine's clock", "a clock that was set back"],
)
async def test_a_claim_from_the_future_holds_no_longer_than_clocks_can_be_apart(
    database: Database, subscription: Subscription, set_back: timedelta, taken: bool
) -> None:
    [message] = (await planned(database, subscription, cards([1]))).messages
    await claim(database, message)
    again = await claim(database, message, owner="two", after=-set_back)
    assert (again is not None) is taken
    if again is not None:
        assert again.first_sent_at == NOON, "it may have been sent"


async def test_a_slot_of_a_clock_that_ran_ahead_gives_way_to_the_next_real_one(
    database: Database, subscription: Subscription
) -> None:
    await planned(database, subscription, [], slot_at=SLOT + timedelta(days=40))
    await planned(database, subscription, [])
    async with database.reading() as stores:
        found = await stores.subscriptions.get(subscription.id)
    assert found is not None
    assert found.last_slot_at == SLOT


async def test_the_last_message_of_a_channel_is_the_newest_that_is_known(
    database: Database, subscription: Subscription
) -> None:
    async with database.reading() as stores:
        assert await stores.deliveries.last_posted(CHANNEL, before=NOON) is None
    first = await planned(database, subscription, cards([1, 2]))
    second = await planned(database, subscription, cards([3]), slot_at=NEXT_SLOT)
    for message, message_id in zip(first.messages, (70, 80), strict=True):
        await send(database, message, Sent(message_id))
    await send(database, second.messages[0], Unknown("lost"))
    async with database.reading() as stores:
        assert await stores.deliveries.last_posted(CHANNEL, before=NOON) == 80
        before = NOON - timedelta(seconds=1)
        assert await stores.deliveries.last_posted(CHANNEL, before=before) is None
        assert await stores.deliveries.last_posted(CHANNEL + 1, before=NOON) is None


async def test_an_older_delivery_of_the_channel_comes_first(
    database: Database, subscription: Subscription
) -> None:
    first = await planned(database, subscription, cards([1]))
    second = await planned(database, subscription, cards([2]), slot_at=NEXT_SLOT)
    async with database.reading() as stores:
        assert await stores.deliveries.before(first) is None
        older = await stores.deliveries.before(second)
    assert older is not None
    assert older.id == first.id
    await send(database, first.messages[0], Sent(1))
    await close(database, first)
    async with database.reading() as stores:
        assert await stores.deliveries.before(second) is None


async def test_everything_unsent_can_be_put_in_doubt_and_is_not_freed_then(
    database: Database, subscription: Subscription
) -> None:
    delivery = await planned(database, subscription, cards([1, 2, 3]))
    await send(database, delivery.messages[0], Sent(1))
    await send(database, delivery.messages[1], Unknown("lost"))
    before = NOON - timedelta(days=1)
    async with database.transaction() as stores:
        await stores.deliveries.doubt(since=before)
    sent_at = [m.first_sent_at for m in (await get(database, delivery)).messages]
    assert sent_at == [NOON, NOON, before]
    await abandon(database, delivery)
    assert await had(database) == {paper_id(1), paper_id(2), paper_id(3)}


async def test_messages_can_be_planned_in_doubt(
    database: Database, subscription: Subscription
) -> None:
    async with database.transaction() as stores:
        opened = await stores.deliveries.open(subscription, SLOT)
        assert opened is not None
        delivery = await stores.deliveries.plan(
            opened.id, cards([1]), quiet=None, quiet_until=None, maybe_sent_at=NOON
        )
    assert delivery is not None
    assert [message.first_sent_at for message in delivery.messages] == [NOON]


async def test_a_suspended_subscriptions_deliveries_rest_until_it_is_resumed(
    database: Database, subscription: Subscription
) -> None:
    delivery = await planned(database, subscription, cards([1, 2]))
    await send(database, delivery.messages[0], Sent(1))
    async with database.transaction() as stores:
        await stores.deliveries.open(subscription, NEXT_SLOT)
        await stores.subscriptions.suspend(subscription.id, SuspensionCause.REFUSED, "403", at=SLOT)
    async with database.reading() as stores:
        assert await stores.deliveries.unfinished() == ()
        assert await stores.deliveries.waiting() == ()

    async with database.transaction() as stores:
        await stores.subscriptions.resume(subscription.id, at=SLOT + timedelta(hours=1))
    async with database.reading() as stores:
        assert [d.id for d in await stores.deliveries.unfinished()] == [delivery.id]
        assert len(await stores.deliveries.waiting()) == 1
    assert await states(database, delivery) == [MessageState.POSTED, MessageState.PLANNED]


async def test_a_delivery_of_an_earlier_day_is_given_up_when_its_subscription_is_resumed(
    database: Database, subscription: Subscription
) -> None:
    delivery = await planned(database, subscription, cards([1, 2, 3]))
    await send(database, delivery.messages[0], Sent(1))
    await send(database, delivery.messages[1], Unknown("lost"))
    async with database.transaction() as stores:
        await stores.subscriptions.suspend(subscription.id, SuspensionCause.REFUSED, "403", at=SLOT)
        await stores.subscriptions.resume(subscription.id, at=NEXT_SLOT)
    assert await had(database) == {paper_id(1), paper_id(2)}, "the third is free for the next"
    async with database.reading() as stores:
        [open_] = await stores.deliveries.unfinished()
    assert [m.state for m in open_.messages] == [MessageState.POSTED, MessageState.UNKNOWN]
