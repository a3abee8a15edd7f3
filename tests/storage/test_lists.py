import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.domain.digests import Digest, Listing
from bot.domain.lookups import Appearance, VotesSeen
from bot.domain.papers import Paper, SummaryOrigin
from bot.storage.database import Database
from bot.storage.documents import first_of
from bot.storage.lists import SaveCounts
from tests.storage.samples import DAY, NOON, digest, paper, paper_id, save, summary

NOTHING_CHANGED = SaveCounts(new_listings=0, new_papers=0, changed=0)
DAY_BEFORE = DAY - timedelta(days=1)


async def stored(database: Database, day: date = DAY) -> Digest:
    async with database.reading() as stores:
        return await stores.lists.digest(day)


async def stored_paper(database: Database, number: int = 1) -> Paper:
    async with database.reading() as stores:
        return await stores.papers.get(paper_id(number))


def numbers(found: Digest) -> list[int]:
    return [int(listing.paper.id.value[5:]) for listing in found]


# --- a list as a whole ---


async def test_a_list_comes_back_best_first_with_votes_and_papers(database: Database) -> None:
    listed = digest(
        Listing(paper=paper(1, authors=["Ada"]), upvotes=3, live=True),
        Listing(paper=paper(2, summaries=[summary("says")]), upvotes=70, live=True),
        Listing(paper=paper(3)),
    )
    await save(database, *listed)

    assert await stored(database) == listed
    assert numbers(await stored(database)) == [2, 1, 3]


async def test_a_day_that_nobody_stored_is_an_empty_list(database: Database) -> None:
    assert await stored(database) == digest()


async def test_papers_with_equal_votes_keep_the_order_of_their_source(database: Database) -> None:
    await save(database, *(Listing(paper=paper(number), upvotes=5) for number in (3, 1, 2)))

    assert numbers(await stored(database)) == [3, 1, 2]


async def test_a_live_order_replaces_a_written_one_and_not_the_other_way(
    database: Database,
) -> None:
    await save(database, *(Listing(paper=paper(number)) for number in (1, 2, 3)))
    await save(database, *(Listing(paper=paper(number), live=True) for number in (2, 3, 1)))
    await save(database, *(Listing(paper=paper(number)) for number in (3, 1, 2)))

    assert numbers(await stored(database)) == [2, 3, 1]


async def test_several_days_come_in_the_order_asked(database: Database) -> None:
    await save(database, paper(1))
    await save(database, paper(2), day=DAY_BEFORE)

    async with database.reading() as stores:
        found = await stores.lists.digests([DAY, date(2020, 1, 1), DAY_BEFORE])

    assert [each.day for each in found] == [DAY, date(2020, 1, 1), DAY_BEFORE]
    assert [numbers(each) for each in found] == [[1], [], [2]]


async def test_one_paper_stands_on_two_lists_with_votes_of_each(database: Database) -> None:
    await save(database, Listing(paper=paper(1), upvotes=3))
    await save(database, Listing(paper=paper(1), upvotes=8), day=DAY_BEFORE)

    today, before = await stored(database), await stored(database, DAY_BEFORE)

    assert (today.listings[0].upvotes, before.listings[0].upvotes) == (3, 8)


async def test_a_list_that_shrinks_loses_no_paper(database: Database) -> None:
    await save(database, paper(1), paper(2))
    await save(database, paper(2))
    await save(database)

    assert sorted(numbers(await stored(database))) == [1, 2]


async def test_what_a_save_brought_is_counted(database: Database) -> None:
    await save(database, paper(1), day=DAY_BEFORE)

    async with database.transaction() as stores:
        first = await stores.lists.save(
            digest(paper(1), Listing(paper=paper(2), upvotes=1)),
            source="huggingface",
            read_at=NOON,
            closed=False,
        )
        second = await stores.lists.save(
            digest(paper(1, stars=5), Listing(paper=paper(2), upvotes=2), paper(3)),
            source="huggingface",
            read_at=NOON,
            closed=False,
        )

    assert first == SaveCounts(new_listings=2, new_papers=1, changed=0)
    # Paper 1 was described, and moved to third place; 2 has a vote more.
    assert second.new_listings == second.new_papers == 1
    assert second.changed >= 2


