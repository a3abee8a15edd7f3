"""What somebody said is told together with what stood beside it, once, wherever they said it."""

from datetime import date, timedelta

from bot.domain.deliveries import Sent
from bot.domain.interests import Place, Reaction, Verdict
from bot.domain.showings import Showing
from bot.storage.database import Database
from tests.storage.samples import (
    CHANNEL,
    DAY,
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
ELSEWHERE = Place(GUILD + 1, CHANNEL + 100)
READER, OTHER = 1, 2


async def post(database: Database) -> None:
    """Cards of papers 1 to 3 and a link to paper 4 stand in the channel; paper 5 does not."""
    await save(database, *map(paper, range(1, 6)))
    subscription = await subscribe(database)
    delivery = await planned(database, subscription, [*cards([1, 2, 3]), links([4])])
    async with database.transaction() as stores:
        for message_id, message in enumerate(delivery.messages, start=501):
            await stores.deliveries.finish(message, Sent(message_id), owner="", now=NOON)


async def say(
    database: Database,
    number: int,
    verdict: Verdict = Verdict.LIKED,
    *,
    by: int = READER,
    place: Place = HERE,
    days: int = 0,
) -> None:
    async with database.transaction() as stores:
        await stores.interests.press(
            by, paper_id(number), verdict, place=place, at=SLOT + timedelta(days=days)
        )


def told(*verdicts: tuple[int, Verdict], shown: set[int], day: date) -> Showing:
    return Showing(
        day,
        frozenset(map(paper_id, shown)),
        tuple((paper_id(number), verdict) for number, verdict in verdicts),
    )


async def test_a_verdict_stands_beside_the_cards_of_its_delivery(database: Database) -> None:
    await post(database)
    await say(database, 1)
    await say(database, 2, Verdict.DISMISSED, days=1)
    await say(database, 3, by=OTHER)

    async with database.reading() as stores:
        assert await stores.showings.to_reader(READER, since=None, limit=10) == (
            told(
                (2, Verdict.DISMISSED),
                (1, Verdict.LIKED),
                shown={1, 2, 3},
                day=SLOT.date(),
            ),
        )
        [here] = await stores.showings.in_channel(CHANNEL, limit=10)
    assert sorted(here.verdicts) == [
        (paper_id(1), Verdict.LIKED),
        (paper_id(2), Verdict.DISMISSED),
        (paper_id(3), Verdict.LIKED),
    ]


async def test_what_was_found_in_a_look_up_has_nothing_beside_it(database: Database) -> None:
    await post(database)
    await say(database, 5, place=ELSEWHERE)
    await say(database, 1, Verdict.SAVED, place=ELSEWHERE)

    async with database.reading() as stores:
        [alone] = await stores.showings.to_reader(READER, since=None, limit=10)
        assert await stores.showings.in_channel(CHANNEL, limit=10) == ()
    assert alone.shown == {paper_id(1), paper_id(5)}
    assert alone.passed_over == []


async def test_what_is_said_in_two_ways_is_told_once(database: Database) -> None:
    await post(database)
    await say(database, 1)
    async with database.transaction() as stores:
        await stores.interests.reacted(
            Reaction(READER, "👍"),
            message_id=900,
            paper_id=paper_id(1),
            verdict=Verdict.LIKED,
            place=ELSEWHERE,
            at=SLOT + timedelta(days=3),
        )

    async with database.reading() as stores:
        showings = await stores.showings.to_reader(READER, since=None, limit=10)
    assert [verdict for showing in showings for verdict in showing.verdicts] == [
        (paper_id(1), Verdict.LIKED)
    ]


async def test_only_the_newest_verdicts_since_an_instant_count(database: Database) -> None:
    await post(database)
    for number in (1, 2, 3):
        await say(database, number, days=number)

    async with database.reading() as stores:
        newest = await stores.showings.to_reader(READER, since=None, limit=2)
        later = await stores.showings.to_reader(READER, since=SLOT + timedelta(days=3), limit=10)
    assert {each for showing in newest for each, _ in showing.verdicts} == {
        paper_id(2),
        paper_id(3),
    }
    assert {each for showing in later for each, _ in showing.verdicts} == {paper_id(3)}


async def test_what_others_of_a_server_liked_is_counted_by_reader(database: Database) -> None:
    await post(database)
    for reader_id in (READER, OTHER, 3):
        await say(database, 1, by=reader_id)
    await say(database, 1, Verdict.SAVED, by=OTHER)
    await say(database, 2, Verdict.DISMISSED, by=OTHER)
    await say(database, 3, by=OTHER, place=ELSEWHERE)

    async with database.reading() as stores:
        assert await stores.showings.liked_at(HERE, without=READER) == {paper_id(1): 2}
        assert await stores.showings.liked_at(Place(0, CHANNEL), without=READER) == {}


async def test_papers_of_lists_since_a_day(database: Database) -> None:
    await save(database, paper(1), paper(2))
    await save(database, paper(2), paper(3), day=DAY + timedelta(days=1))

    async with database.reading() as stores:
        since = await stores.showings.listed_since(DAY + timedelta(days=1))
    assert since == {paper_id(2), paper_id(3)}
