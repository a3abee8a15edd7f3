"""People see and erase what is kept of them; a server that put the bot out is erased in time."""

import json
from datetime import datetime, timedelta

import pytest

from bot.domain.deliveries import NotSent, Outcome, Sent
from bot.domain.interests import DEFAULT_MEANINGS, Reaction, Verdict, posted_at
from bot.domain.suspensions import KEPT_FOR, Access, Standing
from bot.services.delivering import Delivering
from bot.services.privacy import REMEMBERED, Privacy
from bot.services.tracking import Tracking
from bot.storage.database import Database
from bot.storage.privacy import Said
from tests.builders import CHANNEL, GUILD, a_digest, some_preferences, utc
from tests.services.conftest import Channels, Clock, store, subscribe
from tests.services.test_tracking import QUICK, Channel
from tests.storage import samples
from tests.storage.test_privacy import CARDS, OTHER, READER, a_life


class World:
    """`Presence`: in which servers the bot is."""

    def __init__(self) -> None:
        self.access = Access.ABSENT

    def standing(self, _guild_id: int, _channel_id: int, /) -> Standing:
        return Standing(self.access)


class Heard:
    """What was told of an erasure."""

    def __init__(self) -> None:
        self.cards: list[Said] = []
        self.changes = 0

    async def changed(self) -> None:
        self.changes += 1

    async def nothing(self) -> None:
        """No reaction is on its way."""


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def privacy(database: Database, clock: Clock, world: World, heard: Heard) -> Privacy:
    return Privacy(
        database,
        presence=world,
        now=clock,
        settled=heard.nothing,
        on_change=heard.changed,
        owns=lambda guild_id: guild_id != 13,
        on_erased=heard.cards.append,
    )


async def departed(database: Database) -> dict[int, datetime]:
    async with database.reading() as stores:
        return dict(await stores.privacy.departed())


async def test_what_is_kept_is_given_as_json_with_ids_as_text(
    database: Database, privacy: Privacy
) -> None:
    await a_life(database)

    kept = json.loads(json.dumps(await privacy.data(READER)))

    assert kept["your_id"] == str(READER)
    by_reaction, by_button = sorted(kept["interests"], key=lambda row: row["paper_id"])
    assert by_reaction == {
        "reader_id": str(READER),
        "paper_id": "2406.00001",
        "verdict": "liked",
        "message_id": 501,
        "emoji": "👍",
        "burst": False,
        "guild_id": str(samples.GUILD),
        "channel_id": str(samples.CHANNEL),
        "given_at": "2024-06-04T12:00:00+00:00",
    }
    assert (by_button["verdict"], by_button["message_id"]) == ("saved", 0)
    assert [row["said"] for row in kept["follows"]] == ["robots"]
    assert {row["paper_id"] for row in kept["posts"]} == {"2406.00004", "2406.00005"}
    assert len(kept["made_for_channels"]) == 1


async def test_who_is_erased_counts_no_more_and_gets_nothing(
    database: Database, privacy: Privacy, heard: Heard
) -> None:
    await a_life(database)

    erased = await privacy.forget(READER)

    assert erased.posts == 2
    assert set(heard.cards) == CARDS
    assert heard.changes == 1
    kept = await privacy.data(READER)
    assert not any(kept[name] for name in ("interests", "follows", "subscriptions", "posts"))


async def test_posts_of_a_subscription_that_ended_are_known_and_erased_all_the_same(
    database: Database, privacy: Privacy
) -> None:
    await a_life(database)
    async with database.transaction() as stores:
        own = await stores.subscriptions.of_reader(READER)
        assert own is not None
        await stores.subscriptions.remove(own.id)

    assert len((await privacy.data(READER))["posts"]) == 2
    assert (await privacy.forget(READER)).posts == 2
    assert (await privacy.data(READER))["deliveries"] == []


async def test_what_was_said_just_before_is_stored_before_it_is_erased(
    database: Database, privacy: Privacy, clock: Clock
) -> None:
    await samples.save(database, samples.paper(1))
    subscription = await samples.subscribe(database, CHANNEL, guild_id=GUILD)
    delivery = await samples.planned(
        database, subscription, samples.cards([1], channel_id=CHANNEL), slot_at=clock()
    )
    async with database.transaction() as stores:
        await stores.deliveries.finish(delivery.messages[0], Sent(501), owner="", now=clock())
    channel = Channel(501)
    tracking = Tracking(database, channel, meanings=DEFAULT_MEANINGS, now=clock, timing=QUICK)
    channel.told = tracking.note
    privacy._settled = tracking.applied
    channel.add(501, Reaction(READER, "👍"))

    await privacy.forget(READER)
    await tracking.caught_up()

    assert (await privacy.data(READER))["interests"] == []
    await tracking.close()


