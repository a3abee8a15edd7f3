"""Lists are read until closed, and what was stored is never lost."""

from datetime import date, timedelta

from bot.domain.digests import Digest, Listing
from bot.services.collecting import Collecting
from bot.storage.database import Database
from tests.builders import DAY, a_digest, a_listing, a_paper, a_summary, utc
from tests.services.conftest import Clock, ScriptedSource

TODAY, YESTERDAY = date(2024, 6, 5), DAY


async def stored(database: Database, day: date = DAY) -> list[tuple[str, int | None]]:
    async with database.reading() as stores:
        digest = await stores.lists.digest(day)
    return [(listing.paper.title, listing.upvotes) for listing in digest]


async def test_late_papers_and_votes_are_taken_in_until_the_list_closes(
    database: Database, source: ScriptedSource, collecting: Collecting, clock: Clock
) -> None:
    clock.instant = utc(2024, 6, 4, 20)
    source.put(Digest.of(DAY, [a_listing(1, upvotes=1)]))
    await collecting.refresh()

    clock.instant = utc(2024, 6, 5, 1)
    source.put(Digest.of(DAY, [a_listing(1, upvotes=1), a_listing(2, upvotes=9)]))
    await collecting.refresh()
    assert await stored(database) == [("Paper 2", 9), ("Paper 1", 1)]

    clock.instant = utc(2024, 6, 5, 3, 5)
    source.put(Digest.of(DAY, [a_listing(1, upvotes=7), a_listing(2, upvotes=9)]))
    await collecting.refresh()
    assert await stored(database) == [("Paper 2", 9), ("Paper 1", 7)]

    source.reads.clear()
    await collecting.refresh()
    assert YESTERDAY not in source.reads
    assert TODAY in source.reads


async def test_yesterdays_list_survives_a_night_without_the_source(
    database: Database, source: ScriptedSource, collecting: Collecting, clock: Clock
) -> None:
    clock.instant = utc(2024, 6, 4, 20)
    source.down = True
    source.put(a_digest())
    await collecting.refresh()
    assert await stored(database) == []

    clock.instant = utc(2024, 6, 6, 1)
    source.down = False
    await collecting.refresh()
    assert len(await stored(database)) == 3


async def test_a_list_that_shrinks_or_a_source_that_fails_loses_nothing(
    database: Database, source: ScriptedSource, collecting: Collecting
) -> None:
    source.put(a_digest())
    await collecting.refresh()
    source.put(a_digest(numbers=[1]))
    await collecting.refresh()
    source.down = True
    await collecting.refresh()
    assert len(await stored(database)) == 3


async def test_a_date_that_is_not_open_yet_is_no_list_and_no_failure(
    database: Database, source: ScriptedSource, collecting: Collecting
) -> None:
    source.not_open.add(TODAY)
    await collecting.refresh()
    async with database.reading() as stores:
        assert await stores.lists.down_since(["huggingface"]) is None
        assert await stores.lists.version([TODAY]) == ()


async def test_one_source_that_fails_keeps_no_other_from_being_read(
    database: Database, clock: Clock
) -> None:
    broken, well = ScriptedSource(), ScriptedSource("markdown:./digests", closes=False)
    broken.down = True
    well.put(a_digest())
    collected = await Collecting(database, [broken, well], now=clock).refresh()
    assert len(await stored(database)) == 3
    assert [c.source for c in collected if c.error is not None] == ["huggingface"]
    async with database.reading() as stores:
        assert await stores.lists.down_since(["huggingface"]) == clock()


async def test_lists_of_one_day_are_merged_and_the_first_source_has_the_first_word(
    database: Database, clock: Clock
) -> None:
    """Whichever answers first: votes from the live source, bullets of both languages, and of
    one language those of the source that is named first."""
    live = ScriptedSource()
    first, second = (ScriptedSource(f"markdown:{name}", closes=False) for name in "ab")
    live.put(Digest.of(DAY, [a_listing(1, upvotes=7)]))
    for source, word in ((first, "first"), (second, "second")):
        summaries = (a_summary(word, language="ko"),)
        paper = a_paper(1, title=word, summaries=summaries)
        source.put(Digest.of(DAY, [Listing(paper=paper, upvotes=99), a_listing(2, live=False)]))
    collecting = Collecting(database, [live, first, second], now=clock)
    for _ in range(2):
        await collecting.refresh()
        async with database.reading() as stores:
            digest = await stores.lists.digest(DAY)
            listing = [source for _, source, _ in await stores.lists.version([DAY])]
        assert sorted(listing) == ["huggingface", "markdown:a", "markdown:b"]
        assert [listing.upvotes for listing in digest] == [10, 7]
        korean = digest.listings[1].paper.summary_in("ko")
        assert korean is not None
        assert [bullet.text for bullet in korean.bullets] == ["first"]
        assert digest.listings[1].paper.title == "Paper 1"


async def test_a_day_that_cannot_be_read_keeps_no_other_day_from_being_read(
    database: Database, source: ScriptedSource, collecting: Collecting
) -> None:
    source.unreadable.add(TODAY)
    source.put(a_digest())
    await collecting.refresh()
    assert len(await stored(database)) == 3


async def test_digests_that_people_write_are_read_after_the_lists_closed_too(
    database: Database, clock: Clock
) -> None:
    """Somebody may write the digest of Tuesday on Wednesday afternoon."""
    folder = ScriptedSource("markdown:./digests", closes=False)
    collecting = Collecting(database, [folder], now=clock)
    clock.instant = utc(2024, 6, 5, 15)
    await collecting.refresh()
    folder.put(a_digest())
    clock.advance(minutes=15)
    await collecting.refresh()
    assert len(await stored(database)) == 3


async def test_sources_are_asked_before_a_delivery_unless_they_were_just_asked(
    source: ScriptedSource, collecting: Collecting, clock: Clock
) -> None:
    async def asked() -> bool:
        source.reads.clear()
        await collecting.freshen(max_age=timedelta(minutes=2), patience=timedelta(seconds=5))
        return bool(source.reads)

    assert await asked()
    clock.advance(minutes=2)
    assert not await asked()
    clock.advance(seconds=1)
    assert await asked()


async def test_a_source_that_hangs_holds_up_a_delivery_for_a_moment_and_no_other_source(
    database: Database, clock: Clock
) -> None:
    hanging, well = ScriptedSource(), ScriptedSource("markdown:./digests", closes=False)
    hanging.hangs = True
    well.put(a_digest())
    collecting = Collecting(database, [hanging, well], now=clock)
    await collecting.freshen(max_age=timedelta(0), patience=timedelta(seconds=0.5))
    assert len(await stored(database)) == 3


async def test_a_backfill_goes_on_where_it_stopped(
    database: Database, source: ScriptedSource, collecting: Collecting
) -> None:
    days = [date(2024, 5, day) for day in (1, 2, 3)]
    for day in days:
        source.put(a_digest(day, [day.day]))
    async for _ in collecting.backfill(days[:2]):
        pass
    source.reads.clear()

    collected = [c async for c in collecting.backfill(days)]

    assert source.reads == days[2:]
    assert [c.known for c in collected] == [True, True, False]
    assert [len(await stored(database, day)) for day in days] == [1, 1, 1]


async def test_a_backfill_goes_past_a_day_that_fails_and_asks_for_it_again(
    source: ScriptedSource, collecting: Collecting
) -> None:
    days = [date(2024, 5, 1), date(2024, 5, 2)]
    source.down = True
    assert [c.error is not None async for c in collecting.backfill(days)] == [True, True]
    source.down = False
    assert [c.error is None async for c in collecting.backfill(days)] == [True, True]