async def test_saving_the_same_list_again_changes_nothing(database: Database) -> None:
    listed = digest(
        Listing(paper=paper(1, authors=["Ada", "Ada"], stars=3), upvotes=3, live=True),
        Listing(
            paper=paper(
                2,
                summaries=[
                    summary("말", language="ko"),
                    summary("says", origin=SummaryOrigin.HUGGING_FACE),
                    summary("written"),
                ],
            )
        ),
    )
    await save(database, *listed)
    before = await stored(database)

    async with database.transaction() as stores:
        counts = await stores.lists.save(
            listed, source="huggingface", read_at=NOON + timedelta(hours=1), closed=False
        )

    assert counts == NOTHING_CHANGED
    assert await stored(database) == before


async def test_a_second_source_of_the_same_day_joins_the_first(database: Database) -> None:
    await save(database, Listing(paper=paper(1), upvotes=9, live=True))
    await save(
        database,
        Listing(paper=paper(1, summaries=[summary("says")]), upvotes=2),
        Listing(paper=paper(2), upvotes=1),
        source="markdown",
    )

    found = await stored(database)

    assert [(listing.upvotes, len(listing.paper.summaries)) for listing in found] == [
        (9, 1),
        (1, 0),
    ]


# --- votes ---


@pytest.mark.parametrize(
    ("first", "second", "upvotes"),
    [
        ((5, True), (3, True), 3),  # people take votes back
        ((5, True), (0, True), 0),
        ((5, True), (None, True), 5),
        ((5, True), (9, False), 5),
        ((5, False), (9, False), 9),
        ((5, False), (3, True), 3),
        ((5, False), (None, True), 5),
        ((5, False), (None, False), 5),
        ((None, True), (4, False), 4),
        ((None, False), (4, False), 4),
        ((0, True), (4, False), 0),
        ((None, True), (None, False), None),
    ],
)
async def test_live_votes_stand_over_written_ones_and_some_over_none(
    database: Database,
    first: tuple[int | None, bool],
    second: tuple[int | None, bool],
    upvotes: int | None,
) -> None:
    for votes, live in (first, second):
        await save(database, Listing(paper=paper(1), upvotes=votes, live=live))

    (listing,) = await stored(database)

    assert listing.upvotes == upvotes
    assert listing.live == (first[1] or second[1])


# --- votes over time, and all lists of a paper ---


async def appearances(database: Database, number: int = 1) -> tuple[Appearance, ...]:
    async with database.reading() as stores:
        return await stores.lists.appearances(paper_id(number))


async def test_votes_are_remembered_as_they_were_at_the_end_of_each_day(
    database: Database,
) -> None:
    for hours, votes in [(0, 3), (1, 5), (23, 5), (26, 9), (60, 9), (90, 2)]:
        await save(
            database,
            Listing(paper=paper(1), upvotes=votes, live=True),
            read_at=NOON + timedelta(hours=hours),
        )

    [found] = await appearances(database)

    assert found.upvotes == 2
    assert found.seen == (
        VotesSeen(DAY, 5),
        VotesSeen(DAY + timedelta(days=1), 9),  # though some readings brought nothing new
        VotesSeen(DAY + timedelta(days=4), 2),
    )


async def test_the_day_of_votes_is_of_utc(database: Database) -> None:
    in_seoul = datetime(2024, 6, 5, 8, tzinfo=ZoneInfo("Asia/Seoul"))
    await save(database, Listing(paper=paper(1), upvotes=3, live=True), read_at=in_seoul)

    [found] = await appearances(database)

    assert found.seen == (VotesSeen(DAY, 3),)


async def test_votes_that_somebody_wrote_down_some_day_are_no_votes_over_time(
    database: Database,
) -> None:
    await save(database, Listing(paper=paper(1), upvotes=3))
    await save(database, Listing(paper=paper(2), live=True))

    assert (await appearances(database))[0] == Appearance(day=DAY, rank=1, upvotes=3)
    assert (await appearances(database, 2))[0] == Appearance(day=DAY, rank=2, upvotes=None)


async def test_a_paper_appears_on_its_lists_newest_first_with_its_rank_there(
    database: Database,
) -> None:
    votes = {1: 5, 2: 9, 3: 5, 4: None, 5: None, 6: 0}
    for day, order in ((DAY, (4, 3, 1, 2, 6, 5)), (DAY_BEFORE, (5, 6, 1, 4))):
        await save(
            database,
            *(Listing(paper=paper(n), upvotes=votes[n], live=True) for n in order),
            day=day,
        )

    for number in votes:
        found = await appearances(database, number)
        days = [day for day in (DAY, DAY_BEFORE) if number in numbers(await stored(database, day))]
        assert [each.day for each in found] == days
        for each in found:
            assert numbers(await stored(database, each.day))[each.rank - 1] == number
    assert await appearances(database, 99) == ()


