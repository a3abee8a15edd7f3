from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from bot.domain.deliveries import Sent
from bot.domain.interests import Interest, Place, Pressed, Reaction, Verdict
from bot.domain.lookups import SaidHere
from bot.domain.papers import PaperId
from bot.storage.database import Database
from bot.storage.interests import Card, Seeding
from tests.storage.samples import (
    CHANNEL,
    GUILD,
    NOON,
    SLOT,
    cards,
    links,
    paper,
    paper_id,
    planned,
    save,
    subscribe,
)

HERE = Place(GUILD, CHANNEL)
LIKE = Reaction(1, "👍")


async def post(database: Database, *, slot_at: datetime = SLOT) -> list[int]:
    """Two cards and a message with links are posted, a third card is not: the store's numbers."""
    await save(database, *map(paper, range(1, 5)))
    subscription = await subscribe(database)
    delivery = await planned(
        database, subscription, [*cards([1, 2]), links([3]), *cards([4])], slot_at=slot_at
    )
    async with database.transaction() as stores:
        for message, message_id in zip(delivery.messages[:3], (501, 502, 503), strict=True):
            await stores.deliveries.finish(message, Sent(message_id), owner="", now=NOON)
    return [message.id for message in delivery.messages]


async def react(
    database: Database,
    reaction: Reaction,
    *,
    message_id: int = 501,
    number: int = 1,
    verdict: Verdict = Verdict.LIKED,
    at: datetime = NOON,
    place: Place = HERE,
) -> None:
    async with database.transaction() as stores:
        await stores.interests.reacted(
            reaction,
            message_id=message_id,
            paper_id=paper_id(number),
            verdict=verdict,
            place=place,
            at=at,
        )


async def press(
    database: Database, reader_id: int = 1, verdict: Verdict = Verdict.LIKED
) -> Pressed:
    async with database.transaction() as stores:
        return await stores.interests.press(reader_id, paper_id(1), verdict, place=HERE, at=NOON)


async def said(database: Database, reader_id: int = 1) -> list[tuple[int, str]]:
    async with database.reading() as stores:
        interests = await stores.interests.of_reader(reader_id)
    return [(int(each.paper_id.value[-1]), each.verdict.value) for each in interests]


async def test_a_card_is_known_by_its_message_and_other_posts_as_none(database: Database) -> None:
    await post(database)

    async with database.reading() as stores:
        assert await stores.interests.papers_of([501, 502, 503, 999]) == {
            501: paper_id(1),
            502: paper_id(2),
            503: None,
        }


async def test_the_cards_of_recent_deliveries_are_listed_newest_first(database: Database) -> None:
    await post(database)

    async with database.reading() as stores:
        assert await stores.interests.cards_since(SLOT) == (
            Card(502, CHANNEL, GUILD),
            Card(501, CHANNEL, GUILD),
        )
        assert await stores.interests.cards_since(SLOT + timedelta(seconds=1)) == ()

    async with database.transaction() as stores:
        subscription = await stores.subscriptions.of_channel(CHANNEL)
        assert subscription is not None
        await stores.subscriptions.remove(subscription.id)
        assert (await stores.interests.cards_since(SLOT))[0] == Card(502, CHANNEL, None)


async def test_reactions_come_and_go(database: Database) -> None:
    await post(database)
    for reaction in (LIKE, LIKE, replace(LIKE, burst=True), Reaction(2, "👍"), Reaction(2, "🔥")):
        await react(database, reaction)

    async with database.transaction() as stores:
        await stores.interests.unreacted(LIKE, message_id=501)
        await stores.interests.unreacted(LIKE, message_id=501)
        assert set(await stores.interests.reactions(501)) == {
            replace(LIKE, burst=True),
            Reaction(2, "👍"),
            Reaction(2, "🔥"),
        }
        await stores.interests.cleared(501, emoji="👍")
        assert await stores.interests.reactions(501) == {Reaction(2, "🔥"): Verdict.LIKED}
        await stores.interests.cleared(502)
        assert await stores.interests.reactions(501) == {Reaction(2, "🔥"): Verdict.LIKED}
        await stores.interests.cleared(501)
        assert await stores.interests.reactions(501) == {}


async def test_what_was_said_under_a_deleted_message_stands(database: Database) -> None:
    await post(database)
    await react(database, LIKE)
    await react(database, Reaction(1, "🔥"))
    await react(database, LIKE, message_id=502, number=2)
    await press(database, 2)
    await react(database, Reaction(2, "👍"))

    async with database.transaction() as stores:
        await stores.interests.deleted([501, 999])
        assert await stores.interests.reactions(501) == {}
        assert await stores.interests.reactions(502) == {LIKE: Verdict.LIKED}

    assert await said(database) == [(1, "liked"), (2, "liked")]
    assert await said(database, 2) == [(1, "liked")]
    assert await press(database) is Pressed.TAKEN_BACK


