"""Our own reactions come under each card that wants them, once, and keep nothing waiting."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.services.delivering import Delivering, Posted
from bot.services.seeding import Seeding
from bot.services.timing import DEFAULT_TIMING
from bot.services.tracking import ChannelRefuses, NotNow
from bot.storage.database import Database
from tests.builders import CHANNEL, GUILD, a_digest, utc
from tests.services.conftest import Channels, Clock, store, subscribe
from tests.services.test_tracking import Unreliable

OTHER = CHANNEL + 1
SLOT = utc(2024, 6, 5)


class Reactions:
    """A `Putter` with what was put where."""

    def __init__(self) -> None:
        self.put_under: defaultdict[int, list[str]] = defaultdict(list)
        self.errors: defaultdict[int, list[Exception]] = defaultdict(list)
        """What meets the next reactions in a channel."""

    async def put(self, channel_id: int, message_id: int, emoji: str) -> None:
        await asyncio.sleep(0)
        if self.errors[channel_id]:
            raise self.errors[channel_id].pop(0)
        if emoji not in self.put_under[message_id]:
            self.put_under[message_id].append(emoji)


@pytest.fixture
def reactions() -> Reactions:
    return Reactions()


@asynccontextmanager
async def a_process(database: Database, reactions: Reactions) -> AsyncGenerator[Seeding]:
    seeding = Seeding(
        database,
        reactions,
        emoji=("👍", "🔖"),
        timing=replace(DEFAULT_TIMING, first_retry=timedelta(milliseconds=1)),
    )
    yield seeding
    await seeding.close()


@pytest.fixture
async def posted(database: Database, channels: Channels, clock: Clock) -> dict[int, list[int]]:
    """The cards of two channels that want reactions, and of one that does not."""
    await store(database, a_digest(numbers=[1, 2]))
    told: list[Posted] = []
    delivering = Delivering(
        database,
        channels,
        channels,
        sources=["huggingface"],
        now=clock,
        on_posted=told.append,
    )
    for channel_id, wants in ((CHANNEL, True), (OTHER, True), (CHANNEL + 2, False)):
        subscription = await subscribe(database, channel_id, seed_reactions=wants, limit=1)
        await delivering.deliver(subscription, SLOT)
    cards = {
        channel_id: [posted.message_id for posted in channels.posted[channel_id]]
        for channel_id in (CHANNEL, OTHER)
    }
    assert [post.seed for post in told] == [True, False, True, False, False, False]
    assert {post.place.guild_id for post in told} == {GUILD}
    return cards


async def test_each_card_gets_its_reactions_and_the_links_get_none(
    database: Database, reactions: Reactions, posted: dict[int, list[int]]
) -> None:
    async with a_process(database, reactions) as seeding:
        seeding.wake()
        await seeding.caught_up()

    assert reactions.put_under == {posted[c][0]: ["👍", "🔖"] for c in (CHANNEL, OTHER)}


async def test_what_one_process_left_the_next_one_puts(
    database: Database, reactions: Reactions, posted: dict[int, list[int]]
) -> None:
    reactions.errors[OTHER] = [NotNow("no answer")] * 10_000
    async with a_process(database, reactions) as seeding:
        seeding.wake()
        async with asyncio.timeout(10):
            while not reactions.put_under[posted[CHANNEL][0]]:  # noqa: ASYNC110
                await asyncio.sleep(0.001)
    reactions.errors.clear()
    assert posted[OTHER][0] not in reactions.put_under

    async with a_process(database, reactions) as seeding:
        seeding.wake()
        await seeding.caught_up()
    assert reactions.put_under[posted[OTHER][0]] == ["👍", "🔖"]


async def test_a_channel_that_takes_none_is_asked_once_and_holds_up_no_other(
    database: Database,
    reactions: Reactions,
    posted: dict[int, list[int]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    reactions.errors[OTHER] = [ChannelRefuses("not permitted")]
    async with a_process(database, reactions) as seeding:
        seeding.wake()
        await seeding.caught_up()

    assert reactions.put_under == {posted[CHANNEL][0]: ["👍", "🔖"]}
    assert f"channel {OTHER} takes no reactions of ours: not permitted" in caplog.text
    async with database.reading() as stores:
        assert await stores.interests.to_seed(9) == ()


async def test_what_fails_is_tried_again(
    database: Database,
    reactions: Reactions,
    posted: dict[int, list[int]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    unreliable = Unreliable(database)
    unreliable.busy = True
    reactions.errors[OTHER] = [NotNow("no answer"), RuntimeError("a defect")]
    async with a_process(unreliable, reactions) as seeding:  # type: ignore[arg-type]
        seeding.wake()
        async with asyncio.timeout(10):
            while "no card is seeded: another program" not in caplog.text:  # noqa: ASYNC110
                await asyncio.sleep(0.001)
        unreliable.busy = False
        await seeding.caught_up()

    assert sorted(reactions.put_under.values()) == [["👍", "🔖"]] * 2
    assert "seeding failed" in caplog.text
    assert "is not seeded yet: no answer" in caplog.text


async def test_nothing_is_begun_after_the_end(database: Database, reactions: Reactions) -> None:
    async with a_process(database, reactions) as seeding:
        await seeding.caught_up()
    seeding.wake()
    await seeding.caught_up()
    assert reactions.put_under == {}
