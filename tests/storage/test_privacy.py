"""Everything about a person or a server is found, and everything goes."""

from datetime import timedelta

from sqlalchemy import func, select

from bot.domain.deliveries import Sent
from bot.domain.follows import FollowKind
from bot.domain.interests import Place, Reaction, Verdict
from bot.domain.subscriptions import NO_GUILD, Preferences, Scope
from bot.storage import schema
from bot.storage.database import Database, Stores
from bot.storage.privacy import PEOPLE, Said
from tests.storage.samples import (
    CHANNEL,
    GUILD,
    NOON,
    cards,
    daily,
    links,
    paper,
    paper_id,
    planned,
    save,
    subscribe,
)

READER, OTHER = 1_182_000_000_000_000_101, 1_182_000_000_000_000_102
DIRECT = 1_182_000_000_000_000_103
HERE = Place(GUILD, CHANNEL)

CARDS = {Said(501, HERE, paper_id(1)), Said(601, Place(0, DIRECT), paper_id(4))}
"""Of papers of which the reader says something."""

# What names no person, though its name might sound like it.
NOT_PEOPLE = {("subscriptions", "role_id")}


async def a_life(database: Database) -> None:
    """Two readers of a channel that one of them subscribed; they follow, and have own papers."""
    await save(database, *map(paper, range(1, 6)))
    subscription = await subscribe(database)
    delivery = await planned(database, subscription, [*cards([1, 2]), links([3])])
    async with database.transaction() as stores:
        for message_id, message in enumerate(delivery.messages, start=501):
            await stores.deliveries.finish(message, Sent(message_id), owner="", now=NOON)
        await stores.subscriptions._connection.execute(
            schema.subscriptions.update().values(created_by=READER)
        )
        # The same paper stands in another channel, under which nobody said anything.
        elsewhere = await stores.subscriptions.add(
            guild_id=GUILD,
            channel_id=CHANNEL + 7,
            preferences=Preferences(daily=daily()),
            created_at=NOON,
        )
        for reader_id in (READER, OTHER):
            await stores.interests.reacted(
                Reaction(reader_id, "👍"),
                message_id=501,
                paper_id=paper_id(1),
                verdict=Verdict.LIKED,
                place=HERE,
                at=NOON,
            )
            await stores.interests.press(
                reader_id, paper_id(4), Verdict.SAVED, place=Place(0, DIRECT), at=NOON
            )
            await stores.follows.add(
                reader_id=reader_id, kind=FollowKind.WORDS, said="robots", at=NOON
            )
            await stores.readers.forget_taste(reader_id, at=NOON)
        await stores.interests.seed(delivery.messages[1].id)
        own = await stores.subscriptions.add(
            guild_id=NO_GUILD,
            channel_id=DIRECT,
            preferences=Preferences(daily=daily()),
            created_at=NOON,
            created_by=READER,
            reader_id=READER,
            scope=Scope.LISTS,
        )
    other = await planned(database, elsewhere, cards([1], channel_id=CHANNEL + 7))
    async with database.transaction() as stores:
        await stores.deliveries.finish(other.messages[0], Sent(701), owner="", now=NOON)
    delivery = await planned(database, own, cards([4, 5], channel_id=DIRECT))
    async with database.transaction() as stores:
        for message_id, message in enumerate(delivery.messages, start=601):
            await stores.deliveries.finish(message, Sent(message_id), owner="", now=NOON)


async def rows(stores: Stores) -> dict[str, int]:
    """How many rows each table has."""
    counts = {}
    for table in schema.metadata.sorted_tables:
        query = select(func.count()).select_from(table)
        counts[table.name] = await stores.privacy._connection.scalar(query)
    return counts


def test_every_column_that_names_a_person_is_shown_and_erased() -> None:
    """A new one must be added to `PEOPLE`, and to what is erased."""
    suspects = {
        (table.name, column.name)
        for table in schema.metadata.sorted_tables
        for column in table.columns
        if any(word in column.name for word in ("reader", "user", "person", "_by", "member"))
    }
    assert suspects - NOT_PEOPLE == {(column.table.name, column.name) for column in PEOPLE.values()}