async def test_old_reactions_of_who_was_erased_are_not_read_again_and_new_ones_count(
    database: Database, privacy: Privacy, clock: Clock
) -> None:
    old, later = 501 << 22, 31_536_000_000 * 20 << 22
    await samples.save(database, *map(samples.paper, (1, 2)))
    subscription = await samples.subscribe(database, CHANNEL, guild_id=GUILD)
    delivery = await samples.planned(
        database, subscription, samples.cards([1, 2], channel_id=CHANNEL), slot_at=clock()
    )
    async with database.transaction() as stores:
        for message, message_id in zip(delivery.messages, (old, later), strict=True):
            await stores.deliveries.finish(message, Sent(message_id), owner="", now=clock())
    assert posted_at(old) < clock() < posted_at(later)
    channel = Channel(old, later)
    like, save = Reaction(READER, "👍"), Reaction(READER, "🔖")
    others = Reaction(OTHER, "👍")
    channel.shown = {old: {like, save, others}, later: {like}}
    await privacy.forget(READER)
    tracking = Tracking(database, channel, meanings=DEFAULT_MEANINGS, now=clock, timing=QUICK)

    tracking.lost(lambda _guild_id: True)
    await tracking.caught_up()

    async def stored() -> dict[int, set[Reaction]]:
        async with database.reading() as stores:
            return {each: set(await stores.interests.reactions(each)) for each in (old, later)}

    assert await stored() == {old: {others}, later: {like}}

    channel.told = tracking.note
    channel.add(old, save)
    tracking.lost(lambda _guild_id: True)
    await tracking.caught_up()
    assert await stored() == {old: {others, save}, later: {like}}

    clock.instant += REMEMBERED + timedelta(seconds=1)
    await privacy.sweep()
    assert (await privacy.data(READER))["asked_to_forget"] == []
    await tracking.close()


async def test_a_server_is_erased_a_month_after_it_put_the_bot_out(
    database: Database, privacy: Privacy, clock: Clock, world: World
) -> None:
    await store(database, a_digest())
    await subscribe(database)
    await privacy.left(999)
    await privacy.left(GUILD)
    clock.advance(days=1)
    await privacy.left(GUILD)
    assert await departed(database) == {GUILD: clock() - timedelta(days=1)}

    clock.instant += KEPT_FOR - timedelta(days=1)
    await privacy.sweep()
    assert GUILD in await departed(database)

    clock.advance(hours=1)
    world.access = Access.UNSEEN  # the gateway has not told yet: it may have come back
    await privacy.sweep()
    assert GUILD in await departed(database)

    world.access = Access.ABSENT
    await privacy.sweep()
    assert await departed(database) == {}
    async with database.reading() as stores:
        assert await stores.privacy.guilds() == frozenset()


async def test_what_happened_to_servers_while_nobody_ran_is_found_out_at_the_start(
    database: Database, privacy: Privacy, clock: Clock
) -> None:
    await subscribe(database)
    async with database.transaction() as stores:
        await stores.privacy.left([7], at=clock())
        await stores.subscriptions.add(  # of a server that another process looks after
            guild_id=13, channel_id=14, preferences=some_preferences(), created_at=clock()
        )
    await privacy.compare({7})
    assert await departed(database) == {GUILD: clock()}

    await privacy.compare({7, GUILD})
    assert await departed(database) == {}
    await privacy.left(GUILD)
    await privacy.returned(GUILD)
    assert await departed(database) == {}


async def test_a_delivery_to_who_is_erased_meanwhile_ends_without_a_trace(
    database: Database,
    privacy: Privacy,
    delivering: Delivering,
    channels: Channels,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await store(database, a_digest())
    subscription = await subscribe(database)
    channels.always[CHANNEL] = NotSent("not now")
    await delivering.deliver(subscription, utc(2024, 6, 5))
    async with database.transaction() as stores:
        await stores.privacy.erase_guild(GUILD)

    channels.always.clear()
    await delivering.resume()
    await delivering.deliver(subscription, utc(2024, 6, 5))

    assert channels.posted[CHANNEL] == []
    assert not [record for record in caplog.records if record.exc_info]


async def test_an_answer_that_comes_after_all_was_erased_brings_nothing_back(
    database: Database, delivering: Delivering, channels: Channels
) -> None:
    await store(database, a_digest())
    subscription = await subscribe(database)
    erased: list[int] = []

    real = channels.send

    async def send(channel_id: int, message: object, *, nonce: str) -> Outcome:
        outcome = await real(channel_id, message, nonce=nonce)  # type: ignore[arg-type]
        if not erased:
            async with database.transaction() as stores:
                erased.append(await stores.privacy.erase_guild(GUILD))
        return outcome

    channels.send = send  # type: ignore[method-assign]
    await delivering.deliver(subscription, utc(2024, 6, 5))

    assert erased == [3]
    assert len(channels.posted[CHANNEL]) == 1
    async with database.reading() as stores:
        assert await stores.deliveries.posted_in(CHANNEL) == frozenset()


async def test_to_forget_a_taste_keeps_what_was_said(database: Database, privacy: Privacy) -> None:
    await a_life(database)

    await privacy.forget_taste(READER)

    kept = await privacy.data(READER)
    assert len(kept["interests"]) == 2
    assert kept["asked_to_forget"][0]["taste_since"] is not None
    assert {row["verdict"] for row in kept["interests"]} == {Verdict.LIKED, Verdict.SAVED}