async def test_papers_that_come_to_a_list_later_get_the_next_numbers(database: Database) -> None:
    await save(database, paper(1), paper(2))
    await save(database, paper(3), paper(1))
    await save(database, paper(1), day=DAY_BEFORE)

    async with database.reading() as stores:
        newest = await stores.search.titles("", limit=5)
    with closing(sqlite3.connect(database.file)) as connection:
        documents = connection.execute("SELECT document FROM listings ORDER BY 1").fetchall()

    first = first_of(DAY)
    assert [match.paper_id for match in newest] == [paper_id(n) for n in (3, 2, 1)]
    assert [number for (number,) in documents] == [
        first_of(DAY_BEFORE),
        first,
        first + 1,
        first + 2,
    ]


# --- descriptions ---

RICH = Paper(
    id=paper_id(1),
    title="Rich",
    authors=("Ada", "Bob"),
    abstract="An abstract.",
    media=("https://example.org/a.png",),
    code_url="https://example.org/code",
    stars=10,
    project_url="https://example.org",
    organization="Org",
    keywords=("one",),
)
BARE = Paper(id=paper_id(1), title="Bare")


async def test_a_live_description_replaces_a_written_one(database: Database) -> None:
    live = replace(RICH, title="Live", authors=("Bob", "Cleo"), stars=11)
    await save(database, Listing(paper=RICH))
    await save(database, Listing(paper=live, live=True))

    assert await stored_paper(database) == live


async def test_a_newer_live_description_replaces_an_older_one(database: Database) -> None:
    await save(database, Listing(paper=RICH, live=True))
    await save(database, Listing(paper=replace(RICH, stars=0, title="New"), live=True))

    assert await stored_paper(database) == replace(RICH, stars=0, title="New")


@pytest.mark.parametrize("live", [True, False])
async def test_an_empty_field_erases_nothing(database: Database, live: bool) -> None:
    await save(database, Listing(paper=RICH, live=live))
    await save(database, Listing(paper=BARE, live=live))

    title = "Bare" if live else "Rich"
    assert await stored_paper(database) == replace(RICH, title=title)


async def test_a_written_description_fills_the_gaps_of_a_live_one(database: Database) -> None:
    await save(database, Listing(paper=BARE, live=True))
    await save(database, Listing(paper=RICH), source="markdown")

    assert await stored_paper(database) == replace(RICH, title="Bare")


async def test_a_paper_once_described_live_stays_so_on_its_other_lists(
    database: Database,
) -> None:
    await save(database, Listing(paper=replace(RICH, title="Live"), live=True))
    await save(database, Listing(paper=RICH), day=DAY_BEFORE, source="markdown")
    await save(database, Listing(paper=replace(RICH, title="Written")), source="markdown")

    assert (await stored_paper(database)).title == "Live"


async def test_a_summary_replaces_the_one_of_its_language_and_origin_only(
    database: Database,
) -> None:
    by_model = summary("by a model", origin=SummaryOrigin.MODEL)
    korean = summary("우리말", language="ko")
    await save(database, paper(1, summaries=[summary("old"), by_model, korean]))
    await save(database, paper(1, summaries=[summary("new")]))

    assert set((await stored_paper(database)).summaries) == {summary("new"), by_model, korean}


# --- which days there are ---


async def test_the_newest_list_is_the_newest_day_with_a_paper(database: Database) -> None:
    await save(database, paper(1), day=DAY_BEFORE)
    await save(database, day=DAY)

    async with database.reading() as stores:
        newest = await stores.lists.newest()

    assert newest is not None
    assert (newest.day, numbers(newest)) == (DAY_BEFORE, [1])