async def test_a_person_sees_all_that_is_kept_of_them_and_nothing_of_others(
    database: Database,
) -> None:
    await a_life(database)

    async with database.reading() as stores:
        kept = await stores.privacy.of_reader(READER)

    assert {name: len(rows) for name, rows in kept.items()} == {
        "interests": 2,
        "follows": 1,
        "subscriptions": 1,
        "made_for_channels": 1,
        "asked_to_forget": 1,
        "deliveries": 1,
        "posts": 2,
    }
    assert str(OTHER) not in str(kept)


async def test_a_person_is_erased_everywhere_and_others_stay(database: Database) -> None:
    await a_life(database)
    async with database.reading() as stores:
        before = await rows(stores)

    async with database.transaction() as stores:
        erased = await stores.privacy.forget_reader(READER, at=NOON)

    assert (erased.papers, erased.follows, erased.posts) == (2, 1, 2)
    assert set(erased.cards) == CARDS
    async with database.reading() as stores:
        after = await rows(stores)
        gone = {name: before[name] - after[name] for name in before if before[name] != after[name]}
        assert gone == {
            "interests": 2,
            "follows": 1,
            "subscriptions": 1,
            "deliveries": 1,
            "messages": 2,
            "posts": 2,
        }
        kept = dict(await stores.privacy.of_reader(READER))
        [left] = kept.pop("asked_to_forget")
        assert not any(kept.values())
        assert {**left} == {"reader_id": READER, "taste_since": None, "forgotten_at": NOON}
        assert len(await stores.interests.of_reader(OTHER)) == 2
        assert await stores.integrity.faults() == ()
        assert await stores.integrity.dangling() == {}
        assert await stores.readers.forgotten([READER, OTHER]) == {READER: NOON}


async def test_a_person_of_whom_nothing_is_kept_can_be_erased(database: Database) -> None:
    async with database.transaction() as stores:
        erased = await stores.privacy.forget_reader(READER, at=NOON)

    assert (erased.papers, erased.follows, erased.posts, erased.cards) == (0, 0, 0, ())


async def test_that_somebody_was_erased_is_forgotten_too(database: Database) -> None:
    async with database.transaction() as stores:
        for reader_id in (READER, OTHER):
            await stores.privacy.forget_reader(reader_id, at=NOON)
        await stores.readers.forget_taste(OTHER, at=NOON)

        assert await stores.readers.forgotten_before(NOON) == ()
        later = NOON + timedelta(seconds=1)
        assert set(await stores.readers.forgotten_before(later)) == {READER, OTHER}
        await stores.readers.drop([READER, OTHER])

        assert await stores.readers.forgotten_before(later) == ()
        assert (await rows(stores))["readers"] == 1
        assert await stores.readers.taste_since(OTHER) == NOON


async def test_a_server_is_erased_and_what_its_readers_said_stays_theirs(
    database: Database,
) -> None:
    await a_life(database)
    async with database.transaction() as stores:
        subscription = await stores.subscriptions.of_channel(CHANNEL)
        assert subscription is not None
        await stores.subscriptions.remove(subscription.id)  # its posts are known all the same
        assert await stores.privacy.guilds() == {GUILD}
        await stores.privacy.left([GUILD], at=NOON)
        await stores.privacy.left([GUILD], at=NOON + timedelta(days=1))
        assert await stores.privacy.departed() == {GUILD: NOON}

        assert await stores.privacy.erase_guild(GUILD) == 4

        assert await stores.privacy.guilds() == frozenset()
        assert await stores.privacy.departed() == {}
        assert await stores.deliveries.posted_in(CHANNEL) == frozenset()
        assert await stores.deliveries.posted_in(DIRECT) == {paper_id(4), paper_id(5)}
        assert await stores.interests.counts(HERE, [paper_id(1)]) == {paper_id(1): {}}
        for reader_id in (READER, OTHER):
            said = {
                (each.paper_id, each.verdict)
                for each in await stores.interests.of_reader(reader_id)
            }
            assert said == {(paper_id(1), Verdict.LIKED), (paper_id(4), Verdict.SAVED)}
        assert await stores.integrity.faults() == ()
        assert await stores.integrity.dangling() == {}


async def test_a_server_that_takes_the_bot_back_is_not_gone(database: Database) -> None:
    async with database.transaction() as stores:
        await stores.privacy.left([GUILD, GUILD + 1], at=NOON)
        await stores.privacy.left([], at=NOON)
        await stores.privacy.returned(GUILD)

        assert await stores.privacy.departed() == {GUILD + 1: NOON}
