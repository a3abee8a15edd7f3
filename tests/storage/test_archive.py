from datetime import date, timedelta

import pytest

from bot.domain.digests import Digest, Listing
from bot.domain.lookups import About, DayOffered, Entry, SourceState
from bot.storage.database import Database
from tests.storage.samples import DAY, NOON, paper, paper_id, save


def later(days: int) -> date:
    return DAY + timedelta(days=days)


def voted(number: int, upvotes: int | None) -> Listing:
    return Listing(paper=paper(number, title=f"Title {number}"), upvotes=upvotes, live=True)


@pytest.fixture
async def archive(database: Database) -> Database:
    """Lists of three days, and one that was read and empty."""
    await save(database, voted(1, 5), voted(2, None), voted(3, 9))
    await save(database, voted(4, 9), day=later(1))
    await save(database, day=later(2))
    await save(database, voted(1, 20), voted(5, 1), day=later(6))
    return database


async def days(
    database: Database, *, since: date | None = None, until: date | None = None, limit: int = 9
) -> list[tuple[date, int]]:
    offered = await database.look_up(
        lambda stores: stores.archive.days(since=since, until=until, limit=limit)
    )
    assert all(isinstance(one, DayOffered) for one in offered)
    return [(one.day, one.papers) for one in offered]


async def test_days_with_a_list_are_offered_newest_first(archive: Database) -> None:
    assert await days(archive) == [(later(6), 2), (later(1), 1), (DAY, 3)]
    assert await days(archive, limit=1) == [(later(6), 2)]
    assert await days(archive, since=later(1), until=later(5)) == [(later(1), 1)]
    assert await days(archive, since=later(7)) == []


async def test_a_day_that_two_sources_list_is_one_day(archive: Database) -> None:
    await save(archive, voted(6, 1), source="markdown")

    assert (DAY, 4) in await days(archive)


async def test_the_nearest_days_are_on_both_sides(archive: Database) -> None:
    async def nearest(day: date, each: int) -> tuple[date, ...]:
        return await archive.look_up(lambda stores: stores.archive.nearest(day, each=each))

    assert await nearest(later(2), 1) == (later(6), later(1))
    assert await nearest(later(2), 5) == (later(6), later(1), DAY)
    assert await nearest(DAY, 5) == (later(6), later(1))
    assert await nearest(date.max, 1) == (later(6),)
    assert await nearest(date.min, 1) == (DAY,)


async def test_a_list_is_in_the_order_of_its_digest(archive: Database) -> None:
    entries = await archive.look_up(lambda stores: stores.archive.on(DAY))
    digest: Digest = await archive.look_up(lambda stores: stores.lists.digest(DAY))

    assert [entry.id for entry in entries] == [listing.paper.id for listing in digest]
    assert entries[0] == Entry(id=paper_id(3), title="Title 3", day=DAY, upvotes=9)
    assert entries[-1].upvotes is None


async def best(database: Database, since: date | None, until: date, limit: int = 9) -> list[Entry]:
    return list(
        await database.look_up(
            lambda stores: stores.archive.best(since=since, until=until, limit=limit)
        )
    )


async def test_the_best_have_most_votes_newer_first_among_equals(archive: Database) -> None:
    found = await best(archive, None, later(9))

    assert [(entry.id, entry.day, entry.upvotes) for entry in found] == [
        (paper_id(1), later(6), 20),
        (paper_id(4), later(1), 9),
        (paper_id(3), DAY, 9),
        (paper_id(5), later(6), 1),
    ]
    assert found[0].title == "Title 1"


async def test_the_best_of_a_period_count_its_own_votes(archive: Database) -> None:
    assert [(e.id, e.upvotes) for e in await best(archive, DAY, later(1))] == [
        (paper_id(4), 9),
        (paper_id(3), 9),
        (paper_id(1), 5),
    ]
    assert [e.id for e in await best(archive, later(1), later(5), limit=5)] == [paper_id(4)]
    assert len(await best(archive, None, later(9), limit=2)) == 2


async def test_papers_come_in_the_order_asked_with_their_newest_list(archive: Database) -> None:
    entries = await archive.look_up(
        lambda stores: stores.archive.newest([paper_id(4), paper_id(1), paper_id(77)])
    )

    assert [(entry.id, entry.day, entry.upvotes) for entry in entries] == [
        (paper_id(4), later(1), 9),
        (paper_id(1), later(6), 20),
    ]


async def test_an_empty_list_is_no_end_of_the_archive(archive: Database) -> None:
    await save(archive, day=later(-1))
    await save(archive, day=later(7))

    assert await archive.look_up(lambda stores: stores.archive.ends()) == (DAY, later(6))


async def test_an_archive_at_a_glance(archive: Database) -> None:
    async with archive.transaction() as stores:
        await stores.lists.note_success("huggingface", NOON)
        await stores.lists.note_failure("huggingface", NOON + timedelta(hours=1), "slow")

    about = await archive.look_up(lambda stores: stores.archive.about(["huggingface", "markdown"]))

    assert about == About(
        papers=5,
        days=3,
        first_day=DAY,
        last_day=later(6),
        sources=(
            SourceState(
                name="huggingface", last_success_at=NOON, down_since=NOON + timedelta(hours=1)
            ),
            SourceState(name="markdown", last_success_at=None, down_since=None),
        ),
    )


async def test_an_empty_archive_has_no_days(database: Database) -> None:
    about = await database.look_up(lambda stores: stores.archive.about([]))

    assert about == About(papers=0, days=0, first_day=None, last_day=None, sources=())
    assert await database.look_up(lambda stores: stores.archive.ends()) is None
