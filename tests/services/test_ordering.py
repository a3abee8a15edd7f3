"""Deliveries in the order of a taste: the same papers, once each, and votes where there is none."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from bot.domain.follows import FollowKind
from bot.domain.interests import Place, Verdict
from bot.domain.papers import PaperId
from bot.domain.subscriptions import NO_GUILD, Order, Scope, Subscription
from bot.services.delivering import Delivering
from bot.services.learning import Learning
from bot.storage.database import Database
from tests.builders import CHANNEL, GUILD, a_daily_time, some_preferences, utc
from tests.services.conftest import Channels, Clock, store, subscribe
from tests.subjects import NEW, OLD, SUBJECTS, of, subject

SLOT = utc(2024, 6, 5)
READER, DIRECT = 7, 70
BY_VOTES = [listing.paper.id for listing in NEW]


@pytest.fixture
async def learning(database: Database, clock: Clock) -> AsyncIterator[Learning]:
    await store(database, OLD, NEW)
    learning = Learning(database, now=clock)
    yield learning
    await learning.close()


@pytest.fixture
def delivering(
    database: Database, channels: Channels, clock: Clock, learning: Learning
) -> Delivering:
    return Delivering(
        database, channels, channels, sources=["huggingface"], now=clock, tastes=learning
    )


async def like(
    database: Database, *papers: PaperId, by: int = READER, channel_id: int = CHANNEL
) -> None:
    async with database.transaction() as stores:
        for paper_id in papers:
            await stores.interests.press(
                by, paper_id, Verdict.LIKED, place=Place(GUILD, channel_id), at=utc(2024, 6, 4)
            )


async def digest(database: Database, **preferences: object) -> Subscription:
    """A person's own."""
    async with database.transaction() as stores:
        return await stores.subscriptions.add(
            guild_id=NO_GUILD,
            channel_id=DIRECT,
            preferences=some_preferences(daily=a_daily_time("09:00"), **preferences),
            created_at=utc(2024, 6, 1),
            reader_id=READER,
            scope=Scope.LISTS,
        )


def headed(channels: Channels, channel_id: int = CHANNEL) -> str:
    """The line before the first card."""
    return str(channels.posted[channel_id][0].message.content)


async def brought(database: Database, channel_id: int = CHANNEL) -> list[PaperId]:
    """The papers of the last delivery, in their order."""
    async with database.reading() as stores:
        [delivery] = [d for d in [await stores.deliveries.get(1)] if d.channel_id == channel_id]
    return [item.paper_id for item in delivery.items]


async def test_what_a_channel_liked_comes_first_with_every_fifth_place_for_something_else(
    database: Database, delivering: Delivering, channels: Channels
) -> None:
    await like(database, *of(OLD, "images"), by=1)
    await like(database, *of(OLD, "proofs"), by=1, channel_id=CHANNEL + 1)
    subscription = await subscribe(database, had_one=False, order=Order.TASTE, limit=5)

    await delivering.deliver(subscription, SLOT)

    papers = await brought(database)
    assert {subject(each) for each in papers[:3]} == {"images"}
    assert subject(papers[4]) != "images"
    assert sorted(papers) == sorted(BY_VOTES)
    assert len(channels.posted[CHANNEL]) == 6
    assert "by this channel's taste" in headed(channels)
    await delivering.deliver(subscription, SLOT)
    assert len(channels.posted[CHANNEL]) == 6


@pytest.mark.parametrize("order", Order)
async def test_without_a_taste_or_a_wish_for_it_the_votes_order(
    database: Database, delivering: Delivering, channels: Channels, order: Order
) -> None:
    if order is Order.VOTES:
        await like(database, *of(OLD, "images"))
    await delivering.deliver(await subscribe(database, had_one=False, order=order), SLOT)

    assert await brought(database) == BY_VOTES
    assert "taste" not in headed(channels)


async def test_a_persons_own_papers_are_in_the_order_of_their_taste(
    database: Database, delivering: Delivering, channels: Channels
) -> None:
    await like(database, *of(OLD, "proofs"))
    await like(database, *of(OLD, "images"), by=1)

    await delivering.deliver(await digest(database), SLOT)

    papers = await brought(database, DIRECT)
    assert {subject(each) for each in papers[:3]} == {"proofs"}
    assert sorted(papers) == sorted(BY_VOTES)
    assert "by your taste" in headed(channels, DIRECT)


@pytest.mark.parametrize("liked", [(), of(OLD, "proofs")])
async def test_what_is_followed_comes_before_what_fits_and_is_not_called_a_taste(
    database: Database, delivering: Delivering, channels: Channels, liked: list[PaperId]
) -> None:
    await like(database, *liked)
    async with database.transaction() as stores:
        await stores.follows.add(
            reader_id=READER, kind=FollowKind.WORDS, said="diffusion", at=utc(2024, 6, 4)
        )

    await delivering.deliver(await digest(database), SLOT)

    papers = await brought(database, DIRECT)
    assert papers[0] == of(NEW, "images")[1]
    fit = {subject(each) for each in papers[1:4]}
    assert fit == ({"proofs"} if liked else set(SUBJECTS))
    assert ("by your taste" in headed(channels, DIRECT)) is bool(liked)


async def test_a_taste_orders_also_what_waited_for_its_list(
    database: Database, channels: Channels, clock: Clock, delivering: Delivering
) -> None:
    await like(database, *of(OLD, "proofs"))
    later = NEW.day + timedelta(days=20)
    async with database.transaction() as stores:
        await stores.lists.note_failure("huggingface", utc(2024, 6, 24), "down")
    clock.instant = slot = utc(2024, 6, 25)
    subscription = await digest(database)
    await delivering.deliver(subscription, slot)
    assert channels.posted[DIRECT] == []

    await store(database, type(NEW).of(later, list(NEW)), at=slot)
    async with database.transaction() as stores:
        await stores.lists.note_success("huggingface", slot)
    await delivering.resume()

    papers = await brought(database, DIRECT)
    assert {subject(each) for each in papers[:3]} == {"proofs"}


class Broken:
    """`Tastes` with a fault of our own."""

    async def ordering(self, *, reader_id: int | None, channel_id: int) -> None:
        raise RuntimeError(f"no taste of {reader_id or channel_id}")


async def test_a_taste_that_fails_keeps_nobody_from_their_papers(
    database: Database,
    channels: Channels,
    clock: Clock,
    learning: Learning,
    caplog: pytest.LogCaptureFixture,
) -> None:
    delivering = Delivering(
        database, channels, channels, sources=["huggingface"], now=clock, tastes=Broken()
    )

    await delivering.deliver(await subscribe(database, had_one=False, order=Order.TASTE), SLOT)

    assert await brought(database) == BY_VOTES
    assert f"channel {CHANNEL} is ordered by votes" in caplog.text