@pytest.mark.parametrize(
    ("since", "until", "expected"),
    [
        (None, None, DAY),
        (None, DAY_BEFORE, DAY_BEFORE),
        (DAY_BEFORE, DAY_BEFORE, DAY_BEFORE),
        (DAY, None, DAY),
        (DAY + timedelta(days=1), None, None),
        (None, DAY_BEFORE - timedelta(days=1), None),
    ],
)
async def test_the_newest_list_is_sought_between_two_days(
    database: Database, since: date | None, until: date | None, expected: date | None
) -> None:
    await save(database, paper(1), day=DAY_BEFORE)
    await save(database, paper(2), day=DAY)

    async with database.reading() as stores:
        newest = await stores.lists.newest(since=since, until=until)

    assert (newest.day if newest is not None else None) == expected


# --- sources ---


async def test_a_day_is_closed_when_each_of_the_sources_has_closed_it(database: Database) -> None:
    await save(database, day=DAY, source="one", closed=True)
    await save(database, day=DAY, source="two", closed=False)
    await save(database, day=DAY_BEFORE, source="one", closed=True)
    await save(database, day=DAY_BEFORE, source="two", closed=True)
    days = [DAY, DAY_BEFORE, date(2020, 1, 1)]

    async with database.reading() as stores:
        assert await stores.lists.closed_days(days, ["one", "two"], now=NOON) == {DAY_BEFORE}
        assert await stores.lists.closed_days(days, ["one"], now=NOON) == {DAY, DAY_BEFORE}
        assert await stores.lists.closed_days(days, ["three"], now=NOON) == frozenset()


async def test_a_closed_list_stays_closed(database: Database) -> None:
    await save(database, source="one", closed=True)
    await save(database, source="one", closed=False)

    async with database.reading() as stores:
        assert await stores.lists.closed_days([DAY], ["one"], now=NOON) == {DAY}


async def test_the_sources_of_a_day_are_those_that_ever_listed_papers_first_stored_first(
    database: Database,
) -> None:
    await save(database, paper(1), source="second-in-the-alphabet")
    await save(database, paper(1), source="alphabetically-first")
    await save(database, source="empty")
    await save(database, source="second-in-the-alphabet")  # it shrank to nothing
    await save(database, paper(1), source="of another day", day=DAY_BEFORE)

    async with database.reading() as stores:
        found = tuple(source for _, source, _ in await stores.lists.version([DAY]))

    assert found == ("second-in-the-alphabet", "alphabetically-first")


async def test_a_source_is_down_since_the_first_failure_after_its_last_answer(
    database: Database,
) -> None:
    def at(hour: int) -> datetime:
        return datetime(2024, 6, 4, hour, tzinfo=UTC)

    async def down_since(*sources: str) -> datetime | None:
        async with database.reading() as stores:
            return await stores.lists.down_since(sources)

    assert await down_since("one", "two") is None
    async with database.transaction() as stores:
        await stores.lists.note_failure("one", at(1), "no answer")
        await stores.lists.note_success("one", at(2))
        await stores.lists.note_failure("one", at(3), "no answer")
        await stores.lists.note_failure("one", at(4), "still none")
        await stores.lists.note_failure("two", at(5), "no answer")
    assert await down_since("one", "two") == at(3)
    assert await down_since("two") == at(5)
    assert await down_since("never asked") is None
    async with database.transaction() as stores:
        await stores.lists.note_success("one", at(6))
    assert await down_since("one", "two") == at(5)
    assert await down_since("one") is None


async def test_the_version_of_some_lists_changes_with_each_reading_of_one_that_has_papers(
    database: Database,
) -> None:
    async def version() -> object:
        async with database.reading() as stores:
            return await stores.lists.version([DAY, DAY_BEFORE])

    versions = [await version()]
    await save(database, paper(1))
    versions.append(await version())
    await save(database, paper(1), source="markdown")
    versions.append(await version())
    await save(database, paper(1))
    versions.append(await version())

    await save(database, paper(1), day=date(2020, 1, 1))
    await save(database, source="empty")

    assert len(set(versions)) == len(versions)
    assert await version() == versions[-1]


async def test_a_list_that_a_clock_ahead_of_time_closed_is_read_again(database: Database) -> None:
    tomorrow = NOON + timedelta(days=1)
    await save(database, source="one", closed=True, read_at=tomorrow)
    async with database.reading() as stores:
        assert await stores.lists.closed_days([DAY], ["one"], now=NOON) == frozenset()

    await save(database, source="one", closed=False, read_at=NOON)
    async with database.reading() as stores:
        assert await stores.lists.closed_days([DAY], ["one"], now=tomorrow) == frozenset()
