"""What is published of an archive, over a real store."""

from datetime import date, timedelta

import pytest

from bot.domain.digests import Digest
from bot.domain.lookups import NoList
from bot.domain.papers import PaperId, SummaryOrigin
from bot.rendering.words import spoken
from bot.services.publishing import FEED_LISTS, Publishing
from bot.storage.database import Database
from tests.builders import a_digest, a_summary, utc
from tests.services.conftest import Clock

DAY = date(2024, 6, 4)


@pytest.fixture
def publishing(database: Database, clock: Clock) -> Publishing:
    return Publishing(database, now=clock, sources=["huggingface"])


async def store(database: Database, *digests: Digest, hour: int = 7) -> None:
    async with database.transaction() as stores:
        for digest in digests:
            await stores.lists.save(
                digest, source="huggingface", read_at=utc(2024, 6, 4, hour), closed=False
            )


def a_list(day: int, *numbers: int) -> Digest:
    return a_digest(date(2024, 6, day), numbers or (day,))


async def test_a_day_comes_with_its_neighbours(database: Database, publishing: Publishing) -> None:
    await store(database, a_list(3), a_list(4, 1, 2), a_list(5))

    published = await publishing.day(DAY)

    assert published.digest == a_list(4, 1, 2)
    assert (published.previous, published.following) == (date(2024, 6, 3), date(2024, 6, 5))
    assert set(published.seen.values()) == {utc(2024, 6, 4, 7)}
    assert (await publishing.day(date(2024, 6, 3))).previous is None
    assert (await publishing.day(date(2024, 6, 5))).following is None


async def test_a_day_without_a_list_says_why_and_what_is_near(
    database: Database, publishing: Publishing
) -> None:
    await store(database, a_list(3), a_list(5))

    with pytest.raises(NoList) as raised:
        await publishing.day(date(2024, 6, 4))

    assert raised.value.nearest == (date(2024, 6, 5), date(2024, 6, 3))
    assert "4 June 2024" in spoken(raised.value.reply, "en")


async def test_an_empty_archive_has_no_newest_day_and_an_empty_feed(
    publishing: Publishing,
) -> None:
    with pytest.raises(NoList, match="no list"):
        await publishing.newest_day()
    assert await publishing.newest_papers() == ()
    assert await publishing.days() == ()


async def test_the_newest_day_is_one_that_has_begun_somewhere(
    database: Database, publishing: Publishing, clock: Clock
) -> None:
    clock.instant = utc(2024, 6, 4, 20)
    await store(database, a_list(3), a_list(5), a_list(6))

    assert await publishing.newest_day() == date(2024, 6, 5)
    assert await publishing.days() == tuple(date(2024, 6, day) for day in (3, 5, 6))


async def test_the_newest_papers_come_once_with_the_list_that_had_them_first(
    database: Database, publishing: Publishing
) -> None:
    await store(database, a_list(3, 1, 2), hour=7)
    await store(database, a_list(4, 2, 3), hour=9)

    papers = await publishing.newest_papers()

    assert [(entry.listing.paper.id.value[-1], entry.day.day) for entry in papers] == [
        ("3", 4),
        ("1", 3),
        ("2", 3),
    ]
    assert [entry.seen_at.hour for entry in papers] == [9, 7, 7]


async def test_a_feed_goes_back_some_lists_however_long_ago(
    database: Database, publishing: Publishing
) -> None:
    days = [DAY - timedelta(days=10 * n) for n in range(FEED_LISTS + 2)]
    await store(database, *(a_digest(day, [n]) for n, day in enumerate(days, start=1)))

    assert [entry.day for entry in await publishing.newest_papers()] == days[:FEED_LISTS]


async def test_versions_change_with_what_they_stand_for(
    database: Database, publishing: Publishing
) -> None:
    await store(database, a_list(3), a_list(4, 1))
    day, newest = await publishing.day_version(DAY), await publishing.newest_version()
    assert await publishing.day_version(DAY) == day

    await store(database, a_list(5))
    assert await publishing.day_version(DAY) != day, "another day is next to it"
    assert await publishing.newest_version() != newest

    day, newest = await publishing.day_version(DAY), await publishing.newest_version()
    async with database.transaction() as stores:
        await stores.summaries.keep(
            PaperId("2406.00001"),
            a_summary("새로워요", language="ko", origin=SummaryOrigin.MODEL),
            posted_since=utc(2024, 6, 1),
        )
    assert await publishing.day_version(DAY) != day, "a paper of it has got a summary"
    assert await publishing.newest_version() != newest