async def test_a_verdict_is_told_once_with_when_it_was_first_given(database: Database) -> None:
    await post(database)
    await react(database, Reaction(1, "🔥"), at=NOON + timedelta(hours=2))
    await react(database, LIKE, at=NOON)
    await react(
        database,
        Reaction(1, "🔖"),
        message_id=502,
        number=2,
        verdict=Verdict.SAVED,
        at=NOON + timedelta(hours=1),
    )

    async with database.reading() as stores:
        assert await stores.interests.of_reader(1) == (
            Interest(
                reader_id=1,
                paper_id=paper_id(2),
                verdict=Verdict.SAVED,
                given_at=NOON + timedelta(hours=1),
            ),
            Interest(reader_id=1, paper_id=paper_id(1), verdict=Verdict.LIKED, given_at=NOON),
        )
        assert [i.paper_id for i in await stores.interests.of_reader(1, Verdict.LIKED)] == [
            paper_id(1)
        ]
        assert await stores.interests.of_reader(2) == ()


async def test_a_button_gives_and_takes_back_what_no_reaction_says(database: Database) -> None:
    await post(database)

    assert await press(database) is Pressed.GIVEN
    assert await press(database, verdict=Verdict.SAVED) is Pressed.GIVEN
    assert await press(database) is Pressed.TAKEN_BACK
    assert await said(database) == [(1, "saved")]

    await press(database)
    await react(database, LIKE)
    assert await press(database) is Pressed.STANDS
    async with database.transaction() as stores:
        await stores.interests.unreacted(LIKE, message_id=501)
    assert await said(database) == [(1, "saved")], "the press took the button's reason away"


async def test_readers_are_counted_once_in_their_server_or_conversation(
    database: Database,
) -> None:
    await post(database)
    await react(database, LIKE)
    await react(database, Reaction(1, "🔥"))
    await press(database, 2)
    await react(database, Reaction(3, "👍"), place=Place(GUILD + 1, CHANNEL + 1))
    await react(database, Reaction(4, "👍"), place=Place(0, 77))
    await react(database, Reaction(5, "👍"), place=Place(0, 78))

    async with database.reading() as stores:
        both = [paper_id(1), paper_id(2)]
        assert await stores.interests.counts(HERE, both) == {
            paper_id(1): {Verdict.LIKED: 2},
            paper_id(2): {},
        }
        assert await stores.interests.counts(Place(0, 77), [paper_id(1)]) == {
            paper_id(1): {Verdict.LIKED: 1}
        }


async def test_cards_wait_for_their_seeds_newest_first_until_they_have_them(
    database: Database,
) -> None:
    first, second, *_ = await post(database)
    async with database.transaction() as stores:
        for message in (first, second, first):
            await stores.interests.seed(message)

        assert await stores.interests.to_seed(9) == (
            Seeding(second, 502, CHANNEL),
            Seeding(first, 501, CHANNEL),
        )
        assert await stores.interests.to_seed(1) == (Seeding(second, 502, CHANNEL),)
        assert await stores.interests.to_seed(9, without=[CHANNEL]) == ()
        await stores.interests.seeded(second)
        assert await stores.interests.to_seed(9) == (Seeding(first, 501, CHANNEL),)


async def test_what_a_server_liked_is_ordered_by_how_many_said_so(database: Database) -> None:
    await post(database)
    for reader_id, number, verdict in (
        (1, 1, Verdict.LIKED),
        (2, 1, Verdict.LIKED),
        (2, 1, Verdict.SAVED),
        (3, 2, Verdict.SAVED),
        (3, 4, Verdict.SAVED),
        (4, 4, Verdict.SAVED),
        (4, 3, Verdict.DISMISSED),
    ):
        async with database.transaction() as stores:
            await stores.interests.press(reader_id, paper_id(number), verdict, place=HERE, at=NOON)
    await react(database, Reaction(1, "🔥"))  # who says it twice says it once
    await react(database, Reaction(9, "👍"), number=4, place=Place(GUILD + 1, CHANNEL + 1))

    async with database.reading() as stores:
        liked = partial(stores.interests.liked, HERE, limit=10)
        later = NOON + timedelta(seconds=1)
        assert list((await liked(since=None, until=later)).items()) == [
            (paper_id(1), SaidHere(2, 1)),
            (paper_id(4), SaidHere(0, 2)),
            (paper_id(2), SaidHere(0, 1)),
        ]
        assert await liked(since=None, until=NOON) == {}
        assert await liked(since=later, until=later + timedelta(days=1)) == {}
        assert list(await liked(since=NOON, until=later, limit=1)) == [paper_id(1)]


async def test_what_is_saved_anew_is_to_be_read_anew(database: Database) -> None:
    await post(database)
    await press(database, verdict=Verdict.SAVED)
    await react(database, Reaction(1, "🔖"), verdict=Verdict.SAVED)
    await press(database, verdict=Verdict.READ)

    async def unread() -> tuple[PaperId, ...]:
        async with database.reading() as stores:
            return await stores.interests.unread(1)

    await press(database, verdict=Verdict.SAVED)  # the reaction stands
    await react(database, Reaction(1, "📌"), verdict=Verdict.SAVED)
    assert await unread() == ()

    async with database.transaction() as stores:
        await stores.interests.cleared(501)
    await react(database, Reaction(1, "🔖"), verdict=Verdict.SAVED)
    assert await unread() == (paper_id(1),)
